//! Passports of people who do not exist: the two lines that a reader would give, and the photo page they are read from.

pub mod specimen;
pub mod trial;

use std::sync::Arc;

use issuance_api::Personal;
use issuance_api::passport::{LINE, PassportData, PassportMrz};

use crate::persona::Persona;

/// Personas, and the names in their passports. Who is not here has none.
const NAMES: [(&str, &str); 20] = [
    ("copy", "AOBA<<SAKURA"),
    ("expired", "KUCHIBA<<MEGUMI"),
    ("foreign-resident", "AZURE<<MARIA<FERNANDA"),
    ("former-surname", "AKANE<<AOI"),
    ("gaiji", "YOSHIDA<<TAKAKO"),
    ("long-address", "GUNJO<<HAJIME"),
    ("moved", "WAKAKUSA<<MINORU"),
    ("needs-confirmation", "KIKYO<<NAGISA"),
    ("no-record", "HANADA<<REN"),
    ("not-taking-part", "YUKINO<<ITSUKI"),
    ("one-try-left", "ASAGI<<YU"),
    ("ordinary", "AOBA<<SAKURA"),
    ("other-card", "SUMIIRO<<WATARU"),
    ("phone", "SORAIRO<<SHO"),
    ("pin-blocked", "FUJIIRO<<FUMI"),
    ("seven-doses", "WAKATAKE<<DAISUKE"),
    ("tampered", "YAMABUKI<<TSUKASA"),
    ("tampered-signature", "TOBIIRO<<HIKARU"),
    ("unknown-birth-day", "MOEGI<<MASARU"),
    ("wrong-ca", "TOKIWA<<KAEDE"),
];

/// A passport's content (ICAO Doc 9303, part 4).
#[derive(Clone, Debug)]
pub struct Passport {
    /// Name as in the zone: `AOBA<<SAKURA`.
    pub name: String,
    /// Nine characters at most.
    pub number: String,
    /// `YYMMDD`.
    pub birth_date: String,
    /// Last day, `YYMMDD`.
    pub last_day: String,
}

impl Passport {
    /// A persona's, if it has one; valid for years.
    #[must_use]
    pub fn of(persona: &Persona) -> Option<Self> {
        let born = persona.birth_date.get(2..)?;
        // A day that nobody knows is left open (Doc 9303, part 3, section 4.7).
        let unknown = born.strip_suffix("00").map(|month| format!("{month}<<"));
        let (_, name) = NAMES.iter().find(|(name, _)| *name == persona.name)?;
        Some(Self {
            name: (*name).to_owned(),
            number: "XX0000001".to_owned(),
            birth_date: unknown.unwrap_or_else(|| born.to_owned()),
            last_day: "350101".to_owned(),
        })
    }

    /// The lines, with their check digits.
    #[must_use]
    pub fn lines(&self) -> [String; 2] {
        let Self {
            name,
            number,
            birth_date,
            last_day,
        } = self;
        let upper = format!("{:<<LINE$}", format!("P<JPN{name}"));
        let checked = |field: String| {
            let digit = check_digit(&field);
            field + &digit
        };
        let number = checked(format!("{number:<<9}"));
        let birth = checked(birth_date.clone());
        let last = checked(last_day.clone());
        let personal = format!("{:<<14}0", "");
        let composite = check_digit(&format!("{number}{birth}{last}{personal}"));
        [
            upper,
            format!("{number}JPN{birth}<{last}{personal}{composite}"),
        ]
    }

    /// The lines as they travel.
    #[must_use]
    pub fn mrz(&self) -> PassportMrz {
        let [line1, line2] = self.lines().map(Personal::new);
        PassportMrz { line1, line2 }
    }

    /// What of it is certified and kept.
    ///
    /// # Panics
    /// If a field is not of its form.
    #[must_use]
    pub fn data(&self) -> Arc<PassportData> {
        let read = issuance_api::passport::Passport::try_from(&self.mrz());
        read.expect("lines with their check digits").into_data()
    }
}

fn check_digit(field: &str) -> String {
    let value = |character: char| character.to_digit(36).unwrap_or(0);
    let weighted = field.chars().zip([7, 3, 1].into_iter().cycle());
    let sum: u32 = weighted.map(|(it, weight)| value(it) * weight).sum();
    (sum % 10).to_string()
}
