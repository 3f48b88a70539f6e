//! The kiosk program in front of a real printer program, `ippeveprinter` (Debian's cups-ipp-utils): its folder is the paper.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use stage::judges::page;
use stage::kiosk::{Application, Outcome, Purpose, apply, start};
use stage::persona::Persona;
use stage::printer::{Printer, WORKS};
use stage::process::{poll, program};
use stage::world::set;
use tempfile::TempDir;
use verify::Jwks;

use crate::support::{Counter, HOME};

const WITHIN: Duration = Duration::from_secs(10);

#[test]
fn told_to_end_while_it_prints_the_kiosk_cancels_the_job() {
    let counter = Counter::open();
    let pki = counter.world.ground.path("pki/services");
    let keys = (pki.join("center.pem"), pki.join("center.key"));
    let printer = Printer::with(&keys.0, &keys.1, Some(WORKS)).unwrap();
    fs::write(printer.path("hold"), "").unwrap();
    let uri = format!("ipp://localhost:{}/ipp/print", printer.port());
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
        purpose: Purpose::Domestic,
    };
    let temporary = TempDir::new().unwrap();
    let mut kiosk = start(&application, temporary.path()).unwrap();
    let taken = kiosk.output.wait_for("step take-card", 6 * WITHIN);
    assert!(taken.is_some(), "{:?}", kiosk.log.all());
    counter.reader.remove().unwrap();
    let begun = printer.path("begun");
    poll(6 * WITHIN, || begun.exists().then_some(())).unwrap();
    kiosk.signal(Signal::TERM).unwrap();
    assert_eq!(kiosk.wait(2 * WITHIN).unwrap().code(), Some(128 + 15));
    assert!(!kiosk.output.all().contains(&"step delivered".to_owned()));

    // The printer is still at it: the next resident is told so, and gets nothing of it.
    let outcome = print(&counter, &uri);
    assert_eq!(outcome.problem(), Some("printer-job-open"), "{outcome:?}");
    assert_eq!(outcome.steps, [""; 0]);
    fs::remove_file(printer.path("hold")).unwrap();
    let ended = poll(2 * WITHIN, || printer.job_state().unwrap());
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
        purpose: Purpose::Domestic,
    };
    apply(&application, &counter.reader).unwrap()
}

/// What an outside program reads from a printed sheet.
fn qr_of(sheet: &Path) -> String {
    let picture = page::rasterise(sheet, 300).unwrap();
    let texts = page::zbar(&picture).unwrap();
    fs::remove_file(picture).unwrap();
    texts.join("\n")
}

#[test]
fn a_certificate_comes_out_of_the_printer_and_stays_nowhere_else() {
    let counter = Counter::open();
    let pki = counter.world.ground.path("pki/services");
    let printer = Printer::start(&pki.join("center.pem"), &pki.join("center.key")).unwrap();
    let trusted = |config: &mut toml::Table| set(config, "printer.ca", "../pki/services/ca.pem");
    let ground = &counter.world.ground;
    ground.edit("kiosk/kiosk.toml", trusted).unwrap();
    let keys = String::from_utf8(counter.world.published_keys().unwrap()).unwrap();
    let keys = Jwks::parse(&keys).unwrap();
    let mut sheets = Vec::new();
    for scheme in ["ipp", "ipps"] {
        let uri = format!("{scheme}://localhost:{}/ipp/print", printer.port());
        let outcome = print(&counter, &uri);
        assert!(outcome.status.success(), "{scheme}: {outcome:?}");
        assert_eq!(outcome.litter, 0, "{scheme}: nothing is spooled");
        let new: Vec<_> = printer
            .paper()
            .unwrap()
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
    printer.empty_the_trays().unwrap();
    let uri = format!("ipps://localhost:{}/ipp/print", printer.port());
    let outcome = print(&counter, &uri);
    assert_eq!(
        outcome.problem(),
        Some("printer-out-of-paper"),
        "{outcome:?}"
    );
    assert_eq!(printer.paper().unwrap().len(), 2);
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
