//! The CSCA's revocation list.

use std::collections::BTreeSet;

use p256::ecdsa::{DerSignature, SigningKey, signature::Signer};
use time::OffsetDateTime;
use x509_cert::{
    builder,
    certificate::Version,
    crl::{CertificateList, RevokedCert, TbsCertList},
    der::{
        Decode, DecodePem, Encode, EncodePem,
        asn1::{BitString, Uint},
        oid::AssociatedOid,
        pem::LineEnding,
    },
    ext::{
        Extension, ToExtension,
        pkix::{AuthorityKeyIdentifier, CrlNumber},
    },
    serial_number::SerialNumber,
    spki::AlgorithmIdentifierOwned,
};

use super::{
    Csca, ECDSA_WITH_SHA256, ProfileError, fault, hex,
    make::{BACK, x509_time},
    moment, require, verifies,
};

/// A revocation list signed by the CSCA.
#[derive(Clone, Debug)]
pub struct RevocationList {
    list: CertificateList,
    der: Vec<u8>,
    number: Uint,
    next_update: OffsetDateTime,
    revoked: BTreeSet<String>,
}

impl RevocationList {
    /// Makes the list that follows on another, with these serial numbers on it beside those already there.
    pub(in super::super) fn create(
        csca: &Csca,
        key: &SigningKey,
        before: Option<&Self>,
        revoked: &[SerialNumber],
        (now, until): (OffsetDateTime, OffsetDateTime),
    ) -> Result<CertificateList, builder::Error> {
        // Not by the crate's `CrlBuilder`, whose key id is that of no certificate but ones with SHA-1 key ids.
        let name = csca.certificate.tbs_certificate().subject().clone();
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
        let extensions = [
            CrlNumber(number).to_extension(&name, &[])?,
            AuthorityKeyIdentifier {
                key_identifier: Some(csca.key_id.clone()),
                ..AuthorityKeyIdentifier::default()
            }
            .to_extension(&name, &[])?,
        ];
        let tbs = TbsCertList {
            version: Version::V2,
            signature: algorithm(),
            issuer: name,
            this_update: x509_time(now - BACK)?,
            next_update: Some(x509_time(until)?),
            // An empty list is left out (RFC 5280, section 5.1.2.6).
            revoked_certificates: (!entries.is_empty()).then_some(entries),
            crl_extensions: Some(extensions.into()),
        };
        let signature: DerSignature = key.sign(&tbs.to_der()?);
        Ok(CertificateList {
            tbs_cert_list: tbs,
            signature_algorithm: algorithm(),
            signature: BitString::from_bytes(signature.as_bytes())?,
        })
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
        let number = extension(extensions);
        let CrlNumber(number) = number.ok_or(fault("cRLNumber", "there has to be one"))?;
        let authority: Option<AuthorityKeyIdentifier> = extension(extensions);
        require(
            authority.and_then(|it| it.key_identifier).as_ref() == Some(&csca.key_id),
            "authorityKeyIdentifier",
            "the CSCA's key id",
        )?;
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

/// ECDSA with SHA-256, which has no parameters.
const fn algorithm() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid: ECDSA_WITH_SHA256,
        parameters: None,
    }
}

fn extension<'a, T: Decode<'a> + AssociatedOid>(extensions: &'a [Extension]) -> Option<T> {
    let found = extensions.iter().find(|it| it.extn_id == T::OID)?;
    T::from_der(found.extn_value.as_bytes()).ok()
}

fn successor(number: &Uint) -> Result<u64, builder::Error> {
    let mut bytes = number.as_bytes().iter();
    let value = bytes.try_fold(0u64, |value, byte| {
        value.checked_mul(256)?.checked_add(u64::from(*byte))
    });
    let next = value.and_then(|value| value.checked_add(1));
    next.ok_or(builder::Error::MissingAttributes)
}
