//! Between two applications: nothing and nobody of the one before may be there when the next one begins.

use std::time::Duration;

use issuance_api::ProblemCode;
use tokio::time::sleep;

use super::asking::{cancelled, gone};
use super::{Card, Center, FrontEnd, LOOK_AGAIN, Output, PaymentUnit, Sensor, Terminal, View};
use crate::cabinet::SensorError;

impl<C: Center, K: Card, O: Output, P: PaymentUnit, S: Sensor> Terminal<C, K, O, P, S> {
    /// Waits, as long as it takes, until nobody's card lies on the reader: the next application begins without one. While that
    /// cannot be known, says why; cancelling ends that wait, but not one for a card.
    pub async fn until_card_is_gone(&mut self, front: &mut impl FrontEnd) {
        let mut within = Duration::ZERO;
        let mut shown = None;
        while let Err(code) = gone(&mut self.card, &mut self.cabinet.slot, within).await {
            if code == ProblemCode::TimedOut {
                front.show(&View::CardLeft);
                within = self.patience.removal;
                shown = None;
                continue;
            }
            if shown.replace(code) != Some(code) {
                front.show(&View::OutOfService(&code.into()));
            }
            tokio::select! {
                () = sleep(LOOK_AGAIN) => {}
                _ = cancelled(front) => return,
            }
        }
    }

    /// Waits, as long as it takes, until no paper of an earlier application lies in the tray: whoever comes next is not to find it. A
    /// sensor that cannot tell keeps nobody.
    pub async fn until_tray_is_clear(&mut self, front: &mut impl FrontEnd) {
        let tray = &mut self.cabinet.tray;
        let mut within = Duration::ZERO;
        while tray.is_fitted() && tray.cleared(within).await == Err(SensorError::TimedOut) {
            front.show(&View::PaperLeft);
            within = self.patience.removal;
        }
    }

    /// Says whether a card still lies there when an application has ended, and when it is gone: who forgot it is called back while
    /// they are near. Nothing is said where none was left.
    pub async fn watch_for_a_card(&mut self, mut lies: impl FnMut(bool)) {
        let Self { card, cabinet, .. } = self;
        let mut within = Duration::ZERO;
        while gone(card, &mut cabinet.slot, within).await == Err(ProblemCode::TimedOut) {
            if within.is_zero() {
                lies(true);
            }
            within = self.patience.removal;
        }
        if !within.is_zero() {
            lies(false);
        }
    }

    /// Waits until nothing of an earlier application can come out any more, and says so as long as that is not known.
    /// Cancelling ends the wait, not the state: no application begins in it.
    pub async fn until_output_is_settled(&mut self, front: &mut impl FrontEnd) {
        let mut shown = None;
        while let Err(error) = self.output.settled().await {
            let code = ProblemCode::from(error);
            if shown.replace(code) != Some(code) {
                front.show(&View::OutOfService(&code.into()));
            }
            tokio::select! {
                () = sleep(LOOK_AGAIN) => {}
                _ = cancelled(front) => return,
            }
        }
    }

    /// Waits until the center offers something, as long as it takes, and says why it does not: until then there is nothing to show
    /// (K4). Cancelling ends the wait, not the state.
    pub async fn until_open(&mut self, front: &mut impl FrontEnd) {
        let mut shown = None;
        while let Err(closed) = self.welcome().await {
            if shown.as_ref() != Some(&closed) {
                front.show(&View::OutOfService(&closed));
                shown = Some(closed);
            }
            tokio::select! {
                () = sleep(LOOK_AGAIN) => {}
                _ = cancelled(front) => return,
            }
        }
    }
}
