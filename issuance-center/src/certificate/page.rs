//! The page: one PDF of A4, tagged for screen readers (PDF/UA-1), Japanese with English beside it.
//!
//! ```text
//! Preview, certificate id, QR symbol, programme ── layout ── sheet ── document ── PDF
//!                                        fonts ──── stock ───┘
//! ```
//! Text is set glyph by glyph from the font's own character map, so a character without a glyph is an error that names it and
//! never a blank box. A name is set in one font: the body font if it has every character, else the wide one. The same
//! content gives the same bytes: nothing in the file depends on time or chance.

use std::{cell::RefCell, fmt};

use issuance_api::{
    CertificateId, PersonalBytes, Problem, ProblemCode, ProgrammeId, terminal::Preview,
};

use super::qr::Symbol;
use crate::programme::Programme;

mod background;
mod document;
mod embed;
mod fonts;
mod layout;
mod pen;
mod sheet;
mod stock;
mod tags;
mod text;

pub use fonts::{FontError, FontPaths, Fonts};

/// Sets pages. One for the whole process.
pub struct Typesetter {
    fonts: Fonts,
    stock: stock::Stock,
}

/// Why there is no typesetter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypesetterError {
    /// A programme says what cannot be printed.
    #[error("programme {0}: {1}")]
    Unprintable(ProgrammeId, PageError),
    /// A font cannot be embedded.
    #[error("a font cannot be embedded")]
    Font,
}

impl fmt::Debug for Typesetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typesetter(..)")
    }
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
    /// The preview and the symbols are not those of one kind of certificate.
    #[error("preview and symbols do not belong together")]
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
    /// Sets pages of these programmes with these fonts. Everything that a programme can put on a page is tried now.
    ///
    /// # Errors
    /// [`TypesetterError`]
    pub fn new<'p>(
        fonts: Fonts,
        programmes: impl IntoIterator<Item = &'p Programme>,
    ) -> Result<Self, TypesetterError> {
        let taken = RefCell::default();
        for programme in programmes {
            layout::learn(&fonts, programme, &taken)
                .map_err(|error| TypesetterError::Unprintable(programme.id().clone(), error))?;
        }
        let stock = stock::Stock::of(taken.into_inner()).map_err(|_| TypesetterError::Font)?;
        Ok(Self { fonts, stock })
    }

    /// Whether everything in a preview can be printed: asked before it is shown, so that nobody confirms what cannot be
    /// issued.
    ///
    /// # Errors
    /// As [`set`](Self::set) would.
    pub fn check(&self, programme: &Programme, preview: &Preview) -> Result<(), PageError> {
        layout::check(&self.fonts, &self.stock, programme, preview)
    }

    /// Whether a page with this name may take a font that lies in a file: milliseconds more.
    #[must_use]
    pub fn is_rare(&self, preview: &Preview) -> bool {
        self.fonts.lack(preview.holder.name.expose())
    }

    /// Sets the page.
    ///
    /// # Errors
    /// A character without a glyph, a text too long, too many doses; or a font went wrong.
    pub fn set(&self, content: &Content<'_>) -> Result<PersonalBytes, PageError> {
        let Content {
            programme,
            preview,
            certificate_id,
            symbol,
            seal,
        } = *content;
        let drawn = self.draw(programme, preview, certificate_id)?;
        drawn.finish(symbol, seal)
    }

    /// Draws all of the page but the symbols: what they hold is signed later.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn draw<'t>(
        &'t self,
        programme: &'t Programme,
        preview: &Preview,
        certificate_id: &CertificateId,
    ) -> Result<Drawn<'t>, PageError> {
        layout::draw(&self.fonts, &self.stock, programme, preview, certificate_id)
    }
}

/// A page whose symbols are to come.
pub struct Drawn<'t> {
    sheet: sheet::Sheet<'t>,
    elements: Vec<tags::Element<'t>>,
    document: document::Begun,
}

impl Drawn<'_> {
    /// The page with its symbols: the health card and, for abroad, the VDS-NC.
    ///
    /// # Errors
    /// The symbols are those of another kind of certificate.
    pub fn finish(
        self,
        symbol: &Symbol,
        seal: Option<&Symbol>,
    ) -> Result<PersonalBytes, PageError> {
        let Self {
            sheet,
            elements,
            document,
        } = self;
        let mut symbols = vec![symbol];
        symbols.extend(seal);
        let written = document.finish(sheet, &symbols, &elements);
        written.map(PersonalBytes::new)
    }
}
