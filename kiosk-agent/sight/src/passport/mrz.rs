//! What two readers saw becomes two lines, or nothing: the field's alphabet says what can stand in a place, the check digits what does.
//!
//! ```text
//! line 1        names, state: under no check digit   both readers have to see the same in every place
//! line 2        under check digits                   likewise, but in each field one place may be in doubt, if what was seen
//!                                                    there leaves exactly one character with which the digit fits
//!               nationality, sex                     as line 1
//! both          `Passport` judges them again: all five digits, dates, names (`issuance_api::passport`)
//! ```
//! One wrong character never fits a check digit, unless its value is the same modulo ten (6 and G, say): such a pair stays in doubt.

use std::ops::Range;

use issuance_api::Personal;
use issuance_api::passport::{LINE, MrzError, Passport, PassportMrz};
use zeroize::Zeroizing;

/// What may be seen for what, by somebody who does not know which alphabet a field has.
const LOOKALIKES: [(u8, u8); 11] = [
    (b'0', b'O'),
    (b'0', b'D'),
    (b'0', b'Q'),
    (b'1', b'I'),
    (b'1', b'L'),
    (b'2', b'Z'),
    (b'4', b'A'),
    (b'5', b'S'),
    (b'6', b'G'),
    (b'7', b'T'),
    (b'8', b'B'),
];

/// Fields of the lower line with their check digits.
const CHECKED: [Range<usize>; 4] = [0..10, 13..20, 21..28, 28..43];

/// A place as it was seen.
#[derive(Clone, Copy)]
pub struct Seen {
    /// What it looks most like, among what may stand there.
    pub best: u8,
    /// And what next.
    pub next: u8,
    /// Whether it looks like nothing else.
    pub sure: bool,
    /// What the other reader saw; fillers are not shown to it.
    pub witness: Option<u8>,
}

/// Why there are no lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsettled {
    /// Another document than a passport.
    OtherDocument,
    /// Some place is in doubt, or a check digit does not fit.
    InDoubt,
}

/// Whether a character may stand in this place of a passport (Doc 9303, part 4, section 4.2).
#[must_use]
pub fn may_stand(row: usize, column: usize, character: u8) -> bool {
    let letter = character.is_ascii_uppercase();
    let digit = character.is_ascii_digit();
    let filler = character == b'<';
    match (row, column) {
        (0, 0) => letter,
        (0, _) | (1, 10..=12) => letter || filler,
        (1, 0..=8 | 28..=41) => letter || digit || filler,
        (1, 20) => matches!(character, b'M' | b'F' | b'<'),
        // What nobody knows of a birth date is left open.
        (1, 13..=18 | 42) => digit || filler,
        _ => digit,
    }
}

/// Whether one is a digit and the other a letter that is easily taken for it.
#[must_use]
pub fn are_alike(one: u8, other: u8) -> bool {
    LOOKALIKES.contains(&(one, other)) || LOOKALIKES.contains(&(other, one))
}

/// The same character in the alphabet of this place, where it is not in it itself.
fn in_alphabet(row: usize, column: usize, character: u8) -> u8 {
    if may_stand(row, column, character) {
        return character;
    }
    let other = LOOKALIKES.iter().find_map(|(digit, letter)| {
        let other = match character {
            it if it == *digit => *letter,
            it if it == *letter => *digit,
            _ => return None,
        };
        may_stand(row, column, other).then_some(other)
    });
    other.unwrap_or(character)
}

