//! A terminal's connection to a center, as a function call on which things go wrong: a request or an answer is lost, the terminal
//! gives up while the center is still at it, the center's connection breaks in the middle of a step.

use std::sync::{Arc, Mutex, PoisonError};

use issuance_api::terminal::Issued;
use issuance_api::{Array, PersonalBytes, Problem, ProblemCode, TerminalUrn, attached};
use issuance_center::center::challenge::OpenChallenge;
use issuance_center::center::{Caller, Center};
use issuance_center::registry::Registry;
use issuance_channel::client::CallError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::failures::Failures;
use super::lots::dropped_after;
use super::{Lots, Records};
use crate::applicant;

/// Of so many calls something becomes of one.
const TROUBLED: usize = 25;

/// A terminal's way to a center.
pub struct Link<R = Records> {
    /// The center.
    pub center: Arc<Center<R>>,
    /// Who the terminal's certificate says it is.
    pub terminal: TerminalUrn,
    /// Whoever may go first, and what goes wrong on the way; nothing does without.
    pub lots: Option<Lots>,
    /// What is broken in this center, on purpose.
    pub failures: Option<Arc<Failures>>,
}

impl<R> Clone for Link<R> {
    fn clone(&self) -> Self {
        Self {
            center: Arc::clone(&self.center),
            terminal: self.terminal.clone(),
            lots: self.lots.clone(),
            failures: self.failures.clone(),
        }
    }
}

impl<R> Link<R> {
    /// On which nothing goes wrong.
    #[must_use]
    pub const fn near(center: Arc<Center<R>>, terminal: TerminalUrn) -> Self {
        Self {
            center,
            terminal,
            lots: None,
            failures: None,
        }
    }

    pub(super) async fn point(&self) {
        if let Some(lots) = &self.lots {
            lots.point().await;
        }
    }
}

/// One connection.
pub struct Line<R = Records> {
    link: Link<R>,
    exporter: Array<32>,
    /// The center's end of it. Gone once the connection broke.
    end: Arc<tokio::sync::Mutex<OpenChallenge>>,
    broken: bool,
}

/// What becomes of a call.
enum Fate {
    Arrives,
    RequestLost,
    AnswerLost,
    /// After so many points the terminal waits no longer. The center does not hear of it.
    GivenUp(u32),
    /// After so many points the connection breaks, and with it ends what the center was at.
    Broken(u32),
}

impl Fate {
    fn drawn(lots: &Lots) -> Self {
        lots.decide(|random| {
            if !random.once_in(TROUBLED) {
                return Self::Arrives;
            }
            let points = 1 + u32::try_from(random.below(6)).expect("below six");
            match random.below(4) {
                0 => Self::RequestLost,
                1 => Self::AnswerLost,
                2 => Self::GivenUp(points),
                _ => Self::Broken(points),
            }
        })
    }
}

impl<R: Registry> applicant::Link for Link<R> {
    type Line = Line<R>;

    fn urn(&self) -> String {
        self.terminal.to_string()
    }

    async fn line(&self) -> Result<Line<R>, CallError> {
        let mut exporter = [0; 32];
        getrandom::fill(&mut exporter).expect("the operating system has randomness");
        Ok(Line {
            link: self.clone(),
            exporter: Array::new(exporter),
            end: Arc::default(),
            broken: false,
        })
    }
}

impl<V: Registry> applicant::Line for Line<V> {
    fn exporter(&self) -> &Array<32> {
        &self.exporter
    }

    async fn post<R: DeserializeOwned>(&mut self, path: &str) -> Result<R, CallError> {
        parsed(&self.call(path, Vec::new()).await?)
    }

