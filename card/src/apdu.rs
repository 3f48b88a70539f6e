//! Command and response APDUs (ISO/IEC 7816-4, section 5.1).
//!
//! ```text
//! command  = CLA INS P1 P2 [Lc data] [Le]
//!   short:    Lc = 1 byte 01..FF,            Le = 1 byte, 00 = 256
//!   extended: Lc = 00 and 2 bytes 0001..FFFF, Le = 2 bytes, 0000 = 65536 (00 and 2 bytes where there is no Lc)
//! response = data SW1 SW2
//! ```

use std::fmt;

use zeroize::Zeroizing;

use crate::status::Status;

/// Most bytes a short command can carry (Lc).
pub const SHORT_DATA: usize = 255;
/// Most bytes a short command can ask for (Le = 00).
pub const SHORT_EXPECTED: u32 = 256;
/// Most bytes an extended command can carry (Lc).
pub const EXTENDED_DATA: usize = 65_535;
/// Most bytes an extended command can ask for (Le = 0000).
pub const EXTENDED_EXPECTED: u32 = 65_536;

/// A command. Its data may be a PIN: wiped on drop, not printed, not to be cloned.
///
/// ```compile_fail,E0308
/// # use card::apdu::Command;
/// fn copy(command: &Command) -> Command {
///     command.clone()
/// }
/// ```
#[derive(PartialEq, Eq)]
pub struct Command {
    /// Class.
    pub cla: u8,
    /// Instruction.
    pub ins: u8,
    /// First parameter.
    pub p1: u8,
    /// Second parameter.
    pub p2: u8,
    data: Zeroizing<Vec<u8>>,
    expected: u32,
    extended: bool,
}

/// Why bytes are no command, or a command cannot be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Fewer than the four bytes of the header.
    #[error("shorter than a header")]
    Header,
    /// Lc or Le do not agree with the number of bytes.
    #[error("length fields do not agree with the length")]
    Length,
    /// More data than Lc, or more bytes expected than Le can say.
    #[error("more than an APDU can carry")]
    TooLong,
}

impl Command {
    /// A header alone: no data, nothing expected back (case 1).
    #[must_use]
    pub fn new(cla: u8, ins: u8, p1: u8, p2: u8) -> Self {
        Self {
            cla,
            ins,
            p1,
            p2,
            data: Zeroizing::new(Vec::new()),
            expected: 0,
            extended: false,
        }
    }

    /// With these data bytes. More than 255 make the command extended.
    ///
    /// # Errors
    /// [`CommandError::TooLong`] above 65,535 bytes.
    pub fn with_data(mut self, data: &[u8]) -> Result<Self, CommandError> {
        if data.len() > EXTENDED_DATA {
            return Err(CommandError::TooLong);
        }
        self.extended |= data.len() > SHORT_DATA;
        self.data = Zeroizing::new(data.to_vec());
        Ok(self)
    }

    /// Expecting up to so many bytes back (Ne, 1 to 65,536; 0: none). More than 256 make the command
    /// extended.
    ///
    /// # Errors
    /// [`CommandError::TooLong`] above 65,536.
    pub fn expecting(mut self, bytes: u32) -> Result<Self, CommandError> {
        if bytes > EXTENDED_EXPECTED {
            return Err(CommandError::TooLong);
        }
        if bytes > SHORT_EXPECTED {
            self.extended = true;
        }
        self.expected = bytes;
        Ok(self)
    }

    /// The data field; empty if there is none.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// How many bytes may come back at most (Ne); 0 if the command has no Le.
    #[must_use]
    pub const fn expected(&self) -> u32 {
        self.expected
    }

    /// Whether its length fields are extended. A header alone never is.
    #[must_use]
    pub const fn is_extended(&self) -> bool {
        self.extended
    }

