//! The control socket: a Unix socket with one JSON object a line.
//!
//! A client sends one [`Request`] and reads [`Reply`] lines until the server closes the connection.
//! ```text
//! → {"command":"insert","slot":0,"persona":"ordinary","lift_after":5}
//! ← {"reply":"done"}
//! → {"command":"status"}
//! ← {"reply":"slot","slot":0,"persona":"ordinary","tries":{"text":{"0011":3,"0012":0,"0014":10,"0015":10}}}
//! → {"command":"trace","slot":0,"follow":true}
//! ← {"reply":"event","event":"apdu","header":[0,164,4,12],"sent":10,"expected":0,"extended":false,"received":0,"status":36864}
//! → {"command":"insert","persona":"nobody"}
//! ← {"reply":"refused","because":"no-such-persona"}
//! ```
//! Whoever may open the socket may do all of this; it is made for its owner alone.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::num::NonZeroU32;
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::persona::PersonaName;
use crate::trace::Event;

mod server;

pub use server::{Server, ServerError};

/// What a client wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Put a persona's card on a slot, in the place of the one that may be there.
    Insert {
        /// Slot, counted from 0.
        #[serde(default)]
        slot: usize,
        /// Whose card.
        persona: PersonaName,
        /// Lift it as soon as it has answered so many APDUs.
        #[serde(default)]
        lift_after: Option<NonZeroU32>,
    },
    /// Take the card from a slot. An empty slot stays empty.
    Remove {
        /// Slot, counted from 0.
        #[serde(default)]
        slot: usize,
    },
    /// Which cards are on the slots, and the tries left on each.
    Status,
    /// What went over a slot.
    Trace {
        /// Slot, counted from 0.
        #[serde(default)]
        slot: usize,
        /// Go on with what happens from now on, until the client leaves.
        #[serde(default)]
        follow: bool,
    },
    /// Give a persona's card its first tries back, whether it is on a slot or not.
    ResetTries {
        /// Whose card.
        persona: PersonaName,
    },
}

/// A line of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// It is done.
    Done,
    /// What is on a slot.
    Slot {
        /// Slot, counted from 0.
        slot: usize,
        /// Whose card, if there is one.
        persona: Option<PersonaName>,
        /// Tries left, by application and EF.
        tries: BTreeMap<String, BTreeMap<String, u8>>,
    },
    /// Something that happened on the slot.
    Event(Event),
    /// It is not done.
    Refused {
        /// Why.
        because: Refusal,
    },
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// The line is no request.
    #[error("not a request")]
    Malformed,
    /// There is no such slot.
    #[error("no such slot")]
    NoSuchSlot,
    /// There is no card for this persona.
    #[error("no card for this persona; see `hw-sim personalize`")]
    NoSuchPersona,
    /// The card's folder cannot be read or written.
    #[error("the card's folder is damaged")]
    Card,
    /// The virtual reader does not answer: `pcscd` is not running, or listens on another port.
    #[error("no virtual reader there; is pcscd running with its driver?")]
    NoReader,
}

/// Sends a request and hands out the answer line by line.
///
/// # Errors
/// If there is no emulator behind the socket. Each line is an error of its own if it is no reply.
pub fn call(
    socket: &Path,
    request: &Request,
) -> io::Result<impl Iterator<Item = io::Result<Reply>>> {
    let mut stream = UnixStream::connect(socket)?;
    write_line(&mut stream, request)?;
    Ok(BufReader::new(stream)
        .lines()
        .map(|line| Ok(serde_json::from_str(&line?)?)))
}

fn write_line(stream: &mut UnixStream, object: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(object)?;
    line.push(b'\n');
    stream.write_all(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_as_documented() {
        let insert = Request::Insert {
            slot: 0,
            persona: "ordinary".parse().unwrap(),
            lift_after: NonZeroU32::new(5),
        };
        let json = r#"{"command":"insert","slot":0,"persona":"ordinary","lift_after":5}"#;
        assert_eq!(serde_json::to_string(&insert).unwrap(), json);
        assert_eq!(serde_json::from_str::<Request>(json).unwrap(), insert);
        for refused in [
            r#"{"command":"insert","persona":"../ordinary"}"#,
            r#"{"command":"insert","persona":"ordinary","lift_after":0}"#,
            r#"{"command":"remove","slots":1}"#,
            r#"{"command":"eject"}"#,
        ] {
            assert!(
                serde_json::from_str::<Request>(refused).is_err(),
                "{refused}"
            );
        }
    }

    #[test]
    fn replies_are_as_documented() {
        let refused = Reply::Refused {
            because: Refusal::NoSuchPersona,
        };
        let cases = [
            (Reply::Done, r#"{"reply":"done"}"#),
            (
                refused,
                r#"{"reply":"refused","because":"no-such-persona"}"#,
            ),
            (
                Reply::Event(Event::PowerOn),
                r#"{"reply":"event","event":"power-on"}"#,
            ),
        ];
        for (reply, json) in cases {
            assert_eq!(serde_json::to_string(&reply).unwrap(), json);
            assert_eq!(serde_json::from_str::<Reply>(json).unwrap(), reply);
        }
    }
}
