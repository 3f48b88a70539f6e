//! Out of service: once an answer did not belong to the card it was asked for, this terminal issues nothing any more.
//!
//! At a kiosk that outlives its process, by a [`Mark`] on disk, since whatever starts a kiosk anew is no operator: a service manager after a
//! crash or a hang, a machine after a power cut. In the app it is the process's alone: its resident starts it anew.

use std::fs::{self, File, OpenOptions};
use std::future::{Future, pending};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use issuance_api::ProblemCode;

use crate::beside::marker::Marker;
use crate::event::{self, Event, MarkState};

/// Latches the terminal out of service. Nothing in this process undoes it.
#[derive(Debug, Default)]
pub struct Latch {
    out: Arc<AtomicBool>,
    marker: Option<Marker>,
}

impl Latch {
    /// In service; what is set ends with the process.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// In or out of service, as the mark was found; what is set stays until an operator takes the mark away.
    #[must_use]
    pub fn kept(is_out: bool, marker: Marker) -> Self {
        Self {
            out: Arc::new(AtomicBool::new(is_out)),
            marker: Some(marker),
        }
    }

    /// Out of service from here on. Where there is a mark it is on disk when this returns, or its writer was given up and an event says so:
    /// it blocks for that, once, so that nobody is told anything before, and nothing that is dropped leaves it half done.
    pub fn set(&self) {
        if self.out.swap(true, Ordering::SeqCst) {
            return;
        }
        if let Some(marker) = &self.marker {
            let mark = match marker.set() {
                Ok(()) => MarkState::Written,
                Err(_) => MarkState::NotWritten,
            };
            event::tell(Event::OutOfService { mark });
        }
    }

    /// Whether applications are taken.
    ///
    /// # Errors
    /// `content-mismatch` once it was set.
    pub fn in_service(&self) -> Result<(), ProblemCode> {
        if self.out.load(Ordering::SeqCst) {
            return Err(ProblemCode::ContentMismatch);
        }
        Ok(())
    }

    /// Waits until the mark's writer has ended while the terminal is in service, where there is one: nothing could be kept any more. A
    /// terminal that is out of service does without, for whoever starts it anew might find no mark.
    ///
    /// # Errors
    /// If the writer cannot be watched.
    pub fn marker_lost(&self) -> io::Result<impl Future<Output = ()> + use<>> {
        let lost = self.marker.as_ref().map(Marker::lost).transpose()?;
        let out = Arc::clone(&self.out);
        Ok(async move {
            match lost {
                Some(lost) => lost.await,
                None => pending().await,
            }
            if out.load(Ordering::SeqCst) {
                pending().await
            }
        })
    }
}

/// That a terminal is out of service, on disk: an empty file in a folder that lasts.
#[derive(Clone, Debug)]
pub struct Mark {
    folder: PathBuf,
}

impl Mark {
    /// In this folder.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Whether it is there; and that it could be set.
    ///
    /// # Errors
    /// If that cannot be told, or nothing can be written there.
    pub fn find(&self) -> io::Result<bool> {
        // It never has a name, so nothing is left of it.
        drop(tempfile::tempfile_in(&self.folder)?);
        match fs::symlink_metadata(self.file()) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sets it; a power cut does not take it away again.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn set(&self) -> io::Result<()> {
        let mut file = OpenOptions::new();
        file.write(true).create(true).truncate(false).mode(0o600);
        file.open(self.file())?.sync_all()?;
        self.sync()
    }

    /// Takes it away, where there is one: an operator's decision.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn take_away(&self) -> io::Result<()> {
        match fs::remove_file(self.file()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.sync(),
        }
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    fn file(&self) -> PathBuf {
        self.folder.join("out-of-service")
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::beside::marker::{gone, within};

    #[test]
    fn a_mark_is_there_until_it_is_taken_away() {
        let folder = TempDir::new().unwrap();
        let mark = Mark::new(folder.path().to_owned());
        assert!(!mark.find().unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        // Whoever is sure that there is none may say so.
        mark.take_away().unwrap();
        for _ in 0..2 {
            mark.set().unwrap();
            assert!(mark.find().unwrap());
        }
        assert_eq!(fs::read(mark.file()).unwrap(), b"");
        mark.take_away().unwrap();
        assert!(!mark.find().unwrap());
        // Whatever has its name is one.
        std::os::unix::fs::symlink("nowhere", mark.file()).unwrap();
        assert!(mark.find().unwrap());
    }

    #[test]
    fn a_folder_that_is_not_there_is_no_terminal_in_service() {
        let folder = TempDir::new().unwrap();
        let mark = Mark::new(folder.path().join("nowhere"));
        assert!(mark.find().is_err());
        assert!(mark.set().is_err());
        assert!(mark.take_away().is_err());
    }

    #[test]
    fn what_is_set_is_on_disk() {
        let folder = TempDir::new().unwrap();
        let mark = Mark::new(folder.path().to_owned());
        let latch = Latch::kept(mark.find().unwrap(), within(mark.clone()));
        assert!(latch.in_service().is_ok());
        assert!(!mark.find().unwrap());
        latch.set();
        assert!(mark.find().unwrap());
        let after = Latch::kept(mark.find().unwrap(), within(mark));
        assert_eq!(after.in_service(), Err(ProblemCode::ContentMismatch));
    }

    #[tokio::test]
    async fn without_its_writer_it_holds_as_long_as_the_process() {
        let latch = Latch::kept(false, gone());
        latch.marker_lost().unwrap().await;
        let lost = latch.marker_lost().unwrap();
        latch.set();
        assert_eq!(latch.in_service(), Err(ProblemCode::ContentMismatch));
        // Who is out of service is not started anew for that.
        tokio::select! {
            biased;
            () = lost => panic!("it ends, and the next one is in service"),
            () = std::future::ready(()) => {}
        }
    }
}
