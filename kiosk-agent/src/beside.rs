//! Processes beside a confined core: what it needs done and the kernel lets it do no more. Each does one thing, and is this same program,
//! called for that alone.
//!
//! | process | what it does for the core | what the core can have it do |
//! |---|---|---|
//! | [`launcher`] | starts and ends the browser, as it was configured | that, with a page of this machine at another port, and another secret for it |
//! | [`names`] | looks one name up, which it was started with | that, once more |
//! | [`marker`] | sets the mark of a kiosk out of service, in the folder it was started with | that, with one of nine words in it |
//!
//! Names and marker confine themselves as the core does (`sandbox`): each to what its one thing takes. The launcher cannot, for its browser
//! makes files, namespaces and a sandbox of its own; it knows the page's secret, and of residents nothing.
//!
//! They are started before the core confines itself and end with it: their end of a socket, which is their standard input, says so. Signals
//! that end a program are for the core alone.

pub mod launcher;
pub mod marker;
pub mod names;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

use sandbox::Landlock;

use crate::program::Signals;

/// Is such a process, where this program was called as one. To be asked first of all.
#[must_use]
pub fn be() -> Option<ExitCode> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let served = match &arguments[..] {
        [only] if only == launcher::ARGUMENT => launcher::serve(),
        [first, subject, landlock] => {
            let name = subject.to_string_lossy();
            let landlock = Landlock::of(landlock.to_str()?)?;
            match first.to_str()? {
                names::ARGUMENT => names::serve(&name, landlock),
                names::ONCE => names::serve_once(&name, landlock),
                marker::ARGUMENT => marker::serve(subject.as_ref(), landlock),
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(match served {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever needs it finds out; nobody else is told.
        Err(_) => ExitCode::FAILURE,
    })
}

/// Starts one, seen as `name` among processes, and gives the other end of its socket.
fn start(name: &str, arguments: &[impl AsRef<OsStr>]) -> io::Result<UnixStream> {
    let (own, other) = UnixStream::pair()?;
    let mut command = command(name, arguments);
    command
        .stdin(Stdio::from(OwnedFd::from(other)))
        .stdout(Stdio::null())
        // What a terminal's keys end is the core.
        .process_group(0);
    // It is known to have ended when its socket is at its end.
    drop(command.spawn()?);
    Ok(own)
}

/// The program that runs, even if another has taken its place on the disk meanwhile.
fn command(name: &str, arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0(name).args(arguments);
    command
}

/// Such a process's own end; and what has signals do nothing.
fn own_end() -> io::Result<UnixStream> {
    let stream = io::stdin().as_fd().try_clone_to_owned()?;
    Ok(stream.into())
}

/// A runtime in which signals that end a program do not, with what keeps it so.
fn deaf() -> io::Result<(tokio::runtime::Runtime, Signals)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let signals = runtime.block_on(async { Signals::listen() })?;
    Ok((runtime, signals))
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::thread;

    use sandbox::Needs;

    use super::*;

    /// Does it in a thread that is confined to these needs, where this kernel confines files and ports: where it does not, the programs do not start
    /// unless they are told to, and there is nothing to see.
    pub(super) fn confined(needs: Needs, does: impl FnOnce() + Send + 'static) {
        if !sandbox::is_whole() {
            return;
        }
        let confined = thread::spawn(move || {
            sandbox::confine(&needs, Landlock::Demanded).unwrap();
            does();
        });
        confined.join().unwrap();
    }

    /// Whether the kernel refused it: what fails otherwise came to nothing by itself.
    pub(super) fn is_refused<T>(tried: io::Result<T>) -> bool {
        tried.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
    }
}
