//! The emulator behind the control socket.

use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fs, thread};

use super::{Refusal, Reply, Request, write_line};
use crate::chip::EmulatedCard;
use crate::persona::PersonaName;
use crate::reader::{Slot, Stay};

/// Longest request line, in bytes.
const LONGEST: u64 = 4096;

/// The emulator: slots, and a folder of cards for them.
#[derive(Debug)]
pub struct Server {
    listener: UnixListener,
    socket: PathBuf,
    emulator: Arc<Emulator>,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Another emulator answers on this socket.
    #[error("another emulator has this control socket")]
    Taken,
    /// The socket cannot be made.
    #[error("control socket: {0}")]
    Socket(#[from] io::Error),
}

#[derive(Debug)]
struct Emulator {
    cards: PathBuf,
    slots: Vec<Mutex<OccupiedSlot>>,
}

#[derive(Debug)]
struct OccupiedSlot {
    slot: Slot,
    persona: Option<PersonaName>,
}

impl Server {
    /// An emulator with these cards for one slot, on a socket that its owner alone can use. What an
    /// emulator that crashed has left there is replaced.
    ///
    /// # Errors
    /// [`ServerError`] if there is one already, or the socket cannot be made.
    pub fn bind(socket: &Path, cards: &Path, port: u16) -> Result<Self, ServerError> {
        if UnixStream::connect(socket).is_ok() {
            return Err(ServerError::Taken);
        }
        match fs::remove_file(socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let listener = UnixListener::bind(socket)?;
        fs::set_permissions(socket, fs::Permissions::from_mode(0o600))?;
        let slot = OccupiedSlot {
            slot: Slot::new(port),
            persona: None,
        };
        let emulator = Emulator {
            cards: cards.to_owned(),
            slots: vec![Mutex::new(slot)],
        };
        Ok(Self {
            listener,
            socket: socket.to_owned(),
            emulator: Arc::new(emulator),
        })
    }

    /// Answers clients, each on a thread of its own, in the background until the value is dropped.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(&self) -> io::Result<()> {
        let (listener, emulator) = (self.listener.try_clone()?, Arc::clone(&self.emulator));
        thread::Builder::new()
            .name("control".into())
            .spawn(move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    let emulator = Arc::clone(&emulator);
                    thread::spawn(move || {
                        // A client that left does not want an answer.
                        let _ = emulator.answer(stream);
                    });
                }
            })?;
        Ok(())
    }
}

impl Drop for Server {
    /// Takes the cards from the slots, and the socket away.
    fn drop(&mut self) {
        for slot in &self.emulator.slots {
            lock(slot).remove();
        }
        let _ = fs::remove_file(&self.socket);
    }
}

impl Emulator {
    fn answer(&self, mut stream: UnixStream) -> io::Result<()> {
        let mut line = String::new();
        BufReader::new(stream.try_clone()?.take(LONGEST)).read_line(&mut line)?;
        let reply = match serde_json::from_str(&line) {
            Ok(request) => self.carry_out(request, &mut stream)?,
            Err(_) => Err(Refusal::Malformed),
        };
        match reply {
            Ok(Some(reply)) => write_line(&mut stream, &reply),
            Ok(None) => Ok(()),
            Err(because) => write_line(&mut stream, &Reply::Refused { because }),
        }
    }

    /// Carries a request out. What is more than one line goes to the stream at once.
    fn carry_out(
        &self,
        request: Request,
        stream: &mut UnixStream,
    ) -> io::Result<Result<Option<Reply>, Refusal>> {
        match request {
            Request::Insert {
                slot,
                persona,
                lift_after,
            } => {
                let stay = lift_after.map_or(Stay::UntilRemoved, Stay::LiftAfter);
                Ok(self
                    .slot(slot)
                    .and_then(|mut slot| self.insert(&mut slot, persona, stay)))
            }
            Request::Remove { slot } => Ok(self.slot(slot).map(|mut slot| {
                slot.remove();
                Some(Reply::Done)
            })),
            Request::Status => {
                for (number, slot) in self.slots.iter().enumerate() {
                    write_line(stream, &lock(slot).status(number))?;
                }
                Ok(Ok(None))
            }
            Request::Trace { slot, follow } => {
                let trace = match self.slot(slot) {
                    Ok(slot) => slot.slot.trace().clone(),
                    Err(because) => return Ok(Err(because)),
                };
                let events: Box<dyn Iterator<Item = _>> = if follow {
                    Box::new(trace.follow().into_iter())
                } else {
                    Box::new(trace.events().into_iter())
                };
                for event in events {
                    write_line(stream, &Reply::Event(event))?;
                }
                Ok(Ok(None))
            }
            Request::ResetTries { persona } => Ok(self.reset_tries(&persona)),
        }
    }

    fn insert(
        &self,
        slot: &mut OccupiedSlot,
        persona: PersonaName,
        stay: Stay,
    ) -> Result<Option<Reply>, Refusal> {
        // Two slots with one card would each keep tries of their own.
        slot.remove();
        let card = self.card(&persona)?;
        slot.slot
            .insert(card, stay)
            .map_err(|_| Refusal::NoReader)?;
        slot.persona = Some(persona);
        Ok(Some(Reply::Done))
    }

    fn reset_tries(&self, persona: &PersonaName) -> Result<Option<Reply>, Refusal> {
        for slot in &self.slots {
            let slot = lock(slot);
            if slot.persona.as_ref() == Some(persona)
                && let Some(mut card) = slot.slot.card()
            {
                return card
                    .memory_mut()
                    .reset_tries()
                    .map(|()| Some(Reply::Done))
                    .map_err(|_| Refusal::Card);
            }
        }
        let mut card = self.card(persona)?;
        card.memory_mut()
            .reset_tries()
            .map(|()| Some(Reply::Done))
            .map_err(|_| Refusal::Card)
    }

    fn card(&self, persona: &PersonaName) -> Result<EmulatedCard, Refusal> {
        let folder = self.cards.join(persona.as_str());
        if !folder.exists() {
            return Err(Refusal::NoSuchPersona);
        }
        EmulatedCard::load(&folder).map_err(|_| Refusal::Card)
    }

    fn slot(&self, number: usize) -> Result<MutexGuard<'_, OccupiedSlot>, Refusal> {
        self.slots.get(number).map(lock).ok_or(Refusal::NoSuchSlot)
    }
}

impl OccupiedSlot {
    fn remove(&mut self) {
        self.slot.remove();
        self.persona = None;
    }

    fn status(&self, slot: usize) -> Reply {
        let mut reply_tries =
            std::collections::BTreeMap::<_, std::collections::BTreeMap<_, _>>::new();
        let Some(card) = self.slot.card() else {
            return Reply::Slot {
                slot,
                persona: None,
                tries: reply_tries,
            };
        };
        for (ap, ef, left) in card.memory().tries() {
            reply_tries
                .entry(ap.name().to_owned())
                .or_default()
                .insert(format!("{:04X}", ef.id()), left);
        }
        Reply::Slot {
            slot,
            persona: self.persona.clone(),
            tries: reply_tries,
        }
    }
}

fn lock(slot: &Mutex<OccupiedSlot>) -> MutexGuard<'_, OccupiedSlot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
