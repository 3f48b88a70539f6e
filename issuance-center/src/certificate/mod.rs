//! The certificate: a signed health card and, for abroad, a VDS-NC; their QR symbols, and the page that carries them.
//!
//! ```text
//! preview ┬ shc::Payload ┬ (receipt, signatures) ┬ shc::Jws ────┬ qr::Symbol ─ page::Typesetter ─ PDF
//!         └ vdsnc::Data ─┘                       └ vdsnc::VdsNc ┘
//! ```
//! Every step is a pure function of its input: the same application gives the same bytes.

pub mod page;
pub mod qr;
pub mod shc;
pub mod vdsnc;
