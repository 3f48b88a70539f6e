//! Who a certificate says it is: `urn:shomei:terminal:{kiosk|app}:{chain}:{id}`, `urn:shomei:center:{id}` or
//! `urn:shomei:vrs:{id}`, in its only URI SAN.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

use issuance_api::{Array, CenterId, IdError, TerminalUrn, VrsId};
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer};

const CENTER: &str = "urn:shomei:center:";
const VRS: &str = "urn:shomei:vrs:";

/// A party, as its certificate names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Identity {
    /// A kiosk or an app.
    Terminal(TerminalUrn),
    /// An issuance center.
    Center(CenterId),
    /// A record system.
    Vrs(VrsId),
}

impl FromStr for Identity {
    type Err = IdError;

    fn from_str(urn: &str) -> Result<Self, IdError> {
        if let Some(id) = urn.strip_prefix(CENTER) {
            return id.parse().map(Self::Center);
        }
        if let Some(id) = urn.strip_prefix(VRS) {
            return id.parse().map(Self::Vrs);
        }
        urn.parse().map(Self::Terminal)
    }
}

impl TryFrom<String> for Identity {
    type Error = IdError;
    fn try_from(urn: String) -> Result<Self, IdError> {
        urn.parse()
    }
}

impl From<Identity> for String {
    fn from(identity: Identity) -> Self {
        identity.to_string()
    }
}

/// The URN.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Terminal(urn) => f.write_str(urn.as_str()),
            Self::Center(id) => write!(f, "{CENTER}{}", id.as_str()),
            Self::Vrs(id) => write!(f, "{VRS}{}", id.as_str()),
        }
    }
}

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Who it is.
    pub identity: Identity,
    /// 32 bytes of keying material of this very connection, the same at both ends.
    pub exporter: Array<32>,
}

/// A certificate names nobody we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not an X.509 certificate.
    #[error("not a certificate")]
    Certificate,
    /// There must be exactly one URI SAN.
    #[error("not exactly one URI in the subject alternative name")]
    NotOne,
    /// The URI is not one of ours.
    #[error("the URI is not one of ours")]
    Unknown,
}

impl Identity {
    /// Reads a certificate that has been verified.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self, IdentityError> {
        let certificate = parse(certificate)?;
        let names = certificate.subject_alternative_name();
        let names = names.map_err(|_| IdentityError::Certificate)?;
        let names = names.ok_or(IdentityError::NotOne)?;
        let mut uris = names
            .value
            .general_names
            .iter()
            .filter_map(|name| match name {
                GeneralName::URI(uri) => Some(uri),
                _ => None,
            });
        match (uris.next(), uris.next()) {
            (Some(uri), None) => uri.parse().map_err(|_| IdentityError::Unknown),
            _ => Err(IdentityError::NotOne),
        }
    }
}

/// The public key of a certificate: `SubjectPublicKeyInfo`, DER.
///
/// # Errors
/// [`IdentityError::Certificate`]
pub fn public_key(certificate: &CertificateDer<'_>) -> Result<Vec<u8>, IdentityError> {
    Ok(parse(certificate)?.public_key().raw.to_vec())
}

/// Time until the first certificate of a chain ends; none where one cannot be read.
pub(crate) fn remaining(chain: &[CertificateDer<'_>]) -> Duration {
    let end = |certificate| {
        parse(certificate)
            .ok()
            .map(|it| it.validity().not_after.timestamp())
    };
    let first = chain.iter().map(end).min().flatten();
    let first = first.and_then(|end| u64::try_from(end).ok()).unwrap_or(0);
    let first = SystemTime::UNIX_EPOCH + Duration::from_secs(first);
    first.duration_since(SystemTime::now()).unwrap_or_default()
}

fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, IdentityError> {
    match X509Certificate::from_der(certificate) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(IdentityError::Certificate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urns_read_back_as_written() {
        for urn in [
            "urn:shomei:terminal:kiosk:dev:0001",
            "urn:shomei:center:center-1",
            "urn:shomei:vrs:vrs-1",
        ] {
            assert_eq!(urn.parse::<Identity>().unwrap().to_string(), urn);
        }
        for urn in [
            "",
            "urn:shomei:center:",
            "urn:shomei:vrs:a b",
            "urn:shomei:operator:1",
            "https://example.org/",
        ] {
            assert!(urn.parse::<Identity>().is_err(), "{urn}");
        }
    }
}
