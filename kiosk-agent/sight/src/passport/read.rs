//! From a picture to the two lines: where the zone is, what each character looks like, what the other reader says.

use issuance_api::passport::{LINE, PassportMrz};
use zeroize::Zeroizing;

use super::ReadError;
use super::chains::Point;
use super::glyphs::{Judged, Likeness, SOFTNESSES, likeness};
use super::grid::Grid;
use super::mrz::{Seen, Unsettled, are_alike, hear, may_stand, settle};
use super::picture::Picture;
use super::recogniser::Recogniser;
use super::strip::{Capitals, HEIGHT, Light, PITCH, Strip, capitals};
use super::zone::{Candidate, LARGE, Layout, Row, SMALL, candidates, longest};

/// A character looks at least so much like its glyph.
const LIKE: f32 = 0.72;
/// And this is how sure it has to be that it is no other one: 1 is as far from it as that one's own glyph is.
const MORE: f32 = 0.2;
/// The same between a digit and a letter that look alike, where either may stand: the other reader errs there too.
const MORE_ALIKE: f32 = 0.28;
/// The same for a filler: the other reader is not asked about it.
const MORE_FILLER: f32 = 0.35;
/// A first look at which other ways of seeing need not be looked at.
const GOOD: f32 = 0.85;
/// From this softness of the glyphs on a picture is blurred.
const BLURRED: usize = 2;
/// Most characters of a zone look at least so much like some.
const ZONE: f32 = 0.6;
/// What was measured, by this, is the height of the capitals.
const TALLER: [f32; 2] = [1.0, 0.92];
/// Lines of which less is seen than this are not looked at.
const PART: f32 = 0.3;
/// A row whose steps differ so much from one end to the other is seen from the side.
const TAPER: f32 = 1.3;
/// Dots between characters in the picture below which they are too small.
const TOO_SMALL: f32 = 7.0;

/// A zone, laid straight.
struct Reading {
    candidate: Candidate,
    strips: Vec<Strip>,
    /// How much most characters look like some.
    like: f32,
    /// And how much the worst, but for one.
    worst: f32,
    /// Of the glyphs that it looks like, the softer line's.
    softness: usize,
    /// How much each character looks like each glyph, line by line.
    likenesses: Vec<Vec<Likeness>>,
    pitch: f32,
}

pub(super) fn read(
    picture: &Picture,
    recogniser: &impl Recogniser,
) -> Result<PassportMrz, ReadError> {
    let Some(reading) = best(picture) else {
        return Err(nothing(picture));
    };
    if reading.candidate.layout != Layout::Passport {
        return Err(reading
            .another_document()
            .unwrap_or_else(|| reading.why(picture)));
    }
    if let Some(hidden) = reading.hidden() {
        return Err(hidden);
    }
    let mut lines = reading.seen();
    for finer in [32, 44] {
        let sheet = reading.sheet(finer);
        let text = recogniser.text(&sheet).map_err(ReadError::Recogniser)?;
        hear(&mut lines, &text);
        match settle(&lines) {
            Ok(mrz) => return Ok(mrz),
            Err(Unsettled::OtherDocument) => return Err(ReadError::OtherDocument),
            Err(Unsettled::InDoubt) => {}
        }
    }
    Err(reading.why(picture))
}

/// The way of seeing the zone in which its first and last characters look most like some.
fn best(picture: &Picture) -> Option<Reading> {
    let mut best = None;
    for longest in [LARGE, SMALL] {
        for candidate in candidates(picture, longest) {
            let like = first_look(picture, &candidate).unwrap_or(0.0);
            if best.is_none_or(|(before, _)| like > before) {
                best = Some((like, candidate));
            }
        }
        if best.is_some_and(|(like, _)| like > GOOD) {
            break;
        }
    }
    let (_, candidate) = best?;
    let reading = Reading::of(picture, candidate)?;
    if reading.worst > GOOD {
        return Some(reading);
    }
    // A line's characters tell where it is better than the pieces of ink did, those of a page turned by half a right angle above all.
    let refined = reading
        .refined()
        .and_then(|candidate| Reading::of(picture, candidate));
    Some(match refined {
        Some(refined) if refined.worst > reading.worst => refined,
        _ => reading,
    })
}

