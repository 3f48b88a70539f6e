//! What a printer says about itself.

use std::collections::BTreeSet;

use hyper::body::Bytes;
use ipp::attribute::{IppAttribute, IppAttributeGroup};
use ipp::model::{DelimiterTag, Operation, PrinterState};
use ipp::request::IppRequestResponse;
use ipp::value::IppValue;
use serde::{Deserialize, Serialize};

use super::super::OutputError;
use super::{A4, Printer, group, number, texts};

/// What an attendant has to know of a printer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// What keeps it from printing.
    pub obstacle: Option<OutputError>,
    /// What will, before long.
    pub warnings: BTreeSet<Warning>,
}

/// What needs a hand before long: it prints still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Warning {
    /// Little paper is left, or one of several trays is empty.
    PaperLow,
    /// Little toner or ink is left.
    SupplyLow,
    /// Toner or ink is used up, and the printer goes on for now: pages may be pale.
    SupplyEmpty,
    /// The container for waste toner or ink is almost full.
    WasteAlmostFull,
    /// The output tray is almost full.
    OutputAlmostFull,
    /// A drum or a fuser is almost worn out.
    PartWorn,
}

impl Condition {
    /// As a printer's answer has it.
    pub(super) fn of(answer: &IppRequestResponse) -> Self {
        let attributes = group(answer, DelimiterTag::PrinterAttributes);
        let reasons = attributes.map(|it| texts(it, IppAttribute::PRINTER_STATE_REASONS));
        let warnings = reasons.iter().flatten().filter_map(|it| warning(it));
        Self {
            obstacle: attributes.and_then(|it| hindrance(it).err()),
            warnings: warnings.collect(),
        }
    }
}

impl Printer {
    /// What an attendant has to know. Looks, and changes nothing.
    pub async fn condition(&self) -> Condition {
        match self.described().await {
            Err(obstacle) => Condition {
                obstacle: Some(obstacle),
                ..Condition::default()
            },
            Ok(answer) => Condition::of(&answer),
        }
    }

    /// Asks the printer about itself; an error if something keeps it from printing.
    pub(super) async fn health(&self) -> Result<IppRequestResponse, OutputError> {
        let answer = self.described().await?;
        let attributes = group(&answer, DelimiterTag::PrinterAttributes);
        hindrance(attributes.ok_or(OutputError::Unavailable)?)?;
        Ok(answer)
    }

    async fn described(&self) -> Result<IppRequestResponse, OutputError> {
        let request = self.request(Operation::GetPrinterAttributes)?;
        Ok(self.transport.send(request, Bytes::new()).await?)
    }
}

fn hindrance(attributes: &IppAttributeGroup) -> Result<(), OutputError> {
    let reasons = texts(attributes, IppAttribute::PRINTER_STATE_REASONS);
    // An empty tray that is only reported is no obstacle while another holds A4. Some printers only ever report it.
    let tray_empty =
        |reason: &String| reason.starts_with("media-empty") || reason.starts_with("media-needed");
    let ready = texts(attributes, IppAttribute::MEDIA_READY);
    let a4_ready = ready.iter().any(|media| media == A4);
    let no_a4 = !a4_ready && reasons.iter().any(tray_empty);
    let obstacles = reasons.iter().filter_map(|reason| obstacle(reason));
    let obstacles = obstacles.chain(no_a4.then_some(OutputError::OutOfPaper));
    if let Some(obstacle) = obstacles.max_by_key(rank) {
        return Err(obstacle);
    }
    let stopped = PrinterState::Stopped as i32;
    let accepting = attributes
        .get(IppAttribute::PRINTER_IS_ACCEPTING_JOBS)
        .is_none_or(|it| !matches!(it.value(), IppValue::Boolean(false)));
    if !accepting
        || number(attributes, IppAttribute::PRINTER_STATE).is_none_or(|state| state == stopped)
    {
        return Err(OutputError::Failed);
    }
    Ok(())
}

/// What a `printer-state-reasons` keyword (RFC 8011, section 5.4.12) keeps a printer from, if anything.
pub(super) fn obstacle(reason: &str) -> Option<OutputError> {
    let keyword = keyword(reason);
    match keyword {
        // However lightly it is told: nothing is sent into a jam or past an open cover. Some printers only ever report these.
        "media-jam" => return Some(OutputError::Jam),
        "cover-open" | "door-open" | "interlock-open" => return Some(OutputError::CoverOpen),
        _ if reason.ends_with("-report") || reason.ends_with("-warning") => return None,
        _ => {}
    }
    match keyword {
        "media-empty" | "media-needed" => Some(OutputError::OutOfPaper),
        "offline" | "shutdown" | "connecting-to-device" | "timed-out" => {
            Some(OutputError::Unavailable)
        }
        "input-tray-missing" | "output-tray-missing" => Some(OutputError::CoverOpen),
        "marker-supply-empty"
        | "toner-empty"
        | "marker-waste-full"
        | "opc-life-over"
        | "developer-empty" => Some(OutputError::SupplyEmpty),
        "output-area-full" => Some(OutputError::OutputFull),
        "paused"
        | "moving-to-paused"
        | "stopped-partly"
        | "stopping"
        | "spool-area-full"
        | "fuser-over-temp"
        | "fuser-under-temp"
        | "interpreter-resource-unavailable" => Some(OutputError::Failed),
        _ => None,
    }
}

/// Of several obstacles the one that has to be dealt with first counts: a jam opens covers, and both stop the printer.
const fn rank(obstacle: &OutputError) -> u8 {
    match obstacle {
        OutputError::Jam => 6,
        OutputError::CoverOpen => 5,
        OutputError::OutOfPaper => 4,
        OutputError::SupplyEmpty => 3,
        OutputError::OutputFull => 2,
        OutputError::Unavailable => 1,
        _ => 0,
    }
}

/// What a `printer-state-reasons` keyword tells an attendant, where it keeps the printer from nothing.
pub(super) fn warning(reason: &str) -> Option<Warning> {
    if obstacle(reason).is_some() {
        return None;
    }
    match keyword(reason) {
        "media-low" | "media-empty" | "media-needed" => Some(Warning::PaperLow),
        "marker-supply-low" | "toner-low" | "developer-low" => Some(Warning::SupplyLow),
        "marker-supply-empty" | "toner-empty" | "developer-empty" => Some(Warning::SupplyEmpty),
        "marker-waste-almost-full" => Some(Warning::WasteAlmostFull),
        "output-area-almost-full" => Some(Warning::OutputAlmostFull),
        "opc-near-eol" => Some(Warning::PartWorn),
        _ => None,
    }
}

/// A reason without its severity.
fn keyword(reason: &str) -> &str {
    let severities = ["-report", "-warning", "-error"];
    let without = severities.iter().find_map(|it| reason.strip_suffix(it));
    without.unwrap_or(reason)
}
