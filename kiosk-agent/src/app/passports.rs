//! A passport's lines read in a program of its own: this one, called as [`ARGUMENT`] alone.
//!
//! It ends, and Tesseract with it, when the step is left, cancelled or locked, and when the app ends: nothing of a picture is read on for
//! nobody. It may open no file but what Tesseract is made of and write none, as far as the kernel has Landlock; it has no socket, and no way
//! into another process (seccomp); and so it is with Tesseract. That one is started by this program too, called as [`BECOMES`]: it ends with
//! its starter, and neither undoes that nor starts a process that would not.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use issuance_api::ProblemCode;
use issuance_api::passport::PassportMrz;
use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use sandbox::{Landlock, Needs};
use serde::{Deserialize, Serialize};

use super::apart::{self, Apart};
use super::conduct::ReadsPassports;
use super::server::LARGEST;
use sight::passport::{PassportReader, Tesseract};

/// What calls the program for this and nothing else.
pub const ARGUMENT: &str = "--passport";

/// What calls the program to become Tesseract: this, the number of the process that it ends with, and Tesseract's arguments.
pub const BECOMES: &str = "--recognise";

/// This program, even if another has taken its place on the disk meanwhile.
const OWN: &str = "/proc/self/exe";

/// Descriptors: pipes to Tesseract among them.
const FILES: u64 = 64;

/// Reads passports apart.
#[derive(Clone, Debug)]
pub struct PassportProgram(Apart);

/// What the program says.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Said {
    Lines(PassportMrz),
    /// Its code.
    Problem(String),
}

impl Default for PassportProgram {
    fn default() -> Self {
        Self(Apart::own(ARGUMENT))
    }
}

impl PassportProgram {
    /// A program by its path, and how long it may take for a picture.
    #[must_use]
    pub fn new(program: PathBuf, bound: Duration) -> Self {
        Self(Apart::new(program, ARGUMENT, bound))
    }
}

impl ReadsPassports for PassportProgram {
    async fn read(&self, picture: &[u8]) -> Result<PassportMrz, ProblemCode> {
        let unreadable = ProblemCode::PassportUnreadable;
        let said = self.0.say(picture).await.map_err(|_| unreadable)?;
        match serde_json::from_slice(&said).map_err(|_| unreadable)? {
            Said::Lines(lines) => Ok(lines),
            Said::Problem(code) => Err(code.parse().unwrap_or(unreadable)),
        }
    }

    async fn gone(&self) {
        self.0.gone().await;
    }
}

/// What the program does that was called as [`ARGUMENT`]: reads a picture, and says what stands in it or what is wrong with it.
///
/// # Errors
/// The pipes; or the system does not bound it.
pub fn serve() -> io::Result<()> {
    apart::bound(FILES)?;
    let there = |paths: &[&str]| {
        let paths = paths.iter().map(PathBuf::from);
        paths.filter(|path| path.exists()).collect::<Vec<_>>()
    };
    let needs = Needs {
        read: there(&[
            "/etc/ld.so.cache",
            "/usr/share/tesseract-ocr",
            "/usr/share/tessdata",
        ]),
        // Libraries, and what loads them.
        run: there(&[
            OWN,
            "/usr/bin/tesseract",
            "/usr/lib",
            "/usr/lib64",
            "/lib",
            "/lib64",
        ]),
        overwrite: there(&["/dev/null"]),
        ..Needs::default()
    };
    sandbox::confine(&needs, Landlock::WhatThereIs).map_err(io::Error::other)?;
    sandbox::close_ways_out().map_err(io::Error::other)?;
    let own = std::process::id().to_string();
    let reader = PassportReader::new(Tesseract::started_by(OWN.into(), vec![BECOMES.into(), own]));
    let said = match reader.read(&apart::file(LARGEST)?) {
        Ok(lines) => Said::Lines(lines),
        Err(error) => Said::Problem(ProblemCode::from(error).as_str().to_owned()),
    };
    apart::say(&said)
}

/// What the program does that was called as [`BECOMES`]: it is Tesseract from here on.
///
/// # Errors
/// Whoever called it has ended, the system does not confine it, or Tesseract is not there.
pub fn recognise(mut arguments: impl Iterator<Item = OsString>) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // Its end before this line would have told nobody.
    let parent = getppid().map(|parent| parent.as_raw_nonzero().to_string());
    if arguments.next().map(OsString::into_string) != parent.map(Ok) {
        return Err(io::ErrorKind::NotConnected.into());
    }
    sandbox::start_nothing().map_err(io::Error::other)?;
    Err(Tesseract::become_it(arguments))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::app::apart::tests::script;

    #[tokio::test]
    async fn its_word_is_taken_and_whatever_fails_is_a_picture_that_is_not_read() {
        let folder = TempDir::new().unwrap();
        let says = async |does: &str| {
            let program = script(&folder, does);
            PassportProgram::new(program, Duration::from_secs(20))
                .read(b"x")
                .await
        };
        let read = says("echo '{\"lines\":{\"line1\":\"P<\",\"line2\":\"X\"}}'").await;
        assert_eq!(read.unwrap().line2.expose(), "X");
        let glare = says("echo '{\"problem\":\"passport-glare\"}'").await;
        assert_eq!(glare.unwrap_err(), ProblemCode::PassportGlare);
        for does in ["echo nothing", "exit 1", "kill -SEGV $$"] {
            let failed = says(does).await;
            assert_eq!(
                failed.unwrap_err(),
                ProblemCode::PassportUnreadable,
                "{does}"
            );
        }
    }
}
