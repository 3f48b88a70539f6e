use issuance_api::{
    Date, Personal,
    terminal::{Dose, DoseAbroad},
};

use super::Bilingual;

/// Where whatever a municipality records was given: 予防接種法 is Japan's.
const COUNTRY: &str = "JPN";

/// The vaccines of a programme, as records name them.
#[derive(Debug)]
pub struct VaccineTable {
    pub(super) rows: Vec<Vaccine>,
    /// CVX shown for a vaccine that has none of its own.
    pub(super) without_cvx: Option<String>,
}

#[derive(Debug)]
pub(super) struct Vaccine {
    pub(super) names: Vec<String>,
    pub(super) makers: Vec<String>,
    pub(super) product: Bilingual,
    pub(super) kind: Bilingual,
    pub(super) maker: Bilingual,
    pub(super) cvx: Option<String>,
    pub(super) icd11: Option<String>,
    pub(super) brand: String,
    pub(super) from: time::Date,
    pub(super) until: Option<time::Date>,
}

impl Vaccine {
    /// The name both rows answer to on some day, if there is one.
    pub(super) fn overlap<'a>(&'a self, other: &Self) -> Option<&'a str> {
        let ends_before = |one: &Self, next: &Self| one.until.is_some_and(|day| day < next.from);
        if ends_before(self, other) || ends_before(other, self) {
            return None;
        }
        let shared = self.names.iter().find(|name| other.names.contains(name));
        shared.map(String::as_str)
    }

    fn dose(&self, cvx: &str, lot: &str, date: Date) -> Dose {
        let said = |text: &str| Personal::new(text.to_owned());
        Dose {
            date: date.into(),
            vaccine: said(&self.kind.ja),
            vaccine_en: said(&self.kind.en),
            product: said(&self.product.ja),
            product_en: said(&self.product.en),
            maker: said(&self.maker.ja),
            maker_en: said(&self.maker.en),
            lot: said(lot),
            cvx: said(cvx),
            abroad: None,
        }
    }

    fn abroad(&self, icd11: &str, number: u8) -> DoseAbroad {
        let said = |text: &str| Personal::new(text.to_owned());
        DoseAbroad {
            number,
            country: said(COUNTRY),
            icd11: said(icd11),
            brand: said(&self.brand),
        }
    }

    fn holds(&self, name: &str, day: time::Date) -> bool {
        self.names.iter().any(|own| own == name)
            && self.from <= day
            && self.until.is_none_or(|until| day <= until)
    }
}

/// A recorded vaccine that this programme cannot certify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaccineUnknown {
    /// No row has this name on this day.
    #[error("no row of the vaccine table holds for this name and day")]
    Name,
    /// The record names another maker than the table does for this vaccine.
    #[error("the record's maker is not one of this vaccine's")]
    Maker,
    /// The vaccine has no CVX code, and the programme has no rule for that.
    #[error("the vaccine has no CVX code and the programme no rule for it")]
    NoCvx,
}

impl VaccineTable {
    /// Each row that can be certified, as a dose on the first day it holds.
    pub(crate) fn specimens(&self) -> impl Iterator<Item = Dose> {
        let rows = self.rows.iter();
        rows.filter_map(|row| {
            let mut dose = row.dose(self.cvx(row)?, "", row.from.into());
            dose.abroad = row.icd11.as_ref().map(|icd11| row.abroad(icd11, 1));
            Some(dose)
        })
    }

    pub(super) fn present(
        &self,
        vaccine_name: &str,
        maker: &str,
        lot: &str,
        date: Date,
    ) -> Result<Dose, VaccineUnknown> {
        let name = vaccine_name.trim();
        let maker = maker.trim();
        let mut rows = self.rows.iter();
        let row = rows
            .find(|row| row.holds(name, date.get()))
            .ok_or(VaccineUnknown::Name)?;
        if !maker.is_empty() && !row.makers.iter().any(|own| own == maker) {
            return Err(VaccineUnknown::Maker);
        }
        let cvx = self.cvx(row).ok_or(VaccineUnknown::NoCvx)?;
        Ok(row.dose(cvx, lot.trim(), date))
    }

    /// What a certificate for abroad says of a dose that [`present`](Self::present) knows.
    pub(super) fn abroad(&self, vaccine_name: &str, date: Date, number: u8) -> Option<DoseAbroad> {
        let name = vaccine_name.trim();
        let row = self.rows.iter().find(|row| row.holds(name, date.get()))?;
        Some(row.abroad(row.icd11.as_deref()?, number))
    }

    fn cvx<'a>(&'a self, row: &'a Vaccine) -> Option<&'a str> {
        row.cvx.as_deref().or(self.without_cvx.as_deref())
    }
}
