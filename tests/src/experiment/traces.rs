//! What would tell a person, in every form in which a program may keep it.
//!
//! Each text is searched for as UTF-8, UTF-16 in both orders, hexadecimal, base64 wherever it may begin in a longer text, with JSON's escapes,
//! and, if it is a number, as one of eight bytes in both orders; a certificate besides as the digits of its QR code and as the DEFLATE
//! stream it is made of. Searched for are all pieces of eight bytes of each form; of sixteen where eight say too little, for they stand in fonts
//! and tables, too: ASCII in UTF-16 (four characters), a QR code's digits (four characters as well), and hexadecimal digits (four bytes).

use std::fs;
use std::io;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use issuance_api::terminal::IssueAnswer;
use toml::Table;

use super::memory::{Pieces, Search};
use crate::world::repository;

/// What is searched for.
#[derive(Clone, Default)]
pub(super) struct Traces(Pieces);

impl Traces {
    /// What a persona's card says of its holder.
    pub(super) fn of_holder(persona: &str) -> io::Result<Self> {
        let file = repository().join("hw-sim/personas").join(persona);
        let file: Table = fs::read_to_string(file.with_extension("toml"))?
            .parse()
            .map_err(io::Error::other)?;
        let holder = file.get("holder").and_then(|it| it.as_table());
        let text = |key: &str| {
            let value = holder.and_then(|holder| holder.get(key)?.as_str());
            value.ok_or_else(|| io::Error::other("the persona has no holder of its own"))
        };
        let mut traces = Self::default();
        traces.text("name", text("name")?);
        // Prefecture and municipality stand in every menu.
        let address = text("address")?;
        let own = address.find(['市', '区', '町', '村']).unwrap_or(0);
        let own = address[own..].chars().skip(1).collect::<String>();
        traces.text("address", &own);
        let number = text("number")?;
        traces.text("number", number);
        let value: u64 = number.parse().map_err(io::Error::other)?;
        traces.bytes("number", &value.to_le_bytes());
        traces.bytes("number", &value.to_be_bytes());
        let born = text("birth_date")?;
        traces.text("birth date", born);
        let (year, day) = born.split_at(4);
        let (month, day) = day.split_at(2);
        traces.text("birth date", &format!("{year}-{month}-{day}"));
        Ok(traces)
    }

    /// What a certificate says, and not every certificate of its issuer.
    ///
    /// # Errors
    /// If it is no SMART Health Card.
    pub(super) fn certificate(&mut self, issued: &IssueAnswer) -> io::Result<()> {
        let broken = || io::Error::other("not a compact JWS");
        let jws = issued.jws.expose();
        let (_, own) = jws.split_once('.').ok_or_else(broken)?;
        let (payload, _) = own.split_once('.').ok_or_else(broken)?;
        self.text("certificate", own);
        // Two digits a character: its code less 45.
        let digits: String = own
            .bytes()
            .map(|byte| format!("{:02}", byte.saturating_sub(45)))
            .collect();
        self.0.long_of("QR code", digits.as_bytes());
        let deflated = URL_SAFE_NO_PAD.decode(payload).map_err(io::Error::other)?;
        self.bytes("DEFLATE", &deflated);
        Ok(())
    }

    fn text(&mut self, kind: &'static str, text: &str) {
        self.bytes(kind, text.as_bytes());
        let (mut little, mut big, mut escaped) = (Vec::new(), Vec::new(), String::new());
        for unit in text.encode_utf16() {
            little.extend(unit.to_le_bytes());
            big.extend(unit.to_be_bytes());
            escaped += &format!("\\u{unit:04x}");
        }
        if text.is_ascii() {
            self.0.long_of(kind, &little);
            self.0.long_of(kind, &big);
        } else {
            self.bytes(kind, &little);
            self.bytes(kind, &big);
            self.bytes(kind, escaped.as_bytes());
        }
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.0.long_of(kind, hex.as_bytes());
        self.0.long_of(kind, hex.to_uppercase().as_bytes());
        for shift in 0..3 {
            let mut bytes = vec![0; shift];
            bytes.extend(text.as_bytes());
            // Characters that also hold bits of a neighbour are left off on both sides.
            let whole = (shift * 8).div_ceil(6)..bytes.len() * 8 / 6;
            self.bytes(
                kind,
                &STANDARD_NO_PAD.encode(&bytes).as_bytes()[whole.clone()],
            );
            self.bytes(kind, &URL_SAFE_NO_PAD.encode(&bytes).as_bytes()[whole]);
        }
    }

    fn bytes(&mut self, kind: &'static str, bytes: &[u8]) {
        self.0.of(kind, bytes);
    }

    /// Of several persons.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.0.add(other.0);
        self
    }

    /// For this the search is made.
    pub(super) fn search(&self) -> Search {
        Search::new(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::memory::Found;
    use super::*;

    fn kinds(bytes: &[u8]) -> Vec<&'static str> {
        let mut found = Found::new();
        let traces = Traces::of_holder("ordinary").unwrap();
        traces.search().count(bytes, &mut found);
        found.into_keys().collect()
    }

    #[test]
    fn a_holder_is_found_in_every_form() {
        let name = "青葉　さくら";
        let number = "201112304512";
        for (bytes, kind) in [
            (name.as_bytes().to_vec(), "name"),
            (
                name.encode_utf16().flat_map(u16::to_le_bytes).collect(),
                "name",
            ),
            (
                name.encode_utf16().flat_map(u16::to_be_bytes).collect(),
                "name",
            ),
            ("xE99D92E89189E38080x".into(), "name"),
            (br"\u9752\u8449".to_vec(), "name"),
            (
                STANDARD_NO_PAD.encode(format!("x{number}")).into(),
                "number",
            ),
            (
                STANDARD_NO_PAD.encode(format!("xy{number}")).into(),
                "number",
            ),
            (201_112_304_512_u64.to_le_bytes().into(), "number"),
            (201_112_304_512_u64.to_be_bytes().into(), "number"),
            (b"11123045".to_vec(), "number"),
            ("旭が丘".into(), "address"),
            (b"19850412".to_vec(), "birth date"),
            (b"1985-04-".to_vec(), "birth date"),
        ] {
            assert_eq!(kinds(&bytes), [kind], "{}", String::from_utf8_lossy(&bytes));
        }
        assert!(kinds("東京都清瀬市 1985 201112".as_bytes()).is_empty());
    }
}
