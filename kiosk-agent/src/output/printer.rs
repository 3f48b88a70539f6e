//! A printer on IPP (RFC 8010, 8011): the page goes straight to the device, never by way of a spool:
//! CUPS's queues, which keep pages on a disk, are refused by their paths ([`AddressError::Spool`]). What the device itself keeps is its operator's to set.
//!
//! ```text
//! Get-Jobs                 jobs of this terminal that have not ended: cancelled before anything else is done
//! Get-Printer-Attributes   application/pdf, A4, copies, operations, printer-state-reasons
//! Create-Job               copies, media iso_a4_210x297mm: the job has a number before it has a page
//! Send-Document            the page
//! Get-Job-Attributes       until the job has ended; its state decides, whatever answers were lost
//! Cancel-Job               when it does not come to that
//! ```
//! Nothing may come out in the next session. A page therefore only ever goes to a job whose number is known, never with
//! Print-Job: a job whose creation went unanswered is empty and prints nothing. As long as a job of this terminal may not
//! have ended, whichever run of the program left it, [`Printer`] is not ready. They are told from others by their name.

mod address;
mod delivery;
mod health;
mod job;
mod transport;

use std::collections::BTreeSet;
use std::time::Duration;

use hyper::body::Bytes;
use ipp::attribute::{IppAttribute, IppAttributeGroup};
use ipp::model::{DelimiterTag, IppVersion, Operation};
use ipp::parser::IppParseError;
use ipp::request::IppRequestResponse;
use ipp::value::IppValue;
use issuance_api::TerminalUrn;
use issuance_channel::client::Way;
use tokio::time::{Instant, sleep, timeout_at};

pub use address::{AddressError, PrinterAddress};
pub use health::{Condition, Warning};
use job::State;
use transport::{Failure, Transport};

use super::{Output, OutputError, Undelivered};
use crate::handover::Certificate;

/// All that is made of a printer's answer, whatever was asked; whether it says success. For whoever tries what answers can do.
#[must_use]
pub fn understands(answer: &[u8]) -> bool {
    let Ok(answer) = transport::successful(Bytes::copy_from_slice(answer)) else {
        return false;
    };
    // A terminal's own jobs are found by its name: here everybody's are looked for that have none.
    let _ = job::numbers_of(&answer, "");
    let _ = (job::Standing::of(&answer), Condition::of(&answer));
    true
}

const PDF: &str = "application/pdf";
const A4: &str = "iso_a4_210x297mm";
/// Between two questions for a job's state.
const POLL: Duration = Duration::from_millis(200);
/// What a printer has to understand; every IPP Everywhere printer does (PWG 5100.14).
const OPERATIONS: [Operation; 5] = [
    Operation::CreateJob,
    Operation::SendDocument,
    Operation::CancelJob,
    Operation::GetJobAttributes,
    Operation::GetJobs,
];

/// How long a printer has.
#[derive(Clone, Copy, Debug)]
struct Waits {
    /// Until a job has to be done: warming up and ten slow pages.
    printed: Duration,
    /// While it says nothing about a job, before that is given up.
    silence: Duration,
    /// While something hinders it, with the job not stopped: it may report the tray empty as it feeds the last sheet.
    hindered: Duration,
    /// To end a job that was cancelled.
    cancelled: Duration,
    /// To end jobs of earlier sessions, before that is told.
    settled: Duration,
    /// To end a job when the program has to end.
    abandoned: Duration,
}

const WAITS: Waits = Waits {
    printed: Duration::from_secs(180),
    silence: Duration::from_secs(30),
    hindered: Duration::from_secs(15),
    cancelled: Duration::from_secs(30),
    settled: Duration::from_secs(2),
    abandoned: Duration::from_secs(5),
};

/// What is known of this terminal's jobs at the printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Jobs {
    /// Nobody looked yet: a run of this program before may have left some.
    Unlooked,
    /// One may not have ended; its number, where the printer said it.
    Open(Option<i32>),
    /// All have ended.
    Ended,
}

/// A printer and the connection it is reached by.
#[derive(Debug)]
pub struct Printer {
    address: PrinterAddress,
    transport: Transport,
    /// What this terminal's jobs are called.
    name: String,
    jobs: Jobs,
    waits: Waits,
}

impl Printer {
    /// The printer at this address, for this terminal. `ca` holds, in PEM, who may vouch for an `ipps` printer.
    ///
    /// # Errors
    /// [`AddressError::Authority`] if the address is `ipps` and no certificate can be read from `ca`.
    pub fn new(
        address: PrinterAddress,
        ca: Option<&std::path::Path>,
        terminal: &TerminalUrn,
    ) -> Result<Self, AddressError> {
        let transport = Transport::new(&address, ca)?;
        Ok(Self {
            address,
            transport,
            // Shown on the printer's panel and in its log: the same for everybody.
            name: format!("certificate {}", terminal.as_str()),
            jobs: Jobs::Unlooked,
            waits: WAITS,
        })
    }

    /// Its address leads there by this way.
    #[must_use]
    pub fn by(mut self, way: Way) -> Self {
        self.transport.way = way;
        self
    }

