//! Certificates of people who do not exist, for tests, benches and the example: made by the same functions as real ones.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "each user takes its part"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use issuance_api::{
    Array, CertificateId, CertificateKind, Date, KeyId, Personal, PersonalBytes,
    passport::PassportData,
    terminal::{Holder, Preview},
};
use issuance_center::{
    certificate::{
        page::{Content, FontPaths, Fonts, PageError, Typesetter},
        qr::Symbol,
        shc::{Claims, Issuer, Jws, Payload, PayloadError},
        vdsnc::{self, Data, DataError, VdsNc},
    },
    programme::{Programme, Programmes},
};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};

pub const ISSUER: &str = "https://issuer.shomei.example";

/// Name on the card, birth date, recorded doses: vaccine, maker, lot, day.
pub struct Person {
    pub name: &'static str,
    pub birth_date: &'static str,
    pub doses: &'static [[&'static str; 4]],
}

const TWO: &[[&str; 4]] = &[
    ["コミナティ", "ファイザー", "EY0779", "2021-07-01"],
    ["コミナティ", "ファイザー", "FC9909", "2021-07-22"],
];

const SEVEN: &[[&str; 4]] = &[
    ["コミナティ", "ファイザー", "EY0779", "2021-06-14"],
    ["コミナティ", "ファイザー", "FC9909", "2021-07-05"],
    ["モデルナ", "武田薬品工業", "000146A", "2022-02-10"],
    [
        "コミナティ２価：BA.4-5",
        "ファイザー",
        "GJ7141",
        "2022-11-20",
    ],
    [
        "スパイクバックス２価：BA.4-5",
        "モデルナ",
        "080A22A",
        "2023-05-16",
    ],
    ["ヌバキソビッド", "武田薬品工業", "TKA0012", "2023-08-18"],
    [
        "コミナティ１価：XBB.1.5",
        "ファイザー",
        "HG2262",
        "2023-10-25",
    ],
];

pub const ORDINARY: Person = Person {
    name: "見本\u{3000}花子",
    birth_date: "1985-04-02",
    doses: TWO,
};
pub const SEVEN_DOSES: Person = Person {
    name: "七瀬\u{3000}みのり",
    birth_date: "1948-12-31",
    doses: SEVEN,
};
pub const GAIJI: Person = Person {
    name: "𠮷田\u{3000}髙之介",
    birth_date: "1972-01-09",
    doses: TWO,
};
pub const LONG_LATIN: Person = Person {
    name: "SONNENTHALERWALDBACHLICHTENAUERSTEDT VON EXEMPLAR\u{3000}ALEXANDRA MARIA \
           CONSTANZA BERNADETTE\u{3000}THEODORA ELISABETH",
    birth_date: "2001-02-28",
    doses: SEVEN,
};
/// Kanji and Latin letters together, as for a person with a 通称.
pub const TWO_SCRIPTS: Person = Person {
    name: "SMITH\u{3000}JOHN ALEXANDER\u{3000}（澄須\u{3000}城之介）",
    birth_date: "1990-06-15",
    doses: SEVEN,
};

/// Two brands: what seven doses for abroad are mostly of.
pub const SEVEN_OF_TWO: Person = Person {
    name: "七瀬\u{3000}みのり",
    birth_date: "1948-12-31",
    doses: &[
        SEVEN[0],
        SEVEN[1],
        SEVEN[2],
        SEVEN[3],
        SEVEN[4],
        [
            "コミナティRTU筋注（2価：起源株/オミクロン株BA.4-5）",
            "ファイザー",
            "GK0003",
            "2023-08-18",
        ],
        SEVEN[6],
    ],
};

/// Every brand there is: the largest seal.
pub const SEVEN_OF_SIX: Person = Person {
    name: "七瀬\u{3000}みのり",
    birth_date: "1948-12-31",
    doses: &[
        SEVEN[0],
        ["バキスゼブリア", "", "A080A22", "2021-08-16"],
        SEVEN[2],
        ["ヌバキソビッド", "", "TKA0012", "2022-06-18"],
        ["ジェコビデン", "", "XE395A1", "2022-08-22"],
        SEVEN[3],
        ["ダイチロナ", "", "DA00123", "2023-12-01"],
    ],
};

/// For abroad: who, and the name in the passport.
pub const ABROAD: [(&str, &Person, &str); 6] = [
    ("ordinary", &ORDINARY, "MIHON  HANAKO"),
    ("seven-doses", &SEVEN_OF_TWO, "NANASE  MINORI"),
    (
        "six-brands",
        &SEVEN_OF_SIX,
        "SONNENTHALERWALDBACHLICHTEN  ALEXANDRA",
    ),
    ("gaiji", &GAIJI, "YOSHIDA  TAKANOSUKE"),
    (
        "long-latin",
        &LONG_LATIN_ABROAD,
        "SONNENTHALERWALDBACHLICHTEN  ALEXANDRA",
    ),
    ("two-scripts", &TWO_SCRIPTS_ABROAD, "SMITH  JOHN ALEXANDER"),
];

const LONG_LATIN_ABROAD: Person = Person {
    doses: SEVEN_OF_TWO.doses,
    ..LONG_LATIN
};
const TWO_SCRIPTS_ABROAD: Person = Person {
    doses: TWO,
    ..TWO_SCRIPTS
};

/// The center's, from whichever package of the workspace.
pub fn folder() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = own.ancestors().map(|above| above.join("issuance-center"));
    let folder = all.find(|folder| folder.join("programmes").is_dir());
    folder.expect("a package of the workspace")
}

pub fn programmes() -> Programmes {
    Programmes::load(&folder().join("programmes")).expect("the shipped programmes are right")
}

