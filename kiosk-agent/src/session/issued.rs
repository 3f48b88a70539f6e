//! The end of the chain: issued and checked, handed over, reported.

use std::sync::Arc;

use issuance_api::terminal::DeliveredRequest;
use issuance_api::{Array, Blob, IssueIntent, Problem, issue_message, problem::Retry};

use super::{ATTEMPTS, PAUSE, Refused};
use crate::handover::Certificate;
use crate::key::SessionKey;
use crate::output::Output;
use crate::ports::Center;

/// The center's sealed state and the key that redeems it.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) key: Arc<SessionKey>,
    pub(super) state: Blob,
    pub(super) state_digest: Array<32>,
}

impl Sealed {
    pub(super) fn proof(&self, intent: IssueIntent, exporter: &Array<32>) -> Array<64> {
        self.key
            .sign(&issue_message(intent, &self.state_digest, exporter))
    }
}

/// The certificate is there and belongs to this card and this session.
#[derive(Debug)]
pub struct Checked {
    pub(super) certificate: Certificate,
    pub(super) sealed: Sealed,
}

impl Checked {
    /// Writes or prints it. `out` is told how many copies are out, of those that were not before.
    ///
    /// # Errors
    /// The output's problem, with the way back: what has not come out can be tried again without a second issue. There is no
    /// way back from `printer-outcome-unknown`: it may have come out.
    pub async fn hand_over(
        mut self,
        output: &mut impl Output,
        out: &mut (dyn FnMut(u8) + Send),
    ) -> Result<HandedOver, Refused<Self>> {
        match output.deliver(&self.certificate, out).await {
            Ok(()) => Ok(HandedOver {
                sealed: self.sealed,
            }),
            Err(undelivered) => {
                self.certificate.came_out(undelivered.out);
                let problem = Problem::from(undelivered);
                let again = problem.code.meaning().retry == Retry::Repeat;
                Err(Refused {
                    problem,
                    again: again.then(|| Box::new(self)),
                })
            }
        }
    }
}

impl Checked {
    /// Copies that are still to come out.
    #[must_use]
    pub const fn missing(&self) -> u8 {
        self.certificate.copies()
    }

    /// Copies that are out.
    #[must_use]
    pub const fn out(&self) -> u8 {
        self.certificate.out()
    }

    /// Leaves it at the copies that are out, if there are any: they are the resident's, and lapse unless the register knows of them.
    #[must_use]
    pub fn leave(self) -> Option<HandedOver> {
        (self.certificate.out() > 0).then_some(HandedOver {
            sealed: self.sealed,
        })
    }
}

/// The resident has it; the register does not know yet.
#[derive(Debug)]
pub struct HandedOver {
    sealed: Sealed,
}

/// It is over; nothing is held any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The register says `delivered`. If not, the certificate lapses.
    pub reported: bool,
}

impl HandedOver {
    /// Reports the hand-over, a few times if need be.
    pub async fn report(self, center: &mut impl Center) -> Done {
        let request = |exporter: &Array<32>| DeliveredRequest {
            state: self.sealed.state.clone(),
            proof: self.sealed.proof(IssueIntent::Delivered, exporter),
        };
        let reported = repeated!(center.delivered(&request)).is_ok();
        Done { reported }
    }
}
