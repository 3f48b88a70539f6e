//! The cabinet behind its socket: each connection on a thread of its own.

use std::io::{self, BufRead, BufReader, Read};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{
    Coin, CoinUnit, Failed, Fault, LONGEST, Look, PROTOCOL, Place, Reply, Request, Sensor, State,
    VERSION, Why, write_line,
};
use crate::own_socket::OwnSocket;

/// How often a tray is looked into that paper may have come into.
const LOOK: Duration = Duration::from_millis(50);
/// A client that does not take its lines off that long has gone.
const TAKEN_WITHIN: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct Hello {
    request: Greeting,
    protocol: String,
    version: u32,
    device: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Greeting {
    Hello,
}

#[derive(Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
enum Question {
    State,
    Change { from: State, within_ms: u32 },
}

#[derive(Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
enum Payment {
    Status,
    Collect { yen: u32 },
    Cancel,
    Refund { yen: u32 },
    Settle,
}

#[derive(Serialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
enum Answer {
    Hello { version: u32 },
    Refused { because: Refusal },
    State { state: State },
    Ready,
    Inserted { yen: u64 },
    Collected { yen: u64, change: u64 },
    Returned { yen: u64 },
    Settled { yen: u64 },
    Failed { why: Why, owed: u64 },
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Refusal {
    Malformed,
    Version,
    Device,
    Busy,
}

impl From<Failed> for Answer {
    fn from(failed: Failed) -> Self {
        Self::Failed {
            why: failed.why,
            owed: failed.owed,
        }
    }
}

/// A cabinet on its socket.
#[derive(Debug)]
pub struct Server {
    socket: OwnSocket,
    cabinet: Arc<Cabinet>,
}

#[derive(Debug)]
struct Cabinet {
    inside: Mutex<Inside>,
    /// Something lies elsewhere now.
    changed: Condvar,
}

#[derive(Debug)]
struct Inside {
    slot: Sensor,
    tray: Sensor,
    unit: CoinUnit,
    /// Who has the payment unit, and their number.
    payer: Option<(u64, UnixStream)>,
    payers: u64,
    /// The next coin ends that connection.
    drop_next: bool,
}

impl Server {
    /// A cabinet whose paper comes out of a printer that puts it, as files, into the folder `paper`. The socket is one that its
    /// owner alone can use; what a cabinet that crashed has left there is replaced.
    ///
    /// # Errors
    /// If there is one already, or the socket cannot be made.
    pub fn bind(socket: &Path, paper: Option<PathBuf>) -> io::Result<Self> {
        let socket = OwnSocket::replace(socket)?;
        let inside = Inside {
            slot: Sensor::default(),
            tray: Sensor::of_tray(paper),
            unit: CoinUnit::default(),
            payer: None,
            payers: 0,
            drop_next: false,
        };
        Ok(Self {
            socket,
            cabinet: Arc::new(Cabinet {
                inside: Mutex::new(inside),
                changed: Condvar::new(),
            }),
        })
    }

    /// Answers in the background until the value is dropped.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(&self) -> io::Result<()> {
        let cabinet = Arc::clone(&self.cabinet);
        self.socket.serve("cabinet", move |stream| {
            // Whoever left does not want an answer.
            let _ = cabinet.answer(&stream);
            let _ = stream.shutdown(Shutdown::Both);
        })
    }

    /// Does to it what [`call`](super::call) does from outside.
    pub fn handle(&self, request: &Request) -> Reply {
        self.cabinet.handle(request)
    }
}

impl Drop for Server {
    /// Ends a payment; the socket goes after it.
    fn drop(&mut self) {
        self.cabinet.lock().hang_up();
    }
}

/// Lines, each of a length that is bounded.
struct Lines<'a>(BufReader<&'a UnixStream>);

impl Lines<'_> {
    fn next<T: for<'a> Deserialize<'a>>(&mut self) -> io::Result<Option<T>> {
        let mut line = Vec::new();
        (&mut self.0).take(LONGEST).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Some(serde_json::from_slice(&line)?))
    }
}

