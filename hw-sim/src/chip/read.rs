//! READ BINARY, READ RECORD, and the card manager's GET DATA.

use card::apdu::{Command, Response};
use card::card_manager::DataObject;
use card::status::Status;
use card::tlv::Reader;

use super::{Answer, EmulatedCard, WRONG_KIND_OF_FILE, as_expected};
use crate::ap::Object;

/// No record of this number.
const NO_SUCH_RECORD: Status = Status::Other(0x6A83);
/// Several records at once are not to be had.
const NOT_SUPPORTED: Status = Status::Other(0x6A81);

impl EmulatedCard {
    pub(super) fn read_binary(&mut self, command: &Command) -> Answer {
        if !command.data().is_empty() || command.expected() == 0 {
            return Err(Status::WrongLength);
        }
        // P1 = 80|SFI, P2 = offset; or P1-P2 = offset of 15 bits in the current EF.
        let (reference, offset) = if command.p1 & 0x80 == 0 {
            (
                0x80,
                usize::from(u16::from_be_bytes([command.p1, command.p2])),
            )
        } else {
            (command.p1, usize::from(command.p2))
        };
        let (ap, ef, object) = self.referred(reference)?;
        let Object::File(access) = object else {
            return Err(WRONG_KIND_OF_FILE);
        };
        if !access.is_open(|ef| self.volatile.presented.contains(&ef)) {
            return Err(Status::SecurityStatus);
        }
        let file = self.memory.file(ap, ef).ok_or(Status::NotFound)?;
        let rest = file
            .get(offset..)
            .filter(|rest| !rest.is_empty())
            .ok_or(Status::WrongOffset)?;
        Ok(as_expected(rest, command))
    }

    /// `00 B2 NUMBER P2 Le`, P2 = `SFI << 3 | 4`: one record by its number.
    pub(super) fn read_record(&mut self, command: &Command) -> Answer {
        if !command.data().is_empty() || command.expected() == 0 {
            return Err(Status::WrongLength);
        }
        match command.p2 & 0x07 {
            0x04 => {}
            0x05 | 0x06 => return Err(NOT_SUPPORTED),
            _ => return Err(Status::WrongParameters),
        }
        let (ap, ef, object) = self.referred(0x80 | command.p2 >> 3)?;
        let Object::Records(access) = object else {
            return Err(WRONG_KIND_OF_FILE);
        };
        if !access.is_open(|ef| self.volatile.presented.contains(&ef)) {
            return Err(Status::SecurityStatus);
        }
        let mut records = Reader::new(self.memory.file(ap, ef).ok_or(Status::NotFound)?);
        // Records count from 1; 0 is the current one, and there is none.
        let before = command.p1.checked_sub(1).ok_or(NO_SUCH_RECORD)?;
        for _ in 0..before {
            records.tlv().map_err(|_| NO_SUCH_RECORD)?;
        }
        let record = records.tlv().map_err(|_| NO_SUCH_RECORD)?.encoded;
        whole(record, command)
    }

    /// `00 CA TAG Le`. In an application there is nothing to get. (How real cards say so is not known.)
    pub(super) fn get_data(&self, command: &Command) -> Answer {
        if !command.data().is_empty() || command.expected() == 0 {
            return Err(Status::WrongLength);
        }
        let tag = DataObject::new(u16::from_be_bytes([command.p1, command.p2]));
        if self.volatile.selected.is_some() {
            return Err(Status::ReferenceNotFound);
        }
        let value = self.memory.data(tag).ok_or(Status::ReferenceNotFound)?;
        whole(value, command)
    }
}

/// All of it, or `6700` where it is longer than Le.
fn whole(value: &[u8], command: &Command) -> Answer {
    if usize::try_from(command.expected()).is_ok_and(|expected| expected < value.len()) {
        return Err(Status::WrongLength);
    }
    Ok(Response::new(value, Status::Success))
}
