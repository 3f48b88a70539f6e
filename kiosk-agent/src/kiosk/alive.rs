//! What the service manager is told: that the kiosk is ready, and, again and again, that it still works.
//!
//! It is systemd's protocol (`sd_notify(3)`): datagrams to the socket that `NOTIFY_SOCKET` names. `WATCHDOG_USEC` is how long systemd waits
//! for one before it ends the program and starts it anew. `WATCHDOG_PID` is not looked at: at a kiosk the unit's first process is
//! the compositor, which starts this program.

use std::env;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use tokio::time::sleep;

/// The way to the service manager.
#[derive(Debug)]
pub(super) struct Alive(Option<Manager>);

#[derive(Debug)]
struct Manager {
    socket: UnixDatagram,
    address: SocketAddr,
    /// How long it waits, where it does.
    waits: Option<Duration>,
}

impl Alive {
    /// Finds the service manager in the environment; without one nobody is told.
    ///
    /// # Errors
    /// If what the environment says leads nowhere.
    pub(super) fn find() -> io::Result<Self> {
        let Some(name) = env::var_os("NOTIFY_SOCKET") else {
            return Ok(Self(None));
        };
        let address = match name.as_bytes() {
            // An abstract name, as `systemd` writes it.
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            _ => SocketAddr::from_pathname(&name)?,
        };
        let socket = UnixDatagram::unbound()?;
        // A manager that reads nothing holds up nobody.
        socket.set_nonblocking(true)?;
        if address.as_abstract_name().is_some() {
            // Once this process is confined no other can be found by such a name; where there is none nobody is told.
            let _ = socket.connect_addr(&address);
        }
        let micros = env::var("WATCHDOG_USEC").ok();
        let micros = micros.and_then(|micros| micros.parse().ok());
        Ok(Self(Some(Manager {
            socket,
            address,
            waits: micros.map(Duration::from_micros),
        })))
    }

    /// Residents can be served.
    pub(super) fn ready(&self) {
        self.tell("READY=1");
    }

    /// It is on its way to its end.
    pub(super) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Tells again and again that it works, until it is dropped. It is polled by turns with the core, in one task, so a core that
    /// never gives the thread back silences it; and each time something is done on the runtime's other thread, where the page is
    /// answered, so that one may not hang either.
    pub(super) async fn go_on(&self) {
        let Some(waits) = self.0.as_ref().and_then(|manager| manager.waits) else {
            return std::future::pending().await;
        };
        loop {
            if tokio::spawn(async {}).await.is_ok() {
                self.tell("WATCHDOG=1");
            }
            sleep(waits / 2).await;
        }
    }

    fn tell(&self, state: &str) {
        if let Some(manager) = &self.0 {
            // A manager that is not there any more wants to know nothing.
            let _ = match manager.address.as_abstract_name() {
                Some(_) => manager.socket.send(state.as_bytes()),
                None => {
                    let address = &manager.address;
                    manager.socket.send_to_addr(state.as_bytes(), address)
                }
            };
        }
    }
}
