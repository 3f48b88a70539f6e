//! Tickets: this process's sealed statement of who an applicant is, carried by the terminal.
//!
//! ```text
//! ticket     = version (1 byte, 01) ‖ epoch (u64 BE) ‖ nonce (12) ‖ AES-256-GCM-SIV(key of the epoch, claims)
//! additional = transcript("shomei ticket v1", version, epoch)
//! ```
//! An epoch is as long as a ticket can be of use, hand-over included; its key and the one before are kept, then wiped.

use std::{sync::Mutex, time::Duration};

use aes_gcm_siv::{
    Aes256GcmSiv, Nonce,
    aead::{Aead, Payload},
};
use card::number::IndividualNumber;
use hmac::{Hmac, KeyInit, Mac};
use issuance_api::{
    Array, Blob, CenterId, Personal, PersonalBytes, PersonalDate, ProblemCode, TerminalUrn,
    Transcript, passport::PassportData,
};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    event::SignerMunicipality,
    nonce::{milliseconds, random},
};

const VERSION: u8 = 1;

/// What a ticket states.
pub struct Claims {
    /// Random id of the application.
    pub application: Array<16>,
    /// 個人番号.
    pub number: IndividualNumber,
    /// Name as on the card.
    pub name: Personal,
    /// Birth date as on the card; nothing if the card does not state a whole one.
    pub birth_date: Option<PersonalDate>,
    /// The municipality whose signer signed the card's data: five digits.
    pub signer: SignerMunicipality,
    /// The terminal it was made for.
    pub terminal: TerminalUrn,
    /// The application's session key.
    pub session_key: Array<32>,
    /// Of this ticket alone, and nowhere else: [`passport`](Self::passport). Of a type that is wiped and has no `Clone`.
    pub passport_key: PersonalBytes,
    /// The center it was made for.
    pub center: CenterId,
    /// Milliseconds of uptime.
    pub expiry: u64,
}

impl Claims {
    /// What VRS remembers of a passport: HMAC-SHA-256 of its digest. The digest by itself could be guessed at, for there are only so many numbers;
    /// this one's key is with the ticket, which the terminal has.
    #[must_use]
    pub fn passport(&self, passport: &PassportData) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.passport_key.as_bytes())
            .expect("HMAC takes keys of any length");
        mac.update(passport.digest().as_bytes());
        mac.finalize().into_bytes().into()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed<T, D, K> {
    application: Array<16>,
    number: T,
    name: T,
    birth_date: Option<D>,
    signer: SignerMunicipality,
    terminal: TerminalUrn,
    session_key: Array<32>,
    passport_key: K,
    center: CenterId,
    expiry: u64,
}

struct Epoch {
    number: u64,
    key: Zeroizing<[u8; 32]>,
}

/// Seals and opens tickets.
pub struct Tickets {
    /// How long a key is the current one.
    epoch: Duration,
    keys: Mutex<(Epoch, Option<Epoch>)>,
}

impl Tickets {
    /// With keys of their own. `useful` is how long a ticket can be of use.
    #[must_use]
    pub fn new(useful: Duration) -> Self {
        let first = Epoch {
            number: 0,
            key: random(),
        };
        Self {
            epoch: useful,
            keys: Mutex::new((first, None)),
        }
    }

    /// Seals claims.
    #[must_use]
    pub fn seal(&self, claims: &Claims, uptime: Duration) -> Blob {
        self.rotate(uptime);
        let sealed = Sealed {
            application: claims.application.clone(),
            number: claims.number.expose(),
            name: claims.name.expose(),
            birth_date: claims.birth_date.as_ref(),
            signer: claims.signer,
            terminal: claims.terminal.clone(),
            session_key: claims.session_key.clone(),
            passport_key: &claims.passport_key,
            center: claims.center.clone(),
            expiry: claims.expiry,
        };
        // Large enough for any card's name, so that growing leaves no copy behind.
        let mut json = Zeroizing::new(Vec::with_capacity(16 * 1024));
        serde_json::to_writer(&mut *json, &sealed).expect("claims have only string keys");
        let keys = self.lock();
        let (Epoch { number, key }, _) = &*keys;
        let nonce = random::<12>();
        let payload = Payload {
            msg: &json,
            aad: &additional(*number),
        };
        let ciphertext = Aes256GcmSiv::new((&**key).into())
            .encrypt(&Nonce::from(*nonce), payload)
            .expect("claims are far below the cipher's limit");
        Blob::new(
            [
                &[VERSION],
                number.to_be_bytes().as_slice(),
                nonce.as_slice(),
                &ciphertext,
            ]
            .concat(),
        )
    }

