//! A terminal without a resident: an emulated card in this process, a real connection to the real center.
//!
//! It takes every step of an application by itself and lets a test put its hands in between: this is how evidence is
//! replayed, files are swapped and states are carried elsewhere. The kiosk proper is driven by `kiosk.rs`.

mod link;
mod patience;

use std::sync::Arc;

use card::evidence::{Context, Evidence};
use card::pin::Pin;
use card::session::{Attempt, Connected, Proof};
use card::transport::Lengths;
use ed25519_dalek::{Signer, SigningKey};
use hw_sim::chip::EmulatedCard;
use issuance_api::passport::PassportMrz;
use issuance_api::terminal::{
    Challenge, DeliveredAnswer, DeliveredRequest, EvidenceAnswer, EvidenceRequest, InquiryAnswer,
    InquiryRequest, IssueAnswer, IssueRequest, Issued, Menu, MenuRequest,
};
use issuance_api::{
    Array, Blob, CertificateKind, IssueIntent, MunicipalityCode, PersonalBytes, ProgrammeId,
    inquiry_message, issue_message,
};
use issuance_channel::build;
use issuance_channel::client::{CallError, Client, Pinned};
use sha2::{Digest, Sha256};

pub use link::{Line, Link};
pub use patience::{problem, repeated};

/// Sends a request to issue.
///
/// # Errors
/// See [`CallError`].
pub async fn issue<C: Line>(
    connection: &mut C,
    request: &IssueRequest,
) -> Result<IssueAnswer, CallError> {
    let answer = connection.post_sealed_for_bytes::<_, Issued>("/v1/issue", request);
    answer.await.map(IssueAnswer::from)
}

/// One applicant at one terminal.
pub struct Applicant<L = Client> {
    link: L,
    session: SigningKey,
    kind: CertificateKind,
    passport: Option<Arc<PassportMrz>>,
}

/// A connection of its own with an open challenge.
pub struct Challenged<C = Pinned> {
    /// The connection.
    pub connection: C,
    /// What the card has to answer over.
    pub challenge: Challenge,
}

/// What a terminal may offer, to one of this program's build.
///
/// # Errors
/// See [`CallError`].
///
/// # Panics
/// If the program's own file cannot be read.
pub async fn menu(link: &impl Link) -> Result<Menu, CallError> {
    let mut line = link.line().await?;
    line.post_sealed("/v1/menu", &menu_request()).await
}

/// As a terminal of this program's build asks.
///
/// # Panics
/// If the program's own file cannot be read.
#[must_use]
pub fn menu_request() -> MenuRequest {
    let build = build::running().expect("a process has its program's file");
    MenuRequest {
        build: build.clone(),
    }
}

