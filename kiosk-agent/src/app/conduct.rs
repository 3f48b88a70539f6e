//! The app's way: from the list of certificates to one of them, through an application, or to somebody's certificate that is verified.
//!
//! ```text
//! list ─ issue → [service] → terms → kinds → PIN → card → person → [passport] → municipality → review → issuing ─→ certificate
//!      ─ certificate (shown, exported, deleted, issued again)                       ↑ one ticket for both kinds ↓
//!      ─ verify
//! ```
//! An application's [states](crate::session) are a kiosk's. It has no time limits but the protocol's own: a person at home has time.
//! Dropping it, as locking does, wipes what it holds.

mod applying;
mod issuing;
mod looking;
mod reading;

use std::convert::Infallible;
use std::sync::{Arc, MutexGuard, PoisonError};

use issuance_api::passport::PassportMrz;
use issuance_api::{CertificateKind, Problem, ProblemCode, TerminalUrn};

use super::desk::{Intent, Shown};
use super::front::{Front, PageFront};
use super::porter::{OpenWallet, Porter};
use super::scanner::Scanner;
use super::shelf::{self, Proposal};
use super::verifying::Verifying;
use super::wallet::{Damage, Id, Wallet};
use crate::channel::ChannelCenter;
use crate::enrolment::Membership;
use crate::handover::Issuer;
use crate::latch::Latch;
use crate::ports::{Card, Center, Closed};

/// The way into a center. An application stays with the certificate, and so the name, that it began with.
pub trait Gate: Send {
    /// A center at the other end.
    type Center: Center;

    /// Goes in, under a name that lasts for an application.
    ///
    /// # Errors
    /// The center's refusal, or what kept it from being asked.
    fn enter(
        &mut self,
    ) -> impl Future<Output = Result<(Self::Center, TerminalUrn), Problem>> + Send;
}

impl Gate for Membership {
    type Center = ChannelCenter;

    async fn enter(&mut self) -> Result<(ChannelCenter, TerminalUrn), Problem> {
        let client = self.enrolled().await?.client().clone();
        ChannelCenter::over(client).map_err(|_| ProblemCode::InternalError.into())
    }
}

/// What reads passports. It takes some seconds; whoever does not wait any more ends it.
pub trait ReadsPassports: Send + Sync + 'static {
    /// The lines in a JPEG or PNG file.
    ///
    /// # Errors
    /// What is wrong with the picture.
    fn read(&self, picture: &[u8])
    -> impl Future<Output = Result<PassportMrz, ProblemCode>> + Send;

    /// Waits until what was ended is gone.
    fn gone(&self) -> impl Future<Output = ()> + Send;
}

/// Everything that outlives an application, and the wallet's being open.
#[derive(Debug)]
pub struct App<G, K, R> {
    /// The way to the center.
    pub gate: G,
    /// The reader.
    pub card: K,
    /// Whose certificates these are.
    pub issuer: Issuer,
    /// In or out of service.
    pub latch: Latch,
    /// What reads passports.
    pub passports: Arc<R>,
    /// What looks at other certificates.
    pub verifying: Arc<Verifying>,
    /// What reads their codes.
    pub scanner: Scanner,
}

/// Where it goes on.
enum Next {
    List,
    Certificate {
        id: Id,
        /// Whether the center knows of it, where it was just issued.
        reported: Option<bool>,
    },
    Apply(Option<Proposal>),
    Verify,
}

/// Whether the step that was asked for is done, or the one before is to be shown again.
enum Step<T> {
    On(T),
    Back,
}

impl<G: Gate, K: Card, R: ReadsPassports> App<G, K, R> {
    /// Waits until somebody opens the wallet, and serves them until it is locked; again and again, until it is dropped.
    pub async fn attend(&mut self, porter: &mut Porter, front: &mut PageFront) -> Infallible {
        loop {
            let (wallet, damages) = porter.opened().await;
            tokio::select! {
                never = self.serve(&wallet, damages, front) => match never {},
                () = porter.until_to_be_locked(&wallet) => {}
            }
            // What was under way is dropped and with it wiped: so are the programs that read for it, before it is called locked.
            self.read_up().await;
            front.lock();
            // The card may still be held.
            self.card.close().await;
        }
    }

