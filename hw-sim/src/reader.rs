//! A slot of the virtual reader: cards are inserted into it and removed, or lifted while they are read.

use std::io;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use card::apdu::Command;
use zeroize::Zeroizing;

use crate::chip::{ATR, EmulatedCard};
use crate::fault::{Answered, Faulty, Outcome};
use crate::queue::Followed;
use crate::recording::Recorders;
use crate::replay::Replayed;
use crate::trace::{Event, Exchange, Trace};
use crate::vpcd::{Acknowledgements, Link, Request};

/// How long a reader waits for a card that does not answer, before it switches it off and on again. Real readers wait up to five
/// seconds. The driver of the virtual one would wait for ever, so that here the card goes and comes back.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// How long a reader may take to notice that a card has come or gone. `pcscd` looks twice a second.
pub const NOTICED_WITHIN: Duration = Duration::from_secs(5);
/// How long a card waits for a reader that does not notice that the one before has gone.
const LET_GO_WITHIN: Duration = Duration::from_secs(1);
/// How soon it is looked again whether it has.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How long an inserted card stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// Until somebody removes it.
    UntilRemoved,
    /// It is lifted as soon as it has answered so many APDUs.
    LiftAfter(NonZeroU32),
}

/// What a slot takes for a card.
pub trait Card: Send + 'static {
    /// Power comes on.
    fn power_on(&mut self);
    /// Power goes off.
    fn power_off(&mut self);
    /// Warm reset.
    fn reset(&mut self);
    /// Answers a command, or does not.
    fn answer(&mut self, command: &[u8]) -> Answered;
}

impl Card for Faulty {
    fn power_on(&mut self) {
        self.power_on();
    }

    fn power_off(&mut self) {
        self.power_off();
    }

    fn reset(&mut self) {
        self.reset();
    }

    fn answer(&mut self, command: &[u8]) -> Answered {
        self.answer(command)
    }
}

/// A slot. Dropping it removes the card.
#[derive(Debug)]
pub struct Slot {
    port: u16,
    acknowledgements: Acknowledgements,
    trace: Trace,
    recorders: Recorders,
    inserted: Option<Inserted<Faulty>>,
    /// The connection of the card that was there before.
    left: Option<Link>,
}

impl Slot {
    /// An empty slot, whose driver listens on this port of the loopback interface.
    #[must_use]
    pub fn new(port: u16) -> Self {
        Self {
            port,
            acknowledgements: Acknowledgements::Quick,
            trace: Trace::default(),
            recorders: Recorders::default(),
            inserted: None,
            left: None,
        }
    }

    /// The same, acknowledging in another way: to measure what that costs.
    #[must_use]
    pub const fn with_acknowledgements(mut self, acknowledgements: Acknowledgements) -> Self {
        self.acknowledgements = acknowledgements;
        self
    }

    /// What goes over the slot.
    #[must_use]
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// What goes over the slot from now on, as the lines of a [`transcript`](crate::transcript), with all data or with none.
    #[must_use]
    pub fn record(&self, with_data: bool) -> Followed<Zeroizing<String>> {
        let card = self.card();
        let there = card.as_ref().and_then(|card| card.persona());
        self.recorders.add(with_data, there)
    }

    /// Whether a card is on it.
    #[must_use]
    pub fn is_occupied(&self) -> bool {
        self.inserted
            .as_ref()
            .is_some_and(|inserted| !inserted.thread.is_finished())
    }

    /// Whether the reader has noticed the card that is there, or that none is there any more.
    #[must_use]
    pub fn is_noticed(&self) -> bool {
        match &self.inserted {
            Some(inserted) if self.is_occupied() => inserted.is_noticed(),
            Some(inserted) => lock(&inserted.link).is_let_go(),
            None => self.left.as_ref().is_none_or(Link::is_let_go),
        }
    }

