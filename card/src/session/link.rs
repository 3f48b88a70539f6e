use zeroize::Zeroizing;

use super::{SessionError, Step};
use crate::apdu::{Command, EXTENDED_EXPECTED, Response, SHORT_EXPECTED};
use crate::file::{Ef, FileError, MAX_FILE};
use crate::ins;
use crate::status::Status;
use crate::tlv::{TlvError, announced_length};
use crate::transport::{Lengths, Transport, TransportError};

/// Commands and files over a transport.
pub(super) struct Link<T> {
    transport: T,
    lengths: Lengths,
}

impl<T: Transport> Link<T> {
    pub(super) const fn new(transport: T, lengths: Lengths) -> Self {
        Self { transport, lengths }
    }

    pub(super) fn send(&mut self, command: &Command) -> Result<Response, SessionError> {
        let bytes = self.transport.transmit(&command.encode())?;
        Response::decode(&bytes).map_err(|_| SessionError::NoStatus)
    }

    /// A file from its beginning: as long as it physically is with extended length, at most 256
    /// bytes of it with short. Selects it as well.
    pub(super) fn read(&mut self, ef: Ef) -> Result<Zeroizing<Vec<u8>>, SessionError> {
        let from_start = |expected| read_binary(ef.short_reference(), 0, expected);
        if self.lengths.extended() {
            match self.send(&from_start(EXTENDED_EXPECTED)) {
                Ok(response) if !refuses_length(response.status) => return content(ef, &response),
                Ok(_) | Err(SessionError::Transport(TransportError::Protocol)) => {
                    self.lengths.refuse_extended();
                }
                Err(error) => return Err(error),
            }
        }
        content(ef, &self.send(&from_start(SHORT_EXPECTED))?)
    }

    /// A file as long as the one data object it holds. What follows that is filler.
    pub(super) fn read_object(&mut self, ef: Ef) -> Result<Zeroizing<Vec<u8>>, SessionError> {
        let first = self.read(ef)?;
        let length = announced_length(&first, MAX_FILE).map_err(FileError::Tlv)?;
        // Room for all of it, so that growing leaves no copy behind.
        let mut object = Zeroizing::new(Vec::with_capacity(length.max(first.len())));
        object.extend_from_slice(&first);
        while object.len() < length {
            let [high, low] = u16::try_from(object.len())
                .expect("no longer than MAX_FILE")
                .to_be_bytes();
            let missing = u32::try_from(length - object.len()).expect("no longer than MAX_FILE");
            let command = read_binary(high, low, missing.min(SHORT_EXPECTED));
            let more = content(ef, &self.send(&command)?)?;
            if more.is_empty() || more.len() > length - object.len() {
                return Err(FileError::Tlv(TlvError::Truncated).into());
            }
            object.extend_from_slice(&more);
        }
        object.truncate(length);
        Ok(object)
    }
}

fn read_binary(p1: u8, p2: u8, expected: u32) -> Command {
    Command::new(0x00, ins::READ_BINARY, p1, p2)
        .expecting(expected)
        .expect("at most 65,536 bytes are expected")
}

const fn refuses_length(status: Status) -> bool {
    matches!(status, Status::WrongLength | Status::ExactLength(_))
}

fn content(ef: Ef, response: &Response) -> Result<Zeroizing<Vec<u8>>, SessionError> {
    match response.status {
        Status::Success | Status::EndOfFile => Ok(Zeroizing::new(response.data().to_vec())),
        status => Err(SessionError::Unexpected {
            step: Step::Read(ef),
            status,
        }),
    }
}
