use time::PrimitiveDateTime;
use time::macros::format_description;
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::asn1_rs::{Any, Class, FromDer, Integer, Sequence, Set, Tag};
use x509_parser::extensions::{ParsedExtension, X509Extension};

use super::csca::Csca;
use super::key::{PublicKey, Unsigned};
use super::{certificate, country, key_identifiers, unheeded};

/// ICAO's purpose of a key that signs barcodes.
const PURPOSE: &str = "2.23.136.1.1.14.2";
const DOCUMENT_TYPES: &str = "2.23.136.1.1.6.2";
const KEY_USAGE: &str = "2.5.29.15";
const PERIOD: &str = "2.5.29.16";
const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
const BASIC_CONSTRAINTS: &str = "2.5.29.19";

const DAY: i64 = 86_400;

/// A barcode signer's certificate, as it comes with a document: its form is right, and nothing more is known of it.
#[derive(Clone)]
pub(crate) struct SignerCertificate {
    der: Vec<u8>,
    pub(crate) key: PublicKey,
    pub(crate) subject: String,
    pub(crate) country: String,
    pub(crate) serial: Vec<u8>,
    /// Key of the CSCA that it names.
    pub(crate) authority: Vec<u8>,
    issuer_name: Vec<u8>,
    pub(crate) document_types: Vec<String>,
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
    /// End of the time in which its key signs, if it says so.
    pub(crate) signs_until: Option<i64>,
    pub(crate) deviations: Vec<Deviation>,
}

/// Why a certificate is none of a barcode signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// Not one DER certificate of version 3.
    #[error("not a certificate")]
    Form,
    /// Its extended key usage is not 2.23.136.1.1.14.2 alone.
    #[error("not made for signing barcodes")]
    Purpose,
    /// A CA's: those sign certificates.
    #[error("the certificate of a CA")]
    Ca,
    /// A key usage without digitalSignature.
    #[error("its key is not made for signatures")]
    KeyUsage,
    /// The extension 2.23.136.1.1.6.2 is missing or malformed, or does not allow documents of this type.
    #[error("not allowed to sign documents of this type")]
    DocumentType,
    /// Without the identifier of its CSCA's key it leads nowhere.
    #[error("does not say whose key signed it")]
    Authority,
    /// A critical extension that is not known here, or one that cannot be read.
    #[error("a critical extension is not known")]
    Extension,
    /// A key that is not on P-256, P-384 or P-521, or not on the one that the document's algorithm goes with.
    #[error("its key does not fit the algorithm")]
    Key,
    /// Its country is not its CSCA's, or not the one that the document names.
    #[error("of another country than it says")]
    Country,
    /// Signed by an algorithm that is not known here.
    #[error("its signature is of a kind that is not supported")]
    Algorithm,
}

/// Where a signer's certificate departs from the profile of this crate's documentation, without being wrong for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Deviation {
    /// A subject key identifier.
    #[error("has a subject key identifier")]
    SubjectKeyIdentifier,
    /// A subject's or issuer's alternative name.
    #[error("has an alternative name")]
    AlternativeName,
    /// A key usage.
    #[error("has a key usage")]
    KeyUsage,
    /// A private key usage period.
    #[error("has a private key usage period")]
    PrivateKeyUsagePeriod,
    /// Its purpose is not critical: other software may use the key for others.
    #[error("has an extended key usage that is not critical")]
    UncriticalPurpose,
    /// Not valid for ten years and the 92 to 96 days in which it signs.
    #[error("not valid for ten years and 92 to 96 days")]
    Validity,
    /// Allowed other document types too.
    #[error("allowed to sign several types of document")]
    DocumentTypes,
}