    /// The card on it, and the faults to come. While this is held, the card answers nothing.
    #[must_use]
    pub fn card(&self) -> Option<MutexGuard<'_, Faulty>> {
        self.inserted
            .as_ref()
            .filter(|_| self.is_occupied())
            .map(|inserted| lock(&inserted.card))
    }

    /// Inserts a card, after removing the one that is there and once the reader has noticed that. It notices within about half a
    /// second.
    ///
    /// # Errors
    /// If the reader cannot be reached.
    pub fn insert(&mut self, card: impl Into<Faulty>, stay: Stay) -> io::Result<()> {
        let reached = self.reach()?;
        self.remove();
        self.insert_over(reached, card.into(), stay)
    }

    /// Reaches the reader, so that nothing is removed for a card that cannot be inserted. A card that is there has it reached: the
    /// reader takes one at a time.
    pub(crate) fn reach(&self) -> io::Result<Option<Link>> {
        if self.is_occupied() {
            return Ok(None);
        }
        self.connect().map(Some)
    }

    fn connect(&self) -> io::Result<Link> {
        Link::connect_with(self.port, self.acknowledgements)
    }

    /// Inserts a card into the empty slot, over the connection that may be there already.
    pub(crate) fn insert_over(
        &mut self,
        reached: Option<Link>,
        card: Faulty,
        stay: Stay,
    ) -> io::Result<()> {
        let link = match reached {
            Some(link) => link,
            None => {
                self.wait_until_let_go();
                self.connect()?
            }
        };
        let step = card.persona().map(|persona| format!("card {persona}"));
        self.recorders.step(step.as_deref().unwrap_or("# a card"));
        let inserted = Inserted::begin(link, card, &self.trace, &self.recorders, stay)?;
        self.inserted = Some(inserted);
        Ok(())
    }

    /// Waits until the reader has noticed that a card has gone. It would take one that comes before for the same, and not switch it
    /// on.
    fn wait_until_let_go(&self) {
        let deadline = Instant::now() + LET_GO_WITHIN;
        while !self.is_noticed() && Instant::now() < deadline {
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// Takes the card out, if there is one, or was until it was lifted. The faults it had to come are forgotten.
    pub fn remove(&mut self) -> Option<EmulatedCard> {
        let inserted = self.inserted.take()?;
        self.left = lock(&inserted.link).try_clone().ok();
        Some(inserted.end().into_card())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.remove();
    }
}

/// A recorded card on the reader. Dropping it takes the card away.
#[derive(Debug)]
pub struct Player(Option<Inserted<Replayed>>);

impl Player {
    /// Inserts a recorded card into the slot on this port.
    ///
    /// # Errors
    /// If the reader cannot be reached.
    pub fn insert(card: Replayed, port: u16, trace: &Trace) -> io::Result<Self> {
        let link = Link::connect(port)?;
        let recorders = Recorders::default();
        Inserted::begin(link, card, trace, &recorders, Stay::UntilRemoved)
            .map(|inserted| Self(Some(inserted)))
    }

    /// Waits until the reader has noticed it, and says whether it has.
    #[must_use]
    pub fn wait_until_noticed(&self) -> bool {
        let deadline = Instant::now() + NOTICED_WITHIN;
        let is_noticed = || self.0.as_ref().is_some_and(Inserted::is_noticed);
        while !is_noticed() && Instant::now() < deadline {
            thread::sleep(LOOK_AGAIN);
        }
        is_noticed()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        if let Some(inserted) = self.0.take() {
            inserted.end();
        }
    }
}

/// A card on the reader, served by a thread.
#[derive(Debug)]
struct Inserted<C> {
    card: Arc<Mutex<C>>,
    /// The one in use: a mute card makes another.
    link: Arc<Mutex<Link>>,
    removed: Arc<AtomicBool>,
    noticed: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl<C: Card> Inserted<C> {
    fn begin(
        link: Link,
        card: C,
        trace: &Trace,
        recorders: &Recorders,
        stay: Stay,
    ) -> io::Result<Self> {
        let card = Arc::new(Mutex::new(card));
        let removed = Arc::new(AtomicBool::new(false));
        let noticed = Arc::new(AtomicBool::new(false));
        let shared = Arc::new(Mutex::new(link.try_clone()?));
        let served = Served {
            link,
            shared: Arc::clone(&shared),
            card: Arc::clone(&card),
            removed: Arc::clone(&removed),
            noticed: Arc::clone(&noticed),
            trace: trace.clone(),
            recorders: recorders.clone(),
        };
        trace.add(Event::Inserted);
        let thread = thread::Builder::new()
            .name("slot".into())
            .spawn(move || served.run(stay))?;
        Ok(Self {
            card,
            link: shared,
            removed,
            noticed,
            thread,
        })
    }

    fn is_noticed(&self) -> bool {
        self.noticed.load(Ordering::Relaxed)
    }

    fn end(self) -> C {
        self.removed.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        lock(&self.link).close();
        // A panic of the thread was reported already; the card is here all the same.
        let _ = self.thread.join();
        let card = Arc::into_inner(self.card).expect("the thread that shared it has ended");
        card.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A card while it is on the reader.
struct Served<C> {
    link: Link,
    shared: Arc<Mutex<Link>>,
    card: Arc<Mutex<C>>,
    removed: Arc<AtomicBool>,
    /// Whether it was given power and asked for its ATR.
    noticed: Arc<AtomicBool>,
    trace: Trace,
    recorders: Recorders,
}

impl<C: Card> Served<C> {
    fn run(mut self, stay: Stay) {
        let (mut answered, mut powered) = (0u32, false);
        while let Ok(request) = self.link.receive() {
            powered |= matches!(request, Request::PowerOn);
            let noticed = powered && matches!(request, Request::Atr);
            let is_apdu = matches!(request, Request::Apdu(_));
            if self.serve(request).is_err() {
                break;
            }
            answered += u32::from(is_apdu);
            if noticed {
                self.noticed.store(true, Ordering::Relaxed);
            }
            if let Stay::LiftAfter(limit) = stay
                && answered == limit.get()
            {
                break;
            }
        }
        self.link.close();
        lock(&self.card).power_off();
        self.trace.add(Event::Removed);
        self.recorders.step("power off");
    }

    fn serve(&mut self, request: Request) -> io::Result<()> {
        let (step, event) = match request {
            Request::PowerOn => {
                lock(&self.card).power_on();
                ("power on", Event::PowerOn)
            }
            Request::PowerOff => {
                lock(&self.card).power_off();
                ("power off", Event::PowerOff)
            }
            Request::Reset => {
                lock(&self.card).reset();
                ("reset", Event::Reset)
            }
            // Asked several times a second: not worth an event.
            Request::Atr => return self.link.answer(&ATR),
            Request::Apdu(command) => return self.answer(&command),
        };
        self.trace.add(event);
        self.recorders.step(step);
        Ok(())
    }

    fn answer(&mut self, command: &[u8]) -> io::Result<()> {
        let Answered {
            outcome,
            late,
            struck,
        } = lock(&self.card).answer(command);
        for fault in struck {
            self.recorders.step(&format!("# fault {fault}"));
            self.trace.add(Event::Fault { fault });
        }
        let answer = match &outcome {
            Outcome::Answer(answer) => Some(answer.as_slice()),
            Outcome::Mute | Outcome::Lifted => None,
        };
        // First the event, so that who got the answer finds it in the trace.
        self.trace.add(match Command::decode(command) {
            Ok(command) => Event::Apdu(Exchange::seen(&command, answer)),
            Err(_) => Event::Malformed {
                length: command.len(),
            },
        });
        self.recorders.exchange(command, answer);
        match outcome {
            Outcome::Answer(answer) => {
                self.wait(late);
                self.link.answer(&answer)
            }
            Outcome::Mute => {
                self.wait(late.max(PATIENCE));
                self.come_again()
            }
            Outcome::Lifted => {
                self.wait(late);
                Err(io::ErrorKind::ConnectionAborted.into())
            }
        }
    }

    /// Goes without an answer and comes back without power.
    fn come_again(&mut self) -> io::Result<()> {
        self.link.close();
        lock(&self.card).power_off();
        self.trace.add(Event::Removed);
        self.recorders.step("power off");
        let link = self.link.again()?;
        let mut shared = lock(&self.shared);
        *shared = link.try_clone()?;
        if self.removed.load(Ordering::Relaxed) {
            shared.close();
        } else {
            self.trace.add(Event::Inserted);
        }
        drop(shared);
        self.link = link;
        Ok(())
    }

    /// Lets time pass, or what is left of it when the card is removed.
    fn wait(&self, late: Duration) {
        let until = Instant::now() + late;
        while !self.removed.load(Ordering::Relaxed) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::park_timeout(left);
        }
    }
}

fn lock<C>(card: &Mutex<C>) -> MutexGuard<'_, C> {
    card.lock().unwrap_or_else(PoisonError::into_inner)
}
