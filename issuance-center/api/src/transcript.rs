//! Length-prefixed transcripts: what is hashed, MACed or signed.
//!
//! `transcript = label field*`, each part as `u32 BE length ‖ bytes`. Because every part carries its
//! length, no two different lists of fields give the same bytes.

use crate::{Array, Blob, CertificateKind, MunicipalityCode, ProgrammeId};

/// Builds the bytes of a transcript.
#[derive(Clone)]
pub struct Transcript(Vec<u8>);

impl Transcript {
    /// Starts with a label that names the purpose and its version.
    #[must_use]
    pub fn new(label: &str) -> Self {
        Self(Vec::with_capacity(256)).field(label.as_bytes())
    }

    /// Appends one field.
    ///
    /// # Panics
    /// If a field is longer than 4 GiB, which no message here can be: bodies are capped far below.
    #[must_use]
    pub fn field(mut self, bytes: &[u8]) -> Self {
        let length = u32::try_from(bytes.len()).expect("bodies are capped far below 4 GiB");
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// What a terminal's session key (Ed25519) signs to ask for the records of one municipality.
///
/// VRS checks this signature itself, so a center can ask only what the resident asked.
/// `passport` is [`PassportMrz::digest`](crate::passport::PassportMrz::digest) of the lines as sent, or nothing.
#[must_use]
pub fn inquiry_message(
    ticket: &Blob,
    programme: &ProgrammeId,
    municipality: &MunicipalityCode,
    kind: CertificateKind,
    passport: Option<&Array<32>>,
    exporter: &Array<32>,
) -> Vec<u8> {
    Transcript::new("shomei inquiry v1")
        .field(ticket.as_bytes())
        .field(programme.as_str().as_bytes())
        .field(municipality.as_str().as_bytes())
        .field(kind.as_str().as_bytes())
        .field(passport.map_or(&[][..], |digest| digest.as_bytes()))
        .field(exporter.as_bytes())
        .into_bytes()
}

/// What the resident has the terminal sign after the preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueIntent {
    /// Issue what the preview showed.
    Issue,
    /// The certificate was handed over.
    Delivered,
}

impl IssueIntent {
    const fn label(self) -> &'static str {
        match self {
            Self::Issue => "shomei issue v1",
            Self::Delivered => "shomei delivered v1",
        }
    }
}

/// What a terminal's session key signs to issue, and later to report the hand-over.
///
/// `state_digest` is the SHA-256 of the center's sealed state as the terminal received it.
#[must_use]
pub fn issue_message(
    intent: IssueIntent,
    state_digest: &Array<32>,
    exporter: &Array<32>,
) -> Vec<u8> {
    Transcript::new(intent.label())
        .field(state_digest.as_bytes())
        .field(exporter.as_bytes())
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::Transcript;

    #[test]
    fn moving_a_byte_between_fields_changes_the_transcript() {
        let one = Transcript::new("t").field(b"ab").field(b"c").into_bytes();
        let other = Transcript::new("t").field(b"a").field(b"bc").into_bytes();
        assert_ne!(one, other);
    }
}
