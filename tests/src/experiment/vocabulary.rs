//! G5: logs have a closed vocabulary. Every line that center and VRS write is an event of `docs/events.toml`, with the fields that stand there and
//! values of their kinds; none is a free text, and nothing in a line is anybody's.
//!
//! Control: lines that have a word of their own are refused, and a holder's name in a line is found, as is a digest of their number.

mod figures;
mod limits;
mod provoked;
mod requests;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::time::Duration;

use dev_memory::Found;
use serde_json::Value;
use sha2::{Digest, Sha256};
use toml::Table;

pub use figures::Figures;

use super::holders::{self, PERSONAS};
use super::steps::{Cut, STEPS, apply, block_on, issued};
use super::traces::{Traces, hex};
use super::{Report, Size};
use crate::applicant::Applicant;
use crate::process::{Program, as_text};
use crate::world::{Options, World, repository, set};

/// The events there are, read from their one file.
pub struct Vocabulary {
    events: Table,
    of_servers: BTreeSet<String>,
}

impl Vocabulary {
    /// Reads `docs/events.toml`.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn load() -> io::Result<Self> {
        let text = fs::read_to_string(repository().join("docs/events.toml"))?;
        let events: Table = text.parse().map_err(io::Error::other)?;
        let of_servers = of_servers(&text, &events);
        Ok(Self { events, of_servers })
    }

    /// Names of all events.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        self.events.keys().map(String::as_str)
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
        let Some(fields) = self.events.get(&name).and_then(toml::Value::as_table) else {
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
        let lacks =
            |(key, kind): (&String, &toml::Value)| !is_optional(kind) && !event.contains_key(key);
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

/// Kinds of lines that center or VRS can say: the sections of the file say whose an event is.
fn of_servers(text: &str, events: &Table) -> BTreeSet<String> {
    let mut kinds = BTreeSet::new();
    let mut theirs = false;
    for line in text.lines() {
        match line {
            "# All" | "# Center and VRS" | "# Center" | "# VRS" => theirs = true,
            _ if line.starts_with("# Kiosk") => theirs = false,
            _ => {}
        }
        let name = line.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let Some(name) = name.filter(|_| theirs) else {
            continue;
        };
        let what = events.get(name).and_then(|it| it.get("what")?.as_array());
        match what {
            None => drop(kinds.insert(name.to_owned())),
            Some(what) => {
                let words = what.iter().filter_map(toml::Value::as_str);
                kinds.extend(words.map(|word| format!("{name} {word}")));
            }
        }
    }
    kinds
}

/// What a line is about: its event, and of a listener's what happened there.
fn kind_of(line: &Value) -> String {
    let word = |key: &str| line.get(key).and_then(Value::as_str);
    let words = [word("event"), word("what")];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// In a kind of `docs/events.toml`: the field may be left out.
const LEFT_OUT: &str = "?";

/// Whether a field of this kind may be left out.
fn is_optional(kind: &toml::Value) -> bool {
    match kind {
        toml::Value::Array(words) => words.iter().any(|word| word.as_str() == Some(LEFT_OUT)),
        kind => kind.as_str().is_some_and(|kind| kind.ends_with(LEFT_OUT)),
    }
}

/// Whether a value is of a kind of `docs/events.toml`.
fn is_of(kind: &toml::Value, value: &Value) -> bool {
    let digits = |count: usize| {
        let text = value.as_str();
        text.is_some_and(|it| it.len() == count && it.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match kind {
        toml::Value::Array(words) => {
            let said = value.as_str().filter(|said| *said != LEFT_OUT);
            said.is_some() && words.iter().any(|word| word.as_str() == said)
        }
        toml::Value::String(name) => match name.trim_end_matches(LEFT_OUT) {
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
    const REFUSED: [&str; 2] = ["tampered", "wrong-ca"];
    let vocabulary = Vocabulary::load()?;
    let mut world = World::start(&Options {
        center: |config| set(config, "app_quota.applications", 1_000_000),
        ..Options::default()
    })?;
    // Of both kinds. From then on one holder applies at a kiosk, the other by an app, for abroad.
    let mut traces = block_on(holders::traces(&world))??;
    for persona in REFUSED {
        traces = traces.and(Traces::of_holder(persona)?);
    }
    let mut applications = 2 * PERSONAS.len();
    block_on(async {
        for round in 0..size.of(1, 50) {
            for persona in PERSONAS {
                let applicant = holders::applicant(&world, persona)?;
                traces.certificate(&issued(&world, &applicant, persona).await?)?;
            }
            for persona in REFUSED {
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
                };
                for persona in PERSONAS {
                    let applicant = holders::applicant(&world, persona)?;
                    let _ = apply(&world, &applicant, persona, Some(cut)).await;
                }
            }
            applications += 4 + 2 * STEPS.len();
        }
        Ok(())
    })??;
    let mut report = Report::default();
    figures::closed(&world, &traces, &mut report)?;
    let mut lines = said(&mut world)?;
    drop(world);
    let provoked = provoked::provoke()?;
    provoked.judge.report(provoked::KINDS, &mut report);
    traces = traces.and(Traces::of_holder("moved")?);
    lines.extend(provoked.lines);
    let texts: Vec<_> = lines.iter().map(|line| as_text(line)).collect();
    let kinds: BTreeSet<_> = texts
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .map(|line| kind_of(&line))
        .collect();
    let unsaid: Vec<_> = vocabulary.of_servers.difference(&kinds).collect();
    report.told(
        "kinds of lines of center and VRS that were said, of those there are",
        format!(
            "{} of {}",
            vocabulary.of_servers.len() - unsaid.len(),
            vocabulary.of_servers.len()
        ),
    );
    let unsaid: Vec<_> = unsaid.into_iter().map(String::as_str).collect();
    report.told("  never said here", unsaid.join(", "));
    let search = traces.search();
    let (mut faults, mut found) = (Vec::new(), Found::new());
    for line in &texts {
        faults.extend(vocabulary.fault(line));
    }
    search.count(&lines.join(&b'\n'), &mut found);
    report.told(
        "applications, made, refused and aborted, for use in Japan and for abroad",
        applications,
    );
    report.told("pieces searched for", search.pieces());
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
        "lines of requests, with an id of another's, two, none, or not said at all, that are noticed",
        requests::noticed(),
        4,
    );
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
    let number = holders::passport(PERSONAS[1])?.number;
    let digest = Sha256::digest("201112304512");
    for (what, said) in [
        ("a passport in a line that has its number", number),
        (
            "a holder in a line that has a digest of their number",
            hex(&digest),
        ),
    ] {
        let mut found = Found::new();
        search.count(
            line(&format!(r#""event":"ready","of":"{said}""#)).as_bytes(),
            &mut found,
        );
        report.finds(format!("pieces of {what}"), found.values().sum());
    }
    Ok(report)
}

/// All that both wrote until they ended.
fn said(world: &mut World) -> io::Result<Vec<Vec<u8>>> {
    let mut lines = Vec::new();
    for program in [&mut world.center, &mut world.vrs] {
        let mut program: Program = program.take().ok_or(io::ErrorKind::NotFound)?;
        program.end()?;
        lines.extend(program.log.raw());
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
            (r#"{"at":1,"event":"out-of-service","mark":"found"}"#, None),
            (
                r#"{"at":1,"event":"out-of-service","mark":"written","mismatch":"seal"}"#,
                None,
            ),
            (
                r#"{"at":1,"event":"out-of-service","mark":"written","mismatch":"?"}"#,
                Some("a value of its own"),
            ),
            (
                r#"{"at":1,"event":"out-of-service","mismatch":"seal"}"#,
                Some("a field too few"),
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
