//! Certificates for abroad: which passport they name.
//!
//! | terminal | passport read | it names |
//! |---|---|---|
//! | app | yes | that one |
//! | kiosk | yes | that one, if app or counter has issued with it before |
//! | kiosk | no | the latest that app or counter has issued with |
//!
//! "Before" is since 2022-07-21, in this municipality, for this person, handed over and not revoked.

use std::sync::Arc;

use issuance_api::{
    CertificateKind, PersonalDate, ProblemCode, TerminalRole,
    passport::{Passport, PassportData},
    registry::InquiryRequest,
};

use super::Vrs;
use crate::{
    storage::{PersonNumber, Session, Unavailable},
    ticket::Claims,
};

impl Vrs {
    /// The passport read for a certificate for abroad: judged here again, since the register is to hold it. Only a kiosk may show
    /// none.
    pub(super) fn shown(
        &self,
        claims: &Claims,
        request: &InquiryRequest,
    ) -> Result<Option<Arc<PassportData>>, ProblemCode> {
        match (request.kind, &request.passport, claims.terminal.role()) {
            (CertificateKind::Domestic, None, _)
            | (CertificateKind::Abroad, None, TerminalRole::Kiosk) => Ok(None),
            (CertificateKind::Abroad, Some(lines), _) => {
                let passport = Passport::try_from(&**lines)?;
                if passport.has_expired(self.today()?) {
                    return Err(ProblemCode::PassportExpired);
                }
                let holder = |date: &PersonalDate| passport.holder_was_born_on(date.expose());
                // A card without a whole birth date gets "confirmation needed" below.
                if !claims.birth_date.as_ref().is_none_or(holder) {
                    return Err(ProblemCode::PassportNotYours);
                }
                Ok(Some(passport.into_data()))
            }
            _ => Err(ProblemCode::RequestMalformed),
        }
    }

    /// The passport that a certificate for abroad is to name. At a kiosk it has to be one that app or counter issued with before:
    /// the one shown, or the latest. None if there is no such.
    pub(super) async fn named(
        &self,
        claims: &Claims,
        shown: Option<Arc<PassportData>>,
        session: &mut Session,
        person: PersonNumber,
    ) -> Result<Option<Arc<PassportData>>, Unavailable> {
        if claims.terminal.role() == TerminalRole::App {
            return Ok(shown);
        }
        let mut known = session.passports(person).await?.into_iter();
        Ok(match shown {
            Some(shown) => known
                .any(|earlier| earlier.is_same_passport(&shown))
                .then_some(shown),
            None => known.next(),
        })
    }
}

/// Which dose it was, as 種別 says it: `1回目`, `１回目`, or the number alone.
pub(super) fn dose_number(kind: &str) -> Option<u8> {
    let digits = kind.trim().strip_suffix("回目").unwrap_or(kind.trim());
    let digit = |character: char| match character {
        '０'..='９' => char::from_digit(u32::from(character) - u32::from('０'), 10),
        '0'..='9' => Some(character),
        _ => None,
    };
    let number: u8 = digits
        .chars()
        .map(digit)
        .collect::<Option<String>>()?
        .parse()
        .ok()?;
    (1..=99).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::dose_number;

    #[test]
    fn a_dose_s_number_is_read_however_it_is_written() {
        for (kind, number) in [
            ("1回目", Some(1)),
            ("７回目", Some(7)),
            ("12", Some(12)),
            (" 3回目 ", Some(3)),
            ("0回目", None),
            ("追加", None),
            ("100回目", None),
            ("-1", None),
            ("+1", None),
            ("", None),
        ] {
            assert_eq!(dose_number(kind), number, "{kind}");
        }
    }
}
