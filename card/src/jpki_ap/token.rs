use std::fmt;

use crate::file::FileError;
use crate::private::Private;

/// The first 32 bytes of EF 0006: which kind of token this is, in ASCII, filled up with spaces (zeros on
/// some).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenLabel([u8; 32]);

/// What answers as the JPKI AP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// A card: `JPKIAPICCTOKEN2`, or `JPKIAPICCTOKEN` as older ones have it.
    Card,
    /// An Android phone: `JPKIAPGPSETOKEN`.
    Android,
    /// An iPhone: `JPKIAPIOSTOKEN`.
    IPhone,
    /// Something that has another label.
    Unknown,
}

impl Device {
    /// Whether it is a phone.
    #[must_use]
    pub const fn is_phone(self) -> bool {
        matches!(self, Self::Android | Self::IPhone)
    }
}

impl TokenLabel {
    /// A card's.
    pub const CARD: Self = Self(*b"JPKIAPICCTOKEN2                 ");
    /// An Android phone's.
    pub const ANDROID: Self = Self(*b"JPKIAPGPSETOKEN                 ");
    /// An iPhone's.
    pub const IPHONE: Self = Self(*b"JPKIAPIOSTOKEN                  ");

    /// Reads the beginning of EF 0006; what follows 32 bytes is not looked at.
    ///
    /// # Errors
    /// [`FileError`] if there are fewer, or they are not printable ASCII and then filler.
    pub fn decode(bytes: &[u8]) -> Result<Self, FileError> {
        let label = Self(*bytes.first_chunk().ok_or(FileError::Length)?);
        if label
            .as_str()
            .bytes()
            .all(|byte| matches!(byte, b'!'..=b'~'))
            && !label.as_str().is_empty()
        {
            Ok(label)
        } else {
            Err(FileError::Text)
        }
    }

    /// The label without its filler. Empty where it is no text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0)
            .map(|text| text.trim_end_matches([' ', '\0']))
            .unwrap_or_default()
    }

    /// Which kind of token has this label.
    #[must_use]
    pub fn device(&self) -> Device {
        match self.as_str() {
            "JPKIAPICCTOKEN2" | "JPKIAPICCTOKEN" => Device::Card,
            "JPKIAPGPSETOKEN" => Device::Android,
            "JPKIAPIOSTOKEN" => Device::IPhone,
            _ => Device::Unknown,
        }
    }
}

impl fmt::Debug for TokenLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenLabel({})", self.as_str())
    }
}

/// EF 0006, 160 bytes: PKCS#11's `CK_TOKEN_INFO` with numbers of 4 bytes, big endian.
///
/// | bytes | what |
/// |---|---|
/// | 0..32 | [`TokenLabel`] |
/// | 32..64 | manufacturer, ASCII digits |
/// | 64..80 | model, ASCII |
/// | 80..96 | serial number, ASCII |
/// | 96..100 | flags |
/// | 100..116 | most sessions, open ones, most that write, open ones that write |
/// | 116..124 | longest and shortest PIN |
/// | 124..140 | memory in total and free, public and private: `FFFFFFFF`, not told |
/// | 140..144 | versions of hardware and firmware, ASCII |
/// | 144..160 | time, not set |
#[derive(PartialEq, Eq)]
pub struct TokenInfo {
    bytes: Private<[u8; Self::LENGTH]>,
    label: TokenLabel,
}

impl TokenInfo {
    /// Its length.
    pub const LENGTH: usize = 160;

    /// Reads EF 0006.
    ///
    /// # Errors
    /// [`FileError`] if it has another length, or no label.
    pub fn decode(bytes: &[u8]) -> Result<Self, FileError> {
        let file = Private::new(bytes.try_into().map_err(|_| FileError::Length)?);
        Ok(Self {
            label: TokenLabel::decode(bytes)?,
            bytes: file,
        })
    }

    /// The file of a token with this label and serial number, and with what cards hold beside them.
    #[must_use]
    pub fn of(label: TokenLabel, serial: &[u8; 16]) -> Self {
        /// Random numbers, login needed, PIN and token initialised.
        const FLAGS: u32 = 0x0000_040D;
        const UNKNOWN: u32 = u32::MAX;
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        bytes.extend_from_slice(&label.0);
        bytes.extend_from_slice(b"00000000000000000000000000000001");
        bytes.extend_from_slice(b"E16R01NJ        ");
        bytes.extend_from_slice(serial);
        for number in [FLAGS, 1, 0, 1, 0, 16, 6, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(b"0301");
        bytes.extend_from_slice(&[b'9'; 16]);
        Self {
            bytes: Private::new(bytes.try_into().expect("32 + 32 + 16 + 16 + 44 + 4 + 16")),
            label,
        }
    }

    /// The file as it stands. The serial number in it tells one card from all others.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        self.bytes.expose()
    }

    /// The label.
    #[must_use]
    pub const fn label(&self) -> TokenLabel {
        self.label
    }
}

impl fmt::Debug for TokenInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenInfo({} ..)", self.label.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_tell_cards_from_phones() {
        for (label, text, device) in [
            (TokenLabel::CARD, "JPKIAPICCTOKEN2", Device::Card),
            (TokenLabel::ANDROID, "JPKIAPGPSETOKEN", Device::Android),
            (TokenLabel::IPHONE, "JPKIAPIOSTOKEN", Device::IPhone),
        ] {
            assert_eq!(label.as_str(), text);
            assert_eq!(label.device(), device);
            assert_eq!(device.is_phone(), device != Device::Card);
        }
        let old =
            TokenLabel::decode(b"JPKIAPICCTOKEN\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0").unwrap();
        assert_eq!(old.device(), Device::Card);
        let other = TokenLabel::decode(b"JPKIAPICCTOKEN3                 ").unwrap();
        assert_eq!(other.device(), Device::Unknown);
    }

    #[test]
    fn what_is_no_label_is_refused() {
        for wrong in [
            &b"JPKIAPICCTOKEN2"[..],
            &[b' '; 32],
            &[0; 32],
            &[0xFF; 32],
            b"JPKI APICCTOKEN2                ",
        ] {
            assert!(TokenLabel::decode(wrong).is_err());
        }
    }

    #[test]
    fn information_is_written_as_it_is_read() {
        let info = TokenInfo::of(TokenLabel::CARD, b"0000000020500003");
        assert_eq!(
            TokenInfo::decode(info.as_bytes()),
            Ok(TokenInfo::of(TokenLabel::CARD, b"0000000020500003"))
        );
        assert_eq!(info.as_bytes()[116..124], [0, 0, 0, 16, 0, 0, 0, 6]);
        assert_eq!(format!("{info:?}"), "TokenInfo(JPKIAPICCTOKEN2 ..)");
        assert_eq!(TokenInfo::decode(&[0x20; 159]), Err(FileError::Length));
    }
}