/// How much some characters of a zone look like some, those at its ends above all.
fn first_look(picture: &Picture, candidate: &Candidate) -> Option<f32> {
    if candidate.seen < PART {
        return None;
    }
    let strips = straight(picture, candidate)?;
    let last = usize::from(candidate.layout.columns()) - 1;
    let columns = [0, 1, 2, last / 2, last * 2 / 3, last - 1, last];
    let mut sum = 0.0;
    for strip in &strips {
        for column in columns {
            sum += likeness(strip, column, 1).best();
        }
    }
    Some(sum / (columns.len() * strips.len()) as f32)
}

/// How soft the glyphs have to be to look most like this line.
fn softness(strip: &Strip, columns: usize) -> usize {
    let of = |softness: usize| {
        let sampled = (0..columns).step_by(3);
        sampled
            .map(|column| likeness(strip, column, softness).best())
            .sum::<f32>()
    };
    let all = (0..SOFTNESSES).map(|softness| (softness, of(softness)));
    all.max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(0, |best| best.0)
}

fn is_sure(judged: &Judged) -> bool {
    judged.like >= LIKE && judged.margin >= MORE
}

/// All lines, softened, with their capitals where they belong.
fn straight(picture: &Picture, candidate: &Candidate) -> Option<Vec<Strip>> {
    let (grid, columns) = (&candidate.grid, candidate.layout.columns());
    let found: Vec<_> = (0..candidate.layout.rows())
        .map(|row| capitals(picture, grid, row, columns))
        .collect::<Option<_>>()?;
    let height = |at: usize| found[at].bottom - found[at].top;
    // A line of little but fillers seems lower than it is.
    let tallest = (0..found.len()).map(height).fold(0.0, f32::max);
    let strips = found.iter().zip(0..).map(|(line, row)| {
        let mut line = *line;
        let missing = tallest - (line.bottom - line.top);
        if missing > 0.12 * tallest {
            line.top -= missing / 2.0;
            line.bottom += missing / 2.0;
        }
        // Digits are taller than capitals: which of the two was measured is seen by what the line looks like.
        let strips = TALLER.map(|by| {
            let more = (line.bottom - line.top) * (1.0 - by) / 2.0;
            let line = Capitals {
                top: line.top + more,
                bottom: line.bottom - more,
            };
            let strip = Strip::straight(picture, grid, row, columns, line).softened();
            let sampled = (0..usize::from(columns)).step_by(4);
            let like = sampled.map(|column| likeness(&strip, column, 1).best());
            (like.sum::<f32>(), strip)
        });
        let best = strips.into_iter().max_by(|a, b| a.0.total_cmp(&b.0));
        best.expect("there are some").1
    });
    Some(strips.collect())
}

impl Reading {
    fn of(picture: &Picture, candidate: Candidate) -> Option<Self> {
        let strips = straight(picture, &candidate)?;
        let columns = usize::from(candidate.layout.columns());
        let soft: Vec<usize> = strips
            .iter()
            .map(|strip| softness(strip, columns))
            .collect();
        let lines = strips.iter().zip(&soft).map(|(strip, softness)| {
            let columns = 0..columns;
            columns
                .map(|column| likeness(strip, column, *softness))
                .collect()
        });
        let likenesses: Vec<Vec<Likeness>> = lines.collect();
        let mut like: Vec<f32> = likenesses.iter().flatten().map(Likeness::best).collect();
        like.sort_by(f32::total_cmp);
        Some(Self {
            candidate,
            like: like[like.len() / 2],
            worst: like[1],
            pitch: candidate.grid.pitch(columns as f32 / 2.0, 0.5),
            softness: soft.into_iter().max().unwrap_or(0),
            strips,
            likenesses,
        })
    }

    /// The same, with the lines where their characters are.
    fn refined(&self) -> Option<Candidate> {
        let Candidate { layout, grid, .. } = self.candidate;
        let mut places = Vec::new();
        for (row, (line, strip)) in self.likenesses.iter().zip(&self.strips).enumerate() {
            for (column, likeness) in line.iter().enumerate() {
                if likeness.best() > PART {
                    let (column, row) = (column as f32, row as f32);
                    let seen = grid.place(column, row + likeness.lower * strip.of_row());
                    places.push((column, row, seen));
                }
            }
        }
        let (columns, rows) = (f32::from(layout.columns()), f32::from(layout.rows()));
        Some(Candidate {
            grid: Grid::fit(&places, columns, rows)?,
            ..self.candidate
        })
    }

