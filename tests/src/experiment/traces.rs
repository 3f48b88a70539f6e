//! What would tell a person, in every form in which a program may keep it.
//!
//! Each text is searched for as UTF-8, UTF-16 in both orders, hexadecimal, base64 wherever it may begin in a longer text, with JSON's escapes,
//! and, if it is a number, as one of eight bytes in both orders. A health card besides as the digits of its QR code and as their bits, ten for
//! three, wherever they may begin in a byte; as the DEFLATE stream it is made of, and as the JSON that this inflates to. A VDS-NC as text and as
//! its QR code's bits; the page as what it says, and as the file it is. Of what a certificate says nobody is told by what others' certificates
//! say, too.
//!
//! Searched for are all pieces of eight bytes of each form; of sixteen where eight say too little, for they stand in fonts
//! and tables, too: ASCII in UTF-16 (four characters), a QR code's digits (four characters as well), hexadecimal digits (four bytes), JSON (a
//! member's name), and the page's file.
//!
//! Of a holder's number its digests, too, for twelve digits can be tried until one fits: by SHA-256 and SHA-1, of the number alone and before the
//! birth date, as bytes, hexadecimal and base64. Of the PIN nothing: there is no telling four digits.

use std::fs;
use std::io;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use dev_memory::{Pieces, Search};
use issuance_api::terminal::IssueAnswer;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use toml::Table;

use crate::passport::Passport;
use crate::world::repository;

/// Kinds of which a server has some that has handled nobody: what it sets pages with.
pub(super) const OF_PAGES: [&str; 3] = ["page", "page's text", "payload"];

