//! What kind of phone it is, and which app on it asks for keys: a TOML file (`devices/*.toml`).

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{fs, io};

use serde::Deserialize;

use super::authority::Attester;
use super::description::{ApplicationId, BootState, Description, Level, List, RootOfTrust};

/// A phone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// What it is for, in words.
    pub note: String,
    /// Its bootloader.
    pub boot: Boot,
    /// Its keystore.
    pub keystore: Kind,
    /// The app on it.
    pub app: App,
}

/// What the bootloader says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boot {
    /// Whether it is locked.
    pub locked: bool,
    /// What it found.
    pub state: BootState,
}

/// Where keys and attestations are made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Of keys and attestations alike.
    pub level: Level,
    /// Whose attestation key it was made with.
    pub attester: Attester,
}

/// An app, as the operating system knows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// Package name.
    pub package: String,
    /// Version code.
    pub version: u32,
    /// SHA-256 of the certificate it is signed with, 64 hexadecimal digits.
    pub signer: Digest,
}

/// 32 bytes in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Digest([u8; 32]);

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = super::server::from_hex(&text).ok_or("not hexadecimal")?;
        bytes.try_into().map(Self).map_err(|_| "not 32 bytes")
    }
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// It cannot be read.
    #[error("{}: {}", .0.display(), .1)]
    Unreadable(PathBuf, io::Error),
    /// It does not say what it should.
    #[error("{}: {}", .0.display(), .1)]
    Form(PathBuf, toml::de::Error),
}

impl Device {
    /// Reads a file.
    ///
    /// # Errors
    /// [`DeviceError`]
    pub fn load(path: &Path) -> Result<Self, DeviceError> {
        let text = fs::read_to_string(path);
        let text = text.map_err(|error| DeviceError::Unreadable(path.to_owned(), error))?;
        toml::from_str(&text).map_err(|error| DeviceError::Form(path.to_owned(), error))
    }

    /// What its keystore says of a P-256 key that it has just made to sign with.
    #[must_use]
    pub fn describe(&self, challenge: &[u8]) -> Description {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_millis();
        let mut software = List {
            created: u64::try_from(now).ok(),
            application: Some(ApplicationId {
                packages: vec![(self.app.package.clone(), self.app.version)],
                signers: vec![self.app.signer.0.to_vec()],
            }),
            ..List::default()
        };
        let enforced = List {
            purposes: vec![2],
            algorithm: Some(3),
            key_size: Some(256),
            digests: vec![4],
            ec_curve: Some(1),
            no_auth_required: true,
            origin: Some(0),
            root_of_trust: Some(RootOfTrust {
                boot_key: [if self.boot.locked { 0x5B } else { 0 }; 32],
                locked: self.boot.locked,
                state: self.boot.state,
                boot_hash: [0xB0; 32],
            }),
            os_version: Some(160_000),
            os_patch_level: Some(202_611),
            ..List::default()
        };
        let mut hardware = List::default();
        if self.keystore.level == Level::Software {
            // There is no hardware that could answer for anything.
            software = List {
                created: software.created,
                application: software.application,
                ..enforced
            };
        } else {
            hardware = enforced;
        }
        Description {
            version: 300,
            attestation_level: self.keystore.level,
            keymint_level: self.keystore.level,
            challenge: challenge.to_vec(),
            software,
            hardware,
        }
    }
}
