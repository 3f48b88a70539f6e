//! A `pcscd` of our own, with the virtual reader's driver alone.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::process::{Program, poll, program};

/// Where Debian's `pcscd` has its socket. There can be one service only, unless `/run/pcscd` is a mount of one's own:
/// that is what `./shomei` provides.
const SOCKET: &str = "/run/pcscd/pcscd.comm";

/// The virtual reader's driver, in its package (`vsmartcard-vpcd`) as `./shomei` unpacks it beside what is built. It listens on all interfaces:
/// installed, it would be in the configuration of this machine's own `pcscd`.
///
/// # Errors
/// If it is not there.
pub fn driver() -> io::Result<PathBuf> {
    let unpacked = program("../vpcd/usr/lib/pcsc/drivers/serial/libifdvpcd.so");
    fs::canonicalize(&unpacked).map_err(|error| {
        let missing = format!(
            "{}: {error}: ./shomei demo and test put the virtual reader's driver there",
            unpacked.display()
        );
        io::Error::new(error.kind(), missing)
    })
}

/// How long it may take to come up, or to end.
const WITHIN: Duration = Duration::from_secs(10);

/// What has the C library overwrite what is freed, as the package's drop-in has it: small blocks too, which it would keep as they are
/// for the thread that freed them.
const OVERWRITING: [(&str, &str); 2] = [
    ("MALLOC_PERTURB_", "165"),
    ("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0"),
];

/// What becomes of memory that it frees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freed {
    /// Overwritten, as on a kiosk: the package has a drop-in for the service.
    Overwritten,
    /// Left as it is, as Debian starts the service.
    Left,
}

/// The running service. Dropping it stops the service.
pub struct Pcscd {
    service: Program,
    readers: TempDir,
    port: u16,
}

impl Pcscd {
    /// Starts it.
    ///
    /// # Errors
    /// If another service has the socket, the driver is missing, or it does not come up.
    pub fn start() -> io::Result<Self> {
        if Path::new(SOCKET).exists() {
            return Err(io::Error::other("a pcscd is running here already"));
        }
        let driver = driver()?;
        let port = two_free_ports()?;
        let readers = TempDir::new()?;
        // The configuration takes no path with a space in it, and no links for entries of its own.
        let link = readers.path().join("libifdvpcd.so");
        symlink(driver, &link)?;
        fs::write(readers.path().join("vpcd"), reader(&link, port))?;
        Ok(Self {
            service: launch(&readers, port, Freed::Overwritten)?,
            readers,
            port,
        })
    }

    /// Starts it again, with the same reader, once it has ended.
    ///
    /// # Errors
    /// If it does not end, or does not come up.
    pub fn restart(&mut self, freed: Freed) -> io::Result<()> {
        self.service.wait(WITHIN)?;
        self.service = launch(&self.readers, self.port, freed)?;
        Ok(())
    }

    /// Asks the service to end, with whoever uses it.
    ///
    /// # Errors
    /// If it is gone already.
    pub fn end(&self) -> io::Result<()> {
        self.service.signal(Signal::TERM)
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.service.id()
    }

    /// TCP port of the first slot; the second has the next.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

/// An entry of `pcscd`'s configuration: the virtual reader, whose first slot has this port.
#[must_use]
pub fn reader(driver: &Path, port: u16) -> String {
    let driver = driver.display();
    format!(
        "FRIENDLYNAME \"Virtual PCD\"\nDEVICENAME /dev/null:{port:#06x}\nLIBPATH {driver}\nCHANNELID {port:#06x}\n"
    )
}

fn launch(readers: &TempDir, port: u16, freed: Freed) -> io::Result<Program> {
    let mut command = Command::new("/usr/sbin/pcscd");
    command
        .args(["--foreground", "--error", "--config"])
        .arg(readers.path());
    for (name, value) in OVERWRITING {
        match freed {
            Freed::Overwritten => command.env(name, value),
            Freed::Left => command.env_remove(name),
        };
    }
    let mut service = Program::start("pcscd", command)?;
    let up = poll(WITHIN, || {
        let up = Path::new(SOCKET).exists() && is_listening(port);
        (up || !service.is_running()).then_some(up)
    });
    if up != Some(true) {
        return Err(io::Error::other(format!(
            "pcscd: {}",
            service.log.all().join("\n")
        )));
    }
    Ok(service)
}

/// A port whose successor is free as well: the driver takes both.
fn two_free_ports() -> io::Result<u16> {
    for _ in 0..100 {
        let first = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        let port = first.local_addr()?.port();
        if port < u16::MAX && TcpListener::bind((Ipv4Addr::UNSPECIFIED, port + 1)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// Looks at the kernel's table: connecting would put a card on the reader.
fn is_listening(port: u16) -> bool {
    let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let socket = format!(":{port:04X} 00000000:0000 0A");
    table.contains(&socket)
}
