use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use ::pcsc::{Context, Error, PNP_NOTIFICATION, ReaderState, State};

use super::{ReaderName, establish};

/// How long the thread waits for the service at a time, and so how long an end can take.
const TURN: Duration = Duration::from_millis(500);

/// What came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The service runs now.
    ServiceFound,
    /// The service does not run (any more), and with it no reader is there.
    ServiceLost,
    /// A reader was attached.
    ReaderAttached(ReaderName),
    /// A reader was detached, its card with it.
    ReaderDetached(ReaderName),
    /// A card was placed on a reader.
    CardPlaced(ReaderName),
    /// The card on a reader was lifted.
    CardLifted(ReaderName),
    /// Everything that was there when the service was found has been told.
    Settled,
}

/// Watches readers and cards. Dropping it ends the watch.
pub struct Monitor {
    events: Receiver<Event>,
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Monitor {
    pub(super) fn start() -> Self {
        let (sender, events) = channel();
        let (end, ended) = channel();
        let thread = std::thread::Builder::new()
            .name("pcsc-monitor".into())
            .spawn(move || {
                let Err(Ended) = watch(&sender, &ended);
            })
            .ok();
        Self {
            events,
            end: Some(end),
            thread,
        }
    }

    /// The next event, if there is one within this time.
    #[must_use]
    pub fn next(&self, within: Duration) -> Option<Event> {
        self.events.recv_timeout(within).ok()
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Monitor(..)")
    }
}

/// The monitor was dropped.
struct Ended;

/// The thread: finds the service, follows its readers, and starts over when it is lost.
fn watch(events: &Sender<Event>, ended: &Receiver<()>) -> Result<Infallible, Ended> {
    let mut tell_lost = true;
    loop {
        if let Ok(context) = establish() {
            tell(events, Event::ServiceFound)?;
            tell_lost = true;
            follow(&context, events, ended)?;
        }
        if tell_lost {
            tell(events, Event::ServiceLost)?;
            tell_lost = false;
        }
        match ended.recv_timeout(TURN) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return Err(Ended),
        }
    }
}

/// Tells what comes and goes, until the service is lost.
fn follow(context: &Context, events: &Sender<Event>, ended: &Receiver<()>) -> Result<(), Ended> {
    let mut states = vec![ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE)];
    let mut known = BTreeMap::<ReaderName, Slot>::new();
    let mut settled = false;
    loop {
        let Ok(names) = context.list_readers_owned() else {
            return Ok(());
        };
        let there: BTreeSet<_> = names.into_iter().map(ReaderName).collect();
        for gone in known.extract_if(.., |name, _| !there.contains(name)) {
            tell(events, Event::ReaderDetached(gone.0))?;
        }
        states.retain(|state| {
            state.name() == PNP_NOTIFICATION() || known.contains_key(&name_of(state))
        });
        for name in there {
            if !known.contains_key(&name) {
                states.push(ReaderState::new(name.0.clone(), State::UNAWARE));
                known.insert(name.clone(), Slot::default());
                tell(events, Event::ReaderAttached(name))?;
            }
        }

        match context.get_status_change(TURN, &mut states) {
            Ok(()) => {
                for state in &mut states {
                    let name = name_of(state);
                    if let Some(slot) = known.get_mut(&name) {
                        let now = Slot::of(state);
                        let exchanged = now.changes != slot.changes;
                        if slot.card && (!now.card || exchanged) {
                            tell(events, Event::CardLifted(name.clone()))?;
                        }
                        if now.card && (!slot.card || exchanged) {
                            tell(events, Event::CardPlaced(name))?;
                        }
                        *slot = now;
                    }
                    state.sync_current_state();
                }
            }
            // Nothing changed, or a reader went between the list and here.
            Err(Error::Timeout | Error::UnknownReader) => {}
            Err(_) => return Ok(()),
        }
        if !settled {
            // The first look answers at once, with what is there.
            tell(events, Event::Settled)?;
            settled = true;
        }
        if !matches!(ended.try_recv(), Err(TryRecvError::Empty)) {
            return Err(Ended);
        }
    }
}

/// What is known of a reader.
#[derive(Default)]
struct Slot {
    card: bool,
    /// How often a card was placed or lifted, as the service counts: tells a card exchanged in
    /// between two looks.
    changes: u32,
}

impl Slot {
    fn of(state: &ReaderState) -> Self {
        Self {
            card: state.event_state().contains(State::PRESENT),
            changes: state.event_count(),
        }
    }
}

fn name_of(state: &ReaderState) -> ReaderName {
    ReaderName(state.name().to_owned())
}

fn tell(events: &Sender<Event>, event: Event) -> Result<(), Ended> {
    events.send(event).map_err(|_| Ended)
}
