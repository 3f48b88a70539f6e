//! A real card on a PC/SC reader. PC/SC blocks, so a thread of its own does it; requests and answers go by channel.
//!
//! A request whose asker has gone (a cancelled wait) is given up within `TURN`. A reader or service that hangs keeps the thread,
//! and nobody else: each answer is waited for so long and no longer.

mod desk;
mod held;

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};

use card::environment::Leak;
use card::messaging::Protection;
use card::pcsc::Pcsc;
use card::pin::Pin;
use issuance_api::ProblemCode;
use issuance_channel::stack;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::ports::{Card, Question, Reading};
use desk::Desk;
pub use held::{Held, problem};

/// How often a waiting thread looks whether somebody still waits.
const TURN: Duration = Duration::from_millis(50);

/// What takes longer than it was given, by so much, hangs: pcscd, its driver, or the reader.
const HANGS: Duration = Duration::from_secs(10);
/// A card is read in a second or two, over the slowest of links too.
const READ_WITHIN: Duration = Duration::from_secs(30);
/// Letting go takes no time, unless something else is still under way.
const CLOSED_WITHIN: Duration = Duration::from_secs(5);

/// Tells the time: which day it is decides whether a card has expired.
pub type Clock = fn() -> SystemTime;

type Reply<T> = oneshot::Sender<Result<T, ProblemCode>>;

enum Request {
    Open {
        within: Duration,
        reply: Reply<u8>,
    },
    Read {
        pin: Pin,
        question: Box<Question>,
        reply: Reply<Reading>,
    },
    Lifted {
        reply: Reply<()>,
    },
    Gone {
        within: Duration,
        reply: Reply<()>,
    },
    Close {
        reply: Reply<()>,
    },
}

/// Readers of this machine, or one of them.
#[derive(Debug)]
pub struct PcscCard {
    requests: mpsc::Sender<Request>,
}

/// Why readers cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ReaderError {
    /// A PIN would leak on this machine.
    #[error(transparent)]
    Leak(#[from] Leak),
    /// The thread cannot be started.
    #[error("the card's thread cannot be started")]
    Thread(#[source] std::io::Error),
}

impl PcscCard {
    /// Watches all readers, or the one whose name contains `reader`; `clock` tells which day it is. Cards are read with this
    /// protection, or not at all.
    ///
    /// # Errors
    /// [`ReaderError::Leak`] where PINs would leak: nothing is started then.
    pub fn start(
        reader: Option<String>,
        clock: Clock,
        protection: Protection,
    ) -> Result<Self, ReaderError> {
        Self::start_on(Pcsc::open()?, reader, clock, protection)
    }

    /// As [`start`](Self::start), on a machine that was looked at before: a confined process sees nothing of it.
    ///
    /// # Errors
    /// [`ReaderError::Thread`]
    pub fn start_on(
        pcsc: Pcsc,
        reader: Option<String>,
        clock: Clock,
        protection: Protection,
    ) -> Result<Self, ReaderError> {
        let (requests, inbox) = mpsc::channel();
        thread::Builder::new()
            .name("card".to_owned())
            .spawn(move || attend(&mut Desk::new(pcsc, clock, protection, reader), &inbox))
            .map_err(ReaderError::Thread)?;
        Ok(Self { requests })
    }

    /// `reader-service-unavailable` where the thread has ended, which drops what it was asked, or hangs.
    async fn ask<T>(
        &self,
        within: Duration,
        request: impl FnOnce(Reply<T>) -> Request,
    ) -> Result<T, ProblemCode> {
        let (reply, answer) = oneshot::channel();
        drop(self.requests.send(request(reply)));
        match timeout(within, answer).await {
            Ok(Ok(answer)) => answer,
            _ => Err(ProblemCode::ReaderServiceUnavailable),
        }
    }
}

impl Card for PcscCard {
    async fn open(&mut self, within: Duration) -> Result<u8, ProblemCode> {
        self.ask(within + HANGS, |reply| Request::Open { within, reply })
            .await
    }

    async fn read(&mut self, pin: Pin, question: Question) -> Result<Reading, ProblemCode> {
        let question = Box::new(question);
        self.ask(READ_WITHIN, |reply| Request::Read {
            pin,
            question,
            reply,
        })
        .await
    }

    async fn lifted(&mut self) -> ProblemCode {
        let lifted = self.ask(Duration::MAX, |reply| Request::Lifted { reply });
        lifted.await.err().unwrap_or(ProblemCode::CardLifted)
    }

    async fn gone(&mut self, within: Duration) -> Result<(), ProblemCode> {
        self.ask(within + HANGS, |reply| Request::Gone { within, reply })
            .await
    }

    async fn close(&mut self) {
        // A thread that has ended holds nothing; one that hangs lets go when it comes back.
        let closed = self.ask(CLOSED_WITHIN, |reply| Request::Close { reply });
        let _ = closed.await;
    }
}

fn attend(desk: &mut Desk, inbox: &mpsc::Receiver<Request>) {
    while attend_to_one(desk, inbox) {
        stack::overwrite();
    }
}

/// Carries out the next request; whether there was one. Not part of [`attend`]'s frame: whatever is moved about lies below that.
#[inline(never)]
fn attend_to_one(desk: &mut Desk, inbox: &mpsc::Receiver<Request>) -> bool {
    let Ok(request) = inbox.recv() else {
        return false;
    };
    // Whoever asked may have gone while this thread was kept: then nothing is done, least of all is a PIN presented; and if
    // it is while something is done, the answer is for nobody.
    match request {
        Request::Open { within, reply } if !reply.is_closed() => {
            let answer = desk.open(within, || reply.is_closed());
            // Nobody waits for this card any more: it is not held either.
            if reply.send(answer).is_err() {
                desk.close();
            }
        }
        Request::Read {
            pin,
            question,
            reply,
        } if !reply.is_closed() => drop(reply.send(desk.read(pin, &question))),
        Request::Lifted { reply } => {
            let answer = desk.lifted(|| reply.is_closed());
            let _ = reply.send(answer);
        }
        Request::Gone { within, reply } if !reply.is_closed() => {
            let answer = desk.gone(within, || reply.is_closed());
            let _ = reply.send(answer);
        }
        Request::Close { reply } => {
            desk.close();
            let _ = reply.send(Ok(()));
        }
        Request::Open { .. } | Request::Read { .. } | Request::Gone { .. } => desk.close(),
    }
    true
}
