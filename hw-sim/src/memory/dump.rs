//! A card made from a dump: the files of a real card, as a program that may read them wrote them down.

use std::path::Path;

use card::era::BirthCode;
use card::pin::Pin;
use card::surface_ap::{AgeRecord, BIRTH_CODE};
use card::text_ap::{AttributesFile, BasicInfo, CODE_A, NumberFile};
use card::{surface_ap, text_ap};

use super::{Memory, MemoryError, Settings};
use crate::ap::Ap;

/// Tries of 照合番号A and of the birth code.
const CODE_TRIES: u8 = 10;

impl Memory {
    /// The card of a dump: a folder with the files of a card's folder, `text/0001.bin` and so on, and no
    /// `card.toml`. Nothing is written there.
    ///
    /// It answers every read and no challenge, since no private key was ever read from a card. The PIN
    /// is the caller's; the codes that follow from the files (照合番号A, the birth code) are as they
    /// were. Extended length is understood unless EF 0005 says otherwise.
    ///
    /// # Errors
    /// [`MemoryError`] if the folder cannot be read, or there is no file of the card in it.
    pub fn of_dump(folder: &Path, pin: &Pin) -> Result<Self, MemoryError> {
        let mut memory = Self::new(Settings::default()).with_files_in(folder)?;
        if !memory.has_card_manager() {
            return Err(MemoryError::NoDump);
        }
        let info = memory.file(Ap::Text, text_ap::BASIC_INFO);
        if let Some(Ok(info)) = info.map(BasicInfo::decode) {
            let [_, extended, ..] = info.capabilities();
            memory.settings.extended_length = extended != 0;
        }
        let number = memory
            .file(Ap::Text, text_ap::NUMBER)
            .and_then(|file| NumberFile::decode(file).ok()?.number().ok());
        let birth_code = memory.birth_code();
        if memory.has(Ap::Text) {
            memory = memory.with_reference(Ap::Text, text_ap::PIN, pin.expose(), 3);
        }
        if let Some(number) = number {
            let number = number.expose().as_bytes();
            memory = memory.with_reference(Ap::Text, CODE_A, number, CODE_TRIES);
        }
        if let Some(code) = birth_code {
            memory = memory.with_reference(Ap::Surface, BIRTH_CODE, code.expose(), CODE_TRIES);
        }
        Ok(memory)
    }

    fn birth_code(&self) -> Option<BirthCode> {
        let record = self.file(Ap::Surface, surface_ap::AGE_RECORD);
        let attributes = self.file(Ap::Text, text_ap::ATTRIBUTES);
        if let Some(Ok(record)) = record.map(AgeRecord::decode) {
            return BirthCode::of(record.birth());
        }
        let attributes = attributes.map(AttributesFile::decode)?.ok()?;
        BirthCode::of(attributes.attributes().birth())
    }
}
