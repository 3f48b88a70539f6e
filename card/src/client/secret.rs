use crate::aid;
use crate::era::{BirthCode, CodeB};
use crate::file::Ef;
use crate::jpki_ap::{self, AuthenticationPin, SignaturePassword};
use crate::number::IndividualNumber;
use crate::pin::Pin;
use crate::{surface_ap, text_ap};

/// What is presented by VERIFY, and to which application. Wiped on drop, never printed, presented once.
#[derive(Debug)]
pub enum Secret {
    /// The PIN of the text AP.
    Pin(Pin),
    /// 照合番号A of the text AP: the individual number.
    CodeA(IndividualNumber),
    /// 照合番号B of the text AP.
    CodeB(CodeB),
    /// The birth code of the surface AP.
    BirthCode(BirthCode),
    /// The PIN of the JPKI AP.
    AuthenticationPin(AuthenticationPin),
    /// The password of the JPKI AP.
    SignaturePassword(SignaturePassword),
}

impl Secret {
    /// The application it is presented to.
    #[must_use]
    pub const fn application(&self) -> &'static [u8] {
        match self {
            Self::Pin(_) | Self::CodeA(_) | Self::CodeB(_) => &aid::TEXT_AP,
            Self::BirthCode(_) => &aid::SURFACE_AP,
            Self::AuthenticationPin(_) | Self::SignaturePassword(_) => &aid::JPKI_AP,
        }
    }

    /// The EF it is compared with.
    #[must_use]
    pub const fn reference(&self) -> Ef {
        match self {
            Self::Pin(_) => text_ap::PIN,
            Self::CodeA(_) => text_ap::CODE_A,
            Self::CodeB(_) => text_ap::CODE_B,
            Self::BirthCode(_) => surface_ap::BIRTH_CODE,
            Self::AuthenticationPin(_) => jpki_ap::AUTHENTICATION_PIN,
            Self::SignaturePassword(_) => jpki_ap::SIGNATURE_PASSWORD,
        }
    }

    pub(super) fn expose(&self) -> &[u8] {
        match self {
            Self::Pin(pin) => pin.expose(),
            Self::CodeA(number) => number.expose().as_bytes(),
            Self::CodeB(code) => code.expose(),
            Self::BirthCode(code) => code.expose(),
            Self::AuthenticationPin(pin) => pin.expose(),
            Self::SignaturePassword(password) => password.expose(),
        }
    }
}

/// A secret and the one to replace it.
#[derive(Debug)]
pub enum Change {
    /// The PIN of the text AP.
    Pin {
        /// In force.
        current: Pin,
        /// To be in force.
        new: Pin,
    },
    /// The PIN of the JPKI AP.
    AuthenticationPin {
        /// In force.
        current: AuthenticationPin,
        /// To be in force.
        new: AuthenticationPin,
    },
    /// The password of the JPKI AP.
    SignaturePassword {
        /// In force.
        current: SignaturePassword,
        /// To be in force.
        new: SignaturePassword,
    },
}

impl Change {
    /// The one in force, and the new one.
    pub(super) fn into_secrets(self) -> (Secret, Secret) {
        match self {
            Self::Pin { current, new } => (Secret::Pin(current), Secret::Pin(new)),
            Self::AuthenticationPin { current, new } => (
                Secret::AuthenticationPin(current),
                Secret::AuthenticationPin(new),
            ),
            Self::SignaturePassword { current, new } => (
                Secret::SignaturePassword(current),
                Secret::SignaturePassword(new),
            ),
        }
    }
}
