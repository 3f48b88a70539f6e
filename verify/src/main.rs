//! `verify`: reads vaccination certificates from text, pictures and pages, and says what each is, who signed it and whether it holds.
//!
//! It opens the files it is given and no connection. The README lists what its exit status says.

mod output;

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};
use verify::{CardIssuer, Jwks, Report, TrustList, Verdict, scan};
use zeroize::Zeroizing;
use zeroizing_alloc::ZeroAlloc;

/// Names and birth dates pass through buffers of libraries that do not wipe them.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<std::alloc::System> = ZeroAlloc(std::alloc::System);

/// Says what a vaccination certificate is, who signed it, and whether it holds. Asks nobody: what it needs to know is in the trust list.
///
/// Exit status, the worst of all codes found: 0 valid; 1 tampered or malformed; 2 could not be asked; 3 signed, but whether it was
/// revoked cannot be told; 4 revoked; 5 expired; 6 not yet valid; 7 signed by nobody on the trust list; 8 nothing found that is verified here.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Files: text, PNG, JPEG or PDF, with one code or several; `-` is standard input, which is read if nothing is given.
    files: Vec<PathBuf>,
    /// Text of a code. Other users of this machine may see it in the list of processes: better by standard input.
    #[arg(long)]
    text: Vec<String>,
    /// The trust list.
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Keys that count for whatever issuer a health card names: for trying out.
    #[arg(long, value_name = "FILE")]
    jwks: Vec<PathBuf>,
    /// Judges as of then: `YYYY-MM-DD` or RFC 3339.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<i64>,
    /// One JSON document instead of text.
    #[arg(long)]
    json: bool,
    /// Says nothing of what a certificate states.
    #[arg(long)]
    no_content: bool,
    /// Shows whom the trust list trusts, and judges nothing.
    #[arg(long)]
    show_trust: bool,
}

/// Why nothing was judged.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{}: {}", .0.display(), .1.kind())]
    Read(PathBuf, #[source] io::Error),
    #[error("{}: {}", .0.display(), .1)]
    Scan(PathBuf, #[source] scan::ScanError),
    #[error("the trust list: {0}")]
    Trust(#[from] verify::TrustError),
    #[error("{}: {}", .0.display(), .1)]
    Keys(PathBuf, #[source] verify::JwksError),
    #[error("the clock stands before 1970")]
    Clock,
    #[error("cannot write: {}", .0.kind())]
    Write(#[source] io::Error),
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            // Nobody is left to be told if standard error is closed.
            let _ = writeln!(io::stderr(), "verify: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<u8, Trouble> {
    let trust = trust(arguments)?;
    if arguments.show_trust {
        output::trust(&trust, arguments.json).map_err(Trouble::Write)?;
        return Ok(0);
    }
    let now = arguments.at.map_or_else(now, Ok)?;
    let texts = texts(arguments)?;
    let documents = verify::read(texts.iter().map(|text| text.as_str()));
    let mut reports: Vec<Report> = documents
        .iter()
        .map(|document| trust.judge(document, now))
        .collect();
    if arguments.no_content {
        for report in &mut reports {
            report.content = None;
        }
    }
    output::reports(&reports, now, arguments.json).map_err(Trouble::Write)?;
    Ok(worst(&reports))
}

fn trust(arguments: &Arguments) -> Result<TrustList, Trouble> {
    let mut trust = match &arguments.trust {
        Some(path) => TrustList::open(path)?,
        None => TrustList::default(),
    };
    for path in &arguments.jwks {
        let keys = fs::read_to_string(path).map_err(|error| Trouble::Read(path.clone(), error))?;
        let keys = Jwks::parse(&keys).map_err(|error| Trouble::Keys(path.clone(), error))?;
        trust.add_card_issuer(CardIssuer {
            url: None,
            name: None,
            keys,
            revoked: Vec::new(),
            fetched: None,
            lists_for: None,
        });
    }
    Ok(trust)
}

fn texts(arguments: &Arguments) -> Result<Vec<Zeroizing<String>>, Trouble> {
    let given = arguments.text.iter().cloned().map(Zeroizing::new);
    let mut texts: Vec<_> = given.collect();
    let mut files = arguments.files.clone();
    if files.is_empty() && texts.is_empty() {
        files.push(PathBuf::from("-"));
    }
    for path in files {
        let file = read(&path).map_err(|error| Trouble::Read(path.clone(), error))?;
        texts.extend(scan::texts(&file).map_err(|error| Trouble::Scan(path, error))?);
    }
    Ok(texts)
}

/// One byte more than what is looked at, so that a longer file is told from a whole one.
fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let limit = u64::try_from(scan::MAX_FILE).unwrap_or(u64::MAX);
    let mut file = Zeroizing::new(Vec::new());
    if path == Path::new("-") {
        let mut input = io::stdin().lock().take(limit.saturating_add(1));
        input.read_to_end(&mut file)?;
    } else {
        let mut input = fs::File::open(path)?.take(limit.saturating_add(1));
        input.read_to_end(&mut file)?;
    }
    Ok(file)
}

fn now() -> Result<i64, Trouble> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_err(|_| Trouble::Clock)?.as_secs();
    i64::try_from(now).map_err(|_| Trouble::Clock)
}

fn moment(text: &str) -> Result<i64, String> {
    if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(moment.unix_timestamp());
    }
    let format = format_description!("[year]-[month]-[day]");
    let day = Date::parse(text, format).map_err(|_| "neither a day nor a time".to_owned())?;
    Ok(day.midnight().assume_utc().unix_timestamp())
}

/// The exit status of a verdict.
const fn status(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Valid => 0,
        Verdict::Malformed(verify::Unreadable::Unsupported) => 8,
        Verdict::Tampered(_) | Verdict::Malformed(_) => 1,
        Verdict::Unchecked(_) => 3,
        Verdict::Revoked(_) => 4,
        Verdict::Expired(_) => 5,
        Verdict::NotYetValid(_) => 6,
        Verdict::UnknownIssuer => 7,
    }
}

/// The status of the worst verdict; 8 if there is none.
fn worst(reports: &[Report]) -> u8 {
    const WORST_FIRST: [u8; 8] = [1, 4, 7, 5, 6, 3, 8, 0];
    let all: Vec<u8> = reports
        .iter()
        .map(|report| status(&report.verdict))
        .collect();
    let worst = WORST_FIRST.into_iter().find(|status| all.contains(status));
    worst.unwrap_or(8)
}
