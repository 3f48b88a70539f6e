//! The surface AP: what is sent to it, and every way it cannot bind.

use super::*;
use crate::era::BirthCode;
use crate::text_ap::ATTRIBUTES;
use crate::tlv::TlvError;

const TEXT_APDUS: usize = 9;

fn proof(surface: Surface) -> (MemoryCard, Proof) {
    let card = MemoryCard {
        surface,
        ..MemoryCard::default()
    };
    let proof = answered(&card, &Lengths::default()).unwrap().bind();
    (card, proof.unwrap())
}

/// Why a card with this surface AP is not bound, and what was sent to it.
fn reason(surface: Surface) -> (Unbound, Vec<Vec<u8>>) {
    let (card, proof) = proof(surface);
    assert!(*card.dropped.borrow());
    let sent = card.log.borrow()[TEXT_APDUS..].to_vec();
    match proof {
        Proof::Unbound { evidence, reason } => {
            // What the text AP proved is not lost.
            let plain = whole(&MemoryCard::default(), &Lengths::default());
            assert_eq!(Ok(evidence), plain);
            (reason, sent)
        }
        Proof::Bound(_) => panic!("bound"),
    }
}

/// Presentations of the birth code among these.
fn presented(sent: &[Vec<u8>]) -> usize {
    let with_data = |sent: &&Vec<u8>| sent[1] == ins::VERIFY && sent.len() > 4;
    sent.iter().filter(with_data).count()
}

#[test]
fn fifteen_apdus_in_all() {
    let (card, proof) = proof(Surface::default());
    let Proof::Bound(evidence) = proof else {
        panic!("bound");
    };
    assert!(evidence.has_surface());
    let log = card.log.borrow();
    assert_eq!(log.len(), 15);
    let select = [&[0x00, 0xA4, 0x04, 0x0C, 0x0A][..], &surface_ap::AID].concat();
    assert_eq!(log[9], select);
    assert_eq!(log[10], [0x00, 0x20, 0x00, 0x91]);
    // Born on 17 February 1980, 昭和55年.
    assert_eq!(log[11], *b"\x00\x20\x00\x91\x06550217");
    assert_eq!(log[12], [0x00, 0xB0, 0x81, 0x00, 0x00, 0x00, 0x00]);
    assert_eq!(log[13], [0x00, 0xB0, 0x84, 0x00, 0x00, 0x00, 0x00]);
    // The answer covers the files of both applications.
    let part = include_bytes!("../../../tests/vectors/surface-ap/surface-0001.bin");
    let certificate = include_bytes!("../../../tests/vectors/surface-ap/surface-0004.bin");
    let surface_files = [
        (surface_ap::AGE_RECORD, &part[..]),
        (surface_ap::CERTIFICATE, &certificate[..]),
    ]
    .map(|(ef, bytes)| (FileName::new(ApRole::Surface, ef), bytes));
    let both = evidence.files().named().into_iter().chain(surface_files);
    let challenge = [
        &[0x80, 0x2A, 0x00, 0x00, 0x33][..],
        &SHA256_DIGEST_INFO,
        &CONTEXT.digest(ApRole::Surface, both),
        &[0x00],
    ];
    assert_eq!(log[14], challenge.concat());
    assert!(*card.dropped.borrow());
}

#[test]
fn with_short_length_it_is_bound_too() {
    let card = MemoryCard {
        extended: false,
        ..MemoryCard::default()
    };
    let lengths = Lengths::default();
    let short = answered(&card, &lengths).unwrap().bind();
    let (_, extended) = proof(Surface::default());
    assert_eq!(short, Ok(extended));
    // 547 = 256 + 256 + 35; 568 = 256 + 256 + 56.
    let text = TEXT_APDUS + 1 + 1 + 2 + 2;
    assert_eq!(card.log.borrow().len(), text + 6 + 2 + 2);
}

#[test]
fn filler_after_the_files_is_not_evidence() {
    let card = MemoryCard {
        filler: 300,
        ..MemoryCard::default()
    };
    let padded = answered(&card, &Lengths::default()).unwrap().bind();
    assert_eq!(padded, Ok(proof(Surface::default()).1));
}

#[test]
fn the_birth_code_is_presented_once_and_never_below_half_its_tries() {
    for left in 5..=15 {
        let (card, proof) = proof(Surface {
            tries: 0x63C0 | left,
            ..Surface::default()
        });
        assert!(matches!(proof, Proof::Bound(_)), "{left}");
        assert_eq!(presented(&card.log.borrow()[TEXT_APDUS..]), 1);
    }
    for left in 0..5 {
        let (reason, sent) = reason(Surface {
            tries: 0x63C0 | u16::from(left),
            ..Surface::default()
        });
        assert_eq!(reason, Unbound::TooFewTries { remaining: left });
        // SELECT and the question, nothing else.
        assert_eq!((sent.len(), presented(&sent)), (2, 0));
    }
    let (reason, sent) = reason(Surface {
        tries: 0x6984,
        ..Surface::default()
    });
    assert_eq!(reason, Unbound::TooFewTries { remaining: 0 });
    assert_eq!(presented(&sent), 0);
}

