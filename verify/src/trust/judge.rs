//! The order of the checks: form, whose key, signature, dates, revocation. The first that fails decides; content is told only if a key
//! on the list signed it.

use std::sync::Arc;

use time::OffsetDateTime;

use super::{CardIssuer, Country, TrustList};
use crate::card::Statement;
use crate::countries::certificate_country;
use crate::document::{Document, Inner, Kind, Unreadable};
use crate::health_card::{CardError, Jws};
use crate::jwks::CardKey;
use crate::report::{
    Content, Note, Report, Revoked, Signer, Subject, Tampered, Unchecked, Verdict,
};
use crate::vds::{Vaccination, Vds, VdsError};
use crate::x509::csca::Csca;
use crate::x509::hex;
use crate::x509::key::Unsigned;
use crate::x509::signer::SignerError;

impl TrustList {
    /// Judges a document; `now` is in seconds since 1970. Asks nobody: what is not on the list is not known.
    #[must_use]
    pub fn judge(&self, document: &Document, now: i64) -> Report {
        match &document.0 {
            Inner::HealthCard(jws) => self.judge_card(jws, now),
            Inner::Vds(seal) => self.judge_seal(seal, now),
            Inner::Unreadable(kind, why) => Report::bare(*kind, Verdict::Malformed(*why)),
        }
    }

    fn judge_card(&self, jws: &str, now: i64) -> Report {
        let bare = |verdict| Report::bare(Kind::HealthCard, verdict);
        let malformed = |error: CardError| bare(Verdict::Malformed(error.into()));
        let jws = match Jws::read(jws) {
            Ok(jws) => jws,
            Err(error) => return malformed(error),
        };
        let issuers = self.card_issuers.iter();
        let found: Vec<_> = issuers
            .filter_map(|issuer| Some((issuer, issuer.keys.find(&jws.kid)?)))
            .collect();
        let Some((_, key)) = found.first() else {
            // Bounded, and for nothing but saying whom it names.
            let claimed = jws.statement().ok().map(|statement| statement.issuer);
            return Report {
                claimed,
                ..bare(Verdict::UnknownIssuer)
            };
        };
        // The id is the key's thumbprint: all that were found are one key.
        if jws.verify(&key.key).is_err() {
            return bare(Verdict::Tampered(Tampered::Content));
        }
        let statement = match jws.statement() {
            Ok(statement) => statement,
            Err(error) => return malformed(error),
        };
        let names = |issuer: &CardIssuer| {
            let url = issuer.url.as_ref();
            url.is_none_or(|url| *url == statement.issuer)
        };
        let mut named = found;
        named.retain(|(issuer, _)| names(issuer));
        let Some((issuer, _)) = named.first() else {
            return Report {
                claimed: Some(statement.issuer),
                ..bare(Verdict::Tampered(Tampered::Issuer))
            };
        };
        let verdict = match statement.at(now) {
            Err(CardError::NotYetValid) => Verdict::NotYetValid(Subject::Document),
            Err(_) => Verdict::Expired(Subject::Document),
            Ok(()) => Verdict::Valid,
        };
        let (revocation, listed) = revocation_of_card(&statement, &jws.kid, &named, now);
        let mut notes = Vec::new();
        if statement.not_before.fract() != 0.0 {
            notes.push(Note::NotBeforeFraction);
        }
        notes.extend(issuer.fetched.filter(|_| listed).map(Note::RevocationsAsOf));
        let types = statement.types.clone();
        let claimed = statement.issuer.clone();
        let card = statement.into_card(jws.kid.clone());
        if let Some(card) = &card {
            let dates = card.immunizations.iter().map(|dose| dose.date.expose());
            notes.extend(future(dates, now));
        }
        Report {
            verdict: verdict.or(revocation),
            signer: Some(Signer::CardIssuer {
                url: claimed.clone(),
                name: issuer.name.clone(),
                kid: jws.kid,
            }),
            claimed: Some(claimed),
            content: Some(card.map_or(Content::OtherCard { types }, Content::Card)),
            notes,
            ..bare(Verdict::Valid)
        }
    }

    fn judge_seal(&self, seal: &Vds, now: i64) -> Report {
        let bare = |verdict| Report {
            claimed: Some(seal.header.issuer.clone()),
            ..Report::bare(Kind::Vds, verdict)
        };
        let malformed =
            |error: SignerError| bare(Verdict::Malformed(Unreadable::Vds(VdsError::Signer(error))));
        match seal.is_signed() {
            Ok(()) => {}
            Err(Unsigned::Wrong) => return bare(Verdict::Tampered(Tampered::Content)),
            Err(Unsigned::Algorithm) => return malformed(SignerError::Key),
        }
        let signer = &seal.signer;
        let countries = self.countries.iter();
        let mut named = countries
            .flat_map(|country| country.cscas.iter().map(move |csca| (country, csca)))
            .filter(|(_, csca)| signer.names(csca))
            .peekable();
        if named.peek().is_none() {
            return bare(Verdict::UnknownIssuer);
        }
        let mut unsupported = false;
        let found: Vec<_> = named
            .filter(|(_, csca)| {
                let signed = signer.is_signed_by(csca);
                unsupported |= signed == Err(Unsigned::Algorithm);
                signed.is_ok()
            })
            .collect();
        if found.is_empty() {
            return if unsupported {
                malformed(SignerError::Algorithm)
            } else {
                bare(Verdict::Tampered(Tampered::Signer))
            };
        }
        // Without this a signer of one state could speak for any other.
        let code = &seal.header.issuer;
        let own = certificate_country(code);
        let speaks = |(country, csca): &&(&Country, &Csca)| {
            country.code == *code
                && own == Some(signer.country.as_str())
                && own == Some(csca.country())
        };
        // A CSCA may have several certificates of one key: the one that is valid decides.
        let mut speaking = found.iter().filter(speaks);
        let first = speaking.next();
        let valid = first.into_iter().chain(speaking).find(|(_, csca)| {
            let (from, until) = csca.validity();
            (from..=until).contains(&now)
        });
        let Some((country, csca)) = valid.or(first) else {
            return malformed(SignerError::Country);
        };

        let mut notes: Vec<Note> = signer
            .deviations
            .iter()
            .map(|own| Note::Signer(*own))
            .collect();
        let content = match &seal.vaccination {
            Some(vaccination) => {
                notes.extend(doubts(vaccination, seal, now));
                Content::Vaccination(Arc::clone(vaccination))
            }
            None => Content::OtherSeal {
                kind: seal.header.kind.clone(),
            },
        };
        let dates = within((signer.not_before, signer.not_after), Subject::Signer, now).or(within(
            csca.validity(),
            Subject::Csca,
            now,
        ));
        Report {
            verdict: dates.or(self.revocation_of_signer(seal, csca, now)),
            signer: Some(Signer::Country {
                code: code.clone(),
                name: country.name.clone(),
                subject: signer.subject.clone(),
                serial: hex(&signer.serial),
                validity: (signer.not_before, signer.not_after),
                csca: csca.subject().to_owned(),
                csca_fingerprint: csca.fingerprint(),
            }),
            content: Some(content),
            notes,
            ..bare(Verdict::Valid)
        }
    }

