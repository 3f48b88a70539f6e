//! `KeyDescription`, written in DER. Every field can be set, so that a test can lie in each.

use serde::Deserialize;

/// `SecurityLevel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// 0.
    Software,
    /// 1.
    TrustedEnvironment,
    /// 2.
    StrongBox,
}

/// `VerifiedBootState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BootState {
    /// 0.
    Verified,
    /// 1.
    SelfSigned,
    /// 2.
    Unverified,
    /// 3.
    Failed,
}

/// `RootOfTrust`.
#[derive(Clone, Debug)]
pub struct RootOfTrust {
    /// `verifiedBootKey`.
    pub boot_key: [u8; 32],
    /// `deviceLocked`.
    pub locked: bool,
    /// `verifiedBootState`.
    pub state: BootState,
    /// `verifiedBootHash`.
    pub boot_hash: [u8; 32],
}

/// `AttestationApplicationId`.
#[derive(Clone, Debug)]
pub struct ApplicationId {
    /// Packages with their versions.
    pub packages: Vec<(String, u32)>,
    /// SHA-256 of their signers' certificates.
    pub signers: Vec<Vec<u8>>,
}

/// `AuthorizationList`, as far as it is used here.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// `purpose [1]`.
    pub purposes: Vec<u32>,
    /// `algorithm [2]`.
    pub algorithm: Option<u32>,
    /// `keySize [3]`.
    pub key_size: Option<u32>,
    /// `digest [5]`.
    pub digests: Vec<u32>,
    /// `ecCurve [10]`.
    pub ec_curve: Option<u32>,
    /// `noAuthRequired [503]`.
    pub no_auth_required: bool,
    /// `allApplications [600]`.
    pub all_applications: bool,
    /// `creationDateTime [701]`, milliseconds since 1970.
    pub created: Option<u64>,
    /// `origin [702]`.
    pub origin: Option<u32>,
    /// `rootOfTrust [704]`.
    pub root_of_trust: Option<RootOfTrust>,
    /// `osVersion [705]`, as 140000.
    pub os_version: Option<u32>,
    /// `osPatchLevel [706]`, as 202611.
    pub os_patch_level: Option<u32>,
    /// `attestationApplicationId [709]`.
    pub application: Option<ApplicationId>,
}

/// `KeyDescription`.
#[derive(Clone, Debug)]
pub struct Description {
    /// `attestationVersion`.
    pub version: u32,
    /// `attestationSecurityLevel`.
    pub attestation_level: Level,
    /// `keyMintSecurityLevel`.
    pub keymint_level: Level,
    /// `attestationChallenge`.
    pub challenge: Vec<u8>,
    /// `softwareEnforced`.
    pub software: List,
    /// `hardwareEnforced`.
    pub hardware: List,
}

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const NULL: u8 = 0x05;
const ENUMERATED: u8 = 0x0A;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

impl Description {
    /// The extension's value.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let fields = [
            integer(INTEGER, self.version.into()),
            integer(ENUMERATED, level(self.attestation_level)),
            integer(INTEGER, self.version.into()),
            integer(ENUMERATED, level(self.keymint_level)),
            element(&[OCTETS], &self.challenge),
            element(&[OCTETS], &[]),
            self.software.to_der(),
            self.hardware.to_der(),
        ];
        element(&[SEQUENCE], &fields.concat())
    }
}

impl List {
    fn to_der(&self) -> Vec<u8> {
        let number = |value: Option<u32>| value.map(|value| integer(INTEGER, value.into()));
        let null = |set: bool| set.then(|| element(&[NULL], &[]));
        let entries = [
            (1, set(&self.purposes)),
            (2, number(self.algorithm)),
            (3, number(self.key_size)),
            (5, set(&self.digests)),
            (10, number(self.ec_curve)),
            (503, null(self.no_auth_required)),
            (600, null(self.all_applications)),
            (701, self.created.map(|value| integer(INTEGER, value))),
            (702, number(self.origin)),
            (704, self.root_of_trust.as_ref().map(RootOfTrust::to_der)),
            (705, number(self.os_version)),
            (706, number(self.os_patch_level)),
            (709, self.application.as_ref().map(ApplicationId::to_der)),
        ];
        let entries = entries.into_iter().filter_map(|(tag, value)| {
            let value = value?;
            Some(element(&explicit(tag), &value))
        });
        element(&[SEQUENCE], &entries.collect::<Vec<_>>().concat())
    }
}

