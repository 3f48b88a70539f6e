//! HTTP/1.1 over TLS 1.3 with certificates on both sides, and sealed bodies inside it.
//!
//! ```text
//! terminal ══ client ─── TLS 1.3, both certificates, exporter ─── server ══ center      (and center ══ VRS alike)
//!              seal ─────── HPKE to the server's recipient key ─────── open
//! ```
//! | module | what |
//! |---|---|
//! | [`identity`] | who a certificate says it is: one URI SAN |
//! | [`tls`] | files to rustls configurations; revocation lists with their expiry enforced |
//! | [`sealing`] | HPKE requests and the responses to them; recipient keys |
//! | [`secret_file`] | files that their owner alone may read |
//! | [`descriptors`] | as many file descriptors as all limits together can take |
//! | [`histogram`] | how long answers took |
//! | [`request`] | which lines of a log are about one request |
//! | [`stack`] | what calls leave behind them on it |
//! | [`server`] | listeners: mutual, anonymous, public, loopback |
//! | [`client`] | a small pool of kept-alive connections, pinned ones, and one without a certificate |
//!
//! What the bodies mean is nobody's business here. `docs/architecture.md`, "Identities" and "Sealing", is the specification.

pub mod build;
pub mod client;
pub mod descriptors;
pub mod histogram;
pub mod identity;
mod json;
pub mod request;
pub mod sealing;
pub mod secret_file;
pub mod server;
pub mod stack;
pub mod tls;

pub use identity::{Identity, Peer};

/// Media type of sealed bodies.
pub const SEALED: &str = "application/vnd.shomei.sealed";
/// Media type of problem documents (RFC 9457).
pub const PROBLEM: &str = "application/problem+json";
const JSON: &str = "application/json";
/// Where a server tells its recipient key.
pub const RECIPIENT_PATH: &str = "/v1/recipient";

/// Label of the TLS exporter (RFC 8446, section 7.5): 32 bytes, no context.
const EXPORTER_LABEL: &[u8] = b"EXPORTER-shomei-v1";
