//! How the page comes to the resident's browser, with the start's secret: by a file, since others could read a command line.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use issuance_channel::secret_file;
use tempfile::TempDir;

use crate::web::browser::leading_to;

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
    /// The file cannot be written, or is there already.
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
    pub fn write(path: Option<&Path>, address: &str) -> Result<Self, OpeningError> {
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
        secret_file::create(&path, 0o600, &[leading_to(address).as_bytes()])
            .map_err(OpeningError::File)?;
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

impl Drop for Opening {
    fn drop(&mut self) {
        // What is gone already is gone.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn the_file_is_its_owner_s_alone_leads_to_the_page_and_goes() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("start.html");
        let opening = Opening::write(Some(&path), "http://127.0.0.1:1/#00").unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        let content = std::fs::read_to_string(&path).unwrap();
        assert!(content.contains("url=http://127.0.0.1:1/#00"));
        // Whatever is there already is somebody's.
        assert!(Opening::write(Some(&path), "").is_err());
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
