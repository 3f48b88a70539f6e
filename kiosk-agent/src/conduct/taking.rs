//! The card is taken back; meanwhile center and record system judge what it said.

use std::pin::pin;
use std::time::Duration;

use issuance_api::{Problem, ProblemCode};
use tokio::time::Instant;

use super::asking::{Step, meanwhile, unless_cancelled};
use super::{
    Card, Center, FrontEnd, NO_END, Output, Patience, PaymentUnit, Sensor, Terminal, View,
};
use crate::session::{CardGone, CardRead, CardTaken, Welcome};

/// What the center offers, and since when that is known.
pub(super) struct Offered {
    welcome: Welcome,
    at: Instant,
}

impl Offered {
    fn now(welcome: Welcome) -> Self {
        let at = Instant::now();
        Self { welcome, at }
    }

    /// If it is no older.
    pub(super) fn within(self, age: Duration) -> Option<Welcome> {
        (self.at.elapsed() < age).then_some(self.welcome)
    }
}

impl<C: Center, K: Card, O: Output, P: PaymentUnit, S: Sensor> Terminal<C, K, O, P, S> {
    /// Waits until the card is gone. Meanwhile the evidence goes up, and what is offered is asked again: a resident waits for neither
    /// while their hand is at the card.
    pub(super) async fn until_taken(
        &mut self,
        read: CardRead,
        front: &mut impl FrontEnd,
    ) -> Result<(CardTaken, Option<Offered>), Problem> {
        let Self {
            center,
            card,
            cabinet,
            latch,
            patience: Patience { removal: given, .. },
            ..
        } = self;
        front.show(&View::TakeCard);
        let mut believing = pin!(async {
            let accepted = read.believed(center).await?;
            // What is wrong with the menu is told when it is needed, if it still is.
            let welcome = Welcome::fetch(center, latch).await.ok();
            Ok::<_, Problem>((accepted, welcome.map(Offered::now)))
        });
        let mut going = pin!(async {
            let gone = CardGone::wait(card, NO_END).await?;
            // What the reader no longer sees may still lie there.
            cabinet
                .slot
                .cleared(NO_END)
                .await
                .map_err(ProblemCode::from)?;
            Ok(gone)
        });
        let mut believed = None;
        let gone = loop {
            let next = async {
                tokio::select! {
                    biased;
                    answer = &mut believing, if believed.is_none() => {
                        believed = Some(answer?);
                        Ok(None)
                    }
                    gone = &mut going => gone.map(Some),
                }
            };
            match meanwhile(next, front, *given).await? {
                Some(Step::On(Some(gone))) => break gone,
                // Nothing leads from here but the card's removal.
                Some(Step::On(None) | Step::Back(())) => {}
                None => return Err(ProblemCode::TimedOut.into()),
            }
        };
        let (accepted, welcome) = match believed {
            Some(believed) => believed,
            None => {
                front.show(&View::Checking);
                unless_cancelled(believing, front).await??
            }
        };
        Ok((accepted.card_taken(gone), welcome))
    }
}
