//! What goes over the air was computed with openssl, for the key 000102…0f:
//! `xxd -r -p | openssl enc -aes-128-cbc -K 000102030405060708090a0b0c0d0e0f -iv IV -nopad | xxd -p`,
//! IV being that of the number N, encrypted with IV 0. The emulated card is the judge of the whole.

use rsa::PrivateKey;
use rsa::traits::PublicKeyParts;

use super::*;

/// The key, and 16 bytes that are not used.
const SEED: [u8; SEED_LENGTH] =
    *b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f................";

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// Sends a command and gets this answer back; what was sent, and what came of it.
fn exchange(
    messaging: &mut Messaging,
    command: &Command,
    answer: &[u8],
    status: Status,
) -> (Vec<u8>, Result<Response, MessagingError>) {
    let mut sent = Vec::new();
    let result = messaging.exchange(command, |command| {
        sent = command.encode().to_vec();
        Ok(Response::new(answer, status))
    });
    (sent, result)
}

fn verify() -> Command {
    Command::new(0x00, ins::VERIFY, 0x00, 0x91)
        .with_data(b"1234")
        .unwrap()
}

fn select() -> Command {
    Command::new(0x00, ins::SELECT, 0x02, 0x0C)
        .with_data(&[0x00, 0x01])
        .unwrap()
}

fn read(expected: u32) -> Command {
    Command::new(0x00, ins::READ_BINARY, 0x00, 0x00)
        .expecting(expected)
        .unwrap()
}

const NUMBER_FILE: &str = "ff100c353337363836363737313838ffff";
const ANSWER_AT_3: &str = "862101c76a268c18fa814b8c6a333ecc84686796aa27b60cba7f02019767f7167ce139";

fn answer_at_3() -> Vec<u8> {
    hex(ANSWER_AT_3)
}

/// Two secured commands, so that the next one has number 3.
fn at_3() -> Messaging {
    let mut messaging = Messaging::with_seed(&SEED);
    for command in [verify(), select()] {
        let (_, result) = exchange(&mut messaging, &command, &[], Status::Success);
        assert_eq!(result, Ok(Status::Success.into()));
    }
    messaging
}

#[test]
fn commands_and_answers_are_as_computed_elsewhere() {
    let mut messaging = Messaging::with_seed(&SEED);
    let (sent, _) = exchange(&mut messaging, &verify(), &[], Status::Success);
    assert_eq!(
        sent,
        hex("0820009113861101b8d49349a0bfe272ea900230652daaef")
    );
    let (sent, _) = exchange(&mut messaging, &select(), &[], Status::Success);
    assert_eq!(
        sent,
        hex("08a4020c1386110146d4caac313b21da35e3fe7c435c3150")
    );
    let (sent, result) = exchange(
        &mut messaging,
        &read(65_536),
        &answer_at_3(),
        Status::Success,
    );
    assert_eq!(sent, hex("08b0000000000596030000000000"));
    assert_eq!(result.unwrap().data(), hex(NUMBER_FILE));
}

#[test]
fn the_expected_length_is_carried_in_two_bytes() {
    let (sent, _) = exchange(&mut at_3(), &read(0x0102), &[], Status::WrongOffset);
    assert_eq!(sent, hex("08b0000000000596030001020000"));
}

#[test]
fn whole_blocks_are_padded_by_one_more() {
    let answer =
        "862101".to_owned() + "8c73153893a90e13fd05e84aa4bf24e37fcdc04f12ced60ca48d3cd9333c02e9";
    let (_, result) = exchange(&mut at_3(), &read(65_536), &hex(&answer), Status::Success);
    assert_eq!(result.unwrap().data(), &SEED[..KEY_LENGTH]);
}

#[test]
fn refused_commands_count_and_do_not_break() {
    let mut messaging = Messaging::with_seed(&SEED);
    for status in [Status::Blocked, Status::TriesLeft(2)] {
        let (_, result) = exchange(&mut messaging, &verify(), &[], status);
        assert_eq!(result, Ok(status.into()));
    }
    let (_, result) = exchange(
        &mut messaging,
        &read(65_536),
        &answer_at_3(),
        Status::Success,
    );
    assert_eq!(result.unwrap().data(), hex(NUMBER_FILE));
}

#[test]
fn a_broken_session_sends_nothing_more() {
    for word in [0x6987, 0x6988, 0x6882, 0x69FC] {
        let mut messaging = at_3();
        let status = Status::from(word);
        let (_, result) = exchange(&mut messaging, &select(), &[], status);
        assert_eq!(result, Err(MessagingError::Broken(status)));
        let (sent, result) = exchange(&mut messaging, &select(), &[], Status::Success);
        assert_eq!(result, Err(MessagingError::Broken(status)));
        assert!(sent.is_empty() && messaging.is_broken());
    }
}

