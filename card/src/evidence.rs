//! Evidence: what was read from a card, and the card's own answer that it was there.
//!
//! The files alone prove nothing about who presents them: whoever once read a card can replay them.
//! The answer is the card's RSA signature over a digest of a [`Context`] that names this very
//! connection and every file, so neither can be exchanged.
//!
//! ```text
//! evidence = version (1 byte, 01) | text | 00
//!          | version (1 byte, 01) | text | 01 surface
//! text     = file 0001 | file 0002 | file 0003 | file 0004 | file 0007 | answer (256 bytes)
//! surface  = file 0001 | file 0004 | answer (256 bytes)
//! file     = length (u16 BE, 1 to 8192) | bytes
//! ```
//! There is one encoding: what decodes encodes to the same bytes, and trailing bytes are refused.
//!
//! [`Evidence::verify`] goes through these steps, each with its own error:
//!
//! 1. the CA named by the certificate (EF 0004) is a trust anchor for the text AP;
//! 2. it signed the certificate, and the subject is a signer of the text AP;
//! 3. H1 and H2 of EF 0003 are the digests of EF 0001 and EF 0002;
//! 4. the signer signed EF 0003 (DF33);
//! 5. the signer signed the card's key in EF 0007 (DF52);
//! 6. the card's key signed the context's digest;
//! 7. the surface part is there, if the verifier requires it ([`Binding`]): the same chain under the
//!    surface AP's CA, its birth date is that of EF 0002, and the key in the age record signed the
//!    context with the files of both applications;
//! 8. the number's check digit is right.

mod context;
mod error;
mod verify;

use zeroize::Zeroizing;

pub use context::{Context, FileName};
pub use error::{DecodeError, EvidenceError, SurfaceError};
pub use verify::{Binding, Verified};

use crate::certificate::Certificate;
use crate::file::{FileError, MAX_FILE};
use crate::key::{MODULUS_LENGTH, Signature};
use crate::surface_ap::{self, AgeRecord};
use crate::text_ap::{self, AttributesFile, CardKeyFile, IntegrityFile, NumberFile};
use crate::tlv::Reader;
use crate::trust::ApRole;

const VERSION: u8 = 0x01;
const WITHOUT_SURFACE: u8 = 0x00;
const WITH_SURFACE: u8 = 0x01;

/// The longest encoding there is, in bytes.
pub const MAX_EVIDENCE: usize = 2 + 7 * (2 + MAX_FILE) + 2 * MODULUS_LENGTH;

/// The five files of the text AP that evidence holds, each parsed. Wiped on drop.
#[derive(Debug, PartialEq, Eq)]
pub struct TextFiles {
    /// EF 0001.
    pub number: NumberFile,
    /// EF 0002.
    pub attributes: AttributesFile,
    /// EF 0003.
    pub integrity: IntegrityFile,
    /// EF 0004.
    pub certificate: Certificate,
    /// EF 0007.
    pub card_key: CardKeyFile,
}

impl TextFiles {
    /// The files with their names, ascending.
    #[must_use]
    pub fn named(&self) -> [(FileName, &[u8]); 5] {
        [
            (text_ap::NUMBER, self.number.as_bytes()),
            (text_ap::ATTRIBUTES, self.attributes.as_bytes()),
            (text_ap::INTEGRITY, self.integrity.as_bytes()),
            (text_ap::CERTIFICATE, self.certificate.as_bytes()),
            (text_ap::CARD_KEY, self.card_key.as_bytes()),
        ]
        .map(|(ef, bytes)| (FileName::new(ApRole::Text, ef), bytes))
    }
}

/// What the surface AP adds: the age record, its certificate, and this AP's answer.
#[derive(Debug, PartialEq, Eq)]
pub struct SurfacePart {
    /// EF 0001.
    pub age_record: AgeRecord,
    /// EF 0004.
    pub certificate: Certificate,
    /// The surface AP's answer to the challenge.
    pub answer: Signature,
}

impl SurfacePart {
    /// The files with their names, ascending.
    #[must_use]
    pub fn named(&self) -> [(FileName, &[u8]); 2] {
        [
            (surface_ap::AGE_RECORD, self.age_record.as_bytes()),
            (surface_ap::CERTIFICATE, self.certificate.as_bytes()),
        ]
        .map(|(ef, bytes)| (FileName::new(ApRole::Surface, ef), bytes))
    }
}

