//! Programmes (制度): what is certified, as data.
//!
//! A programme is a folder of four files, read and checked whole when the center starts:
//!
//! | file | what |
//! |---|---|
//! | `programme.toml` | id (the folder's name), names, disease, period of issue |
//! | `certificate.toml` | title, statement and legal ground of the page, by day of issue |
//! | `vaccines.toml` | vaccines: names as in records → product, kind, maker, CVX, ICD-11, days on which the row holds |
//! | `municipalities.toml` | municipalities that take part, and what each lets which terminal issue |
//!
//! Nothing about one disease is code: the same types carry every programme.

use std::{fs, path::Path};

use issuance_api::{
    CertificateKind, Date, MunicipalityCode, ProgrammeId, TerminalRole,
    terminal::{Authority, Dose, DoseAbroad, Localized, MunicipalityOffer, ProgrammeOffer},
};

mod error;
mod file;
#[cfg(test)]
mod tests;
mod texts;
mod vaccine;

pub use error::{Fault, ProgrammeError};
pub use texts::Texts;
pub use vaccine::{VaccineTable, VaccineUnknown};

/// All programmes of a center, in order of id.
#[derive(Debug)]
pub struct Programmes(Vec<Programme>);

/// One programme, checked.
#[derive(Debug)]
pub struct Programme {
    id: ProgrammeId,
    name: Localized,
    disease: Disease,
    period: Period,
    health_card_types: Vec<String>,
    texts: Vec<Texts>,
    vaccines: VaccineTable,
    municipalities: Vec<Municipality>,
}

/// A text in the two languages of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bilingual {
    /// 日本語.
    pub ja: String,
    /// English.
    pub en: String,
}

/// What the vaccines are against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disease {
    /// Its name.
    pub name: Bilingual,
    /// ICD-11 stem code.
    pub icd11: String,
}

/// Days on which certificates are issued, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    from: time::Date,
    until: time::Date,
}

impl Period {
    /// Whether certificates are issued on this day (local date of Japan).
    #[must_use]
    pub fn contains(&self, day: time::Date) -> bool {
        (self.from..=self.until).contains(&day)
    }
}

#[derive(Debug)]
struct Municipality {
    code: MunicipalityCode,
    prefecture: Bilingual,
    name: Bilingual,
    reading: String,
    kiosk: Vec<CertificateKind>,
    app: Vec<CertificateKind>,
}

impl Municipality {
    fn kinds(&self, role: TerminalRole) -> &[CertificateKind] {
        match role {
            TerminalRole::Kiosk => &self.kiosk,
            TerminalRole::App => &self.app,
        }
    }
}

impl Programmes {
    /// Reads every folder of `dir` as a programme and checks all of it.
    ///
    /// # Errors
    /// The first fault, with the file and, for tables, the row (counted from 1) it is in.
    pub fn load(dir: &Path) -> Result<Self, ProgrammeError> {
        let unreadable = |_| ProgrammeError::new(dir, Fault::Unreadable);
        let mut programmes = Vec::new();
        for entry in fs::read_dir(dir).map_err(unreadable)? {
            let folder = entry.map_err(unreadable)?.path();
            if folder.is_dir() {
                programmes.push(file::load(&folder)?);
            }
        }
        if programmes.is_empty() {
            return Err(ProgrammeError::new(dir, Fault::NoProgramme));
        }
        programmes.sort_by(|one: &Programme, other| one.id.cmp(&other.id));
        Ok(Self(programmes))
    }

    /// What a terminal of this role may offer today: programmes in their period, municipalities that let it issue
    /// something (C5, K4).
    #[must_use]
    pub fn offers(&self, role: TerminalRole, today: time::Date) -> Vec<ProgrammeOffer> {
        self.0
            .iter()
            .filter(|programme| programme.period.contains(today))
            .map(|programme| programme.offer(role))
            .filter(|offer| !offer.municipalities.is_empty())
            .collect()
    }

    /// The programme of this id, whether it issues now or not.
    #[must_use]
    pub fn find(&self, id: &ProgrammeId) -> Option<&Programme> {
        self.0.iter().find(|programme| programme.id == *id)
    }

    /// Every programme, in order of id.
    pub fn iter(&self) -> impl Iterator<Item = &Programme> {
        self.0.iter()
    }
}

impl Programme {
    /// Its id.
    #[must_use]
    pub const fn id(&self) -> &ProgrammeId {
        &self.id
    }

