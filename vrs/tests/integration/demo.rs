//! The demonstration's records fit the emulator's personas and the programme's vaccines.

use std::{collections::BTreeMap, fs, path::PathBuf};

use issuance_api::PersonalDate;
use toml::Table;
use vrs::import::{self, Entry};

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn records(code: &str) -> BTreeMap<String, Entry> {
    let file = repository().join(format!("tests/data/vrs/{code}.csv"));
    let entries = import::parse(&fs::read(file).unwrap()).unwrap();
    entries
        .into_iter()
        .map(|entry| (entry.number.expose().to_owned(), entry))
        .collect()
}

fn table(path: &str) -> Table {
    fs::read_to_string(repository().join(path))
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn personas_are_registered_as_their_cards_say() {
    let home = records("132217");
    for (persona, doses) in [
        ("ordinary", 2),
        ("seven-doses", 7),
        ("gaiji", 2),
        ("one-try-left", 3),
        ("pin-blocked", 2),
        ("no-record", 0),
        ("tampered", 2),
        ("wrong-ca", 2),
        ("former-surname", 2),
        ("foreign-resident", 2),
        ("long-address", 2),
        ("expired", 2),
        ("needs-confirmation", 2),
        ("moved", 1),
        ("tampered-signature", 2),
    ] {
        let file = table(&format!("hw-sim/personas/{persona}.toml"));
        let holder = |key: &str| file["holder"][key].as_str().unwrap().to_owned();
        let entry = &home[&holder("number")];
        let birth = String::from(entry.person.birth_date.expose()).replace('-', "");
        assert_eq!(birth, holder("birth_date"), "{persona}");
        assert_eq!(entry.person.name.expose(), holder("name"), "{persona}");
        assert_eq!(entry.doses.len(), doses, "{persona}");
    }
    let elsewhere = table("hw-sim/personas/not-taking-part.toml");
    let number = elsewhere["holder"]["number"].as_str().unwrap().to_owned();
    assert!(!home.contains_key(&number));
}

#[test]
fn every_dose_is_of_a_vaccine_the_programme_knew_on_that_day() {
    let vaccines = table("issuance-center/programmes/covid-19/vaccines.toml");
    let vaccines = vaccines["vaccine"].as_array().unwrap();
    let lists = |row: &toml::Value, key: &str, text: &str| {
        let list = row[key].as_array().unwrap();
        list.iter().any(|entry| entry.as_str() == Some(text))
    };
    let day =
        |row: &toml::Value, key: &str| row[key].as_str().unwrap().parse::<PersonalDate>().unwrap();
    for code in ["132217", "131016", "141003"] {
        for dose in records(code).values().flat_map(|entry| &entry.doses) {
            assert_eq!(dose.programme.as_str(), "covid-19");
            let maker = dose.maker.as_ref().unwrap().expose();
            let known = vaccines.iter().any(|row| {
                lists(row, "names", dose.vaccine_name.expose())
                    && lists(row, "makers", maker)
                    && (day(row, "valid-from")..=day(row, "valid-until")).contains(&dose.date)
            });
            assert!(known, "{} of {maker}", dose.vaccine_name.expose());
        }
    }
}
