//! Reads the QR codes back from the page: the PDF is rasterised as a printer would, and decoded as a verifier would.
//!
//! First exactly (`exact`): that explains every page of ours. What it does not explain is looked at thoroughly:
//! the whole page once at 200 dots an inch; then, more finely, wherever ink lies as evenly and as close together as in a
//! symbol. Every code that reads, at any resolution, has to be one of those expected, and lie in an area without colour; each of
//! those has to be read once at least. A camera, a scanner and this check weigh colours differently, and could each read another code.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_interpret::util::TransformExt;
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::page::Page;
use hayro::kurbo::Affine;
use hayro::vello_cpu::{Pixmap, RenderContext};
use hayro::{RenderCache, RenderSettings, render_into};
use symbols::Work;
use zeroize::Zeroizing;

use crate::on_paper;

mod drawing;
mod exact;

/// Why a page is not what it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// It cannot be rasterised, is not the only one, or one of its QR codes is another than those expected, or coloured.
    #[error("another page")]
    Other,
    /// One of those expected could not be read, or what reads them broke: whether it is there, or another, is not known.
    #[error("a QR code could not be read")]
    Unread,
}

/// Resolution of the first look, in dots an inch: coarse, for it takes in the whole page.
const COARSE: f32 = 200.0;
/// Resolutions of the looks at what could be a symbol. At 300 a module of a version 22 symbol printed 40 mm wide is 4.5 dots. The decoder's grid detection misses some symbols at some resolutions, as
/// a person with a phone moves it until it reads; at the finest a printer's smallest modules are seen.
const FINER: [f32; 4] = [300.0, 360.0, 450.0, 600.0];
const POINTS_PER_INCH: f32 = 72.0;
/// The end of every PDF (ISO 32000-1, section 7.5.5).
const END: &[u8] = b"%%EOF";
/// No side longer than that of A3, in points: a page may not ask for any amount of memory.
const LONGEST_SIDE: f32 = 1191.0;
/// Dots rasterised at a time: in colour a whole page would take four times what is kept of it.
const STRIP: usize = 1 << 19;
/// Side of the squares in which ink is counted, in dots at [`COARSE`]: 2 mm.
const CELL: usize = 16;
/// From this many percent of ink on, a cell could be part of a symbol, half of which is ink. Three by three such cells are: text has gaps between its lines. Any symbol of 8 mm has them; one that holds a certificate has 97 modules a side, and
/// is not readable below that size.
const DENSE: usize = 20;
/// Cells around dense ones that belong to the symbol still, or to its quiet zone.
const MARGIN: usize = 4;
/// Darker than this is ink.
const INK: u8 = 200;
/// Longest side of what is looked at more finely, and by how much two such areas overlap, in dots at [`COARSE`]. A symbol that
/// does not fit into the overlap, 70 mm, has modules of at least 3.1 dots: the first look reads it.
const AREA: usize = 1000;
const OVERLAP: usize = 551;
/// For each look at a part of a page, in millions ([`Work`]): some five of the largest symbols there are.
const FOR_A_LOOK: u64 = 64;
/// How many look at the same time: each takes memory.
const MOST_AT_WORK: usize = 2;
/// Colour components further apart than this are a colour.
const COLOURLESS: u8 = 8;

/// Glyphs as they are drawn, as on paper: fitting them to dots would cost most of the time. Nor are their pictures kept, one for
/// each size.
const RENDERING: RenderSettings = RenderSettings {
    force_image_interpolation: false,
    aliasing_threshold: None,
    hinting: false,
    glyph_caching: false,
};

/// Checks that the document is one page on which every QR code reads as one of `expected`, a few texts, and each of those is there.
///
/// # Errors
/// [`PageError`]
pub fn check(pdf: &[u8], expected: &[&str]) -> Result<(), PageError> {
    on_sheet(pdf, expected, |sheet, whole| {
        if exact::explains(sheet.page, sheet.expected, whole) {
            return Ok(());
        }
        thoroughly(sheet, whole)
    })
}

/// Whether the first look is enough: for whoever makes pages. What is not explained at once may be right all the same, and takes [`check`] seconds.
#[must_use]
pub fn explains(pdf: &[u8], expected: &[&str]) -> bool {
    let explained = on_sheet(pdf, expected, |sheet, whole| {
        Ok(exact::explains(sheet.page, sheet.expected, whole))
    });
    explained == Ok(true)
}

fn ensure(is: bool) -> Result<(), PageError> {
    if is { Ok(()) } else { Err(PageError::Other) }
}

