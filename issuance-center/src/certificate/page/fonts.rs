use std::{
    fmt, fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use skrifa::{
    FontRef, GlyphId, MetadataProvider,
    charmap::MapVariant,
    instance::{LocationRef, Size},
    raw::TableProvider,
    string::StringId,
};

use super::PageError;
use wide::WideFont;

mod wide;

/// Where the fonts are: TrueType files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FontPaths {
    /// Body text: BIZ UDPGothic.
    pub regular: PathBuf,
    /// Headings: BIZ UDPGothic Bold.
    pub bold: PathBuf,
    /// Names with characters that the body font lacks: IPAmj Mincho, which has the personal-name kanji and their variants.
    pub names: PathBuf,
}

/// The fonts of a page.
pub struct Fonts {
    pub(super) regular: Arc<Face>,
    pub(super) bold: Arc<Face>,
    names: WideFont,
}

/// A font file that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FontError {
    /// Cannot be read.
    #[error("{}: cannot be read", .0.display())]
    Unreadable(PathBuf),
    /// Not a TrueType or OpenType font.
    #[error("{}: not a font", .0.display())]
    NotAFont(PathBuf),
}

impl fmt::Debug for Fonts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fonts(..)")
    }
}

impl Fonts {
    /// Reads the fonts.
    ///
    /// # Errors
    /// A file is missing or no font.
    pub fn load(paths: &FontPaths) -> Result<Self, FontError> {
        Ok(Self {
            regular: Arc::new(Face::open(&paths.regular)?),
            bold: Arc::new(Face::open(&paths.bold)?),
            names: WideFont::open(&paths.names)?,
        })
    }

    /// Whether the body font lacks a character of a name.
    pub(super) fn lack(&self, name: &str) -> bool {
        self.regular.clusters(name).is_err()
    }

    /// The one font that has every character of a name, and the name's clusters in it.
    pub(super) fn for_name(&self, name: &str) -> Result<(Arc<Face>, Vec<Cluster>), PageError> {
        match self.regular.clusters(name) {
            Ok(clusters) => Ok((Arc::clone(&self.regular), clusters)),
            Err(_) => self.names.for_name(name),
        }
    }
}

/// One font.
pub(super) struct Face {
    data: Vec<u8>,
    name: String,
    measures: Measures,
}

/// What a PDF says of a font, in ems.
#[derive(Clone, Copy)]
pub(super) struct Measures {
    /// Left, bottom, right and top of all glyphs.
    pub(super) bounds: [f32; 4],
    pub(super) ascent: f32,
    pub(super) descent: f32,
    pub(super) cap_height: f32,
    /// Width of a vertical stroke.
    pub(super) stem: f32,
}

/// A character with its variation selector or its combining marks, if it has any, and its one glyph. No `Debug`: a name's
/// would spell it.
#[derive(Clone)]
pub(super) struct Cluster {
    /// Without selector and marks.
    pub(super) character: char,
    pub(super) range: Range<usize>,
    pub(super) glyph: u16,
    /// In ems.
    pub(super) advance: f32,
}

impl Face {
    fn open(path: &Path) -> Result<Self, FontError> {
        let data = fs::read(path).map_err(|_| FontError::Unreadable(path.to_owned()))?;
        Self::of(data).ok_or_else(|| FontError::NotAFont(path.to_owned()))
    }

    fn of(data: Vec<u8>) -> Option<Self> {
        let font = FontRef::new(&data).ok()?;
        font.glyf().ok()?;
        let head = font.head().ok()?;
        let units = f32::from(head.units_per_em());
        let bounds = [head.x_min(), head.y_min(), head.x_max(), head.y_max()];
        let metrics = font.metrics(Size::unscaled(), LocationRef::default());
        let name = font
            .localized_strings(StringId::POSTSCRIPT_NAME)
            .english_or_first()?;
        let measures = Measures {
            bounds: bounds.map(|at| f32::from(at) / units),
            ascent: metrics.ascent / units,
            descent: metrics.descent / units,
            cap_height: metrics.cap_height.unwrap_or(metrics.ascent) / units,
            // No font file says it; about this much for its weight.
            stem: 0.01 + 0.000_244 * (font.attributes().weight.value() - 50.0),
        };
        // Without an escape in PDF, which terminals do not take: letters and digits of ASCII, and what stands between them.
        let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '-';
        let name = name.chars().filter(is_plain).collect();
        Some(Self {
            name,
            measures,
            data,
        })
    }

