//! The kiosk program in front of a real printer program, `ippeveprinter` (Debian's cups-ipp-utils): its folder is the paper.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use stage::kiosk::{Application, Outcome, apply, start};
use stage::persona::Persona;
use stage::process::{Program, poll, program};
use stage::world::set;
use tempfile::TempDir;
use verify::Jwks;

use crate::support::{Counter, HOME};

/// A printer, the D-Bus it looks for Avahi on, and its paper.
struct Printer {
    _printer: Program,
    _bus: Program,
    folder: TempDir,
    port: u16,
}

impl Printer {
    /// `certificate` and its key are the printer's own, for `ipps`.
    fn start(certificate: &Path, key: &Path) -> Self {
        Self::with(certificate, key, None)
    }

    /// With a program as its works: what that leaves undone is no sheet yet.
    fn with(certificate: &Path, key: &Path, works: Option<&str>) -> Self {
        let folder = TempDir::new().unwrap();
        for name in ["paper", "keys", "sheets"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::copy(certificate, folder.path().join("keys/localhost.crt")).unwrap();
        fs::copy(key, folder.path().join("keys/localhost.key")).unwrap();

        let mut bus = Command::new("dbus-daemon");
        bus.args(["--session", "--nofork", "--print-address"]);
        // By itself it would leave its socket in /tmp.
        bus.arg(format!("--address=unix:dir={}", folder.path().display()));
        let bus = Program::start("dbus-daemon", bus).unwrap();
        let bus_address = bus.output.wait_for("unix:", WITHIN).unwrap();

        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut printer = Command::new("ippeveprinter");
        printer.env("DBUS_SYSTEM_BUS_ADDRESS", bus_address);
        printer.args(["-n", "localhost", "-s", "120", "-r", "off", "-k"]);
        printer.args(["-f", "application/pdf", "-p", &port.to_string()]);
        printer.arg("-d").arg(folder.path().join("paper"));
        printer.arg("-K").arg(folder.path().join("keys"));
        if let Some(works) = works {
            let program = folder.path().join("works");
            fs::write(&program, works).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
            printer.arg("-c").arg(program);
        }
        printer.arg("kiosk");
        let printer = Program::start("ippeveprinter", printer).unwrap();
        poll(WITHIN, || TcpStream::connect(("127.0.0.1", port)).ok()).unwrap();
        Self {
            _printer: printer,
            _bus: bus,
            folder,
            port,
        }
    }

    /// Sheets that came out.
    fn paper(&self) -> Vec<PathBuf> {
        let paper = fs::read_dir(self.folder.path().join("paper")).unwrap();
        let paper = paper.map(|entry| entry.unwrap().path());
        paper.filter(|path| path.is_file()).collect()
    }

    /// How its one job stands, as an outside program says.
    fn job_state(&self) -> Option<String> {
        let uri = format!("ipp://localhost:{}/ipp/print", self.port);
        let mut command = Command::new("ipptool");
        let output = command.args(["-tv", &uri, "get-completed-jobs.test"]);
        let output = output
            .output()
            .expect("ipptool is installed (cups-ipp-utils)");
        let said = String::from_utf8(output.stdout).unwrap();
        let state = said
            .lines()
            .find_map(|line| line.trim().strip_prefix("job-state (enum) = "));
        state.map(str::to_owned)
    }

    /// Takes the paper out of all trays, as its own page for the operator does.
    fn empty_the_trays(&self) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let query = "size0=iso_a4_210x297mm&type0=stationery&level0=0&size1=&level1=0";
        write!(
            stream,
            "GET /media?{query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

const WITHIN: Duration = Duration::from_secs(10);

/// Works that begin at once, and go on when there is a file `go`.
const WORKS: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
: > begun
until [ -e go ]; do sleep 0.05; done
cp "$1" "sheets/$$"
"#;

#[test]
fn told_to_end_while_it_prints_the_kiosk_cancels_the_job() {
    let counter = Counter::open();
    let pki = counter.world.ground.path("pki/services");
    let keys = (pki.join("center.pem"), pki.join("center.key"));
    let printer = Printer::with(&keys.0, &keys.1, Some(WORKS));
    let uri = format!("ipp://localhost:{}/ipp/print", printer.port);
    let persona = Persona::load("gaiji").unwrap();
    counter.reader.insert("gaiji").unwrap();
    let config = counter.world.ground.path("kiosk/kiosk.toml");
    let application = Application {
        config: &config,
        place: ["--print".as_ref(), uri.as_ref()],
        municipality: &persona.municipality,
        pin: &persona.pin,
        language: "ja",
        reader: None,
    };
    let temporary = TempDir::new().unwrap();
    let mut kiosk = start(&application, temporary.path()).unwrap();
    let taken = kiosk.output.wait_for("step take-card", 6 * WITHIN);
    assert!(taken.is_some(), "{:?}", kiosk.log.all());
    counter.reader.remove().unwrap();
    let begun = printer.folder.path().join("begun");
    poll(6 * WITHIN, || begun.exists().then_some(())).unwrap();
    kiosk.signal(Signal::TERM).unwrap();
    assert_eq!(kiosk.wait(2 * WITHIN).unwrap().code(), Some(128 + 15));
    assert!(!kiosk.output.all().contains(&"step delivered".to_owned()));

    // The printer is still at it: the next resident is told so, and gets nothing of it.
    let outcome = print(&counter, &uri);
    assert_eq!(outcome.problem(), Some("printer-job-open"), "{outcome:?}");
    assert_eq!(outcome.steps, [""; 0]);
    fs::write(printer.folder.path().join("go"), "").unwrap();
    let ended = poll(2 * WITHIN, || printer.job_state());
    assert_eq!(ended.as_deref(), Some("canceled"));
    let outcome = print(&counter, &uri);
    assert!(outcome.status.success(), "{outcome:?}");
}

/// Serves one persona with `--print`, in a world whose services' root vouches for the printer too.
fn print(counter: &Counter, uri: &str) -> Outcome {
    let persona = Persona::load("gaiji").unwrap();
    counter.reader.insert("gaiji").unwrap();
    let config = counter.world.ground.path("kiosk/kiosk.toml");
    let application = Application {
        config: &config,
        place: ["--print".as_ref(), uri.as_ref()],
        municipality: &persona.municipality,
        pin: &persona.pin,
        language: "ja",
        reader: None,
    };
    apply(&application, &counter.reader).unwrap()
}

/// What an outside program reads from a printed sheet.
fn qr_of(sheet: &Path) -> String {
    let picture = sheet.with_extension("");
    let run = |name: &str, arguments: &[&OsStr]| {
        let mut command = Command::new(name);
        let output = command.args(arguments).stderr(Stdio::inherit()).output();
        let output = output.unwrap_or_else(|_| panic!("{name} is installed"));
        assert!(output.status.success(), "{name}");
        String::from_utf8(output.stdout).unwrap()
    };
    let arguments = ["-r", "300", "-png", "-singlefile"].map(OsStr::new);
    let files = [sheet.as_os_str(), picture.as_os_str()];
    run("pdftoppm", &[&arguments[..], &files].concat());
    let picture = picture.with_extension("png");
    let text = run(
        "zbarimg",
        &["--quiet".as_ref(), "--raw".as_ref(), picture.as_os_str()],
    );
    fs::remove_file(picture).unwrap();
    text.trim_end().to_owned()
}

#[test]
fn a_certificate_comes_out_of_the_printer_and_stays_nowhere_else() {
    let counter = Counter::open();
    let pki = counter.world.ground.path("pki/services");
    let printer = Printer::start(&pki.join("center.pem"), &pki.join("center.key"));
    let trusted = |config: &mut toml::Table| set(config, "printer.ca", "../pki/services/ca.pem");
    let ground = &counter.world.ground;
    ground.edit("kiosk/kiosk.toml", trusted).unwrap();
    let keys = String::from_utf8(counter.world.published_keys().unwrap()).unwrap();
    let keys = Jwks::parse(&keys).unwrap();
    let mut sheets = Vec::new();
    for scheme in ["ipp", "ipps"] {
        let uri = format!("{scheme}://localhost:{}/ipp/print", printer.port);
        let outcome = print(&counter, &uri);
        assert!(outcome.status.success(), "{scheme}: {outcome:?}");
        assert_eq!(outcome.litter, 0, "{scheme}: nothing is spooled");
        let new: Vec<_> = printer
            .paper()
            .into_iter()
            .filter(|it| !sheets.contains(it))
            .collect();
        let [sheet] = &new[..] else {
            panic!("{scheme}: {} sheets", new.len());
        };
        let jws = verify::jws_of(&qr_of(sheet)).unwrap();
        verify::check(&jws, &keys, i64::MAX).unwrap();
        sheets.extend(new);
    }
    assert_eq!(counter.world.registered(HOME).unwrap(), 2);

    // Without paper nothing is issued, let alone delivered.
    printer.empty_the_trays();
    let uri = format!("ipps://localhost:{}/ipp/print", printer.port);
    let outcome = print(&counter, &uri);
    assert_eq!(
        outcome.problem(),
        Some("printer-out-of-paper"),
        "{outcome:?}"
    );
    assert_eq!(printer.paper().len(), 2);
    assert_eq!(counter.world.registered(HOME).unwrap(), 2);
}

#[test]
fn without_tls_nothing_is_printed_elsewhere() {
    let mut kiosk = Command::new(program("kiosk"));
    kiosk.args(["--config", "kiosk.toml"]);
    kiosk.args(["--print", "ipp://192.0.2.1/ipp/print"]);
    let output = kiosk.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("use ipps"), "{said}");
}
