//! The hand-over check: what a certificate has to pass before anything of it is shown, written or printed.
//!
//! ```text
//! preview   name and birth date are the card's; programme, kind, municipality (its names, too), copies and passport are those asked for
//! JWS       verifies under a pinned key; its issuer is the configured one
//! payload   names and birth date are the card's and the passport's; the doses are the preview's, in order, and no other
//! seal      for abroad: verifies up to the pinned CSCA; name, number and birth date are the passport's and the card's, the doses
//!           the preview's
//! page      built as ours are, and rasterised here: its symbols are exactly those of this JWS and this seal, without colour, and no other
//! ```
//! A [`Certificate`] comes from [`Issuer::check`] alone. What does not belong is a [`Mismatch`], and the caller latches the
//! terminal out of service: somebody's answer reached somebody else. A page that is built as ours are, is not explained, and shows
//! no other's code is no sign of that. It is not handed over either, but the next application may be. Nor is a key or a CSCA that is not pinned here
//! one: the issuer's next can be at work before this terminal's file has it. So what somebody unknown signed is compared all the same, and ends
//! the application alone only if everything else belongs.

mod issuer;
mod mismatch;
mod seal;

use std::fmt;
use std::fmt::Write as _;

use card::attributes::{Attributes, BirthDate};
use issuance_api::passport::{Passport, PassportData};
use issuance_api::terminal::{Authority, Dose, IssueAnswer, Preview};
use issuance_api::{CertificateKind, Date, Personal, PersonalBytes, ProgrammeId};
use sight::page::{self, PageError};
use verify::CardError;
use zeroize::Zeroizing;

pub use issuer::{Issuer, IssuerError};
pub use mismatch::Mismatch;
pub(crate) use seal::ISSUING_STATE;

const CVX: &str = "http://hl7.org/fhir/sid/cvx";

/// Who lies on the reader, as the card says it. Kept to the end of the application, for comparison alone.
#[derive(Debug)]
pub struct CardHolder {
    name: Personal,
    birth: BirthDate,
}

impl CardHolder {
    /// Name and birth date of what was read.
    #[must_use]
    pub fn read(attributes: &Attributes) -> Self {
        Self {
            name: Personal::new(attributes.name().expose().clone()),
            birth: attributes.birth().again(),
        }
    }

    /// Birth date.
    pub(crate) const fn birth(&self) -> &BirthDate {
        &self.birth
    }

    /// Whether a preview may be shown to the holder of this card.
    ///
    /// # Errors
    /// The first [`Mismatch`].
    pub fn check_preview(&self, asked: &Asked<'_>, preview: &Preview) -> Result<(), Mismatch> {
        same(Mismatch::Name, preview.holder.name == self.name)?;
        same(
            Mismatch::BirthDate,
            self.was_born_on(preview.holder.birth_date.expose()),
        )?;
        let what_was_asked = preview.programme == *asked.programme
            && preview.kind == asked.kind
            && preview.authority == *asked.authority
            && preview.copies == asked.copies;
        same(Mismatch::Request, what_was_asked)?;
        let abroad = asked.kind == CertificateKind::Abroad;
        let passport = preview.passport.as_deref();
        let named = passport.is_some() == abroad
            && (asked.passport.is_none() || asked.passport == passport)
            && preview
                .doses
                .iter()
                .all(|dose| dose.abroad.is_some() == abroad);
        same(Mismatch::Passport, named)
    }

    /// Whether a passport may be the holder's: it states the same birth date.
    pub(crate) fn matches(&self, passport: &Passport) -> bool {
        let month = time::Month::try_from(self.birth.month());
        let date = month.ok().and_then(|month| {
            time::Date::from_calendar_date(self.birth.year().into(), month, self.birth.day()).ok()
        });
        date.is_some_and(|date| passport.holder_was_born_on(date.into()))
    }

    /// Whether the holder was born on this day.
    pub(crate) fn was_born_on(&self, date: Date) -> bool {
        let date = date.get();
        let (year, month, day) = (
            i32::from(self.birth.year()),
            self.birth.month(),
            self.birth.day(),
        );
        (date.year(), u8::from(date.month()), date.day()) == (year, month, day)
    }
}

/// What was applied for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Programme.
    pub programme: &'a ProgrammeId,
    /// Kind.
    pub kind: CertificateKind,
    /// Municipality, as it was offered: a certificate names it, and has no code of it.
    pub authority: &'a Authority,
    /// Copies.
    pub copies: u8,
    /// For abroad: the passport that was read, where one was.
    pub passport: Option<&'a PassportData>,
}

/// Why a certificate is not handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It does not belong to card, preview or issuer.
    #[error("does not belong: {0}")]
    Mismatch(#[from] Mismatch),
    /// It belongs, but is signed by a key that is not pinned here, or sealed under a CSCA that is not, or whose time or its signer's is over by
    /// this clock: no sign of a mix-up, since the issuer's new key can come before the file that pins it.
    #[error("signed by a key that is not known here")]
    KeyUnknown,
    /// Not all of its page is explained, or what reads it broke: whether it belongs is not known.
    #[error("not all of its page is explained")]
    Unread,
}

impl From<PageError> for Refusal {
    fn from(error: PageError) -> Self {
        match error {
            PageError::Other => Self::Mismatch(Mismatch::Page),
            PageError::Unread => Self::Unread,
        }
    }
}

/// Whose key signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Pinned,
    Unknown,
}

