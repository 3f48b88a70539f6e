//! The process's own memory: not dumped, not looked into, not swapped out.

use std::io::Write;

use rustix::{
    mm::{MlockAllFlags, mlockall},
    process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit},
};

use serde::Serialize;

use crate::{SandboxError, panics};

/// Whether memory is kept off the swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Memory {
    /// It is, whatever is allocated later too.
    Locked,
    /// The system does not give it: RLIMIT_MEMLOCK is not unlimited, and there is no CAP_IPC_LOCK. A limit is of no use, for a
    /// process that reaches it gets no memory at all.
    NotLocked,
}

impl Memory {
    /// Says on standard error where it is not, in a line of JSON. For commands that end by themselves: what serves says it in `confined`.
    pub fn tell(self) {
        if self == Self::NotLocked {
            // There is nowhere to report that standard error is gone.
            let _ = writeln!(std::io::stderr(), r#"{{"event":"memory-not-locked"}}"#);
        }
    }
}

/// Turns core dumps off, shuts debuggers of the same user out, and locks memory where the system lets it. A panic says where it was, and no more.
///
/// # Errors
/// [`SandboxError::Dumps`]
pub fn harden() -> Result<Memory, SandboxError> {
    panics::keep_quiet();
    // Less than any core has; and 1, unlike 0, holds for a program that cores are piped to as well (core(5)): of whatever this process
    // starts, too. What is allowed already is not raised.
    let most = getrlimit(Resource::Core)
        .maximum
        .map_or(1, |most| most.min(1));
    let none = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    setrlimit(Resource::Core, none).map_err(|_| SandboxError::Dumps)?;
    // And whoever is of the same user does not look into it either.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|_| SandboxError::Dumps)?;
    Ok(lock())
}

fn lock() -> Memory {
    let limit = getrlimit(Resource::Memlock);
    // Root's is none at all, whatever it says; whether this is such a root the call itself tells, for more than the usual
    // limit is mapped already.
    let few = limit.current.is_some_and(|bytes| bytes > 16 << 20);
    if few {
        return Memory::NotLocked;
    }
    // Pages are locked as they come: the stacks of threads, never used up, take nothing.
    let all = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    match mlockall(all) {
        Ok(()) => Memory::Locked,
        Err(_) => Memory::NotLocked,
    }
}