    /// The file.
    pub(super) fn data(&self) -> &[u8] {
        &self.data
    }

    /// The PostScript name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn measures(&self) -> Measures {
        self.measures
    }

    /// Every character with its glyph; see [`clusters`].
    pub(super) fn clusters(&self, text: &str) -> Result<Vec<Cluster>, PageError> {
        let font = FontRef::new(&self.data).expect("it was a font when it was opened");
        clusters(&font, text)
    }
}

/// Every character with its glyph.
///
/// A combining mark is shown where Unicode has one character for base and mark and the font a glyph for that: か and U+3099 by
/// the glyph of が. The text behind the glyph stays as it was written. Other combining marks, which would have to be placed over
/// their base, and invisible controls, which could make a page say something else than it seems to, are refused like what has
/// no glyph.
fn clusters(font: &FontRef<'_>, text: &str) -> Result<Vec<Cluster>, PageError> {
    let units = font.head().map_err(|_| PageError::Font)?.units_per_em();
    let map = font.charmap();
    let metrics = font.glyph_metrics(Size::unscaled(), LocationRef::default());
    let mut clusters = Vec::with_capacity(text.len() / 2);
    let mut characters = text.char_indices().peekable();
    while let Some((start, character)) = characters.next() {
        let unsupported = PageError::CharacterUnsupported(character);
        let selector = characters.next_if(|(_, next)| is_variation_selector(*next));
        let variant = selector.map(|(_, selector)| map.map_variant(character, selector));
        let glyph = match variant {
            None => {
                let mut shown = character;
                let composed = |base, mark| compose(base, mark).filter(|c| map.map(*c).is_some());
                while let Some(next) = characters.peek().and_then(|(_, c)| composed(shown, *c)) {
                    shown = next;
                    characters.next();
                }
                map.map(shown)
            }
            Some(Some(MapVariant::UseDefault)) => map.map(character),
            Some(Some(MapVariant::Variant(glyph))) => Some(glyph),
            Some(None) => None,
        };
        let stands_alone = !is_private(character) && !is_combining_or_invisible(character);
        let glyph = glyph.filter(|glyph| glyph.to_u32() != 0 && stands_alone);
        let glyph: GlyphId = glyph.ok_or(unsupported)?;
        let advance = metrics.advance_width(glyph).unwrap_or_default();
        if advance <= 0.0 {
            return Err(unsupported);
        }
        let end = characters.peek().map_or(text.len(), |(next, _)| *next);
        clusters.push(Cluster {
            character,
            range: start..end,
            // A TrueType font has no more than this counts.
            glyph: u16::try_from(glyph.to_u32()).map_err(|_| unsupported)?,
            advance: advance / f32::from(units),
        });
    }
    Ok(clusters)
}

/// The one character that is canonically equivalent to a base with this combining mark.
fn compose(base: char, mark: char) -> Option<char> {
    is_combining_or_invisible(mark)
        .then(|| unicode_normalization::char::compose(base, mark))
        .flatten()
}

