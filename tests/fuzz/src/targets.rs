//! The targets: for each a body that panics if something is wrong, and where to begin.

use card::evidence::{Context, MAX_EVIDENCE};
use card::file::MAX_FILE;

use crate::mutate::Shape;
use crate::seeds;

mod apdu;
mod attestation;
mod csv;
mod documents;
mod emulator;
mod evidence;
mod files;
mod mrz;
mod page;
mod picture;
mod printer;
mod qr;
mod request;
mod sealed;
mod session;
mod tlv;
mod x509;

/// Longest body of a request (`body_bytes` of `issuance-center/channel/src/server/config.rs`).
const BODY: usize = 64 * 1024;

/// One thing that is fuzzed.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, as a folder's and as libFuzzer's program.
    pub name: &'static str,
    /// What is done with an input: returns if all is well, panics if not.
    pub body: fn(&[u8]),
    /// How inputs are built.
    pub shape: Shape,
    /// Longest input that can tell something new.
    pub longest: usize,
    /// How many inputs the short fixed run in `./shomei test` takes.
    pub short_run: u32,
    /// Where to begin.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Where to begin as well, though seldom: inputs about as long as what takes them takes.
    pub long: fn() -> Vec<Vec<u8>>,
}

/// All there are.
pub const TARGETS: &[Target] = &[
    Target {
        name: "apdu",
        body: apdu::body,
        shape: Shape::Bytes,
        longest: 64 * 1024 + 16,
        short_run: 100_000,
        seeds: apdu::seeds,
        long: apdu::long,
    },
    Target {
        name: "tlv",
        body: tlv::body,
        shape: Shape::Tlv,
        longest: MAX_FILE + 1,
        short_run: 20_000,
        seeds: tlv::seeds,
        long: tlv::long,
    },
    Target {
        name: "files",
        body: files::body,
        shape: Shape::Tlv,
        longest: MAX_FILE + 1,
        short_run: 10_000,
        seeds: files::seeds,
        long: files::long,
    },
    Target {
        name: "evidence",
        body: evidence::decode,
        shape: Shape::Evidence,
        longest: MAX_EVIDENCE,
        short_run: 10_000,
        seeds: seeds::evidence,
        long: seeds::long_evidence,
    },
    Target {
        name: "verify",
        body: evidence::verify,
        shape: Shape::Evidence,
        longest: MAX_EVIDENCE,
        short_run: 1_000,
        seeds: seeds::evidence,
        long: seeds::long_evidence,
    },
    Target {
        name: "emulator",
        body: emulator::body,
        shape: Shape::Parts,
        longest: 2048,
        short_run: 1_500,
        seeds: emulator::seeds,
        long: Vec::new,
    },
    Target {
        name: "session",
        body: session::body,
        shape: Shape::Parts,
        longest: 16 * 1024,
        short_run: 3_000,
        seeds: seeds::sessions,
        long: seeds::long_sessions,
    },
    Target {
        name: "x509",
        body: x509::body,
        shape: Shape::Parts,
        longest: 8192,
        short_run: 1_000,
        seeds: x509::seeds,
        long: Vec::new,
    },
    Target {
        name: "seal",
        body: documents::seal,
        shape: Shape::Bytes,
        longest: 8192,
        short_run: 20_000,
        seeds: documents::seal_seeds,
        long: Vec::new,
    },
    Target {
        name: "card",
        body: documents::card,
        shape: Shape::Bytes,
        longest: 8192,
        short_run: 5_000,
        seeds: documents::card_seeds,
        long: Vec::new,
    },
    Target {
        name: "mrz",
        body: mrz::body,
        shape: Shape::Bytes,
        longest: 256,
        short_run: 50_000,
        seeds: mrz::seeds,
        long: Vec::new,
    },
    Target {
        name: "attestation",
        body: attestation::body,
        shape: Shape::Parts,
        longest: BODY,
        short_run: 20_000,
        seeds: attestation::seeds,
        long: attestation::long,
    },
    Target {
        name: "request",
        body: request::body,
        shape: Shape::Bytes,
        longest: request::LONGEST,
        short_run: 30_000,
        seeds: request::seeds,
        long: request::long,
    },
    Target {
        name: "sealed",
        body: sealed::body,
        shape: Shape::Bytes,
        longest: BODY,
        short_run: 3_000,
        seeds: sealed::seeds,
        long: sealed::long,
    },
    Target {
        name: "qr",
        body: qr::body,
        shape: Shape::Bytes,
        longest: 4096,
        short_run: 100,
        seeds: qr::seeds,
        long: Vec::new,
    },
    Target {
        name: "csv",
        body: csv::body,
        shape: Shape::Bytes,
        longest: csv::LONGEST,
        short_run: 10_000,
        seeds: csv::seeds,
        long: csv::long,
    },
    Target {
        name: "page",
        body: page::body,
        shape: Shape::Bytes,
        longest: 256 * 1024,
        short_run: 100,
        seeds: page::seeds,
        long: Vec::new,
    },
    Target {
        name: "printer",
        body: printer::body,
        shape: Shape::Bytes,
        longest: 1 << 20,
        short_run: 10_000,
        seeds: printer::seeds,
        long: printer::long,
    },
    Target {
        name: "picture",
        body: picture::body,
        shape: Shape::Bytes,
        longest: 64 * 1024,
        short_run: 1_500,
        seeds: picture::seeds,
        long: Vec::new,
    },
];

/// Targets of [`TARGETS`] in which something is wrong on purpose: each has to be found with a few changes to its seeds.
pub const PLANTED: &[Target] = &[
    Target {
        name: "page",
        body: page::planted,
        shape: Shape::Bytes,
        longest: 256 * 1024,
        short_run: 5,
        seeds: page::seeds,
        long: Vec::new,
    },
    Target {
        name: "printer",
        body: printer::planted,
        shape: Shape::Bytes,
        longest: 4096,
        short_run: 2_000,
        seeds: printer::seeds,
        long: Vec::new,
    },
    Target {
        name: "picture",
        body: picture::planted,
        shape: Shape::Bytes,
        longest: 64 * 1024,
        short_run: 4,
        seeds: picture::planted_seeds,
        long: Vec::new,
    },
];

/// The target of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// What no card ever answered in: whoever comes out verified in it is a find.
pub(crate) const CONTEXT: Context<'static> = Context {
    center_nonce: [1; 32],
    vrs_nonce: &[2; 48],
    center: "center-1",
    vrs: "vrs-1",
    terminal: "urn:shomei:terminal:kiosk:dev:0001",
    exporter: [3; 32],
    session_key: [4; 32],
};

/// Asserts that what is printed of a value says nothing of it.
pub(crate) fn assert_silent(value: &impl std::fmt::Debug, printed: &str) {
    assert_eq!(format!("{value:?}"), printed, "a value is printed");
}
