//! What certificates and list have to be, and how they are made that way.
//!
//! | | CSCA | barcode signer |
//! |---|---|---|
//! | key | EC P-256: with RSA-4096 the symbol would grow from version 22 to 30 | EC P-256 |
//! | names | `C=JP`, `CN` | issuer is the CSCA's subject; `C=JP`, `CN` |
//! | extensions | critical basicConstraints (CA, path length 0), critical keyUsage (keyCertSign, cRLSign), SKI | AKI = the CSCA's SKI, critical EKU 2.23.136.1.1.14.2, DocType `NV`; nothing else |
//! | times | fifteen years | signs in its first 92 to 96 days, valid ten years more |
//!
//! When a signer's signing ends stands in no extension (no PKUP): it is ten years before the certificate does.

use p256::ecdsa::{DerSignature, VerifyingKey, signature::Verifier};
use p256::pkcs8::DecodePublicKey;
use time::{Duration, OffsetDateTime};
use x509_cert::{
    Certificate,
    certificate::TbsCertificate,
    der::{
        Decode, DecodePem, Encode, EncodePem,
        asn1::{ObjectIdentifier, OctetString},
        oid::AssociatedOid,
        pem::LineEnding,
    },
    ext::pkix::{
        AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages,
        SubjectKeyIdentifier,
    },
    serial_number::SerialNumber,
    time::{Time, Validity},
};

mod list;
mod make;

pub use list::RevocationList;

/// Days in which a signer may sign.
const ALLOWED_SIGNING_DAYS: std::ops::RangeInclusive<i64> = 92..=96;

/// Years a signer's certificate outlives its signing.
const YEARS_AFTER: i32 = 10;

const COUNTRY: &str = "JP";
const VDS_NC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.14.2");
const DOCUMENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.136.1.1.6.2");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// `SEQUENCE { INTEGER 0, SET { PrintableString "NV" } }`: proof of vaccination. "NT", proof of testing, is another document.
const PROOF_OF_VACCINATION: [u8; 11] = [
    0x30, 0x09, 0x02, 0x01, 0x00, 0x31, 0x04, 0x13, 0x02, b'N', b'V',
];

/// What is wrong with a certificate or list. For the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Not one of its kind in PEM.
    #[error("not in PEM, or not DER inside")]
    Form,
    /// A field or extension is not what it has to be.
    #[error("{field}: {rule}")]
    Field {
        /// Which.
        field: &'static str,
        /// What it has to be.
        rule: &'static str,
    },
}

const fn fault(field: &'static str, rule: &'static str) -> ProfileError {
    ProfileError::Field { field, rule }
}

fn require(holds: bool, field: &'static str, rule: &'static str) -> Result<(), ProfileError> {
    if holds {
        Ok(())
    } else {
        Err(fault(field, rule))
    }
}

/// A CSCA's certificate that is what it has to be.
#[derive(Clone, Debug)]
pub struct Csca {
    certificate: Certificate,
    der: Vec<u8>,
    key: VerifyingKey,
    key_id: OctetString,
}

/// A barcode signer's certificate that is what it has to be, under its CSCA.
#[derive(Clone, Debug)]
pub struct SignerCertificate {
    certificate: Certificate,
    der: Vec<u8>,
    key: VerifyingKey,
    signs_from: OffsetDateTime,
    signs_until: OffsetDateTime,
}

impl Csca {
    /// Reads PEM.
    ///
    /// # Errors
    /// [`ProfileError`]: the first rule that is broken.
    pub fn read(pem: &str) -> Result<Self, ProfileError> {
        let certificate = Certificate::from_pem(pem).map_err(|_| ProfileError::Form)?;
        let tbs = certificate.tbs_certificate();
        let key = p256_key(tbs)?;
        require(
            tbs.issuer() == tbs.subject() && is_signed(&certificate, &key),
            "signature",
            "a CSCA signs itself, by ECDSA with SHA-256",
        )?;
        country(tbs)?;
        let field = "basicConstraints";
        let constraints = critical::<BasicConstraints>(tbs, field)?;
        require(
            constraints.ca && constraints.path_len_constraint == Some(0),
            field,
            "a CA with path length 0",
        )?;
        let field = "keyUsage";
        let usage = critical::<KeyUsage>(tbs, field)?;
        require(
            usage.0 == KeyUsages::KeyCertSign | KeyUsages::CRLSign,
            field,
            "keyCertSign and cRLSign, and no other",
        )?;
        let key_id = tbs.get_extension::<SubjectKeyIdentifier>();
        let Ok(Some((_, SubjectKeyIdentifier(key_id)))) = key_id else {
            return Err(fault("subjectKeyIdentifier", "there has to be one"));
        };
        Ok(Self {
            der: der(&certificate),
            certificate,
            key,
            key_id,
        })
    }

