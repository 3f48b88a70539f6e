//! The virtual reader: `pcscd`, and the card emulator as a process beside it.

use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use card::pcsc::{Event, Monitor, Pcsc};
use hw_sim::control::{Reply, Request, call};
use hw_sim::persona::PersonaName;
use hw_sim::trace;
use tempfile::TempDir;

use crate::pcscd::Pcscd;
use crate::process::{Program, program};

/// How long `pcscd` may take to notice a card that came or went; it looks twice a second.
const NOTICED_WITHIN: Duration = Duration::from_secs(10);

/// What `pcscd` knows of the card. One that is exchanged before it looks again would seem to have been lifted.
struct Noticed {
    monitor: Monitor,
    card: bool,
}

impl Noticed {
    fn wait_for(&mut self, card: bool) -> io::Result<()> {
        let deadline = Instant::now() + NOTICED_WITHIN;
        while self.card != card {
            match self
                .monitor
                .next(deadline.saturating_duration_since(Instant::now()))
            {
                Some(Event::CardPlaced(_)) => self.card = true,
                Some(Event::CardLifted(_)) => self.card = false,
                Some(_) => {}
                None => return Err(io::Error::other("pcscd did not notice the card")),
            }
        }
        Ok(())
    }
}

/// The virtual reader, and what lies on it.
pub struct Reader {
    // Dropped in this order: the emulator leaves the driver before the service ends.
    noticed: Mutex<Noticed>,
    _emulator: Program,
    _pcscd: Pcscd,
    _folder: TempDir,
    socket: PathBuf,
}

impl Reader {
    /// Starts both.
    ///
    /// # Errors
    /// If one does not come up.
    pub fn start(cards: &Path) -> io::Result<Self> {
        let pcscd = Pcscd::start()?;
        let folder = TempDir::new()?;
        let socket = folder.path().join("hw-sim.sock");
        let mut command = Command::new(program("hw-sim"));
        command.arg("run").arg("--cards").arg(cards);
        command
            .arg("--port")
            .arg(pcscd.port().to_string())
            .arg("--control")
            .arg(&socket);
        let (emulator, _) = Program::serve("hw-sim", command)?;
        let monitor = Pcsc::open().map_err(io::Error::other)?.monitor();
        let noticed = Mutex::new(Noticed {
            monitor,
            card: false,
        });
        Ok(Self {
            noticed,
            _emulator: emulator,
            _pcscd: pcscd,
            _folder: folder,
            socket,
        })
    }

    /// The emulator's control socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Puts a persona's card on the reader.
    ///
    /// # Errors
    /// If the emulator refuses.
    pub fn insert(&self, persona: &str) -> io::Result<()> {
        self.insert_to_be_lifted(persona, None)
    }

    /// Puts a persona's card on the reader and lifts it after so many APDUs.
    ///
    /// # Errors
    /// If the emulator refuses.
    pub fn insert_to_be_lifted(&self, persona: &str, after: Option<NonZeroU32>) -> io::Result<()> {
        let persona: PersonaName = persona.parse().map_err(io::Error::other)?;
        self.remove()?;
        self.done(&Request::Insert {
            slot: 0,
            persona,
            lift_after: after,
            faults: Vec::new(),
        })?;
        self.noticed().wait_for(true)
    }

    /// Takes the card away. With none there, nothing happens.
    ///
    /// # Errors
    /// If the emulator does not answer.
    pub fn remove(&self) -> io::Result<()> {
        self.done(&Request::Remove { slot: 0 })?;
        self.noticed().wait_for(false)
    }

    fn noticed(&self) -> MutexGuard<'_, Noticed> {
        self.noticed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a persona's card its first tries back.
    ///
    /// # Errors
    /// If the emulator refuses.
    pub fn reset_tries(&self, persona: &str) -> io::Result<()> {
        let persona = persona.parse().map_err(io::Error::other)?;
        self.done(&Request::ResetTries { persona })
    }

    /// Tries left for the PIN of the card on the reader.
    ///
    /// # Errors
    /// If there is none.
    pub fn pin_tries(&self) -> io::Result<u8> {
        for reply in call(&self.socket, &Request::Status)? {
            if let Reply::Slot { slot: 0, tries, .. } = reply? {
                let left = tries.get("text").and_then(|tries| tries.get("0011"));
                return left.copied().ok_or_else(|| io::ErrorKind::NotFound.into());
            }
        }
        Err(io::ErrorKind::NotFound.into())
    }

    /// What went over the reader so far.
    ///
    /// # Errors
    /// If the emulator does not answer.
    pub fn trace(&self) -> io::Result<Vec<trace::Event>> {
        let replies = call(
            &self.socket,
            &Request::Trace {
                slot: 0,
                follow: false,
            },
        )?;
        replies
            .filter_map(|reply| match reply {
                Ok(Reply::Event(event)) => Some(Ok(event)),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            })
            .collect()
    }

    fn done(&self, request: &Request) -> io::Result<()> {
        match call(&self.socket, request)?.next() {
            Some(Ok(Reply::Done)) => Ok(()),
            Some(Ok(Reply::Refused { because })) => Err(io::Error::other(because)),
            Some(Err(error)) => Err(error),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}
