//! An outside judge of the emulated card: OpenSC. `opensc-tool` sends APDUs as they are; `pkcs15-tool` and
//! `pkcs11-tool` read and sign with its own driver for the JPKI AP.

use std::io;
use std::path::Path;
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

/// What OpenSC takes the card for: `opensc-tool --name`.
///
/// # Errors
/// If it cannot be run or fails.
pub fn name(reader: &str) -> io::Result<String> {
    let output = run("opensc-tool", &["--reader", reader, "--name"])?;
    Ok(String::from_utf8_lossy(&output).trim().to_owned())
}

/// Labels of the certificates on the card, with OpenSC's ids: `pkcs15-tool --list-certificates`.
///
/// # Errors
/// If it cannot be run or fails.
pub fn certificates(reader: &str) -> io::Result<Vec<(String, String)>> {
    let output = run("pkcs15-tool", &["--reader", reader, "--list-certificates"])?;
    let text = String::from_utf8_lossy(&output);
    // X.509 Certificate [LABEL], then indented lines, among them `ID : 01`.
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if let Some(label) = line.strip_prefix("X.509 Certificate [") {
            found.push((label.trim_end_matches(']').to_owned(), String::new()));
        } else if let (Some((_, id)), Some((key, value))) = (found.last_mut(), line.split_once(':'))
            && key.trim() == "ID"
        {
            value.trim().clone_into(id);
        }
    }
    Ok(found)
}

/// A certificate in PEM, by OpenSC's id; `pin` with the id of its PIN where the certificate is not free:
/// `pkcs15-tool --read-certificate`.
///
/// # Errors
/// If it cannot be run or fails.
pub fn certificate(reader: &str, id: &str, pin: Option<(&str, &str)>) -> io::Result<String> {
    let mut arguments = vec!["--reader", reader];
    if let Some((auth, pin)) = pin {
        arguments.extend(["--verify-pin", "--auth-id", auth, "--pin", pin]);
    }
    arguments.extend(["--read-certificate", id]);
    let output = run("pkcs15-tool", &arguments)?;
    let text = String::from_utf8_lossy(&output);
    let begin = text.find("-----BEGIN").ok_or(io::ErrorKind::InvalidData)?;
    Ok(text[begin..].to_owned())
}

/// Signs a file with a key of the card, by OpenSC's id, through PKCS#11: `pkcs11-tool --login --sign`.
///
/// # Errors
/// If it cannot be run or fails: a wrong PIN, another token.
pub fn sign(token: &str, pin: &str, id: &str, file: &Path, to: &Path) -> io::Result<()> {
    let [file, to] = [file, to].map(|path| path.to_string_lossy().into_owned());
    let arguments = [
        "--token-label",
        token,
        "--login",
        "--pin",
        pin,
        "--sign",
        "--mechanism",
        "SHA256-RSA-PKCS",
        "--id",
        id,
        "--input-file",
        &file,
        "--output-file",
        &to,
    ];
    run("pkcs11-tool", &arguments).map(drop)
}

fn run(program: &str, arguments: &[&str]) -> io::Result<Vec<u8>> {
    let output = Command::new(program).args(arguments).output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(io::Error::other(said))
    }
}
