//! From a picture or a page to the texts of the QR codes on it.
//!
//! A code that does not read at one size often does at another, as a person with a phone moves it until it reads: everything is looked at
//! in several sizes, and what was read in any of them counts. Two readings of one code are the same text; what reads wrongly fails its own
//! error correction.

use std::collections::HashSet;
use std::io::Cursor;
use std::sync::Arc;

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_interpret::util::TransformExt;
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::page::Page;
use hayro::kurbo::Affine;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings, render_into};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use symbols::Work;
use zeroize::Zeroizing;

/// Longest file looked at.
pub const MAX_FILE: usize = 64 << 20;

/// Most dots of a picture, or of a page at one resolution: a photograph of a good telephone.
const MAX_DOTS: usize = 50_000_000;
const MAX_SIDE: u32 = 16_384;
const MAX_ALLOCATION: u64 = 512 << 20;
const MAX_PAGES: usize = 32;

/// Dots an inch at which pages are looked at.
const RESOLUTIONS: [f32; 4] = [150.0, 200.0, 300.0, 400.0];
const POINTS_PER_INCH: f32 = 72.0;

/// A picture with a side longer than this is looked at in half the size too, and so on; one with shorter ones in double the size.
const SMALL: usize = 900;
/// One with no longer side than this is looked at in double the size first, and in three times the size where no code was seen.
const TINY: usize = 225;

/// For each look, in millions ([`Work`]): some five of the largest symbols there are.
const FOR_A_LOOK: u64 = 64;
/// Dots up to which all looks at a picture share what follows: enough for one at the two symbols of a certificate for abroad; there is another
/// where both together take no more than the last. So a damaged symbol does not take 100 ms (guarantee G9).
const FEW_DOTS: usize = 140_000;
const FOR_FEW_DOTS: u64 = 14;
const FOR_SEVERAL_LOOKS: u64 = 9;

/// Why nothing could be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// Longer than [`MAX_FILE`].
    #[error("the file is too long")]
    TooLong,
    /// A picture that cannot be read, or is too large.
    #[error("the picture cannot be read")]
    Picture,
    /// A document that cannot be read, is encrypted, or has too many pages.
    #[error("the document cannot be read")]
    Document,
    /// Neither a picture nor a document nor text.
    #[error("neither PNG, JPEG, PDF nor text")]
    Kind,
}

/// The texts in a file: of all QR codes on a PNG or JPEG picture or the pages of a PDF, or the lines of a text. Found but unreadable codes
/// are skipped.
///
/// # Errors
/// The file cannot be looked at. No text at all is no error.
pub fn texts(file: &[u8]) -> Result<Vec<Zeroizing<String>>, ScanError> {
    if file.len() > MAX_FILE {
        return Err(ScanError::TooLong);
    }
    let mut found = Vec::new();
    if file.starts_with(b"%PDF-") {
        document(file, &mut found)?;
    } else if file.starts_with(b"\x89PNG\r\n\x1a\n") {
        picture(file, ImageFormat::Png, &mut found)?;
    } else if file.starts_with(b"\xff\xd8\xff") {
        picture(file, ImageFormat::Jpeg, &mut found)?;
    } else {
        let text = std::str::from_utf8(file).map_err(|_| ScanError::Kind)?;
        plain(text, &mut found);
    }
    Ok(found)
}

/// Symbols' texts are lines; JSON may be written over several.
fn plain(text: &str, found: &mut Vec<Zeroizing<String>>) {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('{') && text.lines().any(|line| !line.trim().starts_with('{')) {
        found.push(Zeroizing::new(text.to_owned()));
        return;
    }
    // A text may have as many lines as it has bytes.
    let mut seen = HashSet::new();
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && seen.insert(*line));
    found.extend(lines.map(|line| Zeroizing::new(line.to_owned())));
}

fn add(text: Zeroizing<String>, found: &mut Vec<Zeroizing<String>>) {
    if !found.contains(&text) {
        found.push(text);
    }
}

/// Dots in grey.
struct Grey {
    width: usize,
    dots: Zeroizing<Vec<u8>>,
}

impl Grey {
    fn height(&self) -> usize {
        self.dots.len() / self.width
    }

    /// Adds what reads; says whether anything looked like a code. Where the decoder breaks nothing does.
    fn decode(&self, work: &mut Work, found: &mut Vec<Zeroizing<String>>) -> bool {
        let codes = symbols::codes(self.width, self.dots.to_vec(), work);
        let codes = codes.unwrap_or_default();
        let is_seen = !codes.is_empty();
        codes
            .into_iter()
            .filter_map(|code| code.text)
            .for_each(|text| add(text, found));
        is_seen
    }

    /// In half the size, four dots becoming their mean. Nothing if none would be left.
    fn half(&self) -> Option<Self> {
        let (width, height) = (self.width / 2, self.height() / 2);
        if width == 0 || height == 0 {
            return None;
        }
        let mut dots = Zeroizing::new(Vec::with_capacity(width * height));
        for y in 0..height {
            let rows = [2 * y, 2 * y + 1].map(|row| &self.dots[row * self.width..][..2 * width]);
            let pairs = rows[0].chunks_exact(2).zip(rows[1].chunks_exact(2));
            dots.extend(pairs.map(|(upper, lower)| {
                let sum: u16 = upper.iter().chain(lower).map(|dot| u16::from(*dot)).sum();
                // A mean of bytes is one.
                u8::try_from(sum / 4).unwrap_or(u8::MAX)
            }));
        }
        Some(Self { width, dots })
    }

