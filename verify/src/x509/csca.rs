use std::fmt;

use sha2::{Digest, Sha256};
use x509_parser::extensions::ParsedExtension;
use x509_parser::pem::parse_x509_pem;

use super::key::{PublicKey, Unsigned};
use super::{certificate, country, hex, key_identifiers, unheeded};

/// A country's signing CA (CSCA), to which its signers' certificates lead: Doc 9303-12.
#[derive(Clone)]
pub struct Csca {
    pub(crate) key: PublicKey,
    /// As DER.
    pub(crate) name: Vec<u8>,
    pub(super) key_identifier: Vec<u8>,
    subject: String,
    country: String,
    fingerprint: [u8; 32],
    not_before: i64,
    not_after: i64,
}

impl fmt::Debug for Csca {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Csca").field(&self.subject).finish()
    }
}

/// Why a file is no CSCA's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CscaError {
    /// Neither a DER nor a PEM certificate of version 3, or more than one.
    #[error("not a certificate")]
    Form,
    /// Not a CA, or one that may not sign both certificates and lists.
    #[error("not the certificate of a CA that signs certificates and revocation lists")]
    NoCa,
    /// Without its key's identifier no signer's certificate leads to it.
    #[error("no subject key identifier")]
    NoKeyIdentifier,
    /// The subject names no country, or several.
    #[error("names no country")]
    NoCountry,
    /// A critical extension that is not known here, or one that cannot be read.
    #[error("a critical extension is not known")]
    Extension,
    /// An algorithm or curve that is not known here.
    #[error("its key or signature is of a kind that is not supported")]
    Algorithm,
    /// It names itself as issuer and did not sign this.
    #[error("its own signature is wrong")]
    Signature,
}

impl Csca {
    /// Reads a certificate, DER or PEM. Whether it is to be trusted is for whoever lays it into a trust list to decide: over another
    /// channel, from the country itself or a master list.
    ///
    /// # Errors
    /// It is none, or none of a CSCA.
    pub fn parse(bytes: &[u8]) -> Result<Self, CscaError> {
        if !bytes.starts_with(b"-----BEGIN ") {
            return Self::read(bytes);
        }
        let (rest, pem) = parse_x509_pem(bytes).map_err(|_| CscaError::Form)?;
        if pem.label != "CERTIFICATE" || !rest.trim_ascii().is_empty() {
            return Err(CscaError::Form);
        }
        Self::read(&pem.contents)
    }

    /// Reads several one after the other, PEM; or one, DER or PEM.
    ///
    /// # Errors
    /// One of them is none, or there is none.
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<Self>, CscaError> {
        if !bytes.starts_with(b"-----BEGIN ") {
            return Ok(vec![Self::read(bytes)?]);
        }
        let (mut rest, mut all) = (bytes, Vec::new());
        while !rest.trim_ascii().is_empty() {
            let (after, pem) = parse_x509_pem(rest).map_err(|_| CscaError::Form)?;
            if pem.label != "CERTIFICATE" {
                return Err(CscaError::Form);
            }
            all.push(Self::read(&pem.contents)?);
            rest = after;
        }
        Ok(all)
    }

    /// Reads one, DER, for which one of these vouches: by its own key, as where its certificate was renewed, or by its signature under
    /// another key, a link certificate (Doc 9303-12, "CSCA Link Certificates"). One whose own validity does not include `now`, in seconds
    /// since 1970, vouches for nobody.
    ///
    /// # Errors
    /// As [`parse`](Self::parse); [`CscaError::Signature`] if none of them vouches for it.
    pub fn vouched_for<'a>(
        der: &[u8],
        by: impl IntoIterator<Item = &'a Self>,
        now: i64,
    ) -> Result<Self, CscaError> {
        let csca = Self::read(der)?;
        let certificate = certificate(der).ok_or(CscaError::Form)?;
        let inner = &certificate.tbs_certificate;
        let vouched = by.into_iter().any(|known| {
            inner.issuer().as_raw() == known.name
                && known.country == csca.country
                && (known.not_before..=known.not_after).contains(&now)
                && known
                    .key
                    .verify(
                        &certificate.signature_algorithm,
                        inner.as_ref(),
                        &certificate.signature_value.data,
                    )
                    .is_ok()
        });
        vouched.then_some(csca).ok_or(CscaError::Signature)
    }

    fn read(der: &[u8]) -> Result<Self, CscaError> {
        let certificate = certificate(der).ok_or(CscaError::Form)?;
        let inner = &certificate.tbs_certificate;
        let (mut is_ca, mut signs) = (false, false);
        for extension in inner.extensions() {
            // Basic constraints, key usage, policies.
            if unheeded(extension, &["2.5.29.19", "2.5.29.15", "2.5.29.32"]) {
                return Err(CscaError::Extension);
            }
            match extension.parsed_extension() {
                ParsedExtension::BasicConstraints(constraints) => is_ca = constraints.ca,
                ParsedExtension::KeyUsage(usage) => {
                    signs = usage.key_cert_sign() && usage.crl_sign()
                }
                _ => {}
            }
        }
        if !(is_ca && signs) {
            return Err(CscaError::NoCa);
        }
        let (own, _) = key_identifiers(inner.extensions());
        let key = PublicKey::of(inner.public_key()).ok_or(CscaError::Algorithm)?;
        if inner.subject().as_raw() == inner.issuer().as_raw() {
            // One that replaces an older key may be signed by that one: a link certificate, whose issuer has the same name.
            let (_, authority) = key_identifiers(inner.extensions());
            if authority.is_none() || authority == own {
                key.verify(
                    &certificate.signature_algorithm,
                    inner.as_ref(),
                    &certificate.signature_value.data,
                )
                .map_err(|error| match error {
                    Unsigned::Algorithm => CscaError::Algorithm,
                    Unsigned::Wrong => CscaError::Signature,
                })?;
            }
        }
        Ok(Self {
            key,
            name: inner.subject().as_raw().to_vec(),
            key_identifier: own.ok_or(CscaError::NoKeyIdentifier)?.to_vec(),
            subject: inner.subject().to_string(),
            country: country(inner.subject()).ok_or(CscaError::NoCountry)?,
            fingerprint: Sha256::digest(der).into(),
            not_before: inner.validity().not_before.timestamp(),
            not_after: inner.validity().not_after.timestamp(),
        })
    }

    /// Its name.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Two letters, ISO 3166-1 (`UT` is ICAO's Utopia).
    #[must_use]
    pub fn country(&self) -> &str {
        &self.country
    }

    /// Its key's identifier, which the certificates it signs name.
    #[must_use]
    pub fn key_identifier(&self) -> &[u8] {
        &self.key_identifier
    }

    /// SHA-256 of the certificate, in hexadecimal digits: what to compare over another channel.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(&self.fingerprint)
    }

    /// First and last second of its validity, since 1970.
    #[must_use]
    pub const fn validity(&self) -> (i64, i64) {
        (self.not_before, self.not_after)
    }
}
