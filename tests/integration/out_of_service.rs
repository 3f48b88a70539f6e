//! A kiosk that was handed what did not belong to the card stays out of service, whoever starts it anew, until its operator says otherwise.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use stage::browser::beside;
use stage::kiosk::{Application, Outcome, Purpose, apply, apply_with};
use stage::persona::Persona;
use stage::process::{Program, program, signal};
use stage::world::{ISSUER, set};
use tempfile::TempDir;

use crate::support::Counter;

const WITHIN: Duration = Duration::from_secs(60);
const MENU: &str = "Vaccination certificates";

struct Kiosk {
    counter: Counter,
    persona: Persona,
    config: PathBuf,
    out: TempDir,
}

impl Kiosk {
    fn open() -> Self {
        let counter = Counter::open();
        Self {
            config: counter.world.ground.path("kiosk/kiosk.toml"),
            counter,
            persona: Persona::load("gaiji").unwrap(),
            out: TempDir::new().unwrap(),
        }
    }

    fn mark(&self) -> PathBuf {
        let state = self.counter.world.ground.path("kiosk/state");
        state.join("out-of-service")
    }

    fn set(&self, key: &str, value: &str) {
        let ground = &self.counter.world.ground;
        let change = |config: &mut toml::Table| set(config, key, value);
        ground.edit("kiosk/kiosk.toml", change).unwrap();
    }

    /// With its screen, for whoever comes.
    fn start(&self) -> (Program, ChildStdin) {
        let mut command = Command::new(program("kiosk"));
        command.arg("--config").arg(&self.config);
        command.arg("--out").arg(self.out.path());
        command.args(["--language", "en"]).stdin(Stdio::piped());
        let mut kiosk = Program::start("kiosk", command).unwrap();
        let keyboard = kiosk.input().unwrap();
        (kiosk, keyboard)
    }

    fn application(&self) -> Application<'_> {
        Application {
            config: &self.config,
            place: ["--out".as_ref(), self.out.path().as_os_str()],
            municipality: &self.persona.municipality,
            pin: &self.persona.pin,
            language: "ja",
            reader: None,
            purpose: Purpose::Domestic,
        }
    }

    fn operator(&self) {
        let mut command = Command::new(program("kiosk"));
        command.arg("--config").arg(&self.config);
        let status = command.arg("--return-to-service").status().unwrap();
        assert!(status.success());
    }
}

fn shows(kiosk: &Program, beginning: &str) {
    let shown = kiosk.output.wait_for(beginning, WITHIN);
    // Problems are nobody's data.
    let mut problems = kiosk.output.all();
    problems.retain(|line| line.starts_with("! "));
    assert!(shown.is_some(), "not shown: {beginning}; {problems:?}");
}

fn showed(kiosk: &Program, part: &str) -> bool {
    kiosk.output.all().iter().any(|line| line.contains(part))
}

fn said(outcome: &Outcome, event: &str) -> bool {
    outcome.said.iter().any(|line| line.contains(event))
}

/// The process beside a kiosk's core that writes its mark.
fn marker(kiosk: &Program) -> u32 {
    beside(kiosk.id(), "kiosk-marker").unwrap()
}

#[test]
fn only_an_operator_returns_a_kiosk_to_service() {
    let at = Kiosk::open();
    let reader = &at.counter.reader;
    // All that the center signs is another's then.
    at.set("issuer.iss", "https://other.example");
    let (mut kiosk, mut keyboard) = at.start();
    let mut types = |line: &str| writeln!(keyboard, "{line}").unwrap();
    shows(&kiosk, MENU);
    types("1");
    shows(&kiosk, "Place your My Number Card");
    reader.insert(&at.persona.name).unwrap();
    shows(&kiosk, "Choose by number what it is for");
    types("1");
    shows(&kiosk, "Enter your PIN");
    types(&at.persona.pin);
    shows(&kiosk, "Take your card back");
    reader.remove().unwrap();
    shows(&kiosk, "Choose by number the municipality");
    types("1");
    shows(&kiosk, "Copies");
    types("");
    shows(&kiosk, "Press Enter to have it issued");
    assert!(!at.mark().exists(), "nothing was wrong so far");
    types("");
    shows(&kiosk, "! The certificate did not match your card");
    // It was there before anybody was told.
    assert_eq!(fs::read(at.mark()).unwrap(), b"issuer\n");
    let told = kiosk.log.wait_for("{", WITHIN).unwrap();
    let written = r#""event":"out-of-service","mark":"written","mismatch":"issuer"}"#;
    assert!(told.ends_with(written));
    // Nothing is left to either of them to do.
    signal(marker(&kiosk), Signal::KILL).unwrap();
    kiosk.signal(Signal::KILL).unwrap();
    kiosk.wait(WITHIN).unwrap();
    drop(keyboard);

    // What was wrong is gone, and still nobody is served: by one that is started anew as it was, and by another.
    at.set("issuer.iss", ISSUER);
    let (mut kiosk, _keyboard) = at.start();
    shows(&kiosk, "! ");
    assert!(showed(&kiosk, "(content-mismatch)") && !showed(&kiosk, MENU));
    kiosk.end().unwrap();
    let refused = apply_with(&at.application(), |_| Ok(())).unwrap();
    assert_eq!(refused.problem(), Some("content-mismatch"));
    let found = r#""event":"out-of-service","mark":"found""#;
    assert!(said(&refused, &format!(r#"{found},"mismatch":"issuer"}}"#)));
    assert_eq!(refused.steps, [""; 0]);
    // One that does not say is one all the same.
    fs::write(at.mark(), "").unwrap();
    let refused = apply_with(&at.application(), |_| Ok(())).unwrap();
    assert_eq!(refused.problem(), Some("content-mismatch"));
    assert!(said(&refused, &format!("{found}}}")));

    at.operator();
    assert!(!at.mark().exists());
    reader.insert(&at.persona.name).unwrap();
    let served = apply(&at.application(), reader).unwrap();
    assert!(served.status.success(), "{served:?}");
    assert!(!said(&served, "out-of-service"));
    assert!(!at.mark().exists());
}

#[test]
fn a_kiosk_that_could_not_keep_it_does_not_serve() {
    let at = Kiosk::open();
    // Nobody is left to write it: whoever starts the kiosk starts both.
    let (mut kiosk, _keyboard) = at.start();
    shows(&kiosk, MENU);
    signal(marker(&kiosk), Signal::KILL).unwrap();
    assert_eq!(kiosk.wait(WITHIN).unwrap().code(), Some(2));
    let told = kiosk.log.all();
    assert!(told.last().unwrap().ends_with(r#""event":"marker-lost"}"#));

    at.set("state", "nowhere");
    let (mut kiosk, _keyboard) = at.start();
    assert_eq!(kiosk.wait(WITHIN).unwrap().code(), Some(2));
    let told = kiosk.log.all().join("");
    assert!(told.starts_with("the folder for the kiosk's state cannot be used"));
    assert!(!showed(&kiosk, MENU));
}
