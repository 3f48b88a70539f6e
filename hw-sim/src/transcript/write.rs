//! Writing a line of a transcript, with data or without.

use std::fmt::Write as _;

use card::apdu::Command;
use zeroize::Zeroizing;

/// The line of a command and its answer. Without data: header and length fields of the command, status word of the
/// answer, and how many bytes there are besides.
#[must_use]
pub fn line(command: &[u8], answer: Option<&[u8]>, with_data: bool) -> Zeroizing<String> {
    let lengths = command.len() + answer.map_or(0, <[u8]>::len);
    // Room for all of it, so that growing leaves no copy behind.
    let mut line = Zeroizing::new(String::with_capacity(2 * lengths + 64));
    let data = Command::decode(command).map_or(0..command.len(), |decoded| {
        let begin = match (decoded.data().len(), decoded.is_extended()) {
            (0, _) => command.len(),
            (_, false) => 5,
            (_, true) => 7,
        };
        begin..begin + decoded.data().len()
    });
    write_hex(&mut line, &command[..data.start]);
    write_data(&mut line, &command[data.clone()], with_data);
    write_hex(&mut line, &command[data.end..]);
    line.push_str(" =>");
    match answer {
        None => line.push_str(" -"),
        Some(answer) => {
            let data = answer.len().saturating_sub(2);
            let (data, status) =
                answer.split_at(if answer.len() < 2 { answer.len() } else { data });
            write_data(&mut line, data, with_data);
            write_hex(&mut line, status);
        }
    }
    line
}

fn write_data(line: &mut String, data: &[u8], with_data: bool) {
    if with_data {
        write_hex(line, data);
    } else if !data.is_empty() {
        separate(line);
        let _ = write!(line, "<{}>", data.len());
    }
}

fn write_hex(line: &mut String, bytes: &[u8]) {
    if !bytes.is_empty() {
        separate(line);
    }
    for byte in bytes {
        // Writing into a string cannot fail.
        let _ = write!(line, "{byte:02X}");
    }
}

fn separate(line: &mut String) {
    if !line.is_empty() {
        line.push(' ');
    }
}
