//! A page, or a part of it, in grey; and where on it there is as much ink as in a symbol.

use std::panic::resume_unwind;
use std::thread;

use hayro::kurbo::Affine;
use hayro::vello_cpu::Pixmap;
use zeroize::Zeroizing;

/// Resolution in dots an inch in which parts of a page are told: coarse, for it takes in the whole page.
pub(super) const COARSE: f32 = 200.0;
const POINTS_PER_INCH: f32 = 72.0;
/// Dots rasterised at a time: in colour a whole page would take four times what is kept of it.
const STRIP: usize = 1 << 19;
/// Side of the squares in which ink is counted, in dots at [`COARSE`]: 2 mm.
pub(super) const CELL: usize = 16;
/// Cells around dense ones that belong to the symbol still, or to its quiet zone.
const MARGIN: usize = 4;
/// Darker than this is ink.
pub(super) const INK: u8 = 200;
/// Longest side of what is looked at more finely, and by how much two such areas overlap, in dots at [`COARSE`]. A symbol that
/// does not fit into the overlap, 70 mm, has modules of at least 3.1 dots: the first look reads it.
const AREA: usize = 1000;
const OVERLAP: usize = 551;
/// Colour components further apart than this are a colour.
const COLOURLESS: u8 = 8;

/// Part of a page, in dots at [`COARSE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Area {
    pub(super) const fn overlaps(self, other: Self) -> bool {
        self.left < other.left + other.width
            && other.left < self.left + self.width
            && self.top < other.top + other.height
            && other.top < self.top + self.height
    }

    /// The smallest that holds both.
    pub(super) fn and(self, other: Self) -> Self {
        let (left, top) = (self.left.min(other.left), self.top.min(other.top));
        Self {
            left,
            top,
            width: (self.left + self.width).max(other.left + other.width) - left,
            height: (self.top + self.height).max(other.top + other.height) - top,
        }
    }

    /// Covers it with overlapping areas that are not too large.
    pub(super) fn parts(self) -> impl Iterator<Item = Self> {
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

/// Draws a page.
pub(super) trait Painter {
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

/// Part of a page in grey.
pub(super) struct Raster {
    pub(super) width: usize,
    pub(super) grey: Zeroizing<Vec<u8>>,
    /// Whether there is a colour, cell by cell.
    pub(super) coloured: Zeroizing<Vec<bool>>,
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
pub(super) struct Strips {
    left: usize,
    top: usize,
    width: usize,
    cells: usize,
    resolution: f32,
}

/// A part of a raster, from one side to the other.
pub(super) struct Strip<'r> {
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
pub(super) fn luma(red: u8, green: u8, blue: u8) -> u8 {
    let [red, green, blue] = [red, green, blue].map(u32::from);
    u8::try_from((299 * red + 587 * green + 114 * blue) / 1000).unwrap_or(u8::MAX)
}

/// Squares that are dense and touch, counted from the upper left corner, half open.
#[derive(Clone, Copy)]
pub(super) struct Cells {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) right: usize,
    pub(super) bottom: usize,
}

impl Cells {
    /// With a margin, of squares so many dots wide that are `larger` at [`COARSE`].
    pub(super) fn area(self, whole: Area, side: usize, larger: f32) -> Area {
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
pub(super) fn clusters(raster: &Raster, side: usize, percent: usize) -> Vec<Cells> {
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
pub(super) fn dots(points: f32) -> usize {
    (points * COARSE / POINTS_PER_INCH).ceil().max(1.0) as usize
}

pub(super) fn scaled(dots: usize, by: f32) -> usize {
    rounded(dots as f32 * by)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a page's side is positive, and ten thousand dots at most"
)]
pub(super) fn rounded(dots: f32) -> usize {
    dots.round() as usize
}

pub(super) fn dimension(dots: usize) -> u16 {
    u16::try_from(dots).expect("an A3 page at 200 dots, and an area at 600, have fewer")
}
