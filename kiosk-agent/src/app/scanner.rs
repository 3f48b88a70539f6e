//! QR codes read where nothing else is: what a stranger's picture or page does to its reader, it does to a program of its own.
//!
//! That program is this one, called as [`ARGUMENT`] alone. The file goes to it by a pipe, and the texts come back by another, as a JSON
//! list. It may take so much time and memory, opens nothing, and goes with whoever waits for it: dropping the wait kills it.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;
use verify::scan;
use zeroize::Zeroizing;

/// What calls the program for this and nothing else.
pub const ARGUMENT: &str = "--scan";

/// Longer than the worst of honest pages takes on a slow machine.
const BOUND: Duration = Duration::from_secs(60);
/// Of address space: the largest picture in all the forms that it goes through.
const MEMORY: u64 = 3 << 30;
/// Most of what it may say: no page of codes has as much.
const MOST: u64 = 1 << 20;

/// Reads the codes in a picture or a page.
#[derive(Clone, Debug)]
pub struct Scanner {
    program: PathBuf,
    bound: Duration,
}

/// Why a file was not read to its end. No code in it, or a file that is neither picture nor page, is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScannerError {
    /// The program could not be started.
    #[error("the scanner could not be started")]
    NotStarted,
    /// It ended before it was through: whatever the file did to it.
    #[error("the scanner failed")]
    Failed,
    /// It did not end in time and was killed.
    #[error("the scanner took too long")]
    TooSlow,
}

impl Default for Scanner {
    /// The program that runs, even if another has taken its place on the disk meanwhile.
    fn default() -> Self {
        Self::new("/proc/self/exe".into(), BOUND)
    }
}

impl Scanner {
    /// A program by its path, and how long it may take for a file.
    #[must_use]
    pub const fn new(program: PathBuf, bound: Duration) -> Self {
        Self { program, bound }
    }

    /// The texts of all codes in a PNG, JPEG or PDF file.
    ///
    /// # Errors
    /// [`ScannerError`]
    pub async fn texts(&self, file: &[u8]) -> Result<Vec<Zeroizing<String>>, ScannerError> {
        let scanned = timeout(self.bound, self.scanned(file)).await;
        scanned.map_err(|_| ScannerError::TooSlow)?
    }

    async fn scanned(&self, file: &[u8]) -> Result<Vec<Zeroizing<String>>, ScannerError> {
        let mut child = Command::new(&self.program)
            .arg(ARGUMENT)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What it says there may be about the file.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|_| ScannerError::NotStarted)?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (mut input, output) = input.zip(output).ok_or(ScannerError::NotStarted)?;
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
        heard.map_err(|_| ScannerError::Failed)?;
        let status = child.wait().await.map_err(|_| ScannerError::Failed)?;
        if !status.success() {
            return Err(ScannerError::Failed);
        }
        let texts: Vec<String> = serde_json::from_slice(&said).map_err(|_| ScannerError::Failed)?;
        Ok(texts.into_iter().map(Zeroizing::new).collect())
    }
}

/// What the program does that was called as [`ARGUMENT`]: reads a file, and says the texts in it.
///
/// # Errors
/// The pipes; or the system does not bound it.
pub fn serve() -> io::Result<()> {
    sandbox::harden().map_err(io::Error::other)?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    for (resource, most) in [
        (Resource::As, MEMORY),
        (Resource::Cpu, BOUND.as_secs()),
        (Resource::Fsize, 0),
        // Those it has.
        (Resource::Nofile, 3),
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
    let mut file = Zeroizing::new(Vec::new());
    let longest = u64::try_from(scan::MAX_FILE).unwrap_or(u64::MAX);
    io::stdin().lock().take(longest).read_to_end(&mut file)?;
    let texts = scan::texts(&file).unwrap_or_default();
    let texts: Vec<&str> = texts.iter().map(|text| text.as_str()).collect();
    let said = Zeroizing::new(serde_json::to_vec(&texts)?);
    let mut output = io::stdout().lock();
    output.write_all(&said)?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::time::Instant;

    use tempfile::TempDir;

    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    /// A program that does this.
    fn script(folder: &TempDir, does: &str) -> PathBuf {
        let program = folder.path().join("scanner");
        fs::write(&program, format!("#!/bin/sh\n{does}\n")).unwrap();
        fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        program
    }

    async fn said(does: &str, bound: Duration) -> Result<Vec<Zeroizing<String>>, ScannerError> {
        let folder = TempDir::new().unwrap();
        // More than a pipe holds.
        let file = vec![0; 1 << 20];
        Scanner::new(script(&folder, does), bound)
            .texts(&file)
            .await
    }

    #[tokio::test]
    async fn what_it_says_is_taken_if_it_ends_well_and_nothing_of_one_that_fails() {
        let texts = said("/bin/cat > /dev/null; echo '[\"one\", \"two\"]'", SOON).await;
        let texts = texts.unwrap();
        let texts: Vec<_> = texts.iter().map(|text| text.as_str()).collect();
        assert_eq!(texts, ["one", "two"]);
        for does in [
            "echo '[\"one\"]'; exit 1",
            "echo '[\"one\"]'; kill -SEGV $$",
            "echo no list",
            "/usr/bin/yes",
        ] {
            assert_eq!(said(does, SOON).await, Err(ScannerError::Failed), "{does}");
        }
        let nowhere = Scanner::new("/nowhere".into(), SOON).texts(b"x").await;
        assert_eq!(nowhere, Err(ScannerError::NotStarted));
    }

    #[tokio::test]
    async fn one_that_takes_too_long_or_is_not_waited_for_is_killed() {
        let folder = TempDir::new().unwrap();
        let mark = folder.path().join("process");
        let does = format!("echo $$ > {}; exec /bin/sleep 600", mark.display());
        let begun = Instant::now();
        let late = said(&does, Duration::from_millis(500)).await;
        assert_eq!(late, Err(ScannerError::TooSlow));
        gone(&mark).await;
        tokio::select! {
            _ = said(&does, SOON) => panic!("it sleeps"),
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
        gone(&mark).await;
        assert!(begun.elapsed() < SOON);
    }

    /// Waits until the process that wrote its number there has ended.
    async fn gone(mark: &std::path::Path) {
        let process = fs::read_to_string(mark).unwrap();
        fs::remove_file(mark).unwrap();
        let alive = || {
            let state = fs::read_to_string(format!("/proc/{}/stat", process.trim()));
            state.is_ok_and(|state| !state.contains(") Z "))
        };
        for _ in 0..500 {
            if !alive() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it lives on");
    }
}
