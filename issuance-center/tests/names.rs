//! Names as people have them, from the card's file to the paper: each comes through code point by code point, or is refused by
//! the character that cannot be shown.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    collections::BTreeSet,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    sync::LazyLock,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use card::{
    attributes::{Attributes, BirthDate, Sex},
    certificate::Certificate,
    evidence::{Evidence, TextFiles},
    key::{PublicKey, Signature},
    text_ap::{AttributesFile, CardKeyFile, IntegrityFile, NumberFile},
};
use issuance_api::{
    Personal, Problem, ProblemCode,
    terminal::{Holder, Preview},
};
use issuance_center::{
    certificate::{
        page::{PageError, Typesetter},
        shc::PayloadError,
    },
    programme::{Programme, Programmes},
};
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use skrifa::{FontRef, MetadataProvider, charmap::MapVariant};

#[path = "../specimen/qr.rs"]
mod qr;
#[path = "../specimen/mod.rs"]
mod specimen;

/// A font on the page, and what it can show.
struct Coverage {
    /// By themselves.
    characters: BTreeSet<char>,
    /// With a variation selector.
    variants: BTreeSet<(char, char)>,
}

impl Coverage {
    fn of(file: &str) -> Self {
        let path = Path::new("/usr/share/fonts/truetype").join(file);
        let data = std::fs::read(path).unwrap();
        let font = FontRef::new(&data).unwrap();
        let map = font.charmap();
        let character = |code| char::from_u32(code).unwrap();
        let characters: BTreeSet<char> = map.mappings().map(|(code, _)| character(code)).collect();
        let variants = map
            .variant_mappings()
            .map(|(base, selector, variant)| (character(base), character(selector), variant))
            .filter(|(base, _, variant)| {
                !matches!(variant, MapVariant::UseDefault) || characters.contains(base)
            })
            .map(|(base, selector, _)| (base, selector))
            .collect();
        Self {
            characters,
            variants,
        }
    }

