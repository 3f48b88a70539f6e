//! What is demanded of an attestation.

use std::collections::BTreeSet;

use x509_parser::{
    oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY},
    time::ASN1Time,
    x509::SubjectPublicKeyInfo,
};

use crate::{
    Malformed,
    chain::{Chain, Roots},
    description::{BootState, KeyDescription, RootOfTrust},
    status::StatusList,
};

/// Why an attestation is not believed. Nothing of the device is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refused {
    /// Certificates or extension are not what they should be.
    #[error("malformed")]
    Malformed,
    /// A signature, a name or a right to certify is wrong, or the attested key has certified another.
    #[error("the certificates are no chain")]
    Chain,
    /// It leads to no configured root.
    #[error("no configured root")]
    Root,
    /// A certificate is not valid now.
    #[error("a certificate is not valid now")]
    Expired,
    /// A key in the chain is revoked or suspended.
    #[error("a key of the chain is revoked")]
    Revoked,
    /// The key was not made for this challenge.
    #[error("another challenge")]
    Challenge,
    /// Attestation or key is in software.
    #[error("no hardware level")]
    Software,
    /// The device is unlocked, or runs a system that its maker's key does not verify.
    #[error("no verified boot")]
    Boot,
    /// Another app's, or the app signed by somebody else.
    #[error("another application")]
    Application,
    /// Not a P-256 key that hardware made to sign with SHA-256, and for nothing else.
    #[error("another kind of key")]
    Key,
}

impl From<Malformed> for Refused {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

/// Whose attestations are believed, and of which app.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Roots of attestation.
    pub roots: Roots,
    /// The app's package name.
    pub package: String,
    /// SHA-256 of each certificate that the app may be signed with.
    pub signers: BTreeSet<[u8; 32]>,
}

/// A key that hardware of an unmodified device made for the genuine app, over the challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestedKey {
    /// `SubjectPublicKeyInfo`, DER: P-256, as the certificate has it.
    pub spki: Vec<u8>,
}

/// Values of the authorization list.
mod value {
    pub(super) const PURPOSE_SIGN: u64 = 2;
    pub(super) const PURPOSE_VERIFY: u64 = 3;
    pub(super) const ALGORITHM_EC: u64 = 3;
    pub(super) const DIGEST_SHA_256: u64 = 4;
    pub(super) const CURVE_P_256: u64 = 1;
    pub(super) const ORIGIN_GENERATED: u64 = 0;
}

impl Policy {
    /// Judges a chain (DER, the attested key's certificate first), at a time in seconds since 1970.
    ///
    /// # Errors
    /// [`Refused`], with the first that is wrong: chain, status, levels, boot, app, challenge, key.
    pub fn verify(
        &self,
        certificates: &[impl AsRef<[u8]>],
        status: &StatusList,
        challenge: &[u8],
        now: i64,
    ) -> Result<AttestedKey, Refused> {
        let now = ASN1Time::from_timestamp(now).map_err(|_| Refused::Expired)?;
        let chain = Chain::parse(certificates)?;
        let (description, is_leafs) = chain.description()?;
        let description = KeyDescription::parse(description)?;
        let root = match chain.verify(&self.roots, now) {
            // Keystores in software have roots of their own: what they say of themselves is reason enough.
            Err(Refused::Root) if !is_hardware(&description) => return Err(Refused::Software),
            verified => verified?,
        };
        if chain.is_revoked(&root, status) {
            return Err(Refused::Revoked);
        }
        if !is_hardware(&description) {
            return Err(Refused::Software);
        }
        self.judge(&description, challenge)?;
        // Of what the attested key has signed nothing is believed.
        if !is_leafs {
            return Err(Refused::Chain);
        }
        let key = chain.key().ok_or(Refused::Malformed)?;
        if !is_p256(key) {
            return Err(Refused::Key);
        }
        Ok(AttestedKey {
            spki: key.raw.to_vec(),
        })
    }

    fn judge(&self, description: &KeyDescription<'_>, challenge: &[u8]) -> Result<(), Refused> {
        let hardware = &description.hardware;
        let verified = RootOfTrust {
            device_locked: true,
            boot_state: BootState::Verified,
        };
        // Each from the list of what hardware answers for. Only who asks for the key is known to software alone.
        if hardware.root_of_trust != Some(verified) {
            return Err(Refused::Boot);
        }
        let every = hardware.all_applications || description.software.all_applications;
        if every || !self.is_of_app(description) {
            return Err(Refused::Application);
        }
        if description.challenge != challenge {
            return Err(Refused::Challenge);
        }
        let to_sign = hardware.purposes.contains(&value::PURPOSE_SIGN);
        let purposes = [value::PURPOSE_SIGN, value::PURPOSE_VERIFY];
        let right = to_sign
            && hardware.purposes.iter().all(|it| purposes.contains(it))
            && description.software.purposes.is_empty()
            && hardware.algorithm == Some(value::ALGORITHM_EC)
            && hardware.key_size == Some(256)
            && hardware.ec_curve == Some(value::CURVE_P_256)
            && hardware.digests.contains(&value::DIGEST_SHA_256)
            && hardware.origin == Some(value::ORIGIN_GENERATED);
        if right { Ok(()) } else { Err(Refused::Key) }
    }

    /// This package and no other under the same UID, and no signer but the configured ones.
    fn is_of_app(&self, description: &KeyDescription<'_>) -> bool {
        let Some(application) = &description.software.application else {
            return false;
        };
        let ours = |digest: &&[u8]| self.signers.iter().any(|signer| signer == digest);
        application.packages == BTreeSet::from([self.package.as_bytes()])
            && !application.signature_digests.is_empty()
            && application.signature_digests.iter().all(ours)
    }
}

const fn is_hardware(description: &KeyDescription<'_>) -> bool {
    description.attestation_level.is_hardware() && description.keymint_level.is_hardware()
}

fn is_p256(key: &SubjectPublicKeyInfo<'_>) -> bool {
    let curve = key.algorithm.parameters.as_ref();
    let curve = curve.and_then(|it| it.as_oid().ok());
    key.algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY && curve == Some(OID_EC_P256)
}
