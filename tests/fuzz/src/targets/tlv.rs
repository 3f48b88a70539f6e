use card::file::MAX_FILE;
use card::tlv::{Reader, Tlv, TlvError, Writer, announced_length, only};

use crate::seeds;

/// Objects are read whole or not at all, say their length beforehand, and can be written.
///
/// The first byte is what is announced at most, in units of 64.
pub(super) fn body(input: &[u8]) {
    let Some((limit, bytes)) = input.split_first() else {
        return;
    };
    let limit = usize::from(*limit) * 64;
    match announced_length(bytes, limit) {
        Ok(length) => {
            assert!(length <= limit);
            let whole = Reader::new(bytes).tlv();
            assert_eq!(whole.is_ok(), length <= bytes.len());
        }
        Err(error) => assert!(matches!(
            error,
            TlvError::Truncated | TlvError::Tag | TlvError::Length
        )),
    }
    objects(bytes, 0);
}

/// As deep as objects are nested on the card, and two more.
const DEPTH: usize = 6;

fn objects(bytes: &[u8], depth: usize) {
    let mut reader = Reader::new(bytes);
    let mut before = 0;
    loop {
        let at = reader.rest().len();
        match reader.tlv() {
            Ok(object) => {
                assert!(reader.rest().len() < at, "every object takes something");
                object_is_whole(&object, &bytes[before..]);
                before += object.encoded.len();
                if depth < DEPTH {
                    objects(object.value, depth + 1);
                }
            }
            Err(_) => {
                assert_eq!(reader.rest().len(), at, "an error takes nothing");
                break;
            }
        }
    }
    assert_eq!(bytes[before..], *reader.rest());
    assert_eq!(reader.finish().is_ok(), before == bytes.len());
}

fn object_is_whole(object: &Tlv<'_>, from: &[u8]) {
    let Tlv {
        tag,
        value,
        encoded,
    } = *object;
    assert!(from.starts_with(encoded) && encoded.ends_with(value));
    assert_eq!(only(encoded, tag).ok(), Some(value));
    assert_eq!(announced_length(encoded, usize::MAX), Ok(encoded.len()));
    let other = only(encoded, tag ^ 1).err();
    assert_eq!(other, Some(TlvError::Missing { expected: tag ^ 1 }));
    let shortest = Writer::new().tlv(tag, value).into_bytes();
    let long = Writer::new().long_tlv(tag, value).into_bytes();
    assert!(shortest.len() <= encoded.len() && shortest.len() <= long.len());
    for written in [shortest, long] {
        assert_eq!(only(&written, tag).ok(), Some(value));
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let files = seeds::card_files().into_iter();
    files.map(|file| [&[0x80][..], &file].concat()).collect()
}

/// As long as a file may be: one object, objects of two bytes each, and one in another.
pub(super) fn long() -> Vec<Vec<u8>> {
    let one = |length: usize| {
        let object = Writer::new().tlv(0xDF22, &vec![0xA5; length]);
        object.into_bytes()
    };
    let nested = (0..=DEPTH).fold(one(MAX_FILE - 64), |inner, _| {
        Writer::new().tlv(0xFF20, &inner).into_bytes()
    });
    let all = [one(MAX_FILE - 8), [0x90, 0x00].repeat(MAX_FILE / 2), nested];
    let all = all.map(|objects| [&[0x80][..], &objects].concat());
    all.to_vec()
}
