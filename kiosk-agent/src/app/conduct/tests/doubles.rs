//! A resident at a page, a center and a card in memory; the wallet is a real one.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use issuance_api::passport::{PassportData, PassportMrz};
use issuance_api::terminal::{
    Challenge, DeliveredAnswer, DeliveredRequest, EvidenceAnswer, EvidenceRequest, InquiryAnswer,
    InquiryRequest, IssueAnswer, IssueRequest, Menu,
};
use issuance_api::{Array, CertificateKind, Problem, ProblemCode, TerminalUrn};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Mutex, Semaphore, oneshot};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::app::apart::tests::script;
use crate::app::conduct::{App, Gate, ReadsPassports};
use crate::app::desk::{Content, Desk, Intent, Shown, Taken};
use crate::app::front::Front;
use crate::app::passports::PassportProgram;
use crate::app::picture::Picture;
use crate::app::porter::OpenWallet;
use crate::app::scanner::Scanner;
use crate::app::verifying::{VerifyConfig, Verifying};
use crate::app::wallet::{Damage, DeviceKey, Secret, Wallet};
use crate::conduct::tests::doubles::{PIN, TestCard, TestCenter, menu, terminal};
use crate::config::IssuerConfig;
use crate::handover::sealing::{Sealer, passport, preview_abroad};
use crate::handover::testing::ISS;
use crate::latch::Latch;
use crate::ports::{Card, Center};
use sight::passport::ReadError;

/// Longer than anything takes here.
const LONG: Duration = Duration::from_secs(10);

/// A center that can be looked into.
pub(super) struct Shared(Arc<Mutex<TestCenter>>);

pub(super) struct TestGate(Arc<Mutex<TestCenter>>);

impl Gate for TestGate {
    type Center = Shared;

    async fn enter(&mut self) -> Result<(Shared, TerminalUrn), Problem> {
        let urn = "urn:shomei:terminal:app:dev:0001".parse().unwrap();
        Ok((Shared(Arc::clone(&self.0)), urn))
    }
}

impl Center for Shared {
    async fn menu(&mut self) -> Result<Menu, Problem> {
        self.0.lock().await.menu().await
    }

    async fn challenge(&mut self) -> Result<(Challenge, Array<32>), Problem> {
        self.0.lock().await.challenge().await
    }

    async fn evidence(&mut self, request: EvidenceRequest) -> Result<EvidenceAnswer, Problem> {
        self.0.lock().await.evidence(request).await
    }

    async fn inquiry(
        &mut self,
        request: impl Fn(&Array<32>) -> InquiryRequest + Send + Sync,
    ) -> Result<InquiryAnswer, Problem> {
        self.0.lock().await.inquiry(request).await
    }

    async fn issue(
        &mut self,
        request: impl Fn(&Array<32>) -> IssueRequest + Send + Sync,
    ) -> Result<IssueAnswer, Problem> {
        self.0.lock().await.issue(request).await
    }

    async fn delivered(
        &mut self,
        request: impl Fn(&Array<32>) -> DeliveredRequest + Send + Sync,
    ) -> Result<DeliveredAnswer, Problem> {
        self.0.lock().await.delivered(request).await
    }
}

/// Reads what it is told to, and then a good passport again and again.
pub(super) struct Reads {
    next: StdMutex<VecDeque<Result<PassportMrz, ReadError>>>,
    /// Reads in place of it.
    program: Option<PassportProgram>,
}

impl ReadsPassports for Reads {
    async fn read(&self, picture: &[u8]) -> Result<PassportMrz, ProblemCode> {
        if let Some(program) = &self.program {
            return program.read(picture).await;
        }
        let next = self.next.lock().unwrap().pop_front();
        next.unwrap_or_else(|| Ok(lines("350101")))
            .map_err(ProblemCode::from)
    }

    async fn gone(&self) {
        if let Some(program) = &self.program {
            program.gone().await;
        }
    }
}

/// The holder's passport, with this last day.
pub(super) fn lines(last_day: &str) -> PassportMrz {
    let PassportData {
        romanised_name,
        number,
        ..
    } = passport();
    let name = romanised_name.expose().replace("  ", "<<");
    let checked = |field: &str| format!("{field}{}", check_digit(field));
    let (number, birth, last) = (
        checked(number.expose()),
        checked("800217"),
        checked(last_day),
    );
    let personal = "<<<<<<<<<<<<<<0";
    let composite = check_digit(&format!("{number}{birth}{last}{personal}"));
    let upper = format!("{:<<44}", format!("P<JPN{name}"));
    format!("{upper}\n{number}JPN{birth}F{last}{personal}{composite}")
        .parse()
        .unwrap()
}