#[test]
fn a_refused_code_is_not_tried_in_another_form() {
    for (verify, remaining) in [(0x63C9, 9), (0x63C4, 4), (0x63C0, 0), (0x6984, 0)] {
        let (reason, sent) = reason(Surface {
            verify,
            ..Surface::default()
        });
        assert_eq!(reason, Unbound::CodeRefused { remaining });
        assert_eq!((sent.len(), presented(&sent)), (3, 1));
    }
}

/// A birth date with its code, or without one.
fn born(date: &[u8; 8]) -> (MemoryCard, Option<BirthCode>) {
    let card = MemoryCard {
        birth: Some(*date),
        ..MemoryCard::default()
    };
    let file = AttributesFile::decode(&card.file(ATTRIBUTES.short_reference() & 0x1F)).unwrap();
    assert_eq!(file.attributes().birth().to_digits(), *date);
    (card, BirthCode::of(file.attributes().birth()))
}

#[test]
fn a_birth_date_without_a_code_presents_nothing() {
    let (card, code) = born(b"18600101");
    assert!(code.is_none());
    let proof = answered(&card, &Lengths::default()).unwrap().bind();
    assert!(matches!(
        proof,
        Ok(Proof::Unbound {
            reason: Unbound::NoBirthCode,
            ..
        })
    ));
    assert_eq!(card.log.borrow().len(), TEXT_APDUS);
}

#[test]
fn a_birth_date_that_was_misread_is_not_presented() {
    let attributes = include_bytes!("../../../tests/vectors/text-ap/text-0002.bin");
    let card = MemoryCard {
        misread: Some(super::born(attributes, *b"19800216")),
        ..MemoryCard::default()
    };
    let proof = answered(&card, &Lengths::default()).unwrap().bind();
    assert!(matches!(
        proof,
        Ok(Proof::Unbound {
            reason: Unbound::NotWhole,
            ..
        })
    ));
    assert_eq!(card.log.borrow().len(), TEXT_APDUS);
}

#[test]
fn unknown_months_and_days_are_presented_as_zeros() {
    for (date, code) in [
        (b"19500000", b"250000"),
        (b"19500700", b"250700"),
        (b"20190501", b"010501"),
    ] {
        let (card, _) = born(date);
        let proof = answered(&card, &Lengths::default()).unwrap().bind();
        assert!(matches!(proof, Ok(Proof::Bound(_))));
        assert_eq!(card.log.borrow()[11][5..], code[..]);
    }
}

#[test]
fn every_other_step_that_fails_has_its_reason() {
    let unexpected = |step, word: u16| Unbound::Unexpected {
        step,
        status: Status::from(word),
    };
    let sound = Surface::default;
    let mut cut = sound().record;
    cut.truncate(500);
    let mut other = sound().record;
    other[1] = 0x11;
    for (surface, expected, count) in [
        (
            Surface {
                select: 0x6A82,
                ..sound()
            },
            Unbound::NoApplication,
            1,
        ),
        (
            Surface {
                select: 0x6F00,
                ..sound()
            },
            unexpected(Step::Select, 0x6F00),
            1,
        ),
        (
            // Left presented by somebody, in an application that was just selected: no card does this.
            Surface {
                tries: 0x9000,
                ..sound()
            },
            unexpected(Step::Tries, 0x9000),
            2,
        ),
        (
            Surface {
                verify: 0x6700,
                ..sound()
            },
            unexpected(Step::Verify, 0x6700),
            3,
        ),
        (
            Surface {
                certificate: 0x6982,
                ..sound()
            },
            unexpected(Step::Read(surface_ap::CERTIFICATE), 0x6982),
            5,
        ),
        (
            Surface {
                record: other,
                ..sound()
            },
            Unbound::File(FileError::Tlv(TlvError::Missing { expected: 0xFF10 })),
            4,
        ),
        (
            // Read on for what its length announces, and nothing comes.
            Surface {
                record: cut,
                ..sound()
            },
            Unbound::File(FileError::Tlv(TlvError::Truncated)),
            5,
        ),
        (
            Surface {
                challenge: 0x6A88,
                ..sound()
            },
            unexpected(Step::Challenge, 0x6A88),
            6,
        ),
    ] {
        let (reason, sent) = reason(surface);
        assert_eq!((reason, sent.len()), (expected, count), "{expected}");
        assert!(presented(&sent) <= 1);
    }
}

#[test]
fn lifted_during_the_binding_is_an_error_and_no_reason() {
    for at in TEXT_APDUS..15 {
        let card = MemoryCard {
            lifted: Some(at),
            ..MemoryCard::default()
        };
        let bound = answered(&card, &Lengths::default()).unwrap().bind();
        assert_eq!(
            bound,
            Err(SessionError::Transport(TransportError::CardLifted))
        );
        assert_eq!(card.log.borrow().len(), at);
        assert!(*card.dropped.borrow());
    }
}

#[test]
fn neither_state_nor_reason_tells_about_the_holder() {
    let answered = answered(&MemoryCard::default(), &Lengths::default()).unwrap();
    assert_eq!(format!("{answered:?}"), "Answered(..)");
    let (_, proof) = proof(Surface {
        verify: 0x63C9,
        ..Surface::default()
    });
    let printed = format!("{proof:?}");
    for part in ["550217", "1980", "黒桐", "5376"] {
        assert!(!printed.contains(part), "{part}");
    }
}