fn on_sheet<T>(
    pdf: &[u8],
    expected: &[&str],
    look: impl FnOnce(Sheet<'_>, Area) -> Result<T, PageError>,
) -> Result<T, PageError> {
    // What is cut off is mended by whoever reads it, each in a way of its own.
    ensure(pdf.trim_ascii_end().ends_with(END))?;
    let pdf = Pdf::new(Arc::new(Zeroizing::new(pdf.to_vec()))).map_err(|_| PageError::Other)?;
    let [page] = &pdf.pages()[..] else {
        return Err(PageError::Other);
    };
    let (width, height) = page.render_dimensions();
    ensure(width.max(height) <= LONGEST_SIDE)?;
    let whole = Area {
        left: 0,
        top: 0,
        width: dots(width),
        height: dots(height),
    };
    look(Sheet::new(page, expected), whole)
}

/// Reads every code there is.
fn thoroughly(mut sheet: Sheet<'_>, whole: Area) -> Result<(), PageError> {
    let (page, expected) = (sheet.page, sheet.expected);
    let raster = sheet.rasterise(whole, COARSE);
    let dense = clusters(&raster, CELL, DENSE).into_iter();
    let areas = dense.flat_map(|cells| cells.area(whole, CELL, 1.0).parts());
    let mut looks: Vec<_> = areas
        .flat_map(|area| FINER.map(|resolution| (area, resolution)))
        .collect();
    // The longest first, so that nobody waits for it in the end.
    looks.sort_by_key(|(area, resolution)| {
        std::cmp::Reverse(scaled(area.width * area.height, resolution * resolution))
    });
    let looks = Mutex::new(looks.into_iter());
    let look = |sheet: &mut Sheet<'_>| -> Result<(u8, bool), PageError> {
        loop {
            let next = looks.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((area, resolution)) = next else {
                return Ok((sheet.read, sheet.is_broken));
            };
            let raster = sheet.rasterise(area, resolution);
            sheet.decode(raster)?;
        }
    };
    let (read, is_broken) = thread::scope(|scope| {
        let helpers = thread::available_parallelism().map_or(1, usize::from);
        let helpers: Vec<_> = (1..helpers.min(MOST_AT_WORK))
            .map(|_| scope.spawn(|| look(&mut Sheet::new(page, expected))))
            .collect();
        let own = sheet.decode(raster).and_then(|()| look(&mut sheet));
        helpers.into_iter().fold(own, |all, helper| {
            let its = helper.join().unwrap_or_else(|panic| resume_unwind(panic));
            let ((read, is_broken), its) = (all?, its?);
            Ok((read | its.0, is_broken || its.1))
        })
    })?;
    if read.count_ones() as usize == expected.len() && !is_broken {
        Ok(())
    } else {
        Err(PageError::Unread)
    }
}

/// Part of a page, in dots at [`COARSE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Area {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl Area {
    const fn overlaps(self, other: Self) -> bool {
        self.left < other.left + other.width
            && other.left < self.left + self.width
            && self.top < other.top + other.height
            && other.top < self.top + self.height
    }

    /// The smallest that holds both.
    fn and(self, other: Self) -> Self {
        let (left, top) = (self.left.min(other.left), self.top.min(other.top));
        Self {
            left,
            top,
            width: (self.left + self.width).max(other.left + other.width) - left,
            height: (self.top + self.height).max(other.top + other.height) - top,
        }
    }

    /// Covers it with overlapping areas that are not too large.
    fn parts(self) -> impl Iterator<Item = Self> {
        let steps = |from: usize, length: usize| {
            let step = AREA - OVERLAP;
            let count = length.saturating_sub(OVERLAP).div_ceil(step).max(1);
            (0..count).map(move |n| (from + n * step, AREA.min(length - n * step)))
        };
        steps(self.top, self.height).flat_map(move |(top, height)| {
            steps(self.left, self.width).map(move |(left, width)| Self {
                left,
                top,
                width,
                height,
            })
        })
    }
}

/// A page under examination, by one of those at work on it.
struct Sheet<'a> {
    page: &'a Page<'a>,
    /// Fonts and their outlines, for all looks.
    cache: RenderCache<'a>,
    expected: &'a [&'a str],
    /// Which of them were read, one bit each.
    read: u8,
    /// Whether the decoder broke at a look, which may hide any code.
    is_broken: bool,
}

