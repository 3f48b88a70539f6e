//! File descriptors: as many as all limits together can take, or no start. Without that, connections to one listener would
//! leave the others none.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// For standard streams, the runtime, listeners, and files read now and then.
const SPARE: usize = 64;

/// The operating system does not give this process as many file descriptors as its limits can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the limits take {needed} file descriptors, and the system gives {given} (RLIMIT_NOFILE, hard)"
)]
pub struct TooFew {
    /// What connections and files can take at the same time.
    pub needed: u64,
    /// What the system gives at most.
    pub given: u64,
}

/// Raises this process's soft limit to what is needed, if it is lower.
///
/// # Errors
/// [`TooFew`]: the hard limit is lower too.
pub fn provide(connections_and_files: usize) -> Result<(), TooFew> {
    let needed = u64::try_from(connections_and_files.saturating_add(SPARE)).unwrap_or(u64::MAX);
    // Nothing is the operating system's "unlimited".
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(current) = current.filter(|current| *current < needed) else {
        return Ok(());
    };
    let given = maximum.unwrap_or(u64::MAX);
    let raised = Rlimit {
        current: Some(needed),
        maximum,
    };
    if given < needed {
        return Err(TooFew { needed, given });
    }
    setrlimit(Resource::Nofile, raised).map_err(|_| TooFew {
        needed,
        given: current,
    })
}
