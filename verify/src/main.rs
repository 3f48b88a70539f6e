//! `verify --jwks FILE`: reads the text of a QR code (or a JWS) from standard input, says whether it is a valid health card, and what it
//! states. Ends with 0 if it is valid, with 1 if not, with 2 if it could not be asked.

use std::{
    env, fs,
    io::{self, Read, Write},
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use verify::{Card, CardError, Jwks, Private};

/// More than any card.
const MAX_INPUT: u64 = 64 * 1024;

fn main() -> ExitCode {
    match run() {
        Ok(Ok(card)) => match show(&card) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(2),
        },
        Ok(Err(error)) => say("not valid", &error),
        Err(error) => {
            say("cannot check", &error);
            ExitCode::from(2)
        }
    }
}

/// Why nothing was checked.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("usage: verify --jwks FILE < TEXT")]
    Usage,
    #[error("the file of keys cannot be read")]
    KeyFile,
    #[error("the file of keys: {0}")]
    Keys(#[from] verify::JwksError),
    #[error("standard input is no text")]
    Input,
    #[error("the clock stands before 1970")]
    Clock,
}

fn run() -> Result<Result<Card, CardError>, Trouble> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [flag, file] = arguments.as_slice() else {
        return Err(Trouble::Usage);
    };
    if flag != "--jwks" {
        return Err(Trouble::Usage);
    }
    let keys = fs::read_to_string(file).map_err(|_| Trouble::KeyFile)?;
    let keys = Jwks::parse(&keys)?;
    let mut text = String::new();
    let mut input = io::stdin().lock().take(MAX_INPUT);
    input
        .read_to_string(&mut text)
        .map_err(|_| Trouble::Input)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_err(|_| Trouble::Clock)?.as_secs();
    let now = i64::try_from(now).map_err(|_| Trouble::Clock)?;
    let text = text.trim();
    Ok(match verify::jws_of(text) {
        Ok(jws) => verify::check(&jws, &keys, now),
        Err(CardError::NotACard) if text.contains('.') => verify::check(text, &keys, now),
        Err(error) => Err(error),
    })
}

fn say(what: &str, error: &dyn std::error::Error) -> ExitCode {
    // Nobody is left to be told if standard error is closed.
    let _ = writeln!(io::stderr(), "{what}: {error}");
    ExitCode::from(1)
}

fn show(card: &Card) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "valid")?;
    writeln!(out, "issuer: {}", card.issuer)?;
    writeln!(out, "key: {}", card.kid)?;
    let patient = &card.patient;
    let names = patient.family.iter().chain(&patient.given);
    let names: Vec<&str> = names.map(Private::expose).collect();
    writeln!(out, "name: {}", names.join(" "))?;
    writeln!(out, "birth date: {}", patient.birth_date)?;
    for dose in &card.immunizations {
        write!(out, "dose: {} {} {}", dose.date, dose.system, dose.code)?;
        if let Some(lot) = &dose.lot {
            write!(out, ", lot {lot}")?;
        }
        if let Some(performer) = &dose.performer {
            write!(out, ", {performer}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}
