//! `card readers`

use card::client::{Client, Kind};
use card::jpki_ap::Device;
use card::pcsc::{Pcsc, ReaderName};
use card::transport::{Lengths, TransportError};
use serde_json::json;

use crate::arguments::Json;
use crate::failure::Failure;
use crate::output::print_json;

pub(crate) fn run(json: &Json) -> Result<(), Failure> {
    let pcsc = Pcsc::open()?;
    let readers = pcsc.readers()?;
    if readers.is_empty() && !json.json {
        return Err(TransportError::NoReader.into());
    }
    let mut list = Vec::new();
    for reader in readers {
        let (key, words) = seen(&pcsc, &reader);
        if json.json {
            list.push(json!({ "reader": reader.to_string(), "holds": key }));
        } else {
            println!("{reader}: {words}");
        }
    }
    if json.json {
        print_json(&list.into());
    }
    Ok(())
}

/// What lies on a reader: for programs, and in words.
fn seen(pcsc: &Pcsc, reader: &ReaderName) -> (&'static str, String) {
    let kind = pcsc
        .transport(reader)
        .map_err(card::session::SessionError::from)
        .and_then(|transport| Client::new(transport, Lengths::default()).kind());
    match kind {
        Ok(kind) => (kind_key(kind), kind_words(kind).to_owned()),
        Err(error) => {
            let key = match error {
                card::session::SessionError::Transport(TransportError::NoCard) => "nothing",
                card::session::SessionError::Transport(TransportError::InUse) => "in-use",
                _ => "unreadable",
            };
            (key, error.to_string())
        }
    }
}

pub(crate) const fn kind_key(kind: Kind) -> &'static str {
    match kind {
        Kind::Card => "my-number-card",
        Kind::Phone(_) => "phone",
        Kind::Other => "other",
    }
}

pub(crate) const fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Card => "My Number Card",
        Kind::Phone(Device::Android) => "a phone (Android), not a card",
        Kind::Phone(Device::IPhone) => "a phone (iPhone), not a card",
        Kind::Phone(_) => "a phone, not a card",
        Kind::Other => "not a My Number Card",
    }
}
