//! `card dump`: the card's files, as they stand, into a folder laid out as the emulator's cards are.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use card::card_manager::DataObject;
use card::client::{Client, Reading, Secret, Tries};
use card::era::BirthCode;
use card::file::Ef;
use card::pcsc::PcscTransport;
use card::pin::{Pin, PinOutcome};
use card::session::BIRTH_CODE_TRIES;
use card::text_ap::{AttributesFile, IntegrityFile};
use card::{aid, card_manager, common_ap, jpki_ap, surface_ap, text_ap};

use crate::arguments::DumpArguments;
use crate::desk::Desk;
use crate::entry::Entry;
use crate::failure::Failure;

const TEXT: [Ef; 7] = [
    text_ap::NUMBER,
    text_ap::ATTRIBUTES,
    text_ap::INTEGRITY,
    text_ap::CERTIFICATE,
    text_ap::BASIC_INFO,
    text_ap::MESSAGING_KEY,
    text_ap::CARD_KEY,
];
const SURFACE: [Ef; 2] = [surface_ap::AGE_RECORD, surface_ap::CERTIFICATE];
const JPKI: [Ef; 4] = [
    jpki_ap::TOKEN_INFO,
    jpki_ap::AUTHENTICATION_CERTIFICATE,
    jpki_ap::AUTHENTICATION_CA_CERTIFICATE,
    jpki_ap::SIGNATURE_CA_CERTIFICATE,
];
const MANAGER: [DataObject; 8] = [
    card_manager::ISSUER_KEY,
    card_manager::CARD_ID,
    card_manager::RECOGNITION_DATA,
    card_manager::MUNICIPALITY,
    card_manager::EXPIRY,
    card_manager::INTERMEDIATE_KEY,
    card_manager::UPPER_CERTIFICATE,
    card_manager::LOWER_CERTIFICATE,
];

pub(crate) fn run(arguments: &DumpArguments) -> Result<(), Failure> {
    let entry = Entry::of(&arguments.entry);
    let place = Place::at(&arguments.folder)?;
    let mut card = Desk::open(&arguments.on)?.card()?;
    if !arguments.free {
        present_pin(&mut card, &entry)?;
    }
    // All is read before anything is written: a card that is lifted leaves no file behind.
    let files = read(&mut card)?;
    drop(card);
    let folder = place.make()?;
    for file in &files {
        folder.put(file)?;
    }
    folder.finish()?;
    for file in &files {
        let words = match &file.reading {
            Reading::Content(bytes) => format!("{} bytes", bytes.len()),
            Reading::Locked => "closed".to_owned(),
            Reading::Absent => "not there".to_owned(),
        };
        println!("{}  {words}", file.name());
    }
    eprintln!("These files are somebody's personal data, or tell whose card this is.");
    eprintln!(
        "They answer every read as the card does. Delete them as soon as they are not needed."
    );
    Ok(())
}

/// A file of a card, or that there is none to be had.
struct File {
    ap: &'static str,
    id: u16,
    reading: Reading,
}

impl File {
    /// As in `text/0001`.
    fn name(&self) -> String {
        format!("{}/{:04X}", self.ap, self.id)
    }
}

fn read(card: &mut Client<PcscTransport>) -> Result<Vec<File>, Failure> {
    let mut files = Vec::new();
    let mut add = |ap, id, reading| files.push(File { ap, id, reading });
    let (mut attributes, mut integrity) = (None, None);
    for ef in TEXT {
        let reading = card.read(&aid::TEXT_AP, ef)?;
        match (ef, &reading) {
            (text_ap::ATTRIBUTES, Reading::Content(bytes)) => attributes = Some(bytes.clone()),
            (text_ap::INTEGRITY, Reading::Content(bytes)) => integrity = Some(bytes.clone()),
            _ => {}
        }
        add("text", ef.id(), reading);
    }
    if let (Some(attributes), Some(integrity)) = (attributes, integrity) {
        present_birth_code(card, &attributes, &integrity)?;
    }
    for ef in SURFACE {
        add("surface", ef.id(), card.read(&aid::SURFACE_AP, ef)?);
    }
    let record = card.record(&aid::COMMON_AP, common_ap::CARD_RECORD, common_ap::RECORD)?;
    add("common", common_ap::CARD_RECORD.id(), record);
    for ef in JPKI {
        add("jpki", ef.id(), card.read(&aid::JPKI_AP, ef)?);
    }
    for object in MANAGER {
        add("manager", object.tag(), card.data(object)?);
    }
    Ok(files)
}

fn present_pin(card: &mut Client<PcscTransport>, entry: &Entry) -> Result<(), Failure> {
    if let Tries::Left(left) = card.tries(&aid::TEXT_AP, text_ap::PIN)? {
        if entry.is_interactive() {
            eprintln!("tries left: {left}");
        }
        entry.allows(left)?;
    }
    let digits = entry.ask("PIN (4 digits)")?;
    let pin = Pin::try_from(digits.as_str()).map_err(|_| Failure::Entry("a PIN is four digits"))?;
    drop(digits);
    Failure::unless_verified(card.present(Secret::Pin(pin))?)
}

