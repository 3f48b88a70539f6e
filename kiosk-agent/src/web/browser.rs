//! The browser's processes, on an empty profile in memory.
//!
//! One browser sees one resident: after each session its processes are ended and a fresh one is started, so nothing that
//! Chromium keeps (history, caches, form data, its own memory) outlives who it is of. The profile lies on a file system in
//! memory, and is removed with the browser. What a run of this program that was killed left behind is removed when the next
//! browser is started: a profile is in use as long as its folder is locked. All of this happens in the [launcher](crate::beside::launcher).

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, set_child_subreaper,
    test_kill_process_group, waitpid,
};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use super::door::Entrance;

/// `f_type` of tmpfs, from `linux/magic.h`.
const TMPFS: u64 = 0x0102_1994;
/// How long ended processes may take to go.
pub(crate) const GOING: Duration = Duration::from_secs(5);
/// How the folders of profiles begin.
const PREFIX: &str = "kiosk-";

/// Nothing it would do by itself: no first run, no updates, no crash reports, no calls home; no name resolves. Nor does it slow
/// down a page that nobody seems to look at: a kiosk whose screen is dark still says that it lives.
const ARGUMENTS: [&str; 22] = [
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
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
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    profile: Option<Profile>,
}

/// A folder for one browser, locked as long as it is in use.
#[derive(Debug)]
struct Profile {
    folder: TempDir,
    _lock: File,
}

impl Settings {
    /// Whether a profile would lie in memory.
    ///
    /// # Errors
    /// [`BrowserError::NotInMemory`]
    pub fn check(&self) -> Result<(), BrowserError> {
        if is_in_memory(&self.memory) {
            Ok(())
        } else {
            Err(BrowserError::NotInMemory)
        }
    }
}

impl Browser {
    /// Starts one on an empty profile. The page's address holds a secret, which others could read on a command line: it is in a
    /// file that only this user can read.
    ///
    /// # Errors
    /// [`BrowserError`]
    pub fn start(settings: &Settings, entrance: &Entrance) -> Result<Self, BrowserError> {
        settings.check()?;
        sweep(&settings.memory);
        let profile = Profile::new(&settings.memory).map_err(BrowserError::Profile)?;
        let folder = profile.folder.path();
        let start = write_start(folder, entrance).map_err(BrowserError::Profile)?;
        // What its first process leaves becomes this one's to bury: only then is it known when all are gone.
        let _ = set_child_subreaper(Some(getpid()));
        let mut command = std::process::Command::new("setpriv");
        // It does not outlive this program, however that ends.
        command.args(["--pdeathsig", "KILL", "--"]);
        command.arg(&settings.program).args(ARGUMENTS);
        command.args(settings.full_screen.then_some("--kiosk"));
        command.arg(data_folder(folder));
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
            command.env(variable, folder);
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
            profile: Some(profile),
        })
    }

    /// Waits until it ends by itself: it crashed, or somebody closed it.
    pub async fn ended(&mut self) {
        // An error says that there is nothing to wait for.
        let _ = self.child.wait().await;
    }

    /// Ends all its processes, those that stand still or left its group too, and removes the profile.
    pub async fn end(&mut self) {
        let folder = self.profile.as_ref().map(|profile| profile.folder.path());
        if let (Some(group), Some(folder)) = (self.group, folder) {
            // What looks after crashes is first: it would write down the memory of those that follow. No switch keeps Chromium
            // from starting it.
            end_users(folder);
            let _ = kill_process_group(group, Signal::KILL);
            let _ = self.child.wait().await;
            let gone = async {
                while test_kill_process_group(group).is_ok() || end_users(folder) {
                    bury_orphans();
                    sleep(Duration::from_millis(5)).await;
                }
            };
            let _ = timeout(GOING, gone).await;
            bury_orphans();
        }
        self.group = None;
        self.profile = None;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Profile {
    fn new(memory: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(memory)?;
        let lock = File::open(folder.path())?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self {
            folder,
            _lock: lock,
        })
    }
}

fn data_folder(profile: &Path) -> String {
    format!("--user-data-dir={}", profile.display())
}