impl<L: Link> Applicant<L> {
    /// A new application at a terminal: a new session key.
    ///
    /// # Panics
    /// If the operating system has no randomness.
    #[must_use]
    pub fn new(link: L) -> Self {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).expect("the operating system has randomness");
        Self {
            link,
            session: SigningKey::from_bytes(&seed),
            kind: CertificateKind::Domestic,
            passport: None,
        }
    }

    /// Who wants a certificate for abroad: with this passport, or the one that VRS holds.
    #[must_use]
    pub fn abroad(self, passport: Option<PassportMrz>) -> Self {
        Self {
            kind: CertificateKind::Abroad,
            passport: passport.map(Arc::new),
            ..self
        }
    }

    /// The same application at another terminal, or over another way to the center.
    #[must_use]
    pub fn at(&self, link: L) -> Self {
        Self {
            link,
            session: self.session.clone(),
            kind: self.kind,
            passport: self.passport.clone(),
        }
    }

    /// The terminal's way to the center.
    #[must_use]
    pub fn link(&self) -> L {
        self.link.clone()
    }

    /// The session key's public half.
    #[must_use]
    pub fn session_key(&self) -> Array<32> {
        Array::new(self.session.verifying_key().to_bytes())
    }

    /// The terminal's URN.
    #[must_use]
    pub fn urn(&self) -> String {
        self.link.urn()
    }

    /// # Errors
    /// See [`CallError`], here and in all further steps.
    pub async fn menu(&self) -> Result<Menu, CallError> {
        menu(&self.link).await
    }

    /// Asks for a challenge on a connection of its own.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn challenge(&self) -> Result<Challenged<L::Line>, CallError> {
        let mut connection = self.link.line().await?;
        let challenge = connection.post("/v1/challenge").await?;
        Ok(Challenged {
            connection,
            challenge,
        })
    }

    /// Has a card answer it. The PIN is the personas' usual one.
    ///
    /// # Panics
    /// If the card does not go along: the tests that want that drive the kiosk.
    #[must_use]
    pub fn evidence(&self, card: EmulatedCard, challenged: &Challenged<L::Line>) -> Evidence {
        self.evidence_over(
            card,
            &challenged.challenge,
            challenged.connection.exporter(),
        )
    }

    /// Has a card answer it, over an exporter of the caller's choice.
    ///
    /// # Panics
    /// As [`Self::evidence`].
    #[must_use]
    pub fn evidence_over(
        &self,
        mut card: EmulatedCard,
        challenge: &Challenge,
        exporter: &Array<32>,
    ) -> Evidence {
        self.answer(&mut card, challenge, exporter)
    }

    /// As [`Self::evidence_over`], with a card that is needed again.
    ///
    /// # Panics
    /// As [`Self::evidence`].
    #[must_use]
    pub fn answer(
        &self,
        card: &mut EmulatedCard,
        challenge: &Challenge,
        exporter: &Array<32>,
    ) -> Evidence {
        self.prove(card, challenge, exporter).into_evidence()
    }

    /// As [`Self::answer`], with what bound it or why nothing did.
    ///
    /// # Panics
    /// As [`Self::evidence`].
    #[must_use]
    pub fn prove(
        &self,
        card: &mut EmulatedCard,
        challenge: &Challenge,
        exporter: &Array<32>,
    ) -> Proof {
        let pin = Pin::try_from("1234").expect("four digits");
        let asked = Connected::new(card.powered(), Lengths::default())
            .select()
            .and_then(card::session::Selected::ask_tries)
            .expect("the persona's card has tries left");
        let Ok(Attempt::Verified(unlocked)) = asked.verify(pin) else {
            panic!("the persona's PIN is the usual one");
        };
        let read = unlocked.read().expect("the persona's card is readable");
        let urn = self.urn();
        let context = self.context(&urn, challenge, exporter);
        let answered = read.answer(&context).expect("the persona's card signs");
        answered.bind().expect("the card stays on the reader")
    }

    /// What a card has to answer over, at the terminal of this URN.
    #[must_use]
    pub fn context<'a>(
        &self,
        urn: &'a str,
        challenge: &'a Challenge,
        exporter: &Array<32>,
    ) -> Context<'a> {
        Context {
            center_nonce: *challenge.center_nonce.as_bytes(),
            vrs_nonce: challenge.vrs_nonce.as_bytes(),
            center: challenge.center.as_str(),
            vrs: challenge.vrs.as_str(),
            terminal: urn,
            exporter: *exporter.as_bytes(),
            session_key: *self.session_key().as_bytes(),
        }
    }

    /// Sends evidence on the challenge's own connection.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn send(
        &self,
        challenged: &mut Challenged<L::Line>,
        evidence: &Evidence,
    ) -> Result<EvidenceAnswer, CallError> {
        let request = self.evidence_request(&challenged.challenge, evidence);
        challenged
            .connection
            .post_sealed("/v1/evidence", &request)
            .await
    }

    /// The request that carries evidence.
    #[must_use]
    pub fn evidence_request(&self, challenge: &Challenge, evidence: &Evidence) -> EvidenceRequest {
        EvidenceRequest {
            vrs_nonce: challenge.vrs_nonce.clone(),
            session_key: self.session_key(),
            evidence: PersonalBytes::new(evidence.encode().to_vec()),
        }
    }

    /// From challenge to ticket.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn identify(&self, card: EmulatedCard) -> Result<EvidenceAnswer, CallError> {
        let mut challenged = self.challenge().await?;
        let evidence = self.evidence(card, &challenged);
        self.send(&mut challenged, &evidence).await
    }

    /// Asks for the records of a municipality, for a certificate for use in Japan where nothing [else](Self::abroad) was said.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn inquire(
        &self,
        ticket: &Blob,
        municipality: MunicipalityCode,
    ) -> Result<InquiryAnswer, CallError> {
        let passport = self.passport.clone();
        self.inquire_for(ticket, municipality, self.kind, passport)
            .await
    }

    /// Asks for the records of a municipality, for a certificate for abroad.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn inquire_abroad(
        &self,
        ticket: &Blob,
        municipality: MunicipalityCode,
        passport: Option<PassportMrz>,
    ) -> Result<InquiryAnswer, CallError> {
        let (kind, passport) = (CertificateKind::Abroad, passport.map(Arc::new));
        self.inquire_for(ticket, municipality, kind, passport).await
    }

    async fn inquire_for(
        &self,
        ticket: &Blob,
        municipality: MunicipalityCode,
        kind: CertificateKind,
        passport: Option<Arc<PassportMrz>>,
    ) -> Result<InquiryAnswer, CallError> {
        let mut connection = self.link.line().await?;
        let programme: ProgrammeId = "covid-19".parse().expect("a programme's id");
        let exporter = connection.exporter().clone();
        let lines = passport.as_deref().map(PassportMrz::digest);
        let lines = lines.as_ref();
        let message = inquiry_message(ticket, &programme, &municipality, kind, lines, &exporter);
        let request = InquiryRequest {
            ticket: ticket.clone(),
            session_key: self.session_key(),
            programme,
            municipality,
            kind,
            passport,
            copies: 1,
            proof: self.sign(&message),
        };
        connection.post_sealed("/v1/inquiry", &request).await
    }

    /// From challenge to hand-over: a certificate, with what was previewed.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn certificate(
        &self,
        card: EmulatedCard,
        municipality: MunicipalityCode,
    ) -> Result<(InquiryAnswer, IssueAnswer), CallError> {
        let ticket = self.identify(card).await?.ticket;
        let previewed = self.inquire(&ticket, municipality).await?;
        let issued = self.issue(&previewed.state).await?;
        self.delivered(&previewed.state).await?;
        Ok((previewed, issued))
    }

    /// Redeems a sealed state.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn issue(&self, state: &Blob) -> Result<IssueAnswer, CallError> {
        let mut connection = self.link.line().await?;
        let proof = self.signed(IssueIntent::Issue, state, connection.exporter());
        let request = IssueRequest {
            state: state.clone(),
            proof,
        };
        issue(&mut connection, &request).await
    }

    /// Reports the hand-over.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn delivered(&self, state: &Blob) -> Result<DeliveredAnswer, CallError> {
        let mut connection = self.link.line().await?;
        let proof = self.signed(IssueIntent::Delivered, state, connection.exporter());
        let request = DeliveredRequest {
            state: state.clone(),
            proof,
        };
        connection.post_sealed("/v1/delivered", &request).await
    }

    /// The session key's signature over the words of a request.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Array<64> {
        Array::new(self.session.sign(message).to_bytes())
    }

    fn signed(&self, intent: IssueIntent, state: &Blob, exporter: &Array<32>) -> Array<64> {
        let digest = Array::new(Sha256::digest(state.as_bytes()).into());
        self.sign(&issue_message(intent, &digest, exporter))
    }
}
