//! The extension's content, `KeyDescription`: what a keystore says of a key.
//!
//! ```text
//! KeyDescription ::= SEQUENCE { attestationVersion INTEGER, attestationSecurityLevel ENUMERATED, keyMintVersion INTEGER,
//!     keyMintSecurityLevel ENUMERATED, attestationChallenge OCTET STRING, uniqueId OCTET STRING,
//!     softwareEnforced AuthorizationList, hardwareEnforced AuthorizationList }
//! AuthorizationList ::= SEQUENCE of [tag] EXPLICIT value, each at most once
//! ```
//! Older versions call KeyMint Keymaster and `hardwareEnforced` `teeEnforced`; the layout is the same. Of a list only
//! what is judged is read; other tags (identifiers of the device among them) are skipped unread.
//!
//! Read against a published chain, the sample `algorithm_EC_SecurityLevel_TEE` of the Android Open Source Project's
//! `android-key-attestation` (Apache-2.0; a keystore of version 3 from 2018, on a device with an unlocked bootloader),
//! by hand with `openssl asn1parse`: the order above; purposes {2, 3} as a SET in `[1]`; algorithm 3, size 256, curve 1
//! in `[2]`, `[3]`, `[10]`; digest {4} in `[5]`; origin 0 in `[702]`; `[704]` with a key of 32 zero bytes,
//! `deviceLocked` false, state 2, a hash of 32 bytes, all of these in the *second* list; in the first list `[701]` and,
//! in `[709]`, an OCTET STRING that holds DER itself: a SET of twelve packages (one UID can be several's) and a SET of one
//! digest of 32 bytes. Tags from 31 on have the high form, `BF 85 45` for 709. The leaf is valid from 1970 to 2106; its
//! chain ends in a root whose own dates have passed (see [`chain`](crate::chain)). The whole chain was given to
//! [`Policy::verify`](crate::Policy::verify) under its own root: `Boot` as of 2020, `Revoked` with an intermediate's serial
//! number listed, `Expired` today. That of `algorithm_EC_SecurityLevel_StrongBox` verifies too; its leaf names another
//! issuer than the one that signed it, which is why names are not demanded of leaves. Nothing of either is kept here.

use std::collections::BTreeSet;

use crate::der::{Malformed, Reader};

/// Versions whose layout is this one: Keymaster 4 and 4.1, KeyMint 1 to 4. An unknown one might mean anything.
const VERSIONS: [u64; 6] = [3, 4, 100, 200, 300, 400];

/// Where something is enforced (`SecurityLevel`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityLevel {
    /// By the operating system, which whoever has the device may have changed.
    Software,
    /// By a trusted execution environment (TEE).
    TrustedEnvironment,
    /// By a chip of its own.
    StrongBox,
}

impl SecurityLevel {
    /// Whether hardware does it.
    #[must_use]
    pub const fn is_hardware(self) -> bool {
        matches!(self, Self::TrustedEnvironment | Self::StrongBox)
    }
}

impl TryFrom<u64> for SecurityLevel {
    type Error = Malformed;
    fn try_from(value: u64) -> Result<Self, Malformed> {
        Ok(match value {
            0 => Self::Software,
            1 => Self::TrustedEnvironment,
            2 => Self::StrongBox,
            _ => return Err(Malformed),
        })
    }
}

/// What the bootloader found (`VerifiedBootState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootState {
    /// The maker's system, whole.
    Verified,
    /// A system under a key of the owner's own.
    SelfSigned,
    /// Nothing was checked.
    Unverified,
    /// It did not verify.
    Failed,
}

impl TryFrom<u64> for BootState {
    type Error = Malformed;
    fn try_from(value: u64) -> Result<Self, Malformed> {
        Ok(match value {
            0 => Self::Verified,
            1 => Self::SelfSigned,
            2 => Self::Unverified,
            3 => Self::Failed,
            _ => return Err(Malformed),
        })
    }
}

/// `RootOfTrust`, without the boot key and hash, which are the device model's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootOfTrust {
    /// The bootloader is locked.
    pub device_locked: bool,
    /// What it found.
    pub boot_state: BootState,
}

/// `AttestationApplicationId`: whose key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationId<'a> {
    /// Names of the packages under the key's UID.
    pub packages: BTreeSet<&'a [u8]>,
    /// SHA-256 of the certificates that the packages are signed with.
    pub signature_digests: BTreeSet<&'a [u8]>,
}

