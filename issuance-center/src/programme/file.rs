//! The files of a programme: their shape, and every check that turns it into a [`Programme`].

use std::{fs, path::Path};

use issuance_api::{CertificateKind, Date, MunicipalityCode, terminal::Localized};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Bilingual, Disease, Fault, Municipality, Period, Programme, ProgrammeError, VaccineTable,
    texts::texts, vaccine::Vaccine,
};

pub(super) fn load(folder: &Path) -> Result<Programme, ProgrammeError> {
    let main_file = folder.join("programme.toml");
    let main: ProgrammeFile = read(&main_file)?;
    let vaccines_file = folder.join("vaccines.toml");
    let vaccines = vaccines(read(&vaccines_file)?, &vaccines_file)?;
    let municipalities_file = folder.join("municipalities.toml");
    let municipalities =
        municipalities(read(&municipalities_file)?, &municipalities_file, &vaccines)?;

    let main = main
        .checked()
        .map_err(|fault| ProgrammeError::new(&main_file, fault))?;
    if folder.file_name() != Some(main.id.as_str().as_ref()) {
        return Err(ProgrammeError::new(&main_file, Fault::Folder));
    }
    let texts_file = folder.join("certificate.toml");
    let texts = texts(read(&texts_file)?, &texts_file, main.period.from.get())?;
    Ok(Programme {
        texts,
        vaccines: VaccineTable {
            rows: vaccines,
            without_cvx: main.without_cvx.map(|rule| rule.code),
        },
        municipalities,
        id: main.id,
        name: main.name,
        disease: Disease {
            name: Bilingual {
                ja: main.disease.ja,
                en: main.disease.en,
            },
            icd11: main.disease.icd11,
        },
        period: Period {
            from: main.period.from.get(),
            until: main.period.until.get(),
        },
        health_card_types: main.health_card.types,
    })
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<T, ProgrammeError> {
    let text =
        fs::read_to_string(file).map_err(|_| ProgrammeError::new(file, Fault::Unreadable))?;
    toml::from_str(&text).map_err(|e| ProgrammeError::new(file, Fault::Toml(e.to_string())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ProgrammeFile {
    id: issuance_api::ProgrammeId,
    name: Localized,
    disease: DiseaseTable,
    period: PeriodTable,
    health_card: HealthCardTable,
    without_cvx: Option<WithoutCvx>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pair {
    ja: String,
    en: String,
}

impl From<Pair> for Bilingual {
    fn from(pair: Pair) -> Self {
        Self {
            ja: pair.ja,
            en: pair.en,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DiseaseTable {
    ja: String,
    en: String,
    icd11: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeriodTable {
    from: Date,
    until: Date,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HealthCardTable {
    types: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithoutCvx {
    code: String,
}

const fn fault(field: &'static str, rule: &'static str) -> Fault {
    Fault::Field { field, rule }
}

pub(super) fn require(holds: bool, field: &'static str, rule: &'static str) -> Result<(), Fault> {
    if holds {
        Ok(())
    } else {
        Err(fault(field, rule))
    }
}

impl ProgrammeFile {
    fn checked(self) -> Result<Self, Fault> {
        let Localized { ja, en, zh, ko } = &self.name;
        for text in [ja, en, zh, ko] {
            require(is_line(text), "name", A_LINE)?;
        }
        let disease = &self.disease;
        require(is_line(&disease.ja), "disease.ja", A_LINE)?;
        require(is_ascii_line(&disease.en), "disease.en", AN_ASCII_LINE)?;
        require(
            is_icd11_stem(&disease.icd11),
            "disease.icd11",
            "an ICD-11 stem code such as RA01.0",
        )?;
        require(
            self.period.from <= self.period.until,
            "period",
            "its last day may not lie before its first",
        )?;
        for name in &self.health_card.types {
            let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            require(
                !name.is_empty() && name != "health-card" && name.bytes().all(allowed),
                "health-card.types",
                "small letters and digits, health-card itself not among them",
            )?;
        }
        if let Some(rule) = &self.without_cvx {
            require(is_cvx(&rule.code), "without-cvx.code", A_CVX)?;
        }
        Ok(self)
    }
}

const A_LINE: &str = "one line of text, not empty";
const AN_ASCII_LINE: &str = "one line of ASCII text, not empty";
const A_CVX: &str = "a CVX code: two or three digits";

pub(super) fn pair(pair: &Pair, field: &'static str) -> Result<(), Fault> {
    require(is_line(&pair.ja), field, A_LINE)?;
    require(is_ascii_line(&pair.en), field, AN_ASCII_LINE)
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.chars().any(char::is_control)
}

fn is_ascii_line(text: &str) -> bool {
    is_line(text) && text.is_ascii()
}

fn is_cvx(text: &str) -> bool {
    (2..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Four symbols of ICD-11's alphabet, optionally a point and one or two more.
fn is_icd11_stem(text: &str) -> bool {
    let (stem, rest) = text.split_once('.').unwrap_or((text, "0"));
    stem.len() == 4
        && matches!(rest.len(), 1..=2)
        && (stem.bytes().chain(rest.bytes())).all(is_icd11_symbol)
}

/// `XM` and four symbols: an extension code of the section "Medicaments".
fn is_icd11_vaccine(text: &str) -> bool {
    text.strip_prefix("XM")
        .is_some_and(|rest| rest.len() == 4 && rest.bytes().all(is_icd11_symbol))
}

/// Digits and capitals without I and O.
const fn is_icd11_symbol(byte: u8) -> bool {
    byte.is_ascii_digit() || (byte.is_ascii_uppercase() && !matches!(byte, b'I' | b'O'))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VaccineFile {
    #[serde(default)]
    vaccine: Vec<VaccineRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct VaccineRow {
    names: Vec<String>,
    makers: Vec<String>,
    product: Pair,
    kind: Pair,
    maker: Pair,
    cvx: Option<String>,
    icd11: Option<String>,
    brand: Option<String>,
    valid_from: String,
    valid_until: Option<String>,
}

fn vaccines(table: VaccineFile, file: &Path) -> Result<Vec<Vaccine>, ProgrammeError> {
    let mut rows: Vec<Vaccine> = Vec::with_capacity(table.vaccine.len());
    for (index, row) in table.vaccine.into_iter().enumerate() {
        let row = row
            .checked()
            .map_err(|fault| ProgrammeError::in_row(file, index, fault))?;
        for (other, earlier) in rows.iter().enumerate() {
            if let Some(name) = row.overlap(earlier) {
                let name = name.to_owned();
                let other = other + 1;
                let overlap = Fault::Overlap { name, other };
                return Err(ProgrammeError::in_row(file, index, overlap));
            }
        }
        rows.push(row);
    }
    if rows.is_empty() {
        return Err(ProgrammeError::new(file, Fault::Empty));
    }
    Ok(rows)
}

impl VaccineRow {
    fn checked(self) -> Result<Vaccine, Fault> {
        for (list, field) in [(&self.names, "names"), (&self.makers, "makers")] {
            require(
                !list.is_empty() && list.iter().all(|name| is_line(name)),
                field,
                "at least one, each one line of text without spaces around it",
            )?;
        }
        pair(&self.product, "product")?;
        // The official name is what records say first of all.
        require(
            self.names.contains(&self.product.ja),
            "names",
            "the product's Japanese name has to be among them",
        )?;
        pair(&self.kind, "kind")?;
        pair(&self.maker, "maker")?;
        if let Some(cvx) = &self.cvx {
            require(is_cvx(cvx), "cvx", A_CVX)?;
        }
        if let Some(code) = &self.icd11 {
            let rule = "an ICD-11 extension code such as XM68M6";
            require(is_icd11_vaccine(code), "icd11", rule)?;
        }
        let brand = self.brand.unwrap_or_else(|| self.product.en.clone());
        require(is_ascii_line(&brand), "brand", AN_ASCII_LINE)?;
        let from = day(&self.valid_from, "valid-from")?;
        let until = self.valid_until.as_deref();
        let until = until.map(|text| day(text, "valid-until")).transpose()?;
        let rule = "may not lie before valid-from";
        require(until.is_none_or(|day| from <= day), "valid-until", rule)?;
        Ok(Vaccine {
            names: self.names,
            makers: self.makers,
            product: self.product.into(),
            kind: self.kind.into(),
            maker: self.maker.into(),
            cvx: self.cvx,
            icd11: self.icd11,
            brand,
            from,
            until,
        })
    }
}

pub(super) fn day(text: &str, field: &'static str) -> Result<time::Date, Fault> {
    let date: Result<Date, _> = text.parse();
    date.map(Date::get)
        .map_err(|_| fault(field, "a day, YYYY-MM-DD"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MunicipalityFile {
    #[serde(default)]
    municipality: Vec<MunicipalityRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MunicipalityRow {
    code: String,
    prefecture: Pair,
    name: NameTable,
    kinds: KindsTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameTable {
    ja: String,
    reading: String,
    en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindsTable {
    kiosk: Vec<CertificateKind>,
    app: Vec<CertificateKind>,
}

fn municipalities(
    table: MunicipalityFile,
    file: &Path,
    vaccines: &[Vaccine],
) -> Result<Vec<Municipality>, ProgrammeError> {
    let without_icd11 = vaccines.iter().position(|row| row.icd11.is_none());
    let mut rows: Vec<Municipality> = Vec::with_capacity(table.municipality.len());
    for (index, row) in table.municipality.into_iter().enumerate() {
        let in_row = |fault| ProgrammeError::in_row(file, index, fault);
        let row = row.checked().map_err(in_row)?;
        if let Some(other) = rows.iter().position(|other| other.code == row.code) {
            return Err(in_row(Fault::Repeated(other + 1)));
        }
        let abroad = [&row.kiosk, &row.app]
            .iter()
            .any(|kinds| kinds.contains(&CertificateKind::Abroad));
        if let (true, Some(vaccine)) = (abroad, without_icd11) {
            return Err(in_row(Fault::AbroadWithoutIcd11(vaccine + 1)));
        }
        rows.push(row);
    }
    if rows.is_empty() {
        return Err(ProgrammeError::new(file, Fault::Empty));
    }
    Ok(rows)
}

impl MunicipalityRow {
    fn checked(self) -> Result<Municipality, Fault> {
        let code: Result<MunicipalityCode, _> = self.code.parse();
        let rule = "a 全国地方公共団体コード: six digits with the right check digit";
        let code = code.map_err(|_| fault("code", rule))?;
        pair(&self.prefecture, "prefecture")?;
        require(is_line(&self.name.ja), "name.ja", A_LINE)?;
        require(is_ascii_line(&self.name.en), "name.en", AN_ASCII_LINE)?;
        require(
            !self.name.reading.is_empty() && self.name.reading.chars().all(is_hiragana),
            "name.reading",
            "hiragana only",
        )?;
        for kinds in [&self.kinds.kiosk, &self.kinds.app] {
            let repeated = (1..kinds.len()).any(|index| kinds[..index].contains(&kinds[index]));
            require(!repeated, "kinds", "each kind once")?;
        }
        Ok(Municipality {
            code,
            prefecture: self.prefecture.into(),
            name: Bilingual {
                ja: self.name.ja,
                en: self.name.en,
            },
            reading: self.name.reading,
            kiosk: self.kinds.kiosk,
            app: self.kinds.app,
        })
    }
}

const fn is_hiragana(character: char) -> bool {
    matches!(character, 'ぁ'..='ゖ' | 'ー')
}
