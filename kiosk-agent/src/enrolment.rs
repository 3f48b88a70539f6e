//! How an app comes by a certificate (`docs/architecture.md`, "Enrolment").
//!
//! ```text
//! nonce ── key, attested over nonce and connection ── signature over the same ── certificate for a few hours
//! ```
//! Nothing of it is kept on the device but the key in its keystore, which goes with the certificate; the next
//! enrolment makes another, under another name.

use std::sync::Arc;
use std::time::{Duration, Instant};

use issuance_api::enrolment::{self, Answer, Nonce, Request};
use issuance_api::{Blob, Problem, ProblemCode, TerminalRole, TerminalUrn};
use issuance_channel::Identity;
use issuance_channel::client::{Anonymous, Client, ConnectError, ServerConfig};
use issuance_channel::identity::public_key;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use serde::Deserialize;

use crate::channel::problem;
use crate::keystore::{HeldKey, Keystore, KeystoreFailed};

/// Where an app enrols, and where it applies then.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentConfig {
    /// The center's listener for enrolment.
    pub enrolment: ServerConfig,
    /// The center's listener for terminals.
    pub center: ServerConfig,
}

/// An app with a certificate.
#[derive(Debug)]
pub struct Enrolled {
    client: Client,
    urn: TerminalUrn,
    ends: Instant,
    renew: Instant,
}

impl Enrolled {
    /// To the center's listener for terminals, with the certificate.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Under which name.
    #[must_use]
    pub const fn urn(&self) -> &TerminalUrn {
        &self.urn
    }
}

impl From<KeystoreFailed> for Problem {
    fn from(KeystoreFailed: KeystoreFailed) -> Self {
        ProblemCode::KeystoreUnavailable.into()
    }
}

/// Enrols once.
///
/// # Errors
/// The center's refusal, or what kept it from being asked.
pub async fn enrol(
    config: &EnrolmentConfig,
    keystore: Arc<dyn Keystore>,
) -> Result<Enrolled, Problem> {
    let connecting = Anonymous::connect(config.enrolment.clone()).await;
    let mut connection = connecting.map_err(|error| match error {
        ConnectError::Load(_) => ProblemCode::InternalError.into(),
        ConnectError::Call(error) => problem(error),
    })?;
    let asked = connection.post::<Nonce>(enrolment::NONCE_PATH).await;
    let Nonce { nonce, center, .. } = asked.map_err(problem)?;
    let exporter = connection.exporter().clone();
    let begun = Instant::now();
    // A keystore takes its time, and other connections theirs.
    let signing = tokio::task::spawn_blocking(move || {
        let challenge = enrolment::challenge(&center, &nonce, &exporter);
        let (key, chain) = HeldKey::generate(keystore, &challenge)?;
        let message = enrolment::message(&center, &nonce, &exporter, key.spki());
        let signature = key.sign(&message)?;
        Ok::<_, KeystoreFailed>((key, chain, signature))
    });
    let signed = signing.await.map_err(|_| ProblemCode::InternalError)?;
    let (key, chain, signature) = signed?;
    let request = Request {
        chain: chain.into_iter().map(Blob::new).collect(),
        signature: Blob::new(signature),
    };
    let answered = connection.post_json(enrolment::PATH, &request).await;
    let Answer {
        certificate,
        expires_in_seconds,
    } = answered.map_err(problem)?;
    let certificate = CertificateDer::from(certificate.as_bytes().to_vec());
    let urn = app_of(&certificate, &key).ok_or(ProblemCode::AnswerUntrusted)?;
    let own = CertifiedKey::new(vec![certificate], Arc::new(key));
    let client = Client::with_key(config.center.clone(), Arc::new(own));
    let lasts = Duration::from_secs(expires_in_seconds.into());
    Ok(Enrolled {
        client: client.map_err(|_| ProblemCode::InternalError)?,
        urn,
        ends: begun + lasts,
        renew: begun + lasts * 2 / 3,
    })
}

/// Whom it names, if it is an app, and the key is this one.
fn app_of(certificate: &CertificateDer<'_>, key: &HeldKey) -> Option<TerminalUrn> {
    let own = public_key(certificate).ok()? == key.spki();
    match Identity::of(certificate).ok()? {
        Identity::Terminal(urn) if own && urn.role() == TerminalRole::App => Some(urn),
        _ => None,
    }
}

/// An app's way to the center, enrolled anew whenever it is time.
pub struct Membership {
    config: EnrolmentConfig,
    keystore: Arc<dyn Keystore>,
    current: Option<Enrolled>,
}

impl Membership {
    /// Enrols when first asked.
    #[must_use]
    pub fn new(config: EnrolmentConfig, keystore: Arc<dyn Keystore>) -> Self {
        Self {
            config,
            keystore,
            current: None,
        }
    }

    /// With a certificate that lasts for an application: from two thirds of its time on another one is asked for. As long
    /// as that fails and the old one still is good, the old one.
    ///
    /// # Errors
    /// The center's refusal, or what kept it from being asked.
    pub async fn enrolled(&mut self) -> Result<&Enrolled, Problem> {
        let now = Instant::now();
        if self.current.as_ref().is_none_or(|it| now >= it.renew) {
            match enrol(&self.config, Arc::clone(&self.keystore)).await {
                Ok(enrolled) => self.current = Some(enrolled),
                Err(problem) => {
                    self.current.take_if(|it| Instant::now() >= it.ends);
                    if self.current.is_none() {
                        return Err(problem);
                    }
                }
            }
        }
        self.current
            .as_ref()
            .ok_or_else(|| ProblemCode::InternalError.into())
    }

    /// Forgets the certificate, and its key with it: the center accepts it no more.
    pub fn leave(&mut self) {
        self.current = None;
    }
}