/// What is read of an `AuthorizationList`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizationList<'a> {
    /// `purpose [1]`.
    pub purposes: BTreeSet<u64>,
    /// `algorithm [2]`.
    pub algorithm: Option<u64>,
    /// `keySize [3]`, bits.
    pub key_size: Option<u64>,
    /// `digest [5]`.
    pub digests: BTreeSet<u64>,
    /// `ecCurve [10]`.
    pub ec_curve: Option<u64>,
    /// `allApplications [600]`: the key serves every app on the device.
    pub all_applications: bool,
    /// `origin [702]`.
    pub origin: Option<u64>,
    /// `rootOfTrust [704]`.
    pub root_of_trust: Option<RootOfTrust>,
    /// `attestationApplicationId [709]`.
    pub application: Option<ApplicationId<'a>>,
}

/// The extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDescription<'a> {
    /// Where the attestation was made.
    pub attestation_level: SecurityLevel,
    /// Where the key is.
    pub keymint_level: SecurityLevel,
    /// What whoever asked for the key gave.
    pub challenge: &'a [u8],
    /// What the operating system answers for.
    pub software: AuthorizationList<'a>,
    /// What hardware answers for.
    pub hardware: AuthorizationList<'a>,
}

impl<'a> KeyDescription<'a> {
    /// Reads the extension's value.
    ///
    /// # Errors
    /// [`Malformed`]: not DER, not of this layout or of a version unknown, or a tag twice in a list.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        let mut outer = Reader::new(value);
        let mut fields = outer.sequence()?;
        outer.end()?;
        if !VERSIONS.contains(&fields.integer()?) {
            return Err(Malformed);
        }
        let attestation_level = fields.enumerated()?.try_into()?;
        let _keymint_version = fields.integer()?;
        let keymint_level = fields.enumerated()?.try_into()?;
        let challenge = fields.octets()?;
        let _unique_id = fields.octets()?;
        let software = AuthorizationList::parse(fields.sequence()?)?;
        let hardware = AuthorizationList::parse(fields.sequence()?)?;
        fields.end()?;
        Ok(Self {
            attestation_level,
            keymint_level,
            challenge,
            software,
            hardware,
        })
    }
}

impl<'a> AuthorizationList<'a> {
    fn parse(mut entries: Reader<'a>) -> Result<Self, Malformed> {
        let mut list = Self::default();
        let mut seen = BTreeSet::new();
        while !entries.is_empty() {
            let (tag, mut value) = entries.next()?;
            let number = tag.explicit().ok_or(Malformed)?;
            if !seen.insert(number) {
                return Err(Malformed);
            }
            match number {
                1 => list.purposes = integers(&mut value)?,
                2 => list.algorithm = Some(value.integer()?),
                3 => list.key_size = Some(value.integer()?),
                5 => list.digests = integers(&mut value)?,
                10 => list.ec_curve = Some(value.integer()?),
                600 => {
                    value.null()?;
                    list.all_applications = true;
                }
                702 => list.origin = Some(value.integer()?),
                704 => list.root_of_trust = Some(root_of_trust(&mut value)?),
                709 => list.application = Some(ApplicationId::parse(value.octets()?)?),
                _ => continue,
            }
            value.end()?;
        }
        Ok(list)
    }
}

fn integers(value: &mut Reader<'_>) -> Result<BTreeSet<u64>, Malformed> {
    let mut members = value.set()?;
    let mut found = BTreeSet::new();
    while !members.is_empty() {
        found.insert(members.integer()?);
    }
    Ok(found)
}

fn root_of_trust(value: &mut Reader<'_>) -> Result<RootOfTrust, Malformed> {
    let mut fields = value.sequence()?;
    let _verified_boot_key = fields.octets()?;
    let device_locked = fields.boolean()?;
    let boot_state = fields.enumerated()?.try_into()?;
    let _verified_boot_hash = fields.octets()?;
    fields.end()?;
    Ok(RootOfTrust {
        device_locked,
        boot_state,
    })
}

impl<'a> ApplicationId<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut outer = Reader::new(bytes);
        let mut fields = outer.sequence()?;
        outer.end()?;
        let mut infos = fields.set()?;
        let mut packages = BTreeSet::new();
        while !infos.is_empty() {
            let mut info = infos.sequence()?;
            packages.insert(info.octets()?);
            let _version = info.integer()?;
            info.end()?;
        }
        let mut digests = fields.set()?;
        let mut signature_digests = BTreeSet::new();
        while !digests.is_empty() {
            signature_digests.insert(digests.octets()?);
        }
        fields.end()?;
        Ok(Self {
            packages,
            signature_digests,
        })
    }
}
