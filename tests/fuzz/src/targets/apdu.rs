use card::apdu::{Command, CommandError, Response};

use super::assert_silent;
use crate::seeds;

/// What decodes encodes to the same bytes, and is what its parts make.
pub(super) fn body(input: &[u8]) {
    match Command::decode(input) {
        Ok(command) => {
            assert_eq!(&**command.encode(), input, "a command has one encoding");
            let Command {
                cla, ins, p1, p2, ..
            } = command;
            let built = Command::new(cla, ins, p1, p2)
                .with_data(command.data())
                .and_then(|built| built.expecting(command.expected()))
                .expect("what was decoded can be built");
            assert_eq!(built.data(), command.data());
            assert_silent(
                &command,
                &format!("Command({cla:02X} {ins:02X} {p1:02X} {p2:02X} ..)"),
            );
            assert!(command.is_extended() || built == command);
        }
        Err(error) => assert_eq!(error == CommandError::Header, input.len() < 4),
    }
    match Response::decode(input) {
        Ok(response) => {
            assert_eq!(&**response.encode(), input, "a response has one encoding");
            assert_eq!(response.data().len() + 2, input.len());
            let word = u16::from(response.status);
            assert_silent(&response, &format!("Response(.. {word:04X})"));
        }
        Err(_) => assert!(input.len() < 2),
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut commands = seeds::transcripts().concat();
    commands.sort();
    commands.dedup();
    commands
}

/// The longest command there is, and the longest response.
pub(super) fn long() -> Vec<Vec<u8>> {
    let data = vec![0x5A; usize::from(u16::MAX)];
    let command = Command::new(0x00, 0xD6, 0, 0)
        .with_data(&data)
        .and_then(|command| command.expecting(1 << 16))
        .expect("as long as a command may be");
    vec![
        command.encode().to_vec(),
        [&data[..], &[0x5A, 0x90, 0x00]].concat(),
    ]
}
