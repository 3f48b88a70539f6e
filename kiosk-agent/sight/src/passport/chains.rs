//! Rows of equal steps: the zone's characters stand ten to the inch, as nothing else on a page does.

use super::blobs::Blob;

/// Side of the squares by which pieces are found again, in dots.
const SQUARE: f32 = 24.0;
/// Characters that may be missing at one place: under a reflection, say.
const GAP: i16 = 12;
/// Fewer characters are no row.
const FEWEST: usize = 12;

/// A place in the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) x: f32,
    pub(super) y: f32,
}

impl Point {
    pub(super) fn minus(self, other: Self) -> Self {
        Self {
            x: self.x - other.x,
            y: self.y - other.y,
        }
    }

    pub(super) fn plus(self, other: Self, times: f32) -> Self {
        Self {
            x: self.x + other.x * times,
            y: self.y + other.y * times,
        }
    }

    pub(super) fn length(self) -> f32 {
        self.x.hypot(self.y)
    }

    pub(super) fn times(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y
    }

    /// Positive where the other lies clockwise, as a picture is looked at.
    pub(super) fn across(self, other: Self) -> f32 {
        self.x * other.y - self.y * other.x
    }
}

/// A row: which step, which piece of ink; the first is step 0.
pub(super) struct Chain {
    pub(super) places: Vec<(i16, Point)>,
    members: Vec<usize>,
}

impl Chain {
    /// Characters from the first to the last.
    pub(super) fn count(&self) -> i16 {
        self.places.last().map_or(0, |(last, _)| last + 1)
    }

    pub(super) fn first(&self) -> Point {
        self.places
            .first()
            .map_or(Point { x: 0.0, y: 0.0 }, |it| it.1)
    }

    pub(super) fn last(&self) -> Point {
        self.places
            .last()
            .map_or(Point { x: 0.0, y: 0.0 }, |it| it.1)
    }

    /// Mean step.
    pub(super) fn step(&self) -> Point {
        let whole = self.last().minus(self.first());
        let steps = f32::from((self.count() - 1).max(1));
        Point {
            x: whole.x / steps,
            y: whole.y / steps,
        }
    }
}

/// All rows of these pieces, those with most characters first.
pub(super) fn chains(blobs: &[Blob]) -> Vec<Chain> {
    let index = Index::of(blobs);
    let mut found: Vec<Chain> = Vec::new();
    // The step that already leads on from a piece, so that a row is not grown from each of its members.
    let mut known: Vec<Vec<usize>> = vec![Vec::new(); blobs.len()];
    for (first, blob) in blobs.iter().enumerate() {
        let from = place(blob);
        for second in index.near(from, blob.size * 2.2) {
            let step = place(&blobs[second]).minus(from);
            let forward = step.x > 0.0 || (step.x == 0.0 && step.y > 0.0);
            let far = step.length() >= 0.45 * blob.size.max(blobs[second].size);
            if !forward
                || !far
                || !alike(blob.size, blobs[second].size)
                || known[first].contains(&second)
            {
                continue;
            }
            let chain = grow(blobs, &index, first, second);
            if chain.members.len() < FEWEST
                || chain.members.len() * 5 < usize::try_from(chain.count()).unwrap_or(0) * 2
            {
                continue;
            }
            for pair in chain.members.windows(2) {
                known[pair[0]].push(pair[1]);
            }
            found.push(chain);
        }
    }
    found.sort_by_key(|chain| std::cmp::Reverse(chain.members.len()));
    let mut used = vec![false; blobs.len()];
    found.retain(|chain| {
        let again = chain.members.iter().filter(|member| used[**member]).count();
        let keep = again * 4 < chain.members.len();
        if keep {
            for member in &chain.members {
                used[*member] = true;
            }
        }
        keep
    });
    found
}

fn place(blob: &Blob) -> Point {
    Point {
        x: blob.x,
        y: blob.y,
    }
}

fn alike(one: f32, other: f32) -> bool {
    one.max(other) < 2.1 * one.min(other)
}

/// From two neighbours on, in both directions.
fn grow(blobs: &[Blob], index: &Index, first: usize, second: usize) -> Chain {
    let step = place(&blobs[second]).minus(place(&blobs[first]));
    let size = f32::midpoint(blobs[first].size, blobs[second].size);
    let forth = walk(blobs, index, second, step, size);
    let back = Point {
        x: -step.x,
        y: -step.y,
    };
    let back = walk(blobs, index, first, back, size);
    let mut steps: Vec<(i16, usize)> = back.into_iter().rev().map(|(n, at)| (-n, at)).collect();
    steps.extend([(0, first), (1, second)]);
    steps.extend(forth.into_iter().map(|(n, at)| (n + 1, at)));
    let start = steps.first().map_or(0, |(n, _)| *n);
    Chain {
        places: steps
            .iter()
            .map(|(n, at)| (n - start, place(&blobs[*at])))
            .collect(),
        members: steps.into_iter().map(|(_, at)| at).collect(),
    }
}

