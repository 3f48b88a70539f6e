//! From the readers to a card to talk to.

use card::client::{Client, Kind};
use card::pcsc::{Pcsc, PcscTransport, ReaderName};
use card::transport::{Lengths, TransportError};

use crate::arguments::On;
use crate::failure::Failure;

/// A card, held exclusively.
pub(crate) struct Desk {
    pub(crate) reader: ReaderName,
    pub(crate) transport: PcscTransport,
}

impl Desk {
    /// Connects to the card on the reader asked for, or to the first there is.
    pub(crate) fn open(on: &On) -> Result<Self, Failure> {
        let pcsc = Pcsc::open()?;
        let readers = pcsc.readers()?;
        if readers.is_empty() {
            return Err(TransportError::NoReader.into());
        }
        let asked = on.reader.as_deref().unwrap_or_default();
        let named: Vec<_> = readers
            .into_iter()
            .filter(|reader| reader.to_string().contains(asked))
            .collect();
        // That another program has the card says more than that another reader is empty.
        let mut failure = Failure::NoSuchReader;
        for reader in named {
            match pcsc.transport(&reader) {
                Ok(transport) => return Ok(Self { reader, transport }),
                Err(TransportError::NoCard) if matches!(failure, Failure::Unreachable(_)) => {}
                Err(error) => failure = error.into(),
            }
        }
        Err(failure)
    }

    /// A client for a My Number Card, which it has to be.
    pub(crate) fn card(self) -> Result<Client<PcscTransport>, Failure> {
        let mut client = self.client();
        match client.kind()? {
            Kind::Card => Ok(client),
            other => Err(Failure::NotACard(other)),
        }
    }

    /// A client for whatever is there.
    pub(crate) fn client(self) -> Client<PcscTransport> {
        Client::new(self.transport, Lengths::default())
    }
}
