//! The programs under test, as processes: started, awaited, listened to, and ended by pid.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::experiment::vocabulary::Vocabulary;

/// How long a program may take until it says that it is ready.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long a program may take to end after SIGTERM.
const END_WITHIN: Duration = Duration::from_secs(10);

/// Path of a program of this workspace, built into the same folder as the running one.
///
/// # Panics
/// If this executable does not know where it is.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let mut folder = std::env::current_exe().expect("an executable knows its path");
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    folder.join(name)
}

/// Polls until `probe` gives something, or the time is over.
pub fn poll<T>(within: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = probe() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Sends a signal to a process.
///
/// # Errors
/// If it is gone.
pub fn signal(process: u32, what: Signal) -> io::Result<()> {
    let process = process.try_into().ok().and_then(Pid::from_raw);
    Ok(kill_process(process.ok_or(io::ErrorKind::NotFound)?, what)?)
}

/// Lines a process wrote, as they come.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<Vec<u8>>>>);

impl Lines {
    /// All lines so far, as text.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.raw().iter().map(|line| as_text(line)).collect()
    }

    /// All lines so far, for whoever searches them: joined with line feeds they are what was written, in whatever encoding. In UTF-16 a line feed's
    /// byte may be half of a character.
    #[must_use]
    pub fn raw(&self) -> Vec<Vec<u8>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits for a line with this beginning.
    #[must_use]
    pub fn wait_for(&self, beginning: &str, within: Duration) -> Option<String> {
        poll(within, || {
            self.all()
                .into_iter()
                .find(|line| line.starts_with(beginning))
        })
    }

    fn follow(&self, source: impl Read + Send + 'static) -> JoinHandle<()> {
        let lines = self.clone();
        thread::spawn(move || {
            // Not `lines`, which ends at the first that is no UTF-8.
            for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
                lines
                    .0
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
            }
        })
    }
}

/// A line as text. One that is no UTF-8 can be no event, and begins as nothing that anybody waits for.
#[must_use]
pub fn as_text(line: &[u8]) -> String {
    match str::from_utf8(line) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("no UTF-8: {}", line.escape_ascii()),
    }
}

/// Lines that are no event of `docs/events.toml`, of any program that served so far.
static STRANGE: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// How many lines of such were looked at.
static LOOKED_AT: AtomicUsize = AtomicUsize::new(0);

/// How many lines of programs that serve were looked at since this was asked before, and those that are no event.
pub fn lines_of_programs() -> (usize, Vec<String>) {
    let mut strange = STRANGE.lock().unwrap_or_else(PoisonError::into_inner);
    (
        LOOKED_AT.swap(0, Ordering::SeqCst),
        std::mem::take(&mut *strange),
    )
}

/// The same command, with core files as large as they may be.
#[must_use]
pub fn with_core_files(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "ulimit -c \"$(ulimit -H -c)\"; exec \"$@\"", "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    shell
}

/// A running program. Dropping it ends the process and waits for it.
pub struct Program {
    name: String,
    child: Child,
    readers: Vec<JoinHandle<()>>,
    /// What it wrote to standard output.
    pub output: Lines,
    /// What it wrote to standard error: its log.
    pub log: Lines,
    /// Whether all lines of the log are to be events.
    says_events: bool,
}

