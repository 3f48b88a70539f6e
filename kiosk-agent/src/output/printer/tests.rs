//! Against a real printer program: `ippeveprinter` (Debian's cups-ipp-utils), whose folder is the paper.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use http_body_util::Empty;
use hyper::body::Bytes;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use ipp::model::JobState;

use super::health::{obstacle, warning};
use super::job::Ended;
use super::*;
use crate::handover::testing::{certificate, page};

mod proxy;
use proxy::{Fault, Proxy};

/// A printer, its D-Bus (it looks for Avahi there, and does without), and its paper.
struct RealPrinter {
    _bus: Child,
    _printer: Child,
    folder: TempDir,
    port: u16,
}

/// The printer's works, where it does not only keep what it is sent: begins at once, and a sheet comes out once `go` is there.
const WORKS: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
: > begun
until [ -e go ]; do sleep 0.05; done
cp "$1" "sheets/$$"
"#;

impl RealPrinter {
    async fn start(formats: &str) -> Self {
        Self::with(formats, false).await
    }

    /// Its sheets come out when they are let go.
    async fn with_works() -> Self {
        Self::with(PDF, true).await
    }

    async fn with(formats: &str, works: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["paper", "keys", "sheets"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let program = folder.path().join("works");
        fs::write(&program, WORKS).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        let ca = authority(&folder.path().join("keys"));
        fs::write(folder.path().join("ca.pem"), ca).unwrap();

        let mut bus = Command::new("dbus-daemon");
        bus.args(["--session", "--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut bus = bus.spawn().expect("dbus-daemon is installed");
        let address = BufReader::new(bus.stdout.take().unwrap())
            .lines()
            .next_line()
            .await
            .unwrap()
            .unwrap();

        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut printer = Command::new("ippeveprinter");
        printer
            .env("DBUS_SYSTEM_BUS_ADDRESS", address)
            .args([
                "-n",
                "localhost",
                "-s",
                "120",
                "-r",
                "off",
                "-k",
                "-f",
                formats,
                "-p",
                &port.to_string(),
            ])
            .arg("-d")
            .arg(folder.path().join("paper"))
            .arg("-K")
            .arg(folder.path().join("keys"))
            .args(works.then_some("-c"))
            .args(works.then_some(program))
            .arg("kiosk")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let printer = printer
            .spawn()
            .expect("ippeveprinter is installed (cups-ipp-utils)");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).await.is_err() {
            assert!(Instant::now() < deadline, "ippeveprinter does not listen");
            sleep(Duration::from_millis(20)).await;
        }
        Self {
            _bus: bus,
            _printer: printer,
            folder,
            port,
        }
    }

    fn printer(&self, scheme: &str) -> Printer {
        let uri = format!("{scheme}://localhost:{}/ipp/print", self.port);
        let ca = self.folder.path().join("ca.pem");
        Printer::new(uri.parse().unwrap(), Some(&ca), &terminal()).unwrap()
    }

    /// Its works have begun on a job.
    async fn begun(&self) {
        let begun = self.folder.path().join("begun");
        until(async || begun.exists()).await;
    }

    /// Lets its sheets come out.
    fn go(&self) {
        fs::write(self.folder.path().join("go"), "").unwrap();
    }

    /// How many sheets came out.
    fn sheets(&self) -> usize {
        fs::read_dir(self.folder.path().join("sheets"))
            .unwrap()
            .count()
    }

    fn printed(&self) -> Vec<Vec<u8>> {
        let paper = fs::read_dir(self.folder.path().join("paper")).unwrap();
        let files = paper
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file());
        files.map(|path| fs::read(path).unwrap()).collect()
    }

    /// Its own page for the operator sets how much paper is in the tray.
    async fn set_paper(&self, query: &str) {
        let stream = TcpStream::connect(("localhost", self.port)).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream))
                .await
                .unwrap();
        let request = hyper::Request::get(format!("/media?{query}"))
            .header("host", "localhost")
            .header("connection", "close")
            .body(Empty::<Bytes>::new())
            .unwrap();
        let sent = async move { sender.send_request(request).await.unwrap().status() };
        let (_, status) = tokio::join!(connection, sent);
        assert!(status.is_success());
    }
}

/// Makes an authority and the printer's certificate under it; the authority, PEM.
fn authority(keys: &Path) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
    let authority = parameters.self_signed(&key).unwrap().pem();
    let issuer = rcgen::Issuer::new(parameters, key);
    let key = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf = parameters.signed_by(&key, &issuer).unwrap();
    fs::write(keys.join("localhost.crt"), leaf.pem()).unwrap();
    fs::write(keys.join("localhost.key"), key.serialize_pem()).unwrap();
    authority
}

fn terminal() -> TerminalUrn {
    "urn:shomei:terminal:kiosk:dev:0001".parse().unwrap()
}

