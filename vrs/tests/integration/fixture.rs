//! A card, a terminal and a service under a clock that only moves when told.

use std::{
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use card::{
    attributes::{Attributes, BirthDate, Sex},
    certificate::Certificate,
    evidence::{Binding, Context, Evidence, SurfacePart, TextFiles},
    key::{KeyId, PublicKey, Signature},
    number::IndividualNumber,
    surface_ap::AgeRecord,
    text_ap::{AttributesFile, CardKeyFile, IntegrityFile, NumberFile},
    trust::{Anchor, ApRole, Environment, RefusedSigners, TrustStore},
};
use ed25519_dalek::{Signer, SigningKey};
use issuance_api::{
    Array, Blob, CenterId, CertificateId, CertificateKind, IssueIntent, MunicipalityCode,
    PersonalBytes, ProblemCode, TerminalUrn, inquiry_message, issue_message,
    passport::PassportMrz,
    registry::{
        DeliveredAnswer, DeliveredRequest, EvidenceRequest, Finding, InquiryRequest, Receipt,
        RegisterRequest, Registration,
    },
};
use rsa::{
    Pkcs1v15Sign, PrivateKey,
    pkcs8::{EncodePublicKey, LineEnding},
    traits::PublicKeyParts,
};
use sha2::{Digest, Sha256};
use vrs::{
    clock::Clock,
    divisions::Divisions,
    event::{Event, Events},
    service::{Lifetimes, Parts, Vrs},
    statement::StatementKey,
};

use crate::support::Place;

pub(crate) const HOME: &str = "132217";
pub(crate) const MUNICIPALITIES: [&str; 4] = [HOME, "131016", "141003", "011002"];

pub(crate) fn code(text: &str) -> MunicipalityCode {
    text.parse().unwrap()
}

pub(crate) fn center(text: &str) -> CenterId {
    text.parse().unwrap()
}

/// Keys are slow to make: one set for all tests.
struct Rsa {
    key: PrivateKey,
}

impl Rsa {
    fn new() -> Self {
        Self {
            key: PrivateKey::new(&mut rand::rng(), 2048).unwrap(),
        }
    }

    fn public(&self) -> PublicKey {
        PublicKey::from_modulus(&self.key.n().to_be_bytes()).unwrap()
    }

    fn sign(&self, message: &[u8]) -> Signature {
        self.sign_digest(&Sha256::digest(message).into())
    }

    fn sign_digest(&self, digest: &[u8; 32]) -> Signature {
        let signature = self
            .key
            .sign(Pkcs1v15Sign::new::<Sha256>(), digest)
            .unwrap();
        Signature::from(<[u8; 256]>::try_from(signature).unwrap())
    }
}

static CA: LazyLock<Rsa> = LazyLock::new(Rsa::new);
static SIGNER: LazyLock<Rsa> = LazyLock::new(Rsa::new);
static CARD: LazyLock<Rsa> = LazyLock::new(Rsa::new);
static SURFACE_CA: LazyLock<Rsa> = LazyLock::new(Rsa::new);
static SURFACE_SIGNER: LazyLock<Rsa> = LazyLock::new(Rsa::new);
static SURFACE_CARD: LazyLock<Rsa> = LazyLock::new(Rsa::new);

fn key_id(digits: &str) -> KeyId {
    let digits = digits.as_bytes().try_into().unwrap();
    KeyId::new(digits, *b"001", [0; 4]).unwrap()
}

pub(crate) fn signer_id() -> KeyId {
    key_id("1322131")
}

pub(crate) fn surface_signer_id() -> KeyId {
    key_id("1322121")
}

/// What a card's surface AP is like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    /// It goes along.
    Sound,
    /// It is not there.
    None,
    /// It is of somebody born on another day.
    OtherBirth,
    /// Another municipality's signer signed it.
    OtherSigner,
}

