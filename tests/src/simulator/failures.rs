//! What went wrong elsewhere, put into a simulated center on purpose: each of these handed people's papers to others. The shipped
//! programs contain none of it.
//!
//! | failure | where |
//! |---|---|
//! | a file named by the second | the finished answer lies in a file named by the second until it is read back; who came in the same second finds the last one's |
//! | a queue's order without its job | whoever gives up is taken out of the order, and their finished job stays in the queue |
//! | state by position | what is in hand is kept at a position of a list, and earlier entries are taken out of it |
//! | one server assumed | each server numbers its jobs 1, 2, 3, …, and two of them keep them in one place |
//!
//! And one that did not happen ([`Failure::SealBySecond`]): in those a whole answer is another's, and what tells that of the health card need not
//! look at the second code of a certificate for abroad.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use issuance_api::terminal::Issued;
use issuance_api::{Personal, attached};

use super::Clock;
use super::line::Link;

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A shared file, named by the second.
    FileBySecond,
    /// A queue from which an order is released without its job.
    OrderWithoutJob,
    /// State found by its position.
    StateByPosition,
    /// Numbers that are only one server's, kept in one place for two.
    OneServerAssumed,
    /// As the first, of the second code alone. None of [`ALL`](Self::ALL).
    SealBySecond,
}

impl Failure {
    /// All that happened.
    pub const ALL: [Self; 4] = [
        Self::FileBySecond,
        Self::OrderWithoutJob,
        Self::StateByPosition,
        Self::OneServerAssumed,
    ];

    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FileBySecond => "a shared file named by the second",
            Self::OrderWithoutJob => "a queue's order released without its job",
            Self::StateByPosition => "state keyed by position",
            Self::OneServerAssumed => "one server assumed where there are two",
            Self::SealBySecond => "the second code alone in a shared file named by the second",
        }
    }
}

/// One failure, and what it keeps.
pub struct Failures {
    failure: Failure,
    clock: Arc<Clock>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    files: HashMap<i64, Vec<u8>>,
    queue: VecDeque<Vec<u8>>,
    list: Vec<Vec<u8>>,
    numbers: HashMap<String, u64>,
    jobs: HashMap<u64, Vec<u8>>,
}

impl Failures {
    /// This one.
    #[must_use]
    pub fn new(failure: Failure, clock: Arc<Clock>) -> Self {
        Self {
            failure,
            clock,
            kept: Mutex::default(),
        }
    }

    /// What reaches the terminal instead of its answer.
    pub(super) async fn pass<R>(&self, link: &Link<R>, answer: Vec<u8>) -> Vec<u8> {
        let wait = || link.point();
        match self.failure {
            Failure::FileBySecond => self.by_second(answer, link).await,
            Failure::OrderWithoutJob => {
                self.kept().queue.push_back(answer);
                // Who gives up here never comes to take theirs.
                wait().await;
                let next = self.kept().queue.pop_front();
                next.expect("there are as many jobs as there are who wait, or more")
            }
            Failure::StateByPosition => {
                let position = {
                    let list = &mut self.kept().list;
                    list.push(answer);
                    list.len() - 1
                };
                wait().await;
                let list = &mut self.kept().list;
                let position = position.min(list.len() - 1);
                list.remove(position)
            }
            Failure::OneServerAssumed => {
                let number = {
                    let mut kept = self.kept();
                    let center = link.center.parts().id.to_string();
                    let number = kept.numbers.entry(center).or_default();
                    *number += 1;
                    let number = *number;
                    kept.jobs.insert(number, answer);
                    number
                };
                wait().await;
                self.kept().jobs[&number].clone()
            }
            Failure::SealBySecond => {
                let Some(seal) = seal_of(&answer) else {
                    return answer;
                };
                let seal = self.by_second(seal.into_bytes(), link).await;
                with_seal(&answer, seal).expect("an answer with a seal")
            }
        }
    }

    /// What is in the file of this second when others have had their turn: whatever was written there last.
    async fn by_second<R>(&self, written: Vec<u8>, link: &Link<R>) -> Vec<u8> {
        let name = self.clock.now().unix_timestamp();
        self.kept().files.insert(name, written);
        link.point().await;
        self.kept().files[&name].clone()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The second code of an answer, where it has one.
fn seal_of(answer: &[u8]) -> Option<String> {
    let (json, _) = attached::detach(answer)?;
    let issued: Issued = serde_json::from_slice(json).ok()?;
    issued.vds_nc.map(|seal| seal.expose().to_owned())
}

/// An answer with another one.
fn with_seal(answer: &[u8], seal: Vec<u8>) -> Option<Vec<u8>> {
    let (json, page) = attached::detach(answer)?;
    let mut issued: Issued = serde_json::from_slice(json).ok()?;
    issued.vds_nc = Some(Personal::new(String::from_utf8(seal).ok()?));
    attached::attach(&serde_json::to_vec(&issued).ok()?, page)
}
