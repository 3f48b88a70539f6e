//! Reads the My Number Card (個人番号カード) and proves what was read.
//!
//! The card's 券面事項入力補助AP ("text AP") gives the holder's individual number and four attributes
//! (name, address, birth date, sex) against a PIN, signed by the issuing municipality, and signs a
//! challenge with a key of the card's own. This crate reads them in as few APDUs as the reader
//! allows, carries them as [`evidence`], and verifies that evidence anywhere else.
//!
//! | module | what |
//! |---|---|
//! | [`apdu`], [`status`], [`tlv`] | ISO/IEC 7816-4 codec: commands, responses, status words, BER-TLV |
//! | [`pin`], [`number`], [`attributes`] | values that exist only parsed, wiped on drop, never printed |
//! | [`key`], [`certificate`], [`trust`] | key ids, RSA public keys, card-verifiable certificates, trust anchors |
//! | [`file`], [`text_ap`], [`surface_ap`] | the applications: AIDs, EF ids, and each file's layout, read and written |
//! | [`evidence`] | files and answers to a challenge: wire format, context, verification |
//!
//! Nothing here opens a socket, knows an async runtime, or logs. Without the feature `pcsc` no C
//! library is needed.

pub mod apdu;
pub mod attributes;
pub mod certificate;
pub mod evidence;
pub mod file;
pub mod key;
pub mod number;
pub mod pin;
mod private;
pub mod status;
pub mod surface_ap;
pub mod text_ap;
pub mod tlv;
pub mod trust;

pub use private::Private;
