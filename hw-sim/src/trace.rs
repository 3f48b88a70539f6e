//! What went over a slot: headers, lengths, status words. Never data, in neither direction.
//!
//! ```text
//! power on
//! 00 A4 04 0C  Lc 10          9000
//! 00 20 00 91  Lc 4           9000
//! 00 B0 81 00  Le 65536   17  9000
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use card::apdu::{Command, Response};
use card::status::Status;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::queue::{Feed, Followed, queue};

/// How many events are kept; older ones are forgotten.
const KEPT: usize = 10_000;
/// How many events wait for one who follows, those that were kept included.
const WAITING: usize = 2 * KEPT;

/// Something that happened on a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// A card was put on the reader.
    Inserted,
    /// It was taken from it, or the reader went away.
    Removed,
    /// The reader switched power on.
    PowerOn,
    /// The reader switched power off.
    PowerOff,
    /// The reader did a warm reset.
    Reset,
    /// A command, and what the card answered.
    Apdu(Exchange),
    /// Bytes that are no command.
    Malformed {
        /// How many.
        length: usize,
    },
    /// A fault strikes the command that comes next here.
    Fault {
        /// The fault, with its seed.
        fault: Fault,
    },
}

/// A command and its response without their data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// CLA, INS, P1, P2.
    pub header: [u8; 4],
    /// Bytes of data in the command (Lc).
    pub sent: usize,
    /// Bytes expected back at most (Le as a number; 0: none).
    pub expected: u32,
    /// Whether length fields were extended.
    pub extended: bool,
    /// Bytes of data in the response.
    pub received: usize,
    /// Status word; 0000 if there was none.
    pub status: u16,
}

impl Exchange {
    /// Takes what is not data from a command and the bytes that came back, if any did.
    #[must_use]
    pub fn seen(command: &Command, answer: Option<&[u8]>) -> Self {
        let answer = answer.unwrap_or_default();
        match Response::decode(answer) {
            Ok(response) => Self::of(command, &response),
            Err(_) => Self {
                received: answer.len(),
                ..Self::of(command, &Response::from(Status::Other(0)))
            },
        }
    }

    /// Takes what is not data from both.
    #[must_use]
    pub fn of(command: &Command, response: &Response) -> Self {
        Self {
            header: [command.cla, command.ins, command.p1, command.p2],
            sent: command.data().len(),
            expected: command.expected(),
            extended: command.is_extended(),
            received: response.data().len(),
            status: response.status.into(),
        }
    }
}

/// The events of a slot, shared by all who look at them.
#[derive(Debug, Clone, Default)]
pub struct Trace(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Event>,
    followers: Vec<Feed<Event>>,
}

impl Trace {
    /// What is kept.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.kept().events.iter().cloned().collect()
    }

    /// The commands among what is kept.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        let exchange = |event| {
            if let Event::Apdu(exchange) = event {
                Some(exchange)
            } else {
                None
            }
        };
        self.events().into_iter().filter_map(exchange).collect()
    }

    /// What is kept, and then each event as it happens, with none missing or twice. Who does not take them is let go: then they
    /// end.
    #[must_use]
    pub fn follow(&self) -> Followed<Event> {
        let mut kept = self.kept();
        let (feed, followed) = queue(WAITING, kept.events.clone());
        // Those that left while nothing happened.
        kept.followers.retain(Feed::is_heard);
        kept.followers.push(feed);
        followed
    }

    /// Forgets everything so far.
    pub fn clear(&self) {
        self.kept().events.clear();
    }

    pub(crate) fn add(&self, event: Event) {
        let mut kept = self.kept();
        if kept.events.len() == KEPT {
            kept.events.pop_front();
        }
        kept.followers
            .retain(|follower| follower.put(event.clone()));
        kept.events.push_back(event);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inserted => f.write_str("inserted"),
            Self::Removed => f.write_str("removed"),
            Self::PowerOn => f.write_str("power on"),
            Self::PowerOff => f.write_str("power off"),
            Self::Reset => f.write_str("reset"),
            Self::Apdu(exchange) => exchange.fmt(f),
            Self::Malformed { length } => write!(f, "{length} bytes that are no command"),
            Self::Fault { fault } => write!(f, "fault {fault}"),
        }
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [cla, ins, p1, p2] = self.header;
        let sent = if self.sent > 0 {
            format!("Lc {}", self.sent)
        } else {
            String::new()
        };
        let expected = if self.expected > 0 {
            format!("Le {}", self.expected)
        } else {
            String::new()
        };
        let Self {
            received, status, ..
        } = self;
        let status = match status {
            0 => "none".to_owned(),
            word => format!("{word:04X}"),
        };
        let line = format!(
            "{cla:02X} {ins:02X} {p1:02X} {p2:02X}  {sent:<6} {expected:<8} {received:>5}  {status}"
        );
        f.write_str(&line)
    }
}

#[cfg(test)]
mod tests {
    use card::status::Status;

    use super::*;

    fn verify() -> Event {
        let command = Command::new(0x00, 0x20, 0x00, 0x91)
            .with_data(b"8642")
            .unwrap();
        Event::Apdu(Exchange::of(
            &command,
            &Response::new(b"7531", Status::Success),
        ))
    }

    #[test]
    fn data_is_in_no_form_of_it() {
        let event = verify();
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(
            event.to_string(),
            "00 20 00 91  Lc 4                4  9000"
        );
        for shown in [event.to_string(), format!("{event:?}"), json] {
            for data in [
                "8642",
                "38363432",
                "56, 54, 52, 50",
                "7531",
                "37353331",
                "55, 53, 51, 49",
            ] {
                assert!(!shown.contains(data), "{shown}");
            }
        }
    }

    #[test]
    fn who_follows_misses_nothing() {
        let trace = Trace::default();
        trace.add(Event::Inserted);
        let follower = trace.follow();
        trace.add(verify());
        trace.add(Event::Removed);
        assert_eq!(
            follower.try_iter().collect::<Vec<_>>(),
            [Event::Inserted, verify(), Event::Removed]
        );
        assert_eq!(trace.exchanges().len(), 1);
    }

    #[test]
    fn who_takes_nothing_is_let_go() {
        let trace = Trace::default();
        let (idle, busy) = (trace.follow(), trace.follow());
        for _ in 0..=WAITING {
            trace.add(Event::Reset);
            assert_eq!(busy.try_iter().count(), 1);
        }
        assert_eq!(trace.kept().followers.len(), 1);
        assert_eq!(idle.count(), WAITING);
        drop(busy);
        drop(trace.follow());
        let _followed = trace.follow();
        assert_eq!(trace.kept().followers.len(), 1);
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let trace = Trace::default();
        trace.add(Event::Inserted);
        for _ in 0..KEPT {
            trace.add(Event::Reset);
        }
        assert_eq!(trace.events().len(), KEPT);
        assert_eq!(trace.events()[0], Event::Reset);
    }
}
