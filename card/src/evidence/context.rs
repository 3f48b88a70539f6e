use std::fmt;

use sha2::{Digest, Sha256};

use crate::file::Ef;
use crate::trust::ApRole;

/// Names a file in a context: `text:0001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileName {
    ap: ApRole,
    ef: Ef,
}

impl FileName {
    /// The name of an EF of an application.
    #[must_use]
    pub const fn new(ap: ApRole, ef: Ef) -> Self {
        Self { ap, ef }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:04X}", self.ap.as_str(), self.ef.id())
    }
}

/// What the card's answer is bound to, apart from the files: both nonces, who takes part, the
/// connection, and the terminal's session key.
///
/// ```text
/// digest = SHA-256(transcript("shomei evidence v1", ap, center nonce, VRS nonce, center id, VRS id,
///                             terminal URN, exporter, session public key,
///                             file₁ name, SHA-256 of file₁, …))        names ascending
/// transcript(field…) = (length as u32 BE | field)…
/// ```
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The center's nonce.
    pub center_nonce: [u8; 32],
    /// The VRS's nonce, as it minted it.
    pub vrs_nonce: &'a [u8],
    /// The center's id.
    pub center: &'a str,
    /// The VRS's id.
    pub vrs: &'a str,
    /// The terminal's URN, from its certificate.
    pub terminal: &'a str,
    /// Keying material of the TLS connection between terminal and center.
    pub exporter: [u8; 32],
    /// The public half (Ed25519) of the key the terminal made for this application.
    pub session_key: [u8; 32],
}

impl Context<'_> {
    /// What the card signs in the application `ap` when these files were read.
    ///
    /// # Panics
    /// If a field is longer than 4 GiB, which nothing here can be: files, nonces and ids are capped
    /// far below.
    #[must_use]
    pub fn digest<'f>(
        &self,
        ap: ApRole,
        files: impl IntoIterator<Item = (FileName, &'f [u8])>,
    ) -> [u8; 32] {
        let mut files: Vec<_> = files
            .into_iter()
            .map(|(name, bytes)| (name.to_string(), Sha256::digest(bytes)))
            .collect();
        files.sort();

        let mut transcript = Transcript::default();
        transcript.field(b"shomei evidence v1");
        transcript.field(ap.as_str().as_bytes());
        transcript.field(&self.center_nonce);
        transcript.field(self.vrs_nonce);
        transcript.field(self.center.as_bytes());
        transcript.field(self.vrs.as_bytes());
        transcript.field(self.terminal.as_bytes());
        transcript.field(&self.exporter);
        transcript.field(&self.session_key);
        for (name, digest) in &files {
            transcript.field(name.as_bytes());
            transcript.field(digest);
        }
        transcript.0.finalize().into()
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Context(..)")
    }
}

#[derive(Default)]
struct Transcript(Sha256);

impl Transcript {
    fn field(&mut self, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).expect("nothing here is longer than 4 GiB");
        self.0.update(length.to_be_bytes());
        self.0.update(bytes);
    }
}
