use zeroize::Zeroizing;

use super::{SessionError, Step, built};
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
    /// Nothing was sent yet.
    untouched: bool,
}

impl<T: Transport> Link<T> {
    pub(super) const fn new(transport: T, lengths: Lengths) -> Self {
        Self {
            transport,
            lengths,
            untouched: true,
        }
    }

    pub(super) fn send(&mut self, command: &Command) -> Result<Response, SessionError> {
        self.untouched = false;
        let bytes = self.transport.transmit(&command.encode())?;
        Response::decode(&bytes).map_err(|_| SessionError::NoStatus)
    }

    /// SELECT of an application, without asking for what it says of itself.
    pub(super) fn select(&mut self, aid: &[u8]) -> Result<Status, SessionError> {
        let first = self.untouched;
        let command = built(Command::new(0x00, ins::SELECT, 0x04, 0x0C), aid, 0);
        let status = self.send(&command)?.status;
        if first && status == Status::NoDiagnosis {
            // The first APDU after power-up may answer this.
            return Ok(self.send(&command)?.status);
        }
        Ok(status)
    }

    /// A record of a file, as far as the one data object in it goes; nothing if the card gives none.
    ///
    /// READ RECORD by short EF id selects and reads at once. Whether every card takes that is not known:
    /// where it is refused, the file is selected first.
    pub(super) fn read_record(
        &mut self,
        ef: Ef,
        record: u8,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, SessionError> {
        /// P2: P1 is the record's number.
        const BY_NUMBER: u8 = 0x04;
        let short_id = ef.short_reference() & 0x1F;
        let read = |p2| {
            built(
                Command::new(0x00, ins::READ_RECORD, record, p2),
                &[],
                SHORT_EXPECTED,
            )
        };
        let mut response = self.send(&read(short_id << 3 | BY_NUMBER))?;
        if content(ef, &response).is_err() {
            let select = Command::new(0x00, ins::SELECT, 0x02, 0x0C);
            self.send(&built(select, &ef.id().to_be_bytes(), 0))?;
            response = self.send(&read(BY_NUMBER))?;
        }
        let Ok(mut bytes) = content(ef, &response) else {
            return Ok(None);
        };
        if let Ok(length) = announced_length(&bytes, MAX_FILE) {
            bytes.truncate(length);
        }
        Ok(Some(bytes))
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
