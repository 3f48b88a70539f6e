//! Challenge: the center's nonce lives in the state of one connection, for one evidence, at most 60 seconds of this
//! process's own time.

use std::time::Duration;

use issuance_api::{Array, ProblemCode, terminal::Challenge};

use super::{Center, seconds};
use crate::{random, registry::Registry};

/// From challenge to evidence, at most.
pub const MAX_LIFETIME: Duration = Duration::from_secs(60);

/// A connection's memory: at most one nonce, and until when it holds.
#[derive(Debug, Default)]
pub struct OpenChallenge(Option<(Array<32>, Duration)>);

impl OpenChallenge {
    /// Makes a nonce; one before it holds no more.
    pub fn open(&mut self, uptime: Duration, lifetime: Duration) -> Array<32> {
        let nonce = Array::new(*random::<32>());
        self.0 = Some((nonce.clone(), uptime + lifetime.min(MAX_LIFETIME)));
        nonce
    }

    /// Takes the nonce out: it is gone, whatever the evidence turns out to be.
    ///
    /// # Errors
    /// None is open, or it was too long ago.
    pub fn take(&mut self, uptime: Duration) -> Result<Array<32>, ProblemCode> {
        let open = self.0.take().filter(|(_, until)| uptime < *until);
        open.map(|(nonce, _)| nonce)
            .ok_or(ProblemCode::ChallengeExpired)
    }
}

impl<R: Registry> Center<R> {
    /// `POST /v1/challenge`.
    ///
    /// # Errors
    /// Closed, or VRS does not answer.
    pub async fn challenge(&self, open: &mut OpenChallenge) -> Result<Challenge, ProblemCode> {
        self.is_open()?;
        let minted = self.parts.registry.nonce().await?;
        if minted.vrs != self.parts.vrs {
            return Err(ProblemCode::RecordsUnavailable);
        }
        let lifetime = self.parts.challenge_lifetime;
        Ok(Challenge {
            center_nonce: open.open(self.parts.clock.uptime(), lifetime),
            vrs_nonce: minted.nonce,
            center: self.parts.id.clone(),
            vrs: minted.vrs,
            expires_in_seconds: seconds(lifetime).min(minted.expires_in_seconds),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_good_once_and_in_time() {
        let mut open = OpenChallenge::default();
        let at = Duration::from_secs;
        assert_eq!(open.take(at(0)), Err(ProblemCode::ChallengeExpired));

        let nonce = open.open(at(10), at(3600));
        assert_eq!(open.take(at(69)), Ok(nonce));
        assert_eq!(open.take(at(69)), Err(ProblemCode::ChallengeExpired));

        open.open(at(100), MAX_LIFETIME);
        assert_eq!(open.take(at(160)), Err(ProblemCode::ChallengeExpired));
        assert_eq!(
            open.take(at(101)),
            Err(ProblemCode::ChallengeExpired),
            "tried too late is used up"
        );

        let first = open.open(at(200), MAX_LIFETIME);
        let second = open.open(at(200), MAX_LIFETIME);
        assert_ne!(first, second);
        assert_eq!(open.take(at(200)), Ok(second));
    }
}
