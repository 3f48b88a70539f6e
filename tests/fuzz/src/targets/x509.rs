use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use card::jpki_ap::{
    AUTHENTICATION_CA_CERTIFICATE, AUTHENTICATION_CERTIFICATE, Certificates, TrustedCas,
};
use hw_sim::ap::Ap;

use crate::seeds;

/// An emulated card's certificate for authentication, and its CA's.
static GENUINE: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    [AUTHENTICATION_CERTIFICATE, AUTHENTICATION_CA_CERTIFICATE].map(|ef| {
        let file = seeds::cards()[0].file(Ap::Jpki, ef);
        file.expect("a persona's file").to_vec()
    })
});

/// The input's two parts are the holder's certificate and the CA's: only the genuine two are believed. As a
/// CA's that an operator would trust, either is one or is refused.
pub(super) fn body(input: &[u8]) {
    let (_, parts) = seeds::parts(input);
    let [holder, ca, ..] = &parts[..] else {
        return;
    };
    let [genuine_holder, genuine_ca] = &*GENUINE;
    let genuine = Certificates::of_files(genuine_holder, genuine_ca);
    let trust = TrustedCas::new([genuine.ca().to_vec()]).expect("the emulator's CA");
    let given = Certificates::of_files(holder, ca);
    for at in [0, 1_795_478_100, 4_000_000_000] {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(at);
        if given.verify(&trust, at).is_ok() {
            assert_eq!(given.ca(), genuine.ca());
            assert_eq!(given.holder(), genuine.holder());
        }
    }
    let _ = TrustedCas::new([holder.clone()]);
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    vec![seeds::with_head(0, &*GENUINE)]
}
