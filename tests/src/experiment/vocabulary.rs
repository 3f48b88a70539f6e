//! G5: logs have a closed vocabulary. Every line that center and VRS write is an event of `docs/events.toml`, with the fields that stand there and
//! values of their kinds; none is a free text, and nothing in a line is anybody's.
//!
//! Control: lines that have a word of their own are refused, and a holder's name in a line is found.

use std::fs;
use std::io;
use std::time::Duration;

use serde_json::Value;
use toml::Table;

use super::memory::Found;
use super::steps::{Cut, STEPS, apply, block_on, issued};
use super::traces::Traces;
use super::{Report, Size};
use crate::applicant::Applicant;
use crate::process::Program;
use crate::world::{Options, World, repository};

/// The events there are, read from their one file.
pub struct Vocabulary(Table);

impl Vocabulary {
    /// Reads `docs/events.toml`.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn load() -> io::Result<Self> {
        let text = fs::read_to_string(repository().join("docs/events.toml"))?;
        text.parse().map(Self).map_err(io::Error::other)
    }

    /// Names of all events.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What is wrong with a line; nothing if it is an event.
    #[must_use]
    pub fn fault(&self, line: &str) -> Option<&'static str> {
        let Ok(Value::Object(mut event)) = serde_json::from_str(line) else {
            return Some("no object");
        };
        let name = event.remove("event");
        let Some(Value::String(name)) = name else {
            return Some("no event");
        };
        let Some(fields) = self.0.get(&name).and_then(toml::Value::as_table) else {
            return Some("an event of its own");
        };
        // What ends a program that never served has no time, for there is no clock yet.
        let at = event.remove("at");
        if name != "failed" && !at.is_some_and(|at| at.is_u64()) {
            return Some("no time");
        }
        if let Some(request) = event.remove("request")
            && !request.as_str().is_some_and(is_random)
        {
            return Some("a request's id of its own");
        }
        let lacks = |(key, kind): (&String, &toml::Value)| {
            let optional = kind.as_str().is_some_and(|kind| kind.ends_with('?'));
            !optional && !event.contains_key(key)
        };
        if fields.iter().any(lacks) {
            return Some("a field too few");
        }
        for (key, value) in &event {
            match fields.get(key) {
                None => return Some("a field of its own"),
                Some(kind) if !is_of(kind, value) => return Some("a value of its own"),
                Some(_) => {}
            }
        }
        None
    }
}

/// Whether a value is of a kind of `docs/events.toml`.
fn is_of(kind: &toml::Value, value: &Value) -> bool {
    let digits = |count: usize| {
        let text = value.as_str();
        text.is_some_and(|it| it.len() == count && it.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match kind {
        toml::Value::Array(words) => words.iter().any(|word| word.as_str() == value.as_str()),
        toml::Value::String(name) => match name.trim_end_matches('?') {
            "count" => value.is_u64(),
            "days" => value.is_i64(),
            "municipality" => digits(6),
            "municipality-of-signer" => digits(5),
            "place-in-source" => value.as_str().is_some_and(is_place),
            "problem-code" => value.as_str().is_some_and(is_code),
            // For whoever starts the program, which ends with it.
            "why-it-does-not-start" => value.is_string(),
            _ => false,
        },
        _ => false,
    }
}

fn is_code(text: &str) -> bool {
    let mut all = issuance_api::ProblemCode::ALL.iter();
    all.any(|it| it.as_str() == text)
}

/// Sixteen hexadecimal digits.
fn is_random(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 16 && text.bytes().all(is_digit)
}

/// The figures there are at `/metrics`, read from their one file.
pub struct Figures(Table);

impl Figures {
    /// Reads `docs/metrics.toml`.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn load() -> io::Result<Self> {
        let text = fs::read_to_string(repository().join("docs/metrics.toml"))?;
        text.parse().map(Self).map_err(io::Error::other)
    }

    /// What is wrong with a line of `/metrics`; nothing if it is a figure, or says of which type one is.
    #[must_use]
    pub fn fault(&self, line: &str) -> Option<&'static str> {
        if let Some(told) = line.strip_prefix("# TYPE ") {
            let known = told.split_once(' ').is_some_and(|(name, kind)| {
                let is_known = self.0.keys().any(|it| it.starts_with(name));
                is_known && ["counter", "gauge", "histogram"].contains(&kind)
            });
            return (!known).then_some("a figure of its own");
        }
        let Some((named, value)) = line.rsplit_once(' ') else {
            return Some("no figure");
        };
        if value.is_empty() || !value.bytes().all(|it| it.is_ascii_digit() || it == b'.') {
            return Some("a value of its own");
        }
        let (name, labels) = named.split_once('{').unwrap_or((named, "}"));
        let Some(fields) = self.0.get(name).and_then(toml::Value::as_table) else {
            return Some("a figure of its own");
        };
        let Some(labels) = labels.strip_suffix('}') else {
            return Some("no figure");
        };
        let mut count = 0;
        for label in labels.split(',').filter(|it| !it.is_empty()) {
            let parts = label.split_once("=\"");
            let parts = parts.and_then(|(key, text)| Some((key, text.strip_suffix('"')?)));
            match parts.and_then(|(key, text)| Some((fields.get(key)?, text))) {
                Some((kind, text)) if is_label(kind, text) => count += 1,
                _ => return Some("a label of its own"),
            }
        }
        (count != fields.len()).then_some("a label too few")
    }
}

