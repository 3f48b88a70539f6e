//! Passports of people who do not exist: the two lines that a reader would give, and the photo page they are read from.

pub mod photograph;
pub mod specimen;
pub mod trial;

use issuance_api::Personal;
use issuance_api::passport::{LINE, PassportMrz};

use crate::persona::Persona;

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
    /// Of a persona, by this name; valid for years.
    ///
    /// # Panics
    /// If the persona's birth date is none.
    #[must_use]
    pub fn of(persona: &Persona, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            number: "XX0000001".to_owned(),
            birth_date: persona
                .birth_date
                .get(2..)
                .expect("a date of eight digits")
                .to_owned(),
            last_day: "350101".to_owned(),
        }
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
}

fn check_digit(field: &str) -> String {
    let value = |character: char| character.to_digit(36).unwrap_or(0);
    let weighted = field.chars().zip([7, 3, 1].into_iter().cycle());
    let sum: u32 = weighted.map(|(it, weight)| value(it) * weight).sum();
    (sum % 10).to_string()
}
