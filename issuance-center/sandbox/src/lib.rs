//! What a program takes from itself, so that whoever gets into it cannot carry anything away (G4).
//!
//! ```text
//! harden   first of all: no core dumps, nobody may look into the process, memory stays off the swap, a panic tells nothing of what was at hand
//! confine  everything that is read once was read, and there is one thread: from here on files and ports are those of `Needs`
//! seal     a server has its addresses and lets nobody in yet, others have what else they need: from here on system calls are those of `Calls`,
//!          for all threads
//! ```
//! `confine` is Landlock, which the kernel applies to a thread and to those it starts; `seal` is seccomp. Neither can be taken back.
//! Descriptors that are open already stay usable: the listeners, standard error, a font.

mod calls;
mod files;
mod memory;
mod panics;
mod ways_out;

use std::{fmt, path::PathBuf, thread};

use serde::{Deserialize, Serialize};

pub use calls::{Calls, seal};
pub use files::{Confined, confine, is_whole};
pub use memory::{Memory, harden};
pub use panics::of_request as panics_of_request;
pub use ways_out::{close_ways_out, start_nothing};

/// What a process goes on needing. Everything else is refused by the kernel.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Folders beneath which files may be read, since what is read again is replaced by another file; or, of who reads once, files.
    pub read: Vec<PathBuf>,
    /// Programs and folders beneath which files may be read and run.
    pub run: Vec<PathBuf>,
    /// Folders in which files may be written over, and none made or removed.
    pub overwrite: Vec<PathBuf>,
    /// Folders in which files may be made and emptied and written, and none read or removed.
    pub make: Vec<PathBuf>,
    /// Folders in which files may be made, written and removed.
    pub write: Vec<PathBuf>,
    /// Ports it may listen on; 0 is whichever the kernel chooses.
    pub listen: Vec<u16>,
    /// Ports it may connect to.
    pub connect: Vec<u16>,
}

impl Needs {
    /// The folders of these files, each once: where their successors will lie too.
    pub fn folders<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = files
            .into_iter()
            .filter_map(|file| file.parent())
            .map(|folder| match folder.as_os_str().is_empty() {
                true => PathBuf::from("."),
                false => folder.to_owned(),
            })
            .collect();
        folders.sort();
        folders.dedup();
        folders
    }

    /// Which of these files it could still read.
    pub fn within_reach<'a>(&self, files: impl IntoIterator<Item = &'a PathBuf>) -> usize {
        let real = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
        let readable = [&self.read, &self.run, &self.overwrite, &self.write];
        let open: Vec<PathBuf> = readable.into_iter().flatten().map(real).collect();
        let reached = |file: &&PathBuf| open.iter().any(|folder| real(file).starts_with(folder));
        files.into_iter().filter(reached).count()
    }
}

/// How much of Landlock is demanded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Landlock {
    /// Files and TCP ports (ABI 4, Linux 6.7), or no start.
    #[default]
    Demanded,
    /// As much as the kernel has, which may be nothing.
    WhatThereIs,
}

impl Landlock {
    /// Both.
    const ALL: [Self; 2] = [Self::Demanded, Self::WhatThereIs];

    /// As a configuration says it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Demanded => "demanded",
            Self::WhatThereIs => "what-there-is",
        }
    }

    /// The one that is called so.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

/// How far this process is confined: told at every start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Extent {
    /// Files and ports.
    pub landlock: Confined,
    /// Memory and the swap.
    pub memory: Memory,
    /// Keys that were read once and could be read again, since they lie beneath a folder of files that are.
    pub keys_within_reach: usize,
}

/// What an experiment makes different from the program. It is given in code: no program of ours takes it from its arguments, its
/// environment or its configuration.
pub struct Trial {
    /// Off: the control, in which everything succeeds that is refused otherwise.
    pub confined: bool,
    /// Called once the process is sealed, on a thread of its own.
    pub inside: Option<Inside>,
}

/// What is tried from inside.
pub type Inside = Box<dyn FnOnce() + Send>;

impl Default for Trial {
    fn default() -> Self {
        Self {
            confined: true,
            inside: None,
        }
    }
}

impl fmt::Debug for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trial")
            .field("confined", &self.confined)
            .finish_non_exhaustive()
    }
}

impl Trial {
    /// First of all, before anything secret is read.
    ///
    /// # Errors
    /// [`SandboxError`]
    pub fn harden(&self) -> Result<Memory, SandboxError> {
        match self.confined {
            true => harden(),
            false => Ok(Memory::NotLocked),
        }
    }

    /// See [`confine`]; `keys` are what was read for the last time.
    ///
    /// # Errors
    /// [`SandboxError`]
    pub fn confine<'a>(
        &self,
        needs: &Needs,
        landlock: Landlock,
        memory: Memory,
        keys: impl IntoIterator<Item = &'a PathBuf>,
    ) -> Result<Extent, SandboxError> {
        let keys_within_reach = needs.within_reach(keys);
        let landlock = match self.confined {
            true => confine(needs, landlock)?,
            false => Confined::InPart,
        };
        Ok(Extent {
            landlock,
            memory,
            keys_within_reach,
        })
    }

    /// See [`seal`]. What is to be tried from inside begins after it.
    ///
    /// # Errors
    /// [`SandboxError`]
    pub fn seal(self, calls: Calls) -> Result<(), SandboxError> {
        if self.confined {
            seal(calls)?;
        }
        if let Some(inside) = self.inside {
            thread::spawn(inside);
        }
        Ok(())
    }
}

/// Why a process is not confined. It must not serve then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SandboxError {
    /// The kernel lacks what is demanded.
    #[error(
        "the kernel cannot confine files and ports (Landlock ABI 4, Linux 6.7), and sandbox.landlock demands it"
    )]
    Landlock,
    /// A folder that it needs is not there.
    #[error("{}: not there to be confined to", .0.display())]
    Folder(PathBuf),
    /// The kernel takes no filter of system calls.
    #[error("the kernel takes no filter of system calls (seccomp)")]
    Seccomp,
    /// Core dumps cannot be turned off.
    #[error("core dumps cannot be turned off")]
    Dumps,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_those_of_the_files_each_once() {
        let files = ["tls/a.pem", "tls/b.pem", "list.txt"].map(PathBuf::from);
        let folders = Needs::folders(&files);
        assert_eq!(folders, [PathBuf::from("."), PathBuf::from("tls")]);
    }

    #[test]
    fn a_key_beside_what_is_read_again_is_within_reach() {
        let needs = Needs {
            read: vec!["/etc/center/tls".into()],
            write: vec!["/var/lib/center".into()],
            make: vec!["/var/lib/marks".into()],
            ..Needs::default()
        };
        let keys = [
            "/etc/center/tls/own.key",
            "/var/lib/center/own.key",
            "/var/lib/marks/own.key",
            "/etc/center/signing/current.pem",
        ];
        assert_eq!(needs.within_reach(&keys.map(PathBuf::from)), 2);
    }
}