/// The evidence of a card with this number, answering this context.
fn evidence(number: &IndividualNumber, context: &Context<'_>, surface: Surface) -> Evidence {
    let birth = BirthDate::new(1980, 1, 1).unwrap();
    let attributes = Attributes::new(
        "試験　太郎".to_owned(),
        "東京都清瀬市中里五丁目八百四十二番地".to_owned(),
        birth,
        Sex::Male,
    );
    let number = NumberFile::of(number);
    let attributes = AttributesFile::of(&attributes);
    let files = TextFiles {
        integrity: IntegrityFile::issue(&number, &attributes, |bytes| SIGNER.sign(bytes)),
        certificate: Certificate::issue(key_id("9000033"), signer_id(), SIGNER.public(), |bytes| {
            CA.sign(bytes)
        }),
        card_key: CardKeyFile::issue(CARD.public(), |bytes| SIGNER.sign(bytes)),
        number,
        attributes,
    };
    let answer = CARD.sign_digest(&context.digest(ApRole::Text, files.named()));
    let part = surface_part(&files, context, surface);
    Evidence::new(files, answer, part)
}

fn surface_part(files: &TextFiles, context: &Context<'_>, surface: Surface) -> Option<SurfacePart> {
    let (year, signer) = match surface {
        Surface::None => return None,
        Surface::Sound => (1980, surface_signer_id()),
        Surface::OtherBirth => (1981, surface_signer_id()),
        Surface::OtherSigner => (1980, key_id("1310121")),
    };
    let birth = BirthDate::new(year, 1, 1).unwrap();
    let key = SURFACE_CARD.public();
    let mut part = SurfacePart {
        age_record: AgeRecord::issue(&birth, key, |bytes| SURFACE_SIGNER.sign(bytes)),
        certificate: Certificate::issue(
            key_id("9000023"),
            signer,
            SURFACE_SIGNER.public(),
            |bytes| SURFACE_CA.sign(bytes),
        ),
        answer: Signature::from([0; 256]),
    };
    let both = files.named().into_iter().chain(part.named());
    part.answer = SURFACE_CARD.sign_digest(&context.digest(ApRole::Surface, both));
    Some(part)
}

/// The trust anchor under which these cards are believed in an application.
fn anchor(role: ApRole) -> Anchor {
    let (id, ca) = match role {
        ApRole::Text => ("9000033", &CA),
        ApRole::Surface => ("9000023", &SURFACE_CA),
    };
    Anchor {
        id: id.parse().unwrap(),
        role,
        environment: Environment::Emulator,
        key: ca.public(),
    }
}

/// The same as the operator's file.
pub(crate) fn anchor_file(role: ApRole) -> String {
    let ca = match role {
        ApRole::Text => &CA,
        ApRole::Surface => &SURFACE_CA,
    };
    let pem = ca.key.to_public_key().to_public_key_pem(LineEnding::LF);
    format!("{}{}", anchor(role), pem.unwrap())
}

/// Time that stands still.
#[derive(Default)]
pub(crate) struct TestClock {
    uptime: Mutex<Duration>,
    unix: AtomicI64,
}

