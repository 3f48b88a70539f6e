//! An outside judge of the emulated card: `opensc-tool`, which sends APDUs as they are.

use std::io;
use std::process::Command;

/// Sends commands, in hexadecimal, to the card on a reader, and answers with data and status word of each.
///
/// `opensc-tool` prints
/// ```text
/// Sending: 00 20 00 91
/// Received (SW1=0x63, SW2=0xC3)
/// Received (SW1=0x90, SW2=0x00):
/// FF 10 0C 32 30 31 31 31 32 33 30 34 35 31 32 FF ...201112304512.
/// ```
/// with 16 bytes a line. It sends no extended length to a card that it has no driver for.
///
/// # Errors
/// If it cannot be run, fails, or prints something else.
pub fn send(reader: &str, commands: &[&str]) -> io::Result<Vec<(Vec<u8>, u16)>> {
    let mut tool = Command::new("opensc-tool");
    tool.args(["--reader", reader]);
    for command in commands {
        tool.args(["--send-apdu", command]);
    }
    let output = tool.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let answers: Vec<_> = text.split("Received ").skip(1).filter_map(answer).collect();
    if !output.status.success() || answers.len() != commands.len() {
        return Err(io::Error::other(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ));
    }
    Ok(answers)
}

fn answer(text: &str) -> Option<(Vec<u8>, u16)> {
    let mut lines = text.lines().take_while(|line| !line.starts_with("Sending"));
    let (sw1, sw2) = lines
        .next()?
        .trim_end_matches(':')
        .strip_prefix("(SW1=0x")?
        .split_once(", SW2=0x")?;
    let status = u16::from_str_radix(&format!("{sw1}{}", sw2.strip_suffix(')')?), 16).ok()?;
    let mut data = Vec::new();
    for (row, line) in lines.enumerate() {
        // Bytes, three characters each, then the same as text, one character each; from the second row on
        // the text stands below that of the first.
        let bytes = if row == 0 {
            line.len() / 4
        } else {
            line.len().checked_sub(48)?
        };
        for column in 0..bytes {
            data.push(u8::from_str_radix(line.get(3 * column..3 * column + 2)?, 16).ok()?);
        }
    }
    Some((data, status))
}
