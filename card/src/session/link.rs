use zeroize::Zeroizing;

use super::{SessionError, Step, built};
use crate::apdu::{Command, EXTENDED_EXPECTED, Response, SHORT_EXPECTED};
use crate::file::{Ef, FileError, MAX_FILE};
use crate::ins;
use crate::messaging::{Messaging, MessagingError};
use crate::status::Status;
use crate::text_ap;
use crate::tlv::{TlvError, announced_length};
use crate::transport::{Lengths, Transport, TransportError};

/// Commands of one connection at most. All files of a card in pieces of 256 bytes take less than half. A
/// hostile card gives a byte at a time, or says for ever that more is waiting, and would hold its reader for
/// hours.
const MOST_COMMANDS: u32 = 2048;

/// Commands and files over a transport.
pub(crate) struct Link<T> {
    transport: T,
    lengths: Lengths,
    /// Commands sent so far.
    sent: u32,
    /// Secure messaging, while there is a session for it: files are read by it alone.
    messaging: Option<Messaging>,
}

impl<T: Transport> Link<T> {
    pub(crate) const fn new(transport: T, lengths: Lengths) -> Self {
        Self {
            transport,
            lengths,
            sent: 0,
            messaging: None,
        }
    }

    pub(crate) fn send(&mut self, command: &Command) -> Result<Response, SessionError> {
        let response = self.transmit(command)?;
        match response.status {
            Status::MoreData(more) => self.collect(&response, more),
            // Contact readers, and reads alone: nothing that is presented is ever sent twice.
            Status::ExactLength(exact) if is_short_read(command) => {
                let Command { ins, p1, p2, .. } = *command;
                let again = Command::new(command.cla, ins, p1, p2);
                self.transmit(&built(again, &[], exact.into()))
            }
            _ => Ok(response),
        }
    }

    fn transmit(&mut self, command: &Command) -> Result<Response, SessionError> {
        if self.sent == MOST_COMMANDS {
            return Err(TransportError::Protocol.into());
        }
        self.sent += 1;
        let bytes = self.transport.transmit(&command.encode())?;
        Response::decode(&bytes).map_err(|_| SessionError::NoStatus)
    }

    /// What is left of an answer that the card gives in pieces, as contact readers with T=0 do.
    fn collect(&mut self, first: &Response, more: u8) -> Result<Response, SessionError> {
        let (mut data, mut more) = (Zeroizing::new(first.data().to_vec()), more);
        loop {
            let expected = if more == 0 {
                SHORT_EXPECTED
            } else {
                more.into()
            };
            let command = Command::new(0x00, ins::GET_RESPONSE, 0x00, 0x00);
            let piece = self.transmit(&built(command, &[], expected))?;
            data = Zeroizing::new([&data[..], piece.data()].concat());
            match piece.status {
                Status::MoreData(further) if !piece.data().is_empty() => more = further,
                status => return Ok(Response::new(&data, status)),
            }
            if data.len() > MAX_FILE {
                return Err(FileError::TooLong.into());
            }
        }
    }

    /// Opens a session of secure messaging with the text AP, whose PIN was verified. From then on files
    /// are read by it, and not at all if it breaks, until another application is selected.
    pub(crate) fn secure(&mut self) -> Result<(), SessionError> {
        let key = text_ap::decode_messaging_key(&self.read_object(text_ap::MESSAGING_KEY)?)?;
        if !self.lengths.extended() {
            return Err(MessagingError::ExtendedLength.into());
        }
        self.messaging = Some(Messaging::establish(&key, |command| self.send(command))?);
        Ok(())
    }

    /// As plain where there is no session of secure messaging.
    fn send_secured(&mut self, command: &Command) -> Result<Response, SessionError> {
        let Some(mut messaging) = self.messaging.take() else {
            return self.send(command);
        };
        let result = messaging.exchange(command, |command| self.send(command));
        self.messaging = Some(messaging);
        result
    }

    /// SELECT of an application, without asking for what it says of itself.
    pub(crate) fn select(&mut self, aid: &[u8]) -> Result<Status, SessionError> {
        let first = self.sent == 0;
        // The card forgets its session with this.
        self.messaging = None;
        let command = built(Command::new(0x00, ins::SELECT, 0x04, 0x0C), aid, 0);
        let status = self.send(&command)?.status;
        if first && status == Status::NoDiagnosis {
            // The first APDU after power-up may answer this.
            return Ok(self.send(&command)?.status);
        }
        Ok(status)
    }

