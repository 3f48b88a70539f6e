//! Whether something lies in the card slot, or in the output tray.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// What a sensor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Something lies there.
    Occupied,
    /// Nothing does.
    Clear,
    /// It cannot tell.
    Failed,
}

/// A sheet: its file, and when it came. One that is written to is the same sheet still.
type Sheet = (OsString, u64, Option<SystemTime>);

/// A sensor, and what lies before it.
#[derive(Debug, Default)]
pub struct Sensor {
    by_hand: bool,
    /// Folder of a printer: its files are paper.
    paper: Option<PathBuf>,
    /// Sheets that were taken.
    taken: BTreeSet<Sheet>,
    stuck: Option<State>,
}

impl Sensor {
    /// Over a tray that sheets come into from a printer, each a file of this folder. What is there now was taken before.
    #[must_use]
    pub fn of_tray(paper: Option<PathBuf>) -> Self {
        let mut sensor = Self {
            paper,
            ..Self::default()
        };
        sensor.take();
        sensor
    }

    /// What it says.
    #[must_use]
    pub fn state(&self) -> State {
        self.stuck.unwrap_or_else(|| self.truth())
    }

    fn truth(&self) -> State {
        let sheets = || self.sheets().difference(&self.taken).next().is_some();
        if self.by_hand || sheets() {
            State::Occupied
        } else {
            State::Clear
        }
    }

    /// Something is put there.
    pub const fn put(&mut self) {
        self.by_hand = true;
    }

    /// Everything is taken away.
    pub fn take(&mut self) {
        self.by_hand = false;
        self.taken = self.sheets();
    }

    /// From now on it says what it says now, whatever happens.
    pub fn get_stuck(&mut self) {
        self.stuck = Some(self.state());
    }

    /// From now on it cannot tell.
    pub const fn fail(&mut self) {
        self.stuck = Some(State::Failed);
    }

    /// It works again.
    pub const fn mend(&mut self) {
        self.stuck = None;
    }

    fn sheets(&self) -> BTreeSet<Sheet> {
        let Some(paper) = &self.paper else {
            return BTreeSet::new();
        };
        let entries = fs::read_dir(paper).into_iter().flatten();
        let sheet = |entry: fs::DirEntry| {
            let file = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((entry.file_name(), file.ino(), file.created().ok()))
        };
        entries.filter_map(|entry| sheet(entry.ok()?)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_lies_there_until_it_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("1-old.pdf"), "old").unwrap();
        fs::create_dir(folder.path().join("spool")).unwrap();
        let mut tray = Sensor::of_tray(Some(folder.path().to_owned()));
        assert_eq!(tray.state(), State::Clear);
        fs::write(folder.path().join("2-new.pdf"), "new").unwrap();
        assert_eq!(tray.state(), State::Occupied);
        tray.take();
        assert_eq!(tray.state(), State::Clear);
        fs::write(folder.path().join("2-new.pdf"), "the same, written on").unwrap();
        assert_eq!(tray.state(), State::Clear);
        fs::remove_file(folder.path().join("2-new.pdf")).unwrap();
        assert_eq!(tray.state(), State::Clear, "a sheet less is no sheet");
    }

    #[test]
    fn a_stuck_sensor_says_what_it_said() {
        let mut slot = Sensor::default();
        slot.put();
        slot.get_stuck();
        slot.take();
        assert_eq!(slot.state(), State::Occupied);
        slot.fail();
        assert_eq!(slot.state(), State::Failed);
        slot.mend();
        assert_eq!(slot.state(), State::Clear);
    }
}
