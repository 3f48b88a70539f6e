//! Which application is selected and which EF a command is about, told from commands and status words alone.
//!
//! | command | EF |
//! |---|---|
//! | READ BINARY | P1 = `80\|SFI`, else the selected one |
//! | VERIFY and others on reference data | P2 = `80\|SFI`; `80` alone is the selected one |
//! | READ RECORD | P2 = `SFI << 3 \| 4`; without a short id the selected one |
//! | COMPUTE DIGITAL SIGNATURE | the key: P2 = `80\|SFI`, `80` alone is the selected one; where the application has one key, that |
//! | SELECT | none: it selects |
//!
//! What a command names is selected from then on, also where the command is refused for another reason than that it is not there:
//! a READ BINARY answered `6982`, a question for the tries answered `63C3`. Of a card of one's own this need not be told.
//! What goes under secure messaging is followed as far as its header tells: the id in a secured SELECT cannot be seen.

use card::apdu::Command;
use card::file::Ef;
use card::ins;

use card::status::Status;

use crate::ap::{Ap, Signing};

/// CHANGE REFERENCE DATA and RESET RETRY COUNTER name reference data as VERIFY does.
const ON_REFERENCE_DATA: [u8; 3] = [ins::VERIFY, 0x24, 0x2C];

/// What was selected so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Addressed {
    ap: Option<Ap>,
    selected: Option<Reference>,
}

/// An EF as a command names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// By its id.
    Id(Ef),
    /// By its short id (five bits).
    Short(u8),
}

impl Reference {
    /// Whether this is that EF.
    #[must_use]
    pub fn is(self, ef: Ef) -> bool {
        match self {
            Self::Id(id) => id == ef,
            Self::Short(short) => 0x80 | short == ef.short_reference(),
        }
    }
}

impl Addressed {
    /// On a card of one's own.
    pub(crate) fn on(ap: Option<Ap>, selected: Option<Ef>) -> Self {
        Self {
            ap,
            selected: selected.map(Reference::Id),
        }
    }

    /// The application that is selected, if it is one of this card's.
    #[must_use]
    pub const fn ap(self) -> Option<Ap> {
        self.ap
    }

    /// The EF that a command, sent next, is about.
    #[must_use]
    pub fn ef(self, command: &Command) -> Option<Reference> {
        let short = match command.ins {
            ins::READ_BINARY if command.p1 & 0x80 != 0 => command.p1 & 0x1F,
            ins::READ_BINARY => 0,
            ins::COMPUTE_SIGNATURE => match self.ap?.signing() {
                Signing::Challenge(key) => return Some(Reference::Id(key)),
                Signing::NamedKey => command.p2 & 0x1F,
                Signing::Not => return None,
            },
            ins::READ_RECORD => command.p2 >> 3,
            ins if ON_REFERENCE_DATA.contains(&ins) => command.p2 & 0x1F,
            _ => return None,
        };
        if short == 0 {
            self.selected
        } else {
            Some(Reference::Short(short))
        }
    }

    /// Takes in a command and the status word of its answer, where there was one.
    pub fn note(&mut self, command: &Command, status: Option<u16>) {
        let Some(status) = status.map(Status::from) else {
            return;
        };
        match (command.ins, command.p1, command.data()) {
            (ins::SELECT, ..) if !matches!(status, Status::Success | Status::MoreData(_)) => {}
            (ins::SELECT, 0x04, aid) => {
                self.ap = Ap::with_aid(aid);
                self.selected = None;
            }
            (ins::SELECT, 0x02, &[high, low]) => {
                let ef = Ef::new(u16::from_be_bytes([high, low]));
                self.selected = Some(Reference::Id(ef));
            }
            // The one key of an application is used without being selected.
            (ins::COMPUTE_SIGNATURE, ..) if self.signs_with_one_key() => {}
            _ if was_reached(status) => {
                if let Some(reference) = self.ef(command) {
                    self.selected = Some(reference);
                }
            }
            _ => {}
        }
    }