impl RootOfTrust {
    fn to_der(&self) -> Vec<u8> {
        let state = match self.state {
            BootState::Verified => 0,
            BootState::SelfSigned => 1,
            BootState::Unverified => 2,
            BootState::Failed => 3,
        };
        let fields = [
            element(&[OCTETS], &self.boot_key),
            element(&[BOOLEAN], &[if self.locked { 0xFF } else { 0 }]),
            integer(ENUMERATED, state),
            element(&[OCTETS], &self.boot_hash),
        ];
        element(&[SEQUENCE], &fields.concat())
    }
}

impl ApplicationId {
    /// An OCTET STRING with the structure in it.
    fn to_der(&self) -> Vec<u8> {
        let packages = self.packages.iter().map(|(name, version)| {
            let fields = [
                element(&[OCTETS], name.as_bytes()),
                integer(INTEGER, (*version).into()),
            ];
            element(&[SEQUENCE], &fields.concat())
        });
        let signers = self.signers.iter().map(|it| element(&[OCTETS], it));
        let fields = [set_of(packages.collect()), set_of(signers.collect())];
        element(&[OCTETS], &element(&[SEQUENCE], &fields.concat()))
    }
}

const fn level(level: Level) -> u64 {
    match level {
        Level::Software => 0,
        Level::TrustedEnvironment => 1,
        Level::StrongBox => 2,
    }
}

fn set(values: &[u32]) -> Option<Vec<u8>> {
    let members = values.iter().map(|it| integer(INTEGER, (*it).into()));
    (!values.is_empty()).then(|| set_of(members.collect()))
}

/// DER has the members of a SET OF in ascending order.
fn set_of(mut members: Vec<Vec<u8>>) -> Vec<u8> {
    members.sort();
    element(&[SET], &members.concat())
}

/// `[number] EXPLICIT`.
fn explicit(number: u16) -> Vec<u8> {
    let [_, low] = number.to_be_bytes();
    if number < 0x1F {
        return vec![0xA0 | low];
    }
    let [_, high] = (number >> 7).to_be_bytes();
    if high == 0 {
        vec![0xBF, low]
    } else {
        vec![0xBF, 0x80 | high, low & 0x7F]
    }
}

fn integer(tag: u8, value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let digits: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    let sign = digits.first().is_none_or(|first| *first >= 0x80);
    element(&[tag], &[vec![0; usize::from(sign)], digits].concat())
}

/// An element of any length that a certificate can have.
fn element(tag: &[u8], content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).map_or([0xFF; 2], u16::to_be_bytes);
    let length = match (high, low) {
        (0, 0..=0x7F) => vec![low],
        (0, _) => vec![0x81, low],
        _ => vec![0x82, high, low],
    };
    [tag, &length, content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_have_the_form_of_published_ones() {
        // As in the sample chain that `attestation` names: [709], [704] and [1].
        assert_eq!(explicit(709), [0xBF, 0x85, 0x45]);
        assert_eq!(explicit(704), [0xBF, 0x85, 0x40]);
        assert_eq!(explicit(503), [0xBF, 0x83, 0x77]);
        assert_eq!(explicit(1), [0xA1]);
        assert_eq!(
            integer(INTEGER, 0x0164_8D72_2545),
            [2, 6, 1, 0x64, 0x8D, 0x72, 0x25, 0x45]
        );
        assert_eq!(integer(INTEGER, 256), [2, 2, 1, 0]);
        assert_eq!(integer(INTEGER, 200), [2, 2, 0, 200]);
        assert_eq!(integer(ENUMERATED, 0), [10, 1, 0]);
        assert_eq!(set(&[3, 2]).unwrap(), [0x31, 6, 2, 1, 2, 2, 1, 3]);
        assert_eq!(element(&[4], &[0; 200])[..3], [4, 0x81, 200]);
        assert_eq!(element(&[4], &[0; 647])[..4], [4, 0x82, 0x02, 0x87]);
    }
}