    /// The bytes for the card.
    ///
    /// # Panics
    /// Never: the lengths were checked when the command was built.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        // Room for all of it, so that growing leaves no copy behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.data.len() + 9));
        bytes.extend_from_slice(&[self.cla, self.ins, self.p1, self.p2]);
        let short = |length: u32| u8::try_from(length & 0xFF).expect("masked to eight bits");
        let long = |length: u32| u16::try_from(length & 0xFFFF).expect("masked to 16 bits");
        let carried = u32::try_from(self.data.len()).expect("at most 65,535");
        if self.extended {
            if carried > 0 {
                bytes.push(0);
                bytes.extend_from_slice(&long(carried).to_be_bytes());
                bytes.extend_from_slice(&self.data);
            } else if self.expected > 0 {
                bytes.push(0);
            }
            if self.expected > 0 {
                bytes.extend_from_slice(&long(self.expected).to_be_bytes());
            }
        } else {
            if carried > 0 {
                bytes.push(short(carried));
                bytes.extend_from_slice(&self.data);
            }
            if self.expected > 0 {
                bytes.push(short(self.expected));
            }
        }
        bytes
    }

    /// Reads a command from untrusted bytes.
    ///
    /// # Errors
    /// [`CommandError`] if header or length fields do not fit the bytes exactly.
    pub fn decode(bytes: &[u8]) -> Result<Self, CommandError> {
        let (&[cla, ins, p1, p2], body) = bytes.split_first_chunk().ok_or(CommandError::Header)?;
        let command = Self::new(cla, ins, p1, p2);
        match body {
            [] => Ok(command),
            // Short.
            [le] => command.expecting(short_expected(*le)),
            [lc @ 1..=255, rest @ ..] => match rest.split_at_checked(usize::from(*lc)) {
                Some((data, [])) => command.with_data(data),
                Some((data, [le])) => command.with_data(data)?.expecting(short_expected(*le)),
                _ => Err(CommandError::Length),
            },
            // Extended.
            [0, high, low] => {
                let mut command = command.expecting(extended_expected(*high, *low))?;
                command.extended = true;
                Ok(command)
            }
            [0, high, low, rest @ ..] => {
                let lc = u16::from_be_bytes([*high, *low]);
                if lc == 0 {
                    return Err(CommandError::Length);
                }
                let mut command = match rest.split_at_checked(usize::from(lc)) {
                    Some((data, [])) => command.with_data(data)?,
                    Some((data, [high, low])) => command
                        .with_data(data)?
                        .expecting(extended_expected(*high, *low))?,
                    _ => return Err(CommandError::Length),
                };
                command.extended = true;
                Ok(command)
            }
            [0, _] => Err(CommandError::Length),
        }
    }
}

fn short_expected(le: u8) -> u32 {
    if le == 0 {
        SHORT_EXPECTED
    } else {
        u32::from(le)
    }
}

fn extended_expected(high: u8, low: u8) -> u32 {
    match u16::from_be_bytes([high, low]) {
        0 => EXTENDED_EXPECTED,
        le => u32::from(le),
    }
}

// The data field may be a PIN, and its length says which reference it is for: header only.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cla, ins, p1, p2, ..
        } = self;
        write!(f, "Command({cla:02X} {ins:02X} {p1:02X} {p2:02X} ..)")
    }
}

/// A response. Its data may be a person's: wiped on drop, not printed, not to be cloned.
///
/// ```compile_fail,E0308
/// # use card::apdu::Response;
/// fn copy(response: &Response) -> Response {
///     response.clone()
/// }
/// ```
#[derive(PartialEq, Eq)]
pub struct Response {
    data: Zeroizing<Vec<u8>>,
    /// How the command ended.
    pub status: Status,
}

/// A response of fewer than two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("response without a status word")]
pub struct ResponseError;

impl Response {
    /// Data and status word.
    #[must_use]
    pub fn new(data: &[u8], status: Status) -> Self {
        Self {
            data: Zeroizing::new(data.to_vec()),
            status,
        }
    }

    /// Reads a response from untrusted bytes.
    ///
    /// # Errors
    /// [`ResponseError`] if there is no status word.
    pub fn decode(bytes: &[u8]) -> Result<Self, ResponseError> {
        let (data, word) = bytes.split_last_chunk().ok_or(ResponseError)?;
        Ok(Self::new(data, u16::from_be_bytes(*word).into()))
    }

