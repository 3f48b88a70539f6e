//! A folder: `certificate.pdf`, the page; `shc.txt`, the QR's text; for abroad `vdsnc.txt`, the other QR's.
//!
//! All are written to files without a name (`O_TMPFILE`) first and linked into the folder when they are complete and on
//! disk: no half of a file ever has a name. The page comes last: where it is, all are. Ended between two links the program
//! leaves a text alone, and takes it away when it next runs; that is as near to "all or none" as several names come. What
//! an earlier application left is replaced.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

use super::{Output, OutputError, Undelivered};
use crate::handover::Certificate;

const PAGE: &str = "certificate.pdf";
const TEXT: &str = "shc.txt";
const SEAL: &str = "vdsnc.txt";

/// A folder that takes one certificate.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Certificates go to this folder; it is made when first needed.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Makes it where it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn make(&self) -> io::Result<()> {
        match self.0.is_dir() {
            // A confined process may make none, and is told so before it is told that there is one.
            true => Ok(()),
            false => std::fs::create_dir_all(&self.0),
        }
    }

    fn open(&self) -> io::Result<OwnedFd> {
        self.make()?;
        // The one way to open files that a confined process has.
        Ok(rustix::fs::openat(
            CWD,
            &self.0,
            OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
        )?)
    }

    fn write(&self, certificate: &Certificate) -> io::Result<()> {
        let folder = self.open()?;
        let page = nameless(&folder, certificate.page())?;
        let text = nameless(&folder, certificate.qr_text().as_bytes())?;
        let seal = certificate.seal_text();
        let seal = seal.map(|seal| nameless(&folder, seal.as_bytes()));
        let seal = seal.transpose()?;
        // All or none, and no page of one application beside the text of another.
        for name in [PAGE, TEXT, SEAL] {
            remove(&folder, name)?;
        }
        let seal = seal.iter().map(|seal| (seal, SEAL));
        for (file, name) in seal.chain([(&text, TEXT), (&page, PAGE)]) {
            if let Err(error) = link(&folder, file, name) {
                remove(&folder, TEXT)?;
                remove(&folder, SEAL)?;
                return Err(error);
            }
        }
        Ok(rustix::fs::fsync(&folder)?)
    }

    /// Takes away files without the others.
    fn remove_half(&self) -> io::Result<()> {
        if !self.0.is_dir() {
            return Ok(());
        }
        let folder = self.open()?;
        let there = |name| rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok();
        if !there(PAGE) || !there(TEXT) {
            for name in [PAGE, TEXT, SEAL] {
                remove(&folder, name)?;
            }
        }
        Ok(())
    }
}

impl Output for Folder {
    async fn settled(&mut self) -> Result<(), OutputError> {
        self.remove_half().map_err(|_| OutputError::Folder)
    }

    async fn ready(&mut self, _copies: u8) -> Result<(), OutputError> {
        self.open()
            .and_then(|folder| nameless(&folder, b"").map(drop))
            .map_err(|_| OutputError::Folder)
    }

    async fn deliver(
        &mut self,
        certificate: &Certificate,
        _: &mut (dyn FnMut(u8) + Send),
    ) -> Result<(), Undelivered> {
        self.write(certificate)
            .map_err(|_| OutputError::Folder.into())
    }

    async fn abandon(&mut self) {}
}

fn nameless(folder: &OwnedFd, content: &[u8]) -> io::Result<File> {
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::openat(
        folder,
        ".",
        flags,
        Mode::RUSR | Mode::WUSR,
    )?);
    file.write_all(content)?;
    file.sync_all()?;
    Ok(file)
}

fn link(folder: &OwnedFd, file: &File, name: &str) -> io::Result<()> {
    // Naming a nameless file by its descriptor needs no privilege this way (open(2), O_TMPFILE).
    let source = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
    Ok(rustix::fs::linkat(
        CWD,
        source,
        folder,
        name,
        AtFlags::SYMLINK_FOLLOW,
    )?)
}

fn remove(folder: &OwnedFd, name: &str) -> io::Result<()> {
    match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::handover::testing::certificate;

    fn names(folder: &std::path::Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn both_files_are_there_whole_and_replace_those_of_before() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("out");
        let mut folder = Folder::new(path.clone());
        folder.ready(1).await.unwrap();
        assert!(names(&path).is_empty(), "asking writes nothing");

        for (jws, page) in [("a.b.c", "%PDF first, longer"), ("d.e.f", "%PDF second")] {
            let certificate = certificate(jws, page.as_bytes());
            folder.deliver(&certificate, &mut |_| ()).await.unwrap();
            assert_eq!(names(&path), [PAGE, TEXT]);
            assert_eq!(fs::read(path.join(PAGE)).unwrap(), page.as_bytes());
            assert_eq!(
                fs::read_to_string(path.join(TEXT)).unwrap(),
                certificate.qr_text().as_str()
            );
        }
    }

    #[tokio::test]
    async fn when_one_of_them_cannot_be_written_neither_is() {
        let folder = tempfile::tempdir().unwrap();
        // A folder of that name cannot be replaced by a file.
        fs::create_dir(folder.path().join(TEXT)).unwrap();
        let mut output = Folder::new(folder.path().to_owned());
        let delivered = output
            .deliver(&certificate("a.b.c", b"%PDF"), &mut |_| ())
            .await;
        assert_eq!(delivered, Err(OutputError::Folder.into()));
        assert_eq!(names(folder.path()), [TEXT]);
    }

    #[tokio::test]
    async fn what_a_killed_program_left_half_done_is_taken_away() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("out");
        let mut folder = Folder::new(path.clone());
        assert_eq!(folder.settled().await, Ok(()));
        assert!(!path.exists(), "looking makes no folder");
        for half in [TEXT, PAGE] {
            let opened = folder.open().unwrap();
            link(&opened, &nameless(&opened, b"half").unwrap(), half).unwrap();
            assert_eq!(folder.settled().await, Ok(()));
            assert!(names(&path).is_empty(), "{half}");
        }
        folder
            .deliver(&certificate("a.b.c", b"%PDF"), &mut |_| ())
            .await
            .unwrap();
        assert_eq!(folder.settled().await, Ok(()));
        assert_eq!(names(&path), [PAGE, TEXT]);
    }

    /// Somebody who waits for the page finds both: the text has been there before it.
    #[tokio::test]
    async fn the_page_comes_last_and_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let mut output = Folder::new(folder.path().to_owned());
        let page = folder.path().join(PAGE);
        // A folder in the page's place cannot be removed as a file: it stops the delivery before the text is touched.
        fs::create_dir(&page).unwrap();
        fs::write(folder.path().join(TEXT), "before").unwrap();
        let delivered = output
            .deliver(&certificate("a.b.c", b"%PDF"), &mut |_| ())
            .await;
        assert_eq!(delivered, Err(OutputError::Folder.into()));
        let text = fs::read_to_string(folder.path().join(TEXT)).unwrap();
        assert_eq!(text, "before");
    }

    #[tokio::test]
    async fn what_is_no_folder_is_not_ready() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut output = Folder::new(file.path().to_owned());
        assert_eq!(output.ready(1).await, Err(OutputError::Folder));
    }
}
