//! Readers of this machine, through PC/SC.
//!
//! [`Pcsc::open`] looks first whether a PIN would leak on this machine ([`environment`]), and nothing
//! here can be done without its result. Each connection has one thread of its own that holds the
//! card exclusively and within a transaction, and powers it down at the end, whether its
//! [`PcscTransport`] was dropped in peace or by a panic. [`Monitor`] tells when readers and cards come
//! and go; it has a thread and a PC/SC context of its own.

mod connection;
mod monitor;

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ::pcsc::{Context, Error, Scope};

pub use connection::PcscTransport;
pub use monitor::{Event, Monitor};

use crate::environment::{self, Leak};
use crate::session::Connected;
use crate::transport::{Lengths, TransportError};

/// The name PC/SC gives a reader.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReaderName(CString);

impl ReaderName {
    fn as_c_str(&self) -> &CStr {
        &self.0
    }
}

impl fmt::Display for ReaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.to_string_lossy().fmt(f)
    }
}

impl fmt::Debug for ReaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReaderName({self})")
    }
}

/// The readers of a machine on which, as far as can be seen, no PIN leaks.
#[derive(Clone, Debug)]
pub struct Pcsc {
    lengths: Arc<Mutex<BTreeMap<ReaderName, Lengths>>>,
}

impl Pcsc {
    /// Looks whether it is safe to use readers here. The service need not run yet.
    ///
    /// # Errors
    /// [`Leak`]: what would let a PIN leak.
    pub fn open() -> Result<Self, Leak> {
        environment::check()?;
        Ok(Self {
            lengths: Arc::default(),
        })
    }

    /// The readers there are now.
    ///
    /// # Errors
    /// [`TransportError::NoService`] if the service does not run.
    pub fn readers(&self) -> Result<Vec<ReaderName>, TransportError> {
        let names = establish()?.list_readers_owned().map_err(transport_error)?;
        Ok(names.into_iter().map(ReaderName).collect())
    }

    /// Connects to the card on a reader, exclusively.
    ///
    /// # Errors
    /// [`TransportError`], not [`TransportError::CardLifted`].
    pub fn transport(&self, reader: &ReaderName) -> Result<PcscTransport, TransportError> {
        PcscTransport::connect(reader)
    }

    /// Connects to the card on a reader and begins a session. What the reader says to extended
    /// length is remembered for its next session.
    ///
    /// # Errors
    /// As [`transport`](Self::transport).
    pub fn connect(&self, reader: &ReaderName) -> Result<Connected<PcscTransport>, TransportError> {
        let transport = self.transport(reader)?;
        let lengths = self
            .lengths
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(reader.clone())
            .or_default()
            .clone();
        Ok(Connected::new(transport, lengths))
    }

    /// Watches readers and cards come and go, beginning with those that are there.
    #[must_use]
    pub fn monitor(&self) -> Monitor {
        Monitor::start()
    }
}

fn establish() -> Result<Context, TransportError> {
    Context::establish(Scope::User).map_err(transport_error)
}

fn transport_error(error: Error) -> TransportError {
    match error {
        Error::NoService
        | Error::ServiceStopped
        | Error::ServerTooBusy
        | Error::InvalidHandle
        | Error::Cancelled
        | Error::Shutdown => TransportError::NoService,
        Error::NoReadersAvailable | Error::UnknownReader | Error::ReaderUnavailable => {
            TransportError::NoReader
        }
        Error::NoSmartcard => TransportError::NoCard,
        Error::RemovedCard | Error::ResetCard | Error::UnpoweredCard => TransportError::CardLifted,
        Error::SharingViolation => TransportError::InUse,
        _ => TransportError::Protocol,
    }
}