/// Pieces one step after the other; how many steps from the start each is.
fn walk(
    blobs: &[Blob],
    index: &Index,
    start: usize,
    mut step: Point,
    mut size: f32,
) -> Vec<(i16, usize)> {
    let mut walked: Vec<(i16, usize)> = Vec::new();
    let (mut at, mut number) = (start, 0_i16);
    'on: while number < 60 {
        let pitch = step.length();
        // A gap may be long only behind a row that is known well.
        let gap = if walked.len() >= 8 { GAP } else { 2 };
        for ahead in 1..=gap {
            let expected = place(&blobs[at]).plus(step, f32::from(ahead));
            let reach = pitch * (0.28 + 0.02 * f32::from(ahead)).min(0.42);
            let near = index.near(expected, reach);
            let away = |other: usize| place(&blobs[other]).minus(expected).length();
            let nearest = near
                .filter(|other| *other != at && alike(blobs[*other].size, size))
                .min_by(|a, b| away(*a).total_cmp(&away(*b)));
            let Some(next) = nearest else {
                continue;
            };
            let seen = place(&blobs[next]).minus(place(&blobs[at]));
            let share = if ahead == 1 { 0.25 } else { 0.35 };
            step = Point {
                x: step.x * (1.0 - share) + seen.x / f32::from(ahead) * share,
                y: step.y * (1.0 - share) + seen.y / f32::from(ahead) * share,
            };
            size = size * 0.9 + blobs[next].size * 0.1;
            number += ahead;
            walked.push((number, next));
            at = next;
            continue 'on;
        }
        break;
    }
    walked
}

/// Pieces by where they are.
struct Index<'a> {
    blobs: &'a [Blob],
    columns: usize,
    rows: usize,
    squares: Vec<Vec<usize>>,
}

impl<'a> Index<'a> {
    fn of(blobs: &'a [Blob]) -> Self {
        let most = |of: fn(&Blob) -> f32| square(blobs.iter().map(of).fold(0.0, f32::max)) + 1;
        let (columns, rows) = (most(|blob| blob.x), most(|blob| blob.y));
        let mut squares = vec![Vec::new(); columns * rows];
        for (at, blob) in blobs.iter().enumerate() {
            squares[square(blob.y) * columns + square(blob.x)].push(at);
        }
        Self {
            blobs,
            columns,
            rows,
            squares,
        }
    }

    fn near(&self, centre: Point, reach: f32) -> impl Iterator<Item = usize> + '_ {
        let range = |at: f32, count: usize| {
            let end = if at + reach < 0.0 {
                0
            } else {
                (square(at + reach) + 1).min(count)
            };
            square(at - reach).min(count)..end
        };
        let (columns, rows) = (range(centre.x, self.columns), range(centre.y, self.rows));
        let squares = rows.flat_map(move |row| {
            let start = row * self.columns;
            columns.clone().map(move |column| start + column)
        });
        let members = squares.flat_map(|square| self.squares[square].iter().copied());
        members.filter(move |at| place(&self.blobs[*at]).minus(centre).length() <= reach)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and a conversion saturates"
)]
fn square(at: f32) -> usize {
    (at.max(0.0) / SQUARE) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows of 44, turned; five characters are hidden, and ink lies around that belongs to none.
    fn page(degrees: f32) -> Vec<Blob> {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let mut blobs = Vec::new();
        for row in 0..2 {
            for column in 0..44 {
                if row == 1 && (20..25).contains(&column) {
                    continue;
                }
                // Not exactly where they should be.
                let (x, y) = (
                    20.0 * column as f32 + (column % 3) as f32,
                    50.0 * row as f32,
                );
                blobs.push(Blob {
                    x: 1000.0 + x * cos - y * sin,
                    y: 1000.0 + x * sin + y * cos,
                    size: if column % 2 == 0 { 20.0 } else { 14.0 },
                });
            }
        }
        for stray in 0..60_u16 {
            blobs.push(Blob {
                x: f32::from(stray * 37 % 900),
                y: f32::from(stray * 61 % 700),
                size: 16.0,
            });
        }
        blobs
    }

    #[test]
    fn rows_of_equal_steps_are_found_at_any_angle_and_over_a_gap() {
        for degrees in (0..180).step_by(9) {
            let rows = chains(&page(degrees as f32));
            assert!(rows.len() >= 2, "{degrees}");
            assert_eq!([rows[0].count(), rows[1].count()], [44, 44], "{degrees}");
            assert_eq!(rows[0].places.len() + rows[1].places.len(), 83);
            assert!((rows[0].step().length() - 20.0).abs() < 0.5);
        }
    }

    #[test]
    fn what_stands_without_order_is_no_row() {
        assert!(chains(&[]).is_empty());
        let strays = page(0.0).split_off(83);
        assert!(chains(&strays).iter().all(|row| row.places.len() < 24));
    }
}
