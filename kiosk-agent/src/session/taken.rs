//! The resident has the card back: from the choice of a municipality to the certificate.

use std::sync::Arc;

use card::attributes::BirthDate;
use issuance_api::passport::{Passport, PassportData, PassportMrz};
use issuance_api::terminal::{
    InquiryRequest, IssueRequest, MunicipalityOffer, Preview, ProgrammeOffer,
};
use issuance_api::{
    Array, Blob, CertificateKind, IssueIntent, MunicipalityCode, Problem, ProblemCode,
    inquiry_message, problem::Retry,
};
use issuance_channel::stack;
use sha2::{Digest, Sha256};

use super::issued::{Checked, Sealed};
use super::{ATTEMPTS, Applying, PAUSE, Welcome, kinds_of};
use crate::handover::{Asked, CardHolder, Issuer, Refusal};
use crate::key::SessionKey;
use crate::latch::Latch;
use crate::ports::Center;

/// The resident has the card back; a municipality is waited for.
#[derive(Debug)]
pub struct CardTaken {
    pub(super) offer: ProgrammeOffer,
    pub(super) home: Option<MunicipalityCode>,
    pub(super) kind: CertificateKind,
    /// Of this application, and of those for other kinds beside it ([`also`](Self::also)).
    pub(super) key: Arc<SessionKey>,
    pub(super) holder: Arc<CardHolder>,
    pub(super) ticket: Blob,
    /// For abroad: the passport, where this terminal reads one.
    pub(super) passport: Option<(Arc<PassportMrz>, Arc<PassportData>)>,
}

/// A step that did not lead on, and the state it can be tried from again.
#[derive(Debug)]
pub struct Refused<S> {
    /// Why.
    pub problem: Problem,
    /// Where the application stands, unless it is over.
    pub again: Option<Box<S>>,
}

impl CardTaken {
    /// What is applied for.
    #[must_use]
    pub const fn kind(&self) -> CertificateKind {
        self.kind
    }

    /// Kinds that some municipality offers by now for what is applied for.
    #[must_use]
    pub fn kinds(&self, welcome: &Welcome) -> Vec<CertificateKind> {
        let mut programmes = welcome.menu().programmes.iter();
        let offer = programmes.find(|offer| offer.id == self.offer.id);
        offer.map(kinds_of).unwrap_or_default()
    }

    /// Goes a way of its own from here, for another kind of certificate: the ticket holds for both, so that one card, read once, does.
    /// What is offered is what the center offers now.
    ///
    /// # Errors
    /// `programme-ended` or `kind-not-offered` if there is nothing to choose.
    pub fn also(&self, kind: CertificateKind, welcome: Welcome) -> Result<Self, Problem> {
        let other = Self {
            offer: self.offer.clone(),
            home: self.home,
            kind,
            key: Arc::clone(&self.key),
            holder: Arc::clone(&self.holder),
            ticket: self.ticket.clone(),
            passport: None,
        };
        other.offered_by(welcome)
    }

    /// The card holder's birth date, as the card says it.
    #[must_use]
    pub fn birth(&self) -> &BirthDate {
        self.holder.birth()
    }

    /// Takes a passport that was read by machine, if it is one, not expired on this day (of Japan), and the card holder's as far as
    /// its birth date says. The center and the record system judge it again.
    ///
    /// # Errors
    /// Why it is not taken, with the way back: another can be read.
    pub fn with_passport(
        mut self,
        lines: PassportMrz,
        today: time::Date,
    ) -> Result<Self, Refused<Self>> {
        let passport = Passport::try_from(&lines).map_err(ProblemCode::from);
        let passport = passport.and_then(|passport| {
            if passport.has_expired(today) {
                return Err(ProblemCode::PassportExpired);
            }
            if !self.holder.matches(&passport) {
                return Err(ProblemCode::PassportNotYours);
            }
            Ok(passport)
        });
        match passport {
            Ok(passport) => {
                self.passport = Some((Arc::new(lines), passport.into_data()));
                Ok(self)
            }
            Err(code) => Err(Refused {
                problem: code.into(),
                again: Some(Box::new(self)),
            }),
        }
    }

    /// The passport that was taken.
    #[must_use]
    pub fn passport(&self) -> Option<&Arc<PassportData>> {
        self.passport.as_ref().map(|(_, passport)| passport)
    }

    /// What can be chosen: municipalities of the menu that offer this kind.
    #[must_use]
    pub fn municipalities(&self) -> &[MunicipalityOffer] {
        &self.offer.municipalities
    }

    /// The one of them that the card's address is in.
    #[must_use]
    pub const fn home(&self) -> Option<MunicipalityCode> {
        self.home
    }