/// A printer behind a proxy, and not for long.
fn behind(proxy: &Proxy) -> Printer {
    let uri = format!("ipp://localhost:{}/ipp/print", proxy.port);
    let mut printer = Printer::new(uri.parse().unwrap(), None, &terminal()).unwrap();
    let second = Duration::from_secs(1);
    printer.waits = Waits {
        printed: 20 * second,
        silence: second,
        hindered: second,
        cancelled: second,
        settled: second / 5,
        abandoned: second,
    };
    printer
}

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < deadline, "it never came to be");
        sleep(Duration::from_millis(20)).await;
    }
}

fn one_page() -> Certificate {
    certificate("a.b.c", &page(&["printed"]))
}

const EMPTY_TRAY: &str = "size0=iso_a4_210x297mm&type0=stationery&level0=0&size1=&level1=0";

#[tokio::test]
async fn a_lost_answer_to_the_page_does_not_hide_that_it_was_printed() {
    let real = RealPrinter::with_works().await;
    real.go();
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    proxy.set(Operation::SendDocument, Fault::Answer);
    assert_eq!(printer.deliver(&one_page()).await, Ok(()));
    assert_eq!(real.sheets(), 1);
    assert_eq!(printer.settled().await, Ok(()));
}

#[tokio::test]
async fn a_job_whose_number_was_lost_is_empty_and_makes_way_for_the_next() {
    let real = RealPrinter::with_works().await;
    real.go();
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    proxy.set(Operation::CreateJob, Fault::Answer);
    let delivered = printer.deliver(&one_page()).await;
    assert_eq!(delivered, Err(OutputError::Unavailable.into()));
    assert_eq!(proxy.asked(Operation::SendDocument), 0);
    assert_eq!(proxy.asked(Operation::CancelJob), 1);
    proxy.mend();
    assert_eq!(printer.deliver(&one_page()).await, Ok(()));
    assert_eq!(real.sheets(), 1);
}

#[tokio::test]
async fn a_page_that_never_arrived_is_not_printed_and_is_told_so() {
    let real = RealPrinter::with_works().await;
    real.go();
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    proxy.set(Operation::SendDocument, Fault::Request);
    let delivered = printer.deliver(&one_page()).await;
    assert_eq!(delivered, Err(OutputError::Failed.into()));
    assert_eq!(real.sheets(), 0);
    proxy.mend();
    assert_eq!(printer.deliver(&one_page()).await, Ok(()));
    assert_eq!(real.sheets(), 1);
}

#[tokio::test]
async fn what_became_of_a_job_is_unknown_until_the_printer_says_so() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    let cut = async {
        real.begun().await;
        proxy.cut();
    };
    let page = one_page();
    let (delivered, ()) = tokio::join!(printer.deliver(&page), cut);
    assert_eq!(delivered, Err(OutputError::OutcomeUnknown.into()));
    // Not reached, and reached but at it: out of service.
    assert_eq!(printer.ready(1).await, Err(OutputError::JobOpen));
    proxy.mend();
    assert_eq!(printer.ready(1).await, Err(OutputError::JobOpen));
    let job_open = Err(OutputError::JobOpen.into());
    assert_eq!(printer.deliver(&page).await, job_open);
    // So is a program that was started anew.
    let mut anew = behind(&proxy);
    assert_eq!(anew.settled().await, Err(OutputError::JobOpen));
    assert_eq!(real.sheets(), 0);

    // In service again by itself, and not before the old sheet is out.
    real.go();
    until(async || printer.settled().await.is_ok()).await;
    assert_eq!(real.sheets(), 1);
    assert_eq!(anew.settled().await, Ok(()));
    assert_eq!(anew.deliver(&page).await, Ok(()));
    assert_eq!(real.sheets(), 2);
}

#[tokio::test]
async fn a_job_the_printer_forgot_is_out_of_the_way_and_its_outcome_unknown() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    let other = RealPrinter::with_works().await;
    let page = one_page();
    let restart = async {
        real.begun().await;
        proxy.to(other.port);
    };
    let (delivered, ()) = tokio::join!(printer.deliver(&page), restart);
    assert_eq!(delivered, Err(OutputError::OutcomeUnknown.into()));
    assert_eq!(printer.ready(1).await, Ok(()));
}

#[tokio::test]
async fn jobs_of_others_are_left_alone() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut theirs = behind(&proxy);
    theirs.name = "certificate urn:shomei:terminal:kiosk:dev:0002".to_owned();
    let mut ours = behind(&proxy);
    let page = one_page();
    let meanwhile = async {
        real.begun().await;
        assert_eq!(ours.settled().await, Ok(()));
        assert_eq!(proxy.asked(Operation::CancelJob), 0);
        real.go();
    };
    let (delivered, ()) = tokio::join!(theirs.deliver(&page), meanwhile);
    assert_eq!(delivered, Ok(()));
}

#[tokio::test]
async fn a_delivery_dropped_under_way_is_cancelled_at_the_end() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    let page = one_page();
    tokio::select! {
        _ = printer.deliver(&page) => panic!("it cannot be done"),
        () = real.begun() => {}
    }
    let Jobs::Open(Some(job)) = printer.jobs else {
        panic!("{:?}", printer.jobs);
    };
    printer.abandon().await;
    assert!(proxy.asked(Operation::CancelJob) > 0);
    real.go();
    let ended = State::Ended(Ended::Stopped);
    until(async || printer.state(job).await == Ok(ended)).await;
}

