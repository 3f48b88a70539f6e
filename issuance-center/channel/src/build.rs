//! Which build of a program this process runs.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    sync::OnceLock,
};

use issuance_api::BuildId;
use sha2::{Digest, Sha256};

/// SHA-256 of the file this process was started from, also where another one has taken its name since. It is read once.
///
/// What a program says of itself proves nothing to somebody who does not trust it already: a build that lies says what it likes. It tells an
/// operator that an old or a foreign build was left somewhere, and anybody which source to build and to compare.
///
/// # Errors
/// If the file cannot be read.
pub fn running() -> io::Result<&'static BuildId> {
    static BUILD: OnceLock<BuildId> = OnceLock::new();
    if let Some(build) = BUILD.get() {
        return Ok(build);
    }
    let mut file = BufReader::with_capacity(1 << 16, File::open("/proc/self/exe")?);
    let mut digest = Sha256::new();
    loop {
        let piece = file.fill_buf()?;
        if piece.is_empty() {
            break;
        }
        digest.update(piece);
        let length = piece.len();
        file.consume(length);
    }
    let digits: String = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let build = digits.parse().expect("32 bytes in hexadecimal digits");
    Ok(BUILD.get_or_init(|| build))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn it_is_what_sha256sum_says_of_the_programs_file() {
        let file = std::env::current_exe().unwrap();
        let said = Command::new("sha256sum").arg(file).output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        assert_eq!(said.split(' ').next(), Some(running().unwrap().as_str()));
    }
}