impl SignerCertificate {
    pub(crate) fn parse(der: &[u8]) -> Result<Self, SignerError> {
        let certificate = certificate(der).ok_or(SignerError::Form)?;
        let inner = &certificate.tbs_certificate;
        let extensions = inner.extensions();
        let known = [
            DOCUMENT_TYPES,
            KEY_USAGE,
            PERIOD,
            EXTENDED_KEY_USAGE,
            BASIC_CONSTRAINTS,
        ];
        if extensions.iter().any(|own| unheeded(own, &known)) {
            return Err(SignerError::Extension);
        }
        let mut deviations = Vec::new();
        let (mut purpose, mut document_types, mut signs_until) = (false, None, None);
        for extension in extensions {
            match extension.parsed_extension() {
                ParsedExtension::BasicConstraints(constraints) if constraints.ca => {
                    return Err(SignerError::Ca);
                }
                ParsedExtension::KeyUsage(usage) => {
                    if !usage.digital_signature() {
                        return Err(SignerError::KeyUsage);
                    }
                    deviations.push(Deviation::KeyUsage);
                }
                ParsedExtension::ExtendedKeyUsage(usage) => {
                    let oids: Vec<_> = usage.other.iter().map(|oid| oid.to_id_string()).collect();
                    let others = usage.any
                        || usage.server_auth
                        || usage.client_auth
                        || usage.code_signing
                        || usage.email_protection
                        || usage.time_stamping
                        || usage.ocsp_signing;
                    purpose = oids == [PURPOSE] && !others;
                    if !extension.critical {
                        deviations.push(Deviation::UncriticalPurpose);
                    }
                }
                ParsedExtension::SubjectKeyIdentifier(_) => {
                    deviations.push(Deviation::SubjectKeyIdentifier);
                }
                ParsedExtension::SubjectAlternativeName(_)
                | ParsedExtension::IssuerAlternativeName(_) => {
                    deviations.push(Deviation::AlternativeName);
                }
                _ => match extension.oid.to_id_string().as_str() {
                    DOCUMENT_TYPES => document_types = types(extension),
                    PERIOD => {
                        signs_until = period_end(extension);
                        deviations.push(Deviation::PrivateKeyUsagePeriod);
                    }
                    _ => {}
                },
            }
        }
        let (_, authority) = key_identifiers(extensions);
        let document_types = document_types.ok_or(SignerError::DocumentType)?;
        if !purpose {
            return Err(SignerError::Purpose);
        }
        if document_types.len() != 1 {
            deviations.push(Deviation::DocumentTypes);
        }
        if !usual_validity(&certificate) {
            deviations.push(Deviation::Validity);
        }
        deviations.sort_unstable();
        deviations.dedup();
        Ok(Self {
            der: der.to_vec(),
            key: PublicKey::of(inner.public_key()).ok_or(SignerError::Key)?,
            subject: inner.subject().to_string(),
            country: country(inner.subject()).ok_or(SignerError::Country)?,
            serial: inner.raw_serial().to_vec(),
            authority: authority.ok_or(SignerError::Authority)?.to_vec(),
            issuer_name: inner.issuer().as_raw().to_vec(),
            document_types,
            not_before: inner.validity().not_before.timestamp(),
            not_after: inner.validity().not_after.timestamp(),
            signs_until,
            deviations,
        })
    }

    /// Whether it says that this CSCA signed it.
    pub(crate) fn names(&self, csca: &Csca) -> bool {
        self.authority == csca.key_identifier && self.issuer_name == csca.name
    }

    /// Whether this CSCA did sign it.
    pub(crate) fn is_signed_by(&self, csca: &Csca) -> Result<(), Unsigned> {
        let certificate = certificate(&self.der).ok_or(Unsigned::Wrong)?;
        csca.key.verify(
            &certificate.signature_algorithm,
            certificate.tbs_certificate.as_ref(),
            &certificate.signature_value.data,
        )
    }
}

/// Ten years (two or three leap days in them) and 92 to 96 days, the last second counted or not.
fn usual_validity(certificate: &X509Certificate<'_>) -> bool {
    let validity = certificate.validity();
    let seconds = validity.not_after.timestamp() - validity.not_before.timestamp();
    ((3652 + 92) * DAY - 1..=(3653 + 96) * DAY).contains(&seconds)
}

/// `DocumentTypeList ::= SEQUENCE { version INTEGER (0), docTypeList SET OF PrintableString }`, Doc 9303-12.
fn types(extension: &X509Extension<'_>) -> Option<Vec<String>> {
    let (rest, list) = Sequence::from_der(extension.value).ok()?;
    let (after, version) = Integer::from_der(&list.content).ok()?;
    let (end, types) = Set::from_der(after).ok()?;
    if !rest.is_empty() || !end.is_empty() || version.as_u32() != Ok(0) {
        return None;
    }
    let mut left: &[u8] = &types.content;
    let mut names = Vec::new();
    while !left.is_empty() {
        let (after, name) = Any::from_der(left).ok()?;
        names.push(name.as_printablestring().ok()?.as_ref().to_owned());
        left = after;
    }
    (!names.is_empty()).then_some(names)
}

/// The end of `PrivateKeyUsagePeriod ::= SEQUENCE { notBefore [0], notAfter [1] GeneralizedTime OPTIONAL }`, RFC 3280, 4.2.1.4.
fn period_end(extension: &X509Extension<'_>) -> Option<i64> {
    let (_, period) = Sequence::from_der(extension.value).ok()?;
    let mut left: &[u8] = &period.content;
    while !left.is_empty() {
        let (after, time) = Any::from_der(left).ok()?;
        if time.class() == Class::ContextSpecific && time.tag() == Tag(1) {
            let text = std::str::from_utf8(time.data).ok()?;
            let format = format_description!("[year][month][day][hour][minute][second]Z");
            let end = PrimitiveDateTime::parse(text, format).ok()?;
            return Some(end.assume_utc().unix_timestamp());
        }
        left = after;
    }
    None
}
