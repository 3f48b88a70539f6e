//! The control socket: a Unix socket with one JSON object a line.
//!
//! A client sends one [`Request`], of 4,096 bytes at most, and reads [`Reply`] lines until the server closes the connection.
//! ```text
//! → {"command":"insert","slot":0,"persona":"ordinary","lift_after":5}
//! ← {"reply":"done"}
//! → {"command":"await","slot":0}
//! ← {"reply":"done"}
//! → {"command":"status"}
//! ← {"reply":"slot","slot":0,"persona":"ordinary","noticed":true,"tries":{"text":{"0011":3,"0012":0,"0014":10,"0015":10}},"faults":[]}
//! ← {"reply":"slot","slot":1,"persona":null,"noticed":true,"tries":{},"faults":[]}
//! → {"command":"fault","slot":0,"add":["bit-flip@ef=0002"]}
//! ← {"reply":"done"}
//! → {"command":"trace","slot":0,"follow":true}
//! ← {"reply":"event","event":"apdu","header":[0,164,4,12],"sent":10,"expected":0,"extended":false,"received":0,"status":36864}
//! → {"command":"insert","persona":"nobody"}
//! ← {"reply":"refused","because":"no-such-persona"}
//! ```
//! The one request with other lines in its answer is `record`: after `{"reply":"done"}` come the lines of a
//! [`transcript`](crate::transcript). Whoever may open the socket may do all of this; it is made for its owner alone.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::num::NonZeroU32;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::persona::PersonaName;
use crate::trace::Event;

mod pin;
mod server;

pub use pin::DumpPin;
pub use server::{Server, ServerError};

/// Longest request line, in bytes.
const LONGEST: usize = 4096;

/// What a client wants.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
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
        /// What goes wrong with it, besides what its persona says.
        #[serde(default)]
        faults: Vec<Fault>,
    },
    /// Put a card made from a dump on a slot: it answers reads and no challenge. In messages its name is `dump`.
    InsertDump {
        /// Slot, counted from 0.
        #[serde(default)]
        slot: usize,
        /// Folder of the dump.
        dump: PathBuf,
        /// The PIN it shall have.
        pin: DumpPin,
    },
    /// What goes wrong with the card on a slot, from now on.
    Fault {
        /// Slot, counted from 0.
        #[serde(default)]
        slot: usize,
        /// Whether the faults to come are forgotten first.
        #[serde(default)]
        clear: bool,
        /// Faults to come.
        #[serde(default)]
        add: Vec<Fault>,
    },
    /// Which cards there are.
    Cards,
    /// Take the card from a slot. An empty slot stays empty.
    Remove {
        /// Slot, counted from 0.
        #[serde(default)]
        slot: usize,
    },
    /// Wait until the reader has noticed the card that was put on a slot, or that none is there any more.
    Await {
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
    /// The lines of a transcript of what goes over a slot from now on, until the client leaves.
    Record {
        /// Slot, counted from 0.
        #[serde(default)]
        slot: usize,
        /// With all data, PIN included.
        #[serde(default)]
        with_data: bool,
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
        /// Whether the reader has noticed that it is there, or that none is.
        #[serde(default)]
        noticed: bool,
        /// Tries left, by application and EF.
        tries: BTreeMap<String, BTreeMap<String, u8>>,
        /// Faults to come.
        #[serde(default)]
        faults: Vec<Fault>,
    },
    /// A card there is.
    Card {
        /// Whose it is.
        persona: PersonaName,
        /// What its file says about it in the remark it begins with.
        remark: String,
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
    /// The line is longer than a request may be.
    #[error("longer than a request may be, which is {LONGEST} bytes: give fewer faults at a time")]
    RequestTooLong,
    /// There is no such slot.
    #[error("no such slot")]
    NoSuchSlot,
    /// There is no card for this persona.
    #[error("no card for this persona; see `hw-sim personalize`")]
    NoSuchPersona,
    /// There is no file of a card in the folder of the dump, or it cannot be read.
    #[error("no dump there: no file such as text/0001.bin")]
    NoDump,
    /// A file of the dump is longer than any of a card.
    #[error("a file of the dump is longer than any of a card")]
    FileTooLong,
    /// The card's folder cannot be read or written.
    #[error("the card's folder is damaged")]
    Card,
    /// The card lies on another slot, or is to be swapped in there.
    #[error("this card is in use on a slot")]
    InUse,
    /// There is no card on the slot.
    #[error("no card on this slot")]
    NoCard,
    /// The client did not take the events of a trace in time: it is cut off here.
    #[error("the trace was not taken in time, and is cut off here")]
    CutOff,
    /// The virtual reader does not answer: `pcscd` is not running, or listens on another port.
    #[error(
        "no virtual reader there; is pcscd running with its driver? (Where it runs on demand, opensc-tool -l starts it)"
    )]
    NoReader,
    /// The reader does not notice the card: another has its port, or `pcscd` has ended.
    #[error(
        "the reader does not notice it; is another program's card on it (`hw-sim replay`), or has pcscd ended?"
    )]
    Unnoticed,
}

