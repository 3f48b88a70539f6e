//! A real center, over `issuance-channel`: mutual TLS, sealed bodies.
//!
//! Every request that the session key signs goes over a pinned connection, since the signature is over that
//! connection's exporter. The connection of a challenge is kept for its evidence and used for nothing else; without
//! it the evidence is worth nothing, so it is never sent over another.

use issuance_api::terminal::{
    Challenge, DeliveredAnswer, DeliveredRequest, EvidenceAnswer, EvidenceRequest, InquiryAnswer,
    InquiryRequest, IssueAnswer, IssueRequest, Issued, Menu, MenuRequest,
};
use issuance_api::{Array, BuildId, Problem, ProblemCode, TerminalUrn};
use issuance_channel::Identity;
use issuance_channel::build;
use issuance_channel::client::{CallError, Client, Config, Pinned};
use issuance_channel::tls::LoadError;
use serde::{Serialize, de::DeserializeOwned};

use crate::ports::Center;

/// A center at the other end of a channel.
#[derive(Debug)]
pub struct ChannelCenter {
    client: Client,
    build: BuildId,
    challenged: Option<Pinned>,
}

/// Why there is no channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// The files cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The program's own file cannot be read.
    #[error("the program's own file cannot be read")]
    Build,
    /// The configured certificate is no terminal's.
    #[error("own certificate names no terminal")]
    NoTerminal,
}

impl ChannelCenter {
    /// Reads the files; connects when first asked something. Also tells who this terminal is.
    ///
    /// # Errors
    /// [`ChannelError`]
    pub fn new(config: Config) -> Result<(Self, TerminalUrn), ChannelError> {
        Self::over(Client::new(config)?)
    }

    /// Over a client that is there already: an app's, after its enrolment.
    ///
    /// # Errors
    /// [`ChannelError::NoTerminal`], [`ChannelError::Build`]
    pub fn over(client: Client) -> Result<(Self, TerminalUrn), ChannelError> {
        let Identity::Terminal(urn) = client.identity().clone() else {
            return Err(ChannelError::NoTerminal);
        };
        Ok((
            Self {
                client,
                build: build::running().map_err(|_| ChannelError::Build)?.clone(),
                challenged: None,
            },
            urn,
        ))
    }

    async fn signed<T: Serialize + Sync, R: DeserializeOwned>(
        &self,
        path: &str,
        request: impl Fn(&Array<32>) -> T + Send + Sync,
    ) -> Result<R, Problem> {
        let mut connection = self.client.pinned().await.map_err(problem)?;
        let request = request(connection.exporter());
        connection
            .post_sealed(path, &request)
            .await
            .map_err(problem)
    }
}

impl Center for ChannelCenter {
    async fn menu(&mut self) -> Result<Menu, Problem> {
        // What an application before this one left behind.
        self.challenged = None;
        let build = self.build.clone();
        let request = MenuRequest { build };
        let answer = self.client.post_sealed("/v1/menu", &request).await;
        answer.map_err(problem)
    }

    async fn challenge(&mut self) -> Result<(Challenge, Array<32>), Problem> {
        self.challenged = None;
        let mut connection = self.client.pinned().await.map_err(problem)?;
        let challenge = connection.post("/v1/challenge").await.map_err(problem)?;
        let exporter = connection.exporter().clone();
        self.challenged = Some(connection);
        Ok((challenge, exporter))
    }

    async fn evidence(&mut self, request: EvidenceRequest) -> Result<EvidenceAnswer, Problem> {
        let mut connection = self
            .challenged
            .take()
            .ok_or(ProblemCode::ChallengeExpired)?;
        connection
            .post_sealed("/v1/evidence", &request)
            .await
            .map_err(problem)
    }

    async fn inquiry(
        &mut self,
        request: impl Fn(&Array<32>) -> InquiryRequest + Send + Sync,
    ) -> Result<InquiryAnswer, Problem> {
        self.signed("/v1/inquiry", request).await
    }

    async fn issue(
        &mut self,
        request: impl Fn(&Array<32>) -> IssueRequest + Send + Sync,
    ) -> Result<IssueAnswer, Problem> {
        let mut connection = self.client.pinned().await.map_err(problem)?;
        let request = request(connection.exporter());
        let answer = connection
            .post_sealed_for_bytes::<_, Issued>("/v1/issue", &request)
            .await;
        answer.map(IssueAnswer::from).map_err(problem)
    }

    async fn delivered(
        &mut self,
        request: impl Fn(&Array<32>) -> DeliveredRequest + Send + Sync,
    ) -> Result<DeliveredAnswer, Problem> {
        self.signed("/v1/delivered", request).await
    }
}

pub(crate) fn problem(error: CallError) -> Problem {
    match error {
        CallError::Unreachable | CallError::Busy => ProblemCode::CenterUnreachable.into(),
        CallError::Untrusted => ProblemCode::AnswerUntrusted.into(),
        CallError::Problem(problem) => problem,
    }
}