    /// DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// PEM.
    ///
    /// # Panics
    /// Never: what was read can be written.
    #[must_use]
    pub fn pem(&self) -> String {
        let pem = self.certificate.to_pem(LineEnding::LF);
        pem.expect("what was read can be written")
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Serial number in hexadecimal.
    #[must_use]
    pub fn serial(&self) -> String {
        hex(self.certificate.tbs_certificate().serial_number())
    }

    /// From when and until when it is valid.
    #[must_use]
    pub fn valid(&self) -> (OffsetDateTime, OffsetDateTime) {
        validity(self.certificate.tbs_certificate())
    }
}

impl SignerCertificate {
    /// Reads PEM, of a signer of this CSCA.
    ///
    /// # Errors
    /// [`ProfileError`]: the first rule that is broken.
    pub fn read(pem: &str, csca: &Csca) -> Result<Self, ProfileError> {
        let certificate = Certificate::from_pem(pem).map_err(|_| ProfileError::Form)?;
        let tbs = certificate.tbs_certificate();
        let key = p256_key(tbs)?;
        require(
            tbs.issuer() == csca.certificate.tbs_certificate().subject()
                && is_signed(&certificate, &csca.key),
            "signature",
            "by the configured CSCA, ECDSA with SHA-256",
        )?;
        country(tbs)?;
        let field = "authorityKeyIdentifier";
        let authority = present::<AuthorityKeyIdentifier>(tbs, field)?;
        let key_id = authority.key_identifier.as_ref();
        require(key_id == Some(&csca.key_id), field, "the CSCA's key id")?;
        let field = "extendedKeyUsage";
        let usage = critical::<ExtendedKeyUsage>(tbs, field)?;
        require(usage.0 == [VDS_NC], field, "2.23.136.1.1.14.2 and no other")?;
        let extensions = tbs.extensions().map_or(&[][..], Vec::as_slice);
        let document_type = extensions.iter().find(|it| it.extn_id == DOCUMENT_TYPE);
        require(
            document_type.is_some_and(|it| it.extn_value.as_bytes() == PROOF_OF_VACCINATION),
            "documentType",
            "NV (proof of vaccination), and no other",
        )?;
        require(
            extensions.len() == 3,
            "extensions",
            "authorityKeyIdentifier, extendedKeyUsage and documentType alone: no SKI, SAN, IAN, KU, PKUP",
        )?;
        let (from, until) = validity(tbs);
        let signs_until = years_on(until, -YEARS_AFTER);
        let field = "validity";
        require(
            ALLOWED_SIGNING_DAYS.contains(&(signs_until - from).whole_days()),
            field,
            "92 to 96 days of signing, and ten years",
        )?;
        let (_, csca_until) = csca.valid();
        require(until <= csca_until, field, "within the CSCA's")?;
        Ok(Self {
            der: der(&certificate),
            certificate,
            key,
            signs_from: from,
            signs_until,
        })
    }

    /// DER, as it stands in the barcode.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// PEM.
    ///
    /// # Panics
    /// Never: what was read can be written.
    #[must_use]
    pub fn pem(&self) -> String {
        let pem = self.certificate.to_pem(LineEnding::LF);
        pem.expect("what was read can be written")
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Serial number in hexadecimal.
    #[must_use]
    pub fn serial(&self) -> String {
        hex(self.certificate.tbs_certificate().serial_number())
    }

    /// From when and until when it may sign.
    #[must_use]
    pub const fn signs(&self) -> (OffsetDateTime, OffsetDateTime) {
        (self.signs_from, self.signs_until)
    }

    /// Until when what it signed can be verified.
    #[must_use]
    pub fn valid_until(&self) -> OffsetDateTime {
        validity(self.certificate.tbs_certificate()).1
    }
}

/// Years later or, where negative, earlier; of 29 February, 28 February where there is no other.
fn years_on(moment: OffsetDateTime, years: i32) -> OffsetDateTime {
    let year = moment.year() + years;
    let day = moment.replace_year(year);
    day.or_else(|_| (moment - Duration::days(1)).replace_year(year))
        .expect("every year has 28 February")
}

fn moment(time: Time) -> OffsetDateTime {
    OffsetDateTime::from(time.to_system_time())
}

fn validity(tbs: &TbsCertificate) -> (OffsetDateTime, OffsetDateTime) {
    let Validity {
        not_before,
        not_after,
        ..
    } = *tbs.validity();
    (moment(not_before), moment(not_after))
}

fn p256_key(tbs: &TbsCertificate) -> Result<VerifyingKey, ProfileError> {
    let key = tbs.subject_public_key_info().to_der();
    let key = key.map(|key| VerifyingKey::from_public_key_der(&key));
    key.map_err(|_| ProfileError::Form)?
        .map_err(|_| fault("subjectPublicKeyInfo", "an EC P-256 key"))
}

fn country(tbs: &TbsCertificate) -> Result<(), ProfileError> {
    let country = tbs.subject().country().ok().flatten();
    require(
        country.is_some_and(|country| country.as_str() == COUNTRY),
        "subject",
        "names the country JP",
    )
}

fn critical<'a, T: Decode<'a> + AssociatedOid>(
    tbs: &'a TbsCertificate,
    field: &'static str,
) -> Result<T, ProfileError> {
    match tbs.get_extension::<T>() {
        Ok(Some((true, value))) => Ok(value),
        _ => Err(fault(field, "there has to be one, critical")),
    }
}

fn present<'a, T: Decode<'a> + AssociatedOid>(
    tbs: &'a TbsCertificate,
    field: &'static str,
) -> Result<T, ProfileError> {
    match tbs.get_extension::<T>() {
        Ok(Some((_, value))) => Ok(value),
        _ => Err(fault(field, "there has to be one")),
    }
}

fn is_signed(certificate: &Certificate, key: &VerifyingKey) -> bool {
    let tbs = certificate.tbs_certificate();
    certificate.signature_algorithm().oid == ECDSA_WITH_SHA256
        && certificate.signature_algorithm() == tbs.signature()
        && tbs
            .to_der()
            .is_ok_and(|signed| verifies(key, &signed, certificate.signature().raw_bytes()))
}

fn verifies(key: &VerifyingKey, signed: &[u8], signature: &[u8]) -> bool {
    DerSignature::from_bytes(signature)
        .is_ok_and(|signature| key.verify(signed, &signature).is_ok())
}

fn der(certificate: &Certificate) -> Vec<u8> {
    certificate
        .to_der()
        .expect("what was read or made can be written")
}

fn hex(serial: &SerialNumber) -> String {
    serial
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
