//! Where the machine-readable zone is: rows of equal steps that belong together, and what document has such rows.

use super::blobs::blobs;
use super::chains::{Chain, Point, chains};
use super::grid::Grid;
use super::picture::Picture;

/// Longest sides of the picture in which rows are looked for: small characters are seen in the larger only, noisy and blurred
/// ones in the smaller.
pub(super) const LARGE: usize = 1600;
pub(super) const SMALL: usize = 900;
/// Pairs of rows that are looked at.
const PAIRS: usize = 3;

/// Rows and columns of a zone (Doc 9303, parts 4 to 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// TD3: a passport; a visa of format A too.
    Passport,
    /// TD2, or a visa of format B.
    Two,
    /// TD1: a card.
    Three,
}

impl Layout {
    pub(super) const fn columns(self) -> u8 {
        match self {
            Self::Passport => 44,
            Self::Two => 36,
            Self::Three => 30,
        }
    }

    pub(super) const fn rows(self) -> u8 {
        match self {
            Self::Passport | Self::Two => 2,
            Self::Three => 3,
        }
    }
}

/// One way to see a zone in a picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) layout: Layout,
    pub(super) grid: Grid,
    /// Share of its characters that were seen as pieces of ink.
    pub(super) seen: f32,
}

/// All ways, in no order.
pub(super) fn candidates(picture: &Picture, longest: usize) -> Vec<Candidate> {
    let (small, factor) = picture.shrunk(longest);
    let rows = chains(&blobs(&small));
    let mut pairs = pairs(&rows);
    pairs.sort_by_key(|(upper, lower)| std::cmp::Reverse(upper.places.len() + lower.places.len()));
    let mut found = Vec::new();
    for (upper, lower) in pairs.into_iter().take(PAIRS) {
        for layout in [Layout::Passport, Layout::Two] {
            found.extend(of_two(layout, upper, lower));
        }
        let third = rows.iter().filter(|row| follows(lower, row));
        for third in third {
            found.extend(of_three(upper, lower, third));
        }
    }
    for candidate in &mut found {
        candidate.grid = candidate.grid.enlarged(factor);
    }
    found
}

/// A row, in the whole picture's dots.
pub(super) struct Row {
    pub(super) first: Point,
    pub(super) last: Point,
    pub(super) step: Point,
    /// How many times larger the steps of one end are than those of the other.
    pub(super) taper: f32,
}

/// The longest row: the other one may be hidden, or seen so much from the side that it does not seem to belong to it.
pub(super) fn longest(picture: &Picture) -> Option<Row> {
    let (small, factor) = picture.shrunk(LARGE);
    let rows = chains(&blobs(&small));
    let row = rows.into_iter().find(|row| row.places.len() >= 20)?;
    let enlarged = |at: Point| Point {
        x: at.x * factor as f32,
        y: at.y * factor as f32,
    };
    let quarter = row.places.len() / 4;
    let steps = |from: usize, to: usize| {
        let ((start, one), (end, other)) = (row.places[from], row.places[to]);
        other.minus(one).length() / f32::from((end - start).max(1))
    };
    let last = row.places.len() - 1;
    let (left, right) = (steps(0, quarter), steps(last - quarter, last));
    Some(Row {
        first: enlarged(row.first()),
        last: enlarged(row.last()),
        step: enlarged(row.step()),
        taper: left.max(right) / left.min(right).max(f32::EPSILON),
    })
}

fn pairs(rows: &[Chain]) -> Vec<(&Chain, &Chain)> {
    let ordered = rows
        .iter()
        .flat_map(|upper| rows.iter().map(move |lower| (upper, lower)));
    ordered
        .filter(|(upper, lower)| follows(upper, lower))
        .collect()
}

/// Whether a row is the next below, looked at along its direction.
fn follows(upper: &Chain, lower: &Chain) -> bool {
    let (one, other) = (upper.step(), lower.step());
    let pitch = one.length();
    let similar = (0.75..=1.33).contains(&(other.length() / pitch));
    let parallel = one.across(other).abs() < 0.2 * pitch * other.length() && one.times(other) > 0.0;
    let middle = |row: &Chain| Point {
        x: f32::midpoint(row.first().x, row.last().x),
        y: f32::midpoint(row.first().y, row.last().y),
    };
    let to = middle(lower).minus(middle(upper));
    let (along, down) = (
        to.times(one) / pitch / pitch,
        one.across(to) / pitch / pitch,
    );
    similar && parallel && (1.0..=4.2).contains(&down) && along.abs() < 16.0
}

/// Steps that a row's first place may be from the zone's left end.
fn starts(layout: Layout, row: &Chain) -> Vec<i16> {
    let columns = i16::from(layout.columns());
    let missing = columns - row.count();
    match missing {
        0 => vec![0],
        // Something beside the zone stands as if it belonged to it.
        -3..0 => (missing..=0).collect(),
        1..=3 => (0..=missing).collect(),
        4..=30 if layout == Layout::Passport => vec![0, missing],
        _ => Vec::new(),
    }
}

fn of_two(layout: Layout, upper: &Chain, lower: &Chain) -> Vec<Candidate> {
    let mut found = Vec::new();
    for first in starts(layout, upper) {
        for second in starts(layout, lower) {
            found.extend(seen_both_ways(layout, &[(upper, first), (lower, second)]));
        }
    }
    found
}

fn of_three(upper: &Chain, middle: &Chain, lower: &Chain) -> Vec<Candidate> {
    let layout = Layout::Three;
    let rows = [upper, middle, lower];
    let starts = rows.map(|row| starts(layout, row).first().copied());
    let [Some(one), Some(two), Some(three)] = starts else {
        return Vec::new();
    };
    seen_both_ways(layout, &[(upper, one), (middle, two), (lower, three)])
}

/// As it is, and upside down.
fn seen_both_ways(layout: Layout, rows: &[(&Chain, i16)]) -> Vec<Candidate> {
    let (columns, count) = (f32::from(layout.columns()), f32::from(layout.rows()));
    let mut places = Vec::new();
    for (row, (chain, start)) in rows.iter().enumerate() {
        for (step, at) in &chain.places {
            let column = f32::from(step + start);
            if (0.0..columns).contains(&column) {
                places.push((column, row as f32, *at));
            }
        }
    }
    let seen = places.len() as f32 / (columns * count);
    let turned: Vec<_> = places
        .iter()
        .map(|(column, row, at)| (columns - 1.0 - column, count - 1.0 - row, *at))
        .collect();
    let grids = [places, turned].map(|places| Grid::fit(&places, columns, count));
    grids
        .into_iter()
        .flatten()
        .map(|grid| Candidate { layout, grid, seen })
        .collect()
}
