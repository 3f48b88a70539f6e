//! The keystore on a Unix socket: one JSON object a line (`docs/keystore.md`).

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Keystore, KeystoreError};
use crate::own_socket::OwnSocket;

const PROTOCOL: &str = "shomei-keystore";
const VERSION: u32 = 1;
/// Longest line, in bytes, with its newline.
const LONGEST: u64 = 64 * 1024;
/// A client that does not take its lines off that long has gone.
const TAKEN_WITHIN: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
enum Request {
    Hello { protocol: String, version: u32 },
    Generate { challenge: Hex },
    Sign { key: u64, message: Hex },
    Delete { key: u64 },
}

#[derive(Serialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
enum Reply {
    Hello { version: u32 },
    Generated { key: u64, chain: Vec<Hex> },
    Signed { signature: Hex },
    Deleted,
    Refused { because: Refusal },
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Refusal {
    Malformed,
    Version,
    Challenge,
    Key,
    Full,
    Failed,
}

/// Bytes in hexadecimal.
#[derive(Clone, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
struct Hex(Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        from_hex(&text).map(Self).ok_or("not hexadecimal")
    }
}

impl From<Hex> for String {
    fn from(Hex(bytes): Hex) -> Self {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let digits = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok()?;
        let hexadecimal = pair.bytes().all(|it| it.is_ascii_hexdigit());
        hexadecimal.then(|| u8::from_str_radix(pair, 16).ok())?
    };
    digits.map(byte).collect()
}

/// A keystore on its socket, until it is dropped.
#[derive(Debug)]
pub struct Server {
    socket: OwnSocket,
    keystore: Arc<Mutex<Keystore>>,
}

impl Server {
    /// The socket is one that its owner alone can use; what a keystore that crashed has left there is replaced.
    ///
    /// # Errors
    /// If there is one already, or the socket cannot be made.
    pub fn bind(socket: &Path, keystore: Keystore) -> io::Result<Self> {
        Ok(Self {
            socket: OwnSocket::replace(socket)?,
            keystore: Arc::new(Mutex::new(keystore)),
        })
    }

    /// Answers in the background until the value is dropped.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(&self) -> io::Result<()> {
        let keystore = Arc::clone(&self.keystore);
        self.socket.serve("keystore", move |stream| {
            // Whoever left does not want an answer.
            let _ = answer(&keystore, &stream);
            let _ = stream.shutdown(Shutdown::Both);
        })
    }
}

fn answer(keystore: &Mutex<Keystore>, stream: &UnixStream) -> io::Result<()> {
    stream.set_write_timeout(Some(TAKEN_WITHIN))?;
    let mut lines = BufReader::new(stream);
    let mut greeted = false;
    loop {
        let mut line = Vec::new();
        (&mut lines).take(LONGEST).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(());
        }
        let request = serde_json::from_slice(&line).ok();
        let request = request.filter(|_| line.last() == Some(&b'\n'));
        let reply = match request {
            Some(Request::Hello { protocol, version }) => {
                greeted = protocol == PROTOCOL && version == VERSION;
                match greeted {
                    true => Reply::Hello { version: VERSION },
                    false => refused(Refusal::Version),
                }
            }
            Some(request) if greeted => {
                let mut keystore = keystore.lock().unwrap_or_else(PoisonError::into_inner);
                carry_out(&mut keystore, request)
            }
            _ => refused(Refusal::Malformed),
        };
        let last = matches!(
            reply,
            Reply::Refused {
                because: Refusal::Malformed | Refusal::Version
            }
        );
        let mut text = serde_json::to_vec(&reply)?;
        text.push(b'\n');
        let mut out = stream;
        out.write_all(&text)?;
        if last {
            return Ok(());
        }
    }
}

const fn refused(because: Refusal) -> Reply {
    Reply::Refused { because }
}

fn carry_out(keystore: &mut Keystore, request: Request) -> Reply {
    let done = match request {
        Request::Generate { challenge } => keystore.generate(&challenge.0).map(|it| {
            let chain = it.chain.into_iter().map(Hex).collect();
            Reply::Generated { key: it.key, chain }
        }),
        Request::Sign { key, message } => {
            keystore
                .sign(key, &message.0)
                .map(|signature| Reply::Signed {
                    signature: Hex(signature),
                })
        }
        Request::Delete { key } => keystore.delete(key).map(|()| Reply::Deleted),
        Request::Hello { .. } => return refused(Refusal::Malformed),
    };
    done.unwrap_or_else(|error| {
        refused(match error {
            KeystoreError::Challenge => Refusal::Challenge,
            KeystoreError::NoKey => Refusal::Key,
            KeystoreError::Full => Refusal::Full,
            KeystoreError::Authority(_) => Refusal::Failed,
        })
    })
}
