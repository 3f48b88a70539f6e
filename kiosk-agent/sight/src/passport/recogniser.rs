//! The second reader: a program that knows nothing of the first. Pictures go to it by a pipe, and so does its text come back.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

/// Most of what it may say.
const MOST: u64 = 4096;

/// Reads what is printed in a picture: capitals and digits, dark on white, in a few lines.
pub trait Recogniser {
    /// The text, line by line. The picture is a PGM file's content (P5).
    ///
    /// # Errors
    /// If it could not be asked; that it sees nothing is an empty text.
    fn text(&self, picture: &[u8]) -> Result<Zeroizing<String>, RecogniserError>;
}

/// Why the recogniser did not answer. It is the terminal's failure, never the picture's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecogniserError {
    /// The program could not be started.
    #[error("the text recogniser could not be started")]
    NotStarted,
    /// It failed.
    #[error("the text recogniser failed")]
    Failed,
    /// It did not end in time and was killed.
    #[error("the text recogniser took too long")]
    TooSlow,
}

/// Tesseract, as a program of its own: whatever a picture does to it, it does there, and its memory goes with it.
#[derive(Clone, Debug)]
pub struct Tesseract {
    program: PathBuf,
    /// What the program is called with first, if it is one that lets Tesseract take its place.
    called: Vec<String>,
    bound: Duration,
}

const PROGRAM: &str = "/usr/bin/tesseract";
const BOUND: Duration = Duration::from_secs(10);

impl Default for Tesseract {
    fn default() -> Self {
        Self::new(PROGRAM.into(), BOUND)
    }
}

impl Tesseract {
    /// By its path, and how long it may take for one picture.
    #[must_use]
    pub const fn new(program: PathBuf, bound: Duration) -> Self {
        Self {
            program,
            called: Vec::new(),
            bound,
        }
    }

    /// By another program, which is called with `called` and Tesseract's own arguments, and lets it take its place ([`Tesseract::become_it`]).
    /// It has the standard error of whoever starts it, where its complaints may be about the picture.
    #[must_use]
    pub const fn started_by(program: PathBuf, called: Vec<String>) -> Self {
        Self {
            program,
            called,
            bound: BOUND,
        }
    }

    /// Takes the place of the program that calls this, with these arguments. It comes back only if that fails.
    pub fn become_it(arguments: impl IntoIterator<Item = OsString>) -> io::Error {
        Command::new(PROGRAM).args(arguments).exec()
    }

    fn start(&self) -> Result<Child, RecogniserError> {
        let mut command = Command::new(&self.program);
        command.args(&self.called);
        // One block of lines; nothing it knows about words; it need not look for white on black.
        command.args([
            "stdin", "stdout", "-l", "eng", "--oem", "1", "--psm", "6", "--dpi", "300",
        ]);
        for setting in [
            "tessedit_char_whitelist=ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
            "load_system_dawg=0",
            "load_freq_dawg=0",
            "tessedit_do_invert=0",
        ] {
            command.args(["-c", setting]);
        }
        command
            .env_clear()
            // More threads make it slower.
            .env("OMP_THREAD_LIMIT", "1")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What it says there may be about the picture.
            .stderr(if self.called.is_empty() {
                Stdio::null()
            } else {
                Stdio::inherit()
            });
        command.spawn().map_err(|_| RecogniserError::NotStarted)
    }
}

impl Recogniser for Tesseract {
    fn text(&self, picture: &[u8]) -> Result<Zeroizing<String>, RecogniserError> {
        let end = Instant::now() + self.bound;
        let mut child = self.start()?;
        let input = child.stdin.take();
        let output = child.stdout.take();
        let (done, finished) = mpsc::channel();
        thread::scope(|scope| {
            // Ends at the latest when the program does.
            scope.spawn(move || input.map(|mut input| input.write_all(picture)));
            scope.spawn(move || {
                // Room for all of it, so that growing leaves no copy behind.
                let mut text = Zeroizing::new(String::with_capacity(4096));
                let read = output.map(|output| output.take(MOST).read_to_string(&mut text));
                let whole = matches!(read, Some(Ok(_)));
                // Nobody waits any more if it took too long.
                let _ = done.send(whole.then_some(text));
            });
            let left = end.saturating_duration_since(Instant::now());
            let text = finished.recv_timeout(left);
            let succeeded = ended(&mut child, if text.is_ok() { end } else { Instant::now() });
            match (text, succeeded) {
                (Err(_), _) | (_, None) => Err(RecogniserError::TooSlow),
                (Ok(Some(text)), Some(true)) => Ok(text),
                _ => Err(RecogniserError::Failed),
            }
        })
    }
}

/// Whether it succeeded, or nothing if it had to be killed. It is gone in any case.
fn ended(child: &mut Child, end: Instant) -> Option<bool> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(2)),
            _ => {
                // It may have ended just now.
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(program: &str, bound: Duration) -> Result<Zeroizing<String>, RecogniserError> {
        Tesseract::new(program.into(), bound).text(b"P5 1 1 255 x")
    }

    #[test]
    fn a_program_that_is_not_there_or_fails_is_told() {
        let second = Duration::from_secs(1);
        assert_eq!(of("/nowhere", second), Err(RecogniserError::NotStarted));
        assert_eq!(of("/bin/false", second), Err(RecogniserError::Failed));
    }

    /// `yes` repeats its arguments for ever, once something takes them: it is cut off, and its end by a closed pipe is a failure.
    #[test]
    fn one_that_never_stops_talking_is_cut_off() {
        assert_eq!(
            of("/usr/bin/yes", Duration::from_secs(5)),
            Err(RecogniserError::Failed)
        );
    }

    #[test]
    fn one_that_hangs_is_killed() {
        // Debian's `tail -f` would need an argument: a shell script is a program too, if nobody holds it open for writing.
        let folder = tempfile::tempdir().unwrap();
        let (text, program) = (folder.path().join("text"), folder.path().join("hang"));
        std::fs::write(&text, "#!/bin/sh\nexec sleep 600\n").unwrap();
        let mut install = Command::new("/usr/bin/install");
        let made = install.arg("-m755").args([&text, &program]).status();
        assert!(made.unwrap().success());
        let begun = Instant::now();
        let hanging = Tesseract::new(program, Duration::from_millis(300));
        // More than a pipe holds.
        let text = hanging.text(&vec![0; 1 << 20]);
        assert_eq!(text, Err(RecogniserError::TooSlow));
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}
