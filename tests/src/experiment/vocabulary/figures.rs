//! Figures of operation have a closed vocabulary, too: every line of `/metrics` is a figure of `docs/metrics.toml`, with labels of their kinds.

use std::fs;
use std::io;

use dev_memory::Found;
use toml::Table;

use super::super::Report;
use super::super::traces::Traces;
use super::is_code;
use crate::world::{World, repository};

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

/// What both say at `/metrics`.
pub(super) fn closed(world: &World, traces: &Traces, report: &mut Report) -> io::Result<()> {
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
