//! Card, center, output and resident in memory. The center checks every signature of the session key, as the real ones do.

use std::collections::VecDeque;
use std::future::pending;

use card::certificate::Certificate as SignerCertificate;
use card::evidence::{Evidence, SurfacePart, TextFiles};
use card::key::Signature;
use card::pin::Pin;
use card::surface_ap::AgeRecord;
use card::text_ap::{AttributesFile, CardKeyFile, IntegrityFile, NumberFile};
use ed25519_dalek::VerifyingKey;
use issuance_api::terminal::{
    Challenge, DeliveredAnswer, DeliveredRequest, EvidenceAnswer, EvidenceRequest, Hours,
    InquiryAnswer, InquiryRequest, IssueAnswer, IssueRequest, Menu, MunicipalityOffer, Preview,
    ProgrammeOffer,
};
use issuance_api::{
    Array, Blob, CertificateKind, IssueIntent, Personal, Problem, ProblemCode, inquiry_message,
    issue_message, passport::PassportMrz,
};
use sha2::{Digest, Sha256};
use tokio::time::sleep;

use super::super::*;
use crate::cabinet::{PaymentError, SensorError};
use crate::handover::qr_text;
use crate::handover::sealing::Sealer;
pub(crate) use crate::handover::testing::said;
use crate::handover::testing::{Maker, attributes, page, preview};
use crate::handover::{Certificate, Issuer};
use crate::output::{OutputError, Undelivered};
use crate::ports::{Question, Reading};

/// A terminal in memory.
pub(crate) type TestTerminal = Terminal<TestCenter, TestCard, TestOutput, TestPayment, TestSensor>;

/// The one PIN of these cards.
pub(crate) const PIN: [u8; 4] = *b"1234";
/// Where the records are.
pub(crate) const HOME: &str = "132217";
const EXPORTER: [u8; 32] = [3; 32];
const STATE: &[u8] = b"sealed state";
const STATE_ABROAD: &[u8] = b"sealed state, abroad";

/// Follows a script of results, and succeeds when it is through.
#[derive(Debug)]
pub(crate) struct Script<E>(VecDeque<Option<E>>);

impl<E> Default for Script<E> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<E> Script<E> {
    /// Fails in these ways first.
    pub(crate) fn failing(failures: impl IntoIterator<Item = E>) -> Self {
        Self(failures.into_iter().map(Some).collect())
    }

    /// Succeeds once, then fails once.
    pub(crate) fn then_failing(failure: E) -> Self {
        Self([None, Some(failure)].into())
    }

    fn next(&mut self) -> Result<(), E> {
        self.0.pop_front().flatten().map_or(Ok(()), Err)
    }
}

/// A card and its reader.
#[derive(Debug)]
pub(crate) struct TestCard {
    pub(crate) there: bool,
    /// Left lying when it should be taken.
    pub(crate) forgotten: bool,
    /// Whether the service knows of cards.
    pub(crate) service: Script<ProblemCode>,
    /// Its last day is over.
    pub(crate) expired: bool,
    /// Its surface AP goes along.
    pub(crate) bound: bool,
    pub(crate) tries: u8,
    pub(crate) held: bool,
    /// VERIFY commands so far.
    pub(crate) verifies: u32,
}

impl Card for TestCard {
    async fn open(&mut self, within: Duration) -> Result<u8, ProblemCode> {
        if !self.there {
            sleep(within).await;
            return Err(ProblemCode::NoCard);
        }
        if self.expired {
            return Err(ProblemCode::CardExpired);
        }
        self.held = true;
        Ok(self.tries)
    }

    async fn read(&mut self, pin: Pin, _: Question) -> Result<Reading, ProblemCode> {
        assert!(self.held, "a card is opened before it is read");
        self.verifies += 1;
        if *pin.expose() == PIN {
            self.tries = 3;
            return Ok(Reading::Read(Box::new(evidence(self.bound))));
        }
        self.tries -= 1;
        match self.tries {
            0 => Err(ProblemCode::PinBlocked),
            remaining => Ok(Reading::Wrong { remaining }),
        }
    }

    async fn gone(&mut self, within: Duration) -> Result<(), ProblemCode> {
        self.held = false;
        self.service.next()?;
        if self.forgotten {
            sleep(within).await;
            return Err(ProblemCode::TimedOut);
        }
        Ok(())
    }

