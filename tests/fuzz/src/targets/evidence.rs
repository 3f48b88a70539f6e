use std::sync::LazyLock;

use card::evidence::{Binding, Evidence, MAX_EVIDENCE};

use super::{CONTEXT, assert_silent};
use crate::seeds;

/// What decodes encodes to the same bytes.
pub(super) fn decode(input: &[u8]) {
    if let Ok(evidence) = Evidence::decode(input) {
        assert!(input.len() <= MAX_EVIDENCE);
        assert_eq!(&**evidence.encode(), input, "evidence has one encoding");
        assert_silent(evidence.answer(), "Signature(..)");
        assert_silent(&CONTEXT, "Context(..)");
        assert!(evidence.files().named().iter().all(|(_, file)| {
            let mut windows = input.windows(file.len());
            windows.any(|window| window == *file)
        }));
    }
}

/// Nobody answered in this context, so nothing is believed; the files are, if they are the real card's.
pub(super) fn verify(input: &[u8]) {
    static GENUINE: LazyLock<Vec<Vec<u8>>> =
        LazyLock::new(|| [1, 2, 3, 4, 7].map(seeds::text_file).to_vec());
    let Ok(evidence) = Evidence::decode(input) else {
        return;
    };
    let files = evidence.files();
    if files.verify(seeds::trust()).is_ok() {
        // What nobody signed may differ: the offsets, and how lengths are written.
        let genuine = &GENUINE[1];
        let genuine = card::text_ap::AttributesFile::decode(genuine).expect("a real card's file");
        assert_eq!(files.number.as_bytes(), &GENUINE[0][..]);
        assert!(files.attributes.attributes() == genuine.attributes());
    }
    for binding in [Binding::Required, Binding::Optional] {
        let again = Evidence::decode(input).expect("it was evidence");
        assert!(again.verify(&CONTEXT, seeds::trust(), binding).is_err());
    }
}