    fn lights(&self) -> impl Iterator<Item = &Light> {
        self.strips.iter().flat_map(Strip::lights)
    }

    /// Of what is said of each cell's light, the value that so many percent are below.
    fn light(&self, percent: usize, of: impl Fn(&Light) -> f32) -> f32 {
        let mut all: Vec<f32> = self.lights().map(of).collect();
        all.sort_by(f32::total_cmp);
        all.get(all.len() * percent / 100).copied().unwrap_or(0.0)
    }

    /// What hides a part of the zone, if something does.
    fn hidden(&self) -> Option<ReadError> {
        if self.like < ZONE {
            return None;
        }
        if self.lights().any(|light| !light.inside) {
            return Some(ReadError::CutOff);
        }
        // A reflection adds light to paper and ink alike; a shadow takes the same share from both.
        let share = |light: &Light| light.contrast / light.paper.max(1.0);
        let (paper, most) = (self.light(15, |light| light.paper), self.light(90, share));
        let washed = |light: &Light| share(light) < 0.62 * most && light.paper > paper + 14.0;
        self.lights().any(washed).then_some(ReadError::Glare)
    }

    /// What keeps it from being read, as far as it can be told.
    fn why(&self, picture: &Picture) -> ReadError {
        if self.like < ZONE {
            // Rows of something else, it may be.
            let told = nothing(picture);
            let skew = told == ReadError::Unclear && self.candidate.grid.obliqueness().is_skew();
            return if skew { ReadError::Skewed } else { told };
        }
        if let Some(hidden) = self.hidden() {
            return hidden;
        }
        if self.strips.iter().any(spotted) {
            return ReadError::Glare;
        }
        let (paper, contrast) = (
            self.light(50, |it| it.paper),
            self.light(50, |it| it.contrast),
        );
        if paper < 55.0 || contrast < 22.0 {
            return ReadError::Dark;
        }
        if self.candidate.grid.obliqueness().is_skew() {
            return ReadError::Skewed;
        }
        if self.pitch < TOO_SMALL {
            return ReadError::TooSmall;
        }
        if self.softness >= BLURRED {
            return ReadError::Blurred;
        }
        ReadError::Unclear
    }

    /// Whether it is a card or a visa: by its first letter, if that is clear.
    fn another_document(&self) -> Option<ReadError> {
        let first = self.likenesses[0][0].judge(|character| character.is_ascii_uppercase());
        let other = matches!(first.best, b'I' | b'A' | b'C' | b'V');
        let clear = self.likenesses.iter().flatten();
        let clear = clear.filter(|it| is_sure(&it.judge(|_| true))).count();
        let most = clear * 10 > self.lights().count() * 7;
        (is_sure(&first) && other && most && self.worst > ZONE && self.softness < BLURRED)
            .then_some(ReadError::OtherDocument)
    }

    fn seen(&self) -> [[Seen; LINE]; 2] {
        let line = |row: usize| {
            std::array::from_fn(|column| {
                let judged = self.likenesses[row][column]
                    .judge(|character| may_stand(row, column, character));
                let more = match judged.best {
                    b'<' => MORE_FILLER,
                    best if are_alike(best, judged.next) => MORE_ALIKE,
                    _ => MORE,
                };
                Seen {
                    best: judged.best,
                    next: judged.next,
                    sure: is_sure(&judged) && judged.margin >= more,
                    witness: None,
                }
            })
        };
        [line(0), line(1)]
    }

    /// Both lines without their fillers, which the other reader cannot count, as a PGM file.
    fn sheet(&self, finer: usize) -> Zeroizing<Vec<u8>> {
        let lines = self.seen();
        let high = HEIGHT * finer / PITCH;
        let gap = high;
        let (width, height) = ((LINE + 2) * finer, 2 * high + 3 * gap);
        let mut sheet = Zeroizing::new(vec![255_u8; width * height]);
        for (row, line) in lines.iter().enumerate() {
            let mut left = finer;
            let top = gap + row * (high + gap);
            for (column, seen) in line.iter().enumerate() {
                if seen.best == b'<' {
                    continue;
                }
                let start = Strip::cell(column);
                for y in 0..high {
                    for x in 0..finer {
                        let ink = between(
                            &self.strips[row],
                            start as f32 + (x as f32 + 0.5) * PITCH as f32 / finer as f32 - 0.5,
                            (y as f32 + 0.5) * PITCH as f32 / finer as f32 - 0.5,
                        );
                        #[expect(
                            clippy::cast_possible_truncation,
                            clippy::cast_sign_loss,
                            reason = "from 0 to 255"
                        )]
                        let grey = (255.0 * (1.0 - ink.clamp(0.0, 1.0))) as u8;
                        sheet[(top + y) * width + left + x] = grey;
                    }
                }
                left += finer;
            }
        }
        let mut file = Zeroizing::new(Vec::with_capacity(sheet.len() + 32));
        file.extend_from_slice(format!("P5 {width} {height} 255\n").as_bytes());
        file.extend_from_slice(&sheet);
        file
    }
}