impl<'a> Sheet<'a> {
    fn new(page: &'a Page<'a>, expected: &'a [&'a str]) -> Self {
        Self {
            page,
            cache: RenderCache::new(),
            expected,
            read: 0,
            is_broken: false,
        }
    }

    /// Compares all QR codes that read. Where only finder patterns seem to be, printed lines among them, none does.
    fn decode(&mut self, mut raster: Raster) -> Result<(), PageError> {
        let width = raster.width;
        let coloured = std::mem::take(&mut *raster.coloured);
        let grey = std::mem::take(&mut *raster.grey);
        let codes = symbols::codes(width, grey, &mut Work::millions(FOR_A_LOOK));
        // Another look may find one that does not belong here, which is worse.
        self.is_broken |= codes.is_err();
        for code in codes.unwrap_or_default() {
            let Some(text) = code.text else {
                continue;
            };
            let mut expected = self.expected.iter();
            let which = expected.position(|expected| *expected == text.as_str());
            let which = which.ok_or(PageError::Other)?;
            let columns = width.div_ceil(CELL);
            let cells = |of: fn(&(i32, i32)) -> i32| {
                let ends = code.corners.iter().map(of);
                let cell = |dot: Option<i32>| usize::try_from(dot.unwrap_or(0)).unwrap_or(0) / CELL;
                cell(ends.clone().min())..=cell(ends.max())
            };
            for y in cells(|corner| corner.1) {
                for x in cells(|corner| corner.0).filter(|x| *x < columns) {
                    let colour = coloured.get(y * columns + x).copied().unwrap_or(false);
                    ensure(!colour)?;
                }
            }
            self.read |= 1 << which;
        }
        Ok(())
    }
}

/// Draws a page.
trait Painter {
    /// A part of it; `view` leads there from points from the page's upper left corner.
    fn strip(&self, width: u16, height: u16, view: Affine) -> Pixmap;

    fn rasterise(&self, area: Area, resolution: f32) -> Raster {
        let (mut raster, strips) = Raster::new(area, resolution);
        for strip in strips.of(&mut raster) {
            self.fill(&strips, strip);
        }
        raster
    }

    /// The same by two at the same time.
    fn rasterise_together(&self, area: Area, resolution: f32) -> Raster
    where
        Self: Sync,
    {
        let (mut raster, strips) = Raster::new(area, resolution);
        let mut own: Vec<_> = strips.of(&mut raster).collect();
        let others = own.split_off(own.len().div_ceil(2));
        let fill = |part: Vec<_>| part.into_iter().for_each(|strip| self.fill(&strips, strip));
        thread::scope(|scope| {
            let helper = (!others.is_empty()).then(|| scope.spawn(|| fill(others)));
            fill(own);
            if let Some(helper) = helper {
                helper.join().unwrap_or_else(|panic| resume_unwind(panic));
            }
        });
        raster
    }

    fn fill(&self, strips: &Strips, strip: Strip<'_>) {
        let Strips {
            left,
            top,
            width,
            resolution,
            ..
        } = *strips;
        let to = |dots: usize| -(dots as f64);
        let view = Affine::translate((to(left), to(top + strip.top)))
            * Affine::scale(f64::from(resolution / POINTS_PER_INCH));
        let rows = strip.grey.len() / width;
        let pixmap = self.strip(dimension(width), dimension(rows), view);
        let rows = pixmap.data().chunks_exact(width);
        for (y, (row, grey)) in rows.zip(strip.grey.chunks_exact_mut(width)).enumerate() {
            let cells = &mut strip.coloured[y / CELL * width.div_ceil(CELL)..];
            for ((pixels, grey), coloured) in row.chunks(CELL).zip(grey.chunks_mut(CELL)).zip(cells)
            {
                for (pixel, grey) in pixels.iter().zip(grey) {
                    let [r, g, b] = [pixel.r, pixel.g, pixel.b];
                    *grey = luma(r, g, b);
                    *coloured |= r.max(g).max(b) - r.min(g).min(b) > COLOURLESS;
                }
            }
        }
    }
}

impl Painter for Sheet<'_> {
    fn strip(&self, width: u16, height: u16, view: Affine) -> Pixmap {
        let mut context = RenderContext::new(width, height);
        render_into(
            self.page,
            &self.cache,
            &InterpreterSettings::default(),
            &RENDERING,
            &mut context,
            view * self.page.initial_transform(true).to_kurbo(),
        );
        on_paper(context, width, height)
    }
}

/// Part of a page in grey.
struct Raster {
    width: usize,
    grey: Zeroizing<Vec<u8>>,
    /// Whether there is a colour, cell by cell.
    coloured: Zeroizing<Vec<bool>>,
}

