//! Says what a vaccination certificate is, who signed it, and whether it holds: SMART Health Cards (v1.4.0) and ICAO's VDS-NC, of any issuer.
//!
//! ```text
//! text of a QR ── read ──> Document ── TrustList::judge(now) ──> Report { kind, verdict, signer, content, notes }
//! ```
//! No network, no clock, no files but those of [`TrustList::open`]: time is passed in, keys and revocations come with the trust list. The checks run in
//! this order: form, whose key, signature, dates, revocation; a report tells content only if a key on the list signed it
//! ([`unverified`] and [`Document::unverified_vaccination`] are for comparing what nobody known signed).
//!
//! ```
//! # fn main() -> Result<(), verify::TrustError> {
//! # let (text, now) = ("shc:/567629", 0);
//! let trust = verify::TrustList::parse("", |name| std::fs::read(name))?;
//! for document in verify::read([text]) {
//!     let report = trust.judge(&document, now);
//!     println!("{}", report.verdict.word());
//! }
//! # Ok(()) }
//! ```
//!
//! [`check`] is for a health card whose issuer is known: the hand-over of this project's own.
//!
//! # SMART Health Card
//!
//! ```text
//! QR text = "shc:/" ‖ two digits a character: its code − 45     (or "shc:/" n "/" of "/" ‖ a part of these digits)
//! JWS     = base64url(header) . base64url(DEFLATE(payload)) . base64url(r ‖ s)
//! ```
//! The payload is inflated (to 64 KiB at most); for a report it is read once the signature holds. Of it what the specification leaves open is skipped, what it demands is
//! demanded. Revoked is a card whose `vc.rid` is on the list of its key, or that is there with a time after its `nbf`.
//!
//! # VDS-NC: what an issuer has to match
//!
//! ```text
//! text   = JSON { "data": { "hdr": {"t","v":1,"is"}, "msg": {…} }, "sig": {"alg","cer","sigvl"} }
//! signed = JCS(data), RFC 8785: members sorted by UTF-16, no spaces, shortest escapes, ECMAScript's numbers, UTF-8
//! sigvl  = base64url(r ‖ s) of ECDSA over SHA-256(signed), 64 bytes, for ES256      (ES384 on P-384, ES512 on P-521)
//! cer    = base64url(DER of the signer's certificate)
//! ```
//! - base64url with padding is what the specification writes; without it is taken as well. Bits that base64 does not use have to be 0.
//! - `data`, `hdr`, `sig` and the outermost object have these members and no others. In `msg` others are signed and skipped. No name occurs twice,
//!   nesting ends at 16, whole numbers at 2^53 - 1, the text at 16 KiB.
//! - `icao.vacc`: `uvci`; `pid` with `n` and one of `dob` and `i` (`sex`, `ai` optional); `ve`, each with `des`, `nam` (`dis` optional) and `vd`, each with
//!   `dvc`, `seq`, `ctr` (`adm`, `lot`, `dvn` optional). Days are `YYYY-MM-DD`; texts are not empty, without control characters, 240 bytes at most.
//! - `is` is the issuing state's three letters (Doc 9303-3), and its two letters are the country of both certificates.
//!
//! The signer's certificate (X.509 version 3, DER throughout). What has a star is demanded; a departure from the rest is a [`Deviation`] among the notes.
//!
//! | field | content |
//! |---|---|
//! | authority key identifier * | the CSCA's subject key identifier; its issuer is the CSCA's subject, byte for byte |
//! | extended key usage * | 2.23.136.1.1.14.2 alone; critical |
//! | document types, 2.23.136.1.1.6.2 * | `SEQUENCE { INTEGER 0, SET { PrintableString "NV" } }` for `icao.vacc` (`NT` for `icao.test`) |
//! | key * | on the algorithm's curve |
//! | country * | one `C` in the subject, as the CSCA's |
//! | validity | ten years (3652 or 3653 days) and 92 to 96 days. Only in these first days does the key sign |
//! | none of | subject key identifier, alternative names, key usage (demanded: digitalSignature, if there is one), private key usage period |
//! | critical extensions * | no others; basic constraints, if any, not those of a CA |
//!
//! The CSCA's: a CA's basic constraints, `keyCertSign` and `cRLSign`, a subject key identifier, one country, a signature of its own. Keys on P-256, P-384 and P-521,
//! named or written out in full, and RSA of 2048 to 4096 bits, PKCS #1 v1.5 or PSS; SHA-256, -384 and -512. Its revocation list: complete, with the time of the next one; beyond that time
//! everything it does not revoke is [`Unchecked`].

mod card;
pub mod codes;
mod countries;
mod document;
pub mod form;
mod health_card;
mod json;
mod jwks;
mod report;
mod revoked_cards;
#[cfg(feature = "scan")]
pub mod scan;
mod trust;
mod vds;
mod x509;

pub use card::{Card, HumanName, Immunization, Patient, Private, PrivateDate};
pub use document::{Document, Kind, Unreadable, read};
pub use health_card::{CardError, check, jws_of, unverified};
pub use json::JsonError;
pub use jwks::{Jwks, JwksError};
pub use report::{Content, Note, Report, Revoked, Signer, Subject, Tampered, Unchecked, Verdict};
pub use revoked_cards::{RevokedCards, RevokedCardsError};
pub use trust::{CardIssuer, Country, TrustError, TrustList};
pub use vds::{Dose, Holder, Vaccination, Vaccine, Vds, VdsError};
pub use x509::csca::{Csca, CscaError};
pub use x509::revoked::{CrlError, RevokedSigners};
pub use x509::signer::{Deviation, SignerError};