/// Whether a line has a bright spot of a few characters' width.
fn spotted(strip: &Strip) -> bool {
    const WIDE: usize = 6;
    let lights = strip.lights();
    let brightest = |at: usize| lights[at].brightest;
    (WIDE..lights.len() - WIDE).any(|at| {
        let beside = brightest(at - WIDE).max(brightest(at + WIDE));
        brightest(at) > 235.0 && brightest(at) > beside + 9.0
    })
}

/// Ink between dots of a strip.
fn between(strip: &Strip, x: f32, y: f32) -> f32 {
    let (x, y) = (
        x.clamp(0.0, strip.width() as f32 - 1.001),
        y.clamp(0.0, HEIGHT as f32 - 1.001),
    );
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "inside the strip"
    )]
    let (left, top) = (x as usize, y as usize);
    let (right, down) = (x - left as f32, y - top as f32);
    let of = |row: &[f32]| row[left] * (1.0 - right) + row[left + 1] * right;
    of(strip.row(top)) * (1.0 - down) + of(strip.row(top + 1)) * down
}

/// Why no zone was found at all.
fn nothing(picture: &Picture) -> ReadError {
    let mut dots = Zeroizing::new(picture.shrunk(400).0.dots().to_vec());
    dots.sort_unstable();
    let share = |of: usize| dots.get(dots.len() * of / 1000).copied().unwrap_or(0);
    if share(980) < 70 || share(980) - share(20) < 25 {
        return ReadError::Dark;
    }
    let saturated = dots.iter().filter(|dot| **dot >= 250).count();
    if saturated * 100 > dots.len() * 2 && share(500) < 240 {
        return ReadError::Glare;
    }
    if blurred(picture) {
        return ReadError::Blurred;
    }
    match longest(picture).map(|row| beside(picture, &row)) {
        // A row of some other text, with nothing amiss around it.
        None | Some(ReadError::Unclear) => ReadError::NotFound,
        Some(told) => told,
    }
}

/// Why a row has none beside it that belongs to it.
fn beside(picture: &Picture, row: &Row) -> ReadError {
    if row.taper > TAPER {
        return ReadError::Skewed;
    }
    let Row {
        first, last, step, ..
    } = *row;
    let down = Point {
        x: -step.y * 2.5,
        y: step.x * 2.5,
    };
    let along = last.minus(first);
    let mean = |rows: f32| {
        let dots = (0..200).filter_map(|n| {
            let at = first.plus(along, n as f32 / 199.0).plus(down, rows);
            picture.at(at.x, at.y)
        });
        let dots: Vec<f32> = dots.collect();
        (dots.len() > 120).then(|| dots.iter().sum::<f32>() / dots.len() as f32)
    };
    let own = mean(0.45).unwrap_or(255.0);
    match (mean(-1.0), mean(1.0)) {
        (Some(above), Some(below)) if above.max(below) > own + 12.0 => ReadError::Glare,
        (Some(_), Some(_)) => ReadError::Unclear,
        _ => ReadError::CutOff,
    }
}

/// Whether nothing in a picture has a sharp edge.
fn blurred(picture: &Picture) -> bool {
    let (small, _) = picture.shrunk(1600);
    let mut steps: Vec<u8> = small
        .rows()
        .flat_map(|row| row.windows(3).map(|three| three[0].abs_diff(three[2])))
        .collect();
    steps.sort_unstable();
    let (steep, widest) = (
        steps.get(steps.len() * 995 / 1000).copied().unwrap_or(0),
        steps.last().copied().unwrap_or(0),
    );
    steep < 40 && widest < 120
}
