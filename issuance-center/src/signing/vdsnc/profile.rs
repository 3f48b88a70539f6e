//! What certificates and list have to be, and how they are made that way.
//!
//! | | CSCA | barcode signer |
//! |---|---|---|
//! | key | EC P-256: with RSA-4096 the symbol would grow from version 22 to 30 | EC P-256 |
//! | names | `C=JP`, `CN` | issuer is the CSCA's subject; `C=JP`, `CN` |
//! | extensions | critical basicConstraints (CA, path length 0), critical keyUsage (keyCertSign, cRLSign), SKI | AKI = the CSCA's SKI, EKU 2.23.136.1.1.14.2, DocType `NV`; nothing else |
//! | times | [`CSCA_YEARS`] | signs in its first 92 to 96 days, valid ten years more |
//!
//! When a signer's signing ends stands in no extension (no PKUP): it is ten years before the certificate does.

use std::collections::BTreeSet;
use std::time::SystemTime;

use p256::ecdsa::{DerSignature, SigningKey, VerifyingKey, signature::Verifier};
use p256::pkcs8::{DecodePublicKey, EncodePublicKey};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use x509_cert::{
    Certificate,
    builder::{self, Builder, CertificateBuilder, CrlBuilder, profile::BuilderProfile},
    certificate::TbsCertificate,
    crl::{CertificateList, RevokedCert},
    der::{
        Decode, DecodePem, Encode, EncodePem,
        asn1::{ObjectIdentifier, OctetString, Uint},
        oid::AssociatedOid,
        pem::LineEnding,
    },
    ext::{
        Extension, ToExtension,
        pkix::{
            AuthorityKeyIdentifier, BasicConstraints, CrlNumber, ExtendedKeyUsage, KeyUsage,
            KeyUsages, SubjectKeyIdentifier,
        },
    },
    name::Name,
    serial_number::SerialNumber,
    spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef},
    time::{Time, Validity},
};

/// Years a CSCA's certificate is valid.
const CSCA_YEARS: i32 = 15;

/// Days in which a new signer signs.
const SIGNING_DAYS: i64 = 95;

/// Days in which a signer may sign.
const ALLOWED_SIGNING_DAYS: std::ops::RangeInclusive<i64> = 92..=96;

/// Years a signer's certificate outlives its signing.
const YEARS_AFTER: i32 = 10;

/// Clocks differ: what is made now is valid from a little earlier.
const BACK: Duration = Duration::minutes(5);

/// Bytes of the CSCA's key id.
const KEY_ID: usize = 8;

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

/// A revocation list signed by the CSCA.
#[derive(Clone, Debug)]
pub struct RevocationList {
    list: CertificateList,
    der: Vec<u8>,
    number: Uint,
    next_update: OffsetDateTime,
    revoked: BTreeSet<String>,
}

impl Csca {
    /// Makes a root that signs itself, valid from now.
    pub(super) fn create(
        key: &SigningKey,
        common_name: &str,
        now: OffsetDateTime,
    ) -> Result<Certificate, builder::Error> {
        let until = years_on(now, CSCA_YEARS);
        let profile = CscaProfile {
            name: name(common_name)?,
        };
        issue(profile, (now - BACK, until), key.verifying_key(), key)
    }

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
    /// Certifies a signer's key, to sign from `from` on.
    pub(super) fn create(
        csca: &Csca,
        csca_key: &SigningKey,
        key: &VerifyingKey,
        common_name: &str,
        from: OffsetDateTime,
    ) -> Result<Certificate, builder::Error> {
        let from = from - BACK;
        let until = years_on(from + Duration::days(SIGNING_DAYS), YEARS_AFTER);
        let profile = SignerProfile {
            csca,
            name: name(common_name)?,
        };
        issue(profile, (from, until), key, csca_key)
    }

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
        let usage = present::<ExtendedKeyUsage>(tbs, field)?;
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

impl RevocationList {
    /// Makes the list that follows on another, with these serial numbers on it beside those already there.
    pub(super) fn create(
        csca: &Csca,
        key: &SigningKey,
        before: Option<&Self>,
        revoked: &[SerialNumber],
        (now, until): (OffsetDateTime, OffsetDateTime),
    ) -> Result<CertificateList, builder::Error> {
        let number = before.map_or(Ok(1), |before| successor(&before.number));
        let number = Uint::new(&number?.to_be_bytes())?;
        let mut entries = before
            .and_then(|before| before.list.tbs_cert_list.revoked_certificates.clone())
            .unwrap_or_default();
        for serial in revoked {
            if entries.iter().all(|known| known.serial_number != *serial) {
                entries.push(RevokedCert {
                    serial_number: serial.clone(),
                    revocation_date: x509_time(now)?,
                    crl_entry_extensions: None,
                });
            }
        }
        let this_update = x509_time(now - BACK)?;
        let mut list =
            CrlBuilder::new_with_this_update(&csca.certificate, CrlNumber(number), this_update)?
                .with_next_update(Some(x509_time(until)?));
        // An empty list is left out (RFC 5280, section 5.1.2.6).
        if !entries.is_empty() {
            list = list.with_certificates(entries.into_iter());
        }
        list.build::<_, DerSignature>(key)
    }

