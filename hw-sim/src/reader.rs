//! A slot of the virtual reader: cards are inserted into it and removed, or lifted while they are read.

use std::io;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use card::apdu::Command;

use crate::chip::{ATR, EmulatedCard};
use crate::trace::{Event, Exchange, Trace};
use crate::vpcd::{Link, Request};

/// How long an inserted card stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// Until somebody removes it.
    UntilRemoved,
    /// It is lifted as soon as it has answered so many APDUs.
    LiftAfter(NonZeroU32),
}

/// A slot. Dropping it removes the card.
#[derive(Debug)]
pub struct Slot {
    port: u16,
    trace: Trace,
    inserted: Option<Inserted>,
}

#[derive(Debug)]
struct Inserted {
    card: Arc<Mutex<EmulatedCard>>,
    link: Link,
    thread: JoinHandle<()>,
}

impl Slot {
    /// An empty slot, whose driver listens on this port of the loopback interface.
    #[must_use]
    pub fn new(port: u16) -> Self {
        Self {
            port,
            trace: Trace::default(),
            inserted: None,
        }
    }

    /// What goes over the slot.
    #[must_use]
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Whether a card is on it.
    #[must_use]
    pub fn is_occupied(&self) -> bool {
        self.inserted
            .as_ref()
            .is_some_and(|inserted| !inserted.thread.is_finished())
    }

    /// The card on it. While this is held, the card answers nothing.
    #[must_use]
    pub fn card(&self) -> Option<MutexGuard<'_, EmulatedCard>> {
        self.inserted
            .as_ref()
            .filter(|_| self.is_occupied())
            .map(|inserted| lock(&inserted.card))
    }

    /// Inserts a card, after removing the one that is there. The reader notices within about half a second.
    ///
    /// # Errors
    /// If the reader cannot be reached.
    pub fn insert(&mut self, card: EmulatedCard, stay: Stay) -> io::Result<()> {
        self.remove();
        let link = Link::connect(self.port)?;
        let card = Arc::new(Mutex::new(card));
        let served = Served {
            link: link.try_clone()?,
            card: Arc::clone(&card),
            trace: self.trace.clone(),
        };
        self.trace.add(Event::Inserted);
        let thread = thread::Builder::new()
            .name("slot".into())
            .spawn(move || served.run(stay))?;
        self.inserted = Some(Inserted { card, link, thread });
        Ok(())
    }

    /// Takes the card out, if there is one, or was until it was lifted.
    pub fn remove(&mut self) -> Option<EmulatedCard> {
        let Inserted { card, link, thread } = self.inserted.take()?;
        link.close();
        // A panic of the thread was reported already; the card is here all the same.
        let _ = thread.join();
        let card = Arc::into_inner(card).expect("the thread that shared it has ended");
        Some(card.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.remove();
    }
}

/// A card while it is on the reader.
struct Served {
    link: Link,
    card: Arc<Mutex<EmulatedCard>>,
    trace: Trace,
}

impl Served {
    fn run(mut self, stay: Stay) {
        let mut answered = 0u32;
        while let Ok(request) = self.link.receive() {
            let is_apdu = matches!(request, Request::Apdu(_));
            if self.serve(request).is_err() {
                break;
            }
            answered += u32::from(is_apdu);
            if let Stay::LiftAfter(limit) = stay
                && answered == limit.get()
            {
                break;
            }
        }
        self.link.close();
        lock(&self.card).power_off();
        self.trace.add(Event::Removed);
    }

    fn serve(&mut self, request: Request) -> io::Result<()> {
        let mut card = lock(&self.card);
        match request {
            Request::PowerOn => {
                card.power_on();
                self.trace.add(Event::PowerOn);
            }
            Request::PowerOff => {
                card.power_off();
                self.trace.add(Event::PowerOff);
            }
            Request::Reset => {
                card.reset();
                self.trace.add(Event::Reset);
            }
            // Asked several times a second: not worth an event.
            Request::Atr => self.link.answer(&ATR)?,
            Request::Apdu(bytes) => {
                let (answer, event) = if let Ok(command) = Command::decode(&bytes) {
                    let response = card.execute(&command);
                    (
                        response.encode(),
                        Event::Apdu(Exchange::of(&command, &response)),
                    )
                } else {
                    (
                        card.transmit(&bytes),
                        Event::Malformed {
                            length: bytes.len(),
                        },
                    )
                };
                // First the event, so that who got the answer finds it in the trace.
                self.trace.add(event);
                self.link.answer(&answer)?;
            }
        }
        Ok(())
    }
}

fn lock(card: &Mutex<EmulatedCard>) -> MutexGuard<'_, EmulatedCard> {
    card.lock().unwrap_or_else(PoisonError::into_inner)
}
