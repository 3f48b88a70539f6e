//! A sensor behind a socket.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};

use super::link::{ANSWER_WITHIN, Link, Lost};
use super::{Sensor, SensorError};

/// How long a driver is to wait for a change at once: so long at most does a question stand whose asker has gone.
const TURN: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Serialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
enum Question {
    State,
    Change { from: State, within_ms: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Occupied,
    Clear,
    Failed,
}

#[derive(Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
enum Answer {
    State { state: State },
}

/// A sensor whose driver listens on a Unix socket.
#[derive(Debug)]
pub struct SocketSensor {
    socket: PathBuf,
    device: &'static str,
    link: Option<Link>,
}

impl SocketSensor {
    pub(super) const fn new(socket: PathBuf, device: &'static str) -> Self {
        Self {
            socket,
            device,
            link: None,
        }
    }

    /// Asks once; anew where the connection of the last question has gone since.
    async fn ask(&mut self, question: Question) -> Result<State, SensorError> {
        // Taken out while a question is open: the answer to one whose asker has gone is no answer to the next.
        if let Some(link) = self.link.take()
            && let Ok(state) = self.ask_over(link, question).await
        {
            return Ok(state);
        }
        let link = Link::open(&self.socket, self.device).await;
        let state = match link {
            Ok(link) => self.ask_over(link, question).await,
            Err(lost) => Err(lost),
        };
        state.map_err(|Lost| SensorError::Failed)
    }

    async fn ask_over(&mut self, mut link: Link, question: Question) -> Result<State, Lost> {
        let answered = async {
            link.say(&question).await?;
            link.hear::<Answer>().await
        };
        let Answer::State { state } = timeout(TURN + ANSWER_WITHIN, answered)
            .await
            .map_err(|_| Lost)??;
        self.link = Some(link);
        Ok(state)
    }

    async fn changed(&mut self, from: State, within: Duration) -> Result<(), SensorError> {
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let turn = left.min(TURN);
            let question = Question::Change {
                from,
                within_ms: u32::try_from(turn.as_millis()).unwrap_or(u32::MAX),
            };
            match self.ask(question).await? {
                State::Failed => return Err(SensorError::Failed),
                state if state != from => return Ok(()),
                _ if left.is_zero() => return Err(SensorError::TimedOut),
                _ => {}
            }
        }
    }
}

impl Sensor for SocketSensor {
    fn is_fitted(&self) -> bool {
        true
    }

    async fn occupied(&mut self) -> Result<bool, SensorError> {
        match self.ask(Question::State).await? {
            State::Occupied => Ok(true),
            State::Clear => Ok(false),
            State::Failed => Err(SensorError::Failed),
        }
    }

    async fn cleared(&mut self, within: Duration) -> Result<(), SensorError> {
        self.changed(State::Occupied, within).await
    }

    async fn filled(&mut self, within: Duration) -> Result<(), SensorError> {
        self.changed(State::Clear, within).await
    }
}
