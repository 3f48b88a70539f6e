//! 公的個人認証AP (JPKI AP).
//!
//! | EF | content | opened by |
//! |---|---|---|
//! | 0001, 0002 | certificate for signatures, its CA's | password; free |
//! | 0006 | token information | free |
//! | 0008 | which certificates there are: `8F8F00`, both | free |
//! | 000A, 000B | certificate for authentication, its CA's | free |
//! | 0017 | private key for authentication | PIN |
//! | 0018 | PIN | 3 tries; can be changed |
//! | 001A | private key for signatures | password |
//! | 001B | password | 5 tries; can be changed |
//!
//! What was presented stays so for any number of signatures. (Whether the password has to be presented for
//! each is not known.)

use card::file::Ef;
use card::jpki_ap::{
    AID, AUTHENTICATION_CA_CERTIFICATE, AUTHENTICATION_CERTIFICATE, AUTHENTICATION_KEY,
    AUTHENTICATION_PIN, AUTHENTICATION_TRIES, SIGNATURE_CA_CERTIFICATE, SIGNATURE_CERTIFICATE,
    SIGNATURE_KEY, SIGNATURE_PASSWORD, SIGNATURE_TRIES, TOKEN_INFO,
};

use super::Object::{File, Reference, SigningKey};
use super::{Access, Form, Messaging, Rules, Signing};

/// EF 0008: which certificates the card carries.
pub(crate) const AVAILABILITY: Ef = Ef::new(0x0008);

const BY_PIN: Access = Access::any_of(&[AUTHENTICATION_PIN]);
const BY_PASSWORD: Access = Access::any_of(&[SIGNATURE_PASSWORD]);

const OBJECTS: &[(Ef, super::Object)] = &[
    (SIGNATURE_CERTIFICATE, File(BY_PASSWORD)),
    (SIGNATURE_CA_CERTIFICATE, File(Access::FREE)),
    (TOKEN_INFO, File(Access::FREE)),
    (AVAILABILITY, File(Access::FREE)),
    (AUTHENTICATION_CERTIFICATE, File(Access::FREE)),
    (AUTHENTICATION_CA_CERTIFICATE, File(Access::FREE)),
    (AUTHENTICATION_KEY, SigningKey(BY_PIN)),
    (
        AUTHENTICATION_PIN,
        Reference {
            tries: AUTHENTICATION_TRIES,
            form: Some(Form::Pin),
        },
    ),
    (SIGNATURE_KEY, SigningKey(BY_PASSWORD)),
    (
        SIGNATURE_PASSWORD,
        Reference {
            tries: SIGNATURE_TRIES,
            form: Some(Form::Password),
        },
    ),
];

pub(super) const RULES: Rules = Rules {
    name: "jpki",
    aid: &AID,
    objects: OBJECTS,
    signing: Signing::NamedKey,
    messaging: Messaging::Closed,
};
