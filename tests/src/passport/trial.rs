//! Specimens photographed in every way, and what the terminal makes of them: read right, told why not, or read wrong, which must never be.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use dev_pages::photograph::Photograph;
use issuance_api::passport::{LINE, PassportMrz};
use sight::passport::{PassportReader, ReadError, Recogniser};

use super::Passport;
use super::specimen::Specimen;
use crate::random::Random;

/// Grey of the table that a passport lies on.
const TABLE: f32 = 90.0;
/// Dots to a millimetre of the picture that all begin with: 1500 dots for a page.
const DOTS: f32 = 12.0;

/// How a page is photographed. Each is from just noticeable to far too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Straight from above.
    Plain,
    /// Turned by 1 to 15 degrees.
    Turned,
    /// Turned by anything else, upside down too.
    AnyAngle,
    /// From the side, up to 30 degrees.
    Inclined,
    /// From 40 to 60 degrees from the side, both ways.
    FarInclined,
    /// Small: 6 to 24 dots to a character.
    Small,
    /// Out of focus, the deviation up to a ninth of a character's width.
    Soft,
    /// And beyond.
    Blurred,
    /// Moved by up to a third of a character.
    Moved,
    /// Noise of up to 45 of 255.
    Noisy,
    /// A tenth to a half of the light.
    Dim,
    /// Almost none.
    Dark,
    /// JPEG of quality 8 to 40.
    Squeezed,
    /// A lamp's reflection in a line.
    Glare,
    /// A veil of light over part of it: brighter, but all is there.
    Veil,
    /// Without one end of the zone, or its lower line.
    CutOff,
    /// With its lower part alone, and all of the zone.
    Close,
    /// Some of all that.
    Mixed,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Plain,
        Self::Turned,
        Self::AnyAngle,
        Self::Inclined,
        Self::FarInclined,
        Self::Small,
        Self::Soft,
        Self::Blurred,
        Self::Moved,
        Self::Noisy,
        Self::Dim,
        Self::Dark,
        Self::Squeezed,
        Self::Glare,
        Self::Veil,
        Self::CutOff,
        Self::Close,
        Self::Mixed,
    ];

    /// A page photographed so: a JPEG file's content.
    #[must_use]
    pub fn photograph(self, page: &Photograph, random: &mut Random) -> Vec<u8> {
        let picture = self.taken(page, random);
        let quality = if self == Self::Squeezed {
            random.below(33) + 8
        } else {
            random.below(30) + 70
        };
        picture.jpeg(u8::try_from(quality).expect("below 100"))
    }

    fn taken(self, page: &Photograph, random: &mut Random) -> Photograph {
        let sign = |random: &mut Random| if random.share() < 0.5 { -1.0 } else { 1.0 };
        match self {
            Self::Plain | Self::Squeezed => page.clone(),
            Self::Turned => page.turned(sign(random) * random.between(1.0, 15.0), TABLE),
            Self::AnyAngle => {
                let quarters = 90.0 * random.below(4) as f32;
                page.turned(quarters + random.between(-45.0, 45.0), TABLE)
            }
            Self::Inclined => page.inclined(
                random.between(-30.0, 30.0),
                random.between(-30.0, 30.0),
                TABLE,
            ),
            Self::FarInclined => {
                let (sideways, upwards) = (sign(random), sign(random));
                page.inclined(
                    sideways * random.between(40.0, 60.0),
                    upwards * random.between(40.0, 60.0),
                    TABLE,
                )
            }
            Self::Small => page.scaled(random.between(0.2, 0.8)),
            Self::Soft => page.blurred(random.between(0.8, 3.3)),
            Self::Blurred => page.blurred(random.between(3.3, 9.0)),
            Self::Moved => page.moved(random.between(2.0, 10.0), random.between(0.0, 180.0)),
            Self::Noisy => {
                let deviation = random.between(4.0, 45.0);
                page.clone().noisy(deviation, || random.normal())
            }
            Self::Dim => {
                let picture = page
                    .clone()
                    .lit(random.between(0.1, 0.5), random.between(0.1, 0.5));
                picture.noisy(2.0, || random.normal())
            }
            Self::Dark => {
                let light = random.between(0.01, 0.05);
                page.clone()
                    .lit(light, light)
                    .noisy(3.0, || random.normal())
            }
            Self::Glare | Self::Veil => {
                let strength = if self == Self::Glare { 1.0 } else { 0.25 };
                let half = random.between(0.015, 0.3);
                page.clone().shone_upon(
                    (random.between(0.1, 0.9), random.between(0.82, 0.9)),
                    (half, half * random.between(0.3, 1.0)),
                    strength,
                )
            }
            Self::CutOff => {
                let by = random.between(0.06, 0.3);
                match random.below(3) {
                    0 => page.cut(by, 0.0, 1.0, 1.0),
                    1 => page.cut(0.0, 0.0, 1.0 - by, 1.0),
                    _ => page.cut(0.0, 0.0, 1.0, random.between(0.84, 0.885)),
                }
            }
            Self::Close => page.cut(0.03, random.between(0.4, 0.7), 0.97, 1.0),
            Self::Mixed => {
                let picture = page
                    .scaled(random.between(0.5, 1.0))
                    .inclined(
                        random.between(-25.0, 25.0),
                        random.between(-20.0, 20.0),
                        TABLE,
                    )
                    .turned(random.between(-15.0, 15.0), TABLE)
                    .blurred(random.between(0.0, 2.0))
                    .lit(random.between(0.3, 1.0), random.between(0.3, 1.0));
                let deviation = random.between(0.0, 12.0);
                picture.noisy(deviation, || random.normal())
            }
        }
    }
}

