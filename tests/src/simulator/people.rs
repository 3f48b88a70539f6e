//! Made-up residents, as many as wanted: records of their own in a municipality's file, and cards of their own.
//!
//! The cards' private keys are those of three personas' cards, since making keys takes too long; what tells people apart are the files, which
//! the municipalities' signers signed for each. Some share a name, some a birth date, and some both: each has lots and a passport of their
//! own all the same, so no certificate of one could be taken for another's.

mod own;

use std::io;
use std::path::Path;

use card::attributes::{Attributes, BirthDate, Sex};
use card::era::BirthCode;
use card::file::Ef;
use card::number::IndividualNumber;
use card::surface_ap::{self, AgeRecord};
use card::text_ap::{self, AttributesFile, CardKeyFile, IntegrityFile, NumberFile};
use card::trust::ApRole;
use hw_sim::ap::Ap;
use hw_sim::authority::{Ca, KeyName, Signer, public_key};
use hw_sim::chip::EmulatedCard;
use hw_sim::memory::Memory;
use issuance_api::MunicipalityCode;
use vrs::import;

use crate::passport::Passport;
use crate::random::Random;
use crate::world::{Ground, MUNICIPALITIES, run};

const FAMILIES: [&str; 16] = [
    "青木", "石川", "上田", "遠藤", "岡本", "加藤", "木村", "工藤", "小林", "佐藤", "清水", "鈴木",
    "高橋", "田中", "中村", "山本",
];
const GIVEN: [&str; 13] = [
    "一郎", "花子", "健太", "咲", "大輔", "直子", "翔", "恵", "誠", "由美", "亮", "葵", "実",
];

/// The second's, which needs the font of names.
const RARE_NAME: &str = "𠮷田\u{3000}髙子";
/// What certificates call the municipalities.
const AUTHORITIES: [[&str; 2]; MUNICIPALITIES.len()] = [
    ["東京都清瀬市", "Kiyose City, Tokyo"],
    ["東京都千代田区", "Chiyoda City, Tokyo"],
    ["神奈川県横浜市", "Yokohama City, Kanagawa"],
];
/// Whose cards' keys these cards have.
const ORIGINALS: [&str; 3] = ["ordinary", "gaiji", "seven-doses"];
/// So many in a row have one birth date.
const ALIKE: usize = 6;

/// Of which original the n-th resident's card has the keys: not the same for all in one municipality.
const fn keys_of(n: usize) -> usize {
    n / MUNICIPALITIES.len() % ORIGINALS.len()
}

/// Somebody.
pub struct Resident {
    /// Name, as the card has it.
    pub name: String,
    /// Birth date, YYYYMMDD.
    pub birth_date: String,
    /// Where the records are.
    pub municipality: MunicipalityCode,
    /// Individual number.
    pub number: IndividualNumber,
    /// Lots of the doses, in their order.
    pub lots: Vec<String>,
    attributes: Attributes,
    n: usize,
    memory: Memory,
}

/// What somebody who reads a card has of it.
const FILES: [(Ap, Ef); 7] = [
    (Ap::Text, text_ap::NUMBER),
    (Ap::Text, text_ap::ATTRIBUTES),
    (Ap::Text, text_ap::INTEGRITY),
    (Ap::Text, text_ap::CERTIFICATE),
    (Ap::Text, text_ap::CARD_KEY),
    (Ap::Surface, surface_ap::AGE_RECORD),
    (Ap::Surface, surface_ap::CERTIFICATE),
];

impl Resident {
    /// Their passport: nobody else has its name, nor its number.
    #[must_use]
    pub fn passport(&self) -> Passport {
        // No digit stands in a passport's name.
        let letter = |character: char| {
            let digit = character.to_digit(10);
            let letter = digit.and_then(|digit| char::from_digit(digit + 10, 36));
            letter.unwrap_or(character).to_ascii_uppercase()
        };
        let own: String = self.lots[0].chars().map(letter).collect();
        Passport {
            name: format!("MIHON<<{own}"),
            number: format!("XX{}", &self.number.expose()[4..11]),
            birth_date: self.birth_date[2..].to_owned(),
            last_day: "350101".to_owned(),
        }
    }

    /// Somebody else's card with all files of this one's on it, as whoever read it once can make one.
    #[must_use]
    pub fn copied_onto(&self, other: &Self) -> EmulatedCard {
        let mut copy = other.memory.clone();
        for (ap, ef) in FILES {
            if let Some(content) = self.memory.file(ap, ef) {
                copy = copy.with_file(ap, ef, content);
            }
        }
        let code = BirthCode::of(self.attributes.birth()).expect("born after 明治 began");
        EmulatedCard::new(copy.with_reference(
            Ap::Surface,
            surface_ap::BIRTH_CODE,
            code.expose(),
            10,
        ))
    }

