//! The page: one PDF of A4, tagged for screen readers (PDF/UA-1), Japanese with English beside it.
//!
//! ```text
//! Preview, certificate id, QR symbol, programme ── Typesetter ── PDF
//! ```
//! Text is set glyph by glyph from the font's own character map, so a character without a glyph is an error that names it and
//! never a blank box. A name is set in one font: the body font if it has every character, else the wide one. The same
//! content gives the same bytes: nothing in the file depends on time or chance.

use issuance_api::{Blob, CertificateId, Problem, ProblemCode, terminal::Preview};

use super::qr::Symbol;
use crate::programme::Programme;

mod background;
mod fonts;
mod layout;
mod sheet;
mod text;

pub use fonts::{FontError, FontPaths, Fonts};

/// Sets pages. One for the whole process.
#[derive(Debug)]
pub struct Typesetter {
    fonts: Fonts,
}

/// What a page shows.
#[derive(Clone, Copy)]
pub struct Content<'a> {
    /// Title, statement and legal ground.
    pub programme: &'a Programme,
    /// Holder, doses, authority, date of issue.
    pub preview: &'a Preview,
    /// 証明書ID.
    pub certificate_id: &'a CertificateId,
    /// The health card.
    pub symbol: &'a Symbol,
    /// For abroad: the VDS-NC.
    pub seal: Option<&'a Symbol>,
}

/// Why there is no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// No font has a glyph for this character (with a variation selector: not for this variant of it), or it is none that can
    /// be shown alone.
    #[error("a character cannot be printed")]
    CharacterUnsupported(char),
    /// A text does not fit into its place even in the smallest size.
    #[error("a text does not fit into its place")]
    TooLong,
    /// More doses than the page has rows.
    #[error("too many doses")]
    TooManyDoses,
    /// The font for names has become unreadable since the start.
    #[error("the font for names cannot be read")]
    Font,
    /// The PDF would not be PDF/UA-1.
    #[error("the page is not valid PDF/UA-1")]
    Invalid,
}

impl From<PageError> for Problem {
    fn from(error: PageError) -> Self {
        match error {
            PageError::CharacterUnsupported(character) => Self {
                character: Some(character),
                ..Self::from(ProblemCode::CharacterUnsupported)
            },
            PageError::TooLong => ProblemCode::CertificateTooLarge.into(),
            PageError::TooManyDoses => ProblemCode::TooManyDoses.into(),
            PageError::Font | PageError::Invalid => ProblemCode::InternalError.into(),
        }
    }
}

impl Typesetter {
    /// Sets with these fonts.
    #[must_use]
    pub const fn new(fonts: Fonts) -> Self {
        Self { fonts }
    }

    /// Whether everything in a preview can be printed: asked before it is shown, so that nobody confirms what cannot be
    /// issued.
    ///
    /// # Errors
    /// As [`set`](Self::set) would.
    pub fn check(&self, programme: &Programme, preview: &Preview) -> Result<(), PageError> {
        layout::check(&self.fonts, programme, preview)
    }

    /// Whether everything a programme can put on a page can be printed: asked when the center starts.
    ///
    /// # Errors
    /// A character without a glyph, or a text too long for its place.
    pub fn check_programme(&self, programme: &Programme) -> Result<(), PageError> {
        layout::check_programme(&self.fonts, programme)
    }

    /// Sets the page.
    ///
    /// # Errors
    /// A character without a glyph, a text too long, too many doses; or the fonts or the PDF went wrong.
    pub fn set(&self, content: &Content<'_>) -> Result<Blob, PageError> {
        layout::page(&self.fonts, content).map(Blob::new)
    }
}
