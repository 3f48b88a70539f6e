//! Status words SW1-SW2 (ISO/IEC 7816-4, section 5.6), as the My Number Card uses them.

/// What a response ends with. Total both ways: every `u16` is a status, and gives itself back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// `9000`: done.
    Success,
    /// `61xx`: done, `xx` more bytes wait for GET RESPONSE.
    MoreData(u8),
    /// `6282`: the file ended before Le bytes; what there was is here.
    EndOfFile,
    /// `63Cx`: wrong, `x` tries left; also the answer when asked for the tries left. `x` is below 16.
    TriesLeft(u8),
    /// `6700`: wrong length (also how extended length is refused).
    WrongLength,
    /// `6982`: security status not satisfied.
    SecurityStatus,
    /// `6984`: the reference data is blocked.
    Blocked,
    /// `6985`: conditions of use not satisfied.
    ConditionsOfUse,
    /// `6986`: no current EF.
    NoCurrentEf,
    /// `6987`: secure messaging data objects missing.
    SecureMessagingMissing,
    /// `6988`: secure messaging data objects incorrect.
    SecureMessagingIncorrect,
    /// `6A80`: incorrect parameters in the data field.
    WrongData,
    /// `6A82`: no such file or application.
    NotFound,
    /// `6A86`: incorrect P1-P2.
    WrongParameters,
    /// `6A88`: referenced data not found.
    ReferenceNotFound,
    /// `6B00`: offset outside the EF.
    WrongOffset,
    /// `6Cxx`: wrong Le, `xx` would be exact.
    ExactLength(u8),
    /// `6D00`: instruction not supported.
    UnknownInstruction,
    /// `6E00`: class not supported.
    UnknownClass,
    /// `6F00`: no precise diagnosis. The first APDU after power-up may answer this.
    NoDiagnosis,
    /// Any other word.
    Other(u16),
}

impl From<u16> for Status {
    fn from(word: u16) -> Self {
        let [high, low] = word.to_be_bytes();
        match word {
            0x9000 => Self::Success,
            0x6100..=0x61FF => Self::MoreData(low),
            0x6282 => Self::EndOfFile,
            0x63C0..=0x63CF => Self::TriesLeft(low & 0x0F),
            0x6700 => Self::WrongLength,
            0x6982 => Self::SecurityStatus,
            0x6984 => Self::Blocked,
            0x6985 => Self::ConditionsOfUse,
            0x6986 => Self::NoCurrentEf,
            0x6987 => Self::SecureMessagingMissing,
            0x6988 => Self::SecureMessagingIncorrect,
            0x6A80 => Self::WrongData,
            0x6A82 => Self::NotFound,
            0x6A86 => Self::WrongParameters,
            0x6A88 => Self::ReferenceNotFound,
            0x6B00 => Self::WrongOffset,
            0x6D00 => Self::UnknownInstruction,
            0x6E00 => Self::UnknownClass,
            0x6F00 => Self::NoDiagnosis,
            _ if high == 0x6C => Self::ExactLength(low),
            _ => Self::Other(word),
        }
    }
}

impl From<Status> for u16 {
    fn from(status: Status) -> Self {
        match status {
            Status::Success => 0x9000,
            Status::MoreData(more) => Self::from_be_bytes([0x61, more]),
            Status::EndOfFile => 0x6282,
            Status::TriesLeft(left) => 0x63C0 | Self::from(left & 0x0F),
            Status::WrongLength => 0x6700,
            Status::SecurityStatus => 0x6982,
            Status::Blocked => 0x6984,
            Status::ConditionsOfUse => 0x6985,
            Status::NoCurrentEf => 0x6986,
            Status::SecureMessagingMissing => 0x6987,
            Status::SecureMessagingIncorrect => 0x6988,
            Status::WrongData => 0x6A80,
            Status::NotFound => 0x6A82,
            Status::WrongParameters => 0x6A86,
            Status::ReferenceNotFound => 0x6A88,
            Status::WrongOffset => 0x6B00,
            Status::ExactLength(exact) => Self::from_be_bytes([0x6C, exact]),
            Status::UnknownInstruction => 0x6D00,
            Status::UnknownClass => 0x6E00,
            Status::NoDiagnosis => 0x6F00,
            Status::Other(word) => word,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn every_word_gives_itself_back() {
        for word in 0..=u16::MAX {
            assert_eq!(u16::from(Status::from(word)), word);
        }
    }

    #[test]
    fn no_listed_word_is_other() {
        let listed = [
            0x9000, 0x6110, 0x6282, 0x63C3, 0x6700, 0x6982, 0x6984, 0x6985, 0x6986, 0x6987, 0x6988,
            0x6A80, 0x6A82, 0x6A86, 0x6A88, 0x6B00, 0x6C11, 0x6D00, 0x6E00, 0x6F00,
        ];
        for word in listed {
            assert!(
                !matches!(Status::from(word), Status::Other(_)),
                "{word:04X}"
            );
        }
        assert_eq!(Status::from(0x63C2), Status::TriesLeft(2));
        assert_eq!(Status::from(0x6300), Status::Other(0x6300));
    }
}