    /// Serves whoever opened the wallet, until it is dropped. This is damaged in it.
    pub async fn serve(
        &mut self,
        wallet: &OpenWallet,
        mut damages: Vec<Damage>,
        front: &mut impl Front,
    ) -> Infallible {
        let mut next = Next::List;
        loop {
            next = match next {
                Next::List => list(wallet, &mut damages, front).await,
                Next::Certificate { id, reported } => {
                    looking::certificate(wallet, id, reported, front).await
                }
                Next::Apply(proposal) => self.apply(wallet, proposal, front).await,
                Next::Verify => looking::verify(&self.scanner, &self.verifying, front).await,
            };
            self.read_up().await;
        }
    }

    /// Waits until no picture is read any more: at once, but for one that nobody waits for since just now.
    pub async fn read_up(&self) {
        tokio::join!(self.passports.gone(), self.scanner.gone());
    }

    /// Leads one application. Whatever ends it, the card is let go of and everything held is wiped.
    async fn apply(
        &mut self,
        wallet: &OpenWallet,
        proposal: Option<Proposal>,
        front: &mut impl Front,
    ) -> Next {
        let ended = self.lead(wallet, proposal, front).await;
        self.card.close().await;
        match ended {
            Ok(next) => next,
            // Whoever cancelled was not stopped.
            Err(closed) if closed.problem.code == ProblemCode::Cancelled => Next::List,
            Err(closed) => {
                told(Shown::end(closed).since(self.latch.mismatch()), front).await;
                Next::List
            }
        }
    }
}

async fn list(wallet: &OpenWallet, damages: &mut Vec<Damage>, front: &mut impl Front) -> Next {
    let listed = shelf::list(&open(wallet));
    let damaged = damages.iter().filter(|it| it.is_of_a_file()).count();
    front.show(Shown::Certificates { listed, damaged });
    loop {
        match front.intent().await {
            Intent::Issue => return Next::Apply(None),
            Intent::Open(id) => return Next::Certificate { id, reported: None },
            Intent::Verify => return Next::Verify,
            Intent::GiveUp => {
                let given_up = open(wallet).give_up(damages);
                match given_up {
                    Ok(()) => damages.clear(),
                    Err(error) => {
                        told(Shown::end(looking::problem(&error).into()), front).await;
                    }
                }
                return Next::List;
            }
            _ => {}
        }
    }
}

fn open(wallet: &OpenWallet) -> MutexGuard<'_, Wallet> {
    wallet.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Shows what is in the way until it was read.
async fn told(problem: Shown, front: &mut impl Front) {
    front.show(problem);
    while !matches!(front.intent().await, Intent::Understood) {}
}

/// Shows what is in the way of a step that can be tried again, until it was read.
async fn obstacle(
    problem: Problem,
    kind: Option<CertificateKind>,
    front: &mut impl Front,
) -> Result<(), Closed> {
    front.show(Shown::obstacle(problem, kind));
    answered(front, |intent| {
        matches!(intent, Intent::Understood).then_some(())
    })
    .await
}

/// The next intent that means something here.
///
/// # Errors
/// `cancelled`
async fn answered<T>(
    front: &mut impl Front,
    meant: impl Fn(Intent) -> Option<T> + Send,
) -> Result<T, Closed> {
    loop {
        match front.intent().await {
            Intent::Cancel => return Err(ProblemCode::Cancelled.into()),
            intent => {
                if let Some(meant) = meant(intent) {
                    return Ok(meant);
                }
            }
        }
    }
}

/// Waits for something to happen, unless the resident cancels, or, where the screen has that, goes back.
async fn meanwhile<T, E: Into<Closed>>(
    happens: impl Future<Output = Result<T, E>>,
    front: &mut impl Front,
) -> Result<Step<T>, Closed> {
    let left = answered(front, |intent| matches!(intent, Intent::Back).then_some(()));
    tokio::select! {
        biased;
        left = left => left.map(|()| Step::Back),
        happened = happens => Ok(Step::On(happened.map_err(Into::into)?)),
    }
}

/// Waits for something to happen, unless the resident cancels.
async fn unless_cancelled<T, E: Into<Closed>>(
    happens: impl Future<Output = Result<T, E>>,
    front: &mut impl Front,
) -> Result<T, Closed> {
    match meanwhile(happens, front).await? {
        Step::On(happened) => Ok(happened),
        // Its screen has no way back.
        Step::Back => Err(ProblemCode::Cancelled.into()),
    }
}

#[cfg(test)]
mod tests;
