//! An application as a chain of states, one type each; going on consumes the state before.
//!
//! ```text
//! Welcome → Applying → CardPlaced ⇄ PinEntry → CardRead → EvidenceAccepted → CardTaken ⇄ Previewed → Checked → HandedOver → Done
//!                                     ↑ wrong PIN                              ↑ no record there      ↑ no paper
//! ```
//! Cancelling is dropping: every state wipes what it holds. The card is in [`EvidenceAccepted`]'s way: nothing leads
//! from there but its removal ([`CardGone`]). [`Checked`] holds the only thing an output takes.

use std::sync::Arc;
use std::time::Duration;

use card::attributes::Attributes;
use card::pin::Pin;
use issuance_api::terminal::{EvidenceRequest, Menu, MunicipalityOffer, ProgrammeOffer};
use issuance_api::{
    CertificateKind, MunicipalityCode, PersonalBytes, Problem, ProblemCode, ProgrammeId,
    TerminalUrn,
};

use crate::handover::CardHolder;
use crate::key::SessionKey;
use crate::latch::Latch;
use crate::ports::{Card, Center, Closed, Question, Reading, Says};

/// How often a request that may be repeated is sent.
const ATTEMPTS: u32 = 4;
/// Before the first repetition; doubled before each further one.
const PAUSE: Duration = Duration::from_millis(250);

/// Sends a request until it is answered by something that a repetition would not change, `ATTEMPTS` times at most.
macro_rules! repeated {
    ($request:expr) => {{
        let mut attempt = 1;
        loop {
            match $request.await {
                Err(problem)
                    if attempt < ATTEMPTS && problem.code.meaning().retry == Retry::Repeat =>
                {
                    tokio::time::sleep(PAUSE * 2u32.pow(attempt - 1)).await;
                    attempt += 1;
                }
                answer => break answer,
            }
        }
    }};
}

mod issued;
mod taken;

pub use issued::{Checked, Done, HandedOver};
pub use taken::{CardTaken, Previewed, Refused};

/// The menu is there.
#[derive(Clone, Debug)]
pub struct Welcome {
    menu: Menu,
}

impl Welcome {
    /// Asks the center what may be shown.
    ///
    /// # Errors
    /// `content-mismatch` while out of service, `maintenance`, or why there is no menu.
    pub async fn fetch(center: &mut impl Center, latch: &Latch) -> Result<Self, Closed> {
        latch.in_service()?;
        let menu = center.menu().await?;
        match menu.maintenance {
            Some(words) => Err(Closed {
                problem: ProblemCode::Maintenance.into(),
                says: Some(Says::Words(words)),
            }),
            None => Ok(Self { menu }),
        }
    }

    /// What may be shown.
    #[must_use]
    pub const fn menu(&self) -> &Menu {
        &self.menu
    }

    /// Applies for a certificate of one programme.
    ///
    /// # Errors
    /// `programme-ended` if the menu does not have it.
    pub fn apply(self, programme: &ProgrammeId) -> Result<Applying, Problem> {
        let mut programmes = self.menu.programmes.into_iter();
        let offer = programmes.find(|offer| offer.id == *programme);
        let offer = offer.ok_or(ProblemCode::ProgrammeEnded)?;
        Ok(Applying { offer })
    }
}

/// It is known what is applied for; a card is waited for.
#[derive(Debug)]
pub struct Applying {
    offer: ProgrammeOffer,
}

impl Applying {
    /// Kinds that some municipality lets this terminal issue.
    #[must_use]
    pub fn kinds(&self) -> Vec<CertificateKind> {
        kinds_of(&self.offer)
    }

    /// Waits for a card and asks for the tries left.
    ///
    /// # Errors
    /// A problem of reader or card; `pin-blocked` if no try is left.
    pub async fn card_placed(
        self,
        card: &mut impl Card,
        within: Duration,
    ) -> Result<CardPlaced, Problem> {
        match card.open(within).await? {
            0 => Err(ProblemCode::PinBlocked.into()),
            remaining => Ok(CardPlaced {
                offer: self.offer,
                remaining,
            }),
        }
    }
}

/// A card is there and has tries left; the kind of certificate is waited for.
#[derive(Debug)]
pub struct CardPlaced {
    offer: ProgrammeOffer,
    remaining: u8,
}

impl CardPlaced {
    /// Kinds that some municipality lets this terminal issue.
    #[must_use]
    pub fn kinds(&self) -> Vec<CertificateKind> {
        kinds_of(&self.offer)
    }

    /// Applies for one kind.
    ///
    /// # Errors
    /// `kind-not-offered` if it is none of [`kinds`](Self::kinds).
    pub fn choose(self, kind: CertificateKind) -> Result<PinEntry, Problem> {
        if !self.kinds().contains(&kind) {
            return Err(ProblemCode::KindNotOffered.into());
        }
        Ok(PinEntry {
            placed: self,
            kind,
            shows_attributes: false,
        })
    }

    /// Tries left.
    #[must_use]
    pub const fn remaining(&self) -> u8 {
        self.remaining
    }

    /// The card was let go of: it is waited for again.
    #[must_use]
    pub fn lifted(self) -> Applying {
        Applying { offer: self.offer }
    }
}

fn kinds_of(offer: &ProgrammeOffer) -> Vec<CertificateKind> {
    let offered = |kind: &CertificateKind| {
        let mut municipalities = offer.municipalities.iter();
        municipalities.any(|municipality| municipality.kinds.contains(kind))
    };
    let mut kinds = vec![CertificateKind::Domestic, CertificateKind::Abroad];
    kinds.retain(offered);
    kinds
}

