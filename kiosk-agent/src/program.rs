//! What the programs of this crate share: signals that end them, and how they say why they do not start.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use issuance_api::ProblemCode;
use issuance_api::problem::Language;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end a program.
#[derive(Debug)]
pub struct Signals([(u8, Signal); 3]);

impl Signals {
    /// From now on they are waited for.
    ///
    /// # Errors
    /// If the operating system does not let it.
    pub fn listen() -> io::Result<Self> {
        Ok(Self([
            (1, signal(SignalKind::hangup())?),
            (2, signal(SignalKind::interrupt())?),
            (15, signal(SignalKind::terminate())?),
        ]))
    }

    /// The number of the next one.
    pub async fn next(&mut self) -> u8 {
        let [(hangup, one), (interrupt, two), (terminate, three)] = &mut self.0;
        tokio::select! {
            _ = one.recv() => *hangup,
            _ = two.recv() => *interrupt,
            _ = three.recv() => *terminate,
        }
    }
}

/// Exit status of a program that a signal ended.
#[must_use]
pub fn ended_by(signal: u8) -> ExitCode {
    ExitCode::from(128 + signal)
}

/// Says why a program does not start: the error, and what it comes from.
#[must_use]
pub fn not_started(error: &dyn Error) -> ExitCode {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += ": ";
        text += &error.to_string();
        cause = error.source();
    }
    complain(&text);
    ExitCode::from(2)
}

/// As [`not_started`], for a reader that would tell others what goes over it: the operator has to know which leak, the resident that
/// it is not their fault.
#[must_use]
pub fn reader_untrusted(error: &dyn Error, language: Language) -> ExitCode {
    complain(&error.to_string());
    let code = ProblemCode::ReaderUntrusted;
    complain(&format!("{}: {}", code.as_str(), code.message(language)));
    ExitCode::from(2)
}

/// A line on standard error.
#[expect(
    clippy::print_stderr,
    reason = "the program's way to tell its caller why"
)]
pub fn complain(text: &str) {
    eprintln!("{text}");
}

/// A language's two letters.
///
/// # Errors
/// If it is none of the four.
pub fn language(text: &str) -> Result<Language, &'static str> {
    match text {
        "ja" => Ok(Language::Ja),
        "en" => Ok(Language::En),
        "zh" => Ok(Language::Zh),
        "ko" => Ok(Language::Ko),
        _ => Err("ja, en, zh or ko"),
    }
}
