//! Verifies a dump of a card's files: a folder with `text-0001.bin` … `text-0004.bin` and
//! `text-0007.bin`.
//!
//! `cargo run -p card --example verify_dump -- card/tests/vectors/text-ap card/tests/vectors/ca test-card`
//!
//! That the files are genuine says nothing about who holds them: only a card's answer to a
//! challenge does.
#![allow(clippy::print_stdout)]

use std::path::Path;

use card::certificate::Certificate;
use card::evidence::TextFiles;
use card::text_ap::{AttributesFile, CardKeyFile, IntegrityFile, NumberFile};
use card::trust::TrustStore;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [dump, anchors, environment] = arguments.as_slice() else {
        return Err("usage: verify_dump DUMP ANCHORS ENVIRONMENT".into());
    };
    let trust = TrustStore::load(Path::new(anchors), environment.parse()?)?;
    let file = |id: &str| std::fs::read(Path::new(dump).join(format!("text-{id}.bin")));
    let files = TextFiles {
        number: NumberFile::decode(&file("0001")?)?,
        attributes: AttributesFile::decode(&file("0002")?)?,
        integrity: IntegrityFile::decode(&file("0003")?)?,
        certificate: Certificate::decode(&file("0004")?)?,
        card_key: CardKeyFile::decode(&file("0007")?)?,
    };
    files.verify(&trust)?;
    println!("genuine, signed by {}", files.certificate.subject());
    Ok(())
}
