//! A program of its own for what can break its reader, or must not go on when nobody waits for it: this one, called with one argument.
//!
//! The file goes to it by a pipe, and what it says comes back by another. It may take so much time and memory, and goes with whoever waits
//! for it: dropping the wait kills it and whatever it started, and [`gone`](Apart::gone) waits until all of them have ended. A third pipe,
//! its standard error, tells that: a process lets go of its memory before it lets go of its files.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{
    Pid, Resource, Rlimit, Signal, kill_process_group, set_parent_process_death_signal, setrlimit,
};
use serde::Serialize;
use tokio::io::{self as async_io, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// Longer than the worst of honest files takes on a slow machine.
pub(super) const BOUND: Duration = Duration::from_secs(60);
/// Of address space: the largest picture in all the forms that it goes through.
const MEMORY: u64 = 3 << 30;
/// Most of what it may say.
const MOST: u64 = 1 << 20;
/// Longer than a process that was killed takes to end.
const ENDS: Duration = Duration::from_secs(2);

/// A program by its path, what it is called with, and how long it may take for a file. One runs at a time.
#[derive(Clone, Debug)]
pub(super) struct Apart {
    program: PathBuf,
    argument: &'static str,
    bound: Duration,
    place: Arc<Semaphore>,
}

/// Why a file was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApartError {
    /// The program could not be started.
    #[error("the program could not be started")]
    NotStarted,
    /// It ended before it was through: whatever the file did to it.
    #[error("the program failed")]
    Failed,
    /// It did not end in time and was killed.
    #[error("the program took too long")]
    TooSlow,
}

impl Apart {
    pub(super) fn new(program: PathBuf, argument: &'static str, bound: Duration) -> Self {
        Self {
            program,
            argument,
            bound,
            place: Arc::new(Semaphore::new(1)),
        }
    }

    /// The program that runs, even if another has taken its place on the disk meanwhile.
    pub(super) fn own(argument: &'static str) -> Self {
        Self::new("/proc/self/exe".into(), argument, BOUND)
    }

    /// What it says of a file, if it ends well.
    pub(super) async fn say(&self, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, ApartError> {
        let place = Arc::clone(&self.place).acquire_owned().await;
        let place = place.map_err(|_| ApartError::NotStarted)?;
        let said = timeout(self.bound, self.said(file, place)).await;
        said.map_err(|_| ApartError::TooSlow)?
    }

    /// Waits until none runs any more, nor what it started: at once, but for one that was killed just now.
    pub(super) async fn gone(&self) {
        // One that the system does not let go of would keep everything else from ending.
        let _ = timeout(ENDS, self.place.acquire()).await;
    }

    async fn said(
        &self,
        file: &[u8],
        place: OwnedSemaphorePermit,
    ) -> Result<Zeroizing<Vec<u8>>, ApartError> {
        let child = Command::new(&self.program)
            .arg(self.argument)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // What it starts is killed with it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|_| ApartError::NotStarted)?;
        let mut running = Running(child);
        let group = running.0.id();
        let child = &mut running.0;
        let complaints = child.stderr.take().ok_or(ApartError::NotStarted)?;
        tokio::spawn(async move {
            // What is said there may be about the file, and goes nowhere. Its end is that of whoever could write there.
            let mut complaints = complaints;
            let _ = async_io::copy(&mut complaints, &mut async_io::sink()).await;
            drop(place);
        });
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (mut input, output) = input.zip(output).ok_or(ApartError::NotStarted)?;
        // Room for most, so that growing leaves no copy behind.
        let mut said = Zeroizing::new(Vec::with_capacity(64 * 1024));
        let give = async {
            // One that does not take all of it says so by how it ends.
            let _ = input.write_all(file).await;
            drop(input);
        };
        let hear = async {
            // One that says more than it may is cut off.
            let mut output = output.take(MOST);
            output.read_to_end(&mut said).await
        };
        let ((), heard) = tokio::join!(give, hear);
        heard.map_err(|_| ApartError::Failed)?;
        let status = child.wait().await.map_err(|_| ApartError::Failed)?;
        // It has ended; what it started may not have.
        kill(group);
        status.success().then_some(said).ok_or(ApartError::Failed)
    }
}

/// One that runs. Dropping it kills it with all that it started.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        kill(self.0.id());
    }
}

