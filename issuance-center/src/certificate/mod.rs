//! The certificate: a signed health card, its QR symbol, and the page that carries both.
//!
//! ```text
//! preview ─ shc::Payload ─ (receipt, signature) ─ shc::Jws ─ qr::Symbol ─ page::Typesetter ─ PDF
//! ```
//! Every step is a pure function of its input: the same application gives the same bytes.

pub mod page;
pub mod qr;
pub mod shc;
