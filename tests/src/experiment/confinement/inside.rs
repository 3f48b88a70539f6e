//! What a process is to try from inside, with all that has to be there for it to succeed.

use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddress, UnixListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::Report;
use super::super::attempt::{self, Attempt};
use crate::process::{Program, poll};

/// How long a process may take for all that it tries.
const TRIED_WITHIN: Duration = Duration::from_secs(60);

/// What one process is to try.
pub(super) struct Stage {
    outside: PathBuf,
    list: PathBuf,
    /// Made where there is no protection, in a folder of everybody's.
    in_memory: PathBuf,
    forbidden: Vec<Attempt>,
    allowed: Vec<Attempt>,
    _listeners: [UnixListener; 2],
}

impl Stage {
    /// With what is forbidden to everybody: in a folder that is nobody's, to another process, and to an address that is no server of this one's.
    pub(super) fn outside(folder: &Path, other: &Program, address: SocketAddr) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let file = |name: &str| -> io::Result<PathBuf> {
            let path = folder.join(name);
            fs::write(&path, "there before")?;
            Ok(path)
        };
        let by_path = UnixListener::bind(folder.join("socket"))?;
        let name = folder.display().to_string();
        let by_name = UnixListener::bind_addr(&UnixAddress::from_abstract_name(&name)?)?;
        let process = i32::try_from(other.id()).map_err(io::Error::other)?;
        let in_memory = Path::new("/dev/shm").join(name.replace('/', "-"));
        let mut forbidden = vec![
            Attempt::Make(folder.join("made")),
            Attempt::Make(in_memory.clone()),
            Attempt::MakeNameless(folder.to_owned()),
            Attempt::MakeInMemory,
            Attempt::MakeFolder(folder.join("folder")),
            Attempt::MakeLink(folder.join("carried-away")),
            Attempt::MakeName(file("named")?, folder.join("name")),
            Attempt::MakePipe(folder.join("pipe")),
            Attempt::MakeSocket(folder.join("own-socket")),
            Attempt::Append(file("appended")?),
            Attempt::Overwrite(file("overwritten")?),
            Attempt::Empty(file("emptied")?),
            Attempt::Rename(file("renamed")?, folder.join("anew")),
            Attempt::Remove(file("removed")?),
            Attempt::Mode(file("opened")?),
            Attempt::Time(file("dated")?),
            Attempt::Attribute(file("attributed")?),
            Attempt::Read(file("read")?),
            Attempt::Read("/etc/passwd".into()),
            Attempt::Read("/proc/self/environ".into()),
            Attempt::Read(format!("/proc/{process}/maps").into()),
            Attempt::List("/".into()),
            Attempt::Connect(address),
            Attempt::ConnectSending(address),
            Attempt::Listen,
            Attempt::Send(address),
            Attempt::ConnectAbstract(name),
            Attempt::Raw,
            Attempt::Netlink,
            Attempt::Signal(process),
            Attempt::Hold(process),
            Attempt::Dump,
            Attempt::RaiseCores,
            Attempt::MakeRunnable,
            Attempt::Fork(rustix::process::geteuid().as_raw()),
            Attempt::Control,
            Attempt::AskTerminal,
            Attempt::Start("/bin/true".into()),
        ];
        if attempt::has_multipath() {
            forbidden.push(Attempt::ConnectOtherwise(address));
        }
        Ok(Self {
            outside: folder.to_owned(),
            list: PathBuf::new(),
            in_memory,
            forbidden,
            allowed: Vec::new(),
            _listeners: [by_path, by_name],
        })
    }

    /// A socket that somebody listens on.
    pub(super) fn socket(&self) -> PathBuf {
        self.outside.join("socket")
    }

    /// Forbidden to this process besides.
    pub(super) fn forbid(&mut self, attempts: impl IntoIterator<Item = Attempt>) {
        self.forbidden.extend(attempts);
    }

    /// What it needs.
    pub(super) fn allow(&mut self, attempts: impl IntoIterator<Item = Attempt>) {
        self.allowed.extend(attempts);
    }

    /// Puts the list there, in a folder that the process reads: it begins.
    pub(super) fn set(&mut self, folder: PathBuf) -> io::Result<()> {
        // The last, for where it succeeds there is nobody to go on.
        self.forbid([Attempt::Become("/bin/echo".into())]);
        self.list = folder.join("attempts.json");
        let all: Vec<&Attempt> = self.allowed.iter().chain(&self.forbidden).collect();
        let draft = self.list.with_extension("draft");
        fs::write(&draft, serde_json::to_vec(&all)?)?;
        fs::rename(&draft, &self.list)
    }

    /// Confined: nothing of what is forbidden succeeds, and everything of what is needed.
    pub(super) fn refuses(
        &self,
        program: &Program,
        name: &str,
        report: &mut Report,
    ) -> io::Result<()> {
        let (needed, tried) = self.tried(program)?;
        let others: Vec<_> = self
            .forbidden
            .iter()
            .zip(&tried)
            .filter(|(attempt, tried)| !tried.is_refused(attempt))
            .map(|(_, tried)| tried.to_string())
            .collect();
        report.figure(
            format!("{name}: attempts from inside that the kernel refuses"),
            tried.len() - others.len(),
            tried.len(),
        );
        if !others.is_empty() {
            report.told("  not refused", others.join(", "));
        }
        report.figure(
            format!("{name}: of what it needs, what it still can"),
            needed.iter().filter(|it| it.is_done()).count(),
            needed.len(),
        );
        Ok(())
    }

    /// The control: not confined, each attempt succeeds.
    pub(super) fn lets(
        &self,
        program: &Program,
        name: &str,
        report: &mut Report,
    ) -> io::Result<()> {
        let (_, tried) = self.tried(program)?;
        report.control(
            format!("{name} without protection: the same attempts that succeed"),
            tried.iter().filter(|it| it.is_done()).count(),
            tried.len(),
        );
        let failed = tried.iter().filter(|it| !it.is_done());
        let failed: Vec<_> = failed.map(Outcome::to_string).collect();
        if !failed.is_empty() {
            report.told("  failed without protection", failed.join(", "));
        }
        Ok(())
    }

    /// What came of each, in the list's order: of what is needed, and of what is forbidden.
    fn tried(&self, program: &Program) -> io::Result<(Vec<Outcome>, Vec<Outcome>)> {
        let count = self.forbidden.len() + self.allowed.len();
        let lines = poll(TRIED_WITHIN, || {
            let lines = program.output.all();
            let tried: Vec<_> = lines
                .iter()
                .filter_map(|line| Outcome::read(line))
                .collect();
            (tried.len() == count).then_some(tried)
        });
        fs::remove_file(&self.list)?;
        let _ = fs::remove_file(&self.in_memory);
        let mut needed = lines.ok_or_else(|| {
            let lines = program.output.all();
            io::Error::other(format!("not all was tried: {}", lines.join(" / ")))
        })?;
        let forbidden = needed.split_off(self.allowed.len());
        Ok((needed, forbidden))
    }
}

