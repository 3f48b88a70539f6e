//! The terminal explains every page of the center's at once: else each certificate would take it seconds.

use terminal::handover::explains;

#[path = "../../issuance-center/specimen/mod.rs"]
mod specimen;

/// The text of a health card's symbol: two digits for each character (SMART Health Cards, "Encoding Chunks as QR Codes").
fn health_card(jws: &str) -> String {
    let digits = jws.bytes().map(|byte| format!("{:02}", byte - 45));
    std::iter::once("shc:/".to_owned()).chain(digits).collect()
}

#[test]
fn every_page_of_the_center_s_is_explained_at_once() {
    let programmes = specimen::programmes();
    let programme = specimen::covid(&programmes);
    let typesetter = specimen::typesetter();
    let domestic = [
        ("ordinary", &specimen::ORDINARY),
        ("seven doses", &specimen::SEVEN_DOSES),
        ("gaiji", &specimen::GAIJI),
        ("long latin", &specimen::LONG_LATIN),
        ("two scripts", &specimen::TWO_SCRIPTS),
    ];
    let domestic = domestic.map(|(name, person)| (name, specimen::preview(programme, person)));
    let abroad = specimen::ABROAD.map(|(name, person, romanised)| {
        let preview = specimen::preview_abroad(programme, person, romanised);
        (name, preview)
    });
    for (name, preview) in domestic.into_iter().chain(abroad) {
        let payload = specimen::payload(programme, &preview).expect("it fits");
        let card = health_card(specimen::sign(&payload).expose());
        let seal = preview.passport.as_ref().map(|_| {
            let seal = specimen::seal(programme, &preview).expect("it fits");
            seal.expose().to_owned()
        });
        let texts: Vec<&str> = [Some(card.as_str()), seal.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        let page = specimen::page(&typesetter, programme, &preview).expect("specimens are right");
        assert!(
            explains(page.as_bytes(), &texts),
            "{name} {:?}",
            preview.kind
        );
        // The control: the page of anybody else is not.
        let other = card.replacen("shc:/5676", "shc:/5677", 1);
        assert_ne!(other, card);
        let texts: Vec<&str> = std::iter::once(other.as_str())
            .chain(seal.as_deref())
            .collect();
        assert!(
            !explains(page.as_bytes(), &texts),
            "{name} {:?}",
            preview.kind
        );
    }
}