impl Drop for Raster {
    fn drop(&mut self) {
        // A vector's room is wiped at once, its content one by one.
        self.grey.clear();
        self.coloured.clear();
    }
}

impl Raster {
    /// White, and how it is filled.
    fn new(area: Area, resolution: f32) -> (Self, Strips) {
        let finer = resolution / COARSE;
        let [left, top, width, height] =
            [area.left, area.top, area.width, area.height].map(|dots| scaled(dots, finer));
        let raster = Self {
            width,
            grey: Zeroizing::new(vec![u8::MAX; width * height]),
            coloured: Zeroizing::new(vec![false; width.div_ceil(CELL) * height.div_ceil(CELL)]),
        };
        let strips = Strips {
            left,
            top,
            width,
            cells: (STRIP / width / CELL).max(1),
            resolution,
        };
        (raster, strips)
    }
}

/// Where a raster lies on the page, and in what it is filled: strips of so many cells from top to bottom.
struct Strips {
    left: usize,
    top: usize,
    width: usize,
    cells: usize,
    resolution: f32,
}

/// A part of a raster, from one side to the other.
struct Strip<'r> {
    top: usize,
    grey: &'r mut [u8],
    coloured: &'r mut [bool],
}

impl Strips {
    fn of<'r>(&self, raster: &'r mut Raster) -> impl Iterator<Item = Strip<'r>> + use<'r> {
        let (dots, cells) = (self.cells * CELL, self.cells * self.width.div_ceil(CELL));
        let grey = raster.grey.chunks_mut(dots * self.width);
        let strips = grey.zip(raster.coloured.chunks_mut(cells)).enumerate();
        strips.map(move |(n, (grey, coloured))| Strip {
            top: n * dots,
            grey,
            coloured,
        })
    }
}

/// As ITU-R BT.601 has it, which cameras and scanners go by.
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    let [red, green, blue] = [red, green, blue].map(u32::from);
    u8::try_from((299 * red + 587 * green + 114 * blue) / 1000).unwrap_or(u8::MAX)
}

/// Squares that are dense and touch, counted from the upper left corner, half open.
#[derive(Clone, Copy)]
struct Cells {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

impl Cells {
    /// With a margin, of squares so many dots wide that are `larger` at [`COARSE`].
    fn area(self, whole: Area, side: usize, larger: f32) -> Area {
        let at = |cell: usize| scaled(cell * side, larger);
        let [left, top] = [self.left, self.top].map(|cell| at(cell.saturating_sub(MARGIN)));
        Area {
            left,
            top,
            width: at(self.right + MARGIN).min(whole.width) - left,
            height: at(self.bottom + MARGIN).min(whole.height) - top,
        }
    }
}

/// Where there could be symbols: squares of at least so many percent of ink, three by three.
fn clusters(raster: &Raster, side: usize, percent: usize) -> Vec<Cells> {
    let height = raster.grey.len() / raster.width;
    let (columns, rows) = (raster.width.div_ceil(side), height.div_ceil(side));
    let mut ink = vec![0; columns * rows];
    for (y, row) in raster.grey.chunks_exact(raster.width).enumerate() {
        for (dots, ink) in row.chunks(side).zip(&mut ink[y / side * columns..]) {
            *ink += dots.iter().filter(|grey| **grey < INK).count();
        }
    }
    let around = |cell: usize, reach: usize| {
        let (x, y) = (cell % columns, cell / columns);
        let rows = y.saturating_sub(reach)..(y + reach + 1).min(rows);
        let columns_near = x.saturating_sub(reach)..(x + reach + 1).min(columns);
        rows.flat_map(move |y| columns_near.clone().map(move |x| y * columns + x))
    };
    let is_dense = |cell: usize| ink[cell] * 100 > side * side * percent;
    let mut open: Vec<bool> = (0..ink.len())
        .map(|cell| around(cell, 1).all(is_dense))
        .collect();
    let mut clusters = Vec::new();
    while let Some(start) = open.iter().position(|open| *open) {
        let (mut left, mut right, mut top, mut bottom) = (columns, 0, rows, 0);
        let mut next = vec![start];
        while let Some(cell) = next.pop() {
            if std::mem::take(&mut open[cell]) {
                let (x, y) = (cell % columns, cell / columns);
                (left, right) = (left.min(x), right.max(x + 1));
                (top, bottom) = (top.min(y), bottom.max(y + 1));
                // A symbol has lighter places.
                next.extend(around(cell, 4));
            }
        }
        clusters.push(Cells {
            left,
            top,
            right,
            bottom,
        });
    }
    clusters
}

/// A length of the page in whole dots.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a page's side is positive, and a few thousand dots at most"
)]
fn dots(points: f32) -> usize {
    (points * COARSE / POINTS_PER_INCH).ceil().max(1.0) as usize
}