    /// SELECT of a file, whatever the card says to it: what follows will tell.
    pub(crate) fn select_file(&mut self, ef: Ef) -> Result<Status, SessionError> {
        Ok(self.send(&select_file(ef))?.status)
    }

    /// A record of a file, as far as the one data object in it goes; nothing if the card gives none.
    ///
    /// READ RECORD by short EF id selects and reads at once. Whether every card takes that is not known:
    /// where it is refused, the file is selected first.
    pub(crate) fn read_record(
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
            self.select_file(ef)?;
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
    pub(crate) fn read(&mut self, ef: Ef) -> Result<Zeroizing<Vec<u8>>, SessionError> {
        if self.messaging.is_some() {
            return self.read_secured(ef);
        }
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

    /// A file as long as it physically is, whatever the lengths. Selects it as well.
    pub(crate) fn read_all(&mut self, ef: Ef) -> Result<Zeroizing<Vec<u8>>, SessionError> {
        let mut all = self.read(ef)?;
        while !self.lengths.extended() && !all.is_empty() && all.len() % 256 == 0 {
            let [high, low] = u16::try_from(all.len())
                .ok()
                .filter(|_| all.len() <= MAX_FILE)
                .ok_or(FileError::TooLong)?
                .to_be_bytes();
            let response = self.send_secured(&read_binary(high, low, SHORT_EXPECTED))?;
            if response.status == Status::WrongOffset {
                break;
            }
            let more = content(ef, &response)?;
            if more.is_empty() {
                break;
            }
            all = Zeroizing::new([&all[..], &more].concat());
        }
        Ok(all)
    }

    /// Selects the file first: whether a secured READ BINARY takes a short EF id is not known.
    fn read_secured(&mut self, ef: Ef) -> Result<Zeroizing<Vec<u8>>, SessionError> {
        content(ef, &self.send_secured(&select_file(ef))?)?;
        content(
            ef,
            &self.send_secured(&read_binary(0, 0, EXTENDED_EXPECTED))?,
        )
    }

    /// A file as long as the one data object it holds. What follows that is filler.
    pub(crate) fn read_object(&mut self, ef: Ef) -> Result<Zeroizing<Vec<u8>>, SessionError> {
        let first = self.read(ef)?;
        let length = announced_length(&first, MAX_FILE).map_err(FileError::Tlv)?;
        // Room for all of it, so that growing leaves no copy behind.
        let mut object = Zeroizing::new(Vec::with_capacity(length.max(first.len())));
        object.extend_from_slice(&first);
        let mut pieces = 0;
        while object.len() < length {
            pieces += 1;
            let [high, low] = u16::try_from(object.len())
                .expect("no longer than MAX_FILE")
                .to_be_bytes();
            let missing = u32::try_from(length - object.len()).expect("no longer than MAX_FILE");
            let command = read_binary(high, low, missing.min(SHORT_EXPECTED));
            let more = content(ef, &self.send_secured(&command)?)?;
            let fits = (1..=length - object.len()).contains(&more.len());
            if !fits || pieces > MAX_PIECES {
                return Err(FileError::Tlv(TlvError::Truncated).into());
            }
            object.extend_from_slice(&more);
        }
        object.truncate(length);
        Ok(object)
    }
}

/// Reads by offset for one file at most. A card that gives what it is asked for needs 32 for the longest
/// there is. Whether all do is not known, but one that gives a byte at a time would hold its reader for
/// minutes.
const MAX_PIECES: u32 = 128;

fn select_file(ef: Ef) -> Command {
    let select = Command::new(0x00, ins::SELECT, 0x02, 0x0C);
    built(select, &ef.id().to_be_bytes(), 0)
}

fn read_binary(p1: u8, p2: u8, expected: u32) -> Command {
    Command::new(0x00, ins::READ_BINARY, p1, p2)
        .expecting(expected)
        .expect("at most 65,536 bytes are expected")
}

fn is_short_read(command: &Command) -> bool {
    matches!(
        command.ins,
        ins::READ_BINARY | ins::READ_RECORD | ins::GET_DATA
    ) && command.data().is_empty()
        && !command.is_extended()
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
