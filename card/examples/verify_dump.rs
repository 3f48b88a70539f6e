//! Verifies the text AP's files in a dump: a folder as `card dump` writes it (`text/0001.bin` to `text/0004.bin` and
//! `text/0007.bin`), or one with these files side by side, as the test vectors are (`text-0001.bin` …).
//!
//! `cargo run -p card --example verify_dump -- card/tests/vectors/text-ap card/tests/vectors/ca test-card`
//!
//! That the files are genuine says nothing about who holds them: only a card's answer to a
//! challenge does.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

use card::certificate::Certificate;
use card::evidence::TextFiles;
use card::file::FileError;
use card::text_ap::{AttributesFile, CardKeyFile, IntegrityFile, NumberFile};
use card::trust::TrustStore;
use zeroize::Zeroizing;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("verify_dump: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [dump, anchors, environment] = arguments.as_slice() else {
        return Err("usage: verify_dump DUMP ANCHORS ENVIRONMENT".into());
    };
    let trust = TrustStore::load(Path::new(anchors), environment.parse()?)?;
    let dump = Path::new(dump);
    let files = TextFiles {
        number: file(dump, "0001", NumberFile::decode)?,
        attributes: file(dump, "0002", AttributesFile::decode)?,
        integrity: file(dump, "0003", IntegrityFile::decode)?,
        certificate: file(dump, "0004", Certificate::decode)?,
        card_key: file(dump, "0007", CardKeyFile::decode)?,
    };
    files.verify(&trust)?;
    println!("genuine, signed by {}", files.certificate.subject());
    Ok(())
}

/// A file of either layout, read into its type.
fn file<T>(
    dump: &Path,
    id: &str,
    decode: impl FnOnce(&[u8]) -> Result<T, FileError>,
) -> Result<T, Box<dyn Error>> {
    let layouts = [format!("text/{id}.bin"), format!("text-{id}.bin")];
    for name in &layouts {
        match fs::read(dump.join(name)) {
            Ok(bytes) => {
                let bytes = Zeroizing::new(bytes);
                return decode(&bytes).map_err(|error| format!("{name}: {error}").into());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{name} cannot be read: {error}").into()),
        }
    }
    let [dumped, alone] = layouts;
    Err(format!("the folder has neither {dumped} nor {alone}").into())
}
