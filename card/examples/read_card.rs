//! Reads the card on the first reader that has one, has it sign a challenge, and verifies all of it.
//!
//! `cargo run -p card --features pcsc --example read_card -- ANCHORS ENVIRONMENT`
//!
//! ANCHORS is a folder of trust anchor files, ENVIRONMENT one of production, test-card, emulator.
//! Mind your own card: three wrong PINs lock it, and only the municipality's counter unlocks it.
#![allow(clippy::print_stdout)]

use std::path::Path;
use std::time::SystemTime;

use card::evidence::{Binding, Context};
use card::expiry::Day;
use card::pcsc::Pcsc;
use card::pin::Pin;
use card::session::{Attempt, Proof};
use card::trust::TrustStore;
use zeroize::Zeroizing;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(anchors), Some(environment)) = (arguments.next(), arguments.next()) else {
        return Err("usage: read_card ANCHORS ENVIRONMENT".into());
    };
    let trust = TrustStore::load(Path::new(&anchors), environment.parse()?)?;

    let pcsc = Pcsc::open()?;
    let readers = pcsc.readers()?;
    let connected = readers
        .iter()
        .find_map(|reader| pcsc.connect(reader).ok())
        .ok_or("no card on any reader")?;
    let today = Day::in_japan(SystemTime::now());
    let asked = connected.unexpired(today)?.select()?.ask_tries()?;
    println!("tries left: {}", asked.remaining());
    let entry = Zeroizing::new(rpassword::prompt_password("PIN (4 digits): ")?);
    let pin = Pin::try_from(entry.as_str())?;

    let read = match asked.verify(pin)? {
        Attempt::Verified(unlocked) => unlocked.read()?,
        other => {
            println!("{:?}", other.outcome());
            return Ok(());
        }
    };
    // Whoever asks for the proof chooses these; here nobody does.
    let context = Context {
        center_nonce: [0; 32],
        vrs_nonce: b"",
        center: "example",
        vrs: "example",
        terminal: "example",
        exporter: [0; 32],
        session_key: [0; 32],
    };
    let proof = read.answer(&context)?.bind()?;
    if let Proof::Unbound { reason, .. } = &proof {
        println!("not bound by the 券面事項確認AP: {reason}");
    }
    let verified = proof
        .into_evidence()
        .verify(&context, &trust, Binding::Required)?;
    println!("genuine, signed by {}", verified.signer());
    println!("name:    {}", verified.attributes().name().expose());
    println!("address: {}", verified.attributes().address().expose());
    Ok(())
}