    /// Opens a ticket for the center that hands it in and the terminal it names; `grace` is how long after its end it is
    /// still taken.
    ///
    /// # Errors
    /// [`ProblemCode::TicketInvalid`] or [`ProblemCode::TicketExpired`].
    pub fn open(
        &self,
        ticket: &Blob,
        center: &CenterId,
        terminal: &TerminalUrn,
        uptime: Duration,
        grace: Duration,
    ) -> Result<Claims, ProblemCode> {
        const INVALID: ProblemCode = ProblemCode::TicketInvalid;
        self.rotate(uptime);
        let (version, rest) = ticket.as_bytes().split_first().ok_or(INVALID)?;
        let (epoch, rest) = rest.split_first_chunk().ok_or(INVALID)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<12>().ok_or(INVALID)?;
        let epoch = u64::from_be_bytes(*epoch);
        if *version != VERSION {
            return Err(INVALID);
        }
        let json = {
            let keys = self.lock();
            let (current, previous) = &*keys;
            let Epoch { key, .. } = [Some(current), previous.as_ref()]
                .into_iter()
                .flatten()
                .find(|candidate| candidate.number == epoch)
                // A key that was wiped cannot tell whether it was ours: only that it is too old.
                .ok_or(if epoch < current.number {
                    ProblemCode::TicketExpired
                } else {
                    INVALID
                })?;
            let payload = Payload {
                msg: ciphertext,
                aad: &additional(epoch),
            };
            Aes256GcmSiv::new((&**key).into())
                .decrypt(&Nonce::from(*nonce), payload)
                .map(Zeroizing::new)
                .map_err(|_| INVALID)?
        };
        let sealed: Sealed<Personal, PersonalDate, PersonalBytes> =
            serde_json::from_slice(&json).map_err(|_| INVALID)?;
        if sealed.center != *center || sealed.terminal != *terminal {
            return Err(INVALID);
        }
        if sealed.expiry.saturating_add(milliseconds(grace)) < milliseconds(uptime) {
            return Err(ProblemCode::TicketExpired);
        }
        Ok(Claims {
            application: sealed.application,
            number: IndividualNumber::try_from(sealed.number.expose()).map_err(|_| INVALID)?,
            name: sealed.name,
            birth_date: sealed.birth_date,
            signer: sealed.signer,
            terminal: sealed.terminal,
            session_key: sealed.session_key,
            passport_key: sealed.passport_key,
            center: sealed.center,
            expiry: sealed.expiry,
        })
    }

    /// Wipes keys whose time is over; called with every ticket, and regularly besides.
    pub fn rotate(&self, uptime: Duration) {
        let number = milliseconds(uptime) / milliseconds(self.epoch).max(1);
        let mut keys = self.lock();
        if number > keys.0.number {
            let next = Epoch {
                number,
                key: random(),
            };
            let before = std::mem::replace(&mut keys.0, next);
            keys.1 = (before.number + 1 == number).then_some(before);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Epoch, Option<Epoch>)> {
        self.keys
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

fn additional(epoch: u64) -> Vec<u8> {
    Transcript::new("shomei ticket v1")
        .field(&[VERSION])
        .field(&epoch.to_be_bytes())
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims {
            application: Array::new([1; 16]),
            number: IndividualNumber::from_eleven("00000000001").unwrap(),
            name: Personal::new("試験　太郎".to_owned()),
            birth_date: None,
            signer: "13221".parse().unwrap(),
            terminal: "urn:shomei:terminal:app:dev:1".parse().unwrap(),
            session_key: Array::new([2; 32]),
            passport_key: PersonalBytes::new(random::<32>().to_vec()),
            center: "center-1".parse().unwrap(),
            expiry: 1000,
        }
    }

    fn passport(number: &str) -> PassportData {
        PassportData {
            romanised_name: Personal::new("SHIKEN  TARO".to_owned()),
            nationality: Personal::new("JPN".to_owned()),
            number: Personal::new(number.to_owned()),
        }
    }

    #[test]
    fn a_passport_is_remembered_as_what_its_ticket_alone_makes_of_it() {
        let (own, other) = (claims(), claims());
        let tickets = Tickets::new(Duration::from_secs(60));
        let ticket = tickets.seal(&own, Duration::ZERO);
        let opened = tickets.open(
            &ticket,
            &own.center,
            &own.terminal,
            Duration::ZERO,
            Duration::ZERO,
        );
        let one = passport("XX0000001");
        let remembered = own.passport(&one);
        assert_eq!(opened.unwrap().passport(&one), remembered);
        assert_ne!(own.passport(&passport("XX0000002")), remembered);
        // Whoever does not have the ticket has nothing to compare a guess with.
        assert_ne!(other.passport(&one), remembered);
        assert_ne!(one.digest().as_bytes(), &remembered);
    }
}