    async fn close(&mut self) {
        self.held = false;
    }
}

/// What a test card tells, with the holder of `handover::testing`. Its signatures are a test card's and fit nothing:
/// the terminal judges none of them.
fn evidence(bound: bool) -> Evidence {
    let number = include_bytes!("../../../../card/tests/vectors/text-ap/text-0001.bin");
    let integrity = include_bytes!("../../../../card/tests/vectors/text-ap/text-0003.bin");
    let certificate = include_bytes!("../../../../card/tests/vectors/text-ap/text-0004.bin");
    let card_key = include_bytes!("../../../../card/tests/vectors/text-ap/text-0007.bin");
    let files = TextFiles {
        number: NumberFile::decode(number).unwrap(),
        attributes: AttributesFile::of(attributes("架空　花子", (1980, 2, 17))),
        integrity: IntegrityFile::decode(integrity).unwrap(),
        certificate: SignerCertificate::decode(certificate).unwrap(),
        card_key: CardKeyFile::decode(card_key).unwrap(),
    };
    let record = include_bytes!("../../../../card/tests/vectors/surface-ap/surface-0001.bin");
    let certificate = include_bytes!("../../../../card/tests/vectors/surface-ap/surface-0004.bin");
    let answer = || Signature::from([0; 256]);
    let surface = bound.then(|| SurfacePart {
        age_record: AgeRecord::decode(record).unwrap(),
        certificate: SignerCertificate::decode(certificate).unwrap(),
        answer: answer(),
    });
    Evidence::new(files, answer(), surface)
}

/// What comes for a preview; `Maker::answer` is what should.
pub(crate) type Answer = fn(&Maker, &Preview) -> IssueAnswer;

/// A center, and the record system behind it.
pub(crate) struct TestCenter {
    pub(crate) maker: Maker,
    pub(crate) menu: Menu,
    /// What is offered from the second time on that it is asked, where that is something else.
    pub(crate) later: Option<Menu>,
    pub(crate) menus: Script<Problem>,
    pub(crate) preview: Preview,
    /// For abroad, where that is offered.
    pub(crate) abroad: Option<(Preview, Sealer)>,
    pub(crate) answer: Answer,
    /// Believes cards that the surface AP does not bind.
    pub(crate) takes_unbound: bool,
    pub(crate) challenges: Script<Problem>,
    pub(crate) inquiries: Script<Problem>,
    pub(crate) issues: Script<Problem>,
    pub(crate) reports: Script<Problem>,
    /// Names of the requests so far.
    pub(crate) asked: Vec<&'static str>,
    session: Option<VerifyingKey>,
}

impl TestCenter {
    pub(crate) fn count(&self, request: &str) -> usize {
        self.asked.iter().filter(|asked| **asked == request).count()
    }

    fn check(&self, message: &[u8], proof: &Array<64>) {
        let key = self.session.expect("evidence comes first");
        let proof = proof.as_bytes().into();
        key.verify_strict(message, &proof)
            .expect("the session key signed this");
    }

    fn check_state(&self, intent: IssueIntent, state: &Blob, proof: &Array<64>) {
        let digest = Array::new(Sha256::digest(state.as_bytes()).into());
        self.check(&issue_message(intent, &digest, &EXPORTER.into()), proof);
    }
}

impl Center for TestCenter {
    async fn menu(&mut self) -> Result<Menu, Problem> {
        self.menus.next()?;
        let later = self.later.as_ref().filter(|_| self.count("menu") > 0);
        let menu = later.unwrap_or(&self.menu).clone();
        self.asked.push("menu");
        Ok(menu)
    }

    async fn challenge(&mut self) -> Result<(Challenge, Array<32>), Problem> {
        self.asked.push("challenge");
        self.challenges.next()?;
        let challenge = Challenge {
            center_nonce: Array::new([1; 32]),
            vrs_nonce: Blob::new(b"nonce".to_vec()),
            center: "center-1".parse().unwrap(),
            vrs: "vrs-1".parse().unwrap(),
            expires_in_seconds: 60,
        };
        Ok((challenge, EXPORTER.into()))
    }

