//! Enrolment of apps: an attestation in, a client certificate of a few hours out, nothing kept.
//!
//! ```text
//! POST /v1/enrolment/nonce   a nonce, in the state of this connection: 60 s, once
//! POST /v1/enrolment         chain and signature → certificate for the attested key; the connection ends
//! ```
//! The one listener of the center that nobody needs a certificate for, and that does anything. It reaches no record system,
//! no signing key of certificates and nothing of terminals: its two endpoints are all there is behind it. What `attestation` demands
//! is told in its [`Policy`]; here it is tied to the connection.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use attestation::{Policy, Refused, Roots, RootsError, StatusFile, status::StatusError};
use issuance_api::{
    Array, Blob, CenterId, Problem, ProblemCode,
    enrolment::{self, Nonce, Request},
};
use issuance_channel::server::{AnonymousService, Answer, Body, Event as ListenerEvent, Method};
use p256::{
    ecdsa::{DerSignature, VerifyingKey, signature::Verifier},
    pkcs8::DecodePublicKey,
};

use crate::{
    center,
    clock::Clock,
    config::Config,
    event::{Event, Events},
    metrics::{Metrics, Step},
    random,
    reports::{Reports, Sparse},
};

pub mod ca;
pub mod config;
#[cfg(test)]
mod tests;

use ca::{AppsCa, CaError};
use config::EnrolmentConfig;

/// From nonce to enrolment: a keystore needs a second or two.
pub const NONCE_LIFETIME: Duration = Duration::from_secs(60);

