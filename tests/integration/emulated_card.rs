//! The emulated card through a real `pcscd`, judged by programs that never heard of this project.

use std::path::Path;
use std::time::Duration;

use hw_sim::chip::EmulatedCard;
use hw_sim::personalize::personalize;
use hw_sim::reader::{Slot, Stay};
use myna_card::data::Sex;
use stage::judges::myna::{self, Checks};
use stage::judges::opensc;
use stage::pcscd::Pcscd;
use stage::process::poll;
use tempfile::TempDir;

use crate::support::alone_with_pcsc;

const READER: &str = "Virtual PCD 00 00";

#[test]
fn outside_programs_agree_with_the_emulated_card() {
    let _alone = alone_with_pcsc();
    let service = Pcscd::start().unwrap();
    let out = TempDir::new().unwrap();
    let personas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hw-sim/personas");
    personalize(&personas, out.path(), false).unwrap();
    let anchor = out.path().join("anchors/text-9000033.pem");
    let mut slot = Slot::new(service.port());
    let mut insert = |persona: &str| {
        let card = EmulatedCard::load(&out.path().join("cards").join(persona)).unwrap();
        slot.insert(card, Stay::UntilRemoved).unwrap();
    };
    // The service notices a card within half a second.
    let read = |pin| {
        poll(Duration::from_secs(5), || {
            myna::read(READER, pin, &anchor).ok()
        })
    };

    insert("ordinary");
    let ordinary = read("1234").expect("myna-card reads the card");
    assert_eq!(ordinary.tries, Some(3));
    assert_eq!(ordinary.number, "201112304512");
    assert_eq!(ordinary.name, "青葉　さくら");
    assert_eq!(ordinary.address, "東京都清瀬市旭が丘９丁目９９番９号");
    assert_eq!(
        (ordinary.birth_date, ordinary.sex),
        ((1985, 4, 12), Sex::Female)
    );
    assert_eq!(
        (&*ordinary.issuer, &*ordinary.signer),
        ("9000033", "1322131")
    );
    assert_eq!(ordinary.checks, Checks::ALL);

    let answers = opensc::send(
        READER,
        &[
            "00A4040C0AD3921000310001010408",
            "00200091",
            "00B0810000",
            "002000910430303030",
            "002000910431323334",
            "00B0810000",
            "00A4040C0AD3921000310001010409",
            "00B0850001",
        ],
    );
    let number = [&[0xFF, 0x10, 0x0C], &b"201112304512"[..], &[0xFF, 0xFF]].concat();
    let expected = [
        (vec![], 0x9000),
        (vec![], 0x63C3),
        (vec![], 0x6982),
        (vec![], 0x63C2),
        (vec![], 0x9000),
        (number, 0x9000),
        (vec![], 0x6A82),
        (vec![0xFF], 0x9000),
    ];
    assert_eq!(answers.unwrap(), expected);

    for (persona, checks) in [
        ("gaiji", Checks::ALL),
        (
            "copy",
            Checks {
                challenge: false,
                ..Checks::ALL
            },
        ),
        (
            "tampered",
            Checks {
                attributes_digest: false,
                ..Checks::ALL
            },
        ),
        (
            "wrong-ca",
            Checks {
                certificate: false,
                ..Checks::ALL
            },
        ),
    ] {
        insert(persona);
        // The number tells that it is this card already, and not the one before.
        let reading = poll(Duration::from_secs(5), || {
            let reading = myna::read(READER, "1234", &anchor).ok()?;
            (persona == "copy" || reading.number != ordinary.number).then_some(reading)
        });
        assert_eq!(reading.expect(persona).checks, checks, "{persona}");
    }
}
