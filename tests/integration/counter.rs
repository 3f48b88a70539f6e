//! The kiosk as residents meet it: its screen, the card they forget, the memory it takes and keeps.

use std::io::Write;
use std::process::{ChildStdin, Command, Stdio};
use std::time::Duration;

use stage::kiosk::{Application, Purpose, apply, apply_with};
use stage::persona::Persona;
use stage::process::{Program, program};
use tempfile::TempDir;

use crate::support::{Counter, HOME, occurrences};

const WITHIN: Duration = Duration::from_secs(60);
const MENU: &str = "接種証明書の交付";
const CARD_LEFT: &str = "カードが置かれたままです";

/// A kiosk with its screen, and somebody's hands at the keyboard.
struct Kiosk {
    kiosk: Program,
    keyboard: ChildStdin,
    _out: TempDir,
}

impl Kiosk {
    fn start(counter: &Counter, language: &str) -> Self {
        let out = TempDir::new().unwrap();
        let mut command = Command::new(program("kiosk"));
        command.arg("--config");
        command.arg(counter.world.ground.path("kiosk/kiosk.toml"));
        command.arg("--out").arg(out.path());
        command.args(["--language", language]);
        command.stdin(Stdio::piped());
        let mut kiosk = Program::start("kiosk", command).unwrap();
        let keyboard = kiosk.input().unwrap();
        Self {
            kiosk,
            keyboard,
            _out: out,
        }
    }

    fn shows(&self, beginning: &str) {
        let shown = self.kiosk.output.wait_for(beginning, WITHIN);
        // Problems are nobody's data.
        let lines = self.kiosk.output.all();
        let problems = lines.iter().filter(|line| line.starts_with("! "));
        let problems: Vec<_> = problems.collect();
        assert!(
            shown.is_some(),
            "not shown: {beginning}; problems: {problems:?}"
        );
    }

    fn showed(&self, beginning: &str) -> bool {
        let lines = self.kiosk.output.all();
        lines.iter().any(|line| line.starts_with(beginning))
    }

    fn types(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").unwrap();
    }

    /// How often these bytes stand in its memory.
    fn holds(&self, bytes: &[u8]) -> usize {
        occurrences(self.kiosk.id(), bytes)
    }
}

#[test]
fn a_card_left_before_the_kiosk_started_is_noticed() {
    let counter = Counter::open();
    counter.reader.insert("gaiji").unwrap();
    let kiosk = Kiosk::start(&counter, "ja");
    kiosk.shows(CARD_LEFT);
    assert!(!kiosk.showed(MENU), "nobody applies over another's card");
    counter.reader.remove().unwrap();
    kiosk.shows(MENU);
}

#[test]
fn a_preview_leaves_nothing_in_the_kiosks_memory() {
    let counter = Counter::open();
    let persona = Persona::load("seven-doses").unwrap();
    let mut kiosk = Kiosk::start(&counter, "en");
    kiosk.shows("Vaccination certificates");
    kiosk.types("1");
    kiosk.shows("Place your My Number Card");
    counter.reader.insert("seven-doses").unwrap();
    kiosk.shows("Choose by number what it is for");
    kiosk.types("1");
    kiosk.shows("Enter your PIN");
    kiosk.types(&persona.pin);
    kiosk.shows("Take your card back");
    counter.reader.remove().unwrap();
    kiosk.shows("Choose by number the municipality");
    kiosk.types("1");
    kiosk.shows("Copies");
    kiosk.types("");
    kiosk.shows("Press Enter to have it issued");
    let name = persona.holder.as_bytes();
    assert!(kiosk.holds(name) > 0, "the control: it is being shown");
    // The longest line: its end would still stand in a buffer that later ones went through.
    let lines = kiosk.kiosk.output.all();
    let longest = lines.iter().enumerate().max_by_key(|(_, line)| line.len());
    let (number, longest) = longest.unwrap();
    let later = lines[number + 1..].iter().map(String::len).max().unwrap();
    let end = &longest.as_bytes()[later..];
    assert!(end.len() >= 12, "{}", end.len());
    assert_eq!(kiosk.holds(end), 0, "a line of the preview");
    kiosk.types("q");
    kiosk.shows("Press Enter to return to the start");
    assert_eq!(kiosk.holds(name), 0);
}

#[test]
fn a_service_that_is_lost_is_no_card_that_was_taken() {
    let counter = Counter::open();
    let persona = Persona::load("gaiji").unwrap();
    counter.reader.insert("gaiji").unwrap();
    let out = TempDir::new().unwrap();
    let config = counter.world.ground.path("kiosk/kiosk.toml");
    let application = Application {
        config: &config,
        place: ["--out".as_ref(), out.path().as_os_str()],
        municipality: &persona.municipality,
        pin: &persona.pin,
        language: "ja",
        reader: None,
        purpose: Purpose::Domestic,
    };
    let outcome = apply_with(&application, |step| match step {
        "take-card" => counter.reader.lose_service(),
        _ => Ok(()),
    });
    let outcome = outcome.unwrap();
    assert_eq!(outcome.problem(), Some("reader-service-unavailable"));
    assert!(!outcome.steps.iter().any(|step| step == "step preview"));
    assert_eq!(counter.world.registered(HOME).unwrap(), 0);
}

/// The target for a kiosk (README).
const MEMORY: u64 = 40 << 20;

#[test]
fn an_application_takes_no_more_memory_than_a_kiosk_may() {
    let counter = Counter::open();
    let persona = Persona::load("gaiji").unwrap();
    counter.reader.insert("gaiji").unwrap();
    let out = TempDir::new().unwrap();
    let config = counter.world.ground.path("kiosk/kiosk.toml");
    let application = Application {
        config: &config,
        place: ["--out".as_ref(), out.path().as_os_str()],
        municipality: &persona.municipality,
        pin: &persona.pin,
        language: "ja",
        reader: None,
        purpose: Purpose::Domestic,
    };
    let outcome = apply(&application, &counter.reader).unwrap();
    assert!(outcome.status.success(), "{outcome:?}");
    let megabytes = outcome.peak as f64 / f64::from(1 << 20);
    assert!(
        outcome.peak > 0 && outcome.peak < MEMORY,
        "{megabytes:.1} MB"
    );
}
