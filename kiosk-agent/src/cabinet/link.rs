//! A connection to a driver (`docs/cabinet.md`): one JSON object a line.

use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout};

const PROTOCOL: &str = "shomei-cabinet";
const VERSION: u32 = 1;
/// Longest line, in bytes, with its newline.
const LONGEST: usize = 1024;
/// A driver that takes longer to answer what takes no time does not answer.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A driver that takes longer to notice that a connection has ended has another client.
const GONE_WITHIN: Duration = Duration::from_secs(1);
const BUSY_TURN: Duration = Duration::from_millis(20);

/// There is no connection, or it is of no use any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lost;

#[derive(Serialize)]
#[serde(tag = "request", rename = "hello")]
struct Hello {
    protocol: &'static str,
    version: u32,
    device: &'static str,
}

#[derive(Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
enum Welcome {
    Hello { version: u32 },
    Refused { because: Refusal },
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Refusal {
    Busy,
    #[serde(other)]
    Other,
}

/// A connection for one device.
#[derive(Debug)]
pub(super) struct Link {
    stream: BufReader<UnixStream>,
    /// Of a line that has begun.
    line: Vec<u8>,
    /// A line went out in part, or what came is no line.
    broken: bool,
}

impl Link {
    pub(super) async fn open(socket: &Path, device: &'static str) -> Result<Self, Lost> {
        let greeted = async {
            let busy_until = Instant::now() + GONE_WITHIN;
            loop {
                let stream = UnixStream::connect(socket).await.map_err(|_| Lost)?;
                let mut link = Self {
                    stream: BufReader::new(stream),
                    line: Vec::new(),
                    broken: false,
                };
                let hello = Hello {
                    protocol: PROTOCOL,
                    version: VERSION,
                    device,
                };
                link.say(&hello).await?;
                match link.hear().await? {
                    Welcome::Hello { version: VERSION } => return Ok(link),
                    // Perhaps with the connection that was given up just now.
                    Welcome::Refused {
                        because: Refusal::Busy,
                    } => {
                        if Instant::now() >= busy_until {
                            return Err(Lost);
                        }
                        sleep(BUSY_TURN).await;
                    }
                    Welcome::Hello { .. } | Welcome::Refused { .. } => return Err(Lost),
                }
            }
        };
        timeout(ANSWER_WITHIN, greeted).await.map_err(|_| Lost)?
    }

    /// Sends a line. Dropped half-way, the connection is of no use any more.
    pub(super) async fn say(&mut self, object: &impl Serialize) -> Result<(), Lost> {
        if self.broken {
            return Err(Lost);
        }
        let mut line = serde_json::to_vec(object).map_err(|_| Lost)?;
        line.push(b'\n');
        self.broken = true;
        // Shorter than a socket's buffer: only a driver that reads nothing keeps it waiting.
        timeout(ANSWER_WITHIN, self.stream.write_all(&line))
            .await
            .map_err(|_| Lost)?
            .map_err(|_| Lost)?;
        self.broken = false;
        Ok(())
    }

    /// The next line. Dropping the future loses nothing of it.
    pub(super) async fn hear<T: DeserializeOwned>(&mut self) -> Result<T, Lost> {
        let heard = self.hear_line().await.and_then(|line| {
            // What a person has in a unit is not personal, but no line is told on either.
            serde_json::from_slice(&line).map_err(|_| Lost)
        });
        self.broken |= heard.is_err();
        heard
    }

    async fn hear_line(&mut self) -> Result<Vec<u8>, Lost> {
        if self.broken {
            return Err(Lost);
        }
        loop {
            let some = self.stream.fill_buf().await.map_err(|_| Lost)?;
            if some.is_empty() {
                return Err(Lost);
            }
            let end = some.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(some.len(), |end| end + 1);
            if self.line.len() + taken > LONGEST {
                return Err(Lost);
            }
            self.line.extend_from_slice(&some[..taken]);
            self.stream.consume(taken);
            if end.is_some() {
                return Ok(std::mem::take(&mut self.line));
            }
        }
    }
}
