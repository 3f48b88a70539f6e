//! Card, center, output and resident in memory.

use std::collections::VecDeque;
use std::future::pending;

use card::certificate::Certificate as SignerCertificate;
use card::evidence::{Evidence, SurfacePart, TextFiles};
use card::key::Signature;
use card::pin::Pin;
use card::surface_ap::AgeRecord;
use card::text_ap::{AttributesFile, CardKeyFile, IntegrityFile, NumberFile};
use issuance_api::terminal::{Hours, Menu, MunicipalityOffer, ProgrammeOffer};
use issuance_api::{CertificateKind, ProblemCode};
use tokio::time::sleep;

use super::super::*;
use crate::cabinet::{PaymentError, SensorError};
pub(crate) use crate::handover::testing::said;
use crate::handover::testing::{Maker, attributes, preview};
use crate::handover::{Certificate, Issuer};
use crate::output::{OutputError, Undelivered};
use crate::ports::{Question, Reading};

mod center;
pub(crate) use center::{Answer, TestCenter};

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
    /// Lifted so long after it was opened or the PIN was wrong, if at all.
    pub(crate) lifted_after: Option<Duration>,
    /// Otherwise taken so long after it may be.
    pub(crate) taken_after: Duration,
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

    async fn lifted(&mut self) -> ProblemCode {
        assert!(self.held, "a card is opened before it is lifted");
        match self.lifted_after {
            Some(after) => sleep(after).await,
            None => pending().await,
        }
        self.held = false;
        ProblemCode::CardLifted
    }

    async fn gone(&mut self, within: Duration) -> Result<(), ProblemCode> {
        self.held = false;
        self.service.next()?;
        if self.forgotten {
            sleep(within).await;
            return Err(ProblemCode::TimedOut);
        }
        sleep(self.taken_after).await;
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
        attributes: AttributesFile::of(&attributes("架空　花子", (1980, 2, 17))),
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

/// A payment unit, and where the money is.
#[derive(Debug, Default)]
pub(crate) struct TestPayment {
    /// What the resident puts in, a coin a second.
    pub(crate) coins: VecDeque<u32>,
    pub(crate) ready: Script<PaymentError>,
    /// What is inserted first comes out again.
    pub(crate) collects: Script<PaymentError>,
    pub(crate) refunds: Script<PaymentError>,
    pub(crate) gives_back: Script<PaymentError>,
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
        self.collects.next()?;
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
        self.gives_back.next()?;
        self.returned += std::mem::take(&mut self.held);
        Ok(())
    }

    async fn refund(&mut self, amount: Yen) -> Result<(), PaymentError> {
        self.refunds.next()?;
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
    /// What is waited for there comes so long after, each time it is; at once, after the last.
    pub(crate) comes: VecDeque<Duration>,
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

    async fn filled(&mut self, within: Duration) -> Result<(), SensorError> {
        if self.broken {
            return Err(SensorError::Failed);
        }
        let Some(after) = self.comes.pop_front() else {
            return Ok(());
        };
        sleep(after.min(within)).await;
        if after > within {
            return Err(SensorError::TimedOut);
        }
        Ok(())
    }
}

/// Paper.
#[derive(Debug, Default)]
pub(crate) struct TestOutput {
    pub(crate) settled: Script<OutputError>,
    pub(crate) ready: Script<OutputError>,
    pub(crate) deliveries: Script<OutputError>,
    /// How long a delivery takes.
    pub(crate) takes: Duration,
    /// Whether it counts the copies that come out.
    pub(crate) counts: bool,
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

    async fn deliver(
        &mut self,
        certificate: &Certificate,
        out: &mut (dyn FnMut(u8) + Send),
    ) -> Result<(), Undelivered> {
        sleep(self.takes).await;
        let failed = |why| Undelivered { why, out: self.out };
        self.deliveries.next().map_err(failed)?;
        if self.counts {
            (1..=certificate.copies()).for_each(out);
        }
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
        View::Checking => "checking".to_owned(),
        View::CardLeft => "card left".to_owned(),
        View::PaperLeft => "paper left".to_owned(),
        View::Kind(_) => "kind".to_owned(),
        View::OtherKind(_) => "other kind".to_owned(),
        View::Passport => "passport".to_owned(),
        View::Municipality { .. } => "municipality".to_owned(),
        View::Preview(_) => "preview".to_owned(),
        View::Fee { due, inserted } => format!("fee, {inserted} of {due}"),
        View::LookingUp => "looking up".to_owned(),
        View::TakePaper { reported: false } => "take paper".to_owned(),
        View::TakePaper { reported: true } => "take paper, reported".to_owned(),
        View::Reporting => "reporting".to_owned(),
        View::Issuing => "issuing".to_owned(),
        View::Delivering { out: 0, .. } => "delivering".to_owned(),
        View::Delivering { out, of } => format!("delivering, {out} of {of} out"),
        View::TryAgain => "try again".to_owned(),
        View::Done(ended) => {
            let mut words = "done".to_owned();
            for (is_so, what) in [
                (!ended.reported, ", not reported"),
                (ended.taken, ", taken"),
                (ended.returned, ", money returned"),
                (ended.stuck, ", money stuck"),
            ] {
                words.push_str(if is_so { what } else { "" });
            }
            words
        }
        View::OutOfService(closed) => match &closed.says {
            None => words(&View::Problem(&closed.problem)),
            Some(Says::Words(said)) => format!("{}: {}", closed.problem.code.as_str(), said.en),
            Some(Says::Hours(Hours { open, close })) => {
                format!("{}: {open} to {close}", closed.problem.code.as_str())
            }
        },
        View::Problem(problem) | View::Over(problem) => {
            match (problem.remaining, problem.printed) {
                (Some(remaining), _) => format!("{}, {remaining} left", problem.code.as_str()),
                (_, Some(printed)) => format!("{}, {printed} out", problem.code.as_str()),
                _ => problem.code.as_str().to_owned(),
            }
        }
    }
}

fn asked(view: &View<'_>) -> Option<Intent> {
    Some(match view {
        View::Menu(_) => apply(),
        View::Pin { .. } => pin(PIN),
        View::Kind(_) | View::OtherKind(_) => Intent::Kind(CertificateKind::Domestic),
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

pub(crate) fn choose_copies(copies: u8) -> Intent {
    Intent::Municipality {
        code: HOME.parse().unwrap(),
        copies,
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
            ponders: ("", Duration::ZERO),
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
            lifted_after: None,
            taken_after: Duration::ZERO,
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
    let municipality = |code: &str, [name, reading, name_en]: [&str; 3]| MunicipalityOffer {
        code: code.parse().unwrap(),
        prefecture: "東京都".to_owned(),
        prefecture_en: "Tokyo".to_owned(),
        name: name.to_owned(),
        reading: reading.to_owned(),
        name_en: name_en.to_owned(),
        kinds: vec![CertificateKind::Domestic],
    };
    Menu {
        center: "center-1".parse().unwrap(),
        programmes: vec![ProgrammeOffer {
            id: preview().programme,
            name: said("COVID-19"),
            municipalities: vec![
                municipality(HOME, ["清瀬市", "きよせし", "Kiyose City"]),
                municipality("131016", ["千代田区", "ちよだく", "Chiyoda City"]),
            ],
        }],
        hours: Hours {
            open: "00:00".to_owned(),
            close: "24:00".to_owned(),
        },
        notices: Vec::new(),
        maintenance: None,
    }
}
