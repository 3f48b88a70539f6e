//! Secure messaging of the text AP, with the terminal's half worked out here block by block: no mode of
//! operation and no padding of any library.

use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use card::text_ap::decode_messaging_key;
use hw_sim::chip::EmulatedCard;
use rsa::pkcs8::DecodePublicKey;

use crate::common::Copy;

const TEXT: [u8; 15] = [
    0x00, 0xA4, 0x04, 0x0C, 10, 0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x08,
];
const PIN: [u8; 9] = [0x00, 0x20, 0x00, 0x91, 4, b'1', b'2', b'3', b'4'];
const CODE_A: &[u8] = b"201112304512";
const SEED: [u8; 32] = *b"a seed of 32 bytes, not random!!";

/// A terminal that knows the key and counts.
struct Terminal {
    key: Aes128,
    counter: u128,
}

impl Terminal {
    fn iv(&self) -> [u8; 16] {
        let mut block = self.counter.to_be_bytes().into();
        self.key.encrypt_block(&mut block);
        block.into()
    }

    /// `86 len 01 <ciphertext>` for the next command.
    fn conceal(&mut self, plain: &[u8]) -> Vec<u8> {
        self.counter += 1;
        let mut padded = [plain, &[0x80]].concat();
        padded.resize(padded.len().next_multiple_of(16), 0);
        let (mut before, mut object) = (self.iv(), vec![0x01]);
        for block in padded.chunks(16) {
            let mut xored = [0; 16];
            for (to, (a, b)) in xored.iter_mut().zip(block.iter().zip(before)) {
                *to = a ^ b;
            }
            let mut xored = xored.into();
            self.key.encrypt_block(&mut xored);
            before = xored.into();
            object.extend_from_slice(&before);
        }
        [&[0x86, u8::try_from(object.len()).unwrap()], &object[..]].concat()
    }

    /// What an answer of the last command says.
    fn reveal(&self, answer: &[u8]) -> Vec<u8> {
        let (data, status) = answer.split_at(answer.len() - 2);
        assert_eq!(status, [0x90, 0x00]);
        let object = card::tlv::only(data, 0x86).unwrap();
        assert_eq!(object[0], 0x01);
        let (mut before, mut plain) = (self.iv(), Vec::new());
        for block in object[1..].chunks(16) {
            let ciphertext: [u8; 16] = block.try_into().unwrap();
            let mut decrypted = ciphertext.into();
            self.key.decrypt_block(&mut decrypted);
            let decrypted: [u8; 16] = decrypted.into();
            plain.extend(decrypted.iter().zip(before).map(|(a, b)| a ^ b));
            before = ciphertext;
        }
        while plain.pop().unwrap() != 0x80 {}
        plain
    }
}

/// A command that breaks a session, and what it is answered.
type Breaking = fn(&mut Terminal) -> (Vec<u8>, u16);

fn secured(ins: u8, p1: u8, p2: u8, object: &[u8]) -> Vec<u8> {
    let length = u8::try_from(object.len()).unwrap();
    [&[0x08, ins, p1, p2, length], object].concat()
}

/// READ BINARY of so many bytes of an EF by its short id, 0 for all.
fn read(short: u8, length: u16) -> Vec<u8> {
    let [high, low] = length.to_be_bytes();
    let header = [0x08, 0xB0, 0x80 | short, 0x00, 0x00, 0x00, 0x05];
    [&header[..], &[0x96, 0x03, 0x00, high, low, 0x00, 0x00]].concat()
}

fn delivery(message: &[u8], card: &EmulatedCard) -> Vec<u8> {
    let file = card
        .memory()
        .file(hw_sim::ap::Ap::Text, card::text_ap::MESSAGING_KEY);
    let key = decode_messaging_key(file.unwrap()).unwrap();
    let key = rsa::PublicKey::new(
        rsa::BoxedUint::from_be_slice_vartime(key.modulus()),
        rsa::BoxedUint::from(65537u32),
    )
    .unwrap();
    deliver(&key.oaep_encrypt::<sha2::Sha256>(message).unwrap())
}

fn deliver(ciphertext: &[u8]) -> Vec<u8> {
    [&[0x80, 0xAE, 0x00, 0x00, 0x00, 0x01, 0x00], ciphertext].concat()
}

fn with_pin() -> (Copy, EmulatedCard) {
    let copy = Copy::of("ordinary");
    let mut card = copy.load();
    card.power_on();
    assert_eq!(*card.transmit(&TEXT), [0x90, 0x00]);
    assert_eq!(*card.transmit(&PIN), [0x90, 0x00]);
    (copy, card)
}

