//! Nonces that cost nothing to mint.
//!
//! ```text
//! nonce = random (16) ‖ expiry (u64 BE, milliseconds of uptime) ‖ center id ‖ MAC (32)
//! MAC   = HMAC-SHA-256(process key, transcript("shomei nonce v1", random, expiry, center id))
//! ```
//! The process key is random, so a nonce does not outlive the process. Only spent nonces are remembered, and only until
//! they expire.

use std::{collections::BTreeSet, sync::Mutex, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use issuance_api::{Blob, CenterId, Transcript};
use sha2::Sha256;
use zeroize::Zeroizing;

const RANDOM: usize = 16;
const MAC: usize = 32;

/// Why a nonce is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NonceError {
    /// Not minted by this process, or for another center.
    #[error("not minted here for this center")]
    Foreign,
    /// Too old.
    #[error("expired")]
    Expired,
    /// Taken before.
    #[error("spent already")]
    Spent,
}

/// Mints nonces and takes each back once.
pub struct Nonces {
    key: Zeroizing<[u8; 32]>,
    lifetime: Duration,
    spent: Mutex<BTreeSet<(u64, [u8; RANDOM])>>,
}

impl Nonces {
    /// With a key of its own.
    #[must_use]
    pub fn new(lifetime: Duration) -> Self {
        Self {
            key: random(),
            lifetime,
            spent: Mutex::default(),
        }
    }

    /// A nonce for one center.
    #[must_use]
    pub fn mint(&self, center: &CenterId, uptime: Duration) -> Blob {
        let random: Zeroizing<[u8; RANDOM]> = random();
        let expiry = milliseconds(uptime + self.lifetime).to_be_bytes();
        let mac = self.mac(&random, expiry, center).finalize().into_bytes();
        Blob::new([random.as_slice(), &expiry, center.as_str().as_bytes(), &mac].concat())
    }

    /// Takes a nonce back, once.
    ///
    /// # Errors
    /// [`NonceError`].
    pub fn spend(
        &self,
        nonce: &Blob,
        center: &CenterId,
        uptime: Duration,
    ) -> Result<(), NonceError> {
        let (random, rest) = nonce
            .as_bytes()
            .split_first_chunk::<RANDOM>()
            .ok_or(NonceError::Foreign)?;
        let (expiry, rest) = rest.split_first_chunk().ok_or(NonceError::Foreign)?;
        let (named, mac) = rest.split_last_chunk::<MAC>().ok_or(NonceError::Foreign)?;
        if named != center.as_str().as_bytes() {
            return Err(NonceError::Foreign);
        }
        self.mac(random, *expiry, center)
            .verify_slice(mac)
            .map_err(|_| NonceError::Foreign)?;
        let (expiry, now) = (u64::from_be_bytes(*expiry), milliseconds(uptime));
        if expiry < now {
            return Err(NonceError::Expired);
        }
        let mut spent = self
            .spent
            .lock()
            .expect("nothing panics while it holds this lock");
        *spent = spent.split_off(&(now, [0; RANDOM]));
        if spent.insert((expiry, *random)) {
            Ok(())
        } else {
            Err(NonceError::Spent)
        }
    }

    fn mac(&self, random: &[u8; RANDOM], expiry: [u8; 8], center: &CenterId) -> Hmac<Sha256> {
        let message = Transcript::new("shomei nonce v1")
            .field(random)
            .field(&expiry)
            .field(center.as_str().as_bytes())
            .into_bytes();
        let mut mac =
            Hmac::new_from_slice(self.key.as_slice()).expect("HMAC takes keys of any length");
        mac.update(&message);
        mac
    }
}

/// Random bytes that are wiped.
pub(crate) fn random<const N: usize>() -> Zeroizing<[u8; N]> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).expect("the operating system gives randomness");
    bytes
}

pub(crate) fn milliseconds(uptime: Duration) -> u64 {
    u64::try_from(uptime.as_millis()).expect("no process runs for half a billion years")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIME: Duration = Duration::from_secs(60);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1000 + seconds)
    }

    fn center(name: &str) -> CenterId {
        name.parse().unwrap()
    }

    #[test]
    fn a_nonce_is_taken_once_and_then_remembered_until_it_expires() {
        let nonces = Nonces::new(LIFETIME);
        let nonce = nonces.mint(&center("a"), at(0));
        assert_eq!(nonces.spend(&nonce, &center("a"), at(1)), Ok(()));
        assert_eq!(
            nonces.spend(&nonce, &center("a"), at(60)),
            Err(NonceError::Spent)
        );
        assert_eq!(
            nonces.spend(&nonce, &center("a"), at(61)),
            Err(NonceError::Expired)
        );
        let other = nonces.mint(&center("a"), at(61));
        assert_eq!(nonces.spend(&other, &center("a"), at(62)), Ok(()));
        assert_eq!(
            nonces.spent.lock().unwrap().len(),
            1,
            "the old one is forgotten"
        );
    }

    #[test]
    fn a_nonce_is_of_one_center_and_one_process() {
        let nonces = Nonces::new(LIFETIME);
        let nonce = nonces.mint(&center("a"), at(0));
        for (taker, by) in [(&nonces, "b"), (&Nonces::new(LIFETIME), "a")] {
            assert_eq!(
                taker.spend(&nonce, &center(by), at(0)),
                Err(NonceError::Foreign)
            );
        }
    }

    #[test]
    fn every_changed_bit_and_every_length_is_noticed() {
        let nonces = Nonces::new(LIFETIME);
        let nonce = nonces.mint(&center("a"), at(0));
        let right = nonce.as_bytes();
        for bit in 0..right.len() * 8 {
            let mut wrong = right.to_vec();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(
                nonces
                    .spend(&Blob::new(wrong), &center("a"), at(0))
                    .is_err()
            );
        }
        for length in 0..right.len() {
            let wrong = Blob::new(right[..length].to_vec());
            assert_eq!(
                nonces.spend(&wrong, &center("a"), at(0)),
                Err(NonceError::Foreign)
            );
        }
        assert_eq!(nonces.spend(&nonce, &center("a"), at(0)), Ok(()));
    }
}