/// Opens the age record by the birth date read, if it was not misread and spares the holder's half of its tries.
fn present_birth_code(
    card: &mut Client<PcscTransport>,
    attributes: &[u8],
    integrity: &[u8],
) -> Result<(), Failure> {
    let whole = AttributesFile::decode(attributes)
        .ok()
        .filter(|file| IntegrityFile::decode(integrity).is_ok_and(|it| it.covers(file)));
    let code = whole.and_then(|file| BirthCode::of(file.attributes().birth()));
    let tries = card.tries(&aid::SURFACE_AP, surface_ap::BIRTH_CODE)?;
    match (code, tries) {
        (Some(code), Tries::Left(left)) if left >= BIRTH_CODE_TRIES / 2 => {
            if card.present(Secret::BirthCode(code))? != PinOutcome::Verified {
                eprintln!("card: the age record stays closed: another form of the birth date");
            }
        }
        _ => eprintln!("card: the age record stays closed"),
    }
    Ok(())
}

/// Where a folder is to be, which is not there yet.
struct Place<'a> {
    folder: &'a Path,
    /// Beside it, where it is while it is not whole.
    partial: PathBuf,
}

impl<'a> Place<'a> {
    fn at(folder: &'a Path) -> Result<Self, Failure> {
        let kind = |kind: io::ErrorKind| io::Error::from(kind);
        if fs::symlink_metadata(folder).is_ok() {
            let error = kind(io::ErrorKind::AlreadyExists);
            return Err(Failure::File("the folder is there already", error));
        }
        let Some(name) = folder.file_name() else {
            let error = kind(io::ErrorKind::InvalidInput);
            return Err(Failure::File("the folder has no name", error));
        };
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(".part");
        let partial = folder.with_file_name(hidden);
        if fs::symlink_metadata(&partial).is_ok() {
            return Err(Failure::Malformed(format!(
                "{} is what a run that was broken off left of a card: delete it",
                partial.display()
            )));
        }
        // Before a PIN is asked for.
        let beside = partial
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or_else(|| Path::new("."));
        if !beside.is_dir() {
            let error = kind(io::ErrorKind::NotFound);
            return Err(Failure::File("there is no place for the folder", error));
        }
        Ok(Self { folder, partial })
    }

    fn make(self) -> Result<Folder<'a>, Failure> {
        private_folder(&self.partial)
            .map_err(|error| Failure::File("the folder cannot be made", error))?;
        Ok(Folder {
            place: self,
            whole: false,
        })
    }
}

/// A folder for its owner alone. Unless it became whole it goes away again, with all that is in it.
struct Folder<'a> {
    place: Place<'a>,
    whole: bool,
}

impl Folder<'_> {
    /// Writes a file; nothing if it could not be read.
    fn put(&self, file: &File) -> Result<(), Failure> {
        let Reading::Content(bytes) = &file.reading else {
            return Ok(());
        };
        let of_ap = self.place.partial.join(file.ap);
        if !of_ap.is_dir() {
            private_folder(&of_ap)
                .map_err(|error| Failure::File("the folder cannot be made", error))?;
        }
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.place.partial.join(format!("{}.bin", file.name())))
            .and_then(|mut file| file.write_all(bytes))
            .map_err(|error| Failure::File("a file cannot be written", error))
    }

    /// It is whole: puts it where it was asked for.
    fn finish(mut self) -> Result<(), Failure> {
        fs::rename(&self.place.partial, self.place.folder)
            .map_err(|error| Failure::File("the folder cannot be put in its place", error))?;
        self.whole = true;
        Ok(())
    }
}

impl Drop for Folder<'_> {
    fn drop(&mut self) {
        let partial = &self.place.partial;
        if !self.whole && fs::remove_dir_all(partial).is_err() {
            eprintln!(
                "card: personal files of the card are left in {}: delete them",
                partial.display()
            );
        }
    }
}

fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn file(id: u16) -> File {
        let reading = Reading::Content(Zeroizing::new(vec![0; 17]));
        File {
            ap: "text",
            id,
            reading,
        }
    }

    fn entries(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_folder_that_does_not_become_whole_goes_away() {
        let beside = tempfile::tempdir().unwrap();
        let path = beside.path().join("dump");
        let folder = Place::at(&path).unwrap().make().unwrap();
        folder.put(&file(1)).unwrap();
        assert!(!path.exists());
        // The same file once more cannot be written.
        assert!(folder.put(&file(1)).is_err());
        drop(folder);
        assert_eq!(entries(beside.path()), 0);

        // The place was taken meanwhile.
        let folder = Place::at(&path).unwrap().make().unwrap();
        folder.put(&file(1)).unwrap();
        fs::create_dir_all(path.join("text")).unwrap();
        assert!(folder.finish().is_err());
        assert_eq!((entries(beside.path()), entries(&path)), (1, 1));
    }

    #[test]
    fn a_whole_folder_is_where_it_was_asked_for_and_alone() {
        let beside = tempfile::tempdir().unwrap();
        let path = beside.path().join("dump");
        let folder = Place::at(&path).unwrap().make().unwrap();
        folder.put(&file(1)).unwrap();
        folder.finish().unwrap();
        assert_eq!(fs::read(path.join("text/0001.bin")).unwrap().len(), 17);
        assert_eq!(entries(beside.path()), 1);
    }

    #[test]
    fn what_a_killed_run_left_is_named() {
        let beside = tempfile::tempdir().unwrap();
        fs::create_dir(beside.path().join(".dump.part")).unwrap();
        let refused = Place::at(&beside.path().join("dump")).err().unwrap();
        assert!(refused.to_string().contains(".dump.part"));
        let nowhere = Place::at(&beside.path().join("none/dump")).err().unwrap();
        assert!(matches!(
            nowhere,
            Failure::File("there is no place for the folder", _)
        ));
    }
}
