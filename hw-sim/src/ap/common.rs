//! 共通カードAP (common AP).
//!
//! | EF | content | opened by |
//! |---|---|---|
//! | 0001 | record 1: serial number, municipality, expiry | free |
//!
//! Its other EFs (a key reference, a key for INTERNAL AUTHENTICATE, a PIN of the counter's) are left out.

use card::common_ap::{AID, CARD_RECORD};
use card::file::Ef;

use super::Object::Records;
use super::{Access, Messaging, Rules, Signing};

const OBJECTS: &[(Ef, super::Object)] = &[(CARD_RECORD, Records(Access::FREE))];

pub(super) const RULES: Rules = Rules {
    name: "common",
    aid: &AID,
    objects: OBJECTS,
    signing: Signing::Not,
    messaging: Messaging::NotConfigured,
};
