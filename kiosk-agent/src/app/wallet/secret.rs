//! What opens a wallet: a passphrase in somebody's head, or a key in a file of the device.

use std::fmt;
use std::io::Read;
use std::path::Path;

use issuance_channel::secret_file::{self, Unread};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
/// In characters, as NIST SP 800-63B has it for a secret somebody chooses.
const SHORTEST: usize = 8;
const LONGEST: usize = 256;

/// A passphrase, in Unicode's compatibility form: the same, whatever keyboard or input method it came from.
pub struct Passphrase(Zeroizing<String>);

/// Why a text is no passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseError {
    /// Fewer than eight characters.
    #[error("the passphrase is shorter than eight characters")]
    Short,
    /// More than 256 characters.
    #[error("the passphrase is longer than 256 characters")]
    Long,
}

impl Passphrase {
    /// Takes what was typed.
    ///
    /// # Errors
    /// [`PassphraseError`]
    pub fn new(typed: &Zeroizing<String>) -> Result<Self, PassphraseError> {
        if typed.chars().count() > LONGEST {
            return Err(PassphraseError::Long);
        }
        // Room for what one character becomes at most (18), of four bytes at most: growing would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(typed.chars().count() * 18 * 4));
        text.extend(typed.nfkc());
        if text.chars().count() < SHORTEST {
            return Err(PassphraseError::Short);
        }
        Ok(Self(text))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// A key that the device holds: 32 random bytes in a file that its owner alone may read.
pub struct DeviceKey(Zeroizing<[u8; KEY_BYTES]>);

/// Why there is no device key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceKeyError {
    /// There is no such file, or it cannot be opened.
    #[error("the device key cannot be read")]
    Unreadable,
    /// Somebody but its owner may read or write it.
    #[error("the device key is open to others than its owner")]
    Exposed,
    /// Not 32 bytes.
    #[error("the device key is not 32 bytes long")]
    Length,
    /// The file could not be written; it may be there already.
    #[error("the device key cannot be made")]
    NotMade,
}

impl DeviceKey {
    /// Reads it.
    ///
    /// # Errors
    /// [`DeviceKeyError`]
    pub fn load(path: &Path) -> Result<Self, DeviceKeyError> {
        let file = secret_file::open(path).map_err(|unread| match unread {
            Unread::Unreadable => DeviceKeyError::Unreadable,
            Unread::Exposed => DeviceKeyError::Exposed,
        })?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES + 1));
        file.take(KEY_BYTES as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|_| DeviceKeyError::Unreadable)?;
        let key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice());
        key.map(|key| Self(Zeroizing::new(key)))
            .map_err(|_| DeviceKeyError::Length)
    }

    /// Makes a new one and its file; an existing file is never touched.
    ///
    /// # Errors
    /// [`DeviceKeyError::NotMade`]
    pub fn create(path: &Path) -> Result<Self, DeviceKeyError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(key.as_mut_slice()).map_err(|_| DeviceKeyError::NotMade)?;
        secret_file::create(path, 0o600, &[key.as_slice()]).map_err(|_| DeviceKeyError::NotMade)?;
        Ok(Self(key))
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

/// One of them.
#[derive(Debug)]
pub enum Secret {
    /// A passphrase.
    Passphrase(Passphrase),
    /// The device's key.
    DeviceKey(DeviceKey),
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceKey(..)")
    }
}