fn check_digit(field: &str) -> u32 {
    let value = |character: char| character.to_digit(36).unwrap_or(0);
    let weighted = field.chars().zip([7, 3, 1].into_iter().cycle());
    weighted.map(|(it, weight)| value(it) * weight).sum::<u32>() % 10
}

/// Everything around.
pub(super) struct Stage {
    pub(super) app: App<TestGate, TestCard, Reads>,
    pub(super) center: Arc<Mutex<TestCenter>>,
    wallet: OpenWallet,
    _folder: TempDir,
}

pub(super) fn stage() -> Stage {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    let kiosk = terminal();
    let (mut center, card) = (kiosk.center, kiosk.card);
    let sealer = Sealer::new();
    std::fs::write(path("jwks.json"), center.maker.jwks(None)).unwrap();
    std::fs::write(path("csca.pem"), &sealer.csca).unwrap();
    let issuer = center.maker.issuer();
    let issuer = issuer.sealed_under(sealer.csca.as_bytes()).unwrap();
    let mut offered = menu();
    for municipality in &mut offered.programmes[0].municipalities {
        municipality.kinds = vec![CertificateKind::Domestic, CertificateKind::Abroad];
    }
    center.menu = offered;
    center.abroad = Some((preview_abroad(), sealer));
    let trust = VerifyConfig {
        trust: path("trust"),
        center: None,
    };
    let pinned = IssuerConfig {
        iss: ISS.to_owned(),
        keys: path("jwks.json"),
        csca: Some(path("csca.pem")),
    };
    let key = Secret::DeviceKey(DeviceKey::create(&path("key")).unwrap());
    let wallet = Wallet::create(&path("wallet"), &key).unwrap();
    let center = Arc::new(Mutex::new(center));
    Stage {
        app: App {
            gate: TestGate(Arc::clone(&center)),
            card,
            issuer,
            latch: Latch::new(),
            passports: Arc::new(Reads {
                next: StdMutex::default(),
                program: None,
            }),
            verifying: Arc::new(Verifying::new(&trust, &pinned, 0).unwrap()),
            scanner: Scanner::new("/bin/false".into(), LONG / 10),
        },
        center,
        wallet: Arc::new(StdMutex::new(wallet)),
        _folder: folder,
    }
}

impl Stage {
    /// Serves until the resident has nothing to do any more.
    pub(super) async fn serve(&mut self, resident: &mut Resident) {
        self.serve_damaged(Vec::new(), resident).await;
    }

    /// The same, where this is damaged in the wallet.
    pub(super) async fn serve_damaged(&mut self, damages: Vec<Damage>, resident: &mut Resident) {
        let served = self.app.serve(&self.wallet, damages, resident);
        assert!(timeout(LONG, served).await.is_err(), "it goes on");
        // Dropping it is what locking does.
        self.app.card.close().await;
    }

    /// Locks as soon as a passport is being read: by a program that never ends, with another that it started. Their numbers in the
    /// system.
    pub(super) async fn locked_while_reading(&mut self, resident: &mut Resident) -> Vec<String> {
        let mark = self._folder.path().join("processes");
        let does = format!(
            "/bin/sleep 600 & echo $$ $! > {mark}.new; /bin/mv {mark}.new {mark}; wait",
            mark = mark.display()
        );
        let program = PassportProgram::new(script(&self._folder, &does), LONG);
        self.app.passports = Arc::new(Reads {
            next: StdMutex::default(),
            program: Some(program),
        });
        tokio::select! {
            never = self.app.serve(&self.wallet, Vec::new(), resident) => match never {},
            () = async {
                while !mark.exists() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            } => {}
        }
        self.app.read_up().await;
        let processes = std::fs::read_to_string(mark).unwrap();
        processes.split_whitespace().map(str::to_owned).collect()
    }

    pub(super) fn passports(
        &mut self,
        read: impl IntoIterator<Item = Result<PassportMrz, ReadError>>,
    ) {
        self.app.passports = Arc::new(Reads {
            next: StdMutex::new(read.into_iter().collect()),
            program: None,
        });
    }

    /// Kinds of what is kept, the domestic one first.
    pub(super) fn kept(&self) -> Vec<CertificateKind> {
        let wallet = self.wallet.lock().unwrap();
        let mut kinds: Vec<_> = wallet.certificates().map(|(_, it)| it.says.kind).collect();
        kinds.sort_by_key(|kind| *kind == CertificateKind::Abroad);
        kinds
    }

    /// What the QR of one that is kept says.
    pub(super) fn first_card(&self) -> String {
        let wallet = self.wallet.lock().unwrap();
        let (_, kept) = wallet.certificates().next().unwrap();
        kept.qr_text().to_string()
    }
}

