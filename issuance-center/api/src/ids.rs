use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not the identifier it should be. Says which rule, never the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Wrong length.
    #[error("wrong length")]
    Length,
    /// A character that does not belong here.
    #[error("character not allowed")]
    Character,
    /// The check digit is wrong.
    #[error("wrong check digit")]
    CheckDigit,
    /// Not of the form the identifier has.
    #[error("wrong form")]
    Form,
    /// No such day.
    #[error("no such day")]
    Day,
}

macro_rules! text_conversions {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// 全国地方公共団体コード: six digits, the last one a check digit (weights 6-5-4-3-2, modulo 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MunicipalityCode([u8; 6]);

impl MunicipalityCode {
    /// The six digits.
    ///
    /// # Panics
    /// Never: parsing admits ASCII digits only.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("parsing admits ASCII digits only")
    }
}

impl std::str::FromStr for MunicipalityCode {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let digits: [u8; 6] = text.as_bytes().try_into().map_err(|_| IdError::Length)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(IdError::Character);
        }
        let sum: u32 = digits[..5]
            .iter()
            .zip([6u32, 5, 4, 3, 2])
            .map(|(digit, weight)| u32::from(digit - b'0') * weight)
            .sum();
        // 11 − (sum mod 11), of which the last digit counts: 10 gives 0, 11 gives 1.
        let check = (11 - sum % 11) % 10;
        if u32::from(digits[5] - b'0') != check {
            return Err(IdError::CheckDigit);
        }
        Ok(Self(digits))
    }
}
text_conversions!(MunicipalityCode);

/// Name of a programme (制度): what is certified, as a set of data files. `[a-z0-9-]{1,32}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProgrammeId(String);

/// Name of an issuance center. `[a-z0-9-]{1,32}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CenterId(String);

/// Name of a vaccination record system. `[a-z0-9-]{1,32}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VrsId(String);

/// JWK thumbprint of a signing key (RFC 7638): base64url of SHA-256, 43 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(String);

/// Which build of a program: SHA-256 of its file, 64 lowercase hexadecimal digits, as `sha256sum` writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BuildId(String);

fn name(text: &str) -> Result<String, IdError> {
    if text.is_empty() || text.len() > 32 {
        return Err(IdError::Length);
    }
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !text.bytes().all(allowed) {
        return Err(IdError::Character);
    }
    Ok(text.to_owned())
}

fn thumbprint(text: &str) -> Result<String, IdError> {
    if text.len() != 43 {
        return Err(IdError::Length);
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !text.bytes().all(allowed) {
        return Err(IdError::Character);
    }
    Ok(text.to_owned())
}

fn digest(text: &str) -> Result<String, IdError> {
    if text.len() != 64 {
        return Err(IdError::Length);
    }
    let allowed = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if !text.bytes().all(allowed) {
        return Err(IdError::Character);
    }
    Ok(text.to_owned())
}

macro_rules! named {
    ($name:ident, $parse:path) => {
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                $parse(text).map(Self)
            }
        }
        text_conversions!($name);
    };
}
named!(ProgrammeId, name);
named!(CenterId, name);
named!(VrsId, name);
named!(KeyId, thumbprint);
named!(BuildId, digest);

/// What kind of terminal a certificate names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TerminalRole {
    /// キオスク端末.
    Kiosk,
    /// 電子交付アプリ.
    App,
}

/// A terminal's identity, as its client certificate's URI SAN states it:
/// `urn:shomei:terminal:{kiosk|app}:{chain}:{id}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TerminalUrn {
    text: String,
    role: TerminalRole,
}

impl TerminalUrn {
    /// Kiosk or app.
    #[must_use]
    pub const fn role(&self) -> TerminalRole {
        self.role
    }

    /// The whole URN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl std::str::FromStr for TerminalUrn {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let mut parts = text
            .strip_prefix("urn:shomei:terminal:")
            .ok_or(IdError::Form)?
            .split(':');
        let role = match parts.next() {
            Some("kiosk") => TerminalRole::Kiosk,
            Some("app") => TerminalRole::App,
            _ => return Err(IdError::Form),
        };
        for _ in ["chain", "id"] {
            name(parts.next().ok_or(IdError::Form)?)?;
        }
        if parts.next().is_some() {
            return Err(IdError::Form);
        }
        Ok(Self {
            text: text.to_owned(),
            role,
        })
    }
}
text_conversions!(TerminalUrn);

/// Which certificate is applied for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateKind {
    /// 国内用.
    Domestic,
    /// 海外用及び国内用.
    Abroad,
}

impl CertificateKind {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Domestic => "domestic",
            Self::Abroad => "abroad",
        }
    }
}

/// A calendar day, `YYYY-MM-DD` on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date(time::Date);

impl Date {
    /// The day itself.
    #[must_use]
    pub const fn get(self) -> time::Date {
        self.0
    }
}

// A birth date is personal, and a `Date` may be one: Debug shows nothing.
impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Date(..)")
    }
}

impl From<time::Date> for Date {
    fn from(date: time::Date) -> Self {
        Self(date)
    }
}

impl std::str::FromStr for Date {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let format = time::macros::format_description!("[year]-[month]-[day]");
        time::Date::parse(text, format)
            .map(Self)
            .map_err(|_| IdError::Day)
    }
}

impl TryFrom<String> for Date {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(Date(day): Date) -> Self {
        format!(
            "{:04}-{:02}-{:02}",
            day.year(),
            u8::from(day.month()),
            day.day()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn municipality_codes_have_a_check_digit() {
        for code in ["132217", "011002", "131016", "472018", "010006"] {
            assert_eq!(code.parse::<MunicipalityCode>().unwrap().as_str(), code);
        }
        assert_eq!(
            "132218".parse::<MunicipalityCode>(),
            Err(IdError::CheckDigit)
        );
        assert_eq!("13221".parse::<MunicipalityCode>(), Err(IdError::Length));
        assert_eq!("13221７".parse::<MunicipalityCode>(), Err(IdError::Length));
        assert_eq!(
            "13221x".parse::<MunicipalityCode>(),
            Err(IdError::Character)
        );
    }

    #[test]
    fn terminal_urns_have_one_form() {
        let urn: TerminalUrn = "urn:shomei:terminal:kiosk:chain-a:0001".parse().unwrap();
        assert_eq!(urn.role(), TerminalRole::Kiosk);
        for wrong in [
            "urn:shomei:terminal:kiosk:chain-a",
            "urn:shomei:terminal:kiosk:chain-a:0001:x",
            "urn:shomei:terminal:center:chain-a:0001",
            "urn:shomei:terminal:kiosk::0001",
            "urn:shomei:center:a",
        ] {
            assert!(wrong.parse::<TerminalUrn>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        assert!("2024-02-29".parse::<Date>().is_ok());
        assert_eq!("2023-02-29".parse::<Date>(), Err(IdError::Day));
        assert_eq!(
            String::from("2024-02-29".parse::<Date>().unwrap()),
            "2024-02-29"
        );
    }
}