/// Of a page's file a piece is searched for every so many bytes.
const STEP: usize = 32;

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
        for text in [number.to_owned(), format!("{number}{born}")] {
            traces.digest("number's digest", &Sha256::digest(&text));
            traces.digest("number's digest", &Sha1::digest(&text));
        }
        Ok(traces)
    }

    /// What a passport says of its holder: the nationality, three letters, as the lines have it. What programs make of it without a key, too.
    pub(super) fn passport(&mut self, passport: &Passport) {
        self.text("passport's name", &passport.name);
        self.text("passport's name", &passport.name.replace('<', " "));
        self.text("passport's number", &passport.number);
        for line in passport.lines() {
            self.text("passport's lines", &line);
        }
        // Whoever has such a digest tries passports until one fits: there are few enough.
        let lines = passport.mrz();
        self.bytes("passport's digest", lines.digest().as_bytes());
        let read = issuance_api::passport::Passport::try_from(&lines);
        let data = read.expect("its check digits are made here").into_data();
        self.bytes("passport's digest", data.digest().as_bytes());
    }

    /// What a person's certificates say and no certificate of the others, nor any programme.
    pub(super) fn certificates(&mut self, own: &[Printed], others: &[Printed]) -> io::Result<()> {
        let mut theirs = Self::default();
        for printed in others {
            theirs.printed(printed, 1)?;
        }
        for text in programmes()? {
            theirs.text("programme", &text);
        }
        // The register of issues has them in the open: they are random, and whose they are stands there sealed.
        for printed in own {
            theirs.text("certificate id", &printed.id);
        }
        let mut pieces = Self::default();
        for printed in own {
            pieces.printed(printed, STEP)?;
        }
        pieces.0.less(&theirs.0);
        self.0.add(pieces.0);
        Ok(())
    }

    /// What tells of a certificate by itself, without what it says.
    ///
    /// # Errors
    /// If it is no SMART Health Card.
    pub(super) fn certificate(&mut self, issued: &IssueAnswer) -> io::Result<()> {
        self.signed(issued.jws.expose()).map(drop)
    }

    /// A compact JWS; the DEFLATE stream in it.
    fn signed(&mut self, jws: &str) -> io::Result<Vec<u8>> {
        let broken = || io::Error::other("not a compact JWS");
        let (_, own) = jws.split_once('.').ok_or_else(broken)?;
        let (payload, _) = own.split_once('.').ok_or_else(broken)?;
        self.text("certificate", own);
        // Two digits a character: its code less 45.
        let digits: String = jws
            .bytes()
            .map(|byte| format!("{:02}", byte.saturating_sub(45)))
            .collect();
        self.0.long_of("QR code", digits.as_bytes());
        self.bits("QR code's bits", 0, &numeric(&digits));
        let deflated = URL_SAFE_NO_PAD.decode(payload).map_err(io::Error::other)?;
        self.bytes("DEFLATE", &deflated);
        Ok(deflated)
    }

    /// Of the page's file a piece every so many bytes.
    fn printed(&mut self, printed: &Printed, step: usize) -> io::Result<()> {
        let deflated = self.signed(&printed.jws)?;
        let inflated = miniz_oxide::inflate::decompress_to_vec(&deflated);
        let inflated = inflated.map_err(|_| io::Error::other("not DEFLATE"))?;
        let json = String::from_utf8(inflated).map_err(io::Error::other)?;
        self.json("payload", &json);
        if let Some(seal) = &printed.seal {
            self.seal(seal)?;
        }
        // Columns stand apart.
        for said in printed.text.lines().flat_map(|line| line.split("  ")) {
            self.text("page's text", said.trim());
        }
        self.0.every(step, "page", &printed.page);
        Ok(())
    }

    fn seal(&mut self, text: &str) -> io::Result<()> {
        let seal: Value = serde_json::from_str(text)?;
        let signature = seal["sig"]["sigvl"].as_str();
        let signature = signature.ok_or_else(|| io::Error::other("no VDS-NC"))?;
        self.text("VDS-NC", signature);
        self.json("VDS-NC", text);
        let bits = text
            .bytes()
            .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1));
        // Where they stand as in the text they are the text.
        self.bits("VDS-NC's bits", 1, &bits.collect::<Vec<_>>());
        Ok(())
    }

    /// Bits, wherever in a byte the first of them stands; not before `first`.
    fn bits(&mut self, kind: &'static str, first: usize, bits: &[bool]) {
        for shift in first..8 {
            let shifted = bits.get(shift..).unwrap_or_default();
            let (bytes, _) = shifted.as_chunks::<8>();
            let byte = |bits: &[bool; 8]| bits.iter().fold(0, |all, bit| all << 1 | u8::from(*bit));
            self.bytes(kind, &bytes.iter().map(byte).collect::<Vec<_>>());
        }
    }

    fn text(&mut self, kind: &'static str, text: &str) {
        self.forms(kind, text, Pieces::of);
    }

    /// Of which eight bytes are a member's name.
    fn json(&mut self, kind: &'static str, text: &str) {
        self.forms(kind, text, Pieces::long_of);
    }

    fn forms(
        &mut self,
        kind: &'static str,
        text: &str,
        add: impl Fn(&mut Pieces, &'static str, &[u8]),
    ) {
        let mut add = |bytes: &[u8]| add(&mut self.0, kind, bytes);
        add(text.as_bytes());
        let (mut little, mut big, mut escaped) = (Vec::new(), Vec::new(), String::new());
        for unit in text.encode_utf16() {
            little.extend(unit.to_le_bytes());
            big.extend(unit.to_be_bytes());
            escaped += &format!("\\u{unit:04x}");
        }
        for encoded in in_base64(text.as_bytes()) {
            add(&encoded);
        }
        if text.is_ascii() {
            self.0.long_of(kind, &little);
            self.0.long_of(kind, &big);
        } else {
            add(&little);
            add(&big);
            add(escaped.as_bytes());
        }
        self.hexadecimal(kind, text.as_bytes());
    }

    fn hexadecimal(&mut self, kind: &'static str, bytes: &[u8]) {
        let hex = hex(bytes);
        self.0.long_of(kind, hex.as_bytes());
        self.0.long_of(kind, hex.to_uppercase().as_bytes());
    }

    fn digest(&mut self, kind: &'static str, digest: &[u8]) {
        self.bytes(kind, digest);
        for encoded in in_base64(digest) {
            self.bytes(kind, &encoded);
        }
        self.hexadecimal(kind, digest);
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

/// A certificate, as whoever gets it has it.
#[derive(Clone, Default)]
pub(super) struct Printed {
    /// 証明書ID.
    pub(super) id: String,
    /// Compact.
    pub(super) jws: String,
    /// The VDS-NC, of one for abroad.
    pub(super) seal: Option<String>,
    /// PDF.
    pub(super) page: Vec<u8>,
    /// What can be read on it.
    pub(super) text: String,
}

/// In lower case.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// In both alphabets, wherever it may begin in a longer text.
fn in_base64(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for shift in 0..3 {
        let shifted = [&[0; 2][..shift], bytes].concat();
        // Characters that also hold bits of a neighbour are left off on both sides.
        let whole = (shift * 8).div_ceil(6)..shifted.len() * 8 / 6;
        for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = alphabet.encode(&shifted);
            let part = encoded.as_bytes().get(whole.clone());
            all.push(part.unwrap_or_default().to_vec());
        }
    }
    all
}

/// Digits as a QR code has them (ISO/IEC 18004): three in ten bits, two in seven, one in four.
fn numeric(digits: &str) -> Vec<bool> {
    let mut bits = Vec::new();
    for group in digits.as_bytes().chunks(3) {
        let value = group.iter().fold(0_u16, |value, digit| {
            value * 10 + u16::from(digit.saturating_sub(b'0'))
        });
        let width = group.len() * 3 + 1;
        bits.extend((0..width).rev().map(|bit| value >> bit & 1 == 1));
    }
    bits
}

/// What the shipped programmes say to everybody.
fn programmes() -> io::Result<Vec<String>> {
    let mut texts = Vec::new();
    for programme in fs::read_dir(repository().join("issuance-center/programmes"))? {
        let programme = programme?.path();
        if programme.is_dir() {
            for file in fs::read_dir(programme)? {
                texts.push(fs::read_to_string(file?.path())?);
            }
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use dev_memory::Found;
    use issuance_api::Personal;
    use issuance_api::passport::PassportData;

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

    #[test]
    fn a_number_is_found_by_its_digests() {
        const KIND: [&str; 1] = ["number's digest"];
        for text in ["201112304512", "20111230451219850412"] {
            for digest in [Sha256::digest(text).to_vec(), Sha1::digest(text).to_vec()] {
                let hex = hex(&digest);
                for bytes in [
                    [&b"x"[..], &digest[8..16], b"x"].concat(),
                    Vec::from(&hex[..16]),
                    format!("x{}", hex[4..20].to_uppercase()).into(),
                    STANDARD_NO_PAD.encode(&digest).into(),
                    URL_SAFE_NO_PAD.encode([&b"x"[..], &digest].concat()).into(),
                    STANDARD_NO_PAD
                        .encode([&b"xy"[..], &digest].concat())
                        .into(),
                ] {
                    assert_eq!(kinds(&bytes), KIND, "{}", String::from_utf8_lossy(&bytes));
                }
            }
        }
        for nobodys in [
            Sha256::digest("201112304513").to_vec(),
            Sha1::digest("1234").to_vec(),
        ] {
            assert!(kinds(&nobodys).is_empty());
        }
    }

    fn passport(number: &str) -> Passport {
        Passport {
            name: "AOBA<<SAKURA".to_owned(),
            number: number.to_owned(),
            birth_date: "850412".to_owned(),
            last_day: "350101".to_owned(),
        }
    }

    #[test]
    fn a_passport_is_found_in_its_lines_and_beside_them() {
        let mut traces = Traces::default();
        let passport = passport("TR3857264");
        traces.passport(&passport);
        let data = PassportData {
            romanised_name: Personal::new("AOBA  SAKURA".to_owned()),
            nationality: Personal::new("JPN".to_owned()),
            number: Personal::new("TR3857264".to_owned()),
        };
        for (bytes, kind) in [
            (&b"TR385726"[..], "passport's number"),
            (
                b"\0R\x003\08\x005\x007\x002\x006\x004\0",
                "passport's number",
            ),
            (b"AOBA  SA", "passport's name"),
            (b"BA<<SAKU", "passport's name"),
            (b"P<JPNAOB", "passport's lines"),
            (b"JPN85041", "passport's lines"),
            (&data.digest().as_bytes()[20..30], "passport's digest"),
        ] {
            let mut found = Found::new();
            traces.search().count(bytes, &mut found);
            let found: Vec<_> = found.into_keys().collect();
            assert_eq!(found, [kind], "{}", String::from_utf8_lossy(bytes));
        }
    }

    fn printed(lot: &str, name: &str) -> Printed {
        // Long enough to be compressed.
        let payload = format!(
            r#"{{"iss":"https://issuer","lotNumber":"{lot}","family":"{name}","note":"{}"}}"#,
            "said again and again, ".repeat(20)
        );
        let deflated = miniz_oxide::deflate::compress_to_vec(payload.as_bytes(), 9);
        let jws = format!(
            "eyJhbGciOiJFUzI1NiJ9.{}.{name}9876",
            URL_SAFE_NO_PAD.encode(deflated)
        );
        Printed {
            id: format!("WXYZ-{lot}"),
            jws,
            seal: Some(format!(
                r#"{{"data":{{"lot":"{lot}","n":"{name}"}},"sig":{{"sigvl":"{name}5678"}}}}"#
            )),
            page: (0..400_usize)
                .map(|place| {
                    (place * place / 3 + lot.len() * 31 + name.len() * 57).to_le_bytes()[0]
                })
                .collect(),
            text: format!("Lot number   {lot}-{name}\nWhoever reads it"),
        }
    }

    #[test]
    fn a_certificate_is_found_in_every_form_and_by_nothing_that_others_say_too() {
        let (own, other) = (
            printed("EY5420", "Aoba-Sakura"),
            printed("FC3661", "Wakatake"),
        );
        let mut traces = Traces::default();
        traces
            .certificates(std::slice::from_ref(&own), &[other])
            .unwrap();
        let search = traces.search();
        let found = |bytes: &[u8]| {
            let mut found = Found::new();
            search.count(bytes, &mut found);
            found.into_keys().collect::<Vec<_>>()
        };
        let digits: String = own
            .jws
            .bytes()
            .map(|byte| format!("{:02}", byte - 45))
            .collect();
        let (_, tail) = own.jws.split_once('.').unwrap();
        let deflated = URL_SAFE_NO_PAD
            .decode(tail.split_once('.').unwrap().0)
            .unwrap();
        // As an encoder packs them: behind four bits of mode and fourteen of count.
        let mut packed = vec![0_u8; 4 + digits.len()];
        let bits = [vec![true; 18], numeric(&digits)].concat();
        for (place, _) in bits.iter().enumerate().filter(|(_, bit)| **bit) {
            packed[place / 8] |= 0x80 >> (place % 8);
        }
        let seal = own.seal.clone().unwrap();
        // Behind four bits of mode and sixteen of count.
        let halves = seal.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
        let halves: Vec<_> = std::iter::once(4).chain(halves).collect();
        let shifted: Vec<u8> = halves
            .chunks_exact(2)
            .map(|it| it[0] << 4 | it[1])
            .collect();
        for (bytes, kind) in [
            (tail.as_bytes().to_vec(), "certificate"),
            (digits.into_bytes(), "QR code"),
            (packed, "QR code's bits"),
            (deflated, "DEFLATE"),
            (br#"lotNumber":"EY5420"#.to_vec(), "payload"),
            (
                STANDARD_NO_PAD
                    .encode(r#"lotNumber":"EY5420","family":"#)
                    .into(),
                "payload",
            ),
            (seal.into_bytes(), "VDS-NC"),
            (shifted, "VDS-NC's bits"),
            (b"EY5420-A".to_vec(), "page's text"),
            (own.page.clone(), "page"),
        ] {
            assert!(found(&bytes).contains(&kind), "{kind}: {:?}", found(&bytes));
        }
        for common in [
            "Whoever reads it",
            "Lot number",
            r#"{"iss":"https://issuer","lotNumber":""#,
        ] {
            assert!(found(common.as_bytes()).is_empty(), "{common}");
        }
    }

    #[test]
    fn digits_are_packed_as_the_standard_has_it() {
        // ISO/IEC 18004, the example of the numeric mode: 01234567.
        let bits: String = numeric("01234567")
            .iter()
            .map(|bit| if *bit { '1' } else { '0' })
            .collect();
        assert_eq!(bits, "000000110001010110011000011");
    }
}
