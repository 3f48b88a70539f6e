//! The kiosk with its page in the real Chromium, and what becomes of it when browser, page, reader or the kiosk itself fails.
//! Presses are made as the page makes them, over HTTP with the page's secret.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::mem;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use stage::browser::{HEADLESS, first_process, launcher};
use stage::persona::Persona;
use stage::printer::{Printer, WORKS};
use stage::process::{self, Program, poll, program};
use stage::world::{ATTENDANT, set};
use tempfile::TempDir;

use crate::support::{Counter, HOME, occurrences};

/// Longer than anything takes on a busy machine.
const WITHIN: Duration = Duration::from_secs(90);

/// A kiosk with its page.
struct Kiosk {
    kiosk: Program,
    config: PathBuf,
    place: [String; 2],
    memory: TempDir,
    out: TempDir,
}

/// A browser: its first process, and the folder of its profile.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Browser {
    process: u32,
    profile: PathBuf,
}

impl Kiosk {
    fn start(counter: &Counter) -> Self {
        let out = TempDir::new().unwrap();
        let place = ["--out".to_owned(), out.path().display().to_string()];
        Self::start_at(counter, place, out)
    }

    fn start_printing(counter: &Counter, printer: &Printer) -> Self {
        let uri = format!("ipp://localhost:{}/ipp/print", printer.port());
        let out = TempDir::new().unwrap();
        Self::start_at(counter, ["--print".to_owned(), uri], out)
    }

    fn start_at(counter: &Counter, place: [String; 2], out: TempDir) -> Self {
        let memory = TempDir::new_in("/dev/shm").unwrap();
        let arguments: Vec<_> = HEADLESS.map(toml::Value::from).into();
        let ground = &counter.world.ground;
        let edited = ground.edit("kiosk/page.toml", |config| {
            set(config, "browser.arguments", arguments);
            let folder = memory.path().display().to_string();
            set(config, "browser.memory", folder);
        });
        edited.unwrap();
        let config = ground.path("kiosk/page.toml");
        let kiosk = run(&config, &place);
        Self {
            kiosk,
            config,
            place,
            memory,
            out,
        }
    }

    /// As a service manager would.
    fn start_again(&mut self) {
        self.kiosk = run(&self.config, &self.place);
    }

    /// The browser there is now, another than the one before.
    fn browser(&self, before: Option<&Browser>) -> Browser {
        let found = poll(WITHIN, || {
            let process = first_process(self.kiosk.id())?;
            let profile = self.profile()?;
            let browser = Browser { process, profile };
            let other = before.is_none_or(|before| {
                before.process != browser.process && before.profile != browser.profile
            });
            (other && self.is_followed()).then_some(browser)
        });
        found.expect("the kiosk has a browser")
    }

    /// The one that was begun last: one that goes may still be there.
    fn profile(&self) -> Option<PathBuf> {
        let begun = |profile: PathBuf| {
            let start = fs::metadata(profile.join("start.html")).ok()?;
            Some((start.modified().ok()?, profile))
        };
        let latest = self.profiles().into_iter().filter_map(begun).max();
        latest.map(|(_, profile)| profile)
    }

