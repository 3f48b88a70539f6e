//! A passport's two lines, as a terminal sends them to the center and the center to the record system.

use issuance_api::Date;
use issuance_api::passport::{LINE, Passport, PassportMrz};

use super::assert_silent;

/// Fields of the lower line that end with their check digit, and the parts of the last one's.
const CHECKED: [std::ops::Range<usize>; 4] = [0..10, 13..20, 21..28, 28..43];

/// Lines that are a passport have the digits that they should, and say what stands in them; with one character changed under a
/// check digit they are none.
pub(super) fn body(input: &[u8]) {
    let Some(lines) = std::str::from_utf8(input)
        .ok()
        .and_then(|text| text.parse::<PassportMrz>().ok())
    else {
        return;
    };
    assert_silent(
        &lines,
        "PassportMrz { line1: Personal(..), line2: Personal(..) }",
    );
    let Ok(passport) = Passport::try_from(&lines) else {
        return;
    };
    let (upper, lower) = (lines.line1.expose(), lines.line2.expose());
    assert_eq!((upper.len(), lower.len()), (LINE, LINE));
    assert!(upper.starts_with('P'));
    for field in CHECKED {
        assert!(holds(
            &lower[field.start..field.end - 1],
            &lower[field.end - 1..field.end]
        ));
    }
    let composite = [&lower[0..10], &lower[13..20], &lower[21..43]].concat();
    assert!(holds(&composite, &lower[43..]));

    let data = passport.data();
    assert_eq!(data.number.expose(), lower[..9].trim_end_matches('<'));
    assert_eq!(
        data.nationality.expose(),
        lower[10..13].trim_end_matches('<')
    );
    let name = upper[5..].trim_end_matches('<').replace('<', " ");
    assert_eq!(data.romanised_name.expose(), name);
    let today: Date = "2026-11-27".parse().expect("a date");
    let _ = (
        passport.has_expired(today.get()),
        passport.holder_was_born_on(today),
    );

    let at = CHECKED[input.len() % 4].start
        + input.iter().map(|byte| usize::from(*byte)).sum::<usize>() % 6;
    let other = if &lower[at..=at] == "1" { "2" } else { "1" };
    if value(lower.as_bytes()[at]) % 10 != value(other.as_bytes()[0]) {
        let mut changed = lower.to_owned();
        changed.replace_range(at..=at, other);
        let changed: PassportMrz = format!("{upper}\n{changed}").parse().expect("two lines");
        assert!(
            Passport::try_from(&changed).is_err(),
            "a changed character fits"
        );
    }
}

fn value(byte: u8) -> u32 {
    char::from(byte).to_digit(36).unwrap_or(0)
}

/// Doc 9303, part 3, section 4.9. A filler stands for the digit of an empty field.
fn holds(field: &str, digit: &str) -> bool {
    let weighted = field.bytes().zip([7, 3, 1].into_iter().cycle());
    let sum: u32 = weighted.map(|(byte, weight)| value(byte) * weight).sum();
    digit == (sum % 10).to_string() || (digit == "<" && field.bytes().all(|byte| byte == b'<'))
}

/// The standard's specimen, and passports with what is rare: a long name, one name alone, a birth date that nobody knows, no personal number.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let of = |name: &str, number: &str, birth: &str, personal: &str, filler: bool| {
        let checked = |field: String| {
            let digit = ('0'..='9')
                .map(String::from)
                .find(|digit| holds(&field, digit));
            field + &digit.expect("one of ten")
        };
        let upper = format!("{:<<LINE$}", format!("P<UTO{name}"));
        let (number, birth) = (checked(format!("{number:<<9}")), checked(birth.to_owned()));
        let last = checked("300101".to_owned());
        let mut personal = checked(format!("{personal:<<14}"));
        if filler {
            personal.replace_range(14.., "<");
        }
        let composite = checked(format!("{number}{birth}{last}{personal}"));
        let digit = &composite[composite.len() - 1..];
        format!("{upper}\n{number}UTO{birth}F{last}{personal}{digit}\n").into_bytes()
    };
    vec![
        of(
            "ERIKSSON<<ANNA<MARIA",
            "L898902C3",
            "740812",
            "ZE184226B",
            false,
        ),
        of(
            "VAN<DER<MUELLEN<SCHMIDT<<JOHANNES<ALEXA",
            "A1",
            "000229",
            "",
            true,
        ),
        of("ARKFREITH", "XX0000001", "7408<<", "", false),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_passports() {
        for seed in seeds() {
            let lines: PassportMrz = String::from_utf8(seed)
                .expect("a text")
                .parse()
                .expect("two lines");
            assert!(Passport::try_from(&lines).is_ok());
        }
    }
}
