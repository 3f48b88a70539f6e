//! How the page comes to the resident's browser, with the start's secret: by a file, since others could read a command line.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use issuance_channel::secret_file;
use rustix::process::geteuid;
use tempfile::TempDir;

use crate::web::browser::leading_to;
use crate::web::door::Entrance;

/// A file that leads on to the page. It goes when this is dropped.
#[derive(Debug)]
pub struct Opening {
    path: PathBuf,
    /// Of its own, where nobody said where.
    _folder: Option<TempDir>,
}

/// Why the page is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    /// The file cannot be written, or somebody's is there already.
    #[error("the file that leads to the page cannot be written")]
    File(#[source] io::Error),
    /// The program cannot be started.
    #[error("what opens the page cannot be started")]
    Program(#[source] io::Error),
}

impl Opening {
    /// Writes the file, for its owner alone: there, or into a folder of its own in memory, where there is one for this user.
    ///
    /// # Errors
    /// [`OpeningError::File`]
    pub fn write(path: Option<&Path>, entrance: &Entrance) -> Result<Self, OpeningError> {
        let (path, folder) = match path {
            Some(path) => (path.to_owned(), None),
            None => {
                let memory = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
                let memory = memory.filter(|memory| memory.is_dir());
                let memory = memory.unwrap_or_else(std::env::temp_dir);
                let folder = tempfile::Builder::new()
                    .prefix("shomei-")
                    .tempdir_in(memory);
                let folder = folder.map_err(OpeningError::File)?;
                (folder.path().join("start.html"), Some(folder))
            }
        };
        let page = leading_to(entrance);
        let write = || secret_file::create(&path, 0o600, &[page.as_bytes()]);
        let written = match write() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_left(&path, &page) => {
                std::fs::remove_file(&path).and_then(|()| write())
            }
            written => written,
        };
        written.map_err(OpeningError::File)?;
        Ok(Self {
            path,
            _folder: folder,
        })
    }

    /// Has a program open it, if there is one. It goes on by itself.
    ///
    /// # Errors
    /// [`OpeningError::Program`]
    pub fn show(&self, program: &[String]) -> Result<(), OpeningError> {
        let Some((program, arguments)) = program.split_first() else {
            return Ok(());
        };
        let mut command = Command::new(program);
        command.args(arguments).arg(&self.path);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(OpeningError::Program)?;
        // Somebody has to wait for its end.
        std::thread::spawn(move || child.wait());
        Ok(())
    }
}

/// Whether it is what a start before this one left there that was killed: it leads to the same port, which this one has now, by a secret that
/// opens nothing any more.
fn is_left(path: &Path, page: &str) -> bool {
    let there = std::fs::symlink_metadata(path);
    let own = there.is_ok_and(|it| {
        it.is_file() && it.mode() & 0o777 == 0o600 && it.uid() == geteuid().as_raw()
    });
    // Up to the secret.
    let Some((begins, _)) = page.split_once('#') else {
        return false;
    };
    let left = std::fs::read_to_string(path);
    own && left.is_ok_and(|left| left.split_once('#').is_some_and(|(left, _)| left == begins))
}

impl Drop for Opening {
    fn drop(&mut self) {
        // What is gone already is gone.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// At this port, by a secret of these bytes.
    fn entrance(port: u8, secret: u8) -> Entrance {
        let mut bytes = [secret; Entrance::LENGTH];
        bytes[..2].copy_from_slice(&[0, port]);
        Entrance::of(&bytes)
    }

    /// As SIGKILL leaves it.
    #[test]
    fn what_a_killed_start_left_makes_room_and_nothing_else_does() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("start.html");
        let before = Opening::write(Some(&path), &entrance(1, 0)).unwrap();
        std::mem::forget(before);
        let opening = Opening::write(Some(&path), &entrance(1, 0x11)).unwrap();
        let content = std::fs::read_to_string(&path).unwrap();
        assert!(content.contains("#11") && !content.contains("#00"));
        std::mem::forget(opening);
        // Another app's, which has another port.
        assert!(Opening::write(Some(&path), &entrance(2, 0x22)).is_err());
        // Others may read it: it is somebody's.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Opening::write(Some(&path), &entrance(1, 0x22)).is_err());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "somebody's").unwrap();
        assert!(Opening::write(Some(&path), &entrance(1, 0x22)).is_err());
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/nowhere", &path).unwrap();
        assert!(Opening::write(Some(&path), &entrance(1, 0x22)).is_err());
    }

    #[test]
    fn the_file_is_its_owner_s_alone_leads_to_the_page_and_goes() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("start.html");
        let opening = Opening::write(Some(&path), &entrance(1, 0)).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        let content = std::fs::read_to_string(&path).unwrap();
        assert!(content.contains("url=http://127.0.0.1:1/#00"));
        // Whatever is there already is somebody's.
        assert!(Opening::write(Some(&path), &entrance(2, 0)).is_err());
        assert!(path.exists());
        let copy = folder.path().join("copy");
        opening
            .show(&[
                "sh".into(),
                "-c".into(),
                format!("cp \"$0\" {}", copy.display()),
            ])
            .unwrap();
        while std::fs::read_to_string(&copy).unwrap_or_default() != content {
            std::thread::yield_now();
        }
        drop(opening);
        assert!(!path.exists());
    }
}
