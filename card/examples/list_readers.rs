//! Lists the readers of this machine and whether a My Number Card lies on them.
//!
//! `cargo run -p card --features pcsc --example list_readers`
#![allow(clippy::print_stdout)]

use card::pcsc::Pcsc;
use card::session::SessionError;
use card::transport::TransportError;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pcsc = Pcsc::open()?;
    let readers = pcsc.readers()?;
    if readers.is_empty() {
        println!("no reader");
    }
    for reader in readers {
        let seen = match pcsc.connect(&reader) {
            Ok(connected) => match connected.select() {
                Ok(_) => "My Number Card".to_owned(),
                Err(SessionError::Transport(TransportError::CardLifted)) => "lifted".to_owned(),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        println!("{reader}: {seen}");
    }
    Ok(())
}
