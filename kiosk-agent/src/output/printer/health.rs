//! What a printer says about itself.

use hyper::body::Bytes;
use ipp::attribute::IppAttribute;
use ipp::model::{DelimiterTag, Operation, PrinterState};
use ipp::request::IppRequestResponse;

use super::super::OutputError;
use super::{A4, Printer, group, number, texts};

impl Printer {
    /// Asks the printer about itself; an error if something keeps it from printing.
    pub(super) async fn health(&self) -> Result<IppRequestResponse, OutputError> {
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
}

/// What a `printer-state-reasons` keyword (RFC 8011, section 5.4.12) keeps a printer from, if anything.
pub(super) fn obstacle(reason: &str) -> Option<OutputError> {
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
        _ => 0,
    }
}