impl Issuer {
    /// Checks an issued certificate against the card that was read and the preview that was shown.
    ///
    /// # Errors
    /// The first [`Refusal`]: the certificate is dropped and wiped.
    pub fn check(
        &self,
        holder: &CardHolder,
        preview: &Preview,
        answer: IssueAnswer,
    ) -> Result<Certificate, Refusal> {
        let certificate = Certificate {
            jws: answer.jws,
            seal: answer.vds_nc,
            page: answer.page,
            copies: preview.copies,
            out: 0,
        };
        let keys = [
            self.check_payload(holder, preview, certificate.jws())?,
            self.check_seal(
                holder,
                preview,
                certificate.seal_text(),
                &answer.certificate_id,
            )?,
        ];
        let card = certificate.qr_text();
        let expected: Vec<&str> = [Some(card.as_str()), certificate.seal_text()]
            .into_iter()
            .flatten()
            .collect();
        page::check(certificate.page(), &expected)?;
        // Last: what belongs to somebody else is told whoever signed it.
        if keys.contains(&Key::Unknown) {
            return Err(Refusal::KeyUnknown);
        }
        Ok(certificate)
    }

    fn check_payload(
        &self,
        holder: &CardHolder,
        preview: &Preview,
        jws: &str,
    ) -> Result<Key, Mismatch> {
        // Not this check's question: since when it holds, by which clock. That it never expires is: no `exp` passes.
        let now = i64::MAX;
        let (card, key) = match verify::check(jws, &self.keys.known, now) {
            Ok(card) => (card, Key::Pinned),
            Err(CardError::KeyUnknown) => {
                let card = verify::unverified(jws, now).map_err(|_| Mismatch::Signature)?;
                (card, Key::Unknown)
            }
            Err(_) => return Err(Mismatch::Signature),
        };
        same(Mismatch::Issuer, card.issuer == self.name)?;
        let patient = &card.patient;
        let parts = patient
            .family
            .iter()
            .chain(&patient.given)
            .map(verify::Private::expose);
        // The card writes U+3000 between the parts of a name.
        let parts_on_card = holder
            .name
            .expose()
            .split('\u{3000}')
            .filter(|part| !part.is_empty());
        same(Mismatch::Name, parts.eq(parts_on_card))?;
        let romanised = preview
            .passport
            .as_deref()
            .into_iter()
            .map(PassportData::names);
        let mut others = patient.others.iter();
        for (primary, secondary) in romanised {
            let said = others.next().ok_or(Mismatch::Name)?;
            let said = said.family.iter().chain(&said.given);
            let named = std::iter::once(primary).chain(secondary);
            same(Mismatch::Name, said.map(verify::Private::expose).eq(named))?;
        }
        same(Mismatch::Name, others.next().is_none())?;
        same(
            Mismatch::BirthDate,
            holder.was_born_on(patient.birth_date.expose().into()),
        )?;
        same(
            Mismatch::Doses,
            card.immunizations.len() == preview.doses.len(),
        )?;
        let mut doses = card.immunizations.iter().zip(&preview.doses);
        same(
            Mismatch::Doses,
            doses.all(|(said, shown)| is_dose(said, shown, &preview.authority.name)),
        )?;
        Ok(key)
    }
}

fn is_dose(said: &verify::Immunization, shown: &Dose, authority: &str) -> bool {
    let lot = said.lot.as_ref().map(verify::Private::expose);
    said.date.expose() == shown.date.expose().get()
        && (said.system.as_str(), said.code.expose()) == (CVX, shown.cvx.expose())
        && lot.unwrap_or_default() == shown.lot.expose()
        && said.performer.as_ref().map(verify::Private::expose) == Some(authority)
}

/// A certificate that passed the check. Wiped on drop.
pub struct Certificate {
    jws: Personal,
    seal: Option<Personal>,
    page: PersonalBytes,
    copies: u8,
    out: u8,
}

impl Certificate {
    /// The page: one PDF.
    #[must_use]
    pub fn page(&self) -> &[u8] {
        self.page.as_bytes()
    }

    /// Copies to be put out.
    #[must_use]
    pub const fn copies(&self) -> u8 {
        self.copies
    }

    /// Copies that are out of a delivery that failed: the resident has a certificate with one of them.
    #[must_use]
    pub const fn out(&self) -> u8 {
        self.out
    }

    /// So many came out, and the rest is still to be put out. That is one at least: what is delivered is not delivered again.
    pub fn came_out(&mut self, copies: u8) {
        self.out = self.out.saturating_add(copies);
        self.copies = self.copies.saturating_sub(copies).max(1);
    }

    /// For abroad: what the other QR says, the VDS-NC.
    #[must_use]
    pub fn seal_text(&self) -> Option<&str> {
        self.seal.as_ref().map(Personal::expose)
    }

    /// The health card: a JWS in compact form.
    #[must_use]
    pub fn jws(&self) -> &str {
        self.jws.expose()
    }

    /// What the health card's QR says.
    #[must_use]
    pub fn qr_text(&self) -> Zeroizing<String> {
        qr_text(self.jws())
    }
}

/// What the QR of a health card says: `shc:/` and, for each character of the JWS, `ord(c) - 45` in two digits.
///
/// # Panics
/// Never: a `String` takes everything.
#[must_use]
pub fn qr_text(jws: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(5 + 2 * jws.len()));
    text.push_str("shc:/");
    for byte in jws.bytes() {
        // A JWS consists of '-' (45) to 'z'; anything below fails the comparison with the page.
        write!(text, "{:02}", byte.saturating_sub(45)).expect("a String takes everything");
    }
    text
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate(..)")
    }
}

fn same(mismatch: Mismatch, is: bool) -> Result<(), Mismatch> {
    if is { Ok(()) } else { Err(mismatch) }
}

#[cfg(test)]
pub(crate) mod sealing;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