/// A card is there and has tries left; the PIN is waited for.
#[derive(Debug)]
pub struct PinEntry {
    placed: CardPlaced,
    kind: CertificateKind,
    shows_attributes: bool,
}

/// What an entered PIN led to.
#[derive(Debug)]
pub enum Entered {
    /// Right: everything was read, and the card is not needed any more.
    Read(Box<CardRead>),
    /// Wrong: back to the entry, with a try less.
    Wrong(PinEntry),
}

impl PinEntry {
    /// Tries left.
    #[must_use]
    pub const fn remaining(&self) -> u8 {
        self.placed.remaining
    }

    /// What the card says of its holder is to be shown once ([`EvidenceAccepted::attributes`]), as an app does.
    #[must_use]
    pub const fn showing_attributes(mut self) -> Self {
        self.shows_attributes = true;
        self
    }

    /// Back to the choice of the kind.
    #[must_use]
    pub fn back(self) -> CardPlaced {
        self.placed
    }

    /// Presents the PIN once and reads the card over a fresh challenge.
    ///
    /// # Errors
    /// Problems of card and center. The card is let go of either way.
    pub async fn enter(
        mut self,
        pin: Pin,
        card: &mut impl Card,
        center: &mut impl Center,
        terminal: &TerminalUrn,
    ) -> Result<Entered, Problem> {
        // The challenge first: where there is no center, no try is spent.
        let (challenge, exporter) = tokio::select! {
            biased;
            answered = center.challenge() => answered?,
            // Nobody waits for a center with a card that is gone.
            code = card.lifted() => return Err(code.into()),
        };
        let key = SessionKey::generate();
        let question = Question {
            center_nonce: challenge.center_nonce,
            vrs_nonce: challenge.vrs_nonce.clone(),
            center: challenge.center,
            vrs: challenge.vrs,
            terminal: terminal.clone(),
            exporter,
            session_key: key.public(),
        };
        let evidence = match card.read(pin, question).await? {
            Reading::Wrong { remaining: 0 } => return Err(ProblemCode::PinBlocked.into()),
            Reading::Wrong { remaining } => {
                self.placed.remaining = remaining;
                return Ok(Entered::Wrong(self));
            }
            Reading::Read(evidence) => evidence,
        };
        card.close().await;
        let attributes = evidence.files().attributes.attributes();
        let holder = CardHolder::read(attributes);
        let Self {
            placed,
            kind,
            shows_attributes,
        } = self;
        let mut offer = placed.offer;
        offer
            .municipalities
            .retain(|offered| offered.kinds.contains(&kind));
        // Most are vaccinated where they live. That, and no more, is kept of the address.
        let lives_in = |offered: &MunicipalityOffer| {
            let home = attributes.address().expose();
            let rest = home.strip_prefix(&*offered.prefecture).unwrap_or(home);
            rest.starts_with(&*offered.name)
        };
        // 市 of 市川市: the longest name is the one.
        let homes = offer
            .municipalities
            .iter()
            .filter(|offered| lives_in(offered));
        let home = homes
            .max_by_key(|offered| offered.name.len())
            .map(|offered| offered.code);
        let request = EvidenceRequest {
            vrs_nonce: challenge.vrs_nonce,
            session_key: key.public(),
            evidence: PersonalBytes::new(evidence.encode().to_vec()),
        };
        // Copied, and the evidence not taken apart for them: what is moved out of it stays behind on the stack, and nobody wipes it.
        let attributes = shows_attributes.then(|| attributes.again());
        Ok(Entered::Read(Box::new(CardRead {
            request,
            attributes,
            offer,
            home,
            kind,
            key,
            holder,
        })))
    }
}

/// What the card gave, on its way up. The card still lies there, and may be taken meanwhile.
#[derive(Debug)]
pub struct CardRead {
    request: EvidenceRequest,
    attributes: Option<Attributes>,
    offer: ProgrammeOffer,
    home: Option<MunicipalityCode>,
    kind: CertificateKind,
    key: SessionKey,
    holder: CardHolder,
}

impl CardRead {
    /// Sends the evidence up, over the connection of its challenge.
    ///
    /// # Errors
    /// The center's problem.
    pub async fn believed(self, center: &mut impl Center) -> Result<EvidenceAccepted, Problem> {
        let Self {
            request,
            attributes,
            offer,
            home,
            kind,
            key,
            holder,
        } = self;
        let ticket = center.evidence(request).await?.ticket;
        let taken = CardTaken {
            offer,
            home,
            kind,
            key: Arc::new(key),
            holder: Arc::new(holder),
            ticket,
            passport: None,
        };
        Ok(EvidenceAccepted { taken, attributes })
    }
}

/// No card lies there: the reader said so.
#[derive(Debug)]
pub struct CardGone(());

impl CardGone {
    /// Waits for it.
    ///
    /// # Errors
    /// `timed-out`, or a problem of the reader.
    pub async fn wait(card: &mut impl Card, within: Duration) -> Result<Self, Problem> {
        card.gone(within).await?;
        Ok(Self(()))
    }
}

/// The evidence was believed and is gone; the card may still lie there.
#[derive(Debug)]
pub struct EvidenceAccepted {
    taken: CardTaken,
    attributes: Option<Attributes>,
}

impl EvidenceAccepted {
    /// What the card says of its holder, where that is shown. It goes with this state.
    #[must_use]
    pub const fn attributes(&self) -> Option<&Attributes> {
        self.attributes.as_ref()
    }

    /// The one way on is without the card.
    #[must_use]
    pub fn card_taken(self, _: CardGone) -> CardTaken {
        self.taken
    }
}
