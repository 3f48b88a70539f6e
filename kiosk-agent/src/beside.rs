//! Processes beside a confined core: what it needs done and the kernel lets it do no more. Each does one thing, and is this same program,
//! called for that alone.
//!
//! | process | what it does for the core | what the core can have it do |
//! |---|---|---|
//! | [`launcher`] | starts and ends the browser, as it was configured | that, with a page of this machine at another port, and another secret for it |
//! | [`names`] | looks one name up, which it was started with | that, once more |
//! | [`marker`] | sets the mark of a kiosk out of service, in the folder it was started with | that, with one of nine words in it |
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

use crate::program::Signals;

/// Is such a process, where this program was called as one. To be asked first of all.
#[must_use]
pub fn be() -> Option<ExitCode> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let served = match &arguments[..] {
        [only] if only == launcher::ARGUMENT => launcher::serve(),
        [first, name] if first == names::ARGUMENT => names::serve(&name.to_string_lossy()),
        [first, folder] if first == marker::ARGUMENT => marker::serve(folder.as_ref()),
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
    // The program that runs, even if another has taken its place on the disk meanwhile.
    let mut command = Command::new("/proc/self/exe");
    command.arg0(name).args(arguments);
    command
        .stdin(Stdio::from(OwnedFd::from(other)))
        .stdout(Stdio::null())
        // What a terminal's keys end is the core.
        .process_group(0);
    // It is known to have ended when its socket is at its end.
    drop(command.spawn()?);
    Ok(own)
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