    fn request(&self, operation: Operation) -> Result<IppRequestResponse, Failure> {
        let mut request = IppRequestResponse::new(IppVersion::v2_0(), operation, None)
            .map_err(|_| Failure::Unsaid)?;
        let operation = DelimiterTag::OperationAttributes;
        let uri = IppValue::new_uri(self.address.as_str());
        add(&mut request, operation, IppAttribute::PRINTER_URI, uri)?;
        let user = IppValue::new_name_without_language("kiosk");
        let name = IppAttribute::REQUESTING_USER_NAME;
        add(&mut request, operation, name, user)?;
        Ok(request)
    }

    /// Cancels what this terminal left at the printer and has not ended. Whether all of it has now.
    async fn sweep(&self, known: Option<i32>) -> Result<bool, Failure> {
        let deadline = Instant::now() + self.waits.settled;
        let mut told = BTreeSet::new();
        loop {
            let mut open = self.open_jobs().await?;
            // The list may lag behind.
            if let Some(job) = known
                && !open.contains(&job)
                && matches!(self.state(job).await?, State::Open(_))
            {
                open.push(job);
            }
            if open.is_empty() {
                return Ok(true);
            }
            for job in open {
                if told.insert(job) {
                    // One that ended in between cannot be cancelled: the next look tells.
                    let _ = self.cancel(job).await;
                }
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            sleep(POLL).await;
        }
    }
}

impl Output for Printer {
    async fn settled(&mut self) -> Result<(), OutputError> {
        let known = match self.jobs {
            Jobs::Ended => return Ok(()),
            Jobs::Unlooked => None,
            Jobs::Open(job) => job,
        };
        match self.sweep(known).await {
            Ok(true) => {
                self.jobs = Jobs::Ended;
                Ok(())
            }
            Ok(false) => {
                self.jobs = Jobs::Open(known);
                Err(OutputError::JobOpen)
            }
            Err(failure) if self.jobs == Jobs::Unlooked => Err(failure.into()),
            Err(_) => Err(OutputError::JobOpen),
        }
    }

    async fn ready(&mut self, copies: u8) -> Result<(), OutputError> {
        self.settled().await?;
        let answer = self.health().await?;
        let attributes =
            group(&answer, DelimiterTag::PrinterAttributes).ok_or(OutputError::Unavailable)?;
        let has = |name, wanted: &str| texts(attributes, name).iter().any(|text| text == wanted);
        let copies_fit = attributes.get(IppAttribute::COPIES_SUPPORTED).is_some_and(|range| {
            matches!(range.value(), IppValue::RangeOfInteger { max, .. } if *max >= i32::from(copies))
        });
        let operations = numbers(attributes, IppAttribute::OPERATIONS_SUPPORTED);
        let suitable = has(IppAttribute::DOCUMENT_FORMAT_SUPPORTED, PDF)
            && has(IppAttribute::MEDIA_SUPPORTED, A4)
            && OPERATIONS
                .iter()
                .all(|it| operations.contains(&(*it as i32)))
            && (copies_fit || copies == 1);
        suitable.then_some(()).ok_or(OutputError::Unsuitable)
    }

    async fn warnings(&mut self) -> BTreeSet<Warning> {
        self.condition().await.warnings
    }

    async fn deliver(
        &mut self,
        certificate: &Certificate,
        out: &mut (dyn FnMut(u8) + Send),
    ) -> Result<(), Undelivered> {
        self.ready(certificate.copies()).await?;
        self.jobs = Jobs::Open(None);
        match self.create(certificate.copies()).await {
            Ok(job) => {
                self.jobs = Jobs::Open(Some(job));
                self.print(job, certificate, out).await
            }
            Err(failure) => {
                // A job that was made all the same has no page. It is in the way of the next, at most.
                let _ = self.settled().await;
                Err(OutputError::from(failure).into())
            }
        }
    }

    async fn abandon(&mut self) {
        let deadline = Instant::now() + self.waits.abandoned;
        let settled = async {
            while matches!(self.jobs, Jobs::Open(_)) && self.settled().await.is_err() {
                sleep(POLL).await;
            }
        };
        // A printer that does not answer takes no longer: the job stays open, and that is known.
        let _ = timeout_at(deadline, settled).await;
    }
}

fn add(
    request: &mut IppRequestResponse,
    group: DelimiterTag,
    name: &str,
    value: Result<IppValue, IppParseError>,
) -> Result<(), Failure> {
    let attribute = value.and_then(|value| IppAttribute::with_name(name, value));
    let attribute = attribute.map_err(|_| Failure::Unsaid)?;
    request.attributes_mut().add(group, attribute);
    Ok(())
}

fn group(answer: &IppRequestResponse, tag: DelimiterTag) -> Option<&IppAttributeGroup> {
    answer.attributes().first_of(tag)
}

fn number(group: &IppAttributeGroup, name: &str) -> Option<i32> {
    numbers(group, name).first().copied()
}

fn numbers(group: &IppAttributeGroup, name: &str) -> Vec<i32> {
    let values = group
        .get(name)
        .into_iter()
        .flat_map(|attribute| attribute.value());
    values
        .filter_map(|value| match value {
            IppValue::Integer(number) | IppValue::Enum(number) => Some(*number),
            _ => None,
        })
        .collect()
}

fn texts(group: &IppAttributeGroup, name: &str) -> Vec<String> {
    let values = group
        .get(name)
        .into_iter()
        .flat_map(|attribute| attribute.value());
    values.map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests;
