//! Where a certificate goes: a folder, or a printer.
//!
//! An output takes a [`Certificate`] alone, and only the hand-over check makes one: what was not checked cannot be
//! written or printed.

mod folder;
mod printer;

use std::collections::BTreeSet;
use std::future::ready;
use std::num::NonZeroU8;

use issuance_api::{Problem, ProblemCode};

pub use folder::Folder;
pub use printer::{AddressError, Condition, Printer, PrinterAddress, Warning, understands};

use crate::handover::Certificate;

/// One place for certificates.
pub trait Output: Send {
    /// Whether nothing of an earlier delivery can come out any more. Sees to it, as far as that is possible.
    ///
    /// # Errors
    /// [`OutputError::JobOpen`] while that is not known.
    fn settled(&mut self) -> impl Future<Output = Result<(), OutputError>> + Send;

    /// Whether it could take `copies` now. Asked before anything is issued, so that an empty paper tray costs no
    /// certificate.
    ///
    /// # Errors
    /// [`OutputError`] says what is in the way.
    fn ready(&mut self, copies: u8) -> impl Future<Output = Result<(), OutputError>> + Send;

    /// What it will need before long, for an attendant: it is ready still. Looks, and changes nothing.
    fn warnings(&mut self) -> impl Future<Output = BTreeSet<Warning>> + Send {
        ready(BTreeSet::new())
    }

    /// Puts all copies out and waits until that is done. `out` is told how many of them are, whenever that is known to have changed. Of a
    /// delivery that failed nothing comes out any more.
    ///
    /// # Errors
    /// [`Undelivered`] says why nothing, or not everything, came out, and what did; [`OutputError::OutcomeUnknown`] if that is
    /// not known.
    fn deliver(
        &mut self,
        certificate: &Certificate,
        out: &mut (dyn FnMut(u8) + Send),
    ) -> impl Future<Output = Result<(), Undelivered>> + Send;

    /// Takes back a delivery that was dropped under way, as far as a few seconds go: the program ends.
    fn abandon(&mut self) -> impl Future<Output = ()> + Send;
}

/// A delivery that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Undelivered {
    /// Why.
    pub why: OutputError,
    /// Copies that are known to have come out: less than were wanted, if it is known at all how it ended.
    pub out: u8,
}

impl From<OutputError> for Undelivered {
    fn from(why: OutputError) -> Self {
        Self { why, out: 0 }
    }
}

impl From<Undelivered> for Problem {
    fn from(undelivered: Undelivered) -> Self {
        Self {
            printed: NonZeroU8::new(undelivered.out),
            ..ProblemCode::from(undelivered.why).into()
        }
    }
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
    /// Paper is jammed.
    #[error("paper is jammed in the printer")]
    Jam,
    /// A cover is open, or a tray missing.
    #[error("a cover of the printer is open")]
    CoverOpen,
    /// No toner or ink, or no room for what is left of it.
    #[error("the printer is out of toner or ink")]
    SupplyEmpty,
    /// The printer's output tray is full.
    #[error("the printer's output tray is full")]
    OutputFull,
    /// The printer does not say that it takes PDF, A4, so many copies and the operations that are needed.
    #[error("the printer cannot print certificates")]
    Unsuitable,
    /// The printer stands still, or gave the job up.
    #[error("the printer refused or aborted the job")]
    Failed,
    /// Everything, something or nothing came out, or still may.
    #[error("the printer does not say what became of the job")]
    OutcomeUnknown,
    /// A job of an earlier session may not have ended.
    #[error("an earlier job may still be printed")]
    JobOpen,
}

impl From<OutputError> for ProblemCode {
    fn from(error: OutputError) -> Self {
        match error {
            OutputError::Folder => Self::OutputFailed,
            OutputError::Unavailable => Self::PrinterUnavailable,
            OutputError::OutOfPaper => Self::PrinterOutOfPaper,
            OutputError::Jam => Self::PrinterJam,
            OutputError::CoverOpen => Self::PrinterCoverOpen,
            OutputError::SupplyEmpty => Self::PrinterSupplyEmpty,
            OutputError::OutputFull => Self::PrinterOutputFull,
            OutputError::Unsuitable => Self::PrinterUnsuitable,
            OutputError::Failed => Self::PrinterFailed,
            OutputError::OutcomeUnknown => Self::PrinterOutcomeUnknown,
            OutputError::JobOpen => Self::PrinterJobOpen,
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
    async fn warnings(&mut self) -> BTreeSet<Warning> {
        match self {
            Self::Folder(folder) => folder.warnings().await,
            Self::Printer(printer) => printer.warnings().await,
        }
    }

    async fn settled(&mut self) -> Result<(), OutputError> {
        match self {
            Self::Folder(folder) => folder.settled().await,
            Self::Printer(printer) => printer.settled().await,
        }
    }

    async fn ready(&mut self, copies: u8) -> Result<(), OutputError> {
        match self {
            Self::Folder(folder) => folder.ready(copies).await,
            Self::Printer(printer) => printer.ready(copies).await,
        }
    }

    async fn deliver(
        &mut self,
        certificate: &Certificate,
        out: &mut (dyn FnMut(u8) + Send),
    ) -> Result<(), Undelivered> {
        match self {
            Self::Folder(folder) => folder.deliver(certificate, out).await,
            Self::Printer(printer) => printer.deliver(certificate, out).await,
        }
    }

    async fn abandon(&mut self) {
        match self {
            Self::Folder(folder) => folder.abandon().await,
            Self::Printer(printer) => printer.abandon().await,
        }
    }
}