impl Program {
    /// Starts a command with both outputs listened to.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(name: &str, mut command: Command) -> io::Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (output, log) = (Lines::default(), Lines::default());
        let readers = [
            child.stdout.take().map(|stdout| output.follow(stdout)),
            child.stderr.take().map(|stderr| log.follow(stderr)),
        ];
        let readers = readers.into_iter().flatten().collect();
        Ok(Self {
            name: name.to_owned(),
            child,
            readers,
            output,
            log,
            says_events: false,
        })
    }

    /// From now on all lines of the log are to be events.
    #[must_use]
    pub const fn saying_events(mut self) -> Self {
        self.says_events = true;
        self
    }

    /// Starts a server and waits for its line `ready key=value …`.
    ///
    /// # Errors
    /// If it cannot be started, or ends or stays silent instead; its log goes into the error.
    pub fn serve(name: &str, command: Command) -> io::Result<(Self, BTreeMap<String, String>)> {
        let mut program = Self::start(name, command)?;
        let line = poll(READY_WITHIN, || {
            let ready = program
                .output
                .all()
                .into_iter()
                .find(|line| line.starts_with("ready"));
            let ended = program.child.try_wait().ok().flatten().is_some();
            (ready.is_some() || ended).then_some(ready)
        });
        program.says_events = matches!(name, "center" | "vrs") && matches!(line, Some(Some(_)));
        let Some(Some(line)) = line else {
            drop(program.end());
            let log = program.log.all().join("\n");
            return Err(io::Error::other(format!(
                "{name} did not become ready:\n{log}"
            )));
        };
        let values = line
            .split_whitespace()
            .filter_map(|word| word.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        Ok((program, values))
    }

    /// Process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The pipe to its standard input, if one was asked for.
    pub fn input(&mut self) -> Option<std::process::ChildStdin> {
        self.child.stdin.take()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// If it does not end in time.
    pub fn wait(&mut self, within: Duration) -> io::Result<ExitStatus> {
        let status = poll(within, || self.child.try_wait().transpose())
            .unwrap_or_else(|| Err(io::Error::other(format!("{} still runs", self.name))))?;
        // The pipes are at their end now: all lines are in.
        for reader in self.readers.drain(..) {
            drop(reader.join());
        }
        Ok(status)
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// If the process is gone.
    pub fn signal(&self, what: Signal) -> io::Result<()> {
        signal(self.id(), what)
    }

    /// Asks it to end, and makes it end where it does not listen.
    ///
    /// # Errors
    /// If it can neither be ended nor waited for.
    pub fn end(&mut self) -> io::Result<ExitStatus> {
        if self.is_running() {
            self.signal(Signal::TERM)?;
        }
        match self.wait(END_WITHIN) {
            Ok(status) => Ok(status),
            Err(_) => {
                self.child.kill()?;
                let status = self.child.wait()?;
                self.hear_out();
                Ok(status)
            }
        }
    }

    /// Waits for the last lines of a program that was killed: but not for ever, since what it started may hold its pipes.
    fn hear_out(&mut self) {
        poll(END_WITHIN, || {
            let is_over = self.readers.iter().all(JoinHandle::is_finished);
            is_over.then_some(())
        });
        self.readers.clear();
    }
}

impl Program {
    /// Whatever a program said while it served is an event, in whatever experiment or test, and however it ended.
    fn look_at_lines(&self) {
        let vocabulary = Vocabulary::load().expect("docs/events.toml is a table of tables");
        let lines = self.log.all();
        LOOKED_AT.fetch_add(lines.len(), Ordering::SeqCst);
        let faults = lines
            .into_iter()
            .filter(|line| vocabulary.fault(line).is_some());
        let mut strange = STRANGE.lock().unwrap_or_else(PoisonError::into_inner);
        strange.extend(faults);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.end());
        if self.says_events {
            self.look_at_lines();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_no_utf_8_is_a_fault_and_hides_none_behind_it() {
        let mut shell = Command::new("sh");
        shell.args(["-c", r"printf '\377\001\nno event\n' >&2"]);
        let mut program = Program::start("sh", shell).unwrap().saying_events();
        program.wait(READY_WITHIN).unwrap();
        assert_eq!(program.log.raw(), [&b"\xff\x01"[..], b"no event"]);
        drop(program);
        let (_, strange) = lines_of_programs();
        for fault in [r"no UTF-8: \xff\x01", "no event"] {
            assert!(strange.iter().any(|line| line == fault), "{strange:?}");
        }
    }
}