impl Cabinet {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, stream: &UnixStream) -> io::Result<()> {
        stream.set_write_timeout(Some(TAKEN_WITHIN))?;
        let refuse = |because| write_line(stream, &Answer::Refused { because });
        let mut lines = Lines(BufReader::new(stream));
        let hello: Hello = match lines.next() {
            Ok(Some(hello)) => hello,
            Ok(None) => return Ok(()),
            Err(_) => return refuse(Refusal::Malformed),
        };
        let Greeting::Hello = hello.request;
        if hello.protocol != PROTOCOL || hello.version != VERSION {
            return refuse(Refusal::Version);
        }
        let welcome = || write_line(stream, &Answer::Hello { version: VERSION });
        let place = match hello.device.as_str() {
            "slot" => Place::Slot,
            "tray" => Place::Tray,
            "payment" => {
                let Some(payer) = self.lock().take_on(stream)? else {
                    return refuse(Refusal::Busy);
                };
                let ended = welcome().and_then(|()| self.pay(payer, stream, &mut lines));
                let mut inside = self.lock();
                // It may have been sent away, and another have come.
                if inside.is_payer(payer) {
                    inside.hang_up();
                }
                return ended;
            }
            "hand" => {
                welcome()?;
                while let Some(request) = lines.next()? {
                    write_line(stream, &self.handle(&request))?;
                }
                return Ok(());
            }
            _ => return refuse(Refusal::Device),
        };
        welcome()?;
        while let Some(question) = lines.next()? {
            let state = match question {
                Question::State => self.lock().sensor(place).state(),
                Question::Change { from, within_ms } => {
                    self.changed(place, from, Duration::from_millis(within_ms.into()))
                }
            };
            write_line(stream, &Answer::State { state })?;
        }
        Ok(())
    }

    fn changed(&self, place: Place, from: State, within: Duration) -> State {
        let deadline = Instant::now() + within;
        let mut inside = self.lock();
        loop {
            let state = inside.sensor(place).state();
            let left = deadline.saturating_duration_since(Instant::now());
            if state != from || left.is_zero() {
                return state;
            }
            // Paper comes without a word.
            let waited = self.changed.wait_timeout(inside, left.min(LOOK));
            inside = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Until the payer goes. Coins are told by whoever inserts them, in between.
    fn pay(&self, payer: u64, stream: &UnixStream, lines: &mut Lines<'_>) -> io::Result<()> {
        while let Some(request) = lines.next()? {
            let mut inside = self.lock();
            // Sent away: what was asked before is for nobody's money any more.
            if !inside.is_payer(payer) {
                return Ok(());
            }
            let unit = &mut inside.unit;
            let returned = |yen| Answer::Returned { yen };
            let answer = match request {
                Payment::Status => unit.status().map(|()| Answer::Ready),
                Payment::Collect { yen } => match unit.collect(yen) {
                    // Answered when there is enough.
                    Ok(()) => continue,
                    Err(failed) => Err(failed),
                },
                Payment::Cancel => unit.cancel().map(returned),
                Payment::Refund { yen } => unit.refund(yen).map(returned),
                Payment::Settle => unit.settle().map(|yen| Answer::Settled { yen }),
            };
            write_line(stream, &answer.unwrap_or_else(Into::into))?;
        }
        Ok(())
    }

    fn handle(&self, request: &Request) -> Reply {
        let mut inside = self.lock();
        let reply = inside.handle(request);
        self.changed.notify_all();
        reply
    }
}

impl Inside {
    const fn sensor(&mut self, place: Place) -> &mut Sensor {
        match place {
            Place::Slot => &mut self.slot,
            Place::Tray => &mut self.tray,
        }
    }

    /// Somebody wants the payment unit: their number, unless another has it.
    fn take_on(&mut self, stream: &UnixStream) -> io::Result<Option<u64>> {
        if self.payer.is_some() {
            return Ok(None);
        }
        self.payers += 1;
        self.payer = Some((self.payers, stream.try_clone()?));
        Ok(Some(self.payers))
    }

    fn is_payer(&self, payer: u64) -> bool {
        self.payer.as_ref().is_some_and(|(it, _)| *it == payer)
    }

    /// The payer has gone, or is sent away: what is held comes out.
    fn hang_up(&mut self) {
        if let Some((_, payer)) = self.payer.take() {
            let _ = payer.shutdown(Shutdown::Both);
            // What is stuck is owed: the operator sees it.
            let _ = self.unit.cancel();
        }
    }

    fn coin(&mut self, yen: u32) -> bool {
        let collecting = self.unit.is_collecting();
        let coin = self.unit.insert(yen);
        if collecting && std::mem::take(&mut self.drop_next) {
            self.hang_up();
            return true;
        }
        let (taken, answers) = match coin {
            Coin::Refused => (false, vec![]),
            Coin::Taken(yen) => (true, vec![Answer::Inserted { yen }]),
            Coin::Enough { sum, change } => {
                let collected = Answer::Collected {
                    yen: sum - change,
                    change,
                };
                (true, vec![Answer::Inserted { yen: sum }, collected])
            }
            Coin::Failed(failed) => (true, vec![failed.into()]),
        };
        for answer in answers {
            let payer = self.payer.as_ref();
            let told = payer.map(|(_, payer)| write_line(payer, &answer));
            if let Some(Err(_)) = told {
                self.hang_up();
            }
        }
        taken
    }

    fn handle(&mut self, request: &Request) -> Reply {
        match *request {
            Request::Coin { yen } => {
                return Reply::Coin {
                    taken: self.coin(yen),
                };
            }
            Request::Put { place } => self.sensor(place).put(),
            Request::Take { place } => self.sensor(place).take(),
            Request::Fault { fault } => self.fault(fault),
            Request::Mend => {
                self.slot.mend();
                self.tray.mend();
                self.unit.mend();
                self.drop_next = false;
            }
            Request::Look => {
                return Reply::Look(Look {
                    slot: self.slot.state(),
                    tray: self.tray.state(),
                    jammed: self.unit.is_jammed(),
                    money: self.unit.ledger(),
                });
            }
        }
        Reply::Done
    }

    fn fault(&mut self, fault: Fault) {
        let faults = &mut self.unit.faults;
        match fault {
            Fault::Jam => faults.jam = true,
            Fault::PayoutJam => faults.payout_jam = true,
            Fault::RefuseCoin => faults.refuse_coin = true,
            Fault::NoChange => faults.no_change = true,
            Fault::Drop => self.drop_next = true,
            Fault::SlotStuck => self.slot.get_stuck(),
            Fault::SlotFails => self.slot.fail(),
            Fault::TrayStuck => self.tray.get_stuck(),
            Fault::TrayFails => self.tray.fail(),
        }
    }
}

#[cfg(test)]
mod tests;