/// What a resident does at a screen.
#[derive(Clone)]
pub(super) enum Does {
    Press(&'static str, Value),
    Pin(&'static str),
    Picture,
    Frame,
    Text(String),
}

/// What a resident does otherwise than as asked.
pub(super) type Otherwise = Box<dyn FnMut(&Value) -> Option<Vec<Does>> + Send>;

/// Somebody at the page: does what is asked, except where `otherwise` says so, once for each screen.
pub(super) struct Resident {
    desk: Desk,
    kinds: Value,
    applied: bool,
    pub(super) otherwise: Otherwise,
    pub(super) seen: Vec<Value>,
    /// As the core showed them.
    pub(super) shown: Vec<String>,
    /// What became of each frame.
    pub(super) frames: Vec<Result<(), ProblemCode>>,
    frame: Option<oneshot::Receiver<Result<(), ProblemCode>>>,
    next: VecDeque<Does>,
    /// One picture at a time.
    pub(super) pictures: Arc<Semaphore>,
}

impl Resident {
    /// One application for these kinds, and no more.
    pub(super) fn wanting(kinds: Value) -> Self {
        Self {
            desk: Desk::new(),
            kinds,
            applied: false,
            otherwise: Box::new(|_| None),
            seen: Vec::new(),
            shown: Vec::new(),
            frames: Vec::new(),
            frame: None,
            next: VecDeque::new(),
            pictures: Arc::new(Semaphore::new(1)),
        }
    }

    pub(super) fn names(&self) -> Vec<String> {
        let name = |screen: &Value| screen["screen"].as_str().unwrap().to_owned();
        self.seen.iter().map(name).collect()
    }

    /// The first screen of this name.
    pub(super) fn saw(&self, name: &str) -> &Value {
        let saw = self.seen.iter().find(|screen| screen["screen"] == name);
        saw.unwrap_or_else(|| panic!("{name} was not shown: {:?}", self.names()))
    }

    pub(super) fn last(&self) -> &Value {
        self.seen.last().unwrap()
    }

    fn asked(&mut self, screen: &Value) -> Vec<Does> {
        let press = |intent, value| vec![Does::Press(intent, value)];
        match screen["screen"].as_str().unwrap() {
            "certificates" if !std::mem::replace(&mut self.applied, true) => {
                press("issue", Value::Null)
            }
            "terms" => press("agree", Value::Null),
            "kinds" => press("kinds", self.kinds.clone()),
            "pin" => vec![Does::Pin(str::from_utf8(&PIN).unwrap())],
            "passport" => vec![Does::Picture],
            "person" if screen["card"] == true => Vec::new(),
            "person" | "passport-check" | "preview" | "last-try" => press("go", Value::Null),
            "municipality" => press("municipality", json!("132217")),
            "problem" => press("understood", Value::Null),
            _ => Vec::new(),
        }
    }

    fn picture(&mut self, content: Content, is_frame: bool) -> Intent {
        let place = Arc::clone(&self.pictures).try_acquire_owned().unwrap();
        let (reply, became) = oneshot::channel();
        if is_frame {
            self.frame = Some(became);
        }
        Intent::Picture(Picture::new(content, is_frame.then_some(reply), place))
    }

    fn press(&mut self, intent: &str, value: &Value) -> Option<Intent> {
        let mut press = json!({"serial": self.seen.last()?["serial"], "intent": intent});
        if !value.is_null() {
            press["value"] = value.clone();
        }
        match self.desk.press(serde_json::from_value(press).unwrap()) {
            Taken::For(intent) => Some(intent),
            _ => None,
        }
    }
}

impl Front for Resident {
    fn show(&mut self, shown: Shown) {
        self.shown.push(format!("{shown:?}"));
        self.desk.show(shown);
        let screen = serde_json::to_value(self.desk.screen()).unwrap();
        let does = (self.otherwise)(&screen);
        self.next = does.unwrap_or_else(|| self.asked(&screen)).into();
        self.seen.push(screen);
    }

    async fn intent(&mut self) -> Intent {
        loop {
            // One frame at a time, as the server takes them.
            if let Some(frame) = &mut self.frame {
                self.frames.extend(frame.await);
                self.frame = None;
            }
            let intent = match self.next.pop_front() {
                None => pending().await,
                Some(Does::Press(intent, value)) => self.press(intent, &value),
                Some(Does::Pin(pin)) => {
                    for digit in pin.chars() {
                        self.press("digit", &json!(digit));
                    }
                    self.press("enter", &Value::Null)
                }
                Some(Does::Picture) => Some(self.picture(Content::Picture(b"x"[..].into()), false)),
                Some(Does::Frame) => Some(self.picture(Content::Picture(b"x"[..].into()), true)),
                Some(Does::Text(text)) => {
                    Some(self.picture(Content::Text(Zeroizing::new(text)), false))
                }
            };
            if let Some(intent) = intent {
                return intent;
            }
        }
    }
}
