//! The virtual reader: `pcscd`, and the card emulator as a process beside it.

use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use card::pcsc::{Event, Monitor, Pcsc, ReaderName};
use hw_sim::control::{Reply, Request, call};
use hw_sim::fault::Fault;
use hw_sim::persona::PersonaName;
use hw_sim::trace;
use tempfile::TempDir;

use crate::pcscd::{Freed, Pcscd};
use crate::process::{Program, program};

/// How long `pcscd` may take to notice a card that came or went; it looks twice a second.
const NOTICED_WITHIN: Duration = Duration::from_secs(10);

/// How many slots the reader has.
const SLOTS: usize = 2;

/// What `pcscd` knows of the cards. One that is exchanged before it looks again would seem to have been lifted.
struct Noticed {
    monitor: Monitor,
    cards: [bool; SLOTS],
}

impl Noticed {
    fn wait_for(&mut self, slot: usize, card: bool) -> io::Result<()> {
        let deadline = Instant::now() + NOTICED_WITHIN;
        // What was noticed before is not what is waited for: a mute card goes and comes by itself.
        while let Some(event) = self.monitor.next(Duration::ZERO) {
            self.take(event);
        }
        while self.cards.get(slot) != Some(&card) {
            let left = deadline.saturating_duration_since(Instant::now());
            let event = self.monitor.next(left);
            let late = || io::Error::other("pcscd did not notice the card");
            self.take(event.ok_or_else(late)?);
        }
        Ok(())
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::CardPlaced(reader) => self.set(&reader, true),
            Event::CardLifted(reader) => self.set(&reader, false),
            Event::ServiceLost => self.cards = [false; SLOTS],
            _ => {}
        }
    }

    fn set(&mut self, reader: &ReaderName, card: bool) {
        let is_it = |slot: &usize| reader.to_string() == name(*slot);
        if let Some(slot) = (0..SLOTS).find(is_it) {
            self.cards[slot] = card;
        }
    }
}

/// The name of a slot in PC/SC.
#[must_use]
pub fn name(slot: usize) -> String {
    format!("Virtual PCD 00 {slot:02}")
}

/// The virtual reader, and what lies on it.
pub struct Reader {
    // Dropped in this order: the emulator leaves the driver before the service ends.
    noticed: Mutex<Noticed>,
    _emulator: Program,
    pcscd: Pcscd,
    _folder: TempDir,
    socket: PathBuf,
    cabinet: PathBuf,
}

impl Reader {
    /// Starts both.
    ///
    /// # Errors
    /// If one does not come up.
    pub fn start(cards: &Path) -> io::Result<Self> {
        Self::start_above(cards, None)
    }

    /// Starts both, and sensors and payment unit of a kiosk whose paper comes as files of this folder.
    ///
    /// # Errors
    /// If one does not come up.
    pub fn start_in_a_cabinet(cards: &Path, paper: &Path) -> io::Result<Self> {
        Self::start_above(cards, Some(paper))
    }

    fn start_above(cards: &Path, paper: Option<&Path>) -> io::Result<Self> {
        let pcscd = Pcscd::start()?;
        let folder = TempDir::new()?;
        let socket = folder.path().join("hw-sim.sock");
        let cabinet = folder.path().join("cabinet.sock");
        let mut command = Command::new(program("hw-sim"));
        command.arg("run").arg("--cards").arg(cards);
        command
            .arg("--port")
            .arg(pcscd.port().to_string())
            .arg("--control")
            .arg(&socket);
        if let Some(paper) = paper {
            command.arg("--cabinet").arg(&cabinet);
            command.arg("--paper").arg(paper);
        }
        let (emulator, _) = Program::serve("hw-sim", command)?;
        let monitor = Pcsc::open().map_err(io::Error::other)?.monitor();
        let noticed = Mutex::new(Noticed {
            monitor,
            cards: [false; SLOTS],
        });
        Ok(Self {
            noticed,
            _emulator: emulator,
            pcscd,
            _folder: folder,
            socket,
            cabinet,
        })
    }

    /// The socket of sensors and payment unit, where there are any.
    #[must_use]
    pub fn cabinet(&self) -> &Path {
        &self.cabinet
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
        self.put(0, persona, after, Vec::new())
    }

    /// Puts a persona's card on the reader, with faults to come; perhaps lifts it after so many APDUs.
    ///
    /// # Errors
    /// If the emulator refuses.
    pub fn insert_faulty(
        &self,
        persona: &str,
        lift_after: Option<NonZeroU32>,
        faults: Vec<Fault>,
    ) -> io::Result<()> {
        self.put(0, persona, lift_after, faults)
    }

    /// Puts a persona's card on a slot, with faults to come.
    ///
    /// # Errors
    /// If the emulator refuses.
    pub fn insert_into(&self, slot: usize, persona: &str, faults: &[Fault]) -> io::Result<()> {
        self.put(slot, persona, None, faults.to_vec())
    }

    fn put(
        &self,
        slot: usize,
        persona: &str,
        lift_after: Option<NonZeroU32>,
        faults: Vec<Fault>,
    ) -> io::Result<()> {
        let persona: PersonaName = persona.parse().map_err(io::Error::other)?;
        self.remove_from(slot)?;
        self.done(&Request::Insert {
            slot,
            persona,
            lift_after,
            faults,
        })?;
        self.noticed().wait_for(slot, true)
    }

    /// Takes the card away. With none there, nothing happens.
    ///
    /// # Errors
    /// If the emulator does not answer.
    pub fn remove(&self) -> io::Result<()> {
        self.remove_from(0)
    }

    /// Takes the card from a slot.
    ///
    /// # Errors
    /// If the emulator does not answer.
    pub fn remove_from(&self, slot: usize) -> io::Result<()> {
        self.done(&Request::Remove { slot })?;
        self.noticed().wait_for(slot, false)
    }

    /// Ends `pcscd`, with whatever lies on the reader.
    ///
    /// # Errors
    /// If it is gone already.
    pub fn lose_service(&self) -> io::Result<()> {
        self.pcscd.end()
    }

    /// Starts `pcscd` again after it was lost. Cards have to be inserted anew.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn restore_service(&mut self, freed: Freed) -> io::Result<()> {
        self.pcscd.restart(freed)
    }

    /// The process of `pcscd`.
    #[must_use]
    pub fn service(&self) -> u32 {
        self.pcscd.id()
    }

    /// Whether `pcscd` has noticed by now that a card is there, or is not.
    ///
    /// # Errors
    /// If it does not notice.
    pub fn noticed_on(&self, slot: usize, card: bool) -> io::Result<()> {
        self.noticed().wait_for(slot, card)
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
