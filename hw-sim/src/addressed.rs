//! Which application is selected and which EF a command is about, told from commands and status words alone.
//!
//! | command | EF |
//! |---|---|
//! | READ BINARY | P1 = `80\|SFI`, else the selected one |
//! | VERIFY and others on reference data | P2 = `80\|SFI`; `80` alone is the selected one |
//! | READ RECORD | P2 = `SFI << 3 \| 4`; without a short id the selected one |
//! | COMPUTE DIGITAL SIGNATURE | the selected one |
//! | SELECT | none: it selects |
//!
//! What goes under secure messaging is followed as far as its header tells: the id in a secured SELECT cannot be seen.

use card::apdu::Command;
use card::file::Ef;
use card::ins;

use crate::ap::Ap;

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
            ins::READ_BINARY | ins::COMPUTE_SIGNATURE => 0,
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

    /// Takes in a command and whether it was carried out.
    pub fn note(&mut self, command: &Command, success: bool) {
        if !success {
            return;
        }
        match (command.ins, command.p1, command.data()) {
            (ins::SELECT, 0x04, aid) => {
                self.ap = Ap::with_aid(aid);
                self.selected = None;
            }
            (ins::SELECT, 0x02, &[high, low]) => {
                let ef = Ef::new(u16::from_be_bytes([high, low]));
                self.selected = Some(Reference::Id(ef));
            }
            _ => {
                if let Some(reference) = self.ef(command) {
                    self.selected = Some(reference);
                }
            }
        }
    }

    /// Power went off: nothing is selected.
    pub fn power_off(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use card::text_ap;

    use super::*;

    #[test]
    fn files_are_told_by_short_id_and_by_selection() {
        let mut addressed = Addressed::default();
        let mut send = |bytes: &[u8], success| {
            let command = Command::decode(bytes).unwrap();
            let ef = addressed.ef(&command);
            addressed.note(&command, success);
            ef
        };
        let attributes = text_ap::ATTRIBUTES;
        assert_eq!(send(&[0, 0xB0, 0, 0, 0], false), None);
        let select = [&[0, 0xA4, 4, 0x0C, 10][..], &text_ap::AID].concat();
        assert_eq!(send(&select, true), None);
        assert!(send(&[0, 0xB0, 0x82, 0, 0], true).unwrap().is(attributes));
        // It is the current one now, and stays it while another cannot be selected.
        assert_eq!(send(&[0, 0xA4, 2, 0x0C, 2, 0, 9], false), None);
        assert!(send(&[0, 0xB0, 1, 0, 0], true).unwrap().is(attributes));
        assert!(send(&[0, 0x20, 0, 0x91], false).unwrap().is(text_ap::PIN));
        assert_eq!(send(&[0, 0xA4, 2, 0x0C, 2, 0, 0x11], true), None);
        assert!(send(&[0, 0x20, 0, 0x80], false).unwrap().is(text_ap::PIN));
        assert!(send(&[0, 0xB2, 1, 0x0C, 0], false).unwrap().is(Ef::new(1)));
        assert_eq!(addressed.ap(), Some(Ap::Text));
        addressed.power_off();
        assert_eq!(addressed, Addressed::default());
    }
}
