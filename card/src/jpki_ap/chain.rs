//! The certificate for authentication, believed under the operator's CA certificates.

mod profile;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{fmt, fs, io};

use super::Certificates;
use crate::key::PublicKey;
use crate::private::Private;
use profile::{check_holder, is_signed_by, key, parsed, parsed_ca};

/// Which of the two certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// The holder's.
    Holder,
    /// The CA's.
    Ca,
}

/// A rule of the JPKI's profile for certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Version 3.
    Version,
    /// `sha256WithRSAEncryption`, within the signed part as outside of it.
    Algorithm,
    /// An RSA key of 2048 bits with e = 65537.
    Key,
    /// The CA: critical, `CA:TRUE`. The holder: not a CA.
    BasicConstraints,
    /// Critical. The CA: certificate and CRL signing, nothing else. The holder: digital signature,
    /// nothing else.
    KeyUsage,
    /// The holder: client authentication.
    ExtendedKeyUsage,
    /// The holder: critical, the policy for authentication, and no other.
    Policy,
    /// Subject key identifier; the holder's authority key identifier names the CA's key and
    /// certificate.
    KeyIdentifier,
    /// Where the list of revoked certificates is.
    DistributionPoint,
    /// No extension that is critical and not known here, and none twice.
    Extensions,
}

/// Why a certificate is not believed. Says which rule, never what the certificate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Not one certificate in DER, or something after it.
    #[error("certificate ({0:?}): not one in DER")]
    Der(Of),
    /// Not as the profile demands.
    #[error("certificate ({of:?}): profile, {rule:?}")]
    Profile {
        /// Which certificate.
        of: Of,
        /// The rule it breaks.
        rule: Rule,
    },
    /// The CA's certificate on the card is none of those the operator trusts.
    #[error("CA is not trusted")]
    UnknownCa,
    /// The holder's certificate names another CA.
    #[error("issued by another CA")]
    Issuer,
    /// The CA's key did not sign the certificate.
    #[error("certificate ({0:?}): wrong signature")]
    Signature(Of),
    /// Not valid yet at this time.
    #[error("certificate ({0:?}): not valid yet")]
    NotYet(Of),
    /// Not valid any more at this time.
    #[error("certificate ({0:?}): expired")]
    Expired(Of),
}

/// Why the operator's CA certificates cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// Reading failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A file is none of a CA of the JPKI.
    #[error("not a CA certificate of the JPKI: {0}")]
    Certificate(ChainError),
    /// A file is not in PEM.
    #[error("not a certificate in PEM")]
    Pem,
    /// There is none.
    #[error("no CA certificate")]
    None,
}

/// CA certificates of the JPKI that the operator trusts. Like the card's trust anchors they are the
/// operator's to configure, and none is baked in.
#[derive(Clone)]
pub struct TrustedCas(Vec<Vec<u8>>);

impl TrustedCas {
    /// Of certificates in DER.
    ///
    /// # Errors
    /// [`CaError`] if there is none, or one is no CA certificate of the JPKI.
    pub fn new(certificates: impl IntoIterator<Item = Vec<u8>>) -> Result<Self, CaError> {
        let certificates: Vec<_> = certificates.into_iter().collect();
        for certificate in &certificates {
            parsed_ca(certificate).map_err(CaError::Certificate)?;
        }
        if certificates.is_empty() {
            return Err(CaError::None);
        }
        Ok(Self(certificates))
    }

    /// The `*.der` and `*.pem` of a folder, one certificate each.
    ///
    /// # Errors
    /// [`CaError`] if one is none, or there is none.
    pub fn load(folder: &Path) -> Result<Self, CaError> {
        let mut certificates = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("der") => certificates.push(fs::read(&path)?),
                Some("pem") => {
                    let (_, pem) = x509_parser::pem::parse_x509_pem(&fs::read(&path)?)
                        .map_err(|_| CaError::Pem)?;
                    certificates.push(pem.contents);
                }
                _ => {}
            }
        }
        Self::new(certificates)
    }
}

impl fmt::Debug for TrustedCas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustedCas({})", self.0.len())
    }
}

/// A certificate for authentication that is believed. Comes from [`Certificates::verify`] alone.
///
/// Whether it was revoked is not known: that is asked of the JPKI, under a contract with it.
#[derive(PartialEq, Eq)]
pub struct AuthenticationCertificate {
    serial: Private<Vec<u8>>,
    not_after: i64,
    key: PublicKey,
}

impl AuthenticationCertificate {
    /// Its serial number, big endian: it tells one holder from all others.
    #[must_use]
    pub const fn serial(&self) -> &Private<Vec<u8>> {
        &self.serial
    }

    /// The last second it is valid, counted from 1970 in UTC.
    #[must_use]
    pub const fn not_after(&self) -> i64 {
        self.not_after
    }

    /// The holder's public key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }
}

impl fmt::Debug for AuthenticationCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthenticationCertificate(..)")
    }
}

impl Certificates {
    /// Believes the holder's certificate at this time, or says which step failed: the CA's certificate
    /// is one that the operator trusts, follows the profile and signed itself; it signed the holder's,
    /// which follows the profile too; both are valid.
    ///
    /// # Errors
    /// [`ChainError`], the first in this order.
    pub fn verify(
        &self,
        trust: &TrustedCas,
        at: SystemTime,
    ) -> Result<AuthenticationCertificate, ChainError> {
        let ca = parsed_ca(self.ca())?;
        if !trust.0.iter().any(|trusted| trusted == self.ca()) {
            return Err(ChainError::UnknownCa);
        }
        let ca_key = key(&ca, Of::Ca)?;
        let holder = parsed(self.holder(), Of::Holder)?;
        check_holder(&holder, &ca)?;
        if !is_signed_by(&holder, &ca_key) {
            return Err(ChainError::Signature(Of::Holder));
        }
        let at = at
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|since| i64::try_from(since.as_secs()).ok())
            .ok_or(ChainError::NotYet(Of::Ca))?;
        for (of, certificate) in [(Of::Ca, &ca), (Of::Holder, &holder)] {
            let validity = certificate.validity();
            if at < validity.not_before.timestamp() {
                return Err(ChainError::NotYet(of));
            }
            if at > validity.not_after.timestamp() {
                return Err(ChainError::Expired(of));
            }
        }
        Ok(AuthenticationCertificate {
            serial: Private::new(holder.raw_serial().to_vec()),
            not_after: holder.validity().not_after.timestamp(),
            key: key(&holder, Of::Holder)?,
        })
    }
}

#[cfg(test)]
mod tests;