    /// By the lists of its CSCA, whichever entry they came with.
    fn revocation_of_signer(&self, seal: &Vds, csca: &Csca, now: i64) -> Verdict {
        let lists = self.countries.iter().flat_map(|country| &country.revoked);
        let mut verdict = Verdict::Unchecked(Unchecked::NoList);
        for list in lists.filter(|list| list.is_of(csca)) {
            // A revocation holds however old the list is.
            if list.has(&seal.signer.serial) {
                return Verdict::Revoked(Revoked::Signer);
            }
            let (from, until) = list.updates();
            if (from..=until).contains(&now) {
                verdict = Verdict::Valid;
            } else if verdict != Verdict::Valid {
                verdict = Verdict::Unchecked(Unchecked::OldList);
            }
        }
        verdict
    }
}

impl Report {
    const fn bare(kind: Kind, verdict: Verdict) -> Self {
        Self {
            kind,
            verdict,
            claimed: None,
            signer: None,
            content: None,
            notes: Vec::new(),
        }
    }
}

impl Verdict {
    /// The worse of two: a revocation is worse than dates that have passed, and those are worse than not being able to tell.
    const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Valid, other) | (_, other @ Self::Revoked(_)) => other,
            (own, _) => own,
        }
    }
}

const fn within(validity: (i64, i64), subject: Subject, now: i64) -> Verdict {
    if now < validity.0 {
        Verdict::NotYetValid(subject)
    } else if now > validity.1 {
        Verdict::Expired(subject)
    } else {
        Verdict::Valid
    }
}

/// What the lists say of a card, and whether there was one to ask. Of all entries that name its issuer: nobody hides what is revoked by naming
/// it once more, with fewer lists, older ones, or such as count for ever.
fn revocation_of_card(
    statement: &Statement,
    kid: &str,
    issuers: &[(&CardIssuer, &CardKey)],
    now: i64,
) -> (Verdict, bool) {
    let lists = issuers.iter().flat_map(|(issuer, _)| &issuer.revoked);
    let mut lists = lists.filter(|list| list.kid() == kid).peekable();
    let listed = lists.peek().is_some();
    let newest = lists.clone().map(|list| list.ctr()).max();
    if let Some(rid) = &statement.rid
        && lists.any(|list| list.has(rid, statement.not_before_second()))
    {
        return (Verdict::Revoked(Revoked::Document), true);
    }
    let mut bounds = issuers
        .iter()
        .filter_map(|(issuer, _)| issuer.lists_for.as_ref())
        .peekable();
    let old = bounds.peek().is_some() && !bounds.any(|bound| bound.contains(&now));
    let version = issuers.iter().filter_map(|(_, key)| key.crl_version).max();
    let verdict = match (version, newest) {
        // One without an id cannot be on a list: its issuer revokes none.
        _ if statement.rid.is_none() => Verdict::Valid,
        (_, None) => Verdict::Unchecked(Unchecked::NoList),
        (Some(version), Some(newest)) if newest < version => Verdict::Unchecked(Unchecked::OldList),
        (_, Some(_)) if old => Verdict::Unchecked(Unchecked::OldList),
        (_, Some(_)) => Verdict::Valid,
    };
    (verdict, listed)
}

fn doubts(vaccination: &Vaccination, seal: &Vds, now: i64) -> Vec<Note> {
    let doses = vaccination.vaccines.iter().flat_map(|entry| &entry.doses);
    let dates = doses.map(|dose| dose.date.expose());
    let mut notes: Vec<_> = future(dates.clone(), now).into_iter().collect();
    let end = seal.signer.signs_until.and_then(day);
    if end.is_some_and(|end| dates.clone().any(|date| date > end)) {
        notes.push(Note::DoseAfterSigning);
    }
    notes
}

/// Doses on a day that has not come yet anywhere: clocks at the date line are 14 hours ahead.
fn future(mut dates: impl Iterator<Item = time::Date>, now: i64) -> Option<Note> {
    let today = day(now.saturating_add(14 * 3600))?;
    dates.any(|date| date > today).then_some(Note::DoseInFuture)
}

fn day(second: i64) -> Option<time::Date> {
    let time = OffsetDateTime::from_unix_timestamp(second).ok()?;
    Some(time.date())
}