pub fn covid(programmes: &Programmes) -> &Programme {
    let id = "covid-19".parse().expect("an id");
    programmes.find(&id).expect("it is shipped")
}

/// The fonts where Debian puts them.
pub fn fonts() -> Fonts {
    let fonts = Path::new("/usr/share/fonts/truetype");
    let path = |name: &str| -> PathBuf { fonts.join(name) };
    let fonts = Fonts::load(&FontPaths {
        regular: path("bizud-gothic/BIZUDPGothic-Regular.ttf"),
        bold: path("bizud-gothic/BIZUDPGothic-Bold.ttf"),
        names: path("ipamj/ipamjm.ttf"),
    });
    fonts.expect("fonts-morisawa-bizud-gothic and fonts-ipamj-mincho are there")
}

pub fn typesetter() -> Typesetter {
    Typesetter::new(fonts(), programmes().iter()).expect("the shipped programmes can be set")
}

pub fn preview(programme: &Programme, person: &Person) -> Preview {
    let date = |text: &str| -> Date { text.parse().expect("a date") };
    let municipality = "132217".parse().expect("a code");
    Preview {
        programme: programme.id().clone(),
        kind: CertificateKind::Domestic,
        holder: Holder {
            name: Personal::new(person.name.to_owned()),
            birth_date: date(person.birth_date).into(),
        },
        authority: programme.authority(&municipality).expect("takes part"),
        doses: person
            .doses
            .iter()
            .map(|[vaccine, maker, lot, day]| programme.present(vaccine, maker, lot, date(day)))
            .collect::<Result<_, _>>()
            .expect("the table knows them"),
        issued_on: date("2026-11-24"),
        copies: 1,
        passport: None,
    }
}

/// The same for use abroad, with this name in the passport.
pub fn preview_abroad(programme: &Programme, person: &Person, romanised: &str) -> Preview {
    let mut preview = preview(programme, person);
    let personal = |text: &str| Personal::new(text.to_owned());
    preview.kind = CertificateKind::Abroad;
    preview.passport = Some(Arc::new(PassportData {
        romanised_name: personal(romanised),
        nationality: personal("JPN"),
        number: personal("XX0000001"),
    }));
    for ((dose, [vaccine, ..]), number) in preview.doses.iter_mut().zip(person.doses).zip(1..) {
        dose.abroad = programme.abroad(vaccine, dose.date.expose(), number);
    }
    preview
}

/// As long as a signer's certificate of `issuance-center keys vdsnc` is.
pub const SIGNER_CERTIFICATE: usize = 378;

pub fn seal(programme: &Programme, preview: &Preview) -> Result<VdsNc, DataError> {
    let claims = vdsnc::Claims {
        certificate_id: &certificate_id(),
        passport: preview.passport.as_ref().expect("a preview for abroad"),
        birth_date: &preview.holder.birth_date,
        authority: &preview.authority,
        disease: &programme.disease().icd11,
        doses: &preview.doses,
    };
    let data = Data::new(&claims, SIGNER_CERTIFICATE)?;
    let certificate: Vec<u8> = (0..=u8::MAX).cycle().take(SIGNER_CERTIFICATE).collect();
    let sign = |message: &[u8]| {
        let signature: Signature = key().sign(message);
        Ok::<_, std::convert::Infallible>(signature.to_bytes().into())
    };
    let Ok(seal) = VdsNc::assemble(&data, &certificate, sign);
    Ok(seal)
}

pub fn key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).expect("a key")
}

pub fn kid() -> KeyId {
    "3Kfdg-XwP-7gXyywtUfUADwBumDOPKMQx-iELL11W9s"
        .parse()
        .expect("43 characters")
}

pub fn certificate_id() -> CertificateId {
    CertificateId::from_mac(&[0x5a; 32])
}

pub fn payload(programme: &Programme, preview: &Preview) -> Result<Payload, PayloadError> {
    let issuer: Issuer = ISSUER.parse().expect("an issuer");
    Payload::new(&Claims {
        issuer: &issuer,
        not_before: 1_795_478_100,
        types: programme.health_card_types(),
        holder: &preview.holder,
        passport: preview.passport.as_deref(),
        authority: &preview.authority.name,
        doses: &preview.doses,
        rid: &Array::new([0xa5; 12]),
    })
}

pub fn sign(payload: &Payload) -> Jws {
    sign_as(payload, &kid())
}

pub fn sign_as(payload: &Payload, kid: &KeyId) -> Jws {
    let sign = |message: &[u8]| {
        let signature: Signature = key().sign(message);
        Ok::<_, std::convert::Infallible>(signature.to_bytes().into())
    };
    let Ok(jws) = Jws::assemble(payload, kid, sign);
    jws
}

pub fn page(
    typesetter: &Typesetter,
    programme: &Programme,
    preview: &Preview,
) -> Result<PersonalBytes, PageError> {
    let payload = payload(programme, preview).expect("it fits");
    let symbol = Symbol::of(&sign(&payload)).expect("it fits");
    page_of(typesetter, programme, preview, &symbol)
}

pub fn page_of(
    typesetter: &Typesetter,
    programme: &Programme,
    preview: &Preview,
    symbol: &Symbol,
) -> Result<PersonalBytes, PageError> {
    let seal = preview.passport.as_ref().map(|_| {
        let seal = seal(programme, preview).expect("it fits");
        Symbol::of_seal(&seal).expect("it fits")
    });
    typesetter.set(&Content {
        programme,
        preview,
        certificate_id: &certificate_id(),
        symbol,
        seal: seal.as_ref(),
    })
}
