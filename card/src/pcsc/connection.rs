use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use ::pcsc::{Card, Context, Disposition, Error, Protocols, ReaderState, ShareMode, State};
use zeroize::Zeroizing;

use super::{ReaderName, establish, transport_error};
use crate::transport::{Transport, TransportError};

/// Longest response: 65,536 bytes and the status word.
const LONGEST_RESPONSE: usize = 65_538;

/// How long after a failed exchange the service may take to notice that the card is gone.
const REMOVAL_NOTICED: Duration = Duration::from_secs(1);

type Reply = Result<Zeroizing<Vec<u8>>, TransportError>;

/// A card on a reader, held exclusively by a thread of its own. Dropping it powers the card down,
/// and returns when that is done.
pub struct PcscTransport {
    // Dropped first, so that the thread sees the end.
    commands: Option<SyncSender<Zeroizing<Vec<u8>>>>,
    replies: Receiver<Reply>,
    thread: Option<JoinHandle<()>>,
}

impl PcscTransport {
    pub(super) fn connect(reader: &ReaderName) -> Result<Self, TransportError> {
        let (commands, received) = sync_channel(0);
        let (answer, replies) = sync_channel(1);
        let reader = reader.clone();
        let thread = std::thread::Builder::new()
            .name("pcsc".into())
            .spawn(move || serve(&reader, &received, &answer))
            .map_err(|_| TransportError::NoService)?;
        let transport = Self {
            commands: Some(commands),
            replies,
            thread: Some(thread),
        };
        // The first reply tells whether there is a card, and is empty.
        match transport.reply() {
            Ok(_) => Ok(transport),
            Err(error) => Err(error),
        }
    }

    fn reply(&self) -> Reply {
        self.replies
            .recv()
            .unwrap_or(Err(TransportError::CardLifted))
    }
}

impl Transport for PcscTransport {
    fn transmit(&mut self, command: &[u8]) -> Reply {
        let commands = self.commands.as_ref().ok_or(TransportError::CardLifted)?;
        commands
            .send(Zeroizing::new(command.to_vec()))
            .map_err(|_| TransportError::CardLifted)?;
        self.reply()
    }
}

impl Drop for PcscTransport {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // It ends by itself; that it panicked is told to nobody who could do something.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for PcscTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PcscTransport(..)")
    }
}

/// The thread: connects, serves commands until there are no more, powers down.
fn serve(
    reader: &ReaderName,
    commands: &Receiver<Zeroizing<Vec<u8>>>,
    replies: &SyncSender<Reply>,
) {
    let connected = establish().and_then(|context| Powered::connect(&context, reader));
    let mut powered = match connected {
        Ok(powered) => powered,
        Err(error) => {
            let _ = replies.send(Err(error));
            return;
        }
    };
    if let Err(error) = powered.serve(reader, commands, replies) {
        let _ = replies.send(Err(error));
    }
}

/// A connected card that is powered down when this is dropped, by a panic too.
struct Powered(Option<Card>);

impl Powered {
    fn connect(context: &Context, reader: &ReaderName) -> Result<Self, TransportError> {
        let protocols = Protocols::T0 | Protocols::T1;
        context
            .connect(reader.as_c_str(), ShareMode::Exclusive, protocols)
            .map(|card| Self(Some(card)))
            .map_err(|error| match error {
                // Removed while connecting: there is none.
                Error::RemovedCard => TransportError::NoCard,
                other => transport_error(other),
            })
    }

    fn serve(
        &mut self,
        reader: &ReaderName,
        commands: &Receiver<Zeroizing<Vec<u8>>>,
        replies: &SyncSender<Reply>,
    ) -> Result<(), TransportError> {
        let card = self.0.as_mut().ok_or(TransportError::NoCard)?;
        let transaction = card.transaction().map_err(transport_error)?;
        let mut buffer = Zeroizing::new(vec![0; LONGEST_RESPONSE]);
        let _ = replies.send(Ok(Zeroizing::default()));
        while let Ok(command) = commands.recv() {
            let reply = match transaction.transmit(&command, &mut buffer) {
                Ok([]) => Err(why(TransportError::Protocol, reader)),
                Ok(response) => Ok(Zeroizing::new(response.to_vec())),
                Err(error) => Err(why(transport_error(error), reader)),
            };
            drop(command);
            if let Ok(response) = &reply {
                buffer[..response.len()].fill(0);
            }
            if replies.send(reply).is_err() {
                break;
            }
        }
        Ok(())
    }
}

impl Drop for Powered {
    fn drop(&mut self) {
        if let Some(card) = self.0.take() {
            // A card that is gone has no power; there is nobody to tell of other failures.
            let _ = card.disconnect(Disposition::UnpowerCard);
        }
    }
}

/// What a failed exchange means. A lifted card often shows as a failed exchange first (or, with the
/// virtual reader, as an empty response), and as removed a moment later: so ask.
fn why(error: TransportError, reader: &ReaderName) -> TransportError {
    match error {
        TransportError::NoCard | TransportError::NoReader => TransportError::CardLifted,
        TransportError::Protocol if is_gone(reader) => TransportError::CardLifted,
        other => other,
    }
}

/// Waits for the card to be noticed gone, as long as that can take.
fn is_gone(reader: &ReaderName) -> bool {
    let Ok(context) = establish() else {
        return false;
    };
    let mut states = [ReaderState::new(reader.0.clone(), State::UNAWARE)];
    // The first look answers at once, further ones when something changes.
    loop {
        match context.get_status_change(REMOVAL_NOTICED, &mut states) {
            Ok(()) if states[0].event_state().contains(State::PRESENT) => {
                states[0].sync_current_state();
            }
            Ok(()) => return true,
            Err(error) => return error != Error::Timeout,
        }
    }
}
