//! A printer on IPP (RFC 8010, 8011): the page goes straight to the device, never by way of a spool.
//!
//! ```text
//! Get-Printer-Attributes   application/pdf, A4, copies, printer-state-reasons
//! Print-Job                the page, copies, media iso_a4_210x297mm
//! Get-Job-Attributes       until job-state is completed
//! Cancel-Job               when it does not come to that: nothing may come out in the next session
//! ```

mod address;
mod transport;

use std::time::Duration;

use hyper::body::Bytes;
use ipp::attribute::{IppAttribute, IppAttributeGroup};
use ipp::model::{DelimiterTag, IppVersion, JobState, Operation, PrinterState};
use ipp::request::IppRequestResponse;
use ipp::value::IppValue;
use tokio::time::{Instant, sleep};

pub use address::{AddressError, PrinterAddress};
use transport::Transport;

use super::{Output, OutputError};
use crate::handover::Certificate;

const PDF: &str = "application/pdf";
const A4: &str = "iso_a4_210x297mm";
/// Between two questions for the job's state.
const POLL: Duration = Duration::from_millis(200);
/// Until a job has to be done: warming up and ten slow pages.
const PRINTED_WITHIN: Duration = Duration::from_secs(180);

/// A printer and the connection it is reached by.
#[derive(Debug)]
pub struct Printer {
    address: PrinterAddress,
    transport: Transport,
}

impl Printer {
    /// The printer at this address. `ca` holds, in PEM, who may vouch for an `ipps` printer.
    ///
    /// # Errors
    /// [`AddressError::Authority`] if the address is `ipps` and no certificate can be read from `ca`.
    pub fn new(
        address: PrinterAddress,
        ca: Option<&std::path::Path>,
    ) -> Result<Self, AddressError> {
        let transport = Transport::new(&address, ca)?;
        Ok(Self { address, transport })
    }

    fn request(&self, operation: Operation) -> Result<IppRequestResponse, OutputError> {
        let mut request = IppRequestResponse::new(IppVersion::v2_0(), operation, None)
            .map_err(|_| OutputError::Failed)?;
        let uri = IppValue::new_uri(self.address.as_str()).map_err(|_| OutputError::Failed)?;
        add(
            &mut request,
            DelimiterTag::OperationAttributes,
            IppAttribute::PRINTER_URI,
            uri,
        )?;
        let user = IppValue::new_name_without_language("kiosk").map_err(|_| OutputError::Failed)?;
        let name = IppAttribute::REQUESTING_USER_NAME;
        add(&mut request, DelimiterTag::OperationAttributes, name, user)?;
        Ok(request)
    }

    /// Asks the printer about itself; an error if something keeps it from printing.
    async fn health(&self) -> Result<IppRequestResponse, OutputError> {
        let request = self.request(Operation::GetPrinterAttributes)?;
        let answer = self.transport.send(request, Bytes::new()).await?;
        let attributes =
            group(&answer, DelimiterTag::PrinterAttributes).ok_or(OutputError::Unavailable)?;
        let reasons = texts(attributes, IppAttribute::PRINTER_STATE_REASONS);
        // An empty tray is no obstacle while another holds A4. Some printers only ever report it.
        let tray_empty = |reason: &String| {
            reason.starts_with("media-empty") || reason.starts_with("media-needed")
        };
        let a4_ready = texts(attributes, IppAttribute::MEDIA_READY)
            .iter()
            .any(|media| media == A4);
        if !a4_ready && reasons.iter().any(tray_empty) {
            return Err(OutputError::OutOfPaper);
        }
        if let Some(obstacle) = reasons
            .iter()
            .filter_map(|reason| obstacle(reason))
            .max_by_key(rank)
        {
            return Err(obstacle);
        }
        let stopped = PrinterState::Stopped as i32;
        if number(attributes, IppAttribute::PRINTER_STATE).is_none_or(|state| state == stopped) {
            return Err(OutputError::Failed);
        }
        Ok(answer)
    }

    async fn print(&self, certificate: &Certificate) -> Result<i32, OutputError> {
        let mut request = self.request(Operation::PrintJob)?;
        let failed = |_| OutputError::Failed;
        let operation = DelimiterTag::OperationAttributes;
        let format = IppValue::new_mime_media_type(PDF).map_err(failed)?;
        add(
            &mut request,
            operation,
            IppAttribute::DOCUMENT_FORMAT,
            format,
        )?;
        // Shown on the printer's panel and in its log: the same for everybody.
        let name = IppValue::new_name_without_language("certificate").map_err(failed)?;
        add(&mut request, operation, IppAttribute::JOB_NAME, name)?;
        let job = DelimiterTag::JobAttributes;
        let copies = IppValue::new_integer(i32::from(certificate.copies()));
        add(&mut request, job, IppAttribute::COPIES, copies)?;
        let media = IppValue::new_keyword(A4).map_err(failed)?;
        add(&mut request, job, IppAttribute::MEDIA, media)?;

        let page = Bytes::copy_from_slice(certificate.page());
        let answer = self.transport.send(request, page).await?;
        group(&answer, job)
            .and_then(|attributes| number(attributes, IppAttribute::JOB_ID))
            .ok_or(OutputError::Failed)
    }