    async fn evidence(&mut self, request: EvidenceRequest) -> Result<EvidenceAnswer, Problem> {
        self.asked.push("evidence");
        self.session = VerifyingKey::from_bytes(request.session_key.as_bytes()).ok();
        let bound = Evidence::decode(request.evidence.as_bytes())
            .unwrap()
            .has_surface();
        let sent = evidence(bound).encode();
        assert_eq!(request.evidence.as_bytes(), sent.as_slice());
        if !bound && !self.takes_unbound {
            return Err(ProblemCode::CardBindingMissing.into());
        }
        Ok(EvidenceAnswer {
            ticket: Blob::new(b"ticket".to_vec()),
            expires_in_seconds: 600,
        })
    }

    async fn inquiry(
        &mut self,
        request: impl Fn(&Array<32>) -> InquiryRequest + Send + Sync,
    ) -> Result<InquiryAnswer, Problem> {
        self.asked.push("inquiry");
        let request = request(&EXPORTER.into());
        let message = inquiry_message(
            &request.ticket,
            &request.programme,
            &request.municipality,
            request.kind,
            request.passport.as_ref().map(PassportMrz::digest).as_ref(),
            &EXPORTER.into(),
        );
        self.check(&message, &request.proof);
        self.inquiries.next()?;
        let (preview, state) = match (request.kind, &self.abroad) {
            (CertificateKind::Abroad, Some((preview, _))) => (preview, STATE_ABROAD),
            _ => (&self.preview, STATE),
        };
        Ok(InquiryAnswer {
            preview: preview.clone(),
            state: Blob::new(state.to_vec()),
            expires_in_seconds: 900,
        })
    }

    async fn issue(
        &mut self,
        request: impl Fn(&Array<32>) -> IssueRequest + Send + Sync,
    ) -> Result<IssueAnswer, Problem> {
        self.asked.push("issue");
        let request = request(&EXPORTER.into());
        self.check_state(IssueIntent::Issue, &request.state, &request.proof);
        self.issues.next()?;
        match (&self.abroad, request.state.as_bytes()) {
            (Some((preview, sealer)), STATE_ABROAD) => {
                let mut answer = (self.answer)(&self.maker, preview);
                let seal = sealer.seal(preview, &answer.certificate_id);
                let texts = [&*qr_text(answer.jws.expose()), &*seal];
                answer.page = Blob::new(page(&texts));
                answer.vds_nc = Some(Personal::new(seal));
                Ok(answer)
            }
            (_, STATE) => Ok((self.answer)(&self.maker, &self.preview)),
            _ => panic!("no state that was given out"),
        }
    }

    async fn delivered(
        &mut self,
        request: impl Fn(&Array<32>) -> DeliveredRequest + Send + Sync,
    ) -> Result<DeliveredAnswer, Problem> {
        self.asked.push("delivered");
        let request = request(&EXPORTER.into());
        self.check_state(IssueIntent::Delivered, &request.state, &request.proof);
        self.reports.next()?;
        Ok(DeliveredAnswer {})
    }
}

/// A payment unit, and where the money is.
#[derive(Debug, Default)]
pub(crate) struct TestPayment {
    /// What the resident puts in, a coin a second.
    pub(crate) coins: VecDeque<u32>,
    pub(crate) ready: Script<PaymentError>,
    pub(crate) held: u32,
    pub(crate) returned: u32,
    pub(crate) settled: u32,
}

impl PaymentUnit for TestPayment {
    fn is_fitted(&self) -> bool {
        true
    }

    async fn ready(&mut self) -> Result<(), PaymentError> {
        self.ready.next()
    }

    async fn collect(
        &mut self,
        due: Yen,
        inserted: &mut (dyn FnMut(Yen) + Send),
    ) -> Result<(), PaymentError> {
        while self.held < due.get() {
            sleep(Duration::from_secs(1)).await;
            let Some(coin) = self.coins.pop_front() else {
                return pending().await;
            };
            self.held += coin;
            inserted(Yen::new(self.held));
        }
        self.returned += self.held - due.get();
        self.held = due.get();
        Ok(())
    }

    async fn give_back(&mut self) -> Result<(), PaymentError> {
        self.returned += std::mem::take(&mut self.held);
        Ok(())
    }

    async fn refund(&mut self, amount: Yen) -> Result<(), PaymentError> {
        self.held -= amount.get();
        self.returned += amount.get();
        Ok(())
    }

