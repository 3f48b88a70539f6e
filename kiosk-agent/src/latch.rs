//! Out of service: once an answer did not belong to the card it was asked for, this process issues nothing any more.

use std::sync::atomic::{AtomicBool, Ordering};

use issuance_api::ProblemCode;

/// Latches the terminal out of service. Only starting the program again, by an operator, undoes it.
#[derive(Debug, Default)]
pub struct Latch(AtomicBool);

impl Latch {
    /// In service.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Out of service from here on.
    pub fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether applications are taken.
    ///
    /// # Errors
    /// `content-mismatch` once it was set.
    pub fn in_service(&self) -> Result<(), ProblemCode> {
        if self.0.load(Ordering::SeqCst) {
            return Err(ProblemCode::ContentMismatch);
        }
        Ok(())
    }
}
