//! What center and record system say of themselves: events of a closed vocabulary, and nothing about anybody.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use issuance_api::ProblemCode;
use serde_json::Value;
use stage::applicant::Applicant;
use stage::experiment::vocabulary::Vocabulary;
use stage::process::Program;
use stage::world::{Options, World, repository};
use toml::Table;

use crate::support::{HOME, block_on, preview, refusal, ticket, until};

/// Everything a persona's file says of its holder, but for the municipality and what is too short to be anybody's.
fn personal(persona: &str) -> Vec<String> {
    let file = repository().join("hw-sim/personas").join(persona);
    let file: Table = fs::read_to_string(file.with_extension("toml"))
        .unwrap()
        .parse()
        .unwrap();
    let holder = file["holder"].as_table().unwrap();
    let text = |key: &str| holder[key].as_str().unwrap().to_owned();
    let born = text("birth_date");
    let (year, rest) = born.split_at(4);
    let (month, day) = rest.split_at(2);
    let dashed = format!("{year}-{month}-{day}");
    let name = text("name");
    let names = name.split('\u{3000}').map(str::to_owned);
    let mut said: Vec<String> = names.collect();
    said.extend([text("number"), text("address"), born.clone(), dashed]);
    said
}

/// A text as it is, in hexadecimal, and in base64 wherever it may begin in a longer one.
fn disguises(text: &str) -> Vec<String> {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut all = vec![text.to_owned(), hex.to_uppercase(), hex];
    for shift in 0..3 {
        let mut bytes = vec![0; shift];
        bytes.extend(text.as_bytes());
        // Characters that also hold bits of a neighbour are left off on both sides.
        let whole = bytes.len() * 8 / 6;
        let standard = STANDARD_NO_PAD.encode(&bytes);
        let inner = &standard[(shift * 8).div_ceil(6)..whole];
        all.push(inner.to_owned());
        all.push(inner.replace('+', "-").replace('/', "_"));
    }
    all
}

/// The lines of a program that has ended, each parsed.
fn events(program: &mut Option<Program>) -> Vec<BTreeMap<String, Value>> {
    let mut program = program.take().unwrap();
    assert!(program.end().unwrap().success());
    let lines = program.log.all();
    lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no event: {line}")))
        .collect()
}

/// Every step, and most of what can go wrong in one.
async fn everything(world: &World) {
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    let state = preview(world, &applicant, "ordinary").await.state;
    applicant.issue(&state).await.unwrap();
    applicant.delivered(&state).await.unwrap();
    let left = Applicant::new(world.terminal("kiosk-0001"));
    let state = preview(world, &left, "gaiji").await.state;
    let card = left.issue(&state).await.unwrap();
    until(async || world.is_revoked(card.jws.expose()).unwrap()).await;

    for (persona, expected) in [
        ("tampered", ProblemCode::CardDataAltered),
        ("wrong-ca", ProblemCode::CardIssuerUnknown),
    ] {
        let applicant = Applicant::new(world.terminal("kiosk-0001"));
        let refused = applicant.identify(world.ground.card(persona)).await;
        assert_eq!(refusal(refused), expected);
    }
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    let held = ticket(world, &applicant, "no-record").await;
    for (municipality, expected) in [
        (HOME, ProblemCode::NoRecord),
        ("131016", ProblemCode::NoSuchPerson),
        ("011002", ProblemCode::MunicipalityNotTakingPart),
    ] {
        let asked = applicant.inquire(&held, municipality.parse().unwrap());
        assert_eq!(refusal(asked.await), expected);
    }
    let other = Applicant::new(world.terminal("kiosk-0001"));
    assert!(other.inquire(&held, HOME.parse().unwrap()).await.is_err());
    assert!(other.issue(&state).await.is_err());
    assert!(other.issue(&held).await.is_err());
    assert!(world.terminal("kiosk-revoked").pinned().await.is_err());

    // A signer's list that is broken, a signer refused, a municipality's key that is another's.
    let list = world.ground.path("center/lists/refused-signers.txt");
    fs::write(&list, "見本\n").unwrap();
    ticket(world, &applicant, "ordinary").await;
    let key = |code: &str| world.ground.path(&format!("vrs/keys/{code}.key"));
    let right = fs::read(key(HOME)).unwrap();
    fs::copy(key("131016"), key(HOME)).unwrap();
    fs::rename(
        world.ground.path(&format!("vrs/data/{HOME}.sqlite")),
        world.ground.path("vrs/data/away"),
    )
    .unwrap();
    let held = ticket(world, &applicant, "ordinary").await;
    let asked = applicant.inquire(&held, HOME.parse().unwrap()).await;
    assert_eq!(refusal(asked), ProblemCode::RecordsUnavailable);
    fs::write(key(HOME), right).unwrap();
}

#[test]
fn what_is_logged_is_closed_and_says_nothing_of_anybody() {
    let mut world = World::start(&Options {
        vrs: |config| {
            let lifetimes = config["lifetimes"].as_table_mut().unwrap();
            lifetimes.insert("reservation_seconds".to_owned(), 5.into());
        },
        center: |config| {
            config.insert("revocations_seconds".to_owned(), 1.into());
        },
        ..Options::default()
    })
    .unwrap();
    block_on(everything(&world));
    let mut said = events(&mut world.center);
    said.extend(events(&mut world.vrs));

    let mut forbidden: Vec<String> = Vec::new();
    for persona in ["ordinary", "gaiji", "no-record", "tampered", "wrong-ca"] {
        forbidden.extend(personal(persona).iter().flat_map(|it| disguises(it)));
    }
    forbidden.extend(disguises("1234"));
    let vocabulary = Vocabulary::load().unwrap();
    for mut event in said.clone() {
        let line = serde_json::to_string(&event).unwrap();
        assert_eq!(vocabulary.fault(&line), None, "{line}");
        // Four digits alone are in many a number.
        event.remove("at");
        let text = serde_json::to_string(&event).unwrap();
        for each in &forbidden {
            assert!(!text.contains(each), "{each} in {text}");
        }
    }
    // What went wrong was told: the test heard what it is about.
    for expected in [
        "ready",
        "stopped",
        "lapsed",
        "listener",
        "refused-signers-unreadable",
        "records-unavailable",
    ] {
        let told = said.iter().any(|event| event["event"] == *expected);
        assert!(told, "{expected} was not told");
    }
}

#[test]
fn the_search_finds_what_it_searches_for() {
    let number = "201112304512";
    let hidden = STANDARD_NO_PAD.encode(format!("xy{number}z"));
    assert!(disguises(number).iter().any(|it| hidden.contains(it)));
}
