//! 券面事項確認AP (surface AP).
//!
//! | EF | content | opened by |
//! |---|---|---|
//! | 0001 | age record | birth code |
//! | 0004 | certificate | free |
//! | 0011 | birth code: the birth date as era YYMMDD | 10 tries: assumed, as those of the text AP's 照合番号 |
//! | 001A | signing key | usable with nothing presented |
//!
//! What is printed on the card as pictures (0002, 0005), the file that names the municipality (0003) and the
//! 照合番号 that open them (0012, 0013) are left out.

use card::file::Ef;
use card::surface_ap::{AGE_RECORD, AID, BIRTH_CODE, CERTIFICATE};

use super::Object::{File, Reference, SigningKey};
use super::{Access, Messaging, Rules, Signing};

/// EF 001A: the key that signs challenges. No command names it.
pub(crate) const SIGNING_KEY: Ef = Ef::new(0x001A);

const OBJECTS: &[(Ef, super::Object)] = &[
    (AGE_RECORD, File(Access::any_of(&[BIRTH_CODE]))),
    (CERTIFICATE, File(Access::FREE)),
    (
        BIRTH_CODE,
        Reference {
            tries: 10,
            form: None,
        },
    ),
    (SIGNING_KEY, SigningKey(Access::FREE)),
];

pub(super) const RULES: Rules = Rules {
    name: "surface",
    aid: &AID,
    objects: OBJECTS,
    signing: Signing::Challenge(SIGNING_KEY),
    messaging: Messaging::NotConfigured,
};
