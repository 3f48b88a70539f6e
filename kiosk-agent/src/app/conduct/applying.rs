//! From the menu to what is applied for, and on to the end.

use issuance_api::terminal::{Localized, ProgrammeOffer};
use issuance_api::{CertificateKind, ProblemCode, ProgrammeId};

use super::{App, Gate, Next, ReadsPassports, Step, answered, looking, open, unless_cancelled};
use crate::app::desk::{Intent, Shown};
use crate::app::front::Front;
use crate::app::kinds::Kinds;
use crate::app::porter::OpenWallet;
use crate::app::shelf::Proposal;
use crate::conduct::welcome;
use crate::ports::{Card, Center, Closed};
use crate::session::Welcome;

/// What is applied for.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) programme: ProgrammeId,
    pub(super) name: Localized,
    pub(super) kinds: Kinds,
}

impl<G: Gate, K: Card, R: ReadsPassports> App<G, K, R> {
    pub(super) async fn lead(
        &mut self,
        wallet: &OpenWallet,
        proposal: Option<Proposal>,
        front: &mut impl Front,
    ) -> Result<Next, Closed> {
        // Nothing is applied for that could not be kept.
        let ready = open(wallet).ready();
        ready.map_err(|error| looking::problem(&error))?;
        front.show(Shown::Working);
        let (mut center, urn) = unless_cancelled(self.gate.enter(), front).await?;
        let mut before = None;
        let (choice, accepted) = loop {
            let choice = self
                .until_chosen(&mut center, proposal.as_ref(), before, front)
                .await?;
            let read = self.until_read(&mut center, &urn, &choice, front).await?;
            match read {
                Step::On(accepted) => break (choice, accepted),
                Step::Back => {
                    before = Some(choice);
                    front.show(Shown::Working);
                }
            }
        };
        let taken = self.until_confirmed(accepted, front).await?;
        let ways = self
            .until_passport(taken, &choice, &mut center, front)
            .await?;
        let home = proposal.map(|proposal| proposal.municipality);
        let previewed = self.until_checked(ways, home, &mut center, front).await?;
        self.issue(previewed, choice.name, wallet, &mut center, front)
            .await
    }

    /// Programme, terms and kinds; straight to the kinds where there was a choice before.
    async fn until_chosen(
        &mut self,
        center: &mut impl Center,
        proposal: Option<&Proposal>,
        before: Option<Choice>,
        front: &mut impl Front,
    ) -> Result<Choice, Closed> {
        let welcome = unless_cancelled(welcome(center, &self.latch), front).await?;
        let mut straight = before.is_some();
        let (mut programme, chosen) = match (before, proposal) {
            (Some(before), _) => (Some(before.programme), Some(before.kinds)),
            (None, Some(proposal)) => {
                (Some(proposal.programme.clone()), Some(proposal.kind.into()))
            }
            (None, None) => (None, None),
        };
        loop {
            let offer = offer(&welcome, programme.as_ref(), front).await?;
            if !straight && !agreed(&welcome, offer, front).await? {
                // Where there was no choice before the terms, there is nothing before them.
                if proposal.is_some() || welcome.menu().programmes.len() < 2 {
                    return Err(ProblemCode::Cancelled.into());
                }
                programme = None;
                continue;
            }
            straight = false;
            let offered = self.offered(&welcome, &offer.id)?;
            front.show(Shown::Kinds {
                offered,
                chosen: chosen.filter(|chosen| chosen.are_in(offered)),
            });
            let answer = answered(front, |intent| match intent {
                Intent::Kinds(kinds) => Some(Some(kinds)),
                Intent::Back => Some(None),
                _ => None,
            });
            if let Some(kinds) = answer.await? {
                return Ok(Choice {
                    programme: offer.id.clone(),
                    name: offer.name.clone(),
                    kinds,
                });
            }
            // The terms once more.
            programme = Some(offer.id.clone());
        }
    }

    /// Kinds of a programme that are offered, and could be checked here.
    fn offered(&self, welcome: &Welcome, programme: &ProgrammeId) -> Result<Kinds, Closed> {
        let mut kinds = welcome.clone().apply(programme)?.kinds();
        kinds.retain(|kind| *kind == CertificateKind::Domestic || self.issuer.checks_abroad());
        Kinds::of(&kinds).ok_or_else(|| ProblemCode::KindNotOffered.into())
    }
}

/// The programme that is known, the only one, or the one chosen.
async fn offer<'a>(
    welcome: &'a Welcome,
    known: Option<&ProgrammeId>,
    front: &mut impl Front,
) -> Result<&'a ProgrammeOffer, Closed> {
    let menu = welcome.menu();
    let find = |id: &ProgrammeId| menu.programmes.iter().find(|offer| offer.id == *id);
    let offer = match (&menu.programmes[..], known) {
        (_, Some(known)) => find(known),
        ([only], None) => Some(only),
        ([], None) => None,
        (_, None) => {
            front.show(Shown::Service(menu.clone()));
            let chosen = answered(front, |intent| match intent {
                Intent::Programme(id) => Some(Some(id)),
                Intent::Back => Some(None),
                _ => None,
            });
            let chosen = chosen.await?.ok_or(ProblemCode::Cancelled)?;
            find(&chosen)
        }
    };
    offer.ok_or_else(|| ProblemCode::ProgrammeEnded.into())
}

/// Whether the terms are agreed to; or it goes back.
async fn agreed(
    welcome: &Welcome,
    offer: &ProgrammeOffer,
    front: &mut impl Front,
) -> Result<bool, Closed> {
    front.show(Shown::Terms {
        programme: offer.id.clone(),
        name: offer.name.clone(),
        notices: welcome.menu().notices.clone(),
    });
    answered(front, |intent| match intent {
        Intent::Agree => Some(true),
        Intent::Back => Some(false),
        _ => None,
    })
    .await
}