#[tokio::test]
async fn the_last_sheet_of_the_tray_is_a_sheet() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    printer.waits.hindered = WAITS.hindered;
    let page = one_page();
    let last = async {
        real.begun().await;
        real.set_paper(EMPTY_TRAY).await;
        // Long enough to be seen.
        let looks = proxy.asked(Operation::GetPrinterAttributes);
        until(async || proxy.asked(Operation::GetPrinterAttributes) > looks + 2).await;
        real.go();
    };
    let (delivered, ()) = tokio::join!(printer.deliver(&page), last);
    assert_eq!(delivered, Ok(()));
    assert_eq!(proxy.asked(Operation::CancelJob), 0);
    assert_eq!(printer.ready(1).await, Err(OutputError::OutOfPaper));
}

#[tokio::test]
async fn a_job_that_stops_without_paper_is_cancelled_and_told() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    printer.waits.cancelled = WAITS.cancelled;
    let page = one_page();
    let stops = async {
        real.begun().await;
        real.set_paper(EMPTY_TRAY).await;
        let stopped = JobState::ProcessingStopped as u8;
        proxy.set(Operation::GetJobAttributes, Fault::JobState(stopped));
        until(async || proxy.asked(Operation::CancelJob) > 0).await;
        proxy.mend();
        real.go();
    };
    let (delivered, ()) = tokio::join!(printer.deliver(&page), stops);
    assert_eq!(delivered, Err(OutputError::OutOfPaper.into()));
    assert_eq!(printer.settled().await, Ok(()));
}

#[tokio::test]
async fn a_tray_that_stays_empty_under_way_is_told_in_time() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    let page = one_page();
    let empty = async {
        real.begun().await;
        real.set_paper(EMPTY_TRAY).await;
        until(async || proxy.asked(Operation::CancelJob) > 0).await;
        real.go();
    };
    printer.waits.cancelled = WAITS.cancelled;
    let (delivered, ()) = tokio::join!(printer.deliver(&page), empty);
    assert_eq!(delivered, Err(OutputError::OutOfPaper.into()));
}

#[tokio::test]
async fn a_page_comes_out_as_it_went_in() {
    let real = RealPrinter::start(PDF).await;
    let page = page(&["printed"]);
    for scheme in ["ipp", "ipps"] {
        let mut printer = real.printer(scheme);
        assert_eq!(printer.ready(10).await, Ok(()), "{scheme}");
        let before = real.printed().len();
        assert_eq!(
            printer.deliver(&certificate("a.b.c", &page)).await,
            Ok(()),
            "{scheme}"
        );
        assert_eq!(real.printed().len(), before + 1, "{scheme}");
        assert!(real.printed().contains(&page), "{scheme}");
    }
}

#[tokio::test]
async fn a_printer_that_others_vouch_for_gets_nothing() {
    let real = RealPrinter::start(PDF).await;
    let other = authority(&real.folder.path().join("keys/../paper/.."));
    fs::write(real.folder.path().join("ca.pem"), other).unwrap();
    let mut printer = real.printer("ipps");
    let delivered = printer.deliver(&certificate("a.b.c", &page(&["x"]))).await;
    assert_eq!(delivered, Err(OutputError::Unavailable.into()));
    assert!(real.printed().is_empty());
}

#[tokio::test]
async fn a_printer_that_takes_no_pdf_is_not_ready() {
    let real = RealPrinter::start("image/jpeg").await;
    assert_eq!(real.printer("ipp").ready(1).await, Err(OutputError::Failed));
}

#[tokio::test]
async fn an_empty_tray_is_noticed_before_anything_is_issued() {
    let real = RealPrinter::start(PDF).await;
    assert_eq!(real.printer("ipp").ready(1).await, Ok(()));
    real.set_paper(EMPTY_TRAY).await;
    assert_eq!(
        real.printer("ipp").ready(1).await,
        Err(OutputError::OutOfPaper)
    );
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!(
        "ipp://127.0.0.1:{}/ipp/print",
        free.local_addr().unwrap().port()
    );
    drop(free);
    let mut printer = Printer::new(uri.parse().unwrap(), None, &terminal()).unwrap();
    assert_eq!(printer.ready(1).await, Err(OutputError::Unavailable));
    assert!(matches!(
        Printer::new("ipps://localhost/p".parse().unwrap(), None, &terminal()),
        Err(AddressError::Authority)
    ));
}

#[test]
fn reasons_are_told_apart() {
    assert_eq!(obstacle("none"), None);
    assert_eq!(obstacle("media-low"), None);
    assert_eq!(obstacle("media-empty-report"), None);
    assert_eq!(obstacle("media-empty-error"), Some(OutputError::OutOfPaper));
    assert_eq!(obstacle("media-needed"), Some(OutputError::OutOfPaper));
    assert_eq!(obstacle("media-jam-error"), Some(OutputError::Failed));
    assert_eq!(obstacle("offline"), Some(OutputError::Unavailable));
}
