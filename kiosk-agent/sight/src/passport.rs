//! A passport's photo page, from a picture: the machine-readable zone (ICAO Doc 9303, part 4: TD3) is found, laid straight and
//! read by two readers that share nothing. Nobody types it (requirement A1).
//!
//! ```text
//! picture   JPEG or PNG, in memory, bounded                                             picture
//! blobs     ink that hangs together, under a threshold that follows the light           blobs
//! chains    rows of equal steps, at any angle                                           chains
//! zone      rows that belong together: 2 × 44, or another document's 2 × 36, 3 × 30     zone
//! grid      the plane they lie in, seen from anywhere                                   grid
//! strip     each line laid straight, each character in a cell of its own                strip
//! first     what each cell looks most like, in OCR-B                                    glyphs
//! second    what Tesseract reads in the cells that are no fillers                       recogniser
//! lines     what both see; the check digits decide the rest, or nothing is read         mrz
//! ```
//! Names stand under no check digit, so one reader's word is never enough for them. What comes out still has to be judged as a
//! passport (`issuance_api::passport`): whether it has expired, which stops the certificate for abroad only, and whether it is the card holder's.
//!
//! No picture, no text and no name of a file goes into a log, an error or a temporary file.

mod blobs;
mod chains;
mod glyphs;
mod grid;
pub mod mrz;
mod picture;
mod read;
mod recogniser;
mod strip;
mod zone;

use issuance_api::ProblemCode;
use issuance_api::passport::PassportMrz;

use picture::Picture;
pub use recogniser::{Recogniser, RecogniserError, Tesseract};

/// Whether a file is a picture in which lines are looked for. For whoever tries what pictures can do to the decoder.
#[must_use]
pub fn decodes(file: &[u8]) -> bool {
    Picture::decode(file).is_ok()
}

/// Why a picture gave no passport's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No JPEG or PNG file, a broken one, or one that is larger than any camera's.
    #[error("not a picture")]
    NotAPicture,
    /// There is no zone in it.
    #[error("no machine-readable zone in the picture")]
    NotFound,
    /// Part of the zone is outside the picture.
    #[error("the machine-readable zone is cut off")]
    CutOff,
    /// A light is reflected in it.
    #[error("glare over the machine-readable zone")]
    Glare,
    /// Too little light.
    #[error("too dark")]
    Dark,
    /// Seen too much from the side.
    #[error("seen from the side")]
    Skewed,
    /// Characters have too few dots.
    #[error("too far away")]
    TooSmall,
    /// Out of focus, or moved.
    #[error("blurred")]
    Blurred,
    /// Something was not read the same by both readers, or a check digit does not fit.
    #[error("not read with certainty")]
    Unclear,
    /// A card or a visa.
    #[error("another document than a passport")]
    OtherDocument,
    /// The second reader did not do its work.
    #[error(transparent)]
    Recogniser(#[from] RecogniserError),
}

/// Reads passports.
#[derive(Clone, Debug, Default)]
pub struct PassportReader<R = Tesseract> {
    recogniser: R,
}

impl<R: Recogniser> PassportReader<R> {
    /// With this second reader.
    #[must_use]
    pub const fn new(recogniser: R) -> Self {
        Self { recogniser }
    }

    /// The two lines of the passport in a picture, the content of a JPEG or PNG file or a camera's frame as one. It takes up to
    /// some seconds, and is no work for an async task.
    ///
    /// # Errors
    /// Why there are none, as what can be done about it differs.
    pub fn read(&self, file: &[u8]) -> Result<PassportMrz, ReadError> {
        let picture = Picture::decode(file).map_err(|_| ReadError::NotAPicture)?;
        read::read(&picture, &self.recogniser)
    }
}

impl From<ReadError> for ProblemCode {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::OtherDocument => Self::PassportOtherDocument,
            ReadError::NotFound | ReadError::CutOff => Self::PassportCutOff,
            ReadError::Glare => Self::PassportGlare,
            ReadError::Dark => Self::PassportDark,
            ReadError::Skewed => Self::PassportSkewed,
            ReadError::TooSmall | ReadError::Blurred => Self::PassportBlurred,
            ReadError::NotAPicture | ReadError::Unclear | ReadError::Recogniser(_) => {
                Self::PassportUnreadable
            }
        }
    }
}