    /// What of a name is not covered, if anything: judged by Unicode's names for things, not by the page's code.
    fn lacks(&self, name: &str) -> Option<char> {
        let mut characters = name.chars().peekable();
        while let Some(character) = characters.next() {
            if let Some(selector) = characters.next_if(|c| is_selector(*c)) {
                if !self.variants.contains(&(character, selector)) {
                    return Some(character);
                }
                continue;
            }
            let mut shown = character;
            while let Some(composed) = characters
                .peek()
                .filter(|mark| is_mark(**mark))
                .and_then(|mark| unicode_normalization::char::compose(shown, *mark))
                .filter(|composed| self.characters.contains(composed))
            {
                shown = composed;
                characters.next();
            }
            let private = matches!(shown, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
            let format = shown == '\u{ad}';
            if !self.characters.contains(&shown) || is_mark(shown) || private || format {
                return Some(character);
            }
        }
        None
    }
}

fn is_selector(character: char) -> bool {
    matches!(character, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

fn is_mark(character: char) -> bool {
    unicode_normalization::char::is_combining_mark(character)
}

static BODY: LazyLock<Coverage> =
    LazyLock::new(|| Coverage::of("bizud-gothic/BIZUDPGothic-Regular.ttf"));
static WIDE: LazyLock<Coverage> = LazyLock::new(|| Coverage::of("ipamj/ipamjm.ttf"));
static TYPESETTER: LazyLock<Typesetter> = LazyLock::new(specimen::typesetter);
static PROGRAMMES: LazyLock<Programmes> = LazyLock::new(specimen::programmes);

fn programme() -> &'static Programme {
    specimen::covid(&PROGRAMMES)
}

fn any_of(characters: &BTreeSet<char>) -> BoxedStrategy<String> {
    let all: Vec<String> = characters.iter().map(char::to_string).collect();
    select(all).boxed()
}

/// Pieces of names; `showable` leaves out what no font can show.
fn name(showable: bool) -> BoxedStrategy<String> {
    let variants = |coverage: &Coverage| {
        let all: Vec<String> = coverage
            .variants
            .iter()
            .map(|(base, selector)| [*base, *selector].iter().collect())
            .collect();
        select(all)
    };
    let supplementary = WIDE.characters.iter().filter(|c| **c > '\u{ffff}');
    let supplementary: BTreeSet<char> = supplementary.copied().collect();
    assert!(supplementary.len() > 1000);
    let marks = select(vec!["か\u{3099}", "ハ\u{309a}", "E\u{301}", "n\u{303}"]);
    let spaces = select(vec![
        "\u{3000}",
        " ",
        "\u{3000}（山田\u{3000}",
        "［旧姓",
        "）",
        "］",
        "(",
        ")",
    ]);
    let latin = "[A-Z]{2,9}|[À-ÖØ-öø-žA-Za-z'\u{2019}-]{2,9}";
    let common = "[一-龠]{1,3}|[ぁ-んァ-ヶー]{1,4}";
    let good = prop_oneof![
        4 => common.prop_map(|text| text),
        2 => latin.prop_map(|text| text),
        2 => spaces.prop_map(str::to_owned),
        2 => marks.prop_map(str::to_owned),
        1 => any_of(&BODY.characters),
        2 => any_of(&WIDE.characters),
        2 => any_of(&supplementary),
        2 => variants(&WIDE),
        1 => variants(&BODY),
    ];
    let piece = if showable {
        good.boxed()
    } else {
        let selector = "[\u{fe00}-\u{fe0f}\u{e0100}-\u{e01ef}]";
        prop_oneof![
            12 => good,
            1 => any::<char>().prop_map(String::from),
            1 => (any_of(&WIDE.characters), selector).prop_map(|(base, s)| format!("{base}{s}")),
            1 => "[か-んA-Za-z][\u{300}-\u{36f}]".prop_map(|text| text),
            1 => select(vec!["\u{e000}", "\u{200d}", "\u{202e}", "\u{fe0f}", "\u{1f600}", "ก"])
                .prop_map(str::to_owned),
        ]
        .boxed()
    };
    let pieces = proptest::collection::vec(piece, 1..9);
    let whole = pieces.prop_map(|pieces| pieces.concat());
    whole
        .prop_filter("somebody's name", move |name| {
            !showable || (lacks(name).is_none() && name.chars().any(|c| !c.is_whitespace()))
        })
        .boxed()
}

/// What neither font alone can show.
fn lacks(name: &str) -> Option<char> {
    BODY.lacks(name).and_then(|_| WIDE.lacks(name))
}

/// The same names every time.
fn check(cases: u32, names: &BoxedStrategy<String>, test: impl Fn(&str)) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, random)
        .run(names, |name| {
            test(&name);
            Ok(())
        })
        .unwrap();
}

fn preview(name: &str) -> Preview {
    let mut preview = specimen::preview(programme(), &specimen::ORDINARY);
    preview.holder.name = Personal::new(name.to_owned());
    preview
}