    async fn printed(&self, job: i32) -> Result<(), OutputError> {
        let deadline = Instant::now() + PRINTED_WITHIN;
        loop {
            let request = self.job_request(Operation::GetJobAttributes, job)?;
            let answer = self.transport.send(request, Bytes::new()).await?;
            let state = group(&answer, DelimiterTag::JobAttributes)
                .and_then(|attributes| number(attributes, IppAttribute::JOB_STATE));
            match state {
                Some(state) if state == JobState::Completed as i32 => return Ok(()),
                Some(state)
                    if [JobState::Aborted as i32, JobState::Canceled as i32].contains(&state) =>
                {
                    // Why, if the printer says: no paper is worth telling apart.
                    return Err(self.health().await.err().unwrap_or(OutputError::Failed));
                }
                _ => drop(self.health().await?),
            }
            if Instant::now() >= deadline {
                return Err(OutputError::Failed);
            }
            sleep(POLL).await;
        }
    }

    fn job_request(
        &self,
        operation: Operation,
        job: i32,
    ) -> Result<IppRequestResponse, OutputError> {
        let mut request = self.request(operation)?;
        let id = IppValue::new_integer(job);
        add(
            &mut request,
            DelimiterTag::OperationAttributes,
            IppAttribute::JOB_ID,
            id,
        )?;
        Ok(request)
    }
}

impl Output for Printer {
    async fn ready(&mut self, copies: u8) -> Result<(), OutputError> {
        let answer = self.health().await?;
        let attributes =
            group(&answer, DelimiterTag::PrinterAttributes).ok_or(OutputError::Unavailable)?;
        let has = |name, wanted: &str| texts(attributes, name).iter().any(|text| text == wanted);
        let copies_fit = attributes.get(IppAttribute::COPIES_SUPPORTED).is_some_and(|range| {
            matches!(range.value(), IppValue::RangeOfInteger { max, .. } if *max >= i32::from(copies))
        });
        let suitable = has(IppAttribute::DOCUMENT_FORMAT_SUPPORTED, PDF)
            && has(IppAttribute::MEDIA_SUPPORTED, A4)
            && (copies_fit || copies == 1);
        suitable.then_some(()).ok_or(OutputError::Failed)
    }

    async fn deliver(&mut self, certificate: &Certificate) -> Result<(), OutputError> {
        self.ready(certificate.copies()).await?;
        let job = self.print(certificate).await?;
        let printed = self.printed(job).await;
        if printed.is_err() {
            let cancel = self.job_request(Operation::CancelJob, job)?;
            // A job that ended by itself cannot be cancelled, and a printer that is gone cannot be told.
            drop(self.transport.send(cancel, Bytes::new()).await);
        }
        printed
    }
}

fn add(
    request: &mut IppRequestResponse,
    group: DelimiterTag,
    name: &str,
    value: IppValue,
) -> Result<(), OutputError> {
    let attribute = IppAttribute::with_name(name, value).map_err(|_| OutputError::Failed)?;
    request.attributes_mut().add(group, attribute);
    Ok(())
}

fn group(answer: &IppRequestResponse, tag: DelimiterTag) -> Option<&IppAttributeGroup> {
    answer.attributes().first_of(tag)
}

fn number(group: &IppAttributeGroup, name: &str) -> Option<i32> {
    match group.get(name)?.value() {
        IppValue::Integer(number) | IppValue::Enum(number) => Some(*number),
        _ => None,
    }
}

fn texts(group: &IppAttributeGroup, name: &str) -> Vec<String> {
    let values = group
        .get(name)
        .into_iter()
        .flat_map(|attribute| attribute.value());
    values.map(ToString::to_string).collect()
}

/// What a `printer-state-reasons` keyword (RFC 8011, section 5.4.12) keeps a printer from, if anything.
fn obstacle(reason: &str) -> Option<OutputError> {
    if reason.ends_with("-report") || reason.ends_with("-warning") {
        return None;
    }
    match reason.strip_suffix("-error").unwrap_or(reason) {
        "media-empty" | "media-needed" => Some(OutputError::OutOfPaper),
        "offline" | "shutdown" | "connecting-to-device" | "timed-out" => {
            Some(OutputError::Unavailable)
        }
        "media-jam"
        | "paused"
        | "moving-to-paused"
        | "stopped-partly"
        | "stopping"
        | "toner-empty"
        | "marker-supply-empty"
        | "marker-waste-full"
        | "cover-open"
        | "door-open"
        | "interlock-open"
        | "input-tray-missing"
        | "output-tray-missing"
        | "output-area-full"
        | "spool-area-full"
        | "fuser-over-temp"
        | "fuser-under-temp"
        | "opc-life-over"
        | "developer-empty"
        | "interpreter-resource-unavailable" => Some(OutputError::Failed),
        _ => None,
    }
}

/// Of several obstacles the most telling counts.
const fn rank(obstacle: &OutputError) -> u8 {
    match obstacle {
        OutputError::OutOfPaper => 2,
        OutputError::Unavailable => 1,
        OutputError::Failed | OutputError::Folder => 0,
    }
}

#[cfg(test)]
mod tests;