    /// Takes in what the center offers by now (K4): what is no longer offered cannot be chosen any more.
    ///
    /// # Errors
    /// `programme-ended` or `kind-not-offered` if nothing is left.
    pub fn offered_by(mut self, welcome: Welcome) -> Result<Self, Problem> {
        let Applying { mut offer } = welcome.apply(&self.offer.id)?;
        offer
            .municipalities
            .retain(|offered| offered.kinds.contains(&self.kind));
        if offer.municipalities.is_empty() {
            return Err(ProblemCode::KindNotOffered.into());
        }
        self.home = self.home.filter(|home| {
            offer
                .municipalities
                .iter()
                .any(|offered| offered.code == *home)
        });
        self.offer = offer;
        Ok(self)
    }

    /// Asks for the records of one municipality, and believes the preview only if it is this card's.
    ///
    /// # Errors
    /// The center's problem, with the way back to the choice unless only a new application helps; `content-mismatch` and
    /// the latch if the preview belongs to somebody or something else.
    pub async fn inquire(
        self,
        code: MunicipalityCode,
        copies: u8,
        center: &mut impl Center,
        latch: &Latch,
    ) -> Result<Previewed, Refused<Self>> {
        let refused = |state, problem: Problem| {
            let over = problem.code.meaning().retry == Retry::Restart;
            Err(Refused {
                again: (!over).then(|| Box::new(state)),
                problem,
            })
        };
        // K4: only what the center offered.
        let mut offers = self.municipalities().iter();
        let offered = offers.find(|offered| offered.code == code);
        let Some(authority) = offered.map(MunicipalityOffer::authority) else {
            return refused(self, ProblemCode::MunicipalityNotTakingPart.into());
        };
        let (programme, kind) = (&self.offer.id, self.kind);
        let lines = self.passport.as_ref().map(|(lines, _)| lines);
        let lines_digest = lines.map(|lines| lines.digest());
        // Hashing leaves its last block there, and a future that is made next is moved into its place with what was in its own.
        stack::overwrite();
        let request = |exporter: &Array<32>| InquiryRequest {
            ticket: self.ticket.clone(),
            session_key: self.key.public(),
            programme: programme.clone(),
            municipality: code,
            kind,
            passport: lines.map(Arc::clone),
            copies,
            proof: self.key.sign(&inquiry_message(
                &self.ticket,
                programme,
                &code,
                kind,
                lines_digest.as_ref(),
                exporter,
            )),
        };
        let answer = match center.inquiry(request).await {
            Ok(answer) => answer,
            Err(problem) => return refused(self, problem),
        };
        let asked = Asked {
            programme,
            kind,
            authority: &authority,
            copies,
            passport: self.passport().map(|passport| &**passport),
        };
        if let Err(mismatch) = self.holder.check_preview(&asked, &answer.preview) {
            latch.set(mismatch);
            return Err(Refused {
                problem: ProblemCode::ContentMismatch.into(),
                again: None,
            });
        }
        let state_digest = Array::new(Sha256::digest(answer.state.as_bytes()).into());
        Ok(Previewed {
            preview: Arc::new(answer.preview),
            taken: self,
            state: answer.state,
            state_digest,
        })
    }
}

/// What the certificate will say is shown; confirmation is waited for.
#[derive(Debug)]
pub struct Previewed {
    preview: Arc<Preview>,
    taken: CardTaken,
    state: Blob,
    state_digest: Array<32>,
}

impl Previewed {
    /// What the certificate will say.
    #[must_use]
    pub const fn preview(&self) -> &Arc<Preview> {
        &self.preview
    }

    /// Back to the choice of the municipality: it is asked again under the same ticket.
    #[must_use]
    pub fn back(self) -> CardTaken {
        self.taken
    }

    /// Has it issued and checks it against card and preview. A lost answer is asked for again: the center gives the same
    /// bytes.
    ///
    /// # Errors
    /// The center's problem; `content-mismatch` and the latch if the certificate is not the one previewed for this card;
    /// `certificate-unreadable` if that cannot be told, since not all of its page is explained; `issuer-key-unknown` if all of it belongs and its
    /// key or CSCA is not pinned (yet).
    pub async fn confirm(
        self,
        center: &mut impl Center,
        issuer: &Issuer,
        latch: &Latch,
    ) -> Result<Checked, Problem> {
        let Self {
            preview,
            taken: CardTaken { holder, key, .. },
            state,
            state_digest,
        } = self;
        let sealed = Sealed {
            key,
            state,
            state_digest,
        };
        let request = |exporter: &Array<32>| IssueRequest {
            state: sealed.state.clone(),
            proof: sealed.proof(IssueIntent::Issue, exporter),
        };
        let answer = repeated!(center.issue(&request))?;
        let certificate = issuer.check(&holder, &preview, answer);
        let certificate = certificate.map_err(|refusal| match refusal {
            Refusal::Mismatch(mismatch) => {
                latch.set(mismatch);
                ProblemCode::ContentMismatch
            }
            Refusal::KeyUnknown => ProblemCode::IssuerKeyUnknown,
            Refusal::Unread => ProblemCode::CertificateUnreadable,
        })?;
        Ok(Checked {
            certificate,
            sealed,
        })
    }
}
