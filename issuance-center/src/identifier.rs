//! Certificate ids of this process.
//!
//! ```text
//! id = first 95 bits of HMAC-SHA-256(process key,
//!        transcript("shomei certificate id v1", application id, programme, municipality, kind, passport digest))
//! ```
//! The same application gets the same id for the same certificate, so a lost answer is repeated without a second issue.
//! Nothing of the card is in it; without the process key it links to nothing.

use hmac::{Hmac, KeyInit, Mac};
use issuance_api::{CertificateId, Transcript, passport::PassportData};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{random, state::State};

/// Makes ids under a key of its own.
pub struct CertificateIds(Zeroizing<[u8; 32]>);

impl Default for CertificateIds {
    fn default() -> Self {
        Self(random())
    }
}

impl CertificateIds {
    /// The id of what a state is about.
    ///
    /// # Panics
    /// Never: HMAC takes a key of any length.
    #[must_use]
    pub fn of(&self, state: &State) -> CertificateId {
        let passport = state.preview.passport.as_deref().map(PassportData::digest);
        let passport = passport.as_ref().map_or(&[][..], |it| it.as_bytes());
        let transcript = Transcript::new("shomei certificate id v1")
            .field(state.application.as_bytes())
            .field(state.preview.programme.as_str().as_bytes())
            .field(state.preview.authority.code.as_str().as_bytes())
            .field(state.preview.kind.as_str().as_bytes())
            .field(passport)
            .into_bytes();
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&*self.0)
            .expect("HMAC takes a key of any length");
        mac.update(&transcript);
        CertificateId::from_mac(&mac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use issuance_api::Array;

    use super::*;
    use crate::testing;

    #[test]
    fn an_id_follows_the_application_and_what_is_certified_and_nothing_else() {
        let ids = CertificateIds::default();
        let state = testing::state();
        let id = ids.of(&state);

        let mut same = testing::again(&state);
        same.preview.copies = 2;
        same.not_before += 60;
        assert!(ids.of(&same) == id);

        let mut application = testing::again(&state);
        application.application = Array::new([9; 16]);
        let mut programme = testing::again(&state);
        programme.preview.programme = "pandemic-influenza".parse().unwrap();
        let mut municipality = testing::again(&state);
        municipality.preview.authority.code = "131016".parse().unwrap();
        let mut passport = testing::again(&state);
        passport.preview.passport = Some(testing::passport());
        for other in [application, programme, municipality, passport] {
            assert!(ids.of(&other) != id);
        }
        assert!(
            CertificateIds::default().of(&state) != id,
            "another process"
        );
    }
}
