//! The certificate is handed over: it comes out, the center is told, the paper is taken.

use std::pin::pin;
use std::time::Duration;

use issuance_api::{Problem, ProblemCode};
use tokio::time::Instant;

use super::asking::retry;
use super::{Card, Center, FrontEnd, Intent, NO_END, Output, PaymentUnit, Sensor, Terminal, View};
use crate::cabinet::SensorError;
use crate::ports::Ended;
use crate::session::{Checked, Done, HandedOver};

/// What was not handed over so long after it was issued has lapsed in the register: the longest that VRS allows.
const LAPSES: Duration = Duration::from_secs(600);
/// How long paper takes from the printer to the tray's sensor.
const PAPER_COMES: Duration = Duration::from_secs(10);
/// The same where it was seen to come already, and taken perhaps.
const LAST_COMES: Duration = Duration::from_secs(2);

/// What came out, and has to be reported.
pub(super) struct Out {
    handed_over: HandedOver,
    /// Whether what was paid for the copies that did not come out was returned, where something was.
    refunded: Option<bool>,
    paper: Paper,
}

/// What is known of the paper in the tray once all that comes out has left the printer.
#[derive(Clone, Copy)]
enum Paper {
    /// None was seen: it is on its way.
    Coming,
    /// Some was seen, and more than that has come out: the last may still be on its way, and the others be taken.
    SomeSeen,
    /// The only sheet was seen, and is taken perhaps.
    AllSeen,
}

impl Paper {
    const fn of(seen: bool, sheets: u8) -> Self {
        match (seen, sheets) {
            (false, _) => Self::Coming,
            (true, ..=1) => Self::AllSeen,
            (true, _) => Self::SomeSeen,
        }
    }

    /// How long it is waited for in the tray.
    const fn comes(self) -> Duration {
        match self {
            Self::Coming | Self::SomeSeen => PAPER_COMES,
            Self::AllSeen => LAST_COMES,
        }
    }

    const fn is_seen(self) -> bool {
        !matches!(self, Self::Coming)
    }
}

impl<C: Center, K: Card, O: Output, P: PaymentUnit, S: Sensor> Terminal<C, K, O, P, S> {
    pub(super) async fn until_handed_over(
        &mut self,
        mut checked: Checked,
        issued: Instant,
        front: &mut impl FrontEnd,
    ) -> Result<Out, Problem> {
        let mut seen = false;
        loop {
            let (before, of) = (checked.out(), checked.out() + checked.missing());
            let mut show = |out: u8| {
                let out = before.saturating_add(out).min(of);
                front.show(&View::Delivering { out, of });
            };
            show(0);
            let delivered = {
                let mut delivering = pin!(checked.hand_over(&mut self.output, &mut show));
                // Whoever is quick takes it before the printer says that it is out.
                let mut filling = pin!(self.cabinet.tray.filled(NO_END));
                let mut watched = true;
                loop {
                    tokio::select! {
                        biased;
                        delivered = &mut delivering => break delivered,
                        filled = &mut filling, if watched => {
                            watched = false;
                            seen |= filled.is_ok();
                        }
                    }
                }
            };
            match delivered {
                Ok(handed_over) => {
                    return Ok(Out {
                        handed_over,
                        refunded: None,
                        paper: Paper::of(seen, of),
                    });
                }
                Err(refused) => checked = retry(refused, front)?,
            }
            // What was seen is a sheet that is taken out of a printer by hand.
            seen &= checked.out() > 0;
            front.show(&View::TryAgain);
            let again = self.input(front, |intent| matches!(intent, Intent::Go));
            let again = again.await.and_then(|again| {
                if issued.elapsed() < LAPSES {
                    Ok(again)
                } else {
                    // Nobody is handed paper that is void.
                    Err(ProblemCode::RegistrationLapsed.into())
                }
            });
            if let Err(ended) = again {
                return self.until_left(checked, ended, seen).await;
            }
        }
    }

    /// Whoever does not wait for the rest keeps the copies that are out, and has paid for no others.
    async fn until_left(
        &mut self,
        checked: Checked,
        ended: Problem,
        seen: bool,
    ) -> Result<Out, Problem> {
        let (missing, sheets) = (checked.missing(), checked.out());
        let mut out = Out {
            handed_over: checked.leave().ok_or(ended)?,
            refunded: None,
            paper: Paper::of(seen, sheets),
        };
        if let Some(fee) = self.cabinet.fee {
            let refund = self.cabinet.payment.refund(fee.times(missing)).await;
            out.refunded = Some(refund.is_ok());
        }
        Ok(out)
    }

    /// Tells the center, since what it does not know of lapses, and meanwhile reminds of the paper until it is taken, as long as that
    /// takes (K5): nobody waits at a full tray for an answer.
    pub(super) async fn until_reported(
        &mut self,
        Out {
            handed_over,
            refunded,
            paper,
        }: Out,
        front: &mut impl FrontEnd,
    ) -> Ended {
        let (center, cabinet) = (&mut self.center, &mut self.cabinet);
        let (payment, tray) = (&mut cabinet.payment, &mut cabinet.tray);
        let mut reporting = pin!(async {
            let Done { reported } = handed_over.report(center).await;
            // What lapses is not paid for.
            if reported {
                // What happens to the money by now is between operator and unit: the resident has what was paid for.
                let _ = payment.settle().await;
            }
            reported
        });
        let (mut reported, mut is_taken) = (None, (!tray.is_fitted()).then_some(false));
        let mut taking = pin!(taken(tray, paper));
        loop {
            match (reported, is_taken) {
                (Some(reported), Some(taken)) => {
                    return Ended {
                        reported,
                        taken,
                        returned: refunded.unwrap_or(!reported && cabinet.fee.is_some()),
                        stuck: refunded == Some(false),
                    };
                }
                (_, None) => front.show(&View::TakePaper {
                    reported: reported.is_some(),
                }),
                (None, Some(_)) => front.show(&View::Reporting),
            }
            tokio::select! {
                biased;
                said = &mut reporting, if reported.is_none() => reported = Some(said),
                taken = &mut taking, if is_taken.is_none() => is_taken = Some(taken),
            }
        }
    }
}

/// Waits until paper has come and is taken; whether that was seen. Where some was seen already it may have been taken, but for a last sheet.
/// A sensor that cannot tell keeps nobody: that the certificate is there was told.
async fn taken(tray: &mut impl Sensor, paper: Paper) -> bool {
    match tray.filled(paper.comes()).await {
        Ok(()) => tray.cleared(NO_END).await.is_ok(),
        Err(SensorError::TimedOut) => paper.is_seen(),
        Err(SensorError::Failed) => false,
    }
}