    /// Reads PEM, of this CSCA's list.
    ///
    /// # Errors
    /// [`ProfileError`]: the first rule that is broken.
    pub fn read(pem: &str, csca: &Csca) -> Result<Self, ProfileError> {
        let list = CertificateList::from_pem(pem).map_err(|_| ProfileError::Form)?;
        let tbs = &list.tbs_cert_list;
        let signed = tbs.to_der().map_err(|_| ProfileError::Form)?;
        require(
            tbs.issuer == *csca.certificate.tbs_certificate().subject()
                && list.signature_algorithm.oid == ECDSA_WITH_SHA256
                && verifies(&csca.key, &signed, list.signature.raw_bytes()),
            "signature",
            "by the configured CSCA, ECDSA with SHA-256",
        )?;
        let extensions = tbs.crl_extensions.as_deref().unwrap_or_default();
        let number = extensions.iter().find(|it| it.extn_id == CrlNumber::OID);
        let number = number.and_then(|it| CrlNumber::from_der(it.extn_value.as_bytes()).ok());
        let CrlNumber(number) = number.ok_or(fault("cRLNumber", "there has to be one"))?;
        let next_update = tbs.next_update.map(moment);
        let next_update = next_update.ok_or(fault("nextUpdate", "there has to be one"))?;
        let entries = tbs.revoked_certificates.iter().flatten();
        Ok(Self {
            revoked: entries.map(|entry| hex(&entry.serial_number)).collect(),
            der: list.to_der().map_err(|_| ProfileError::Form)?,
            number,
            next_update,
            list,
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
        let pem = self.list.to_pem(LineEnding::LF);
        pem.expect("what was read can be written")
    }

    /// Until when it is to be believed.
    #[must_use]
    pub const fn next_update(&self) -> OffsetDateTime {
        self.next_update
    }

    /// Whether this serial number, in hexadecimal, is on it.
    #[must_use]
    pub fn has(&self, serial: &str) -> bool {
        self.revoked.contains(serial)
    }

    /// Entries.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.revoked.len()
    }

    /// Whether it is the same list, or a later one.
    #[must_use]
    pub fn follows(&self, other: &Self) -> bool {
        let as_number = |it: &Self| (it.number.as_bytes().len(), it.number.as_bytes().to_vec());
        as_number(self) >= as_number(other)
    }
}

struct CscaProfile {
    name: Name,
}

impl BuilderProfile for CscaProfile {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        self.name.clone()
    }

    fn build_extensions(
        &self,
        key: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let constraints = BasicConstraints {
            ca: true,
            path_len_constraint: Some(0),
        };
        let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
        // Of any method that tells keys apart (RFC 5280, section 4.2.1.2); short, since it stands in every barcode.
        let digest = Sha256::digest(key.subject_public_key.raw_bytes());
        let key_id = SubjectKeyIdentifier(OctetString::new(&digest[..KEY_ID])?);
        let subject = tbs.subject();
        Ok(vec![
            (true, &constraints).to_extension(subject, &[])?,
            (true, &usage).to_extension(subject, &[])?,
            (false, &key_id).to_extension(subject, &[])?,
        ])
    }
}

struct SignerProfile<'a> {
    csca: &'a Csca,
    name: Name,
}

impl BuilderProfile for SignerProfile<'_> {
    fn get_issuer(&self, _: &Name) -> Name {
        self.csca.certificate.tbs_certificate().subject().clone()
    }

    fn get_subject(&self) -> Name {
        self.name.clone()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        let authority = AuthorityKeyIdentifier {
            key_identifier: Some(self.csca.key_id.clone()),
            ..AuthorityKeyIdentifier::default()
        };
        let usage = ExtendedKeyUsage(vec![VDS_NC]);
        let subject = tbs.subject();
        Ok(vec![
            (false, &authority).to_extension(subject, &[])?,
            (false, &usage).to_extension(subject, &[])?,
            Extension {
                extn_id: DOCUMENT_TYPE,
                critical: false,
                extn_value: OctetString::new(PROOF_OF_VACCINATION)?,
            },
        ])
    }
}

fn issue(
    profile: impl BuilderProfile,
    (from, until): (OffsetDateTime, OffsetDateTime),
    key: &VerifyingKey,
    signer: &SigningKey,
) -> Result<Certificate, builder::Error> {
    let validity = Validity::new(x509_time(from)?, x509_time(until)?);
    let spki = key.to_public_key_der()?;
    let spki = SubjectPublicKeyInfo::try_from(spki.as_bytes())?;
    CertificateBuilder::new(profile, random_serial()?, validity, spki)?
        .build::<_, DerSignature>(signer)
}

/// Positive and without a leading zero, 70 of its bits random; short, since it stands in every barcode.
fn random_serial() -> Result<SerialNumber, builder::Error> {
    let mut bytes = crate::random::<9>();
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(SerialNumber::new(&*bytes)?)
}

fn name(common_name: &str) -> Result<Name, builder::Error> {
    // Written back to front (RFC 4514): the country comes first.
    Ok(format!("CN={common_name},C={COUNTRY}").parse::<Name>()?)
}

fn successor(number: &Uint) -> Result<u64, builder::Error> {
    let bytes = number.as_bytes().iter();
    let value = bytes.fold(Some(0u64), |value, byte| {
        value?.checked_mul(256)?.checked_add(u64::from(*byte))
    });
    let next = value.and_then(|value| value.checked_add(1));
    next.ok_or(builder::Error::MissingAttributes)
}

/// Years later or, where negative, earlier; of 29 February, 28 February where there is no other.
fn years_on(moment: OffsetDateTime, years: i32) -> OffsetDateTime {
    let year = moment.year() + years;
    let day = moment.replace_year(year);
    day.or_else(|_| (moment - Duration::days(1)).replace_year(year))
        .expect("every year has 28 February")
}

fn x509_time(moment: OffsetDateTime) -> Result<Time, builder::Error> {
    // Whole seconds: there is no room for more.
    let whole = moment - Duration::nanoseconds(moment.nanosecond().into());
    Ok(Time::try_from(SystemTime::from(whole))?)
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