    fn profiles(&self) -> BTreeSet<PathBuf> {
        let entries = fs::read_dir(self.memory.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// Where the page is, and its secret: from the file that its browser has them from.
    fn address(&self) -> Option<(String, String)> {
        let profile = self.profile()?;
        let start = fs::read_to_string(profile.join("start.html")).ok()?;
        let address = start.split_once("url=http://")?.1;
        let (address, secret) = address.split_once('"')?.0.split_once("/#")?;
        Some((address.to_owned(), secret.to_owned()))
    }

    /// Whether a page follows the screens: by the kernel's table.
    fn is_followed(&self) -> bool {
        let Some((address, _)) = self.address() else {
            return false;
        };
        let port: u16 = address.rsplit(':').next().unwrap().parse().unwrap();
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        // Local address, remote address, state: established.
        let ours = format!("0100007F:{port:04X}");
        let mut lines = table.lines().map(|line| line.split_whitespace());
        lines.any(|mut fields| fields.nth(1) == Some(&*ours) && fields.nth(1) == Some("01"))
    }

    /// What stands on the screen.
    fn screen(&self) -> Option<Value> {
        let answer = self.ask("GET /screens", "")?;
        let (_, event) = answer.split_once("data: ")?;
        serde_json::from_str(event.split_once("\n\n")?.0).ok()
    }

    /// Waits for a screen.
    fn shows(&self, name: &str) -> Value {
        let mut last = None;
        let shown = poll(WITHIN, || {
            last = self.screen();
            last.clone().filter(|screen| screen["screen"] == name)
        });
        shown.unwrap_or_else(|| panic!("{name} is not shown but {last:?}"))
    }

    /// Presses on the screen that stands there; once more where another version of it was shown meanwhile.
    fn press(&self, intent: &str, value: &Value) {
        let mut screen = self.screen().unwrap();
        let pressed = poll(WITHIN, || {
            let press = json!({"serial": screen["serial"], "intent": intent, "value": value});
            let answer = self.ask("POST /press", &press.to_string()).unwrap();
            let late = answer.starts_with("HTTP/1.1 409") && {
                let before = mem::replace(&mut screen, self.screen()?);
                screen["screen"] == before["screen"] && screen["serial"] != before["serial"]
            };
            (!late).then_some(answer)
        });
        let answer = pressed.unwrap();
        assert!(answer.starts_with("HTTP/1.1 204"), "{intent}: {answer}");
    }

    /// Sends a request as the page does, and reads the answer up to its first event, or its end.
    fn ask(&self, what: &str, body: &str) -> Option<String> {
        let (address, secret) = self.address()?;
        let mut stream = TcpStream::connect(&address).ok()?;
        stream.set_read_timeout(Some(WITHIN)).ok()?;
        write!(
            stream,
            "{what} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nAuthorization: Bearer {secret}\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .ok()?;
        let (mut answer, mut chunk) = (Vec::new(), [0; 4096]);
        loop {
            let length = stream.read(&mut chunk).ok()?;
            answer.extend_from_slice(&chunk[..length]);
            let text = String::from_utf8_lossy(&answer);
            let event = text.split_once("data: ").map(|(_, event)| event);
            if length == 0 || event.is_some_and(|event| event.contains("\n\n")) {
                return Some(text.into_owned());
            }
        }
    }

    /// From the first screen to the PIN, the card on the reader.
    fn leads_to_the_pin(&self, counter: &Counter, persona: &str) {
        self.shows("language");
        self.press("language", &"en".into());
        let service = self.shows("service");
        let programmes = service["programmes"].as_array().unwrap();
        let covid = programmes.iter().find(|it| it["id"] == "covid-19").unwrap();
        self.press("programme", &covid["id"]);
        self.shows("terms");
        self.press("agree", &Value::Null);
        self.shows("place-card");
        counter.reader.insert(persona).unwrap();
        self.shows("kind");
        self.press("kind", &"domestic".into());
        self.shows("pin");
    }

    fn enters(&self, digits: &str) {
        for digit in digits.chars() {
            self.press("digit", &digit.to_string().into());
        }
        self.press("enter", &Value::Null);
    }

    /// On to the preview, the card taken back.
    fn leads_to_the_preview(&self, counter: &Counter, persona: &str) {
        let Persona { pin, .. } = Persona::load(persona).unwrap();
        self.leads_to_the_pin(counter, persona);
        self.enters(&pin);
        self.shows("take-card");
        counter.reader.remove().unwrap();
        self.shows("municipality");
        self.press("municipality", &HOME.into());
        self.shows("copies");
        self.press("copies", &1.into());
        self.shows("preview");
    }

    /// What the attendant is told of browsers that were lost: how many, and what became of the last.
    fn lost_browsers(&self) -> (u64, String) {
        self.shows("language");
        self.press("attendant", &Value::Null);
        self.shows("attendant-key");
        self.enters(ATTENDANT);
        let health = self.shows("attendant");
        let browser = self.browser(None);
        self.press("cancel", &Value::Null);
        self.browser(Some(&browser));
        self.shows("language");
        let last = health["browser"].as_str().unwrap().to_owned();
        (health["browsers"].as_u64().unwrap(), last)
    }
}

impl Drop for Kiosk {
    fn drop(&mut self) {
        // Before the folder of its browser's profiles goes.
        let _ = self.kiosk.end();
    }
}

fn run(config: &Path, place: &[String; 2]) -> Program {
    let mut command = Command::new(program("kiosk"));
    command.arg("--config").arg(config).args(place);
    Program::start("kiosk", command).unwrap()
}

/// All processes of a group, those that nobody has buried yet left out.
fn group(leader: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let processes = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_of = |process: &u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let mut fields = fields.split_whitespace();
        fields.next() != Some("Z") && fields.nth(1) == Some(&leader.to_string())
    };
    processes.filter(is_of).collect()
}

/// To the processes that draw pages: one does, and one stands by.
fn signal_renderers(browser: &Browser, what: Signal) {
    let renders = |process: &u32| {
        let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("--type=renderer")
    };
    let mut renderers = group(browser.process);
    renderers.retain(renders);
    assert!(!renderers.is_empty());
    for renderer in renderers {
        signal(renderer, what);
    }
}

fn signal(process: u32, what: Signal) {
    process::signal(process, what).unwrap();
}

/// Nothing is left of a browser.
fn is_gone(browser: &Browser) {
    let gone = || (!browser.profile.exists() && group(browser.process).is_empty()).then_some(());
    poll(WITHIN, gone).unwrap_or_else(|| panic!("{browser:?} is still there"));
}

#[test]
fn a_browser_that_is_lost_is_replaced_at_the_start_with_nothing_of_the_session() {
    let counter = Counter::open();
    let name = Persona::load("gaiji").unwrap().holder;
    let kiosk = Kiosk::start(&counter);
    // What the attendant is told, and what is done to it.
    type Harm = fn(&Browser);
    let ways: [(&str, Harm); 3] = [
        ("ended", |browser| signal(browser.process, Signal::KILL)),
        ("left", |browser| signal_renderers(browser, Signal::ABORT)),
        ("silent", |browser| signal_renderers(browser, Signal::STOP)),
    ];
    for (number, (what, harm)) in (1..).zip(ways) {
        let before = kiosk.browser(None);
        kiosk.leads_to_the_preview(&counter, "gaiji");
        assert!(
            occurrences(kiosk.kiosk.id(), name.as_bytes()) > 0,
            "{what}: the control"
        );
        harm(&before);
        let begin = Instant::now();
        // Without a look at the screens, which would be a page that follows them.
        let noticed = poll(WITHIN, || group(before.process).is_empty().then_some(()));
        assert!(noticed.is_some(), "{what}: {:?}", begin.elapsed());
        kiosk.shows("language");
        let after = kiosk.browser(Some(&before));
        is_gone(&before);
        assert_eq!(kiosk.profiles(), [after.profile].into(), "{what}");
        assert_eq!(
            occurrences(kiosk.kiosk.id(), name.as_bytes()),
            0,
            "{what}: the name is still there"
        );
        assert_eq!(kiosk.lost_browsers(), (number, what.to_owned()));
    }
    // Where a card lies on the reader, that is told.
    let before = kiosk.browser(None);
    kiosk.leads_to_the_pin(&counter, "gaiji");
    signal(before.process, Signal::KILL);
    kiosk.browser(Some(&before));
    kiosk.shows("card-left");
    counter.reader.remove().unwrap();
    kiosk.shows("language");
    // Nothing came of any of it.
    assert_eq!(kiosk.out.path().read_dir().unwrap().count(), 0);
    assert_eq!(counter.world.registered(HOME).unwrap(), 0);
}

#[test]
fn a_kiosk_that_is_killed_leaves_nothing_and_one_without_its_launcher_nothing_after_its_next_run() {
    let counter = Counter::open();
    let mut kiosk = Kiosk::start(&counter);
    let before = kiosk.browser(None);
    kiosk.leads_to_the_preview(&counter, "ordinary");
    // A process that stands still does not even notice that its browser ends.
    signal_renderers(&before, Signal::STOP);
    kiosk.kiosk.signal(Signal::KILL).unwrap();
    kiosk.kiosk.wait(WITHIN).unwrap();
    is_gone(&before);
    let gone = || kiosk.profiles().is_empty().then_some(());
    assert!(poll(WITHIN, gone).is_some(), "a profile was left");
    counter.reader.remove().unwrap();

    kiosk.start_again();
    let before = kiosk.browser(None);
    kiosk.shows("language");
    signal_renderers(&before, Signal::STOP);
    signal(launcher(kiosk.kiosk.id()).unwrap(), Signal::KILL);
    // There would be no browser any more: a service manager starts all of it anew.
    let status = kiosk.kiosk.wait(WITHIN).unwrap();
    assert_eq!(status.code(), Some(2), "{:?}", kiosk.kiosk.log.all());
    assert!(before.profile.exists(), "the control");
    kiosk.start_again();
    let after = kiosk.browser(Some(&before));
    kiosk.shows("language");
    is_gone(&before);
    assert_eq!(kiosk.profiles(), [after.profile].into());
}

#[test]
fn a_page_at_the_printer_comes_out_and_is_told_by_the_next_browser() {
    let counter = Counter::open();
    let pki = counter.world.ground.path("pki/services");
    let keys = (pki.join("center.pem"), pki.join("center.key"));
    let printer = Printer::with(&keys.0, &keys.1, Some(WORKS)).unwrap();
    fs::write(printer.path("hold"), "").unwrap();
    let kiosk = Kiosk::start_printing(&counter, &printer);
    let before = kiosk.browser(None);
    kiosk.leads_to_the_preview(&counter, "ordinary");
    kiosk.press("go", &Value::Null);
    let begun = printer.path("begun");
    poll(WITHIN, || begun.exists().then_some(())).unwrap();
    signal(before.process, Signal::KILL);
    kiosk.browser(Some(&before));
    // Told without a word about anybody.
    kiosk.shows("delivering");
    fs::remove_file(printer.path("hold")).unwrap();
    kiosk.shows("done");
    assert_eq!(printer.path("sheets").read_dir().unwrap().count(), 1);
    kiosk.press("understood", &Value::Null);
    kiosk.shows("language");
    assert_eq!(counter.world.registered(HOME).unwrap(), 1);
}

#[test]
fn a_reader_that_hangs_does_not_keep_the_next_browser() {
    let counter = Counter::open();
    let kiosk = Kiosk::start(&counter);
    let before = kiosk.browser(None);
    kiosk.leads_to_the_pin(&counter, "ordinary");
    let service = fs::read_to_string("/run/pcscd/pcscd.pid").unwrap();
    let service = service.trim_end_matches(|it: char| !it.is_ascii_digit());
    let service = service.parse().unwrap();
    signal(service, Signal::STOP);
    signal(before.process, Signal::KILL);
    kiosk.browser(Some(&before));
    let problem = kiosk.shows("problem");
    assert_eq!(problem["code"], "reader-service-unavailable");
    assert_eq!(problem["then"], "wait");
    signal(service, Signal::CONT);
    kiosk.shows("card-left");
    counter.reader.remove().unwrap();
    kiosk.shows("language");
    // No PIN was presented meanwhile.
    counter.reader.insert("ordinary").unwrap();
    assert_eq!(counter.reader.pin_tries().unwrap(), 3);
}
