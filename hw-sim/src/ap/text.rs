//! 券面事項入力補助AP (text AP).
//!
//! | EF | content | opened by |
//! |---|---|---|
//! | 0001 | individual number | PIN or 照合番号A |
//! | 0002 | four attributes | PIN or 照合番号B |
//! | 0003, 0006, 0007 | digests, key for secure messaging, card key | PIN, A or B |
//! | 0004, 0005 | certificate, basic information | free |
//! | 0011 | PIN | 3 tries; can be changed |
//! | 0012 | issued blocked | no tries |
//! | 0013 | signing key | usable with nothing presented |
//! | 0014, 0015 | 照合番号A, 照合番号B | 10 tries: likely, not proven |

use card::file::Ef;
use card::text_ap::{
    AID, ATTRIBUTES, BASIC_INFO, BLOCKED, CARD_KEY, CERTIFICATE, CODE_A, CODE_B, INTEGRITY,
    MESSAGING_KEY, NUMBER, PIN, SIGNING_KEY,
};

use super::Object::{File, Reference, SigningKey};
use super::{Access, Form, Messaging, Rules, Signing};

const PIN_OR_A: Access = Access::any_of(&[PIN, CODE_A]);
const PIN_OR_B: Access = Access::any_of(&[PIN, CODE_B]);
const ANY_OF_THREE: Access = Access::any_of(&[PIN, CODE_A, CODE_B]);

const OBJECTS: &[(Ef, super::Object)] = &[
    (NUMBER, File(PIN_OR_A)),
    (ATTRIBUTES, File(PIN_OR_B)),
    (INTEGRITY, File(ANY_OF_THREE)),
    (CERTIFICATE, File(Access::FREE)),
    (BASIC_INFO, File(Access::FREE)),
    (MESSAGING_KEY, File(ANY_OF_THREE)),
    (CARD_KEY, File(ANY_OF_THREE)),
    (
        PIN,
        Reference {
            tries: 3,
            form: Some(Form::Pin),
        },
    ),
    (
        BLOCKED,
        Reference {
            tries: 0,
            form: None,
        },
    ),
    (SIGNING_KEY, SigningKey(Access::FREE)),
    (
        CODE_A,
        Reference {
            tries: 10,
            form: None,
        },
    ),
    (
        CODE_B,
        Reference {
            tries: 10,
            form: None,
        },
    ),
];

pub(super) const RULES: Rules = Rules {
    name: "text",
    aid: &AID,
    objects: OBJECTS,
    signing: Signing::Challenge(SIGNING_KEY),
    // 照合番号A does not do, nor B: the PIN alone.
    messaging: Messaging::Key(MESSAGING_KEY, Access::any_of(&[PIN])),
};
