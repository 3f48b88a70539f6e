//! One job, from its page to its end.

use ipp::model::JobState;
use tokio::time::{Instant, sleep};

use super::super::{OutputError, Undelivered};
use super::job::{Ended, Standing, State};
use super::transport::Failure;
use super::{Jobs, POLL, Printer};
use crate::handover::Certificate;

impl Printer {
    /// Sends the page to a job and follows it to its end.
    pub(super) async fn print(
        &mut self,
        job: i32,
        certificate: &Certificate,
        out: &mut (dyn FnMut(u8) + Send),
    ) -> Result<(), Undelivered> {
        // What a later run of this program could not find is not begun.
        let mut page_sent = false;
        let mut sheets = 0;
        let followed = match self.open_jobs().await {
            Ok(open) if open.contains(&job) => match self.send_page(job, certificate).await {
                Ok(()) | Err(Failure::Unanswered) => {
                    page_sent = true;
                    self.follow(job, &mut sheets, out).await
                }
                Err(failure) => Err(failure.into()),
            },
            Ok(_) => Err(OutputError::Failed),
            Err(failure) => Err(failure.into()),
        };
        let (ended, why) = match followed {
            Ok(ended) => (Some(ended), None),
            Err(why) => (self.until_cancelled(job, &mut sheets).await, Some(why)),
        };
        if ended.is_some() {
            self.jobs = Jobs::Ended;
        }
        let why = match ended {
            Some(Ended::Completed) => return Ok(()),
            // Every sheet is out, whatever it was that went wrong then.
            Some(Ended::Stopped) if page_sent && sheets >= certificate.copies() => return Ok(()),
            // Nobody can say any more whether it was printed; or what may still come out was given up.
            Some(Ended::Forgotten) | None if page_sent => OutputError::OutcomeUnknown,
            // Sheets that the printer itself finds fault with count for nothing.
            Some(Ended::Faulty) => {
                sheets = 0;
                OutputError::Failed
            }
            _ => match why {
                Some(why) => why,
                // Why, if the printer says: no paper is worth telling apart.
                None => self.health().await.err().unwrap_or(OutputError::Failed),
            },
        };
        Err(Undelivered { why, out: sheets })
    }

    /// Until the job has ended; an error says why that is not waited for any longer. `sheets` is how many are known to have
    /// come out, and `out` is told when there are more.
    async fn follow(
        &self,
        job: i32,
        sheets: &mut u8,
        out: &mut (dyn FnMut(u8) + Send),
    ) -> Result<Ended, OutputError> {
        let deadline = Instant::now() + self.waits.printed;
        let mut heard = Instant::now();
        let mut hindered = None;
        loop {
            let before = *sheets;
            let looked = self.looked(job, sheets).await;
            if *sheets > before {
                out(*sheets);
            }
            match looked {
                Ok(State::Ended(ended)) => return Ok(ended),
                Ok(State::Open(state)) => {
                    heard = Instant::now();
                    let stopped = state == JobState::ProcessingStopped as i32;
                    let waits = stopped || state == JobState::PendingHeld as i32;
                    match self.health().await {
                        Err(obstacle) if stopped => return Err(obstacle),
                        Ok(_) if !waits => hindered = None,
                        other => {
                            let since = *hindered.get_or_insert(heard);
                            if since.elapsed() >= self.waits.hindered {
                                return Err(other.err().unwrap_or(OutputError::Failed));
                            }
                        }
                    }
                }
                Err(_) if heard.elapsed() >= self.waits.silence => {
                    return Err(OutputError::Unavailable);
                }
                Err(_) => {}
            }
            if Instant::now() >= deadline {
                return Err(OutputError::Failed);
            }
            sleep(POLL).await;
        }
    }

    /// Cancels a job and waits for its end; nothing if that does not come.
    async fn until_cancelled(&self, job: i32, sheets: &mut u8) -> Option<Ended> {
        let deadline = Instant::now() + self.waits.cancelled;
        let mut told = false;
        loop {
            told = told || matches!(self.cancel(job).await, Ok(()) | Err(Failure::Refused(_)));
            if let Ok(State::Ended(ended)) = self.looked(job, sheets).await {
                return Some(ended);
            }
            if Instant::now() >= deadline {
                return None;
            }
            sleep(POLL).await;
        }
    }

    async fn looked(&self, job: i32, most: &mut u8) -> Result<State, Failure> {
        let Standing { state, sheets } = self.standing(job).await?;
        *most = sheets.max(*most);
        Ok(state)
    }
}
