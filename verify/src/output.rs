//! What the program says: text for a person, JSON for a program.

use std::io::{self, Write};

use verify::form::{self, moment, shown};
use verify::{Card, Content, Kind, Private, Report, Signer, TrustList, Vaccination};

pub(crate) fn reports(reports: &[Report], now: i64, as_json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if as_json {
        return writeln!(out, "{:#}", form::reports(reports, now));
    }
    if reports.is_empty() {
        writeln!(out, "no code found")?;
    }
    for (index, report) in reports.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        write_report(&mut out, report)?;
    }
    out.flush()
}

pub(crate) fn trust(trust: &TrustList, as_json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if as_json {
        return writeln!(out, "{:#}", form::trust(trust));
    }
    for issuer in trust.card_issuers() {
        let url = issuer.url.as_deref().unwrap_or("any issuer");
        writeln!(out, "SMART Health Cards of {}", named(url, &issuer.name))?;
        for kid in issuer.keys.kids() {
            writeln!(out, "  key: {}", shown(kid))?;
        }
        for list in &issuer.revoked {
            let (kid, ctr, count) = (shown(list.kid()), list.ctr(), list.len());
            writeln!(out, "  revoked: {count}, list {ctr} of {kid}")?;
        }
        if let Some(day) = issuer.fetched {
            writeln!(out, "  fetched: {day}")?;
        }
    }
    for country in trust.countries() {
        writeln!(out, "VDS-NC of {}", named(&country.code, &country.name))?;
        for csca in &country.cscas {
            let (from, until) = csca.validity();
            writeln!(out, "  CSCA: {}", shown(csca.subject()))?;
            writeln!(out, "    SHA-256: {}", csca.fingerprint())?;
            writeln!(out, "    valid: {} to {}", moment(from), moment(until))?;
        }
        for list in &country.revoked {
            let (from, until) = list.updates();
            let (from, until) = (moment(from), moment(until));
            writeln!(
                out,
                "  revoked: {}, list of {from}, good until {until}",
                list.len()
            )?;
        }
    }
    out.flush()
}

fn write_report(out: &mut impl Write, report: &Report) -> io::Result<()> {
    writeln!(out, "{}: {}", kind_name(report), report.verdict.word())?;
    if let Some(reason) = report.verdict.reason() {
        writeln!(out, "because: {reason}")?;
    }
    match (&report.signer, &report.claimed) {
        (Some(Signer::CardIssuer { url, name, kid }), _) => {
            writeln!(out, "signed by: {}", named(url, name))?;
            writeln!(out, "key: {}", shown(kid))?;
        }
        (
            Some(Signer::Country {
                code,
                name,
                subject,
                serial,
                csca,
                csca_fingerprint,
                ..
            }),
            _,
        ) => {
            writeln!(out, "signed by: {}", named(code, name))?;
            writeln!(out, "signer: {}, serial number {serial}", shown(subject))?;
            writeln!(out, "CSCA: {}, SHA-256 {csca_fingerprint}", shown(csca))?;
        }
        (None, Some(claimed)) => writeln!(out, "says it is by: {} (not verified)", shown(claimed))?,
        (None, None) => {}
    }
    match &report.content {
        Some(Content::Card(card)) => write_card(out, card)?,
        Some(Content::OtherCard { types }) => {
            for name in types {
                writeln!(out, "type: {}", shown(name))?;
            }
        }
        Some(Content::Vaccination(vaccination)) => write_vaccination(out, vaccination)?,
        Some(Content::OtherSeal { kind }) => writeln!(out, "type: {}", shown(kind))?,
        None => {}
    }
    for note in &report.notes {
        writeln!(out, "note: {note}")?;
    }
    Ok(())
}

fn write_card(out: &mut impl Write, card: &Card) -> io::Result<()> {
    let patient = &card.patient;
    let names = patient.family.iter().chain(&patient.given);
    let names: Vec<&str> = names.map(Private::expose).collect();
    writeln!(out, "name: {}", shown(&names.join(" ")))?;
    writeln!(out, "birth date: {}", patient.birth_date.expose())?;
    for dose in &card.immunizations {
        let (system, code) = (shown(&dose.system), shown(dose.code.expose()));
        write!(out, "dose: {} {system} {code}", dose.date.expose())?;
        write_rest(out, "lot ", dose.lot.as_ref())?;
        write_rest(out, "", dose.performer.as_ref())?;
        writeln!(out)?;
    }
    Ok(())
}

fn write_vaccination(out: &mut impl Write, vaccination: &Vaccination) -> io::Result<()> {
    let holder = &vaccination.holder;
    writeln!(out, "certificate: {}", shown(vaccination.id.expose()))?;
    writeln!(out, "name: {}", shown(holder.name.expose()))?;
    if let Some(day) = &holder.birth_date {
        writeln!(out, "birth date: {}", day.expose())?;
    }
    for (what, text) in [
        ("sex", &holder.sex),
        ("travel document", &holder.document),
        ("other number", &holder.other_number),
    ] {
        if let Some(text) = text {
            writeln!(out, "{what}: {}", shown(text.expose()))?;
        }
    }
    for vaccine in &vaccination.vaccines {
        let (name, code) = (shown(vaccine.name.expose()), shown(vaccine.code.expose()));
        for dose in &vaccine.doses {
            let country = shown(dose.country.expose());
            write!(
                out,
                "dose {}: {} {name} ({code}), {country}",
                dose.number,
                dose.date.expose()
            )?;
            write_rest(out, "lot ", dose.lot.as_ref())?;
            write_rest(out, "", dose.center.as_ref())?;
            writeln!(out)?;
        }
    }
    Ok(())
}

fn write_rest(out: &mut impl Write, what: &str, text: Option<&Private>) -> io::Result<()> {
    text.map_or(Ok(()), |text| {
        write!(out, ", {what}{}", shown(text.expose()))
    })
}

fn kind_name(report: &Report) -> &'static str {
    match report.kind {
        Kind::HealthCard => "SMART Health Card",
        Kind::Vds => "VDS-NC",
        Kind::HealthLink => "SMART Health Link",
        Kind::EuDcc => "EU Digital COVID Certificate",
        _ => "unknown code",
    }
}

fn named(id: &str, name: &Option<String>) -> String {
    name.as_ref().map_or_else(
        || shown(id),
        |name| format!("{} ({})", shown(name), shown(id)),
    )
}