/// What came of an attempt.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// The attempt's.
    name: String,
    /// By which number of error it failed, if it did.
    error: Option<i32>,
}

impl Outcome {
    /// `attempt NAME done` or `attempt NAME failed NUMBER`.
    fn read(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("attempt ")?.split(' ');
        let name = words.next()?.to_owned();
        let error = match words.next()? {
            "done" => None,
            "failed" => Some(words.next()?.parse().ok()?),
            _ => return None,
        };
        Some(Self { name, error })
    }

    const fn is_done(&self) -> bool {
        self.error.is_none()
    }

    /// Whether the kernel refused it: it neither succeeded nor failed by itself.
    fn is_refused(&self, attempt: &Attempt) -> bool {
        self.error.is_some_and(|error| attempt.is_refused_by(error))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error {
            None => f.write_str(&self.name),
            Some(error) => write!(f, "{} ({error})", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn done_refused_and_failed_are_told_apart() {
        let attempt = Attempt::Make("made".into());
        for (line, is_done, is_refused) in [
            ("attempt make done", true, false),
            ("attempt make failed 1", false, true),
            ("attempt make failed 13", false, true),
            ("attempt make failed 2", false, false),
        ] {
            let outcome = Outcome::read(line).unwrap();
            assert_eq!(outcome.is_done(), is_done, "{line}");
            assert_eq!(outcome.is_refused(&attempt), is_refused, "{line}");
        }
        for other in ["attempt begin", "attempt make failed", "ready"] {
            assert_eq!(Outcome::read(other), None, "{other}");
        }
        let failed = Outcome::read(&attempt::line(&attempt, &Err(io::Error::other("so"))));
        assert!(!failed.unwrap().is_refused(&attempt));
    }
}