/// Lays what the other reader saw beside what the first saw: each character to its place, by the fewest changes.
pub fn hear(lines: &mut [[Seen; LINE]; 2], text: &str) {
    let mut places = Vec::new();
    for (row, line) in lines.iter_mut().enumerate() {
        for (column, seen) in line.iter_mut().enumerate() {
            seen.witness = None;
            if seen.best != b'<' {
                places.push((row, column));
            }
        }
    }
    let text: Zeroizing<Vec<u8>> = Zeroizing::new(
        text.bytes()
            .filter(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            .take(4 * LINE)
            .collect(),
    );
    let heard = |place: (usize, usize), character: u8| in_alphabet(place.0, place.1, character);
    // Cost of laying the first of one beside the first of the other.
    let wide = text.len() + 1;
    let mut costs = vec![0_usize; (places.len() + 1) * wide];
    for (at, cost) in costs.iter_mut().enumerate().take(wide) {
        *cost = at * 2;
    }
    for (row, place) in places.iter().enumerate() {
        costs[(row + 1) * wide] = (row + 1) * 2;
        for (column, character) in text.iter().enumerate() {
            let same = heard(*place, *character) == lines[place.0][place.1].best;
            let across = costs[row * wide + column] + if same { 0 } else { 3 };
            let missed = costs[row * wide + column + 1] + 2;
            let added = costs[(row + 1) * wide + column] + 2;
            costs[(row + 1) * wide + column + 1] = across.min(missed).min(added);
        }
    }
    let mut doubted = Vec::new();
    let (mut row, mut column) = (places.len(), text.len());
    while row > 0 && column > 0 {
        let place = places[row - 1];
        let character = heard(place, text[column - 1]);
        let same = character == lines[place.0][place.1].best;
        let here = costs[row * wide + column];
        if here == costs[(row - 1) * wide + column - 1] + if same { 0 } else { 3 } {
            lines[place.0][place.1].witness = Some(character);
            row -= 1;
            column -= 1;
        } else if here == costs[(row - 1) * wide + column] + 2 {
            row -= 1;
        } else {
            // It saw one more there: of a name, which no digit covers, that is a doubt.
            if place.0 == 0 {
                doubted.push(place);
            }
            column -= 1;
        }
    }
    for (row, column) in doubted {
        lines[row][column].witness = None;
    }
}

/// The two lines, if nothing is left in doubt.
///
/// # Errors
/// Why not.
pub fn settle(lines: &[[Seen; LINE]; 2]) -> Result<PassportMrz, Unsettled> {
    let kind = lines[0][0];
    if kind.sure && kind.best != b'P' {
        return Err(Unsettled::OtherDocument);
    }
    let text = |line: &[Seen; LINE]| -> Zeroizing<[u8; LINE]> {
        Zeroizing::new(line.map(|seen| seen.best))
    };
    let upper = text(&lines[0]);
    let mut lower = text(&lines[1]);
    let certain = |seen: &Seen| {
        seen.sure && (seen.best == b'<' || seen.witness.is_some_and(|it| it == seen.best))
    };
    let unchecked = lines[0]
        .iter()
        .chain(&lines[1][10..13])
        .chain(&lines[1][20..21]);
    if !unchecked.clone().all(certain) {
        return Err(Unsettled::InDoubt);
    }
    for field in CHECKED {
        let mut doubts = field.clone().filter(|at| !certain(&lines[1][*at]));
        let (first, second) = (doubts.next(), doubts.next());
        match (first, second) {
            (None, _) => {}
            (Some(at), None) => lower[at] = decide(&lower, field, at, &lines[1][at])?,
            _ => return Err(Unsettled::InDoubt),
        }
    }
    let line = |line: &[u8; LINE]| {
        let text = line.iter().map(|byte| char::from(*byte));
        Personal::new(text.collect())
    };
    let mrz = PassportMrz {
        line1: line(&upper),
        line2: line(&lower),
    };
    match Passport::try_from(&mrz) {
        Ok(_) => Ok(mrz),
        Err(MrzError::OtherDocument) => Err(Unsettled::OtherDocument),
        Err(MrzError::Form | MrzError::CheckDigit) => Err(Unsettled::InDoubt),
    }
}

/// The one character of those seen with which the field's check digit fits.
fn decide(line: &[u8; LINE], field: Range<usize>, at: usize, seen: &Seen) -> Result<u8, Unsettled> {
    let mut tried = Zeroizing::new(*line);
    let mut fits = Vec::new();
    for character in [Some(seen.best), Some(seen.next), seen.witness]
        .into_iter()
        .flatten()
    {
        tried[at] = character;
        if may_stand(1, at, character) && holds(&tried[field.clone()]) && !fits.contains(&character)
        {
            fits.push(character);
        }
    }
    match fits[..] {
        [one] => Ok(one),
        _ => Err(Unsettled::InDoubt),
    }
}

/// Whether a field's last character is its check digit (Doc 9303, part 3, section 4.9). An empty personal number may have a filler.
fn holds(field: &[u8]) -> bool {
    let Some((check, field)) = field.split_last() else {
        return false;
    };
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        _ => 0,
    };
    let weighted = field.iter().zip([7, 3, 1].into_iter().cycle());
    let sum: u32 = weighted.map(|(byte, weight)| value(*byte) * weight).sum();
    let empty = field.iter().all(|byte| *byte == b'<');
    sum % 10 == value(*check) && (check.is_ascii_digit() || (empty && *check == b'<'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SPECIMEN: [&[u8; LINE]; 2] = [
        b"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
        b"L898902C36UTO7408122F1204159ZE184226B<<<<<10",
    ];

    fn seen(lines: [&[u8; LINE]; 2]) -> [[Seen; LINE]; 2] {
        lines.map(|line| {
            line.map(|best| Seen {
                best,
                next: if best == b'<' { b'K' } else { b'<' },
                sure: true,
                witness: (best != b'<').then_some(best),
            })
        })
    }

    fn text(mrz: &PassportMrz) -> [&str; 2] {
        [mrz.line1.expose(), mrz.line2.expose()]
    }

    #[test]
    fn what_both_see_is_settled() {
        let mrz = settle(&seen(SPECIMEN)).unwrap();
        assert_eq!(
            text(&mrz).map(str::as_bytes),
            SPECIMEN.map(|line| &line[..])
        );
    }

    #[test]
    fn one_doubt_in_a_checked_field_is_decided_by_its_digit() {
        for (at, other) in [
            (0, b'C'),
            (1, b'B'),
            (4, b'O'),
            (9, b'5'),
            (14, b'1'),
            (25, b'6'),
            (30, b'7'),
            (42, b'7'),
        ] {
            // Whoever of the two is right.
            for first_is_wrong in [true, false] {
                let mut lines = seen(SPECIMEN);
                let place = &mut lines[1][at];
                if first_is_wrong {
                    (place.next, place.best) = (place.best, other);
                } else {
                    place.witness = Some(other);
                }
                let mrz = settle(&lines).unwrap();
                assert_eq!(mrz.line2.expose().as_bytes(), SPECIMEN[1], "{at}");
            }
        }
    }

    #[test]
    fn what_no_digit_covers_or_decides_stays_in_doubt() {
        let refused = |change: &dyn Fn(&mut [[Seen; LINE]; 2])| {
            let mut lines = seen(SPECIMEN);
            change(&mut lines);
            assert_eq!(settle(&lines).unwrap_err(), Unsettled::InDoubt);
        };
        // A name, a nationality, a sex: one reader is not enough.
        for (row, column) in [(0, 6), (0, 3), (1, 11), (1, 20)] {
            refused(&|lines| lines[row][column].witness = None);
            refused(&|lines| lines[row][column].witness = Some(b'X'));
            refused(&|lines| lines[row][column].sure = false);
        }
        refused(&|lines| lines[0][30].sure = false);
        // Two in one field.
        refused(&|lines| {
            lines[1][0].sure = false;
            lines[1][1].sure = false;
        });
        // 6 and G count the same: 898902C3 would read as well either way.
        refused(&|lines| {
            lines[1][35].sure = false;
            lines[1][35].next = b'G';
        });
        // Both see the same, and it is wrong.
        refused(&|lines| {
            lines[1][2].best = b'8';
            lines[1][2].witness = Some(b'8');
        });
    }

    #[test]
    fn another_document_is_told_by_its_first_letter() {
        for letter in [b'V', b'I', b'A', b'C'] {
            let mut lines = seen(SPECIMEN);
            lines[0][0].best = letter;
            lines[0][0].witness = None;
            assert_eq!(settle(&lines).unwrap_err(), Unsettled::OtherDocument);
            lines[0][0].sure = false;
            assert_eq!(settle(&lines).unwrap_err(), Unsettled::InDoubt);
        }
    }

    #[test]
    fn what_is_heard_is_laid_beside_what_was_seen() {
        let mut lines = seen(SPECIMEN);
        let right = "PUTOERIKSSONANNAMARIA\nL898902C36UTO7408122F1204159ZE184226B10\n";
        hear(&mut lines, right);
        assert!(settle(&lines).is_ok());
        // A letter where the field has digits, and the other way round, is what it looks like.
        hear(
            &mut lines,
            &right.replace("UTO7", "UT07").replace("2041", "2O4I"),
        );
        assert!(settle(&lines).is_ok());
        // One too many or too few is noticed where it is.
        for name in ["ANA", "ANNIA", "ANMA"] {
            hear(&mut lines, &right.replace("ANNA", name));
            assert_eq!(lines[0][12].witness, Some(b'N'));
            assert_eq!(lines[0][20].witness, Some(b'M'));
            assert_eq!(settle(&lines).unwrap_err(), Unsettled::InDoubt, "{name}");
        }
        // Under a check digit the rest says enough.
        hear(&mut lines, &right.replace("UTO7", "UTO77"));
        assert!(settle(&lines).is_ok());
        hear(&mut lines, "");
        assert_eq!(settle(&lines).unwrap_err(), Unsettled::InDoubt);
    }

    proptest! {
        #[test]
        fn nothing_that_is_heard_makes_it_fail_and_what_is_settled_is_a_passport(
            changes in proptest::collection::vec((0..2_usize, 0..LINE, 0..37_usize, any::<bool>()), 0..12),
            text in "[A-Z0-9<\n ]{0,200}",
        ) {
            let mut lines = seen(SPECIMEN);
            for (row, column, character, sure) in changes {
                lines[row][column].best = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"[character];
                lines[row][column].sure = sure;
            }
            if let Ok(mrz) = settle(&lines) {
                prop_assert!(Passport::try_from(&mrz).is_ok());
            }
            hear(&mut lines, &text);
            if let Ok(mrz) = settle(&lines) {
                prop_assert!(Passport::try_from(&mrz).is_ok());
            }
        }
    }
}