    /// The bytes as the card sends them.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.data.len() + 2));
        bytes.extend_from_slice(&self.data);
        bytes.extend_from_slice(&u16::from(self.status).to_be_bytes());
        bytes
    }

    /// The data field; empty if there is none.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }
}

impl From<Status> for Response {
    fn from(status: Status) -> Self {
        Self::new(&[], status)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = u16::from(self.status);
        write!(f, "Response(.. {word:04X})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn select() -> Command {
        Command::new(0x00, 0xA4, 0x02, 0x0C)
    }

    #[test]
    fn each_case_has_its_bytes() {
        let cases: [(Command, &[u8]); 6] = [
            (select(), &[0x00, 0xA4, 0x02, 0x0C]),
            (
                select().expecting(256).unwrap(),
                &[0x00, 0xA4, 0x02, 0x0C, 0x00],
            ),
            (
                select().with_data(&[0x00, 0x11]).unwrap(),
                &[0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00, 0x11],
            ),
            (
                select().with_data(&[7]).unwrap().expecting(5).unwrap(),
                &[0x00, 0xA4, 0x02, 0x0C, 0x01, 0x07, 0x05],
            ),
            (
                select().expecting(65_536).unwrap(),
                &[0x00, 0xA4, 0x02, 0x0C, 0x00, 0x00, 0x00],
            ),
            (
                select().with_data(&[7]).unwrap().expecting(257).unwrap(),
                &[0x00, 0xA4, 0x02, 0x0C, 0x00, 0x00, 0x01, 0x07, 0x01, 0x01],
            ),
        ];
        for (command, bytes) in cases {
            assert_eq!(&*command.encode(), bytes);
            assert_eq!(Command::decode(bytes), Ok(command));
        }
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        for wrong in [
            &[0x00, 0xA4, 0x02][..],
            &[0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00],
            &[0x00, 0xA4, 0x02, 0x0C, 0x01, 0x00, 0x00, 0x00],
            &[0x00, 0xA4, 0x02, 0x0C, 0x00, 0x00],
            &[0x00, 0xA4, 0x02, 0x0C, 0x00, 0x00, 0x00, 0x00],
            &[0x00, 0xA4, 0x02, 0x0C, 0x00, 0x00, 0x01, 0x07, 0x00],
        ] {
            assert!(Command::decode(wrong).is_err(), "{wrong:02X?}");
        }
        assert_eq!(
            select().with_data(&vec![0; 65_536]),
            Err(CommandError::TooLong)
        );
        assert_eq!(select().expecting(65_537), Err(CommandError::TooLong));
    }

    #[test]
    fn nothing_of_the_data_is_printed() {
        let verify = Command::new(0x00, 0x20, 0x00, 0x91)
            .with_data(b"1234")
            .unwrap();
        assert_eq!(format!("{verify:?}"), "Command(00 20 00 91 ..)");
        let response = Response::new(b"secret", Status::Success);
        assert_eq!(format!("{response:?}"), "Response(.. 9000)");
    }

    proptest! {
        #[test]
        fn commands_round_trip(
            header: [u8; 4],
            data in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..300),
                prop::collection::vec(any::<u8>(), 65_530..=65_535),
            ],
            expected in prop_oneof![0..600u32, 65_530..=65_536u32],
        ) {
            let [cla, ins, p1, p2] = header;
            let command = Command::new(cla, ins, p1, p2)
                .with_data(&data).unwrap()
                .expecting(expected).unwrap();
            prop_assert_eq!(Command::decode(&command.encode()), Ok(command));
        }

        #[test]
        fn any_bytes_are_refused_or_round_trip(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(command) = Command::decode(&bytes) {
                prop_assert_eq!(&*command.encode(), &bytes);
            }
            if let Ok(response) = Response::decode(&bytes) {
                prop_assert_eq!(&*response.encode(), &bytes);
            }
        }
    }
}