fn open() -> (Copy, EmulatedCard, Terminal) {
    let (copy, mut card) = with_pin();
    let message = [&[0xA0, 0x22, 0x80, 0x20], &SEED[..]].concat();
    let command = delivery(&message, &card);
    assert_eq!(*card.transmit(&command), [0x90, 0x00]);
    let key = Aes128::new_from_slice(&SEED[..16]).unwrap();
    (copy, card, Terminal { key, counter: 0 })
}

#[test]
fn files_and_codes_go_concealed() {
    let (_copy, mut card, mut terminal) = open();
    let verify = secured(0x20, 0x00, 0x94, &terminal.conceal(CODE_A));
    assert_eq!(*card.transmit(&verify), [0x90, 0x00]);
    let select = secured(0xA4, 0x02, 0x0C, &terminal.conceal(&[0x00, 0x01]));
    assert_eq!(*card.transmit(&select), [0x90, 0x00]);
    for (ef, length, expected) in [(0, 0, 17), (1, 5, 5), (4, 0, 568), (3, 0x100, 0x100)] {
        terminal.counter += 1;
        let plain = terminal.reveal(&card.transmit(&read(ef, length)));
        assert_eq!(plain.len(), expected);
        let in_the_clear = card.transmit(&[0x00, 0xB0, 0x80 | ef, 0, 0, 0, 0]);
        assert_eq!(
            plain,
            in_the_clear[..expected],
            "plain commands do not count"
        );
    }
    // The long form of a length is as good.
    let object = terminal.conceal(CODE_A);
    let long = [&[0x86, 0x81], &object[1..]].concat();
    assert_eq!(*card.transmit(&secured(0x20, 0, 0x94, &long)), [0x90, 0x00]);
}

#[test]
fn a_refused_command_counts_and_the_session_goes_on() {
    let (_copy, mut card, mut terminal) = open();
    let refused = [
        (secured(0x20, 0, 0x92, &terminal.conceal(b"1234")), 0x6984),
        (secured(0x20, 0, 0x91, &terminal.conceal(b"0000")), 0x63C2),
        (
            secured(0xA4, 2, 0x0C, &terminal.conceal(&[0, 0x30])),
            0x6A82,
        ),
    ];
    for (command, status) in refused {
        assert_eq!(*card.transmit(&command), u16::to_be_bytes(status));
    }
    // A wrong PIN takes back what the right one gave: the file is closed, the session is not.
    terminal.counter += 1;
    assert_eq!(*card.transmit(&read(1, 0)), [0x69, 0x82]);
    terminal.counter += 1;
    assert_eq!(terminal.reveal(&card.transmit(&read(4, 2))), [0x7F, 0x21]);
}

#[test]
fn what_breaks_a_session_ends_it() {
    let breaking: [Breaking; 11] = [
        |_| (vec![0x0C, 0xB0, 0x84, 0x00, 0x01], 0x6987),
        |_| (vec![0x08, 0xB0, 0x84, 0x00, 0x01], 0x6987),
        |_| (vec![0x08, 0x20, 0x00, 0x91], 0x6987),
        |_| (vec![0x08, 0x2A, 0x00, 0x00], 0x6882),
        // Another object than the command takes; two of them; another indicator; no whole block.
        |terminal| (secured(0xB0, 0x84, 0, &terminal.conceal(&[0, 0])), 0x6988),
        |_| (secured(0x20, 0, 0x91, &[0x96, 0x03, 0, 0, 0]), 0x6988),
        |terminal| {
            let object = terminal.conceal(b"1234");
            (secured(0x20, 0, 0x91, &object.repeat(2)), 0x6988)
        },
        |terminal| {
            let mut object = terminal.conceal(b"1234");
            object[2] = 0x02;
            (secured(0x20, 0, 0x91, &object), 0x6988)
        },
        |terminal| {
            let mut object = terminal.conceal(b"1234");
            object.pop();
            object[1] -= 1;
            (secured(0x20, 0, 0x91, &object), 0x6988)
        },
        |_| (secured(0xB0, 0x84, 0, &[0x96, 0x02, 0, 0]), 0x6988),
        // A counter that is one ahead.
        |terminal| {
            terminal.counter += 1;
            (secured(0x20, 0, 0x91, &terminal.conceal(b"1234")), 0x6988)
        },
    ];
    for (case, breaking) in breaking.into_iter().enumerate() {
        let (_copy, mut card, mut terminal) = open();
        let (command, status) = breaking(&mut terminal);
        assert_eq!(*card.transmit(&command), u16::to_be_bytes(status), "{case}");
        assert_eq!(*card.transmit(&read(4, 2)), [0x69, 0xFC], "{case}");
        let tries = card.transmit(&[0x00, 0x20, 0x00, 0x91]);
        assert_eq!(*tries, [0x63, 0xC3], "{case}: no try is spent");
        let message = [&[0xA0, 0x22, 0x80, 0x20], &SEED[..]].concat();
        let again = delivery(&message, &card);
        assert_eq!(*card.transmit(&again), [0x90, 0x00], "{case}");
    }
}

