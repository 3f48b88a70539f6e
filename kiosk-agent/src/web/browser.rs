//! The browser's processes, on an empty profile in memory.
//!
//! One browser sees one resident: after each session its processes are ended and a fresh one is started, so nothing that
//! Chromium keeps (history, caches, form data, its own memory) outlives who it is of. The profile lies on a file system in
//! memory, and is removed with the browser.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

/// `f_type` of tmpfs, from `linux/magic.h`.
const TMPFS: u64 = 0x0102_1994;
/// How long ended processes may take to go.
const GOING: Duration = Duration::from_secs(5);

/// Nothing it would do by itself: no first run, no updates, no crash reports, no calls home; no name resolves.
const ARGUMENTS: [&str; 19] = [
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-pinch",
    "--disable-sync",
    "--disable-quic",
    "--disable-print-preview",
    "--disk-cache-size=1",
    "--noerrdialogs",
    "--overscroll-history-navigation=0",
    "--password-store=basic",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=Translate,MediaRouter,OptimizationHints,AutofillServerCommunication",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/// Which browser, and where its profile may lie.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Chromium.
    pub program: PathBuf,
    /// What it is called with beside what it has to be.
    pub arguments: Vec<String>,
    /// A folder in memory.
    pub memory: PathBuf,
    /// Whether it takes the whole screen, with no way out of the page; otherwise it is a window among others.
    pub full_screen: bool,
}

/// Why there is no browser.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// The profile would lie on a disk.
    #[error("the folder for the browser's profile is not in memory (tmpfs)")]
    NotInMemory,
    /// The profile cannot be made.
    #[error("the browser's profile cannot be made")]
    Profile(#[source] io::Error),
    /// The program cannot be started.
    #[error("the browser cannot be started")]
    Start(#[source] io::Error),
}

/// A running browser.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    group: Option<Pid>,
    /// Removed with it.
    _profile: TempDir,
}

impl Browser {
    /// Starts one on an empty profile. The address holds a secret, which others could read on a command line: it is in a
    /// file that only this user can read.
    ///
    /// # Errors
    /// [`BrowserError`]
    pub fn start(settings: &Settings, address: &str) -> Result<Self, BrowserError> {
        if !is_in_memory(&settings.memory) {
            return Err(BrowserError::NotInMemory);
        }
        let profile = tempfile::Builder::new()
            .prefix("kiosk-")
            .tempdir_in(&settings.memory)
            .map_err(BrowserError::Profile)?;
        let start = write_start(profile.path(), address).map_err(BrowserError::Profile)?;
        let mut command = std::process::Command::new("setpriv");
        // It does not outlive this program, however that ends.
        command.args(["--pdeathsig", "KILL", "--"]);
        command.arg(&settings.program).args(ARGUMENTS);
        command.args(settings.full_screen.then_some("--kiosk"));
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        command.args(&settings.arguments);
        command.arg(format!("--app=file://{}", start.display()));
        // Whatever it would put elsewhere it puts there.
        for variable in [
            "HOME",
            "TMPDIR",
            "XDG_CONFIG_HOME",
            "XDG_CACHE_HOME",
            "XDG_DATA_HOME",
        ] {
            command.env(variable, profile.path());
        }
        // The service manager is told things by this program alone.
        command.env_remove("NOTIFY_SOCKET");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.process_group(0);
        let child = Command::from(command)
            .kill_on_drop(true)
            .spawn()
            .map_err(BrowserError::Start)?;
        let group = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        Ok(Self {
            child,
            group,
            _profile: profile,
        })
    }

    /// Waits until it ends by itself: it crashed, or somebody closed it.
    pub async fn ended(&mut self) {
        // An error says that there is nothing to wait for.
        let _ = self.child.wait().await;
    }

    /// Ends all its processes and removes the profile.
    pub async fn end(mut self) {
        let Some(group) = self.group else { return };
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait().await;
        // Its children are the system's by now, which takes a moment to bury them.
        let gone = async {
            while test_kill_process_group(group).is_ok() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = timeout(GOING, gone).await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

fn is_in_memory(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|status| u64::try_from(status.f_type) == Ok(TMPFS))
}

/// A page that leads on to the kiosk's.
fn write_start(profile: &Path, address: &str) -> io::Result<PathBuf> {
    let page = Zeroizing::new(format!(
        "<!doctype html><meta charset=\"utf-8\"><title>Shomei</title>\
         <meta http-equiv=\"refresh\" content=\"0;url={address}\">"
    ));
    let path = profile.join("start.html");
    issuance_channel::secret_file::create(&path, 0o600, &[page.as_bytes()])?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(program: &str, memory: &str) -> Settings {
        Settings {
            program: program.into(),
            arguments: Vec::new(),
            memory: memory.into(),
            full_screen: true,
        }
    }

    #[tokio::test]
    async fn a_profile_on_disk_is_refused() {
        let started = Browser::start(&settings("true", "/proc"), "http://127.0.0.1:1/#00");
        assert!(matches!(started, Err(BrowserError::NotInMemory)));
    }

    #[tokio::test]
    async fn what_it_started_ends_with_it_and_the_profile_goes() {
        let folder = TempDir::new_in("/dev/shm").unwrap();
        let program = folder.path().join("browser");
        let script = "#!/bin/sh\nsleep 600 & sleep 600 & wait\n";
        std::fs::write(&program, script).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&program, mode).unwrap();
        let settings = settings(program.to_str().unwrap(), folder.path().to_str().unwrap());
        let browser = Browser::start(&settings, "http://127.0.0.1:1/#00").unwrap();
        let group = browser.group.unwrap();
        assert!(test_kill_process_group(group).is_ok());
        assert_eq!(folder.path().read_dir().unwrap().count(), 2);
        browser.end().await;
        assert!(test_kill_process_group(group).is_err());
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }
}
