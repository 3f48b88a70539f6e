//! Making certificates that are what [`profile`](super) says.

use std::time::SystemTime;

use p256::ecdsa::{DerSignature, SigningKey, VerifyingKey};
use p256::pkcs8::EncodePublicKey;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use x509_cert::{
    Certificate,
    builder::{self, Builder, CertificateBuilder, profile::BuilderProfile},
    certificate::TbsCertificate,
    der::asn1::OctetString,
    ext::{
        Extension, ToExtension,
        pkix::{
            AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages,
            SubjectKeyIdentifier,
        },
    },
    name::Name,
    serial_number::SerialNumber,
    spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef},
    time::{Time, Validity},
};

use super::{
    COUNTRY, Csca, DOCUMENT_TYPE, PROOF_OF_VACCINATION, SignerCertificate, VDS_NC, YEARS_AFTER,
    years_on,
};

/// Years a CSCA's certificate is valid.
const CSCA_YEARS: i32 = 15;

/// Days in which a new signer signs.
const SIGNING_DAYS: i64 = 95;

/// Clocks differ: what is made now is valid from a little earlier.
pub(super) const BACK: Duration = Duration::minutes(5);

/// Bytes of the CSCA's key id.
const KEY_ID: usize = 8;

impl Csca {
    /// Makes a root that signs itself, valid from now.
    pub(in super::super) fn create(
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
}

impl SignerCertificate {
    /// Certifies a signer's key, to sign from `from` on.
    pub(in super::super) fn create(
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
            (true, &usage).to_extension(subject, &[])?,
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

pub(super) fn x509_time(moment: OffsetDateTime) -> Result<Time, builder::Error> {
    // Whole seconds: there is no room for more.
    let whole = moment - Duration::nanoseconds(moment.nanosecond().into());
    Ok(Time::try_from(SystemTime::from(whole))?)
}