    async fn settle(&mut self) -> Result<(), PaymentError> {
        self.settled += std::mem::take(&mut self.held);
        Ok(())
    }
}

/// A sensor of a place that is left alone for a while.
#[derive(Debug, Default)]
pub(crate) struct TestSensor {
    pub(crate) fitted: bool,
    /// How long something lies there.
    pub(crate) lies: Duration,
    pub(crate) broken: bool,
}

impl Sensor for TestSensor {
    fn is_fitted(&self) -> bool {
        self.fitted
    }

    async fn occupied(&mut self) -> Result<bool, SensorError> {
        Ok(!self.lies.is_zero())
    }

    async fn cleared(&mut self, within: Duration) -> Result<(), SensorError> {
        if self.broken {
            return Err(SensorError::Failed);
        }
        sleep(self.lies.min(within)).await;
        self.lies -= self.lies.min(within);
        if self.lies.is_zero() {
            Ok(())
        } else {
            Err(SensorError::TimedOut)
        }
    }

    async fn filled(&mut self, _: Duration) -> Result<(), SensorError> {
        Ok(())
    }
}

/// Paper.
#[derive(Debug, Default)]
pub(crate) struct TestOutput {
    pub(crate) settled: Script<OutputError>,
    pub(crate) ready: Script<OutputError>,
    pub(crate) deliveries: Script<OutputError>,
    /// Copies that come out of a delivery that fails.
    pub(crate) out: u8,
    /// Pages that came out, with what their QR says and in how many copies.
    pub(crate) paper: Vec<(Vec<u8>, String, u8)>,
}

impl Output for TestOutput {
    async fn settled(&mut self) -> Result<(), OutputError> {
        self.settled.next()
    }

    async fn ready(&mut self, _: u8) -> Result<(), OutputError> {
        self.ready.next()
    }

    async fn deliver(&mut self, certificate: &Certificate) -> Result<(), Undelivered> {
        let failed = |why| Undelivered { why, out: self.out };
        self.deliveries.next().map_err(failed)?;
        let text = certificate.qr_text().to_string();
        self.paper
            .push((certificate.page().to_vec(), text, certificate.copies()));
        Ok(())
    }

    async fn abandon(&mut self) {}
}

/// What a resident does at a view.
pub(crate) enum Does {
    /// What the view asks for.
    AsAsked,
    /// These, one after the other.
    This(Vec<Intent>),
    /// These, so long after one another.
    Slowly(Duration, Vec<Intent>),
    /// Nothing.
    Nothing,
}

/// Somebody at the screen: does what is asked, except where `otherwise` says so.
pub(crate) struct Resident<F> {
    /// Views shown so far, each in a few words.
    pub(crate) seen: Vec<String>,
    otherwise: F,
    next: VecDeque<Intent>,
    hesitates: Duration,
}

impl<F: FnMut(&str) -> Does + Send> Resident<F> {
    pub(crate) fn who(otherwise: F) -> Self {
        Self {
            seen: Vec::new(),
            otherwise,
            next: VecDeque::new(),
            hesitates: Duration::ZERO,
        }
    }
}

impl<F: FnMut(&str) -> Does + Send> FrontEnd for Resident<F> {
    fn show(&mut self, view: &View<'_>) {
        let words = words(view);
        self.hesitates = Duration::ZERO;
        self.next = match (self.otherwise)(&words) {
            Does::Slowly(hesitates, intents) => {
                self.hesitates = hesitates;
                intents.into()
            }
            Does::AsAsked => asked(view).into_iter().collect(),
            Does::This(intents) => intents.into(),
            Does::Nothing => VecDeque::new(),
        };
        self.seen.push(words);
    }

    async fn intent(&mut self) -> Intent {
        if !self.hesitates.is_zero() {
            sleep(self.hesitates).await;
        }
        match self.next.pop_front() {
            Some(intent) => intent,
            None => pending().await,
        }
    }
}

