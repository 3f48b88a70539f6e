//! A real printer program on loopback: `ippeveprinter`, with a folder as its paper.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{Program, poll};

/// How long it may take to answer.
const WITHIN: Duration = Duration::from_secs(10);

/// Works that put each copy out as a file in `sheets`, and wait before each while there is a file `hold`: then they tell the printer what is
/// in `say`, give up when there is `break`, and put out one more when there is `one`. A job that only says something of the printer is no page.
pub const WORKS: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
if [ "$(head -c 6 "$1")" = STATE: ]; then cat "$1" >&2; exit 0; fi
: > begun
copy=0
until [ $copy = "$IPP_COPIES" ]; do
  while [ -e hold ]; do
    if [ -e say ]; then cat say >&2; rm say; fi
    if [ -e break ]; then rm break begun; exit 1; fi
    if [ -e one ]; then rm one; break; fi
    sleep 0.05
  done
  copy=$((copy + 1))
  cp "$1" coming
  mv coming "sheets/$$-$copy"
  echo "ATTR: job-impressions-completed=$copy" >&2
done
rm begun
"#;

/// A job that says something of the printer, as nothing else can have it say that paper was put in.
const ERRAND: &str = r"{
  OPERATION Print-Job
  GROUP operation-attributes-tag
  ATTR charset attributes-charset utf-8
  ATTR naturalLanguage attributes-natural-language en
  ATTR uri printer-uri $uri
  ATTR mimeMediaType document-format application/pdf
  FILE $filename
  STATUS successful-ok
}
";

/// The printer, and what came out of it.
pub struct Printer {
    _printer: Program,
    _bus: Program,
    folder: TempDir,
    port: u16,
}

impl Printer {
    /// `certificate` and its key are the printer's own, for `ipps`.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(certificate: &Path, key: &Path) -> io::Result<Self> {
        Self::with(certificate, key, None)
    }

    /// With a program as its works: what that leaves undone is no sheet yet.
    ///
    /// # Errors
    /// If it does not start.
    pub fn with(certificate: &Path, key: &Path, works: Option<&str>) -> io::Result<Self> {
        let folder = TempDir::new()?;
        for name in ["paper", "keys", "sheets"] {
            fs::create_dir(folder.path().join(name))?;
        }
        fs::copy(certificate, folder.path().join("keys/localhost.crt"))?;
        fs::copy(key, folder.path().join("keys/localhost.key"))?;

        let mut bus = Command::new("dbus-daemon");
        bus.args(["--session", "--nofork", "--print-address"]);
        // By itself it would leave its socket in /tmp.
        bus.arg(format!("--address=unix:dir={}", folder.path().display()));
        let bus = Program::start("dbus-daemon", bus)?;
        let silent = || io::Error::other("the bus does not say where it is");
        let bus_address = bus.output.wait_for("unix:", WITHIN).ok_or_else(silent)?;

        let port = free_port()?;
        let mut printer = Command::new("ippeveprinter");
        printer.env("DBUS_SYSTEM_BUS_ADDRESS", bus_address);
        printer.args(["-n", "localhost", "-s", "120", "-r", "off", "-k"]);
        printer.args(["-f", "application/pdf", "-p", &port.to_string()]);
        printer.arg("-d").arg(folder.path().join("paper"));
        printer.arg("-K").arg(folder.path().join("keys"));
        if let Some(works) = works {
            let program = folder.path().join("works");
            fs::write(&program, works)?;
            fs::set_permissions(&program, fs::Permissions::from_mode(0o700))?;
            printer.arg("-c").arg(program);
        }
        printer.arg("kiosk");
        let printer = Program::start("ippeveprinter", printer)?;
        poll(WITHIN, || TcpStream::connect(("127.0.0.1", port)).ok())
            .ok_or_else(|| io::Error::other("the printer does not answer"))?;
        Ok(Self {
            _printer: printer,
            _bus: bus,
            folder,
            port,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// A file of its own folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sheets that came out.
    ///
    /// # Errors
    /// If its folder cannot be read.
    pub fn paper(&self) -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(self.path("paper"))?;
        let paths: io::Result<Vec<_>> = entries.map(|entry| Ok(entry?.path())).collect();
        Ok(paths?.into_iter().filter(|path| path.is_file()).collect())
    }

    /// How its one job stands, as an outside program says.
    ///
    /// # Errors
    /// If that cannot be run.
    pub fn job_state(&self) -> io::Result<Option<String>> {
        let said = self.ask(&["-tv".as_ref()], "get-completed-jobs.test".as_ref())?;
        let state = said
            .lines()
            .find_map(|line| line.trim().strip_prefix("job-state (enum) = "));
        Ok(state.map(str::to_owned))
    }

    /// Takes the paper out of all trays, as its own page for the operator does. It takes none in any more then.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn empty_the_trays(&self) -> io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        let query = "size0=iso_a4_210x297mm&type0=stationery&level0=0&size1=&level1=0";
        write!(
            stream,
            "GET /media?{query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if answer.starts_with("HTTP/1.1 200") {
            Ok(())
        } else {
            Err(io::Error::other("the printer's page refused"))
        }
    }

    /// Has it say this of itself, or no more, where its works are [`WORKS`]: a `printer-state-reasons` keyword without severity.
    ///
    /// # Errors
    /// If it does not.
    pub fn say(&self, reason: &str, is_so: bool) -> io::Result<()> {
        let sign = if is_so { '+' } else { '-' };
        let line = format!("STATE: {sign}{reason}\n");
        let begun = || self.path("begun").exists().then_some(());
        // A job that will be held may still be on its way.
        let within = if self.path("hold").exists() {
            WITHIN
        } else {
            Duration::ZERO
        };
        if poll(within, begun).is_some() {
            // Looked for again and again: it is there whole, or not at all.
            fs::write(self.path("said"), line)?;
            fs::rename(self.path("said"), self.path("say"))?;
        } else {
            let (errand, said) = (self.path("errand.test"), self.path("errand"));
            fs::write(&errand, ERRAND)?;
            fs::write(&said, line)?;
            self.ask(&["-f".as_ref(), said.as_os_str()], errand.as_os_str())?;
        }
        let told = poll(WITHIN, || (self.says(reason) == is_so).then_some(()));
        told.ok_or_else(|| io::Error::other("the printer does not say it"))
    }

    fn says(&self, reason: &str) -> bool {
        let asked = self.ask(&["-tv".as_ref()], "get-printer-attributes.test".as_ref());
        let mut lines = asked.iter().flat_map(|said| said.lines());
        lines.any(|line| line.contains("printer-state-reasons (") && line.contains(reason))
    }

    fn ask(&self, arguments: &[&OsStr], test: &OsStr) -> io::Result<String> {
        let mut command = Command::new("ipptool");
        let output = command.args(arguments).arg(self.uri()).arg(test).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn uri(&self) -> String {
        format!("ipp://localhost:{}/ipp/print", self.port)
    }
}

/// A port that was free a moment ago, for a program that has to be told one.
///
/// # Errors
/// If there is none.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