    /// With a square of dots for each.
    fn enlarged(&self, times: usize) -> Self {
        let mut dots = Zeroizing::new(Vec::with_capacity(self.dots.len() * times * times));
        for row in self.dots.chunks_exact(self.width) {
            for _ in 0..times {
                dots.extend(row.iter().flat_map(|dot| std::iter::repeat_n(*dot, times)));
            }
        }
        Self {
            width: self.width * times,
            dots,
        }
    }

    fn decode_in_all_sizes(self, found: &mut Vec<Zeroizing<String>>) {
        let longest = self.width.max(self.height());
        if longest <= SMALL {
            return self.decode_enlarged(longest <= TINY, found);
        }
        let mut smaller = Some(self);
        while let Some(grey) = smaller {
            grey.decode(&mut Work::millions(FOR_A_LOOK), found);
            let longest = grey.width.max(grey.height());
            smaller = (longest > SMALL).then(|| grey.half()).flatten();
        }
    }

    fn decode_enlarged(&self, is_tiny: bool, found: &mut Vec<Zeroizing<String>>) {
        let of_few = self.dots.len() <= FEW_DOTS;
        let mut shared = Work::millions(FOR_FEW_DOTS);
        let mut spent = 0;
        let mut look = |times: usize, found: &mut _| {
            if !of_few {
                return self
                    .enlarged(times)
                    .decode(&mut Work::millions(FOR_A_LOOK), found);
            }
            let left = shared.left();
            // Another takes as much as the one before.
            let taken = Work::millions(FOR_FEW_DOTS).left() - left;
            if taken + spent > Work::millions(FOR_SEVERAL_LOOKS).left() {
                return false;
            }
            let is_seen = self.enlarged(times).decode(&mut shared, found);
            spent = left - shared.left();
            is_seen
        };
        // The decoder misses some symbols of a dot a module.
        let sizes = if is_tiny { [2, 1] } else { [1, 2] };
        let mut is_seen = false;
        for times in sizes {
            is_seen |= look(times, found);
        }
        if is_tiny && !is_seen {
            look(3, found);
        }
    }
}

fn picture(
    file: &[u8],
    format: ImageFormat,
    found: &mut Vec<Zeroizing<String>>,
) -> Result<(), ScanError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOCATION);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|_| ScanError::Picture)?;
    let (width, height) = decoder.dimensions();
    let dots = u64::from(width) * u64::from(height);
    // As the header says, before there is memory for them: a few bytes can stand for any number of dots.
    if !usize::try_from(dots).is_ok_and(|dots| (1..=MAX_DOTS).contains(&dots)) {
        return Err(ScanError::Picture);
    }
    let picture = DynamicImage::from_decoder(decoder).map_err(|_| ScanError::Picture)?;
    let picture = picture.into_luma_alpha8();
    let width = usize::try_from(picture.width()).map_err(|_| ScanError::Picture)?;
    let raw = Zeroizing::new(picture.into_raw());
    // On white paper, where it is transparent.
    let on_white = |dot: &[u8]| {
        let [luma, alpha] = [dot[0], dot[1]].map(u32::from);
        u8::try_from((luma * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
    };
    let dots = Zeroizing::new(raw.chunks_exact(2).map(on_white).collect());
    Grey { width, dots }.decode_in_all_sizes(found);
    Ok(())
}

fn document(file: &[u8], found: &mut Vec<Zeroizing<String>>) -> Result<(), ScanError> {
    let data = Arc::new(Zeroizing::new(file.to_vec()));
    let pdf = Pdf::new(data).map_err(|_| ScanError::Document)?;
    let pages = pdf.pages();
    if pages.is_empty() || pages.len() > MAX_PAGES {
        return Err(ScanError::Document);
    }
    for page in pages.iter() {
        for resolution in RESOLUTIONS {
            if let Some(grey) = rasterise(page, resolution) {
                grey.decode(&mut Work::millions(FOR_A_LOOK), found);
            }
        }
    }
    Ok(())
}

/// A page as a picture; nothing if it would be too large.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "cast from float saturates, and is bounded next"
)]
fn rasterise(page: &Page<'_>, resolution: f32) -> Option<Grey> {
    let scale = resolution / POINTS_PER_INCH;
    let (width, height) = page.render_dimensions();
    let [columns, rows] = [width, height].map(|side| (side * scale).ceil().max(1.0) as u32);
    let dots = usize::try_from(u64::from(columns) * u64::from(rows)).ok()?;
    if dots > MAX_DOTS || columns.max(rows) > MAX_SIDE {
        return None;
    }
    let (columns, rows) = (u16::try_from(columns).ok()?, u16::try_from(rows).ok()?);
    let transform = Affine::scale(f64::from(scale)) * page.initial_transform(true).to_kurbo();
    let mut context = RenderContext::new(columns, rows);
    render_into(
        page,
        &RenderCache::new(),
        &InterpreterSettings::default(),
        &RenderSettings::default(),
        &mut context,
        transform,
    );
    context.flush();
    let mut pixmap = Pixmap::new(columns, rows);
    let settings = RasterizerSettings {
        target_init: TargetInit::Clear(WHITE),
        ..RasterizerSettings::default()
    };
    context.render_with(&mut pixmap, &mut Resources::default(), settings);
    // As ITU-R BT.601 has it, which cameras and scanners go by.
    let luma = |red: u8, green: u8, blue: u8| {
        let [red, green, blue] = [red, green, blue].map(u32::from);
        u8::try_from((299 * red + 587 * green + 114 * blue) / 1000).unwrap_or(u8::MAX)
    };
    let pixels = pixmap.data().iter();
    Some(Grey {
        width: usize::from(columns),
        dots: Zeroizing::new(pixels.map(|dot| luma(dot.r, dot.g, dot.b)).collect()),
    })
}
