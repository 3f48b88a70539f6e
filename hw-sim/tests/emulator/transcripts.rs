//! The transcripts, each run against the emulator.

use std::fs;
use std::path::Path;

use hw_sim::chip::EmulatedCard;

use crate::common::Copy;

/// A part of an expected response.
enum Part {
    Exactly(Vec<u8>),
    Any(usize),
    AnyNumber,
}

#[test]
fn every_transcript_is_what_the_card_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut commands = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            commands += run(&path);
        }
    }
    assert!(commands > 150, "{commands}: transcripts are missing");
}

/// Runs a transcript, and says how many commands it had.
fn run(path: &Path) -> usize {
    let mut commands = 0;
    let mut inserted: Option<(Copy, EmulatedCard)> = None;
    for (number, line) in fs::read_to_string(path).unwrap().lines().enumerate() {
        let at = format!(
            "{}:{}: {line}",
            path.file_name().unwrap().display(),
            number + 1
        );
        let line = line.split('#').next().unwrap().trim();
        if let Some(name) = line.strip_prefix("card ") {
            let copy = Copy::of(name);
            let mut card = copy.load();
            card.power_on();
            inserted = Some((copy, card));
            continue;
        }
        if line.is_empty() {
            continue;
        }
        let (copy, card) = inserted.as_mut().expect("a transcript begins with a card");
        match line {
            "power on" => card.power_on(),
            "power off" => card.power_off(),
            "reset" => card.reset(),
            "reinsert" => {
                *card = copy.load();
                card.power_on();
            }
            _ => {
                let (command, expected) = line.split_once("=>").expect(&at);
                let response = card.transmit(&hex(command));
                assert!(
                    fits(&parts(expected), &response),
                    "{at}\ngot {}",
                    in_hex(&response)
                );
                commands += 1;
            }
        }
    }
    commands
}

fn parts(pattern: &str) -> Vec<Part> {
    let part = |word: &str| match word
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
    {
        Some(count) => Part::Any(count.parse().unwrap()),
        None if word == ".." => Part::AnyNumber,
        None => Part::Exactly(hex(word)),
    };
    pattern.split_whitespace().map(part).collect()
}

fn fits(pattern: &[Part], bytes: &[u8]) -> bool {
    match pattern {
        [] => bytes.is_empty(),
        [Part::Exactly(begin), rest @ ..] => bytes
            .strip_prefix(&begin[..])
            .is_some_and(|bytes| fits(rest, bytes)),
        [Part::Any(count), rest @ ..] => bytes.get(*count..).is_some_and(|bytes| fits(rest, bytes)),
        [Part::AnyNumber, rest @ ..] => (0..=bytes.len()).any(|skip| fits(rest, &bytes[skip..])),
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).unwrap())
        .collect();
    assert_eq!(digits.len() % 2, 0, "{text}");
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap())
        .collect()
}

fn in_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[test]
fn a_response_that_differs_does_not_fit() {
    let fits = |pattern, bytes: &[u8]| fits(&parts(pattern), bytes);
    assert!(fits(
        "FF20 .. DF <2> 9000",
        &[0xFF, 0x20, 1, 2, 0xDF, 3, 4, 0x90, 0x00]
    ));
    for wrong in [
        &[0x90, 0x01][..],
        &[0x90],
        &[0, 0x90, 0x00],
        &[0x90, 0x00, 0],
    ] {
        assert!(!fits("9000", wrong));
        assert!(!fits("<3> 9000", wrong));
    }
}
