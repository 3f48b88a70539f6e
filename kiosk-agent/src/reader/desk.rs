//! What the card's thread does: follows readers and cards, and holds at most one card.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use card::expiry::Day;
use card::messaging::Protection;
use card::pcsc::{Event, Monitor, Pcsc, PcscTransport, ReaderName};
use card::pin::Pin;
use card::session::SessionError;
use card::transport::TransportError;
use issuance_api::ProblemCode;

use super::held::{Held, problem};
use super::{Clock, TURN};
use crate::ports::{Question, Reading};

/// How long a service or a reader may take to show up before a resident is told that there is none.
const GRACE: Duration = Duration::from_secs(3);

/// How long a card that lies there may take to answer as one: contacts bounce, a field comes and goes while a hand is still
/// putting it down, and another program may be looking at it.
const SETTLING: Duration = Duration::from_millis(1500);

/// What is known of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    /// Nothing yet.
    Awaited,
    /// It runs; what is there is not all told yet.
    Found,
    /// It runs, and what is there is known.
    Settled,
    /// It does not run.
    Lost,
}

pub(super) struct Desk {
    pcsc: Pcsc,
    monitor: Monitor,
    clock: Clock,
    protection: Protection,
    wanted: Option<String>,
    service: Service,
    /// The service was lost since a card was last waited for, or since that was last told.
    lost: bool,
    /// Readers there are, each with whether a card lies on it.
    readers: BTreeMap<ReaderName, bool>,
    held: Option<Held<PcscTransport>>,
    /// The reader of the application's card: held, or on loan while it is read.
    on: Option<ReaderName>,
}

impl Desk {
    pub(super) fn new(
        pcsc: Pcsc,
        clock: Clock,
        protection: Protection,
        wanted: Option<String>,
    ) -> Self {
        let monitor = pcsc.monitor();
        Self {
            pcsc,
            monitor,
            clock,
            protection,
            wanted,
            service: Service::Awaited,
            lost: false,
            readers: BTreeMap::new(),
            held: None,
            on: None,
        }
    }

    /// Waits for a card, lets none pass that has expired, and asks it for the tries left.
    pub(super) fn open(
        &mut self,
        within: Duration,
        given_up: impl Fn() -> bool,
    ) -> Result<u8, ProblemCode> {
        self.close();
        self.lost = false;
        let begin = Instant::now();
        // Since when a card is there that does not answer as one.
        let mut unsettled: Option<Instant> = None;
        loop {
            match (self.card_there(), unsettled) {
                (Some(reader), _) => match self.select(&reader) {
                    // Just lifted: its event is on the way.
                    Err(SessionError::Transport(TransportError::NoCard)) => {}
                    Err(SessionError::Transport(error)) if may_settle(error) => {
                        if unsettled.get_or_insert_with(Instant::now).elapsed() >= SETTLING {
                            return Err(problem(SessionError::Transport(error)));
                        }
                    }
                    selected => {
                        // What was lost before this card was there, and is told late, does not concern it.
                        self.lost = false;
                        return selected.map_err(problem);
                    }
                },
                (None, Some(_)) => return Err(ProblemCode::CardLifted),
                (None, None) => {}
            }
            let waited = begin.elapsed();
            if waited >= GRACE.min(within) {
                if matches!(self.service, Service::Awaited | Service::Lost) {
                    return Err(ProblemCode::ReaderServiceUnavailable);
                }
                if self.readers.is_empty() {
                    return Err(ProblemCode::NoReader);
                }
            }
            if waited >= within || given_up() {
                return Err(ProblemCode::NoCard);
            }
            self.follow();
        }
    }

    /// Presents the PIN once; reads and lets the card answer if it was right.
    pub(super) fn read(&mut self, pin: Pin, question: &Question) -> Result<Reading, ProblemCode> {
        let card = self.held.take().ok_or(ProblemCode::CardLifted)?;
        let (reading, held) = card.present(pin, question, self.protection)?;
        self.held = held;
        Ok(reading)
    }

    /// Waits until the application's card lies on its reader no more, whatever lies on others; it stays held as long as it does.
    pub(super) fn lifted(&mut self, given_up: impl Fn() -> bool) -> Result<(), ProblemCode> {
        while !given_up() {
            if self.service == Service::Lost {
                return Err(ProblemCode::ReaderServiceUnavailable);
            }
            let lies = self.on.as_ref().and_then(|on| self.readers.get(on));
            if lies != Some(&true) {
                self.close();
                return Ok(());
            }
            self.follow();
        }
        Ok(())
    }

    /// Waits until no card lies on any reader that is watched. Of a service that is lost nothing is known, least of all that a
    /// card was taken.
    pub(super) fn gone(
        &mut self,
        within: Duration,
        given_up: impl Fn() -> bool,
    ) -> Result<(), ProblemCode> {
        self.close();
        let begin = Instant::now();
        loop {
            self.follow();
            let waited = begin.elapsed();
            let silent = self.service != Service::Settled && waited >= GRACE;
            if std::mem::take(&mut self.lost) || self.service == Service::Lost || silent {
                return Err(ProblemCode::ReaderServiceUnavailable);
            }
            if self.service == Service::Settled {
                // A reader that is gone has no card on it: unplugging is taking away, too.
                if !self.readers.values().any(|card| *card) {
                    return Ok(());
                }
                if waited >= within {
                    return Err(ProblemCode::TimedOut);
                }
            }
            if given_up() {
                return Err(ProblemCode::TimedOut);
            }
        }
    }

    /// Powers the card down and lets go of it.
    pub(super) fn close(&mut self) {
        self.held = None;
        self.on = None;
    }

    /// A reader on which a card lies.
    fn card_there(&self) -> Option<ReaderName> {
        let mut there = self.readers.iter().filter(|(_, card)| **card);
        there.next().map(|(reader, _)| reader.clone())
    }

    fn select(&mut self, reader: &ReaderName) -> Result<u8, SessionError> {
        let today = Day::in_japan((self.clock)());
        let card = Held::select(self.pcsc.connect(reader)?, today)?;
        let remaining = card.remaining();
        self.held = Some(card);
        self.on = Some(reader.clone());
        Ok(remaining)
    }

    /// Takes in what came and went within [`TURN`].
    fn follow(&mut self) {
        let Some(mut event) = self.monitor.next(TURN) else {
            return;
        };
        loop {
            match event {
                Event::ServiceFound => self.service = Service::Found,
                Event::Settled => self.service = Service::Settled,
                Event::ServiceLost => {
                    self.service = Service::Lost;
                    self.lost = true;
                    self.readers.clear();
                }
                Event::ReaderAttached(reader) => drop(self.set(reader, false)),
                Event::ReaderDetached(reader) => drop(self.readers.remove(&reader)),
                Event::CardPlaced(reader) => drop(self.set(reader, true)),
                Event::CardLifted(reader) => drop(self.set(reader, false)),
            }
            match self.monitor.next(Duration::ZERO) {
                Some(next) => event = next,
                None => return,
            }
        }
    }

    fn set(&mut self, reader: ReaderName, card: bool) -> Option<bool> {
        let watched = self
            .wanted
            .as_ref()
            .is_none_or(|wanted| reader.to_string().contains(wanted));
        watched.then(|| self.readers.insert(reader, card)).flatten()
    }
}

/// Whether the same card may answer a moment later. No PIN was presented: asking again costs it nothing.
const fn may_settle(error: TransportError) -> bool {
    matches!(
        error,
        TransportError::CardLifted | TransportError::InUse | TransportError::Protocol
    )
}
