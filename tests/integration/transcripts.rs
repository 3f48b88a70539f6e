//! The transcripts against a card on a reader: here an emulated one, on a real `pcscd`.

use std::fs;

use card::pcsc::Pcsc;
use card::pin::Pin;
use hw_sim::chip::EmulatedCard;
use hw_sim::personalize::personalize;
use hw_sim::reader::{Slot, Stay};
use hw_sim::transcript::Transcript;
use stage::pcscd::Pcscd;
use stage::persona::personalized;
use stage::process::poll;
use stage::transcripts::{Once, Outcome, Skipped, examine, parts, run};
use stage::world::repository;
use tempfile::TempDir;

use crate::support::alone_with_pcsc;

#[test]
fn one_verify_is_sent_and_never_a_wrong_pin() {
    let _alone = alone_with_pcsc();
    let folder = TempDir::new().unwrap();
    let personas = folder.path().join("personas");
    fs::create_dir(&personas).unwrap();
    let ordinary = fs::read_to_string(repository().join("hw-sim/personas/ordinary.toml")).unwrap();
    // Another PIN than the transcripts', as on a real card.
    let ordinary = format!("{ordinary}\n[card]\npin = \"8520\"\n");
    fs::write(personas.join("ordinary.toml"), ordinary).unwrap();
    personalize(&personas, folder.path(), false).unwrap();
    let service = Pcscd::start().unwrap();
    let mut slot = Slot::new(service.port());
    let card = EmulatedCard::load(&folder.path().join("cards/ordinary")).unwrap();
    slot.insert(card, Stay::UntilRemoved).unwrap();
    let pcsc = Pcsc::open().unwrap();
    let reader = poll(std::time::Duration::from_secs(10), || {
        let reader = pcsc.readers().ok()?.into_iter().next()?;
        pcsc.transport(&reader).is_ok().then_some(reader)
    });
    let reader = reader.expect("pcscd notices the card");

    let mut pin = Once::new(Some(Pin::try_from("8520").unwrap()));
    let (mut commands_in_all, mut skipped, mut differing) = (0, Vec::new(), Vec::new());
    let mut files: Vec<_> = fs::read_dir(repository().join("hw-sim/tests/transcripts"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    for path in files {
        let name = path.file_stem().unwrap().display().to_string();
        let transcript: Transcript = fs::read_to_string(&path).unwrap().parse().unwrap();
        for part in parts(&transcript) {
            match run(part, &mut pin, || pcsc.transport(&reader)) {
                Outcome::Run {
                    commands,
                    differences,
                } => {
                    commands_in_all += commands;
                    differing.extend(differences.into_iter().map(|line| format!("{name} {line}")));
                }
                Outcome::Skipped(reason) => skipped.push(reason),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
    assert!(commands_in_all > 30, "{commands_in_all}");
    assert_eq!(differing, [""; 0]);
    assert!(
        skipped
            .iter()
            .any(|reason| matches!(reason, Skipped::Wrong(_)))
    );
    let presented = slot
        .trace()
        .exchanges()
        .into_iter()
        .filter(|apdu| apdu.header[1] == 0x20 && apdu.sent > 0);
    let statuses: Vec<_> = presented.map(|apdu| apdu.status).collect();
    assert_eq!(statuses, [0x9000]);
}

#[test]
fn a_part_is_examined_before_anything_of_it_is_sent() {
    let select = "00A4040C0A D3921000310001010408 => 9000\n";
    let verify = "0020009104 31323334 => 9000\n";
    let cases = [
        (
            format!("card gaiji\n{select}"),
            Err(Skipped::Persona("gaiji".into())),
        ),
        (format!("card ordinary\n{select}{verify}"), Ok(Some(3))),
        (format!("card ordinary\n{select}"), Ok(None)),
        (
            format!("card ordinary\n{select}{verify}{verify}"),
            Err(Skipped::Second(4)),
        ),
        (
            format!("card ordinary\n{select}0020009104 30303030 => 63C2\n"),
            Err(Skipped::Wrong(3)),
        ),
        // The right digits, but not to the PIN; to nothing; or not expected to be right.
        (
            format!("card ordinary\n{select}0020009404 31323334 => 9000\n"),
            Err(Skipped::Wrong(3)),
        ),
        (format!("card ordinary\n{verify}"), Err(Skipped::Wrong(2))),
        (
            format!("card ordinary\n{select}power off\n{verify}"),
            Err(Skipped::Wrong(4)),
        ),
        (
            format!("card ordinary\n{select}0020009104 31323334 => 6984\n"),
            Err(Skipped::Wrong(3)),
        ),
        (
            "card ordinary\n00240091 => 6D00\n".into(),
            Err(Skipped::Unknown(2)),
        ),
        (
            "card ordinary\nFF00000000 => 6E00\n".into(),
            Err(Skipped::Unknown(2)),
        ),
        (
            "card ordinary\n00B0 => 6700\n".into(),
            Err(Skipped::Unknown(2)),
        ),
        ("card ordinary\nreset\n".into(), Err(Skipped::Reset(2))),
        (
            "card ordinary\n0020009104 <4> => 9000\n".into(),
            Err(Skipped::Masked(2)),
        ),
    ];
    for (text, expected) in cases {
        let transcript: Transcript = text.parse().unwrap();
        let part = parts(&transcript).next().unwrap();
        assert_eq!(examine(part), expected, "{text}");
    }
}

#[test]
fn a_card_with_one_try_left_is_not_presented_a_pin() {
    let folder = personalized(&["one-try-left"]).unwrap();
    let mut card = EmulatedCard::load(&folder.path().join("cards/one-try-left")).unwrap();
    let text =
        "card ordinary\n00A4040C0A D3921000310001010408 => 9000\n0020009104 31323334 => 9000\n";
    let transcript: Transcript = text.parse().unwrap();
    let part = parts(&transcript).next().unwrap();
    let mut given = Some(&mut card);
    let mut connect = || {
        let card = given
            .take()
            .ok_or(card::transport::TransportError::NoCard)?;
        Ok(card.powered())
    };
    let mut pin = Once::new(Some(Pin::try_from("1234").unwrap()));
    assert_eq!(run(part, &mut pin, &mut connect), Outcome::TooFewTries(3));
    // It is spent all the same.
    assert_eq!(
        run(part, &mut pin, &mut connect),
        Outcome::Skipped(Skipped::NoPin(3))
    );
}
