//! The seal (ICAO VDS-NC) of a certificate for abroad, as `verify` reads it: whose it is and what it says.

use std::time::{SystemTime, UNIX_EPOCH};

use issuance_api::CertificateId;
use issuance_api::passport::PassportData;
use issuance_api::terminal::{Dose, Preview};
use verify::{Vaccination, Verdict};

use super::{CardHolder, Issuer, Key, Mismatch, same};

/// Whose seals these are (Doc 9303, part 3).
pub(crate) const ISSUING_STATE: &str = "JPN";

impl Issuer {
    pub(super) fn check_seal(
        &self,
        holder: &CardHolder,
        preview: &Preview,
        text: Option<&str>,
        id: &CertificateId,
    ) -> Result<Key, Mismatch> {
        let (text, passport) = match (text, &preview.passport) {
            // No key to know.
            (None, None) => return Ok(Key::Pinned),
            (Some(text), Some(passport)) => (text, passport),
            _ => return Err(Mismatch::Seal),
        };
        let documents = verify::read([text]);
        let [document] = &documents[..] else {
            return Err(Mismatch::Seal);
        };
        let report = self.seals.known.judge(document, now());
        let key = match report.verdict {
            // Revoked signers are the center's business, and this terminal's clock may be behind the center's.
            Verdict::Valid | Verdict::Unchecked(_) | Verdict::NotYetValid(_) => Key::Pinned,
            // The file may lag; and one whose time is over is as good as not there.
            Verdict::UnknownIssuer | Verdict::Expired(_) => Key::Unknown,
            _ => return Err(Mismatch::Seal),
        };
        same(
            Mismatch::Seal,
            report.claimed.as_deref() == Some(ISSUING_STATE),
        )?;
        let said = document.unverified_vaccination().ok_or(Mismatch::Seal)?;
        check_content(&said, holder, preview, passport, id)?;
        Ok(key)
    }
}

fn check_content(
    said: &Vaccination,
    holder: &CardHolder,
    preview: &Preview,
    passport: &PassportData,
    id: &CertificateId,
) -> Result<(), Mismatch> {
    let person = &said.holder;
    same(
        Mismatch::Passport,
        person.name.expose() == passport.romanised_name.expose()
            && person.document.as_ref().map(verify::Private::expose)
                == Some(passport.number.expose())
            && person.other_number.is_none()
            && person.sex.is_none(),
    )?;
    let born = person.birth_date.as_ref();
    let born = born.map(|date| holder.was_born_on(date.expose().into()));
    same(Mismatch::BirthDate, born == Some(true))?;
    same(
        Mismatch::Seal,
        said.id.expose() == id.to_string().replace('-', ""),
    )?;

    // Doses stand there by vaccine; the preview has them by date.
    let stated = said.vaccines.iter().flat_map(|vaccine| {
        let doses = vaccine.doses.iter();
        doses.map(move |dose| (vaccine, dose))
    });
    let mut shown: Vec<&Dose> = preview.doses.iter().collect();
    for (vaccine, dose) in stated {
        let found = shown.iter().position(|shown| {
            let abroad = shown.abroad.as_ref();
            abroad.is_some_and(|abroad| {
                (vaccine.code.expose(), vaccine.name.expose())
                    == (abroad.icd11.expose(), abroad.brand.expose())
                    && dose.number == u32::from(abroad.number)
                    && dose.country.expose() == abroad.country.expose()
                    && dose.date.expose() == shown.date.expose().get()
                    && text(&dose.lot) == Some(shown.lot.expose())
                    && dose.next.is_none()
            }) && is_center(text(&dose.center), preview)
        });
        shown.swap_remove(found.ok_or(Mismatch::Doses)?);
    }
    same(Mismatch::Doses, shown.is_empty())
}

fn text(text: &Option<verify::Private>) -> Option<&str> {
    text.as_ref().map(verify::Private::expose)
}

/// The municipality's English name without its prefecture, or its code.
fn is_center(said: Option<&str>, preview: &Preview) -> bool {
    let name = preview.authority.name_en.as_str();
    let (municipality, _) = name.split_once(", ").unwrap_or((name, ""));
    said == Some(municipality) || said == Some(preview.authority.code.as_str())
}

/// Seconds since 1970.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}
