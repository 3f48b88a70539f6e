//! A PIN in a request.

use std::fmt;

use card::Private;
use card::pin::{Pin, PinError};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

/// The PIN that a card made of a dump shall have. Wiped on drop, never printed: it may be the one of the card that was dumped.
#[derive(PartialEq, Eq)]
pub struct DumpPin(Private<[u8; 4]>);

impl DumpPin {
    pub(super) fn to_pin(&self) -> Pin {
        let digits = &self.0.expose()[..];
        digits.try_into().expect("they were a PIN's")
    }
}

impl From<Pin> for DumpPin {
    fn from(pin: Pin) -> Self {
        Self(Private::new(*pin.expose()))
    }
}

impl TryFrom<&str> for DumpPin {
    type Error = PinError;

    fn try_from(input: &str) -> Result<Self, PinError> {
        Pin::try_from(input).map(Self::from)
    }
}

impl Serialize for DumpPin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = str::from_utf8(self.0.expose());
        serializer.serialize_str(digits.expect("they were a PIN's"))
    }
}

impl<'de> Deserialize<'de> for DumpPin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let input = String::deserialize(deserializer).map(Zeroizing::new)?;
        input.as_str().try_into().map_err(de::Error::custom)
    }
}

impl fmt::Debug for DumpPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DumpPin(..)")
    }
}
