//! Certificates of apps beside those of terminals.
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

/// Believes one verifier in all, and in apps other roots, too.
#[derive(Debug)]
pub(super) struct WithApps {
    all: Arc<dyn ClientCertVerifier>,
    apps: Arc<dyn ClientCertVerifier>,
    hints: Vec<DistinguishedName>,
}

impl WithApps {
    pub(super) fn new(
        all: Arc<dyn ClientCertVerifier>,
        roots: RootCertStore,
    ) -> Result<Self, LoadError> {
        let apps = WebPkiClientVerifier::builder_with_provider(roots.into(), provider())
            .build()
            .map_err(|_| LoadError::Apps)?;
        let hints = [all.root_hint_subjects(), apps.root_hint_subjects()].concat();
        Ok(Self { all, apps, hints })
    }
}

impl ClientCertVerifier for WithApps {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let refused = match self.all.verify_client_cert(own, rest, now) {
            Err(refused) => refused,
            verified => return verified,
        };
        let verified = self.apps.verify_client_cert(own, rest, now);
        match (verified, Identity::of(own)) {
            (Ok(verified), Ok(Identity::Terminal(urn))) if urn.role() == TerminalRole::App => {
                Ok(verified)
            }
            (Ok(_), _) => Err(CertificateError::ApplicationVerificationFailure.into()),
            (Err(_), _) => Err(refused),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.all
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.all
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.all.supported_verify_schemes()
    }
}
