//! A payment unit behind a socket.
//!
//! The unit pays out all it holds when the connection ends, so a connection that is lost is never the resident's loss; but it is
//! not known then that the money came out, and whoever has paid is told so.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::link::{ANSWER_WITHIN, Link, Lost};
use super::{PaymentError, PaymentUnit, Yen};

const DEVICE: &str = "payment";
/// A hopper pays coin by coin.
const PAID_OUT_WITHIN: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Serialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
enum Request {
    Status,
    Collect { yen: u32 },
    Cancel,
    Refund { yen: u32 },
    Settle,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
enum Answer {
    Ready,
    Inserted { yen: u32 },
    Collected { yen: u32 },
    Returned,
    Settled,
    Failed { why: Why, owed: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Why {
    Jam,
    NoChange,
    Fault,
}

/// What the unit has of a resident, as far as was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Money {
    /// Nothing.
    None,
    /// It is taking money; the sum so far.
    Collecting(Yen),
    /// It holds this.
    Held(Yen),
}

/// A payment unit whose driver listens on a Unix socket.
#[derive(Debug)]
pub struct SocketPayment {
    socket: PathBuf,
    link: Option<Link>,
    money: Money,
}

impl SocketPayment {
    pub(super) const fn new(socket: PathBuf) -> Self {
        Self {
            socket,
            link: None,
            money: Money::None,
        }
    }

    /// A connection to a unit that is ready, a new one if need be. For a unit that has nothing of anybody.
    async fn connected(&mut self) -> Result<Link, PaymentError> {
        if let Some(mut link) = self.link.take()
            && let Ok(ready) = status(&mut link).await
        {
            return match ready {
                Ok(()) => Ok(link),
                Err(out_of_order) => {
                    self.link = Some(link);
                    Err(out_of_order)
                }
            };
        }
        // The driver was started anew, or nobody asked it before.
        let link = Link::open(&self.socket, DEVICE).await;
        let mut link = link.map_err(|Lost| PaymentError::Unavailable)?;
        let ready = status(&mut link).await;
        ready.map_err(|Lost| PaymentError::Unavailable)??;
        Ok(link)
    }

    /// Asks for the end of a payment, or of a part of it, and waits for it.
    async fn ask(&mut self, request: Request, within: Duration) -> Result<Answer, Lost> {
        // Taken out while a question is open: where its asker goes the connection goes, and the unit pays out.
        let mut link = self.link.take().ok_or(Lost)?;
        let answered = async {
            link.say(&request).await?;
            loop {
                match link.hear().await? {
                    // Of collecting that went on until it was cancelled.
                    Answer::Inserted { .. } | Answer::Collected { .. } => {}
                    answer => return Ok(answer),
                }
            }
        };
        let answer = timeout(within, answered).await.map_err(|_| Lost)??;
        // After a failure another answer may be under way: collecting failed as it was cancelled.
        if !matches!(answer, Answer::Failed { .. }) {
            self.link = Some(link);
        }
        Ok(answer)
    }

    /// Has something paid out; what the unit has of the resident then.
    async fn paid_out(&mut self, request: Request, left: Money) -> Result<(), PaymentError> {
        match self.ask(request, PAID_OUT_WITHIN).await {
            Ok(Answer::Returned) => {
                self.money = left;
                Ok(())
            }
            // All of it came out.
            Ok(Answer::Failed { owed: 0, .. }) => {
                self.money = Money::None;
                Ok(())
            }
            Ok(Answer::Failed { .. }) => {
                self.money = Money::None;
                Err(PaymentError::NotReturned)
            }
            Ok(_) | Err(Lost) => Err(self.lose()),
        }
    }

    /// The connection went, or goes now: the unit pays out by itself, and nobody knows whether it did.
    fn lose(&mut self) -> PaymentError {
        self.link = None;
        match std::mem::replace(&mut self.money, Money::None) {
            Money::None | Money::Collecting(Yen(0)) => PaymentError::Unavailable,
            Money::Collecting(_) | Money::Held(_) => PaymentError::NotReturned,
        }
    }
}

/// Whether a unit is ready.
async fn status(link: &mut Link) -> Result<Result<(), PaymentError>, Lost> {
    let answered = async {
        link.say(&Request::Status).await?;
        link.hear().await
    };
    match timeout(ANSWER_WITHIN, answered).await.map_err(|_| Lost)?? {
        Answer::Ready => Ok(Ok(())),
        Answer::Failed { .. } => Ok(Err(PaymentError::Unavailable)),
        _ => Err(Lost),
    }
}

impl PaymentUnit for SocketPayment {
    fn is_fitted(&self) -> bool {
        true
    }

    async fn ready(&mut self) -> Result<(), PaymentError> {
        if let Money::Held(_) = self.money {
            return Ok(());
        }
        self.give_back().await?;
        self.link = Some(self.connected().await?);
        Ok(())
    }

    async fn collect(
        &mut self,
        due: Yen,
        inserted: &mut (dyn FnMut(Yen) + Send),
    ) -> Result<(), PaymentError> {
        self.give_back().await?;
        let mut link = self.connected().await?;
        let request = Request::Collect { yen: due.get() };
        let said = link.say(&request).await;
        said.map_err(|Lost| PaymentError::Unavailable)?;
        self.money = Money::Collecting(Yen(0));
        let link = self.link.insert(link);
        loop {
            match link.hear().await {
                Ok(Answer::Inserted { yen }) => {
                    self.money = Money::Collecting(Yen(yen));
                    inserted(Yen(yen));
                }
                Ok(Answer::Collected { yen }) if yen == due.get() => {
                    self.money = Money::Held(due);
                    return Ok(());
                }
                Ok(Answer::Failed { why, owed }) => {
                    self.money = Money::None;
                    return Err(match why {
                        _ if owed > 0 => PaymentError::NotReturned,
                        Why::NoChange => PaymentError::NoChange,
                        Why::Jam | Why::Fault => PaymentError::Failed,
                    });
                }
                Ok(_) | Err(Lost) => return Err(self.lose()),
            }
        }
    }

    async fn give_back(&mut self) -> Result<(), PaymentError> {
        if self.money == Money::None {
            return Ok(());
        }
        match self.paid_out(Request::Cancel, Money::None).await {
            // Nothing was inserted.
            Err(PaymentError::Unavailable) => Ok(()),
            returned => returned,
        }
    }

    async fn refund(&mut self, amount: Yen) -> Result<(), PaymentError> {
        let Money::Held(held) = self.money else {
            return Err(PaymentError::Failed);
        };
        if amount > held {
            return Err(PaymentError::Failed);
        }
        let left = match held.saturating_sub(amount) {
            Yen(0) => Money::None,
            left => Money::Held(left),
        };
        let yen = amount.get();
        self.paid_out(Request::Refund { yen }, left).await
    }

    async fn settle(&mut self) -> Result<(), PaymentError> {
        let Money::Held(_) = self.money else {
            return Ok(());
        };
        let answer = self.ask(Request::Settle, ANSWER_WITHIN).await;
        self.money = Money::None;
        if matches!(answer, Ok(Answer::Settled)) {
            Ok(())
        } else {
            self.link = None;
            Err(PaymentError::Unavailable)
        }
    }
}