fn scaled(dots: usize, by: f32) -> usize {
    rounded(dots as f32 * by)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a page's side is positive, and ten thousand dots at most"
)]
fn rounded(dots: f32) -> usize {
    dots.round() as usize
}

fn dimension(dots: usize) -> u16 {
    u16::try_from(dots).expect("an A3 page at 200 dots, and an area at 600, have fewer")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dev_pages::{Symbol, mixed_page_of, page, page_of};

    fn explained(pdf: Vec<u8>, expected: &[&str]) -> bool {
        explains(&pdf, expected)
    }

    fn card(of: u8) -> String {
        format!("shc:/{}", format!("{of:02}56").repeat(400))
    }

    /// A symbol that the decoder breaks at: what fills it has finder patterns in it.
    fn breaking() -> Raster {
        const QUIET: usize = 4;
        let text: String = (1..40).map(|n| (7 + n * n).to_string()).collect();
        let version = qrcode::Version::Normal(37);
        let code = qrcode::QrCode::with_version(text, version, qrcode::EcLevel::L).unwrap();
        let width = 2 * (code.width() + 2 * QUIET);
        let dot = |n: usize| {
            let module = |at: usize| (at / 2).checked_sub(QUIET).filter(|it| *it < code.width());
            let dark = module(n % width).zip(module(n / width));
            let is_dark = dark.is_some_and(|at| code[at] == qrcode::Color::Dark);
            if is_dark { 0 } else { 255 }
        };
        Raster {
            width,
            grey: Zeroizing::new((0..width * width).map(dot).collect()),
            coloured: Zeroizing::default(),
        }
    }

    #[test]
    fn what_breaks_the_decoder_may_hide_a_code() {
        assert!(exact::any_code(breaking()));
        let is_broken = on_sheet(&page(&[]), &[], |mut sheet, _| {
            sheet.decode(breaking()).map(|()| sheet.is_broken)
        });
        assert_eq!(is_broken, Ok(true));
    }

    #[test]
    fn a_page_with_what_is_expected_is_explained_at_once() {
        let (card, seal) = (card(12), "{\"data\":1}".repeat(60));
        assert!(explained(page(&[&card]), &[&card]));
        assert!(explained(page(&[&card, &seal]), &[&card, &seal]));
        assert!(explained(page(&[&seal, &card]), &[&card, &seal]));
    }

    #[test]
    fn anything_else_is_not() {
        let (own, other) = (card(12), card(34));
        let place = (60.0, 60.0);
        let symbol = |text: &str| Symbol::new(text, place, 113.4);
        assert!(explained(page_of(&[symbol(&own)]), &[&own]), "the control");
        // What could let something shine through is none of ours, whatever it shows.
        assert!(!explained(mixed_page_of(&[symbol(&own)]), &[&own]));
        assert!(!explained(page(&[]), &[&own]));
        assert!(!explained(page(&[&other]), &[&own]));
        assert!(!explained(page(&[&own, &other]), &[&own]));
        assert!(!explained(page(&[&own]), &[&own, &other]));
        let mut coloured = symbol(&own);
        coloured.ink = (0, 0, 60);
        assert!(!explained(page_of(&[coloured]), &[&own]));
        // Within what error correction would mend: a spot on a few modules, and a code of its own among them.
        for text in ["A", "1"] {
            let spot = Symbol::new(text, (100.0, 100.0), 10.0);
            assert!(!explained(page_of(&[symbol(&own), spot]), &[&own]));
        }
        // Outside: small, and with large modules; dark and not so dark.
        for (side, ink) in [
            (30.0, (0, 0, 0)),
            (30.0, (120, 120, 120)),
            (250.0, (150, 150, 150)),
        ] {
            let mut other = Symbol::new("https://other.example/", (250.0, 350.0), side);
            other.ink = ink;
            let page = page_of(&[symbol(&own), other]);
            assert!(!explained(page, &[&own]), "{side} {ink:?}");
        }
        // Where its quiet zone should be.
        let near = Symbol::new("A", (60.0 + 113.4 + 2.0, 60.0), 20.0);
        assert!(!explained(page_of(&[symbol(&own), near]), &[&own]));
    }
}
