//! Which country's certificates go with the three letters in a document.

const CODES: &str = include_str!("countries.txt");

/// The two letters in certificates of the state or organisation of these letters.
pub(crate) fn certificate_country(code: &str) -> Option<&'static str> {
    let lines = CODES.lines().filter(|line| !line.starts_with('#'));
    let mut pairs = lines.flat_map(str::split_whitespace);
    pairs.find_map(|pair| {
        let (long, short) = pair.split_once('=')?;
        (long == code).then_some(short)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lead_to_countries() {
        for (long, short) in [
            ("JPN", Some("JP")),
            ("AUS", Some("AU")),
            ("D", Some("DE")),
            ("UTO", Some("UT")),
            ("jpn", None),
            ("", None),
            ("XYZ", None),
        ] {
            assert_eq!(certificate_country(long), short, "{long}");
        }
        let entries = CODES.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(entries.flat_map(str::split_whitespace).count(), 260);
    }
}