const fn is_variation_selector(character: char) -> bool {
    matches!(character, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

fn is_combining_or_invisible(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{302a}'..='\u{302f}' | '\u{3099}'..='\u{309a}' | '\u{fe20}'..='\u{fe2f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}' | '\u{e0000}'..='\u{e007f}')
        || character.is_control()
}

/// 外字 of some system's own: the code says nothing of what is meant.
const fn is_private(character: char) -> bool {
    matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::LazyLock;

    use super::*;

    const FOLDER: &str = "/usr/share/fonts/truetype";

    pub(crate) fn body() -> Arc<Face> {
        static BODY: LazyLock<Arc<Face>> = LazyLock::new(|| {
            let path = Path::new(FOLDER).join("bizud-gothic/BIZUDPGothic-Regular.ttf");
            Arc::new(Face::open(&path).unwrap())
        });
        Arc::clone(&BODY)
    }

    #[test]
    fn what_has_no_glyph_or_no_width_is_refused_by_name() {
        let body = body();
        for (text, character) in [
            ("山\u{20bb7}", '\u{20bb7}'),
            ("が\u{3099}", '\u{3099}'),
            ("か\u{309a}", '\u{309a}'),
            ("A\u{301}\u{301}", '\u{301}'),
            ("Q\u{301}", '\u{301}'),
            ("\u{301}A", '\u{301}'),
            ("山\u{202e}田", '\u{202e}'),
            ("山\u{200b}田", '\u{200b}'),
            ("山\n田", '\n'),
            ("\u{e000}", '\u{e000}'),
            ("ก", 'ก'),
            ("花\u{e01ef}", '花'),
        ] {
            let refused = body.clusters(text).map(|clusters| clusters.len());
            let expected = Err(PageError::CharacterUnsupported(character));
            assert_eq!(refused, expected, "U+{:04X}", u32::from(character));
        }
    }

    #[test]
    fn a_base_with_its_mark_has_the_glyph_of_the_two_and_keeps_its_text() {
        let body = body();
        let glyphs = |text: &str| -> Vec<u32> {
            let clusters = body.clusters(text).unwrap();
            clusters.iter().map(|c| c.glyph.into()).collect()
        };
        for (written, shown) in [
            ("か\u{3099}は\u{309a}", "がぱ"),
            ("E\u{301}N\u{303}U\u{308}O\u{30b}", "ÉÑÜŐ"),
        ] {
            assert_eq!(glyphs(written), glyphs(shown));
            let clusters = body.clusters(written).unwrap();
            let text: String = clusters.iter().map(|c| &written[c.range.clone()]).collect();
            assert_eq!(text, written);
        }
    }

    #[test]
    fn what_is_shown_is_seen() {
        use skrifa::outline::{DrawSettings, pen::ControlBoundsPen};

        for path in ["bizud-gothic/BIZUDPGothic-Regular.ttf", "ipamj/ipamjm.ttf"] {
            let face = Face::open(&Path::new(FOLDER).join(path)).unwrap();
            let font = FontRef::new(&face.data).unwrap();
            let outlines = font.outline_glyphs();
            let mut seen = 0;
            for (code, _) in font.charmap().mappings() {
                let character = char::from_u32(code).unwrap();
                let Ok(clusters) = face.clusters(character.encode_utf8(&mut [0; 4])) else {
                    continue;
                };
                let glyph = GlyphId::new(clusters[0].glyph.into());
                let mut pen = ControlBoundsPen::new();
                let settings = DrawSettings::unhinted(Size::unscaled(), LocationRef::default());
                outlines
                    .get(glyph)
                    .unwrap()
                    .draw(settings, &mut pen)
                    .unwrap();
                let blank = pen.bounding_box().is_none();
                assert_eq!(blank, character.is_whitespace(), "U+{code:04X}");
                seen += 1;
            }
            assert!(seen > 10_000);
        }
    }

    #[test]
    fn a_variant_has_its_own_glyph_or_is_refused() {
        let names = Face::open(&Path::new(FOLDER).join("ipamj/ipamjm.ttf")).unwrap();
        let glyph = |text: &str| -> Vec<u32> {
            let clusters = names.clusters(text).unwrap();
            clusters
                .iter()
                .map(|cluster| cluster.glyph.into())
                .collect()
        };
        let plain = glyph("邉");
        let variants: Vec<Vec<u32>> = ('\u{e0100}'..='\u{e01ef}')
            .map(|selector| format!("邉{selector}"))
            .filter(|text| names.clusters(text).is_ok())
            .map(|text| glyph(&text))
            .collect();
        assert!(variants.len() > 10, "邉 is famous for its variants");
        assert!(variants.iter().all(|variant| variant.len() == 1));
        assert!(variants.iter().any(|variant| *variant != plain));
    }
}