    /// What residents call it.
    #[must_use]
    pub const fn name(&self) -> &Localized {
        &self.name
    }

    /// What its vaccines are against.
    #[must_use]
    pub const fn disease(&self) -> &Disease {
        &self.disease
    }

    /// When certificates are issued.
    #[must_use]
    pub const fn period(&self) -> Period {
        self.period
    }

    /// Types of its SMART Health Cards beside `#health-card`, without the `#`.
    #[must_use]
    pub fn health_card_types(&self) -> &[String] {
        &self.health_card_types
    }

    /// Texts of the page of a certificate issued on this day.
    ///
    /// # Panics
    /// Never: there is at least one row.
    #[must_use]
    pub fn texts_on(&self, day: time::Date) -> &Texts {
        let mut rows = self.texts.iter().rev();
        let held = rows.find(|texts| texts.from() <= day);
        held.or(self.texts.first())
            .expect("there is at least one row")
    }

    /// All texts, in order of the day from which they hold.
    #[must_use]
    pub fn texts(&self) -> &[Texts] {
        &self.texts
    }

    /// Its vaccines.
    #[must_use]
    pub const fn vaccines(&self) -> &VaccineTable {
        &self.vaccines
    }

    /// What a certificate says about a recorded dose.
    ///
    /// # Errors
    /// No row of the vaccine table holds for this name, maker and day, or the vaccine has no CVX code and the programme has no
    /// rule for that.
    pub fn present(
        &self,
        vaccine_name: &str,
        maker: &str,
        lot: &str,
        date: Date,
    ) -> Result<Dose, VaccineUnknown> {
        self.vaccines.present(vaccine_name, maker, lot, date)
    }

    /// What a certificate for abroad says beside it of a dose that [`present`](Self::present) knows; nothing if the vaccine has no
    /// ICD-11 code, which no programme with such certificates has.
    #[must_use]
    pub fn abroad(&self, vaccine_name: &str, date: Date, number: u8) -> Option<DoseAbroad> {
        self.vaccines.abroad(vaccine_name, date, number)
    }

    /// Whether any municipality offers certificates for abroad.
    #[must_use]
    pub fn offers_abroad(&self) -> bool {
        let mut all = self.municipalities.iter();
        all.any(|municipality| {
            let kinds = municipality.kiosk.iter().chain(&municipality.app);
            kinds.copied().any(|kind| kind == CertificateKind::Abroad)
        })
    }

    /// The municipality as it stands on a certificate, if it takes part.
    #[must_use]
    pub fn authority(&self, code: &MunicipalityCode) -> Option<Authority> {
        let Municipality {
            code,
            prefecture,
            name,
            ..
        } = self.municipality(code)?;
        Some(Authority::new(
            *code,
            [&prefecture.ja, &name.ja],
            [&prefecture.en, &name.en],
        ))
    }

    /// Kinds of certificate that a municipality lets terminals of this role issue; nothing if it does not take part.
    #[must_use]
    pub fn kinds(&self, code: &MunicipalityCode, role: TerminalRole) -> Option<&[CertificateKind]> {
        Some(self.municipality(code)?.kinds(role))
    }

    /// Every municipality that takes part, as it stands on a certificate.
    pub(crate) fn authorities(&self) -> impl Iterator<Item = Authority> {
        let municipalities = self.municipalities.iter();
        municipalities.filter_map(|municipality| self.authority(&municipality.code))
    }

    fn municipality(&self, code: &MunicipalityCode) -> Option<&Municipality> {
        self.municipalities.iter().find(|m| m.code == *code)
    }

    fn offer(&self, role: TerminalRole) -> ProgrammeOffer {
        let municipalities = self.municipalities.iter();
        ProgrammeOffer {
            id: self.id.clone(),
            name: self.name.clone(),
            municipalities: municipalities
                .filter(|municipality| !municipality.kinds(role).is_empty())
                .map(|municipality| MunicipalityOffer {
                    code: municipality.code,
                    prefecture: municipality.prefecture.ja.clone(),
                    prefecture_en: municipality.prefecture.en.clone(),
                    name: municipality.name.ja.clone(),
                    reading: municipality.reading.clone(),
                    name_en: municipality.name.en.clone(),
                    kinds: municipality.kinds(role).to_vec(),
                })
                .collect(),
        }
    }
}