/// All of a group, whose number is nobody else's while there is one in it.
fn kill(group: Option<u32>) {
    let group = group.and_then(|id| i32::try_from(id).ok());
    if let Some(group) = group.and_then(Pid::from_raw) {
        // It may have ended just now.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// First of all in that program: it is looked into by nobody, ends with whoever started it, and has so much of everything. `files` is how
/// many descriptors it may have.
pub(super) fn bound(files: u64) -> io::Result<()> {
    sandbox::harden().map_err(io::Error::other)?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    for (resource, most) in [
        (Resource::As, MEMORY),
        (Resource::Cpu, BOUND.as_secs()),
        (Resource::Fsize, 0),
        (Resource::Nofile, files),
    ] {
        let most = Some(most);
        setrlimit(
            resource,
            Rlimit {
                current: most,
                maximum: most,
            },
        )?;
    }
    Ok(())
}

/// The file that comes by the pipe, of so many bytes at most.
pub(super) fn file(longest: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut file = Zeroizing::new(Vec::new());
    let longest = u64::try_from(longest).unwrap_or(u64::MAX);
    io::stdin().lock().take(longest).read_to_end(&mut file)?;
    Ok(file)
}

/// What it says of it, to whoever called it.
pub(super) fn say(said: &impl Serialize) -> io::Result<()> {
    let said = Zeroizing::new(serde_json::to_vec(said)?);
    let mut output = io::stdout().lock();
    output.write_all(&said)?;
    output.flush()
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;
    use std::path::Path;

    use tempfile::TempDir;

    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    /// Whether a process has ended: gone, or without any memory, if whoever should has not asked for its end yet.
    pub(in crate::app) fn holds_nothing(process: &str) -> bool {
        let memory = fs::read_to_string(format!("/proc/{process}/statm"));
        memory.map_or(true, |pages| pages.starts_with("0 "))
    }

    /// A program that does this.
    pub(in crate::app) fn script(folder: &TempDir, does: &str) -> PathBuf {
        let (text, program) = (folder.path().join("text"), folder.path().join("program"));
        fs::write(&text, format!("#!/bin/sh\n{does}\n")).unwrap();
        // By another process: a copy of this one, as another test makes it, would hold it open for writing, and nobody could run it.
        let mut install = std::process::Command::new("/usr/bin/install");
        let made = install.arg("-m755").args([&text, &program]).status();
        assert!(made.unwrap().success());
        program
    }

    fn that(folder: &TempDir, does: &str, bound: Duration) -> Apart {
        Apart::new(script(folder, does), "--do", bound)
    }

    async fn said(does: &str, bound: Duration) -> Result<String, ApartError> {
        let folder = TempDir::new().unwrap();
        // More than a pipe holds.
        let said = that(&folder, does, bound).say(&vec![0; 1 << 20]).await?;
        Ok(str::from_utf8(&said).unwrap().to_owned())
    }

    #[tokio::test]
    async fn what_it_says_is_taken_if_it_ends_well_and_nothing_of_one_that_fails() {
        let whole = said("/bin/cat > /dev/null; echo $1", SOON).await;
        assert_eq!(whole, Ok("--do\n".to_owned()));
        for does in [
            "echo one; exit 1",
            "echo one; kill -SEGV $$",
            "/usr/bin/yes",
        ] {
            assert_eq!(said(does, SOON).await, Err(ApartError::Failed), "{does}");
        }
        let nowhere = Apart::new("/nowhere".into(), "--do", SOON).say(b"x").await;
        assert_eq!(nowhere, Err(ApartError::NotStarted));
    }

    /// Until a program has said who it is.
    async fn begins(mark: &Path) {
        while !fs::read_to_string(mark).is_ok_and(|said| said.ends_with('\n')) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// It and what it started, as the passport's reader starts another.
    #[tokio::test]
    async fn one_that_takes_too_long_or_is_not_waited_for_is_killed_with_all_it_started() {
        let folder = TempDir::new().unwrap();
        let mark = |name: &str| folder.path().join(name);
        let does = format!(
            "/bin/sleep 600 & echo $! > {}; echo $$ > {}; wait",
            mark("started").display(),
            mark("itself").display()
        );
        let gone = |which: &Path| {
            let process = fs::read_to_string(which).unwrap();
            fs::remove_file(which).unwrap();
            holds_nothing(process.trim())
        };
        let short = that(&folder, &does, Duration::from_secs(2));
        assert_eq!(short.say(b"x").await.map(drop), Err(ApartError::TooSlow));
        short.gone().await;
        assert!(gone(&mark("itself")) && gone(&mark("started")));
        let long = that(&folder, &does, 10 * SOON);
        let itself = mark("itself");
        tokio::select! {
            _ = long.say(b"x") => panic!("it sleeps"),
            () = begins(&itself) => {}
        }
        long.gone().await;
        assert!(gone(&mark("itself")) && gone(&mark("started")));
    }

    /// As one that a file overcame.
    #[tokio::test]
    async fn what_one_started_does_not_outlive_it_however_it_ends() {
        let folder = TempDir::new().unwrap();
        for (ends, error) in [
            ("exit 0", None),
            ("kill -SEGV $$", Some(ApartError::Failed)),
        ] {
            let mark = folder.path().join("started");
            // It says nothing more where the first one is heard.
            let does = format!(
                "/bin/sleep 600 > /dev/null & echo $! > {}; {ends}",
                mark.display()
            );
            let one = that(&folder, &does, SOON);
            assert_eq!(one.say(b"x").await.err(), error, "{ends}");
            one.gone().await;
            let started = fs::read_to_string(&mark).unwrap();
            assert!(holds_nothing(started.trim()), "{ends}");
        }
    }

    #[tokio::test]
    async fn the_next_one_waits_until_the_one_before_has_ended() {
        let folder = TempDir::new().unwrap();
        let busy = folder.path().join("busy");
        let does = format!(
            "/bin/mkdir {busy} || exit 1; /bin/sleep 0.2; /bin/rmdir {busy}",
            busy = busy.display()
        );
        let one = that(&folder, &does, SOON);
        let other = one.clone();
        let (first, second) = tokio::join!(one.say(b"x"), other.say(b"x"));
        assert!(first.is_ok() && second.is_ok());
    }
}