/// Removes profiles that no running kiosk has, and ends what still uses them.
fn sweep(memory: &Path) {
    let entries = memory.read_dir().into_iter().flatten().flatten();
    for entry in entries {
        let is_profile = entry.file_name().as_bytes().starts_with(PREFIX.as_bytes());
        let folder = entry.path();
        let lock = is_profile.then(|| File::open(&folder).ok()).flatten();
        let Some(lock) = lock else { continue };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            end_users(&folder);
            // What cannot be removed yet is tried again with the next browser.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// Ends processes that were started on this profile. Whether there were any.
fn end_users(profile: &Path) -> bool {
    let mut users = users(profile).peekable();
    let any = users.peek().is_some();
    for user in users {
        let _ = kill_process(user, Signal::KILL);
    }
    any
}

/// Processes that have a profile's path among their arguments, which nothing else has.
fn users(profile: &Path) -> impl Iterator<Item = Pid> {
    let profile = profile.as_os_str().as_bytes();
    let processes = Path::new("/proc")
        .read_dir()
        .into_iter()
        .flatten()
        .flatten();
    processes.filter_map(move |entry| {
        let process = entry.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let is_user = line.windows(profile.len()).any(|it| it == profile);
        Pid::from_raw(process).filter(|_| is_user)
    })
}

/// Lets processes go that have ended and that nobody waits for: what a browser left. Each browser's first process, which leads
/// a group, is waited for.
fn bury_orphans() {
    let threads = Path::new("/proc/self/task").read_dir();
    for thread in threads.into_iter().flatten().flatten() {
        let children = std::fs::read_to_string(thread.path().join("children"));
        let children = children.unwrap_or_default();
        let children = children.split(' ').flat_map(str::parse);
        for child in children.filter_map(Pid::from_raw) {
            if !leads_a_group(child) {
                let _ = waitpid(Some(child), WaitOptions::NOHANG);
            }
        }
    }
}

/// By `/proc/PID/stat`: of a group outside of this process's namespace the system call says nothing that is a number of one.
fn leads_a_group(process: Pid) -> bool {
    let stat =
        std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_pid())).unwrap_or_default();
    // Behind the name: state, parent, group.
    let behind = stat.rsplit_once(") ").map_or("", |(_, behind)| behind);
    let group = behind.split(' ').nth(2).and_then(|id| id.parse().ok());
    group == Some(process.as_raw_pid())
}

fn is_in_memory(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|status| u64::try_from(status.f_type) == Ok(TMPFS))
}

/// The page that leads on to the kiosk's.
fn write_start(profile: &Path, entrance: &Entrance) -> io::Result<PathBuf> {
    let page = leading_to(entrance);
    let path = profile.join("start.html");
    issuance_channel::secret_file::create(&path, 0o600, &[page.as_bytes()])?;
    Ok(path)
}

/// A page that leads on to another, which it names as it is: no character in that means anything here.
pub(crate) fn leading_to(entrance: &Entrance) -> Zeroizing<String> {
    let address = entrance.address();
    let address = address.as_str();
    format!(
        "<!doctype html><meta charset=\"utf-8\"><title>Shomei</title>\
         <meta http-equiv=\"refresh\" content=\"0;url={address}\">"
    )
    .into()
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

    fn entrance() -> Entrance {
        Entrance::of(&[0; Entrance::LENGTH])
    }

    #[tokio::test]
    async fn a_profile_on_disk_is_refused() {
        let started = Browser::start(&settings("true", "/proc"), &entrance());
        assert!(matches!(started, Err(BrowserError::NotInMemory)));
    }

    #[tokio::test]
    async fn what_it_started_ends_with_it_and_the_profile_goes() {
        let folder = TempDir::new_in("/dev/shm").unwrap();
        let program = folder.path().join("browser");
        // One leaves the group for a session of its own, as what looks after crashes does. It waits without a child, which
        // would outlive this test.
        let script = "#!/bin/sh\nmkfifo \"$HOME/never\"\n\
            sleep 600 & setsid sh -c 'read line < \"$0/never\"' \"$HOME\" & wait\n";
        std::fs::write(&program, script).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&program, mode).unwrap();
        let settings = settings(program.to_str().unwrap(), folder.path().to_str().unwrap());
        let mut browser = Browser::start(&settings, &entrance()).unwrap();
        let group = browser.group.unwrap();
        assert!(test_kill_process_group(group).is_ok());
        let profile = browser.profile.as_ref().unwrap().folder.path().to_owned();
        while users(&profile).count() < 2 {
            sleep(Duration::from_millis(5)).await;
        }
        // One that stands still hears no other signal.
        kill_process_group(group, Signal::STOP).unwrap();
        browser.end().await;
        assert!(test_kill_process_group(group).is_err());
        assert_eq!(users(&profile).count(), 0);
        assert!(!profile.exists());
    }

    #[tokio::test]
    async fn what_a_kiosk_that_was_killed_left_goes_with_the_next_and_nothing_of_a_living_one() {
        let memory = TempDir::new_in("/dev/shm").unwrap();
        let [left, others] = [(), ()].map(|()| Profile::new(memory.path()).unwrap());
        let kept = others.folder.path().to_owned();
        let path = left.folder.keep();
        drop(left._lock);
        std::fs::write(path.join("History"), "x").unwrap();
        // It was started on what is left.
        let mut script = std::process::Command::new("sh");
        script.args(["-c", "read line", &data_folder(&path)]);
        script.stdin(Stdio::piped());
        // No orphan of another test's.
        script.process_group(0);
        let mut survivor = script.spawn().unwrap();
        while users(&path).count() == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        sweep(memory.path());
        assert!(!path.exists() && kept.exists());
        assert!(!survivor.wait().unwrap().success());
    }
}
