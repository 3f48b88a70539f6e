//! A printer that is a program of its own.

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
use tokio::time::{Instant, sleep};

use super::super::{PDF, Printer};
use super::{terminal, until};

/// A printer, its D-Bus (it looks for Avahi there, and does without), and its paper.
pub(super) struct RealPrinter {
    _bus: Child,
    _printer: Child,
    pub(super) folder: TempDir,
    pub(super) port: u16,
}

/// The printer's works, where it does not only keep what it is sent: begins at once, and a sheet comes out once `go` is there.
/// Until then they tell the printer what is in `say`, and give up when there is `break`.
const WORKS: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
: > begun
until [ -e go ]; do
  if [ -e say ]; then cat say >&2; rm say; fi
  if [ -e break ]; then rm break; exit 1; fi
  sleep 0.05
done
cp "$1" "sheets/$$"
"#;

impl RealPrinter {
    pub(super) async fn start(formats: &str) -> Self {
        Self::with(formats, false).await
    }

    /// Its sheets come out when they are let go.
    pub(super) async fn with_works() -> Self {
        Self::with(PDF, true).await
    }

    async fn with(formats: &str, works: bool) -> Self {
        Self::described(formats, works, "").await
    }

    /// That says of itself what is in this file, and nothing else, where it is not empty.
    pub(super) async fn described(formats: &str, works: bool, attributes: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("attributes");
        fs::write(&file, attributes).unwrap();
        for name in ["paper", "keys", "sheets"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let program = folder.path().join("works");
        fs::write(&program, WORKS).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        let ca = authority(&folder.path().join("keys"));
        fs::write(folder.path().join("ca.pem"), ca).unwrap();

        let mut bus = Command::new("dbus-daemon");
        // By itself it would leave its socket in /tmp.
        bus.args(["--session", "--nofork", "--print-address"])
            .arg(format!("--address=unix:dir={}", folder.path().display()))
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
                "-r",
                "off",
                "-k",
                "-p",
                &port.to_string(),
            ])
            .arg("-d")
            .arg(folder.path().join("paper"))
            .arg("-K")
            .arg(folder.path().join("keys"))
            .args(works.then_some("-c"))
            .args(works.then_some(program))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        if attributes.is_empty() {
            printer.args(["-s", "120", "-f", formats]);
        } else {
            printer.arg("-a").arg(file);
        }
        printer.arg("kiosk");
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

    pub(super) fn printer(&self, scheme: &str) -> Printer {
        let uri = format!("{scheme}://localhost:{}/ipp/print", self.port);
        let ca = self.folder.path().join("ca.pem");
        Printer::new(uri.parse().unwrap(), Some(&ca), &terminal()).unwrap()
    }

    /// Its works have begun on a job.
    pub(super) async fn begun(&self) {
        let begun = self.folder.path().join("begun");
        until(async || begun.exists()).await;
    }

    /// Lets its sheets come out.
    pub(super) fn go(&self) {
        fs::write(self.folder.path().join("go"), "").unwrap();
    }

    /// Has its works tell it something, and waits until they have.
    pub(super) async fn say(&self, lines: &str) {
        let (new, say) = (
            self.folder.path().join("say.new"),
            self.folder.path().join("say"),
        );
        fs::write(&new, lines).unwrap();
        fs::rename(new, &say).unwrap();
        until(async || !say.exists()).await;
    }

    /// Breaks its works off: the job fails.
    pub(super) fn break_off(&self) {
        fs::write(self.folder.path().join("break"), "").unwrap();
    }

    /// How many sheets came out.
    pub(super) fn sheets(&self) -> usize {
        fs::read_dir(self.folder.path().join("sheets"))
            .unwrap()
            .count()
    }

    pub(super) fn printed(&self) -> Vec<Vec<u8>> {
        let paper = fs::read_dir(self.folder.path().join("paper")).unwrap();
        let files = paper
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file());
        files.map(|path| fs::read(path).unwrap()).collect()
    }

    /// Its own page for the operator sets how much paper is in the tray.
    pub(super) async fn set_paper(&self, query: &str) {
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
pub(super) fn authority(keys: &Path) -> String {
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
