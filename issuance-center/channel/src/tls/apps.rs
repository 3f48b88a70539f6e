//! Certificates of apps, and those of everybody else.
//!
//! What makes an app the genuine one is attestation, and what says so is a certificate of the issuer that judged it. So an app
//! is believed under the roots of apps alone: one that the terminals' root signed has proven nothing, and may last for years.
//!
//! Who issues apps' certificates does so without knowing anybody, many a minute, from a key on a machine that the internet
//! talks to. So what it says is believed of apps and of nobody else: a kiosk out of it is refused. Its certificates last
//! hours and are on no revocation list.

use std::sync::Arc;

use issuance_api::TerminalRole;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
    client::danger::HandshakeSignatureValid,
    pki_types::{CertificateDer, UnixTime},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};

use super::{LoadError, provider};
use crate::Identity;

/// What is believed of somebody whom one of the verifiers knows, and of whom it is not asked: the alert is `access_denied`.
pub(crate) const UNDER_ANOTHER_ROOT: Error =
    Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);

/// Believes one verifier in apps alone, if there is one, and another in everybody else.
#[derive(Debug)]
pub(super) struct ByRole {
    others: Arc<dyn ClientCertVerifier>,
    apps: Option<Arc<dyn ClientCertVerifier>>,
    hints: Vec<DistinguishedName>,
}

impl ByRole {
    /// `apps`: their roots; without any there are no apps.
    pub(super) fn new(
        others: Arc<dyn ClientCertVerifier>,
        apps: Option<RootCertStore>,
    ) -> Result<Self, LoadError> {
        let mut hints = others.root_hint_subjects().to_vec();
        let mut verifier = None;
        if let Some(roots) = apps {
            let apps = WebPkiClientVerifier::builder_with_provider(roots.into(), provider())
                .build()
                .map_err(|_| LoadError::Apps)?;
            hints.extend_from_slice(apps.root_hint_subjects());
            verifier = Some(apps);
        }
        Ok(Self {
            others,
            apps: verifier,
            hints,
        })
    }
}

impl ClientCertVerifier for ByRole {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let is_app = matches!(
            Identity::of(own),
            Ok(Identity::Terminal(terminal)) if terminal.role() == TerminalRole::App
        );
        let (asked, other) = match is_app {
            true => (self.apps.as_ref(), Some(&self.others)),
            false => (Some(&self.others), self.apps.as_ref()),
        };
        let verify = |verifier: Option<&Arc<dyn ClientCertVerifier>>| {
            let unknown = Error::from(CertificateError::UnknownIssuer);
            verifier.map_or(Err(unknown), |it| it.verify_client_cert(own, rest, now))
        };
        verify(asked).map_err(|refused| match verify(other) {
            Ok(_) => UNDER_ANOTHER_ROOT,
            Err(_) => refused,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.others
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.others
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.others.supported_verify_schemes()
    }
}
