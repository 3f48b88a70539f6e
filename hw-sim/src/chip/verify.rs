//! VERIFY and CHANGE REFERENCE DATA: PINs, the password, and 照合番号.

use card::apdu::Command;
use card::file::Ef;
use card::status::Status;

use super::{Answer, EmulatedCard, MEMORY_FAILURE, WRONG_KIND_OF_FILE};
use crate::ap::{Ap, Object};

impl EmulatedCard {
    pub(super) fn verify(&mut self, command: &Command) -> Answer {
        if command.p1 != 0 || command.p2 & 0x80 == 0 {
            return Err(Status::WrongParameters);
        }
        if command.expected() > 0 {
            return Err(Status::WrongLength);
        }
        let (ap, ef, object) = self.referred(command.p2)?;
        let Object::Reference { tries, .. } = object else {
            return Err(WRONG_KIND_OF_FILE);
        };
        let left = self.memory.tries_left(ap, ef);
        if command.data().is_empty() {
            return Err(Status::TriesLeft(left));
        }
        let after = left.checked_sub(1).ok_or(Status::Blocked)?;
        // The try is spent before the comparison, so that pulling the card out in between gains nothing.
        self.count(ap, ef, after)?;
        // Data of another length is wrong data, and costs a try. (Not known of real cards; the harsher way.)
        if self.memory.matches(ap, ef, command.data()) {
            self.count(ap, ef, tries)?;
            self.volatile.presented.insert(ef);
            Ok(Status::Success.into())
        } else {
            // Being wrong takes back what being right gave. (Not known of real cards; the harsher way.)
            self.volatile.presented.remove(&ef);
            Err(Status::TriesLeft(after))
        }
    }

    /// `00 24 01 80 Lc <new>` (or P2 = `80|SFI`): the old value has been presented before, and stays
    /// presented. 照合番号 follow from what is printed on the card and cannot be changed. (How real cards
    /// refuse, that and what is not of its form, is not known: here `6985` and `6A80`, and no try is spent.)
    pub(super) fn change_reference_data(&mut self, command: &Command) -> Answer {
        if command.p1 != 0x01 || command.p2 & 0x80 == 0 {
            return Err(Status::WrongParameters);
        }
        if command.expected() > 0 || command.data().is_empty() {
            return Err(Status::WrongLength);
        }
        let (ap, ef, object) = self.referred(command.p2)?;
        let Object::Reference { form, .. } = object else {
            return Err(WRONG_KIND_OF_FILE);
        };
        let form = form.ok_or(Status::ConditionsOfUse)?;
        if !self.volatile.presented.contains(&ef) {
            return Err(Status::SecurityStatus);
        }
        if !form.has(command.data()) {
            return Err(Status::WrongData);
        }
        self.memory
            .change(ap, ef, command.data())
            .map_err(|_| MEMORY_FAILURE)?;
        Ok(Status::Success.into())
    }

    fn count(&mut self, ap: Ap, ef: Ef, left: u8) -> Result<(), Status> {
        self.memory
            .set_tries(ap, ef, left)
            .map_err(|_| MEMORY_FAILURE)
    }
}
