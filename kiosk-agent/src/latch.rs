//! Out of service: once an answer did not belong to the card it was asked for, this terminal issues nothing any more.
//!
//! At a kiosk that outlives its process, by a [`Mark`] on disk, since whatever starts a kiosk anew is no operator: a service manager after a
//! crash or a hang, a machine after a power cut. In the app it is the process's alone: its resident starts it anew.

use std::fs::{self, File, OpenOptions};
use std::future::{Future, pending};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use issuance_api::ProblemCode;

use crate::beside::marker::Marker;
use crate::event::{self, Event, MarkState};
use crate::handover::Mismatch;

/// Of a mark, at most so much is read: more than any word in it has.
const LONGEST: u64 = 64;

/// Latches the terminal out of service. Nothing in this process undoes it.
#[derive(Debug, Default)]
pub struct Latch {
    /// Filled once it is out of service: with what did not belong, where that is known.
    out: Arc<OnceLock<Option<Mismatch>>>,
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
    pub fn kept(found: Option<Found>, marker: Marker) -> Self {
        let out = found.map_or_else(OnceLock::new, |found| found.mismatch.into());
        Self {
            out: Arc::new(out),
            marker: Some(marker),
        }
    }

    /// Out of service from here on, for what did not belong first. Where there is a mark it is on disk when this returns, or its writer was
    /// given up and an event says so: it blocks for that, once, so that nobody is told anything before, and nothing that is dropped leaves it
    /// half done.
    pub fn set(&self, mismatch: Mismatch) {
        if self.out.set(Some(mismatch)).is_err() {
            return;
        }
        if let Some(marker) = &self.marker {
            let mark = match marker.set(mismatch) {
                Ok(()) => MarkState::Written,
                Err(_) => MarkState::NotWritten,
            };
            let mismatch = Some(mismatch);
            event::tell(Event::OutOfService { mark, mismatch });
        }
    }

    /// Whether applications are taken.
    ///
    /// # Errors
    /// `content-mismatch` once it was set.
    pub fn in_service(&self) -> Result<(), ProblemCode> {
        match self.out.get() {
            None => Ok(()),
            Some(_) => Err(ProblemCode::ContentMismatch),
        }
    }

    /// What did not belong, where it is out of service and that is known.
    #[must_use]
    pub fn mismatch(&self) -> Option<Mismatch> {
        self.out.get().copied().flatten()
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
            if out.get().is_some() {
                pending().await
            }
        })
    }
}

/// That a terminal is out of service, on disk: a file in a folder that lasts. In it is a word, what did not belong.
#[derive(Clone, Debug)]
pub struct Mark {
    folder: PathBuf,
}

/// A mark that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// What did not belong; nothing where the mark does not say, or not in a word that is known.
    pub mismatch: Option<Mismatch>,
}