    fn signs_with_one_key(self) -> bool {
        let signing = self.ap.map(Ap::signing);
        matches!(signing, Some(Signing::Challenge(_)))
    }

    /// Power went off: nothing is selected.
    pub fn power_off(&mut self) {
        *self = Self::default();
    }
}

/// Whether what the command is about was there, whatever became of the command.
const fn was_reached(status: Status) -> bool {
    const WRONG_KIND_OF_FILE: u16 = 0x6981;
    const NO_SUCH_RECORD: u16 = 0x6A83;
    matches!(
        status,
        Status::Success
            | Status::MoreData(_)
            | Status::EndOfFile
            | Status::TriesLeft(_)
            | Status::SecurityStatus
            | Status::Blocked
            | Status::ConditionsOfUse
            | Status::WrongData
            | Status::WrongOffset
            | Status::Other(WRONG_KIND_OF_FILE | NO_SUCH_RECORD)
    )
}

#[cfg(test)]
mod tests {
    use card::{jpki_ap, text_ap};

    use super::*;

    #[test]
    fn files_are_told_by_short_id_and_by_selection() {
        let mut addressed = Addressed::default();
        let mut send = |bytes: &[u8], status| {
            let command = Command::decode(bytes).unwrap();
            let ef = addressed.ef(&command);
            addressed.note(&command, Some(status));
            ef
        };
        let attributes = text_ap::ATTRIBUTES;
        assert_eq!(send(&[0, 0xB0, 0, 0, 0], 0x6986), None);
        let select = [&[0, 0xA4, 4, 0x0C, 10][..], &text_ap::AID].concat();
        assert_eq!(send(&select, 0x9000), None);
        assert!(send(&[0, 0xB0, 0x82, 0, 0], 0x9000).unwrap().is(attributes));
        // It is the current one now, and stays it while another cannot be selected.
        assert_eq!(send(&[0, 0xA4, 2, 0x0C, 2, 0, 9], 0x6A82), None);
        assert!(send(&[0, 0xB0, 1, 0, 0], 0x9000).unwrap().is(attributes));
        // A refused command has found what it names.
        assert!(send(&[0, 0x20, 0, 0x91], 0x63C3).unwrap().is(text_ap::PIN));
        assert!(send(&[0, 0x20, 0, 0x80], 0x63C3).unwrap().is(text_ap::PIN));
        assert!(send(&[0, 0xB0, 0x82, 0, 0], 0x6982).unwrap().is(attributes));
        assert!(send(&[0, 0xB0, 0x89, 0, 0], 0x6A82).is_some());
        assert!(send(&[0, 0xB0, 0, 0, 0], 0x6982).unwrap().is(attributes));
        assert!(send(&[0, 0xB2, 1, 0x0C, 0], 0x6A82).unwrap().is(Ef::new(1)));
        // The one key is meant, and what was selected stays it.
        let sign = [0x80, 0x2A, 0, 0, 0];
        assert!(send(&sign, 0x9000).unwrap().is(text_ap::SIGNING_KEY));
        assert!(send(&[0, 0xB0, 0, 0, 0], 0x6982).unwrap().is(attributes));
        let select = [&[0, 0xA4, 4, 0x0C, 10][..], &jpki_ap::AID].concat();
        send(&select, 0x9000);
        assert_eq!(send(&[0x80, 0x2A, 0, 0x80, 0], 0x6986), None);
        let key = jpki_ap::AUTHENTICATION_KEY;
        let named = [0x80, 0x2A, 0, key.short_reference(), 0];
        assert!(send(&named, 0x6982).unwrap().is(key));
        assert!(send(&[0x80, 0x2A, 0, 0x80, 0], 0x9000).unwrap().is(key));
        assert_eq!(addressed.ap(), Some(Ap::Jpki));
        addressed.power_off();
        assert_eq!(addressed, Addressed::default());
    }
}
