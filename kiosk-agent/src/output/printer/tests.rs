//! Against a real printer program: `ippeveprinter` (Debian's cups-ipp-utils), whose folder is the paper.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use http_body_util::Empty;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::*;
use crate::handover::testing::{certificate, page};

/// A printer, its D-Bus (it looks for Avahi there, and does without), and its paper.
struct RealPrinter {
    _bus: Child,
    _printer: Child,
    folder: TempDir,
    port: u16,
}

impl RealPrinter {
    async fn start(formats: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["paper", "keys"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
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
        Printer::new(
            uri.parse().unwrap(),
            Some(&self.folder.path().join("ca.pem")),
        )
        .unwrap()
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
    assert_eq!(delivered, Err(OutputError::Unavailable));
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
    real.set_paper("size0=iso_a4_210x297mm&type0=stationery&level0=0&size1=&level1=0")
        .await;
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
    let mut printer = Printer::new(uri.parse().unwrap(), None).unwrap();
    assert_eq!(printer.ready(1).await, Err(OutputError::Unavailable));
    assert!(matches!(
        Printer::new("ipps://localhost/p".parse().unwrap(), None),
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