/// Whether a label's text is of a kind of `docs/metrics.toml`.
fn is_label(kind: &toml::Value, text: &str) -> bool {
    match kind {
        toml::Value::Array(words) => words.iter().any(|word| word.as_str() == Some(text)),
        toml::Value::String(name) => match name.as_str() {
            "bound" => text == "+Inf" || text.bytes().all(|it| it.is_ascii_digit() || it == b'.'),
            "municipality" => text.len() == 6 && text.bytes().all(|it| it.is_ascii_digit()),
            "problem-code" => is_code(text),
            "outcome" => text == "ok" || is_code(text),
            _ => false,
        },
        _ => false,
    }
}

/// Whether this is `FILE:LINE`, and can be nothing else.
fn is_place(text: &str) -> bool {
    let of_a_path = |byte: u8| byte.is_ascii_alphanumeric() || b"/._+@-".contains(&byte);
    text.rsplit_once(':').is_some_and(|(file, line)| {
        file.ends_with(".rs") && file.bytes().all(of_a_path) && line.parse::<u32>().is_ok()
    })
}

/// Runs it.
///
/// # Errors
/// If the programs cannot be run as wanted: nothing is shown then.
pub fn run(size: Size) -> io::Result<Report> {
    const PERSONAS: [&str; 4] = ["ordinary", "gaiji", "tampered", "wrong-ca"];
    let vocabulary = Vocabulary::load()?;
    let mut world = World::start(&Options::default())?;
    let mut traces = Traces::default();
    for persona in PERSONAS {
        traces = traces.and(Traces::of_holder(persona)?);
    }
    let mut applications = 0;
    block_on(async {
        for round in 0..size.of(1, 50) {
            for persona in ["ordinary", "gaiji"] {
                let applicant = Applicant::new(world.terminal("kiosk-0001"));
                traces.certificate(&issued(&world, &applicant, persona).await?)?;
            }
            for persona in ["tampered", "wrong-ca"] {
                let applicant = Applicant::new(world.terminal("kiosk-0001"));
                if apply(&world, &applicant, persona, None).await.is_ok() {
                    return Err(io::Error::other("a false card was believed"));
                }
            }
            for (number, at) in (round..).zip(STEPS) {
                let cut = Cut {
                    at,
                    after: Duration::from_millis(1 << (number % 5)),
                    signal: None,
                    waits: false,
                };
                let applicant = Applicant::new(world.terminal("kiosk-0001"));
                let _ = apply(&world, &applicant, "ordinary", Some(cut)).await;
            }
            applications += 4 + STEPS.len();
        }
        Ok(())
    })??;
    let mut report = Report::default();
    figures(&world, &traces, &mut report)?;
    let lines = said(&mut world)?;
    let search = traces.search();
    let (mut faults, mut found) = (Vec::new(), Found::new());
    for line in &lines {
        faults.extend(vocabulary.fault(line));
        search.count(line.as_bytes(), &mut found);
    }
    report.told("applications, made, refused and aborted", applications);
    report.told("lines of center and VRS", lines.len());
    report.figure(
        "lines that are no event of docs/events.toml",
        faults.len(),
        0,
    );
    if let Some(fault) = faults.first() {
        report.told("  the first has", fault);
    }
    report.figure(
        "pieces of holders and certificates in lines",
        found.values().sum::<usize>(),
        0,
    );

    let line = |rest: &str| format!(r#"{{"at":1,{rest}}}"#);
    let own = [
        line(r#""event":"applied""#),
        line(r#""event":"ready","name":"x""#),
        line(r#""event":"signer-elsewhere","signer":"青葉","municipality":"132217""#),
        line(r#""event":"lapsed","municipality":"132217""#),
        "panicked at somewhere".to_owned(),
    ];
    let refused = own
        .iter()
        .filter(|line| vocabulary.fault(line).is_some())
        .count();
    report.control(
        "lines with something of their own that are refused",
        refused,
        own.len(),
    );
    let mut found = Found::new();
    search.count(
        line(r#""event":"ready","of":"青葉　さくら""#).as_bytes(),
        &mut found,
    );
    report.finds(
        "pieces of a holder in a line that has their name",
        found.values().sum(),
    );
    Ok(report)
}

/// What both say at `/metrics`.
fn figures(world: &World, traces: &Traces, report: &mut Report) -> io::Result<()> {
    let known = Figures::load()?;
    let search = traces.search();
    let (mut lines, mut faults, mut found) = (0, 0, Found::new());
    for admin in [&world.addresses.admin, &world.addresses.vrs_admin] {
        let text = world.metrics(admin)?;
        search.count(text.as_bytes(), &mut found);
        lines += text.lines().count();
        faults += text
            .lines()
            .filter(|line| known.fault(line).is_some())
            .count();
    }
    report.told("lines of /metrics of center and VRS", lines);
    report.figure("lines that are no figure of docs/metrics.toml", faults, 0);
    report.figure(
        "pieces of holders and certificates in figures",
        found.values().sum::<usize>(),
        0,
    );
    let own = [
        r#"vrs_answers_total{step="inquiry",outcome="青葉"} 1"#,
        r#"vrs_answers_total{step="inquiry"} 1"#,
        r#"vrs_sentinel_found{municipality="132217",name="x"} 1"#,
        r#"shomei_center_people{name="x"} 1"#,
        "shomei_center_signing_stopped no",
        "# TYPE shomei_center_people counter",
    ];
    let refused = own.iter().filter(|line| known.fault(line).is_some());
    report.control(
        "figures with something of their own that are refused",
        refused.count(),
        own.len(),
    );
    Ok(())
}

/// All that both wrote until they ended.
fn said(world: &mut World) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    for program in [&mut world.center, &mut world.vrs] {
        let mut program: Program = program.take().ok_or(io::ErrorKind::NotFound)?;
        program.end()?;
        lines.extend(program.log.all());
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_kept_to() {
        let vocabulary = Vocabulary::load().unwrap();
        for (line, fault) in [
            (r#"{"at":1,"event":"ready"}"#, None),
            (r#"{"event":"ready"}"#, Some("no time")),
            (
                r#"{"at":1,"event":"ready","x":1}"#,
                Some("a field of its own"),
            ),
            (
                r#"{"at":1,"event":"lapsed","count":2}"#,
                Some("a field too few"),
            ),
            (r#"{"at":1,"event":"signer-refused"}"#, None),
            (
                r#"{"at":1,"event":"panicked","place":"vrs/src/a.rs:12"}"#,
                None,
            ),
            (
                r#"{"at":1,"event":"panicked","place":"it is inside of 青葉 x.rs:1"}"#,
                Some("a value of its own"),
            ),
            (
                r#"{"at":1,"event":"signer-refused","signer":"13221"}"#,
                None,
            ),
            (
                r#"{"at":1,"event":"lapsed","municipality":"132217","count":2}"#,
                None,
            ),
            (
                r#"{"at":1,"event":"lapsed","municipality":"13221７","count":2}"#,
                Some("a value of its own"),
            ),
            (
                r#"{"at":1,"event":"lapsed","municipality":"132217","count":2,"name":2}"#,
                Some("a field of its own"),
            ),
            (r#"{"at":1,"event":"said"}"#, Some("an event of its own")),
            (
                r#"{"at":1,"request":"00ff00ff00ff00ff","event":"page-failed"}"#,
                None,
            ),
            (
                r#"{"at":1,"request":"201112304512","event":"page-failed"}"#,
                Some("a request's id of its own"),
            ),
            ("ready", Some("no object")),
        ] {
            assert_eq!(vocabulary.fault(line), fault, "{line}");
        }
        // A kind that is misspelt in the file lets nothing through.
        assert!(!is_of(&toml::Value::from("number"), &Value::from(1)));
    }
}
