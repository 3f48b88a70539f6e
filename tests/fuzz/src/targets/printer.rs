//! A printer's answers (RFC 8010, section 3), as a terminal understands them.

use std::io::Cursor;

use ipp::parser::IppParser;
use ipp::reader::IppReader;
use terminal::output::understands;

/// Understood, or not.
pub(super) fn body(input: &[u8]) {
    let _ = understands(input);
}

/// The parser by itself, which takes for granted that lengths inside values end where those do.
pub(super) fn planted(input: &[u8]) {
    let _ = IppParser::new(IppReader::new(Cursor::new(input.to_vec()))).parse();
}

/// A value with its name, or one more of the same.
fn attribute(tag: u8, name: &str, value: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes();
    let name = name.as_bytes();
    [&[tag][..], &length(name), name, &length(value), value].concat()
}

/// A success with groups of attributes, each behind its tag.
fn answer(groups: &[u8]) -> Vec<u8> {
    let head = [
        attribute(0x47, "attributes-charset", b"utf-8"),
        attribute(0x48, "attributes-natural-language", b"en"),
    ];
    // Version 2.0, success, request 1; operation attributes, the groups, the end.
    let begin = [2, 0, 0, 0, 0, 0, 0, 1, 0x01];
    [&begin[..], &head.concat(), groups, &[0x03]].concat()
}

fn understood(seeds: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    assert!(
        seeds.iter().all(|seed| understands(seed)),
        "answers to begin with"
    );
    seeds
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let one =
        |group: u8, attributes: &[Vec<u8>]| answer(&[&[group][..], &attributes.concat()].concat());
    let job = [
        attribute(0x21, "job-id", &7_i32.to_be_bytes()),
        attribute(0x42, "job-name", b""),
        // A text with its language: lengths inside a value.
        attribute(0x35, "job-state-message", b"\0\x02en\0\x04done"),
        attribute(0x23, "job-state", &9_i32.to_be_bytes()),
        attribute(0x44, "job-state-reasons", b"job-completed-with-errors"),
        attribute(0x21, "job-impressions-completed", &2_i32.to_be_bytes()),
    ];
    let printer = [
        attribute(0x23, "printer-state", &3_i32.to_be_bytes()),
        attribute(0x44, "printer-state-reasons", b"media-empty-warning"),
        // One more value of the same.
        attribute(0x44, "", b"toner-low-report"),
        attribute(0x22, "printer-is-accepting-jobs", &[1]),
        attribute(0x44, "media-ready", b"iso_a4_210x297mm"),
    ];
    understood(vec![one(0x02, &job), one(0x04, &printer)])
}

/// Nearly as long as an answer may be (`ANSWER_LIMIT` of `kiosk-agent/src/output/printer/transport.rs`): many jobs, and many reasons of one.
pub(super) fn long() -> Vec<Vec<u8>> {
    const LONG: usize = 1_000_000;
    let job = [
        &[0x02][..],
        &attribute(0x21, "job-id", &7_i32.to_be_bytes()),
        &attribute(0x42, "job-name", b""),
        &attribute(0x23, "job-state", &9_i32.to_be_bytes()),
    ]
    .concat();
    let state = [
        &[0x02][..],
        &attribute(0x23, "job-state", &9_i32.to_be_bytes()),
        &attribute(0x44, "job-state-reasons", b"none"),
    ]
    .concat();
    let reason = attribute(0x44, "", b"job-completed-with-errors");
    let reasons = reason.repeat(LONG / reason.len());
    understood(vec![
        answer(&job.repeat(LONG / job.len())),
        answer(&[state, reasons].concat()),
    ])
}