fn words(view: &View<'_>) -> String {
    match view {
        View::Menu(_) => "menu".to_owned(),
        View::PlaceCard => "place card".to_owned(),
        View::Pin { remaining } => format!("pin, {remaining} left"),
        View::Reading => "reading".to_owned(),
        View::TakeCard => "take card".to_owned(),
        View::CardLeft => "card left".to_owned(),
        View::Kind(_) => "kind".to_owned(),
        View::Passport => "passport".to_owned(),
        View::Municipality { .. } => "municipality".to_owned(),
        View::Preview(_) => "preview".to_owned(),
        View::Fee { due, inserted } => format!("fee, {inserted} of {due}"),
        View::TakePaper => "take paper".to_owned(),
        View::Issuing => "issuing".to_owned(),
        View::Delivering => "delivering".to_owned(),
        View::TryAgain => "try again".to_owned(),
        View::Done { reported: true } => "done".to_owned(),
        View::Done { reported: false } => "done, not reported".to_owned(),
        View::OutOfService(closed) => match &closed.says {
            None => words(&View::Problem(&closed.problem)),
            Some(Says::Words(said)) => format!("{}: {}", closed.problem.code.as_str(), said.en),
            Some(Says::Hours(Hours { open, close })) => {
                format!("{}: {open} to {close}", closed.problem.code.as_str())
            }
        },
        View::Problem(problem) => match (problem.remaining, problem.printed) {
            (Some(remaining), _) => format!("{}, {remaining} left", problem.code.as_str()),
            (_, Some(printed)) => format!("{}, {printed} out", problem.code.as_str()),
            _ => problem.code.as_str().to_owned(),
        },
    }
}

fn asked(view: &View<'_>) -> Option<Intent> {
    Some(match view {
        View::Menu(_) => apply(),
        View::Pin { .. } => pin(PIN),
        View::Kind(_) => Intent::Kind(CertificateKind::Domestic),
        View::Municipality { .. } => choose(HOME),
        View::Preview(_) | View::TryAgain => Intent::Go,
        _ => return None,
    })
}

pub(crate) fn apply() -> Intent {
    Intent::Apply(preview().programme)
}

pub(crate) fn pin(digits: [u8; 4]) -> Intent {
    Intent::Pin(Pin::try_from(&digits[..]).unwrap())
}

pub(crate) fn choose(code: &str) -> Intent {
    Intent::Municipality {
        code: code.parse().unwrap(),
        copies: 1,
    }
}

/// A terminal with everything as it should be.
pub(crate) fn terminal() -> TestTerminal {
    let maker = Maker::new(1);
    let issuer: Issuer = maker.issuer();
    Terminal {
        urn: "urn:shomei:terminal:kiosk:dev:0001".parse().unwrap(),
        center: TestCenter {
            maker,
            menu: menu(),
            later: None,
            menus: Script::default(),
            preview: preview(),
            abroad: None,
            answer: Maker::answer,
            takes_unbound: false,
            challenges: Script::default(),
            inquiries: Script::default(),
            issues: Script::default(),
            reports: Script::default(),
            asked: Vec::new(),
            session: None,
        },
        card: TestCard {
            there: true,
            forgotten: false,
            service: Script::default(),
            expired: false,
            bound: true,
            tries: 3,
            held: false,
            verifies: 0,
        },
        output: TestOutput::default(),
        cabinet: Cabinet {
            slot: TestSensor::default(),
            tray: TestSensor::default(),
            payment: TestPayment::default(),
            fee: None,
        },
        issuer,
        latch: Latch::new(),
        patience: Patience {
            menu: Duration::from_secs(600),
            card: Duration::from_secs(60),
            input: Duration::from_secs(90),
            removal: Duration::from_secs(60),
        },
        reads_passports: false,
    }
}

pub(crate) fn menu() -> Menu {
    let municipality = |code: &str| MunicipalityOffer {
        code: code.parse().unwrap(),
        prefecture: "東京都".to_owned(),
        prefecture_en: "Tokyo".to_owned(),
        name: "市".to_owned(),
        reading: "し".to_owned(),
        name_en: "City".to_owned(),
        kinds: vec![CertificateKind::Domestic],
    };
    Menu {
        center: "center-1".parse().unwrap(),
        programmes: vec![ProgrammeOffer {
            id: preview().programme,
            name: said("COVID-19"),
            municipalities: vec![municipality(HOME), municipality("131016")],
        }],
        hours: Hours {
            open: "00:00".to_owned(),
            close: "24:00".to_owned(),
        },
        notices: Vec::new(),
        maintenance: None,
    }
}