/// From the card's file through evidence to what travels between terminal, center and VRS, whose ticket writes a name as JSON too.
fn name_in_holder(name: &str) -> Holder {
    let birth = BirthDate::new(1985, 4, 2).unwrap();
    let attributes = Attributes::new(name.to_owned(), "東京都".to_owned(), birth, Sex::Female);
    let file = AttributesFile::of(&attributes);
    let read = AttributesFile::decode(file.as_bytes()).unwrap();

    static KEY: LazyLock<PublicKey> = LazyLock::new(|| {
        let pem = include_str!("../../card/tests/vectors/ca/6000033.pem");
        PublicKey::from_pem(&pem[pem.find("-----BEGIN").unwrap()..]).unwrap()
    });
    let nobody = |_: &[u8]| Signature::from([0; 256]);
    let number = NumberFile::decode(b"\xff\x10\x0c123456789018\xff\xff").unwrap();
    let id = "1322131-000-00000000".parse().unwrap();
    let files = TextFiles {
        integrity: IntegrityFile::issue(&number, &read, nobody),
        certificate: Certificate::issue(id, id, KEY.clone(), nobody),
        card_key: CardKeyFile::issue(KEY.clone(), nobody),
        number,
        attributes: read,
    };
    let sent = Evidence::new(files, nobody(&[]), None).encode();
    let received = Evidence::decode(&sent).unwrap();
    let attributes = received.files().attributes.attributes();

    let mut holder = preview("").holder;
    holder.name = Personal::new(attributes.name().expose().clone());
    let json = serde_json::to_vec(&holder).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// The name as the health card has it: its parts, which U+3000 separates.
fn parts(name: &str) -> Vec<&str> {
    let parts = name.split('\u{3000}').filter(|part| !part.is_empty());
    parts.collect()
}

fn parts_of_card(jws: &str) -> Vec<String> {
    let payload = jws.split('.').nth(1).unwrap();
    let deflated = URL_SAFE_NO_PAD.decode(payload).unwrap();
    let json = miniz_oxide::inflate::decompress_to_vec(&deflated).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let bundle = &json["vc"]["credentialSubject"]["fhirBundle"];
    let name = &bundle["entry"][0]["resource"]["name"][0];
    let given = name["given"].as_array().cloned().unwrap_or_default();
    let texts = std::iter::once(&name["family"]).chain(&given);
    texts
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_name_reaches_the_health_card_as_it_is_or_is_refused_by_its_character() {
    check(1500, &name(false), |name| {
        let holder = name_in_holder(name);
        assert_eq!(holder.name.expose(), name);

        let preview = preview(holder.name.expose());
        let shown = TYPESETTER.check(programme(), &preview);
        let refused = match shown {
            Err(PageError::CharacterUnsupported(character)) => {
                assert!(name.contains(character));
                let problem = Problem::from(PageError::CharacterUnsupported(character));
                assert_eq!(problem.code, ProblemCode::CharacterUnsupported);
                assert_eq!(problem.character, Some(character));
                Some(character)
            }
            other => {
                assert_eq!(other, Ok(()));
                None
            }
        };
        assert_eq!(refused.is_some(), lacks(name).is_some(), "{name:?}");

        match specimen::payload(programme(), &preview) {
            Ok(payload) if !parts(name).is_empty() => {
                let jws = specimen::sign(&payload);
                assert_eq!(parts_of_card(jws.expose()), parts(name));
            }
            Ok(_) => {}
            Err(error) => assert_eq!(error, PayloadError::TooLarge),
        }
    });
}

#[test]
fn a_name_reaches_the_paper_as_it_is() {
    check(16, &name(true), |name| {
        on_paper(name);
    });
}

#[test]
fn names_of_each_kind_reach_the_paper_as_they_are() {
    for name in [
        "渡邉\u{e010f}\u{3000}邉\u{e0110}邉邉\u{e010f}",
        "葛\u{e0100}城\u{3000}葛\u{e0101}葛",
        "辻\u{e0102}\u{3000}辻\u{e0103}辻",
        "𠮷野\u{3000}𩸽子",
        "か\u{3099}が\u{3000}カ\u{3099}ガ",
        "JOSE\u{301} NUN\u{303}EZ\u{3000}JOSÉ NUÑEZ",
        "O\u{2019}BRIEN-MU\u{308}LLER\u{3000}ŽOFIE",
        "山田［佐藤］\u{3000}花子（旧姓\u{3000}鈴木）",
        "神\u{fe00}\u{3000}神神",
    ] {
        assert_eq!(lacks(name), None, "{name:?}");
        on_paper(name);
    }
}

/// Sets the page, and reads name and QR from it with other programs' code.
fn on_paper(name: &str) {
    let preview = preview(name);
    TYPESETTER.check(programme(), &preview).unwrap();
    let page = specimen::page(&TYPESETTER, programme(), &preview).unwrap();

    let jws = verify::jws_of(&qr::text(page.as_bytes())).unwrap();
    assert_eq!(parts_of_card(&jws), parts(name), "{name:?}");

    // Lines may break, and at a break a space vanishes.
    let without_spaces =
        |text: &str| -> String { text.chars().filter(|c| !c.is_whitespace()).collect() };
    let text = without_spaces(&pdf_text(page.as_bytes()));
    assert!(
        text.contains(&without_spaces(name)),
        "{name:?} is not in {text:?}"
    );
}

/// The text behind a page, by poppler.
fn pdf_text(pdf: &[u8]) -> String {
    let mut pdftotext = Command::new("pdftotext")
        .args(["-raw", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("poppler-utils");
    pdftotext.stdin.take().unwrap().write_all(pdf).unwrap();
    let output = pdftotext.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}