/// Sends a request and hands out the answer line by line.
///
/// # Errors
/// If there is no emulator behind the socket. Each line is an error of its own if it is no reply.
pub fn call(
    socket: &Path,
    request: &Request,
) -> io::Result<impl Iterator<Item = io::Result<Reply>> + use<>> {
    Ok(BufReader::new(send(socket, request)?)
        .lines()
        .map(|line| Ok(serde_json::from_str(&line?)?)))
}

/// Has a slot recorded, and hands out the lines of the transcript as they come. With data they hold a PIN and a person's
/// data.
///
/// # Errors
/// If there is no emulator behind the socket, or no such slot.
pub fn record(
    socket: &Path,
    slot: usize,
    with_data: bool,
) -> io::Result<impl Iterator<Item = io::Result<Zeroizing<String>>> + use<>> {
    let stream = send(socket, &Request::Record { slot, with_data })?;
    let mut lines = BufReader::new(stream)
        .lines()
        .map(|line| line.map(Zeroizing::new));
    let reply = lines.next().ok_or(io::ErrorKind::UnexpectedEof)??;
    match serde_json::from_str(&reply)? {
        Reply::Done => Ok(lines),
        Reply::Refused { because } => Err(io::Error::other(because)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Sends a request: the answer comes on the stream.
pub(crate) fn send(socket: &Path, request: &Request) -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(socket)?;
    write_line(&mut stream, request)?;
    Ok(stream)
}

fn write_line(mut stream: impl Write, object: &impl Serialize) -> io::Result<()> {
    // There may be a PIN in it.
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    serde_json::to_writer(&mut *line, object)?;
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
            faults: vec![],
        };
        let json = r#"{"command":"insert","slot":0,"persona":"ordinary","lift_after":5}"#;
        assert_eq!(serde_json::from_str::<Request>(json).unwrap(), insert);
        let fault = Request::Fault {
            slot: 0,
            clear: false,
            add: vec!["bit-flip@ef=0002".parse().unwrap()],
        };
        let json = r#"{"command":"fault","slot":0,"add":["bit-flip@ef=0002"]}"#;
        assert_eq!(serde_json::from_str::<Request>(json).unwrap(), fault);
        let dump = Request::InsertDump {
            slot: 0,
            dump: "/dump".into(),
            pin: "5678".try_into().unwrap(),
        };
        let json = r#"{"command":"insert-dump","dump":"/dump","pin":"5678"}"#;
        assert_eq!(serde_json::from_str::<Request>(json).unwrap(), dump);
        assert!(!format!("{dump:?}").contains("5678"), "{dump:?}");
        for request in [insert, fault, dump, Request::Status, Request::Cards] {
            let json = serde_json::to_string(&request).unwrap();
            assert_eq!(serde_json::from_str::<Request>(&json).unwrap(), request);
        }
        for refused in [
            r#"{"command":"insert","persona":"../ordinary"}"#,
            r#"{"command":"insert","persona":"ordinary","lift_after":0}"#,
            r#"{"command":"remove","slots":1}"#,
            r#"{"command":"fault","add":["drop"]}"#,
            r#"{"command":"insert-dump","dump":"/dump","pin":"567"}"#,
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
