//! Reads the My Number Card (個人番号カード) and proves what was read.
//!
//! The card's 券面事項入力補助AP ("text AP") gives the holder's individual number and four attributes
//! (name, address, birth date, sex) against a PIN, signed by the issuing municipality, and signs a
//! challenge with a key of the card's own. This crate reads them in as few APDUs as the reader
//! allows, carries them as [`evidence`], and verifies that evidence anywhere else.
//!
//! | module | what |
//! |---|---|
//! | [`apdu`], [`status`], [`tlv`], [`ins`], [`aid`] | ISO/IEC 7816-4 codec and vocabulary: commands, responses, status words, BER-TLV |
//! | [`pin`], [`number`], [`attributes`], [`era`], [`expiry`] | values that exist only parsed, wiped on drop, never printed |
//! | [`key`], [`certificate`], [`trust`] | key ids, RSA public keys, card-verifiable certificates, trust anchors |
//! | [`file`](mod@file), [`text_ap`], [`surface_ap`], [`common_ap`], [`jpki_ap`], [`card_manager`] | the applications: AIDs, EF ids, and each file's layout, read and written |
//! | [`evidence`] | files and answers to a challenge: wire format, context, verification |
//! | [`transport`], [`session`] | the way to a card, and reading one: a chain of consumed states |
//! | [`client`] | a card asked one thing after the other, for tools |
//! | [`messaging`] | secure messaging of the text AP |
//! | [`environment`] | what on this machine would let a PIN leak |
//! | `pcsc` | readers of this machine (feature `pcsc`) |
//!
//! # First success
//!
//! ```
//! use card::text_ap::AttributesFile;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = AttributesFile::decode(&std::fs::read("tests/vectors/text-ap/text-0002.bin")?)?;
//! assert_eq!(file.attributes().name().expose(), "黒桐　幹也");
//! # Ok(())
//! # }
//! ```
//! The examples `list_readers`, `read_card` and `verify_dump` go the whole way.
//!
//! Nothing here opens a socket, knows an async runtime, or logs. Without the feature `pcsc` no C
//! library is needed.

pub mod aid;
pub mod apdu;
pub mod attributes;
pub mod card_manager;
pub mod certificate;
pub mod client;
pub mod common_ap;
pub mod environment;
pub mod era;
pub mod evidence;
pub mod expiry;
pub mod file;
pub mod ins;
pub mod jpki_ap;
pub mod key;
pub mod messaging;
pub mod number;
#[cfg(feature = "pcsc")]
pub mod pcsc;
pub mod pin;
mod private;
pub mod session;
pub mod status;
pub mod surface_ap;
pub mod text_ap;
pub mod tlv;
pub mod transport;
pub mod trust;

pub use private::Private;
