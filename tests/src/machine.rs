//! A machine to install packages on: the system of this one under a layer in memory, and, when it is started, a systemd of its own
//! (`systemd-nspawn`). It shares this one's network.
//!
//! Of what this machine starts with nothing is started there: what is enabled when it starts was enabled there. It has the virtual reader.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use hw_sim::vpcd;
use rustix::process::geteuid;
use tempfile::TempDir;

use crate::pcscd;
use crate::process::Program;
use crate::world::run;

/// It makes devices of its own, and leaves its notes nowhere.
const NSPAWN: &str = r#"mkdir -p /run/systemd && mount -t tmpfs tmpfs /run/systemd && umount "$1" && shift && exec systemd-nspawn "$@""#;

/// The machine. Dropping it ends what runs there, and it is gone.
pub struct Machine {
    running: Option<Program>,
    folder: TempDir,
}

impl Machine {
    /// Sets it up, switched off.
    ///
    /// # Errors
    /// If this process may not: it has to be root, of more than itself.
    pub fn new() -> io::Result<Self> {
        if !(geteuid().is_root() && has_other_users()?) {
            return Err(io::Error::other(
                "a machine to install on takes root: run this as root, or with sudo",
            ));
        }
        let machine = Self {
            running: None,
            folder: TempDir::new()?,
        };
        let memory = machine.folder.path();
        run(Command::new("mount")
            .args(["-t", "tmpfs", "tmpfs"])
            .arg(memory))?;
        for part in ["layer", "work", "root"] {
            fs::create_dir(memory.join(part))?;
        }
        let layers = format!(
            "lowerdir=/,upperdir={0}/layer,workdir={0}/work",
            memory.display()
        );
        let root = memory.join("root");
        run(Command::new("mount")
            .args(["-t", "overlay", "overlay", "-o", &layers])
            .arg(root))?;
        let mut devices = Command::new("mount");
        devices.args(["--bind", "/dev"]).arg(machine.path("dev"));
        run(&mut devices)?;
        machine.start_nothing()?;
        machine.attach_reader()?;
        Ok(machine)
    }

    fn attach_reader(&self) -> io::Result<()> {
        let driver = "usr/lib/pcsc/drivers/serial/libifdvpcd.so";
        let there = self.path(driver);
        let readers = self.path("etc/reader.conf.d");
        for folder in there.parent().into_iter().chain([&*readers]) {
            fs::create_dir_all(folder)?;
        }
        fs::copy(pcscd::driver()?, there)?;
        let driver = Path::new("/").join(driver);
        fs::write(readers.join("vpcd"), pcscd::reader(&driver, vpcd::PORT))
    }

    fn start_nothing(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.path("etc/systemd/system"))? {
            let path = entry?.path();
            let name = path.extension().unwrap_or_default();
            if path.is_dir() && (name == "wants" || name == "requires") {
                fs::remove_dir_all(path)?;
            }
        }
        for level in ["2", "3", "4", "5", "S"] {
            let folder = self.path(&format!("etc/rc{level}.d"));
            if folder.is_dir() {
                fs::remove_dir_all(folder)?;
            }
        }
        // It is nobody until it has started.
        fs::write(self.path("etc/machine-id"), "")?;
        symlink(
            "/lib/systemd/system/multi-user.target",
            self.path("etc/systemd/system/default.target"),
        )
        .or_else(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                Ok(())
            } else {
                Err(error)
            }
        })
    }

    /// A path on it.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join("root").join(relative)
    }

    /// What was written or removed on it, relative to its root: all but folders.
    ///
    /// # Errors
    /// If that cannot be read.
    pub fn changed(&self) -> io::Result<Vec<PathBuf>> {
        let layer = self.folder.path().join("layer");
        let mut found = Vec::new();
        collect(&layer, &layer, &mut found)?;
        Ok(found)
    }

    /// `dpkg` on it, while it is switched off.
    ///
    /// # Errors
    /// If that fails.
    pub fn dpkg(&self, arguments: &[&str]) -> io::Result<()> {
        let mut dpkg = Command::new("dpkg");
        dpkg.arg("--root").arg(self.path("")).args(arguments);
        run(&mut dpkg).map(drop)
    }

    /// A command on it, while it is switched off.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("chroot");
        command.arg(self.path("")).arg(program);
        command
    }

    /// Switches it on.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn boot(&mut self) -> io::Result<()> {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--", "sh", "-c", NSPAWN, "sh"]);
        command.arg(self.path("dev"));
        command.args(["--quiet", "--boot", "--register=no", "--keep-unit"]);
        // As a machine lets programs do, and a container does not by itself.
        command.arg(
            "--system-call-filter=landlock_create_ruleset landlock_add_rule landlock_restrict_self",
        );
        command.args(["--machine=kiosk", "--directory"]);
        command
            .arg(self.path(""))
            .stdin(std::process::Stdio::null());
        self.running = Some(Program::start("systemd-nspawn", command)?);
        Ok(())
    }

    /// A command on it, while it is switched on.
    ///
    /// # Errors
    /// If it is not, or not yet.
    pub fn inside(&self, program: &str) -> io::Result<Command> {
        let outer = self
            .running
            .as_ref()
            .ok_or(io::ErrorKind::NotConnected)?
            .id();
        let children = fs::read_to_string(format!("/proc/{outer}/task/{outer}/children"))?;
        let first = children.split_whitespace().next();
        let first = first.ok_or(io::ErrorKind::NotConnected)?;
        let mut command = Command::new("nsenter");
        // Where this machine has its temporary files, say, is not theirs.
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.args([
            "--target", first, "--mount", "--pid", "--ipc", "--uts", "--", program,
        ]);
        Ok(command)
    }

    /// A property of a unit there.
    ///
    /// # Errors
    /// If its systemd does not answer.
    pub fn property(&self, unit: &str, property: &str) -> io::Result<String> {
        let mut systemctl = self.inside("systemctl")?;
        let said = run(systemctl.args(["show", "--value", "--property", property, unit]))?;
        Ok(String::from_utf8_lossy(&said).trim().to_owned())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.running.take());
        for place in [self.path(""), self.folder.path().to_owned()] {
            drop(run(Command::new("umount").arg("--lazy").arg(place)));
        }
    }
}

/// Root of a namespace with itself alone cannot give a file to anybody.
fn has_other_users() -> io::Result<bool> {
    let map = fs::read_to_string("/proc/self/uid_map")?;
    let count = map
        .split_whitespace()
        .nth(2)
        .and_then(|count| count.parse::<u32>().ok());
    Ok(count.is_some_and(|count| count > 1000))
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(root, &path, found)?;
        } else if let Ok(relative) = path.strip_prefix(root) {
            found.push(relative.to_owned());
        }
    }
    Ok(())
}
