//! `card dump`: the card's files, as they stand, into a folder laid out as the emulator's cards are.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use card::card_manager::DataObject;
use card::client::{Client, Reading, Secret, Tries};
use card::era::BirthCode;
use card::file::Ef;
use card::pcsc::PcscTransport;
use card::pin::{Pin, PinOutcome};
use card::session::BIRTH_CODE_TRIES;
use card::text_ap::AttributesFile;
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
    if arguments.folder.exists() {
        let error = io::ErrorKind::AlreadyExists.into();
        return Err(Failure::File("the folder is there already", error));
    }
    let mut card = Desk::open(&arguments.on)?.card()?;
    if !arguments.free {
        present_pin(&mut card, &entry)?;
    }
    // The folder only now: a wrong PIN leaves none behind.
    let folder = Folder::make(&arguments.folder)?;
    let mut attributes = None;
    for ef in TEXT {
        let reading = card.read(&aid::TEXT_AP, ef)?;
        if let (text_ap::ATTRIBUTES, Reading::Content(bytes)) = (ef, &reading) {
            attributes = Some(bytes.clone());
        }
        folder.put("text", ef.id(), reading)?;
    }
    if let Some(attributes) = attributes {
        present_birth_code(&mut card, &attributes)?;
    }
    for ef in SURFACE {
        let reading = card.read(&aid::SURFACE_AP, ef)?;
        folder.put("surface", ef.id(), reading)?;
    }
    let record = card.record(&aid::COMMON_AP, common_ap::CARD_RECORD, common_ap::RECORD)?;
    folder.put("common", common_ap::CARD_RECORD.id(), record)?;
    for ef in JPKI {
        let reading = card.read(&aid::JPKI_AP, ef)?;
        folder.put("jpki", ef.id(), reading)?;
    }
    for object in MANAGER {
        let reading = card.data(object)?;
        folder.put("manager", object.tag(), reading)?;
    }
    drop(card);
    eprintln!("These files are somebody's personal data, or tell whose card this is.");
    eprintln!(
        "They answer every read as the card does. Delete them as soon as they are not needed."
    );
    Ok(())
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

/// Opens the age record by the birth date read, if that spares the holder's half of its tries.
fn present_birth_code(card: &mut Client<PcscTransport>, attributes: &[u8]) -> Result<(), Failure> {
    let code = AttributesFile::decode(attributes)
        .ok()
        .and_then(|file| BirthCode::of(file.attributes().birth()));
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

/// A folder for its owner alone.
struct Folder<'a>(&'a Path);

impl<'a> Folder<'a> {
    fn make(path: &'a Path) -> Result<Self, Failure> {
        private_folder(path).map_err(|error| Failure::File("the folder cannot be made", error))?;
        Ok(Self(path))
    }

    /// Writes a file; nothing if it could not be read.
    fn put(&self, ap: &str, id: u16, reading: Reading) -> Result<(), Failure> {
        let name = format!("{ap}/{id:04X}");
        match reading {
            Reading::Content(bytes) => {
                let of_ap = self.0.join(ap);
                if !of_ap.is_dir() {
                    private_folder(&of_ap)
                        .map_err(|error| Failure::File("the folder cannot be made", error))?;
                }
                let file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(self.0.join(format!("{name}.bin")));
                file.and_then(|mut file| file.write_all(&bytes))
                    .map_err(|error| Failure::File("a file cannot be written", error))?;
                println!("{name}  {} bytes", bytes.len());
            }
            Reading::Locked => println!("{name}  closed"),
            Reading::Absent => println!("{name}  not there"),
        }
        Ok(())
    }
}

fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}
