//! A Unix socket that its owner alone can use, and what is behind it: each client on a thread of its own.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io, thread};

/// The socket. Goes away when it is dropped.
#[derive(Debug)]
pub(crate) struct OwnSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl OwnSocket {
    /// Makes it, where nothing is.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn make(path: &Path) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        Ok(Self {
            listener,
            path: path.to_owned(),
        })
    }

    /// The same, in place of what one that crashed has left there.
    ///
    /// # Errors
    /// If somebody answers there already, or it cannot be made.
    pub(crate) fn replace(path: &Path) -> io::Result<Self> {
        if UnixStream::connect(path).is_ok() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        Self::make(path)
    }

    /// Answers clients in the background, on a thread of this name and one for each of them.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(crate) fn serve(
        &self,
        name: &str,
        answer: impl Fn(UnixStream) + Send + Sync + 'static,
    ) -> io::Result<()> {
        let (listener, answer) = (self.listener.try_clone()?, Arc::new(answer));
        thread::Builder::new().name(name.into()).spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let answer = Arc::clone(&answer);
                thread::spawn(move || answer(stream));
            }
        })?;
        Ok(())
    }
}

impl Drop for OwnSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
