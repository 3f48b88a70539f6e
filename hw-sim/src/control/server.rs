//! The emulator behind the control socket.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use std::{fs, thread};

use super::{DumpPin, LONGEST, Refusal, Reply, Request, write_line};
use crate::chip::EmulatedCard;
use crate::fault::{Fault, Faulty, Kind};
use crate::memory::{Memory, MemoryError};
use crate::own_socket::OwnSocket;
use crate::persona::PersonaName;
use crate::reader::{LOOK_AGAIN, NOTICED_WITHIN, Slot, Stay};
use crate::transcript::CUT_OFF;
use following::while_there;
use socket::{make_room, request_line};

mod following;
mod socket;

/// How many slots the virtual reader has.
const SLOTS: u16 = 2;

/// The emulator: slots, and a folder of cards for them.
#[derive(Debug)]
pub struct Server {
    socket: OwnSocket,
    emulator: Arc<Emulator>,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Another emulator answers on this socket.
    #[error("another emulator has this control socket")]
    Taken,
    /// Something else is where the socket shall be. It is left alone.
    #[error("what is there is no control socket, and is left alone")]
    NoSocket,
    /// There is no folder of cards.
    #[error("folder of cards {0}: {1}")]
    Cards(PathBuf, io::Error),
    /// The socket cannot be made.
    #[error("control socket: {0}")]
    Socket(#[from] io::Error),
}

#[derive(Debug)]
struct Emulator {
    cards: PathBuf,
    slots: Vec<Mutex<Slot>>,
}

impl Server {
    /// An emulator with these cards for the reader's two slots, the second on the port after the first's. The socket is one
    /// that its owner alone can use; what an emulator that crashed has left there is replaced.
    ///
    /// # Errors
    /// [`ServerError`] if there is one already, or the socket cannot be made.
    pub fn bind(socket: &Path, cards: &Path, port: u16) -> Result<Self, ServerError> {
        fs::read_dir(cards).map_err(|error| ServerError::Cards(cards.to_owned(), error))?;
        make_room(socket)?;
        let socket = OwnSocket::make(socket)?;
        let ports = (0..SLOTS).map_while(|number| port.checked_add(number));
        let emulator = Emulator {
            cards: cards.to_owned(),
            slots: ports.map(|port| Mutex::new(Slot::new(port))).collect(),
        };
        Ok(Self {
            socket,
            emulator: Arc::new(emulator),
        })
    }

    /// Answers clients, each on a thread of its own, in the background until the value is dropped.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(&self) -> io::Result<()> {
        let emulator = Arc::clone(&self.emulator);
        self.socket.serve("control", move |stream| {
            // A client that left does not want an answer.
            let _ = emulator.answer(stream);
        })
    }
}

impl Drop for Server {
    /// Takes the cards from the slots; the socket goes after them.
    fn drop(&mut self) {
        for slot in &self.emulator.slots {
            lock(slot).remove();
        }
    }
}

type Carried = Result<Option<Reply>, Refusal>;