    /// Their birth code.
    ///
    /// # Panics
    /// Never: all are born after 明治 began.
    #[must_use]
    pub fn birth_code(&self) -> [u8; 6] {
        *BirthCode::of(self.attributes.birth())
            .expect("born after 明治 began")
            .expose()
    }

    /// Whether the two cards have keys of their own.
    #[must_use]
    pub fn has_other_keys_than(&self, other: &Self) -> bool {
        keys_of(self.n) != keys_of(other.n)
    }

    /// A card that says all that theirs does, made by somebody who has a CA of their own.
    ///
    /// # Errors
    /// If a key cannot be read.
    pub fn forged(&self, ground: &Ground) -> io::Result<EmulatedCard> {
        let authority = ground.path("cards/authority");
        let signers = Signers::load(&authority, self.municipality.as_str(), Ca::Other)?;
        let original = ground.path("cards/cards").join(ORIGINALS[keys_of(self.n)]);
        let original = Memory::load(&original).map_err(io::Error::other)?;
        let forged = signers.issue(self.n, self.municipality, &original)?;
        Ok(forged.card())
    }

    /// What certificates call where the records are, Japanese and English.
    const fn authority(&self) -> [&'static str; 2] {
        AUTHORITIES[self.n % AUTHORITIES.len()]
    }

    /// Their card. Every time all tries are left on it.
    #[must_use]
    pub fn card(&self) -> EmulatedCard {
        EmulatedCard::new(self.memory.clone())
    }
}

/// Residents of the demo's municipalities.
pub struct People {
    /// All of them.
    pub residents: Vec<Resident>,
    /// What each municipality imports.
    pub records: Vec<(MunicipalityCode, String)>,
}

impl People {
    /// Makes so many, with the keys of this ground.
    ///
    /// # Errors
    /// If a key cannot be read.
    ///
    /// # Panics
    /// Never: all that is written here is of its form.
    pub fn new(ground: &Ground, count: usize) -> io::Result<Self> {
        let originals = ORIGINALS.map(|name| Memory::load(&ground.path("cards/cards").join(name)));
        let originals: Result<Vec<_>, _> = originals.into_iter().collect();
        let originals = originals.map_err(io::Error::other)?;
        let authority = ground.path("cards/authority");
        let mut people = Self {
            residents: Vec::with_capacity(count),
            records: Vec::new(),
        };
        for municipality in MUNICIPALITIES {
            let signers = Signers::load(&authority, municipality, Ca::Own)?;
            let code: MunicipalityCode = municipality.parse().expect("a municipality's code");
            let mut records = import::header().join(",") + "\n";
            for n in (0..count).filter(|n| MUNICIPALITIES[n % MUNICIPALITIES.len()] == municipality)
            {
                let resident = signers.issue(n, code, &originals[keys_of(n)])?;
                records += &rows(&resident);
                people.residents.push(resident);
            }
            people.records.push((code, records));
        }
        Ok(people)
    }
}

impl People {
    /// As [`new`](Self::new), with their records in the ground's own databases.
    ///
    /// # Errors
    /// As there, and if the import fails.
    pub fn imported(ground: &Ground, count: usize) -> io::Result<Self> {
        let people = Self::new(ground, count)?;
        let file = ground.path("records.csv");
        for (municipality, records) in &people.records {
            std::fs::write(&file, records)?;
            let mut import = ground.vrs();
            import.args(["import", "--municipality", municipality.as_str()]);
            run(import.arg(&file))?;
        }
        Ok(people)
    }

    /// Whose card to mix with this one's: with other keys, of this municipality and born on another day, which is the most that a mixture
    /// could hope for.
    ///
    /// # Panics
    /// If there is nobody: of eighteen there always is.
    #[must_use]
    pub fn to_mix_with(&self, own: &Resident, random: &mut Random) -> &Resident {
        let others = self.residents.iter().filter(|it| {
            it.has_other_keys_than(own)
                && it.municipality == own.municipality
                && it.birth_date != own.birth_date
        });
        let others: Vec<_> = others.collect();
        others[random.below(others.len())]
    }

    /// Whose name is not in the usual font.
    #[must_use]
    pub fn with_rare_name(&self) -> Option<&Resident> {
        self.residents.iter().find(|it| it.name == RARE_NAME)
    }
}

/// Who signs for a municipality, for each application of a card.
struct Signers {
    text: (Signer, card::certificate::Certificate),
    surface: (Signer, card::certificate::Certificate),
}

