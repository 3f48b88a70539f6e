//! What is said to programs: the JSON of `verify --json`.
//!
//! ```text
//! { "form", "at", "codes": [ { "kind", "verdict", "why", "reason", "claimed_issuer", "signer", "content", "notes": [ { "code", "text", "day"? }, … ] }, … ] }
//! { "form", "card_issuers": [ { "url", "name", "keys", "revoked", "fetched" }, … ], "countries": [ { "code", "name", "cscas", "revoked" }, … ] }
//! ```
//! `why` and a note's `code` are words of [`codes`](crate::codes), for who says it in another language; `reason` and `text` are sentences.
//! Names and numbers of people are in it: it is for who asked, and for no log.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::card::Private;
use crate::document::Kind;
use crate::report::{Content, Note, Report, Signer};
use crate::trust::TrustList;

/// Version of the form; it grows with each change that a reader could stumble over.
pub const FORM: u32 = 2;

/// What was found, judged as of `now`, in seconds since 1970.
#[must_use]
pub fn reports(reports: &[Report], now: i64) -> Value {
    let codes: Vec<_> = reports.iter().map(report).collect();
    json!({"form": FORM, "at": moment(now), "codes": codes})
}

/// Whom a trust list trusts.
#[must_use]
pub fn trust(trust: &TrustList) -> Value {
    let issuers = trust.card_issuers().iter().map(|issuer| {
        let kids: Vec<_> = issuer.keys.kids().collect();
        let revoked = issuer.revoked.iter();
        let revoked =
            revoked.map(|list| json!({"kid": list.kid(), "ctr": list.ctr(), "cards": list.len()}));
        json!({
            "url": issuer.url,
            "name": issuer.name,
            "keys": kids,
            "revoked": revoked.collect::<Vec<_>>(),
            "fetched": issuer.fetched.map(|day| day.to_string()),
        })
    });
    let countries = trust.countries().iter().map(|country| {
        let cscas = country.cscas.iter().map(|csca| {
            let (from, until) = csca.validity();
            json!({
                "subject": csca.subject(),
                "sha256": csca.fingerprint(),
                "not_before": moment(from),
                "not_after": moment(until),
            })
        });
        let revoked = country.revoked.iter().map(|list| {
            let (from, until) = list.updates();
            json!({"signers": list.len(), "this_update": moment(from), "next_update": moment(until)})
        });
        json!({
            "code": country.code,
            "name": country.name,
            "cscas": cscas.collect::<Vec<_>>(),
            "revoked": revoked.collect::<Vec<_>>(),
        })
    });
    json!({
        "form": FORM,
        "card_issuers": issuers.collect::<Vec<_>>(),
        "countries": countries.collect::<Vec<_>>(),
    })
}

fn report(report: &Report) -> Value {
    let signer = report.signer.as_ref().map(|signer| match signer {
        Signer::CardIssuer { url, name, kid } => json!({"issuer": url, "name": name, "kid": kid}),
        Signer::Country {
            code,
            name,
            subject,
            serial,
            validity,
            csca,
            csca_fingerprint,
        } => json!({
            "country": code,
            "name": name,
            "subject": subject,
            "serial": serial,
            "not_before": moment(validity.0),
            "not_after": moment(validity.1),
            "csca": csca,
            "csca_sha256": csca_fingerprint,
        }),
    });
    let notes: Vec<_> = report.notes.iter().map(note).collect();
    json!({
        "kind": kind_word(report.kind),
        "verdict": report.verdict.word(),
        "why": report.verdict.why(),
        "reason": report.verdict.reason(),
        "claimed_issuer": report.claimed.as_deref().map(shown),
        "signer": signer,
        "content": report.content.as_ref().map(content),
        "notes": notes,
    })
}

/// Without what would move the cursor on a terminal, or turn the direction of writing there or on a page: what nobody vouches for must not look
/// like something else.
#[must_use]
pub fn shown(text: &str) -> String {
    let harmless = |c: char| {
        let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            '\u{fffd}'
        } else {
            c
        }
    };
    text.chars().map(harmless).collect()
}

fn note(note: &Note) -> Value {
    let mut said = json!({"code": note.word(), "text": note.to_string()});
    if let Note::RevocationsAsOf(day) = note {
        said["day"] = json!(day.to_string());
    }
    said
}

fn content(content: &Content) -> Value {
    match content {
        Content::Card(card) => {
            let patient = &card.patient;
            let given: Vec<_> = patient.given.iter().map(Private::expose).collect();
            let doses = card.immunizations.iter().map(|dose| {
                json!({
                    "date": dose.date.expose().to_string(),
                    "system": dose.system,
                    "code": dose.code.expose(),
                    "lot": dose.lot.as_ref().map(Private::expose),
                    "performer": dose.performer.as_ref().map(Private::expose),
                })
            });
            json!({
                "types": card.types,
                "not_before": moment(card.not_before),
                "family_name": patient.family.as_ref().map(Private::expose),
                "given_names": given,
                "birth_date": patient.birth_date.expose().to_string(),
                "doses": doses.collect::<Vec<_>>(),
            })
        }
        Content::OtherCard { types } => json!({"types": types}),
        Content::Vaccination(vaccination) => {
            let holder = &vaccination.holder;
            let doses = vaccination.vaccines.iter().flat_map(|vaccine| {
                vaccine.doses.iter().map(move |dose| {
                    json!({
                        "number": dose.number,
                        "date": dose.date.expose().to_string(),
                        "vaccine": vaccine.code.expose(),
                        "product": vaccine.name.expose(),
                        "disease": vaccine.disease.as_ref().map(Private::expose),
                        "country": dose.country.expose(),
                        "center": dose.center.as_ref().map(Private::expose),
                        "lot": dose.lot.as_ref().map(Private::expose),
                        "next": dose.next.as_ref().map(|day| day.expose().to_string()),
                    })
                })
            });
            json!({
                "type": "icao.vacc",
                "certificate": vaccination.id.expose(),
                "name": holder.name.expose(),
                "birth_date": holder.birth_date.as_ref().map(|day| day.expose().to_string()),
                "sex": holder.sex.as_ref().map(Private::expose),
                "travel_document": holder.document.as_ref().map(Private::expose),
                "other_number": holder.other_number.as_ref().map(Private::expose),
                "doses": doses.collect::<Vec<_>>(),
            })
        }
        Content::OtherSeal { kind } => json!({"type": kind}),
    }
}

fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::HealthCard => "smart-health-card",
        Kind::Vds => "vds-nc",
        Kind::HealthLink => "smart-health-link",
        Kind::EuDcc => "eu-dcc",
        _ => "unknown",
    }
}

/// A second since 1970 as RFC 3339 has it; in digits if it is beyond that.
#[must_use]
pub fn moment(second: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(second).ok();
    let written = moment.and_then(|moment| moment.format(&Rfc3339).ok());
    written.unwrap_or_else(|| second.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Verdict;

    #[test]
    fn whoever_nobody_vouches_for_cannot_turn_its_name_around() {
        let report = Report {
            kind: Kind::HealthCard,
            verdict: Verdict::UnknownIssuer,
            claimed: Some("https://a.example/\u{202e}txet\u{2066}\n\u{61c}".to_owned()),
            signer: None,
            content: None,
            notes: Vec::new(),
        };
        let said = super::report(&report);
        assert_eq!(
            said["claimed_issuer"],
            "https://a.example/\u{fffd}txet\u{fffd}\u{fffd}\u{fffd}"
        );
    }
}
