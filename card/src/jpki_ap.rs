//! 公的個人認証AP (JPKI AP): its names, its secrets, and how it signs. It is the one application that
//! phones have as well.
//!
//! | EF | content | opened by |
//! |---|---|---|
//! | 0001 | certificate for signatures (署名用電子証明書), DER | password |
//! | 0002 | its CA's certificate, DER | free |
//! | 0006 | [`TokenInfo`], 160 bytes | free |
//! | 000A | certificate for authentication (利用者証明用電子証明書), DER | free; on phones the PIN |
//! | 000B | its CA's certificate, DER | free |
//! | 0017 | private key for authentication | PIN |
//! | 0018 | [`AuthenticationPin`], 4 digits, 3 tries | |
//! | 001A | private key for signatures | password |
//! | 001B | [`SignaturePassword`], 6 to 16 characters, 5 tries | |
//!
//! The certificate for signatures carries the four attributes, so nothing here asks for it. Files of
//! certificates are longer than the certificate: what follows it is filler.
//!
//! With the feature `jpki`, [`Certificates`] are verified up to CA certificates that the operator trusts.
//!
//! COMPUTE SIGNATURE is `80 2A P1 P2 Lc data 00`: P1 is the [`Scheme`], P2 `80|SFI` of the private key,
//! or `80` for the current EF. The answer is 256 bytes.

mod certificates;
#[cfg(feature = "jpki")]
mod chain;
mod secret;
mod token;

pub use certificates::Certificates;
#[cfg(feature = "jpki")]
pub use chain::{AuthenticationCertificate, CaError, ChainError, Of, Rule, TrustedCas};
pub use secret::{AuthenticationPin, SecretError, SignaturePassword};
pub use token::{Device, TokenInfo, TokenLabel};

use crate::file::Ef;

/// Application id.
pub const AID: [u8; 10] = [0xD3, 0x92, 0xF0, 0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01];

/// EF 0001: certificate for signatures.
pub const SIGNATURE_CERTIFICATE: Ef = Ef::new(0x0001);
/// EF 0002: certificate of its CA.
pub const SIGNATURE_CA_CERTIFICATE: Ef = Ef::new(0x0002);
/// EF 0006: token information.
pub const TOKEN_INFO: Ef = Ef::new(0x0006);
/// EF 000A: certificate for authentication.
pub const AUTHENTICATION_CERTIFICATE: Ef = Ef::new(0x000A);
/// EF 000B: certificate of its CA.
pub const AUTHENTICATION_CA_CERTIFICATE: Ef = Ef::new(0x000B);
/// EF 0017: private key for authentication.
pub const AUTHENTICATION_KEY: Ef = Ef::new(0x0017);
/// EF 0018: PIN for authentication.
pub const AUTHENTICATION_PIN: Ef = Ef::new(0x0018);
/// EF 001A: private key for signatures.
pub const SIGNATURE_KEY: Ef = Ef::new(0x001A);
/// EF 001B: password for signatures.
pub const SIGNATURE_PASSWORD: Ef = Ef::new(0x001B);

/// Tries of the PIN when none was spent.
pub const AUTHENTICATION_TRIES: u8 = 3;
/// Tries of the password when none was spent.
pub const SIGNATURE_TRIES: u8 = 5;

/// How COMPUTE SIGNATURE pads, and what it is given: its P1. Any other P1 is answered `6A86`.
///
/// | P1 | data | signed, RSA-2048 |
/// |---|---|---|
/// | 00 | 1 to 245 bytes, a `DigestInfo` as a rule | PKCS#1 v1.5 of the data as they are |
/// | 01 | 1 to 255 bytes | PKCS#1 v1.5 of the bare SHA-256 |
/// | 02 | 32 bytes, a SHA-256 | PKCS#1 v1.5 of its `DigestInfo` |
/// | 03 | 1 to 255 bytes | PKCS#1 v1.5 of the `DigestInfo` of the SHA-256 |
/// | 04 | 32 bytes, a SHA-256 | PSS |
/// | 05 | 1 to 255 bytes | PSS of the SHA-256 |
///
/// PSS is with MGF1 of SHA-256; the length of its salt is not published and taken to be 32. Data of a
/// length that does not fit are answered `6985` or `6700`; which is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `00`: as they are.
    Verbatim,
    /// `01`: the card hashes and signs the bare hash.
    BareDigest,
    /// `02`: a digest, which the card wraps.
    Digest,
    /// `03`: the card hashes and wraps.
    Message,
    /// `04`: PSS of a digest.
    DigestPss,
    /// `05`: the card hashes; PSS.
    MessagePss,
}

impl Scheme {
    /// All there are, by P1.
    pub const ALL: [Self; 6] = [
        Self::Verbatim,
        Self::BareDigest,
        Self::Digest,
        Self::Message,
        Self::DigestPss,
        Self::MessagePss,
    ];

    /// The scheme with this P1.
    #[must_use]
    pub fn with_p1(p1: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.p1() == p1)
    }

    /// Its P1.
    #[must_use]
    pub const fn p1(self) -> u8 {
        match self {
            Self::Verbatim => 0x00,
            Self::BareDigest => 0x01,
            Self::Digest => 0x02,
            Self::Message => 0x03,
            Self::DigestPss => 0x04,
            Self::MessagePss => 0x05,
        }
    }

    /// Whether so many bytes can be its data.
    #[must_use]
    pub const fn takes(self, length: usize) -> bool {
        match self {
            // What PKCS#1 v1.5 leaves of 256 bytes.
            Self::Verbatim => 1 <= length && length <= 245,
            Self::Digest | Self::DigestPss => length == 32,
            Self::BareDigest | Self::Message | Self::MessagePss => 1 <= length && length <= 255,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_is_its_p1() {
        for (p1, scheme) in (0u8..).zip(Scheme::ALL) {
            assert_eq!(scheme.p1(), p1);
            assert_eq!(Scheme::with_p1(p1), Some(scheme));
        }
        assert_eq!(Scheme::with_p1(6), None);
        assert!(Scheme::Verbatim.takes(245) && !Scheme::Verbatim.takes(246));
        assert!(Scheme::DigestPss.takes(32) && !Scheme::DigestPss.takes(33));
        assert!(Scheme::Message.takes(255) && !Scheme::Message.takes(0));
    }
}
