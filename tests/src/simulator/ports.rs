//! What the terminal's core needs from outside, in this process: a center over any [`Link`], paper that is counted. (The card is
//! [`CardInHand`](super::CardInHand).)

use issuance_api::terminal::{
    Challenge, DeliveredAnswer, DeliveredRequest, EvidenceAnswer, EvidenceRequest, InquiryAnswer,
    InquiryRequest, IssueAnswer, IssueRequest, Menu,
};
use issuance_api::{Array, Problem, ProblemCode};
use issuance_channel::client::CallError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use terminal::handover::Certificate;
use terminal::output::{Output, OutputError, Undelivered};
use terminal::ports::Center;
use zeroize::Zeroizing;

use crate::applicant::{self, Line, Link};

/// A center at the other end of a link.
pub struct LinkedCenter<L: Link> {
    link: L,
    challenged: Option<L::Line>,
}

impl<L: Link> LinkedCenter<L> {
    /// Over this one.
    pub const fn new(link: L) -> Self {
        Self {
            link,
            challenged: None,
        }
    }
}

async fn signed<T: Serialize + Send + Sync, R: DeserializeOwned>(
    link: &impl Link,
    path: &str,
    request: impl Fn(&Array<32>) -> T + Send + Sync,
) -> Result<R, Problem> {
    let mut line = link.line().await.map_err(problem)?;
    let request = request(line.exporter());
    line.post_sealed(path, &request).await.map_err(problem)
}

impl<L: Link> Center for LinkedCenter<L> {
    async fn menu(&mut self) -> Result<Menu, Problem> {
        applicant::menu(&self.link).await.map_err(problem)
    }

    async fn challenge(&mut self) -> Result<(Challenge, Array<32>), Problem> {
        let mut line = self.link.line().await.map_err(problem)?;
        let challenge = line.post("/v1/challenge").await.map_err(problem)?;
        let exporter = line.exporter().clone();
        self.challenged = Some(line);
        Ok((challenge, exporter))
    }

    async fn evidence(&mut self, request: EvidenceRequest) -> Result<EvidenceAnswer, Problem> {
        let line = self.challenged.take();
        let mut line = line.ok_or(ProblemCode::ChallengeExpired)?;
        let answer = line.post_sealed("/v1/evidence", &request).await;
        answer.map_err(problem)
    }

    async fn inquiry(
        &mut self,
        request: impl Fn(&Array<32>) -> InquiryRequest + Send + Sync,
    ) -> Result<InquiryAnswer, Problem> {
        signed(&self.link, "/v1/inquiry", request).await
    }

    async fn issue(
        &mut self,
        request: impl Fn(&Array<32>) -> IssueRequest + Send + Sync,
    ) -> Result<IssueAnswer, Problem> {
        let mut line = self.link.line().await.map_err(problem)?;
        let request = request(line.exporter());
        let answer = applicant::issue(&mut line, &request).await;
        answer.map_err(problem)
    }

    async fn delivered(
        &mut self,
        request: impl Fn(&Array<32>) -> DeliveredRequest + Send + Sync,
    ) -> Result<DeliveredAnswer, Problem> {
        signed(&self.link, "/v1/delivered", request).await
    }
}

fn problem(error: CallError) -> Problem {
    match error {
        CallError::Problem(problem) => problem,
        other => applicant::problem(&other).into(),
    }
}

/// Counts pages, and keeps the last one's health card.
#[derive(Default)]
pub struct CountedPaper {
    /// How many came out.
    pub pages: usize,
    /// What is on the last: a JWS in compact form.
    pub jws: Option<Zeroizing<String>>,
}

impl Output for CountedPaper {
    async fn settled(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    async fn ready(&mut self, _: u8) -> Result<(), OutputError> {
        Ok(())
    }

    async fn deliver(
        &mut self,
        certificate: &Certificate,
        _: &mut (dyn FnMut(u8) + Send),
    ) -> Result<(), Undelivered> {
        self.pages += 1;
        self.jws = Some(Zeroizing::new(certificate.jws().to_owned()));
        Ok(())
    }

    async fn abandon(&mut self) {}
}