impl Emulator {
    fn answer(&self, mut stream: UnixStream) -> io::Result<()> {
        let line = request_line(&stream)?;
        let reply = match serde_json::from_slice(&line) {
            _ if line.len() > LONGEST => Err(Refusal::RequestTooLong),
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
    fn carry_out(&self, request: Request, stream: &mut UnixStream) -> io::Result<Carried> {
        match request {
            Request::Insert {
                slot,
                persona,
                lift_after,
                faults,
            } => {
                let stay = lift_after.map_or(Stay::UntilRemoved, Stay::LiftAfter);
                Ok(self.insert(slot, persona, stay, faults))
            }
            Request::InsertDump { slot, dump, pin } => Ok(self.insert_dump(slot, &dump, &pin)),
            Request::Remove { slot } => Ok(self.slot(slot).map(|mut slot| {
                slot.remove();
                Some(Reply::Done)
            })),
            Request::Fault { slot, clear, add } => Ok(self.fault(slot, clear, &add)),
            Request::Await { slot } => Ok(self.wait_until_noticed(slot)),
            Request::Status => {
                for (number, slot) in self.slots.iter().enumerate() {
                    write_line(&mut *stream, &status(&lock(slot), number))?;
                }
                Ok(Ok(None))
            }
            Request::Cards => {
                for reply in self.cards()? {
                    write_line(&mut *stream, &reply)?;
                }
                Ok(Ok(None))
            }
            Request::Trace { slot, follow } => self.trace(slot, follow, stream),
            Request::Record { slot, with_data } => self.record(slot, with_data, stream),
            Request::ResetTries { persona } => Ok(self.reset_tries(&persona)),
        }
    }

    /// A card can be in one place only: put on a slot, it leaves the other.
    fn insert(
        &self,
        number: usize,
        persona: PersonaName,
        stay: Stay,
        faults: Vec<Fault>,
    ) -> Carried {
        let mut slots = self.all_slots();
        if number >= slots.len() {
            return Err(Refusal::NoSuchSlot);
        }
        let folder = self.folder(&persona)?;
        let own = Fault::of_card(&folder).map_err(|_| Refusal::Card)?;
        let faults: Vec<_> = own.into_iter().chain(faults).collect();
        let (leaving, staying): (Vec<_>, Vec<_>) = (0..slots.len())
            .partition(|other| *other == number || lies_on(&slots[*other], &persona));
        let taken = staying.iter().flat_map(|other| involved(&slots[*other]));
        let taken: BTreeSet<_> = taken.collect();
        if taken.contains(&persona) {
            return Err(Refusal::InUse);
        }
        let made = || -> Result<Faulty, Refusal> {
            let mut card = Faulty::of(persona.clone(), load(&folder)?);
            for armed in self.armed(&faults, &taken, [persona.clone()].into())? {
                armed.put_on(&mut card)?;
            }
            Ok(card)
        };
        // Once to see whether it works, before anything is removed; and once from what the cards that leave have written.
        made()?;
        let reached = slots[number].reach().map_err(|_| Refusal::NoReader)?;
        for slot in leaving {
            slots[slot].remove();
        }
        slots[number]
            .insert_over(reached, made()?, stay)
            .map_err(|_| Refusal::NoReader)?;
        Ok(Some(Reply::Done))
    }

    fn insert_dump(&self, number: usize, dump: &Path, pin: &DumpPin) -> Carried {
        let mut slot = self.slot(number)?;
        let memory = Memory::of_dump(dump, &pin.to_pin()).map_err(|error| match error {
            MemoryError::TooLong(_) => Refusal::FileTooLong,
            _ => Refusal::NoDump,
        })?;
        let name = "dump".parse().map_err(|_| Refusal::NoDump)?;
        slot.insert(
            Faulty::of(name, EmulatedCard::new(memory)),
            Stay::UntilRemoved,
        )
        .map_err(|_| Refusal::NoReader)?;
        Ok(Some(Reply::Done))
    }

    fn fault(&self, number: usize, clear: bool, faults: &[Fault]) -> Carried {
        let slots = self.all_slots();
        let slot = slots.get(number).ok_or(Refusal::NoSuchSlot)?;
        let elsewhere = slots.iter().enumerate();
        let elsewhere = elsewhere.filter(|(other, _)| *other != number);
        let elsewhere = elsewhere.flat_map(|(_, slot)| involved(slot)).collect();
        let mut card = slot.card().ok_or(Refusal::NoCard)?;
        let here = if clear {
            card.persona().into_iter().cloned().collect()
        } else {
            card.personas().cloned().collect()
        };
        let armed = self.armed(faults, &elsewhere, here)?;
        if clear {
            card.clear();
        }
        for armed in armed {
            armed.put_on(&mut card)?;
        }
        Ok(Some(Reply::Done))
    }

    /// Faults with the cards they need. Two cards made of one folder would each keep tries of their own, so none that is
    /// `taken`, or involved here, is swapped in.
    fn armed(
        &self,
        faults: &[Fault],
        taken: &BTreeSet<PersonaName>,
        mut here: BTreeSet<PersonaName>,
    ) -> Result<Vec<Armed>, Refusal> {
        let armed = faults.iter().map(|fault| {
            let other = match &fault.kind {
                Kind::Swapped(persona) => {
                    let folder = self.folder(persona)?;
                    if taken.contains(persona) || !here.insert(persona.clone()) {
                        return Err(Refusal::InUse);
                    }
                    Some(load(&folder)?)
                }
                _ => None,
            };
            let fault = fault.clone();
            Ok(Armed { fault, other })
        });
        armed.collect()
    }

    /// Others may use the slot meanwhile.
    fn wait_until_noticed(&self, number: usize) -> Carried {
        let deadline = Instant::now() + NOTICED_WITHIN;
        while !self.slot(number)?.is_noticed() {
            if Instant::now() >= deadline {
                return Err(Refusal::Unnoticed);
            }
            thread::sleep(LOOK_AGAIN);
        }
        Ok(Some(Reply::Done))
    }

    fn cards(&self) -> io::Result<Vec<Reply>> {
        let mut cards = BTreeMap::new();
        for entry in fs::read_dir(&self.cards)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            // A card that is being made has a name that is none.
            let Some(Ok(persona)) = name.map(str::parse::<PersonaName>) else {
                continue;
            };
            if path.is_dir() {
                cards.insert(persona, remark(&path));
            }
        }
        let card = |(persona, remark)| Reply::Card { persona, remark };
        Ok(cards.into_iter().map(card).collect())
    }

    fn trace(&self, slot: usize, follow: bool, stream: &mut UnixStream) -> io::Result<Carried> {
        let trace = match self.slot(slot) {
            Ok(slot) => slot.trace().clone(),
            Err(because) => return Ok(Err(because)),
        };
        if !follow {
            for event in trace.events() {
                write_line(&mut *stream, &Reply::Event(event))?;
            }
            return Ok(Ok(None));
        }
        let all = while_there(&trace.follow(), stream, |mut stream, event| {
            write_line(&mut stream, &Reply::Event(event))
        })?;
        Ok(if all { Ok(None) } else { Err(Refusal::CutOff) })
    }

    fn record(&self, slot: usize, with_data: bool, stream: &mut UnixStream) -> io::Result<Carried> {
        let lines = match self.slot(slot) {
            Ok(slot) => slot.record(with_data),
            Err(because) => return Ok(Err(because)),
        };
        write_line(&mut *stream, &Reply::Done)?;
        let all = while_there(&lines, stream, |mut stream, mut line| {
            line.push('\n');
            stream.write_all(line.as_bytes())
        })?;
        if !all {
            writeln!(stream, "{CUT_OFF}")?;
        }
        Ok(Ok(None))
    }

    fn reset_tries(&self, persona: &PersonaName) -> Carried {
        let slots = self.all_slots();
        let done = |result: Result<(), _>| result.map(|()| Some(Reply::Done));
        for slot in &slots {
            if let Some(mut card) = slot.card().filter(|card| card.persona() == Some(persona)) {
                return done(card.card_mut().memory_mut().reset_tries())
                    .map_err(|_: MemoryError| Refusal::Card);
            }
        }
        if slots.iter().any(|slot| involved(slot).contains(persona)) {
            return Err(Refusal::InUse);
        }
        let mut card = load(&self.folder(persona)?)?;
        done(card.memory_mut().reset_tries()).map_err(|_| Refusal::Card)
    }

    fn folder(&self, persona: &PersonaName) -> Result<PathBuf, Refusal> {
        let folder = self.cards.join(persona.as_str());
        if folder.exists() {
            Ok(folder)
        } else {
            Err(Refusal::NoSuchPersona)
        }
    }

    fn slot(&self, number: usize) -> Result<MutexGuard<'_, Slot>, Refusal> {
        self.slots.get(number).map(lock).ok_or(Refusal::NoSuchSlot)
    }