/// Why apps cannot enrol here. For the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnrolmentError {
    /// The roots of attestation.
    #[error("roots of attestation: {0}")]
    Roots(#[from] RootsError),
    /// The file of roots cannot be read.
    #[error("roots of attestation: cannot be read")]
    Unreadable,
    /// The status list.
    #[error("status list of attestation: {0}")]
    Status(#[from] StatusError),
    /// The CA of apps.
    #[error("CA of apps: {0}")]
    Ca(#[from] CaError),
}

/// What an enrolment needs.
pub struct Parts {
    /// The center's name, in every transcript.
    pub center: CenterId,
    /// What is demanded.
    pub policy: Policy,
    /// Revoked attestation keys.
    pub status: StatusFile,
    /// Who issues.
    pub ca: AppsCa,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// Where refusals go: their codes, of each one a minute.
    pub events: Arc<dyn Events>,
}

/// The enrolment listener's service.
pub struct Enrolment {
    parts: Parts,
    refusals: Sparse<&'static str>,
    reports: Reports,
}

/// What a connection remembers.
pub struct Connection {
    exporter: Array<32>,
    /// Open, and since when.
    nonce: Option<(Array<32>, Duration)>,
}

/// The two endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Mints a nonce.
    Nonce,
    /// Issues a certificate.
    Enrol,
}

/// Reads what [`Policy`] and [`StatusFile`] are made of.
///
/// # Errors
/// [`EnrolmentError`]
pub fn load(config: &EnrolmentConfig) -> Result<(Policy, StatusFile), EnrolmentError> {
    let read = |path: &Path| std::fs::read(path).map_err(|_| EnrolmentError::Unreadable);
    let policy = Policy {
        roots: Roots::from_pem(&read(&config.roots)?)?,
        package: config.package.clone(),
        signers: config.signers.clone(),
    };
    Ok((policy, StatusFile::load(&config.status, config.status_age)?))
}

impl Enrolment {
    /// Reads and checks what the configuration names, if apps enrol here at all.
    ///
    /// # Errors
    /// [`EnrolmentError`]
    pub fn load<R>(
        config: &Config,
        center: &center::Parts<R>,
        reports: Reports,
    ) -> Result<Option<Self>, EnrolmentError> {
        let Some(wanted) = &config.enrolment else {
            return Ok(None);
        };
        let (policy, status) = load(wanted)?;
        let (apps, terminals) = (&config.terminals.apps, &config.terminals.tls.roots);
        let ca = AppsCa::load(wanted, apps.as_deref(), terminals, center.clock.now())?;
        let parts = Parts {
            center: config.id.clone(),
            policy,
            status,
            ca,
            clock: Arc::clone(&center.clock),
            metrics: Arc::clone(&center.metrics),
            events: Arc::clone(&center.events),
        };
        Ok(Some(Self::new(parts, reports)))
    }

    /// Puts it together.
    #[must_use]
    pub fn new(parts: Parts, reports: Reports) -> Self {
        Self {
            parts,
            refusals: Sparse::default(),
            reports,
        }
    }

    fn nonce(&self, connection: &mut Connection) -> Result<Answer, Problem> {
        let nonce = Array::new(*random());
        let now = self.parts.clock.uptime();
        connection.nonce = Some((nonce.clone(), now));
        Answer::json(&Nonce {
            nonce,
            center: self.parts.center.clone(),
            expires_in_seconds: u32::try_from(NONCE_LIFETIME.as_secs()).unwrap_or(u32::MAX),
        })
    }

    fn enrol(&self, connection: &mut Connection, body: &Body) -> Result<Answer, Problem> {
        // Used up, whatever comes of it.
        let open = connection.nonce.take();
        let (nonce, since) = open.ok_or(ProblemCode::EnrolmentExpired)?;
        if self.parts.clock.uptime().saturating_sub(since) > NONCE_LIFETIME {
            return Err(ProblemCode::EnrolmentExpired.into());
        }
        let Request { chain, signature } = body.parse()?;
        let now = self.parts.clock.now();
        let status = self.parts.status.current(SystemTime::from(now));
        let status = status.map_err(|_| ProblemCode::AttestationUnavailable)?;
        let Connection { exporter, .. } = connection;
        let center = &self.parts.center;
        let challenge = enrolment::challenge(center, &nonce, exporter);
        let chain: Vec<&[u8]> = chain.iter().map(Blob::as_bytes).collect();
        let attested = self
            .parts
            .policy
            .verify(&chain, &status, &challenge, now.unix_timestamp());
        let attested = attested.map_err(problem)?;
        let message = enrolment::message(center, &nonce, exporter, &attested.spki);
        verify(&attested.spki, &message, signature.as_bytes())?;
        let issued = self.parts.ca.issue(&attested.spki, now);
        let (certificate, lasts) = issued.map_err(|_| ProblemCode::InternalError)?;
        Answer::json(&enrolment::Answer {
            certificate: Blob::new(certificate),
            expires_in_seconds: u32::try_from(lasts.as_secs()).unwrap_or(u32::MAX),
        })
    }

    fn refused(&self, problem: &Problem) {
        let code = problem.code.as_str();
        if let Some(left_out) = self.refusals.is_due(code, self.parts.clock.uptime()) {
            self.parts
                .events
                .note(Event::EnrolmentRefused { code, left_out });
        }
    }
}

impl AnonymousService for Enrolment {
    type Endpoint = Endpoint;
    type State = Connection;

    fn connected(&self, exporter: &Array<32>) -> Connection {
        Connection {
            exporter: exporter.clone(),
            nonce: None,
        }
    }

    fn endpoint(&self, method: &Method, path: &str) -> Option<(Endpoint, bool)> {
        match (method.as_str(), path) {
            ("POST", enrolment::NONCE_PATH) => Some((Endpoint::Nonce, false)),
            ("POST", enrolment::PATH) => Some((Endpoint::Enrol, true)),
            _ => None,
        }
    }

    async fn handle(
        &self,
        connection: &mut Connection,
        endpoint: Endpoint,
        body: Body,
    ) -> Result<Answer, Problem> {
        if endpoint == Endpoint::Nonce {
            return self.nonce(connection);
        }
        let begun = self.parts.clock.uptime();
        let answer = self.enrol(connection, &body);
        let took = self.parts.clock.uptime().saturating_sub(begun);
        let problem = answer.as_ref().err();
        let code = problem.map(|problem| problem.code);
        self.parts.metrics.count(Step::Enrolment, took, code);
        problem
            .into_iter()
            .for_each(|problem| self.refused(problem));
        answer
    }

    fn event(&self, event: ListenerEvent) {
        self.reports.report(event);
    }
}

fn verify(spki: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Problem> {
    let invalid = || Problem::from(ProblemCode::EnrolmentProofInvalid);
    // Attested, but no point of the curve: nobody has the private half of it.
    let key = VerifyingKey::from_public_key_der(spki);
    let key = key.map_err(|_| ProblemCode::AttestationInvalid)?;
    let signature = DerSignature::from_bytes(signature).map_err(|_| invalid())?;
    key.verify(message, &signature).map_err(|_| invalid())
}

/// Four reasons are the app's user's to know, for something can be done about each. The others are one: whoever tries
/// attestations out is not told what is wrong with them.
fn problem(refused: Refused) -> Problem {
    match refused {
        Refused::Revoked => ProblemCode::AttestationRevoked,
        Refused::Software => ProblemCode::KeystoreNotHardware,
        Refused::Boot => ProblemCode::DeviceModified,
        Refused::Application => ProblemCode::AppNotGenuine,
        Refused::Malformed
        | Refused::Chain
        | Refused::Root
        | Refused::Expired
        | Refused::Challenge
        | Refused::Key => ProblemCode::AttestationInvalid,
    }
    .into()
}
