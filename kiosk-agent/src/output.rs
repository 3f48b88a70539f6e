//! Where a certificate goes: a folder, or a printer.
//!
//! An output takes a [`Certificate`] alone, and only the hand-over check makes one: what was not checked cannot be
//! written or printed.

mod folder;
mod printer;

use issuance_api::ProblemCode;

pub use folder::Folder;
pub use printer::{AddressError, Printer, PrinterAddress};

use crate::handover::Certificate;

/// One place for certificates.
pub trait Output: Send {
    /// Whether it could take `copies` now. Asked before anything is issued, so that an empty paper tray costs no
    /// certificate.
    ///
    /// # Errors
    /// [`OutputError`] says what is in the way.
    fn ready(&mut self, copies: u8) -> impl Future<Output = Result<(), OutputError>> + Send;

    /// Puts all copies out and waits until that is done. Nothing remains of a delivery that failed.
    ///
    /// # Errors
    /// [`OutputError`] says why nothing, or not everything, came out.
    fn deliver(
        &mut self,
        certificate: &Certificate,
    ) -> impl Future<Output = Result<(), OutputError>> + Send;
}

/// Why nothing came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// The folder is missing or cannot be written.
    #[error("the folder cannot be written")]
    Folder,
    /// The printer does not answer, or not in IPP, or its certificate is not trusted.
    #[error("the printer does not answer")]
    Unavailable,
    /// No paper.
    #[error("the printer is out of paper")]
    OutOfPaper,
    /// The printer cannot print this, stands still, or gave the job up.
    #[error("the printer refused or aborted the job")]
    Failed,
}

impl From<OutputError> for ProblemCode {
    fn from(error: OutputError) -> Self {
        match error {
            OutputError::Folder => Self::OutputFailed,
            OutputError::Unavailable => Self::PrinterUnavailable,
            OutputError::OutOfPaper => Self::PrinterOutOfPaper,
            OutputError::Failed => Self::PrinterFailed,
        }
    }
}

/// The output this terminal was started with.
#[derive(Debug)]
pub enum Place {
    /// Files.
    Folder(Folder),
    /// Paper.
    Printer(Box<Printer>),
}

impl Output for Place {
    async fn ready(&mut self, copies: u8) -> Result<(), OutputError> {
        match self {
            Self::Folder(folder) => folder.ready(copies).await,
            Self::Printer(printer) => printer.ready(copies).await,
        }
    }

    async fn deliver(&mut self, certificate: &Certificate) -> Result<(), OutputError> {
        match self {
            Self::Folder(folder) => folder.deliver(certificate).await,
            Self::Printer(printer) => printer.deliver(certificate).await,
        }
    }
}
