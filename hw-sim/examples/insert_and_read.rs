//! Makes cards for the shipped personas, reads one as a terminal does, and leaves it on the virtual reader.
//!
//! ```sh
//! cargo run --release -p hw-sim --example insert_and_read                  # without any reader
//! cargo run --release -p hw-sim --example insert_and_read -- --on-reader   # where pcscd runs with vsmartcard-vpcd
//! ```

use std::error::Error;
use std::io;
use std::path::Path;

use card::session::{Attempt, Connected};
use card::transport::Lengths;
use hw_sim::chip::EmulatedCard;
use hw_sim::personalize::personalize;
use hw_sim::reader::{Slot, Stay};
use hw_sim::vpcd::PORT;

#[expect(clippy::print_stdout, reason = "an example's output")]
fn main() -> Result<(), Box<dyn Error>> {
    let out = tempfile::tempdir()?;
    let personas = Path::new(env!("CARGO_MANIFEST_DIR")).join("personas");
    let made = personalize(&personas, out.path(), false)?.made.len();
    println!("{made} cards in {}", out.path().display());

    let mut card = EmulatedCard::load(&out.path().join("cards/ordinary"))?;
    let asked = Connected::new(card.powered(), Lengths::default())
        .select()?
        .ask_tries()?;
    println!("tries left: {}", asked.remaining());
    if let Attempt::Verified(unlocked) = asked.verify("1234".try_into()?)? {
        let read = unlocked.read()?;
        // Nobody's name: the person does not exist.
        let attributes = read.files().attributes.attributes();
        println!("name: {}", attributes.name().expose());
    }

    if std::env::args().any(|argument| argument == "--on-reader") {
        let mut slot = Slot::new(PORT);
        slot.insert(card, Stay::UntilRemoved)?;
        println!("on the reader; Enter takes it away");
        io::stdin().read_line(&mut String::new())?;
        println!("{} APDUs", slot.trace().exchanges().len());
    }
    Ok(())
}