impl Signers {
    fn load(authority: &Path, municipality: &str, ca: Ca) -> io::Result<Self> {
        let chain = |role| {
            let prefix = municipality.parse().map_err(io::Error::other)?;
            let name = KeyName::Signer(ca, role, prefix);
            let home = MUNICIPALITIES[0].parse().map_err(io::Error::other)?;
            let home = KeyName::Signer(ca, role, home);
            let ca = KeyName::Ca(ca, role).load(authority);
            let ca = ca.map_err(io::Error::other)?;
            // Where no persona lives nobody made the signer's key: the next municipality's has to do, under this one's name.
            let signer = if name.file(authority).exists() {
                name.load(authority).map_err(io::Error::other)?
            } else {
                let key = hw_sim::authority::load_key(&home.file(authority));
                let key = key.map_err(io::Error::other)?;
                Signer::new(name.id(), key).map_err(io::Error::other)?
            };
            let certificate = ca.certify(&signer);
            Ok::<_, io::Error>((signer, certificate))
        };
        Ok(Self {
            text: chain(ApRole::Text)?,
            surface: chain(ApRole::Surface)?,
        })
    }

    /// The n-th resident.
    fn issue(
        &self,
        n: usize,
        municipality: MunicipalityCode,
        original: &Memory,
    ) -> io::Result<Resident> {
        let rare = (n == 1).then(|| RARE_NAME.to_owned());
        let usual = || {
            format!(
                "{}\u{3000}{}",
                FAMILIES[n % FAMILIES.len()],
                GIVEN[n % GIVEN.len()]
            )
        };
        let name = rare.unwrap_or_else(usual);
        let birth = BirthDate::new(
            1950 + u16::try_from(n / ALIKE % 37).expect("a year"),
            1 + u8::try_from(n / ALIKE % 11).expect("a month"),
            15,
        );
        let birth = birth.expect("a date");
        let number = IndividualNumber::from_eleven(&format!("7{n:010}")).expect("eleven digits");
        let file = |ap, ef| original.file(ap, ef).ok_or(io::ErrorKind::NotFound);
        let card_key = original.private_key(Ap::Text, text_ap::SIGNING_KEY);
        let card_key = card_key
            .and_then(public_key)
            .ok_or(io::ErrorKind::NotFound)?;
        let age_record = AgeRecord::decode(file(Ap::Surface, surface_ap::AGE_RECORD)?);
        let surface_key = age_record.map_err(io::Error::other)?.key().clone();
        let address = "東京都清瀬市中里五丁目八百四十二番地".to_owned();
        let attributes = Attributes::new(name.clone(), address, birth, Sex::Male);
        let birth = attributes.birth();
        let attributes_file = AttributesFile::of(&attributes);
        let number_file = NumberFile::of(&number);
        let (signer, certificate) = &self.text;
        let integrity = IntegrityFile::issue(&number_file, &attributes_file, |digests| {
            signer.sign(digests)
        });
        let card_key = CardKeyFile::issue(card_key, |key| signer.sign(key));
        let (surface_signer, surface_certificate) = &self.surface;
        let age_record = AgeRecord::issue(birth, surface_key, |record| surface_signer.sign(record));
        let code = BirthCode::of(birth).expect("born after 明治 began");
        let mut memory = original.clone().detached();
        for (ap, ef, content) in [
            (Ap::Text, text_ap::NUMBER, number_file.as_bytes()),
            (Ap::Text, text_ap::ATTRIBUTES, attributes_file.as_bytes()),
            (Ap::Text, text_ap::INTEGRITY, integrity.as_bytes()),
            (Ap::Text, text_ap::CERTIFICATE, certificate.as_bytes()),
            (Ap::Text, text_ap::CARD_KEY, card_key.as_bytes()),
            (Ap::Surface, surface_ap::AGE_RECORD, age_record.as_bytes()),
            (
                Ap::Surface,
                surface_ap::CERTIFICATE,
                surface_certificate.as_bytes(),
            ),
        ] {
            memory = memory.with_file(ap, ef, content);
        }
        Ok(Resident {
            birth_date: String::from_utf8_lossy(&birth.to_digits()[..]).into_owned(),
            lots: ["A", "B"].map(|dose| format!("L{n}{dose}")).to_vec(),
            memory: memory.with_reference(Ap::Surface, surface_ap::BIRTH_CODE, code.expose(), 10),
            name,
            municipality,
            number,
            attributes,
            n,
        })
    }
}

fn rows(resident: &Resident) -> String {
    let doses = [
        ("20210710", "1回目", &resident.lots[0]),
        ("20210731", "2回目", &resident.lots[1]),
    ];
    let row = |(date, kind, lot): (&str, &str, &String)| {
        let cells = import::header().into_iter().map(|column| match column {
            "個人番号" => resident.number.expose(),
            "団体内統合宛名番号" => "100200300",
            "漢字氏名" => &resident.name,
            "生年月日" => &resident.birth_date,
            "性別" => "1",
            "接種日" => date,
            "種別" => kind,
            "業務" => "covid-19",
            "ワクチン名" => "コミナティ筋注",
            "メーカー" => "ファイザー",
            "ロット番号" => lot,
            _ => "",
        });
        cells.collect::<Vec<_>>().join(",") + "\n"
    };
    doses.map(row).concat()
}