    /// All of them, always locked in the same order.
    fn all_slots(&self) -> Vec<MutexGuard<'_, Slot>> {
        self.slots.iter().map(lock).collect()
    }
}

/// A fault, and the card that it swaps in.
struct Armed {
    fault: Fault,
    other: Option<EmulatedCard>,
}

impl Armed {
    fn put_on(self, card: &mut Faulty) -> Result<(), Refusal> {
        card.add(self.fault, |_| self.other)
            .map_err(|_| Refusal::NoSuchPersona)
    }
}

fn load(folder: &Path) -> Result<EmulatedCard, Refusal> {
    EmulatedCard::load(folder).map_err(|_| Refusal::Card)
}

/// The remark that a persona's file begins with, on one line.
fn remark(folder: &Path) -> String {
    let text = fs::read_to_string(folder.join("persona.toml")).unwrap_or_default();
    let lines = text.lines().map_while(|line| line.strip_prefix('#'));
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

fn lies_on(slot: &Slot, persona: &PersonaName) -> bool {
    slot.card()
        .is_some_and(|card| card.persona() == Some(persona))
}

/// Whose cards lie there, or are to be swapped in there.
fn involved(slot: &Slot) -> Vec<PersonaName> {
    slot.card()
        .iter()
        .flat_map(|card| card.personas().cloned())
        .collect()
}

fn status(slot: &Slot, number: usize) -> Reply {
    let card = slot.card();
    let mut tries = BTreeMap::<_, BTreeMap<_, _>>::new();
    for (ap, ef, left) in card.iter().flat_map(|card| card.card().memory().tries()) {
        tries
            .entry(ap.name().to_owned())
            .or_default()
            .insert(format!("{:04X}", ef.id()), left);
    }
    Reply::Slot {
        slot: number,
        persona: card.as_ref().and_then(|card| card.persona().cloned()),
        noticed: slot.is_noticed(),
        tries,
        faults: card
            .iter()
            .flat_map(|card| card.faults().cloned())
            .collect(),
    }
}

fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