impl Mark {
    /// In this folder.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The mark, if it is there, whatever is in it; and that it could be set.
    ///
    /// # Errors
    /// If that cannot be told, or nothing can be written there.
    pub fn find(&self) -> io::Result<Option<Found>> {
        // It never has a name, so nothing is left of it.
        drop(tempfile::tempfile_in(&self.folder)?);
        match fs::symlink_metadata(self.file()) {
            Ok(about) => Ok(Some(Found {
                mismatch: about.is_file().then(|| self.says()).flatten(),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn says(&self) -> Option<Mismatch> {
        let mut word = String::new();
        let file = File::open(self.file()).ok()?;
        file.take(LONGEST).read_to_string(&mut word).ok()?;
        Mismatch::of(word.trim_end())
    }

    /// Sets it; a power cut does not take it away again.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn set(&self, mismatch: Option<Mismatch>) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(self.file())?;
        if let Some(mismatch) = mismatch {
            // That the file is there is what counts: a full disk has room for that, and none for a word.
            let _ = file.write_all(format!("{mismatch}\n").as_bytes());
        }
        file.sync_all()?;
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

    const NAMELESS: Option<Found> = Some(Found { mismatch: None });

    #[test]
    fn a_mark_is_there_until_it_is_taken_away() {
        let folder = TempDir::new().unwrap();
        let mark = Mark::new(folder.path().to_owned());
        assert_eq!(mark.find().unwrap(), None);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        // Whoever is sure that there is none may say so.
        mark.take_away().unwrap();
        for mismatch in Mismatch::ALL.map(Some) {
            mark.set(mismatch).unwrap();
            assert_eq!(mark.find().unwrap(), Some(Found { mismatch }));
        }
        assert_eq!(fs::read(mark.file()).unwrap(), b"page\n");
        mark.take_away().unwrap();
        assert_eq!(mark.find().unwrap(), None);
    }

    #[test]
    fn whatever_has_its_name_is_a_mark() {
        let folder = TempDir::new().unwrap();
        let mark = Mark::new(folder.path().to_owned());
        // Earlier programs left it empty; half a word is what a power cut may leave.
        let long = "name".repeat(1000);
        for content in ["", "\n", "nam", "name\nseal\n", long.as_str()] {
            fs::write(mark.file(), content).unwrap();
            assert_eq!(mark.find().unwrap(), NAMELESS, "{content}");
        }
        fs::write(mark.file(), [0xff]).unwrap();
        assert_eq!(mark.find().unwrap(), NAMELESS);
        mark.set(None).unwrap();
        assert_eq!(mark.find().unwrap(), NAMELESS);
        mark.take_away().unwrap();
        std::os::unix::fs::symlink("nowhere", mark.file()).unwrap();
        assert_eq!(mark.find().unwrap(), NAMELESS);
        mark.take_away().unwrap();
        fs::create_dir(mark.file()).unwrap();
        assert_eq!(mark.find().unwrap(), NAMELESS);
    }

    #[test]
    fn a_folder_that_is_not_there_is_no_terminal_in_service() {
        let folder = TempDir::new().unwrap();
        let mark = Mark::new(folder.path().join("nowhere"));
        assert!(mark.find().is_err());
        assert!(mark.set(Some(Mismatch::Name)).is_err());
        assert!(mark.take_away().is_err());
    }

    #[test]
    fn what_is_set_is_on_disk() {
        let folder = TempDir::new().unwrap();
        let mark = Mark::new(folder.path().to_owned());
        let latch = Latch::kept(mark.find().unwrap(), within(mark.clone()));
        assert!(latch.in_service().is_ok());
        assert_eq!(mark.find().unwrap(), None);
        latch.set(Mismatch::Doses);
        // What did not belong first counts.
        latch.set(Mismatch::Name);
        let mismatch = Some(Mismatch::Doses);
        assert_eq!(latch.mismatch(), mismatch);
        assert_eq!(mark.find().unwrap(), Some(Found { mismatch }));
        let after = Latch::kept(mark.find().unwrap(), within(mark.clone()));
        assert_eq!(after.in_service(), Err(ProblemCode::ContentMismatch));
        assert_eq!(after.mismatch(), mismatch);
        let untold = Latch::kept(NAMELESS, within(mark));
        assert_eq!(untold.in_service(), Err(ProblemCode::ContentMismatch));
        assert_eq!(untold.mismatch(), None);
    }

    #[tokio::test]
    async fn without_its_writer_it_holds_as_long_as_the_process() {
        let latch = Latch::kept(None, gone());
        latch.marker_lost().unwrap().await;
        let lost = latch.marker_lost().unwrap();
        latch.set(Mismatch::Page);
        assert_eq!(latch.in_service(), Err(ProblemCode::ContentMismatch));
        // Who is out of service is not started anew for that.
        tokio::select! {
            biased;
            () = lost => panic!("it ends, and the next one is in service"),
            () = std::future::ready(()) => {}
        }
    }
}