#[test]
fn a_session_is_the_card_s_until_its_application_is_left() {
    let (_copy, mut card, mut terminal) = open();
    // A closed connection is a warm reset, or nothing at all.
    card.reset();
    card.power_on();
    terminal.counter += 1;
    assert_eq!(terminal.reveal(&card.transmit(&read(4, 2))), [0x7F, 0x21]);
    assert_eq!(*card.transmit(&TEXT), [0x90, 0x00]);
    terminal.counter += 1;
    assert_eq!(terminal.reveal(&card.transmit(&read(4, 2))), [0x7F, 0x21]);
    let manager = [0x00, 0xA4, 0x04, 0x0C, 7, 0xA0, 0, 0, 1, 0x51, 0, 0];
    assert_eq!(*card.transmit(&manager), [0x90, 0x00]);
    assert_eq!(*card.transmit(&TEXT), [0x90, 0x00]);
    assert_eq!(*card.transmit(&read(4, 2)), [0x69, 0xFC]);

    let (_copy, mut card, _) = open();
    card.power_off();
    card.power_on();
    assert_eq!(*card.transmit(&TEXT), [0x90, 0x00]);
    assert_eq!(*card.transmit(&read(4, 2)), [0x69, 0xFC]);
}

#[test]
fn a_key_is_taken_after_the_pin_and_in_its_form_alone() {
    let message = [&[0xA0, 0x22, 0x80, 0x20], &SEED[..]].concat();
    let copy = Copy::of("ordinary");
    let mut card = copy.load();
    card.power_on();
    let command = delivery(&message, &card);
    assert_eq!(*card.transmit(&TEXT), [0x90, 0x00]);
    assert_eq!(*card.transmit(&command), [0x69, 0x82]);
    let code_a = [&[0x00, 0x20, 0x00, 0x94, 12], CODE_A].concat();
    assert_eq!(*card.transmit(&code_a), [0x90, 0x00]);
    assert_eq!(*card.transmit(&command), [0x69, 0x82]);

    let (_copy, mut card) = with_pin();
    let mac_key = [&[0xA0, 0x22, 0x81, 0x20], &SEED[..]].concat();
    let both = [&[0xA0, 0x44, 0x80, 0x20], &SEED[..], &[0x81, 0x20], &SEED].concat();
    let short = [&[0xA0, 0x12, 0x80, 0x10], &SEED[..16]].concat();
    for wrong in [&mac_key, &both, &short, &SEED.to_vec()] {
        let command = delivery(wrong, &card);
        assert_eq!(*card.transmit(&command), [0x6A, 0x80]);
    }
    // Encrypted under another key; not below the modulus; not as long as the modulus.
    let pem = std::fs::read_to_string(crate::common::made().join("anchors/text-9000033.pem"));
    let pem = pem.unwrap();
    let begin = pem.find("-----BEGIN").unwrap();
    let other = rsa::PublicKey::from_public_key_pem(&pem[begin..]).unwrap();
    let mut ciphertext = other.oaep_encrypt::<sha2::Sha256>(&message).unwrap();
    ciphertext[0] = 0;
    assert_eq!(*card.transmit(&deliver(&ciphertext)), [0x6A, 0x80]);
    assert_eq!(*card.transmit(&deliver(&[0xFF; 256])), [0x6F, 0x00]);
    let short = [&[0x80, 0xAE, 0, 0, 0xFF][..], &[1; 255]].concat();
    assert_eq!(*card.transmit(&short), [0x67, 0x00]);
    let parameters = [&[0x80, 0xAE, 0, 1, 0, 1, 0][..], &[1; 256]].concat();
    assert_eq!(*card.transmit(&parameters), [0x6A, 0x86]);
    // None of it opened a session.
    assert_eq!(*card.transmit(&read(4, 2)), [0x69, 0xFC]);
}