/// Evidence, parsed and not yet believed. Wiped on drop.
#[derive(Debug, PartialEq, Eq)]
pub struct Evidence {
    files: TextFiles,
    answer: Signature,
    surface: Option<SurfacePart>,
}

impl Evidence {
    /// Of the text AP's files and its answer, and what the surface AP adds.
    #[must_use]
    pub const fn new(files: TextFiles, answer: Signature, surface: Option<SurfacePart>) -> Self {
        Self {
            files,
            answer,
            surface,
        }
    }

    /// The text AP's files: for the terminal, which shows what it read. Nothing vouches for them yet.
    #[must_use]
    pub const fn files(&self) -> &TextFiles {
        &self.files
    }

    /// The text AP's files, and what the surface AP added, without the answer.
    #[must_use]
    pub fn into_files(self) -> (TextFiles, Option<SurfacePart>) {
        (self.files, self.surface)
    }

    /// The text AP's answer to the challenge.
    #[must_use]
    pub const fn answer(&self) -> &Signature {
        &self.answer
    }

    /// What the surface AP added.
    #[must_use]
    pub const fn surface(&self) -> Option<&SurfacePart> {
        self.surface.as_ref()
    }

    /// Whether the surface AP answered too.
    #[must_use]
    pub const fn has_surface(&self) -> bool {
        self.surface.is_some()
    }

    /// Writes the wire format.
    ///
    /// # Panics
    /// Never: no file that parsed is longer than [`MAX_FILE`].
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let text = self.files.named();
        let surface = self.surface.as_ref().map(SurfacePart::named);
        let files = || text.iter().chain(surface.iter().flatten());
        let room: usize = files().map(|(_, bytes)| 2 + bytes.len()).sum();

        // Room for all of it, so that growing leaves no copy behind.
        let mut out = Zeroizing::new(Vec::with_capacity(2 + room + 2 * MODULUS_LENGTH));
        let put_file = |out: &mut Vec<u8>, bytes: &[u8]| {
            let length = u16::try_from(bytes.len()).expect("no parsed file is that long");
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(bytes);
        };
        out.push(VERSION);
        for (_, bytes) in text {
            put_file(&mut out, bytes);
        }
        out.extend_from_slice(self.answer.as_bytes());
        match &self.surface {
            None => out.push(WITHOUT_SURFACE),
            Some(part) => {
                out.push(WITH_SURFACE);
                for (_, bytes) in part.named() {
                    put_file(&mut out, bytes);
                }
                out.extend_from_slice(part.answer.as_bytes());
            }
        }
        out
    }

    /// Reads the wire format from untrusted bytes, each file into its type.
    ///
    /// # Errors
    /// [`DecodeError`] if it is not exactly the one encoding of some evidence.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        if reader.array()? != &[VERSION] {
            return Err(DecodeError::Version);
        }
        let evidence = Self {
            files: TextFiles {
                number: NumberFile::decode(file(&mut reader)?)?,
                attributes: AttributesFile::decode(file(&mut reader)?)?,
                integrity: IntegrityFile::decode(file(&mut reader)?)?,
                certificate: Certificate::decode(file(&mut reader)?)?,
                card_key: CardKeyFile::decode(file(&mut reader)?)?,
            },
            answer: answer(&mut reader)?,
            surface: match *reader.array()? {
                [WITHOUT_SURFACE] => None,
                [WITH_SURFACE] => Some(SurfacePart {
                    age_record: AgeRecord::decode(file(&mut reader)?)?,
                    certificate: Certificate::decode(file(&mut reader)?)?,
                    answer: answer(&mut reader)?,
                }),
                _ => return Err(DecodeError::Surface),
            },
        };
        reader.finish()?;
        Ok(evidence)
    }
}

fn file<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    let length = usize::from(u16::from_be_bytes(*reader.array()?));
    if length > MAX_FILE {
        return Err(DecodeError::File(FileError::TooLong));
    }
    Ok(reader.take(length)?)
}

fn answer(reader: &mut Reader<'_>) -> Result<Signature, DecodeError> {
    Ok(Signature::from(*reader.array::<MODULUS_LENGTH>()?))
}