#[test]
fn no_answer_breaks_the_session() {
    let mut messaging = at_3();
    let lifted = messaging.exchange(&select(), |_| Err(MessagingError::Key));
    assert_eq!(lifted, Err(MessagingError::Key));
    assert!(messaging.is_broken());
}

#[test]
fn plain_and_garbled_answers_are_refused() {
    let good = answer_at_3();
    let with = |at: usize, byte: u8| {
        let mut answer = good.clone();
        answer[at] = byte;
        answer
    };
    let answers = [
        hex(NUMBER_FILE),
        with(0, 0x87),
        with(1, 0x20),
        with(2, 0x02),
        // One bit of the last block of ciphertext turns all of the last block of plain text.
        with(20, good[20] ^ 1),
        good[..good.len() - 1].to_vec(),
        [&good[..], &[0x00]].concat(),
        [&good[..], &good].concat(),
        hex("860101"),
        hex("8600"),
        hex("86110101010101010101010101010101010101"),
    ];
    for (case, answer) in answers.iter().enumerate() {
        let mut messaging = at_3();
        let (_, result) = exchange(&mut messaging, &read(65_536), answer, Status::Success);
        assert_eq!(result, Err(MessagingError::Answer), "case {case}");
        assert!(messaging.is_broken(), "case {case}");
    }
    let (_, result) = exchange(&mut at_3(), &read(65_536), &good, Status::WrongOffset);
    assert_eq!(result, Err(MessagingError::Answer));
}

#[test]
fn commands_without_a_secured_form_are_not_sent() {
    let sign = Command::new(0x80, ins::COMPUTE_SIGNATURE, 0x00, 0x00)
        .with_data(&[0; 51])
        .unwrap();
    let tries = Command::new(0x00, ins::VERIFY, 0x00, 0x91);
    for command in [
        sign,
        tries,
        Command::new(0x00, ins::READ_BINARY, 0x00, 0x00),
    ] {
        let mut messaging = Messaging::with_seed(&SEED);
        let (sent, result) = exchange(&mut messaging, &command, &[], Status::Success);
        assert_eq!(result, Err(MessagingError::Command));
        assert!(sent.is_empty() && !messaging.is_broken());
    }
}

fn key_pair() -> (PrivateKey, PublicKey) {
    let private = PrivateKey::new(&mut rand::rng(), 2048).unwrap();
    let public = PublicKey::from_modulus(&private.n_bytes()).unwrap();
    (private, public)
}

#[test]
fn a_seed_is_delivered_and_a_refused_one_is_replaced() {
    let (private, public) = key_pair();
    let mut seeds = Vec::new();
    let mut card = |word: u16, command: &Command| {
        let header = (command.cla, command.ins, command.p1, command.p2);
        assert_eq!(header, (0x80, 0xAE, 0x00, 0x00));
        let message = private.oaep_decrypt::<Sha256>(command.data()).unwrap();
        assert_eq!(message[..4], [0xA0, 0x22, 0x80, 0x20]);
        assert_eq!(message.len(), 36);
        seeds.push(message[4..].to_vec());
        Ok::<_, MessagingError>(Status::from(word).into())
    };
    let mut words = [0x6F00, 0x9000].into_iter();
    let mut messaging =
        Messaging::establish(&public, |command| card(words.next().unwrap(), command)).unwrap();
    let (sent, _) = exchange(&mut messaging, &select(), &[], Status::Success);

    assert_eq!(seeds.len(), 2);
    assert_ne!(seeds[0], seeds[1]);
    let mut again = Messaging::with_seed(seeds[1][..].try_into().unwrap());
    assert_eq!(
        exchange(&mut again, &select(), &[], Status::Success).0,
        sent
    );
}

#[test]
fn a_card_that_takes_no_key_is_told_apart() {
    let (_, public) = key_pair();
    for (word, error, sent) in [
        (0x6982, MessagingError::Refused(Status::SecurityStatus), 1),
        (0x6A80, MessagingError::Refused(Status::WrongData), 1),
        (0x6700, MessagingError::ExtendedLength, 1),
        (0x6F00, MessagingError::Seeds, SEEDS),
    ] {
        let mut count = 0;
        let result = Messaging::establish(&public, |_| {
            count += 1;
            Ok::<_, MessagingError>(Status::from(word).into())
        });
        assert_eq!(result.unwrap_err(), error);
        assert_eq!(count, sent);
    }
}

#[test]
fn nothing_of_a_session_is_printed() {
    assert_eq!(format!("{:?}", at_3()), "Messaging(..)");
}
