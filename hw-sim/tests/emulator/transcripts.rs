//! The transcripts, each run against the emulator.

use std::fs;
use std::path::Path;

use hw_sim::chip::EmulatedCard;
use hw_sim::fault::{Faulty, Outcome};
use hw_sim::reader::Card;
use hw_sim::replay::Replayed;
use hw_sim::transcript::{Sent, Step, Transcript, line};

use crate::common::Copy;

#[test]
fn every_transcript_is_what_the_card_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut commands = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let name = path.file_name().unwrap().display().to_string();
            commands += run(&name, &fs::read_to_string(&path).unwrap());
        }
    }
    assert!(commands > 150, "{commands}: transcripts are missing");
}

/// Runs a transcript, and says how many commands it had.
fn run(name: &str, text: &str) -> usize {
    let transcript: Transcript = text
        .parse()
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut commands = 0;
    let mut inserted: Option<(Copy, EmulatedCard)> = None;
    for line in transcript.lines() {
        let at = || {
            let text = text.lines().nth(line.number - 1).unwrap();
            format!("{name}:{}: {text}", line.number)
        };
        if let Step::Card(persona) = &line.step {
            let copy = Copy::of(persona.as_str());
            let mut card = copy.load();
            card.power_on();
            inserted = Some((copy, card));
            continue;
        }
        let (copy, card) = inserted.as_mut().expect("a transcript begins with a card");
        match &line.step {
            Step::Card(_) => {}
            Step::PowerOn => card.power_on(),
            Step::PowerOff => card.power_off(),
            Step::Reset => card.reset(),
            Step::Reinsert => {
                *card = copy.load();
                card.power_on();
            }
            Step::Exchange(Sent::Masked, _) => panic!("{}: cannot be run", at()),
            Step::Exchange(Sent::Whole(command), answer) => {
                let response = card.transmit(command.expose());
                let got = line_of(&response);
                assert!(answer.fits(Some(&response)), "{}\ngot {got}", at());
                commands += 1;
            }
        }
    }
    commands
}

fn line_of(response: &[u8]) -> String {
    response.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// What a card was told, and what it answered.
fn recorded(commands: &[&[u8]]) -> String {
    let copy = Copy::of("ordinary");
    let mut card = Faulty::from(copy.load());
    card.power_on();
    let mut text = "card ordinary\n".to_owned();
    for command in commands {
        let answer = card.card_mut().transmit(command);
        text += &line(command, Some(&answer), true);
        text.push('\n');
    }
    text
}

#[test]
fn a_transcript_recorded_with_data_runs_and_replays() {
    let select = [
        0x00, 0xA4, 0x04, 0x0C, 10, 0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x08,
    ];
    let commands: [&[u8]; 5] = [
        &select,
        &[0x00, 0x20, 0x00, 0x91],
        &[0x00, 0x20, 0x00, 0x91, 4, b'1', b'2', b'3', b'4'],
        &[0x00, 0xB0, 0x81, 0x00, 0x00],
        &[0x00, 0xB0, 0x82, 0x00, 0x00, 0x00, 0x00],
    ];
    let text = recorded(&commands);
    assert_eq!(run("recorded", &text), commands.len());

    let mut replayed = Replayed::try_from(&text.parse::<Transcript>().unwrap()).unwrap();
    let copy = Copy::of("ordinary");
    let mut card = Faulty::from(copy.load());
    for _power_cycle in 0..2 {
        for card in [&mut card as &mut dyn Card, &mut replayed] {
            card.power_off();
            card.power_on();
        }
        for command in commands {
            let live = bytes(card.answer(command).outcome);
            assert!(live.ends_with(&[0x90, 0x00]) || live == [0x63, 0xC3]);
            assert!(bytes(replayed.answer(command).outcome) == live);
        }
    }
    // What was not recorded.
    assert_eq!(
        bytes(replayed.answer(&[0x00, 0xB0, 0x83, 0x00, 0x00]).outcome),
        [0x6F, 0x00]
    );
}

fn bytes(outcome: Outcome) -> Vec<u8> {
    match outcome {
        Outcome::Answer(bytes) => bytes.to_vec(),
        Outcome::Mute | Outcome::Lifted => panic!("no answer"),
    }
}
