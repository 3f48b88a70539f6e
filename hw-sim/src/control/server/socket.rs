//! The socket's file, and a request's line on it.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use zeroize::Zeroizing;

use super::super::LONGEST;
use super::ServerError;

/// Takes away what an emulator that crashed has left: a socket that nobody answers on, and nothing else.
pub(super) fn make_room(socket: &Path) -> Result<(), ServerError> {
    let there = match fs::symlink_metadata(socket) {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if !there.file_type().is_socket() {
        return Err(ServerError::NoSocket);
    }
    match UnixStream::connect(socket) {
        Ok(_) => Err(ServerError::Taken),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Ok(fs::remove_file(socket)?)
        }
        // Another's, or one of another kind.
        Err(error) => Err(error.into()),
    }
}

/// The line of a request, or as much of one as tells that it is too long. It may hold a PIN. The rest is read all the same: who
/// is still sending hears no answer.
pub(super) fn request_line(mut stream: &UnixStream) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut chunk = Zeroizing::new([0; 512]);
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST + chunk.len()));
    loop {
        let length = stream.read(&mut chunk[..])?;
        let end = chunk[..length].iter().position(|byte| *byte == b'\n');
        if line.len() <= LONGEST {
            line.extend_from_slice(&chunk[..end.unwrap_or(length)]);
        }
        if length == 0 || end.is_some() {
            return Ok(line);
        }
    }
}
