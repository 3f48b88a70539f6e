//! SELECT: applications, and EFs of the one that is selected.

use card::apdu::Command;
use card::card_manager;
use card::file::Ef;
use card::status::Status;
use card::tlv::Writer;

use super::{Answer, EmulatedCard, as_expected};
use crate::ap::{Ap, Object};

/// The master file's id, under which it cannot be selected.
const MASTER_FILE: [u8; 2] = [0x3F, 0x00];
/// Wraps a file control information, and the application's id in it.
const FCI: u16 = 0x6F;
const DF_NAME: u16 = 0x84;

impl EmulatedCard {
    pub(super) fn select(&mut self, command: &Command) -> Answer {
        match (command.p1, command.p2, command.data()) {
            (0x04, 0x00 | 0x0C, aid @ [_, ..]) if aid.len() <= 16 => {
                self.select_application(command, aid)
            }
            (0x04, 0x00 | 0x0C, _) => Err(Status::WrongLength),
            (0x02, 0x0C, &[high, low]) => {
                let ef = Ef::new(u16::from_be_bytes([high, low]));
                let ap = self.volatile.selected.ok_or(Status::NotFound)?;
                self.make_current(ap, ef)?;
                Ok(Status::Success.into())
            }
            (0x02, 0x0C, _) => Err(Status::WrongLength),
            // SELECT MF does not select: refused after power-on, without effect in an application.
            (0x00, 0x00 | 0x0C, []) if self.volatile.selected.is_some() => {
                Ok(Status::Success.into())
            }
            (0x00, 0x00 | 0x0C, file) if file == MASTER_FILE => Err(Status::NotFound),
            _ => Err(Status::WrongParameters),
        }
    }

    fn select_application(&mut self, command: &Command, aid: &[u8]) -> Answer {
        let selected = if aid == card_manager::AID {
            if !self.memory.has_card_manager() {
                return Err(Status::NotFound);
            }
            None
        } else {
            // Whole ids only. (ISO allows to select by their beginning; whether the card does is not known.)
            let ap = Ap::with_aid(aid).filter(|ap| self.memory.has(*ap));
            Some(ap.ok_or(Status::NotFound)?)
        };
        if self.volatile.selected != selected {
            self.volatile.presented.clear();
            self.volatile.session = None;
        }
        self.volatile.selected = selected;
        self.volatile.current = None;
        if command.p2 == 0x00 && command.expected() > 0 {
            // What else a real card's FCI holds is not known.
            let name = Writer::new().tlv(DF_NAME, aid).into_bytes();
            let information = Writer::new().tlv(FCI, &name).into_bytes();
            return Ok(as_expected(&information, command));
        }
        Ok(Status::Success.into())
    }

    /// The object that `80|SFI` refers to; `80` alone is the current EF. It becomes the current EF.
    pub(super) fn referred(&mut self, reference: u8) -> Result<(Ap, Ef, Object), Status> {
        // Short ids are 1 to 30.
        if reference & 0x60 != 0 || reference == 0x9F {
            return Err(Status::WrongParameters);
        }
        let ap = self.volatile.selected;
        let ef = match reference & 0x1F {
            0 => self.volatile.current.ok_or(Status::NoCurrentEf)?,
            short => ap
                .and_then(|ap| ap.with_short_id(short))
                .ok_or(Status::NotFound)?,
        };
        let ap = ap.ok_or(Status::NotFound)?;
        let object = self.make_current(ap, ef)?;
        Ok((ap, ef, object))
    }

    fn make_current(&mut self, ap: Ap, ef: Ef) -> Result<Object, Status> {
        let object = ap
            .object(ef)
            .filter(|_| self.memory.holds(ap, ef))
            .ok_or(Status::NotFound)?;
        self.volatile.current = Some(ef);
        Ok(object)
    }
}