impl TestClock {
    /// The day's time alone, as when it is set; back, where negative.
    pub(crate) fn set(&self, seconds: i64) {
        self.unix.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn advance(&self, seconds: u64) {
        *self.uptime.lock().unwrap() += Duration::from_secs(seconds);
        self.unix
            .fetch_add(i64::try_from(seconds).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn uptime(&self) -> Duration {
        *self.uptime.lock().unwrap()
    }

    fn unix(&self) -> i64 {
        // 2023-11-15T07:13:20+09:00.
        1_700_000_000 + self.unix.load(Ordering::SeqCst)
    }
}

#[derive(Default)]
pub(crate) struct Noted(Mutex<Vec<Event>>);

impl Noted {
    pub(crate) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Events for Noted {
    fn note(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

/// A service over a place, with handles to what surrounds it.
pub(crate) struct World {
    pub(crate) place: Place,
    pub(crate) vrs: Arc<Vrs>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) events: Arc<Noted>,
    pub(crate) statement: ed25519_dalek::VerifyingKey,
    pub(crate) refused: std::path::PathBuf,
}

impl World {
    pub(crate) async fn new() -> Self {
        let place = Place::new(&MUNICIPALITIES).await;
        let refused = place.folders.data.join("refused-signers.txt");
        std::fs::write(&refused, "# nobody\nend\n").unwrap();
        let clock = Arc::new(TestClock::default());
        let events = Arc::new(Noted::default());
        let (vrs, statement) = service(
            &place,
            &refused,
            &clock,
            &events,
            Binding::Required,
            Lifetimes::MAX,
        );
        Self {
            place,
            vrs,
            clock,
            events,
            statement,
            refused,
        }
    }

    /// Another process over the same files.
    pub(crate) fn restarted(&self) -> Arc<Vrs> {
        self.restarted_with(Binding::Required)
    }

    /// As [`Self::restarted`], believing cards that are bound like this.
    pub(crate) fn restarted_with(&self, binding: Binding) -> Arc<Vrs> {
        self.again(binding, Lifetimes::MAX)
    }

    /// As [`Self::restarted`], with reservations that last so many seconds.
    pub(crate) fn restarted_reserving(&self, seconds: u64) -> Arc<Vrs> {
        let reservation = Duration::from_secs(seconds);
        self.again(
            Binding::Required,
            Lifetimes {
                reservation,
                ..Lifetimes::MAX
            },
        )
    }

    fn again(&self, binding: Binding, lifetimes: Lifetimes) -> Arc<Vrs> {
        let (vrs, _) = service(
            &self.place,
            &self.refused,
            &self.clock,
            &self.events,
            binding,
            lifetimes,
        );
        vrs
    }

    /// An application up to its ticket.
    pub(crate) fn apply(&self, number: &IndividualNumber) -> Application {
        let mut application = Application::new(number);
        application.prove(&self.vrs).unwrap();
        application
    }
}

fn service(
    place: &Place,
    refused: &std::path::Path,
    clock: &Arc<TestClock>,
    events: &Arc<Noted>,
    binding: Binding,
    lifetimes: Lifetimes,
) -> (Arc<Vrs>, ed25519_dalek::VerifyingKey) {
    let key = place.folders.keys.join("statement.pem");
    if !key.exists() {
        StatementKey::create(&key, Environment::Emulator).unwrap();
    }
    let statement = StatementKey::load(&key, Environment::Emulator).unwrap();
    let public = statement.public();
    let vrs = Vrs::new(Parts {
        id: "vrs-1".parse().unwrap(),
        centers: vec![center("center-1")],
        lifetimes,
        divisions: Divisions::new(place.folders.clone(), &MUNICIPALITIES.map(code)),
        trust: TrustStore::new(
            Environment::Emulator,
            [ApRole::Text, ApRole::Surface].map(anchor),
        )
        .unwrap(),
        binding,
        refused: RefusedSigners::load(refused).unwrap(),
        statement,
        clock: clock.clone(),
        events: events.clone(),
    });
    (Arc::new(vrs), public)
}

/// One resident at one terminal.
#[derive(Clone)]
pub(crate) struct Application {
    pub(crate) number: Arc<IndividualNumber>,
    pub(crate) surface: Surface,
    pub(crate) center: CenterId,
    pub(crate) terminal: TerminalUrn,
    pub(crate) exporter: Array<32>,
    pub(crate) session: SigningKey,
    pub(crate) ticket: Blob,
}

impl Application {
    pub(crate) fn new(number: &IndividualNumber) -> Self {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).unwrap();
        Self {
            number: Arc::new(number.expose().try_into().unwrap()),
            surface: Surface::Sound,
            center: center("center-1"),
            terminal: "urn:shomei:terminal:kiosk:dev:0001".parse().unwrap(),
            exporter: Array::new([9; 32]),
            session: SigningKey::from_bytes(&seed),
            ticket: Blob::new(Vec::new()),
        }
    }

    pub(crate) fn evidence(&self, nonce: &Blob) -> EvidenceRequest {
        let session_key = self.session.verifying_key().to_bytes();
        let context = Context {
            center_nonce: [5; 32],
            vrs_nonce: nonce.as_bytes(),
            center: self.center.as_str(),
            vrs: "vrs-1",
            terminal: self.terminal.as_str(),
            exporter: *self.exporter.as_bytes(),
            session_key,
        };
        EvidenceRequest {
            center_nonce: Array::new([5; 32]),
            vrs_nonce: nonce.clone(),
            terminal: self.terminal.clone(),
            exporter: self.exporter.clone(),
            session_key: Array::new(session_key),
            evidence: PersonalBytes::new(
                evidence(&self.number, &context, self.surface)
                    .encode()
                    .to_vec(),
            ),
        }
    }

    pub(crate) fn prove(&mut self, vrs: &Vrs) -> Result<(), ProblemCode> {
        let nonce = vrs.nonce(&self.center).nonce;
        self.ticket = vrs.evidence(&self.center, &self.evidence(&nonce))?.ticket;
        Ok(())
    }

    pub(crate) fn inquiry(&self, municipality: &str) -> InquiryRequest {
        self.inquiry_of(municipality, "covid-19")
    }

    pub(crate) fn inquiry_of(&self, municipality: &str, programme: &str) -> InquiryRequest {
        self.inquiry_for(municipality, programme, CertificateKind::Domestic, None)
    }

    pub(crate) fn inquiry_abroad(&self, passport: Option<PassportMrz>) -> InquiryRequest {
        self.inquiry_for(HOME, "covid-19", CertificateKind::Abroad, passport)
    }

    fn inquiry_for(
        &self,
        municipality: &str,
        programme: &str,
        kind: CertificateKind,
        passport: Option<PassportMrz>,
    ) -> InquiryRequest {
        let programme = programme.parse().unwrap();
        let message = inquiry_message(
            &self.ticket,
            &programme,
            &code(municipality),
            kind,
            passport.as_ref().map(PassportMrz::digest).as_ref(),
            &self.exporter,
        );
        InquiryRequest {
            ticket: self.ticket.clone(),
            terminal: self.terminal.clone(),
            exporter: self.exporter.clone(),
            programme,
            municipality: code(municipality),
            kind,
            passport: passport.map(Arc::new),
            proof: self.sign(&message),
        }
    }

    pub(crate) async fn ask(&self, vrs: &Vrs, municipality: &str) -> Result<Finding, ProblemCode> {
        vrs.inquiry(&self.center, &self.inquiry(municipality)).await
    }

    /// A certificate of the sealed state of this id.
    pub(crate) fn registration(&self, id: u8) -> RegisterRequest {
        self.registration_under(id, id)
    }

    pub(crate) fn registration_under(&self, state: u8, id: u8) -> RegisterRequest {
        let state_digest = Array::new([state; 32]);
        let message = issue_message(IssueIntent::Issue, &state_digest, &self.exporter);
        RegisterRequest {
            ticket: self.ticket.clone(),
            terminal: self.terminal.clone(),
            exporter: self.exporter.clone(),
            proof: self.sign(&message),
            state_digest,
            certificate: Registration {
                certificate_id: certificate_id(id),
                programme: "covid-19".parse().unwrap(),
                municipality: code(HOME),
                kind: CertificateKind::Domestic,
                kid: "k".repeat(43).parse().unwrap(),
                record_version: 1,
                content_digest: Array::new([id; 32]),
                issued_on: "2023-11-15".parse().unwrap(),
                passport: None,
            },
        }
    }

    pub(crate) async fn register(&self, vrs: &Vrs, id: u8) -> Result<Receipt, ProblemCode> {
        vrs.register(&self.center, &self.registration(id)).await
    }

    pub(crate) fn delivery(&self, id: u8) -> DeliveredRequest {
        let state_digest = Array::new([id; 32]);
        let message = issue_message(IssueIntent::Delivered, &state_digest, &self.exporter);
        DeliveredRequest {
            ticket: self.ticket.clone(),
            terminal: self.terminal.clone(),
            exporter: self.exporter.clone(),
            proof: self.sign(&message),
            state_digest,
            municipality: code(HOME),
            certificate_id: certificate_id(id),
        }
    }

    pub(crate) async fn delivered(
        &self,
        vrs: &Vrs,
        id: u8,
    ) -> Result<DeliveredAnswer, ProblemCode> {
        vrs.delivered(&self.center, &self.delivery(id)).await
    }

    fn sign(&self, message: &[u8]) -> Array<64> {
        Array::new(self.session.sign(message).to_bytes())
    }
}

pub(crate) fn certificate_id(id: u8) -> CertificateId {
    CertificateId::from_mac(&[id; 32])
}