/// A passport of nobody: any letters as names, for nothing may be read from what names there are.
#[must_use]
pub fn anybody(random: &mut Random) -> Passport {
    let mut letters = |from: usize, to: usize| -> String {
        let count = from + random.below(to - from);
        (0..count)
            .map(|_| char::from(b'A' + digit(random.below(26))))
            .collect()
    };
    let mut name = format!("{}<<{}", letters(3, 12), letters(2, 9));
    if name.len() % 3 == 0 {
        name = format!("{name}<{}", letters(1, 12));
    }
    let number = letters(2, 3);
    let mut digits = |count: usize| -> String {
        (0..count)
            .map(|_| char::from(b'0' + digit(random.below(10))))
            .collect()
    };
    let number = format!("{number}{}", digits(7));
    let date = |year: usize, random: &mut Random| {
        let (month, day) = (1 + random.below(12), 1 + random.below(28));
        format!("{year:02}{month:02}{day:02}")
    };
    let (birth, last) = (random.below(100), 27 + random.below(9));
    Passport {
        name: name[..name.len().min(LINE - 5)].to_owned(),
        number,
        birth_date: date(birth, random),
        last_day: date(last, random),
    }
}

fn digit(number: usize) -> u8 {
    u8::try_from(number).expect("below 256")
}

/// What became of some photographs of one kind.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Both lines, right.
    pub read: usize,
    /// Lines, and one is wrong.
    pub wrong: usize,
    /// How many were told what.
    pub told: BTreeMap<String, usize>,
}

/// What became of all.
#[derive(Debug, Default)]
pub struct Table(pub BTreeMap<Kind, Tally>);

impl Table {
    /// Whether nothing was read wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.0.values().all(|tally| tally.wrong == 0)
    }

    /// Of one kind: how many of a hundred were read.
    #[must_use]
    pub fn read(&self, kind: Kind) -> usize {
        self.0.get(&kind).map_or(0, |tally| {
            let all = tally.read + tally.wrong + tally.told.values().sum::<usize>();
            tally.read * 100 / all.max(1)
        })
    }

    /// Of one kind: how many of those not read were told this.
    #[must_use]
    pub fn told(&self, kind: Kind, error: ReadError) -> usize {
        let told = self.0.get(&kind).map(|tally| {
            let all = tally.told.values().sum::<usize>();
            let this = tally.told.get(&format!("{error:?}")).copied().unwrap_or(0);
            this * 100 / all.max(1)
        });
        told.unwrap_or(0)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, tally) in &self.0 {
            write!(
                f,
                "{:12} read {:4} wrong {:2}",
                format!("{kind:?}"),
                tally.read,
                tally.wrong
            )?;
            for (error, count) in &tally.told {
                write!(f, "  {error} {count}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Photographs of specimens, so many of each kind, by as many at work as the machine has processors.
pub fn photographs<R: Recogniser + Sync>(
    reader: &PassportReader<R>,
    each: usize,
    seed: u64,
) -> Table {
    let table = Mutex::new(Table::default());
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(kind) = Kind::ALL.get(number / each) else {
                break;
            };
            let mut random = Random::new(seed ^ (number as u64) << 20);
            let passport = anybody(&mut random);
            let mut specimen = Specimen::new(&passport.lines());
            specimen.sharp = random.share() < 0.3;
            let page = specimen.picture(DOTS);
            let outcome = reader.read(&kind.photograph(&page, &mut random));
            let mut table = table.lock().expect("nobody panics with it");
            let tally = table.0.entry(*kind).or_default();
            match outcome {
                Ok(mrz) if is(&mrz, &passport) => tally.read += 1,
                Ok(_) => tally.wrong += 1,
                Err(error) => *tally.told.entry(format!("{error:?}")).or_default() += 1,
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    table.into_inner().expect("nobody panicked with it")
}

fn is(mrz: &PassportMrz, passport: &Passport) -> bool {
    let [upper, lower] = passport.lines();
    mrz.line1.expose() == upper && mrz.line2.expose() == lower
}