    async fn post_sealed<T: Serialize + Sync, R: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &T,
    ) -> Result<R, CallError> {
        let body = serde_json::to_vec(body).map_err(|_| CallError::Untrusted)?;
        parsed(&self.call(path, body).await?)
    }

    async fn post_sealed_for_bytes<T: Serialize + Sync, R: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &T,
    ) -> Result<(R, PersonalBytes), CallError> {
        let body = serde_json::to_vec(body).map_err(|_| CallError::Untrusted)?;
        let answer = self.call(path, body).await?;
        let (json, bytes) = attached::detach(&answer).ok_or(CallError::Untrusted)?;
        Ok((parsed(json)?, PersonalBytes::new(bytes.to_vec())))
    }
}

fn parsed<R: DeserializeOwned>(json: &[u8]) -> Result<R, CallError> {
    serde_json::from_slice(json).map_err(|_| CallError::Untrusted)
}

impl<S: Registry> Line<S> {
    async fn call(&mut self, path: &str, body: Vec<u8>) -> Result<Vec<u8>, CallError> {
        if self.broken {
            return Err(CallError::Unreachable);
        }
        self.link.point().await;
        let lots = self.link.lots.clone();
        let fate = lots.as_ref().map_or(Fate::Arrives, Fate::drawn);
        self.broken = !matches!(fate, Fate::Arrives);
        let at_center = Handling {
            link: self.link.clone(),
            exporter: self.exporter.clone(),
            end: Arc::clone(&self.end),
            path: path.to_owned(),
            body,
        };
        // All of center and record system is in it: too much to lie in every future above, and on a test's stack.
        let answering = Box::pin(at_center.answer());
        let answer = match fate {
            Fate::RequestLost => None,
            Fate::Arrives => Some(answering.await),
            Fate::AnswerLost => {
                drop(answering.await);
                None
            }
            Fate::Broken(points) => dropped_after(points, answering).await,
            Fate::GivenUp(points) => {
                let answered = Arc::new(Mutex::new(None));
                let slot = Arc::clone(&answered);
                let spawned = async move {
                    let answer = answering.await;
                    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
                };
                if let Some(lots) = &lots {
                    lots.spawn(spawned);
                }
                for _ in 0..points {
                    self.link.point().await;
                }
                answered
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take()
            }
        };
        let answer = answer.ok_or(CallError::Unreachable)?;
        self.link.point().await;
        Ok(answer?)
    }
}

/// A request on its way through the center.
struct Handling<R> {
    link: Link<R>,
    exporter: Array<32>,
    end: Arc<tokio::sync::Mutex<OpenChallenge>>,
    path: String,
    body: Vec<u8>,
}

impl<R: Registry> Handling<R> {
    async fn answer(self) -> Result<Vec<u8>, Problem> {
        let Self {
            link,
            exporter,
            end,
            path,
            body,
        } = self;
        let center = &link.center;
        let terminal = &link.terminal;
        let caller = Caller {
            terminal,
            exporter: &exporter,
        };
        let mut open = end.lock().await;
        match &*path {
            "/v1/menu" => json(&center.menu(terminal.role(), &read(&body)?)?),
            "/v1/challenge" => json(&center.challenge(&mut open).await?),
            "/v1/evidence" => json(&center.evidence(caller, &mut open, read(&body)?).await?),
            "/v1/inquiry" => json(&center.inquiry(caller, read(&body)?).await?),
            "/v1/issue" => {
                let issued = center.issue(caller, read(&body)?).await?;
                let (issued, page): (Issued, PersonalBytes) = issued.into();
                let answer = attached::attach(&json(&issued)?, page.as_bytes());
                let answer = answer.ok_or(ProblemCode::InternalError)?;
                match &link.failures {
                    None => Ok(answer),
                    Some(failures) => Ok(failures.pass(&link, answer).await),
                }
            }
            "/v1/delivered" => json(&center.delivered(caller, read(&body)?).await?),
            _ => Err(ProblemCode::NotFound.into()),
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|_| ProblemCode::RequestMalformed.into())
}

fn json(answer: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(answer).map_err(|_| ProblemCode::InternalError.into())
}
