//! Sealed bodies, both ways (HPKE).

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Instant;

use issuance_api::Array;
use issuance_channel::sealing::{Binding, RecipientKeys, SealError, seal_request};

const PLAIN: &[u8] = br#"{"state":"AAAA","proof":"BBBB"}"#;
const EXPORTER: Array<32> = Array::new([3; 32]);
const BINDING: Binding<'static> = Binding {
    method: "POST",
    path: "/v1/issue",
    client: "urn:shomei:terminal:kiosk:dev:0001",
    exporter: &EXPORTER,
};

/// A request is for this process's own key alone.
static KEYS: LazyLock<(Mutex<RecipientKeys>, Instant)> = LazyLock::new(|| {
    let now = Instant::now();
    (Mutex::new(RecipientKeys::new(now)), now)
});

/// Whatever opens as a request is the one that was sealed, and opens for nothing else; whatever opens as an answer was sealed in answer to it.
pub(super) fn body(input: &[u8]) {
    let (keys, now) = &*KEYS;
    let found = {
        let mut keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.find(input, *now).map(|found| found.open(&BINDING))
    };
    match found {
        Ok(Ok((plain, answers))) => {
            let is_own = *plain == PLAIN || *plain == long_plain();
            assert!(is_own, "sealed by nobody, and opened");
            drop(answers);
            let mut keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
            let elsewhere = Binding {
                path: "/v1/delivered",
                ..BINDING
            };
            let found = keys.find(input, *now).map(|found| found.open(&elsewhere));
            assert!(
                matches!(found, Ok(Err(SealError::Invalid))),
                "bound to nothing"
            );
        }
        Ok(Err(error)) => assert_eq!(error, SealError::Invalid),
        Err(SealError::KeyUnknown | SealError::Invalid) => {}
    }
    let (_, opener) = sealed(PLAIN);
    assert!(opener.open(input).is_err(), "an answer to nothing opens");
}

/// Nearly what a body may be, once it is sealed.
fn long_plain() -> Vec<u8> {
    PLAIN.repeat(2_000)
}

fn sealed(plain: &[u8]) -> (Vec<u8>, issuance_channel::sealing::ResponseOpener) {
    let (keys, now) = &*KEYS;
    let recipient = {
        let mut keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.recipient(*now)
    };
    seal_request(&recipient, &BINDING, plain).expect("a key to seal to")
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    exchange(PLAIN)
}

pub(super) fn long() -> Vec<Vec<u8>> {
    exchange(&long_plain())
}

/// A request and its answer, both of this.
fn exchange(plain: &[u8]) -> Vec<Vec<u8>> {
    let (keys, now) = &*KEYS;
    let (request, _) = sealed(plain);
    let answer = {
        let mut keys = keys.lock().unwrap_or_else(PoisonError::into_inner);
        let found = keys.find(&request, *now).expect("its key is held");
        let (_, answers) = found.open(&BINDING).expect("it opens");
        answers.seal(200, plain)
    };
    vec![request, answer]
}
