//! COMPUTE SIGNATURE.

use card::apdu::{Command, Response};
use card::jpki_ap::Scheme;
use card::key::SHA256_DIGEST_INFO;
use card::status::Status;
use rand::rngs::ThreadRng;
use rsa::traits::SignatureScheme;
use rsa::{Pkcs1v15Sign, PrivateKey};
use sha2::{Digest, Sha256};

use super::{Answer, EmulatedCard, WRONG_KIND_OF_FILE};
use crate::ap::{Object, Signing};

impl EmulatedCard {
    /// `80 2A …`: RSA-2048 with the key that the application has for it.
    pub(super) fn compute_signature(&mut self, command: &Command) -> Answer {
        let Some(ap) = self.volatile.selected else {
            // Outside an application the card manager answers, which does not know the command.
            return Err(Status::UnknownInstruction);
        };
        let (ef, object, scheme) = match ap.signing() {
            Signing::Not => return Err(Status::ReferenceNotFound),
            // `80 2A 00 00 33 <DigestInfo of SHA-256> 00`: there is one key, and one scheme.
            Signing::Challenge(ef) => {
                if (command.p1, command.p2) != (0, 0) {
                    return Err(Status::WrongParameters);
                }
                (ef, ap.object(ef), None)
            }
            // `80 2A SCHEME 80 Lc data 00`: the current EF is the key, or P2 names it.
            Signing::NamedKey => {
                let scheme = Scheme::with_p1(command.p1).ok_or(Status::WrongParameters)?;
                if command.p2 & 0x80 == 0 {
                    return Err(Status::WrongParameters);
                }
                let (_, ef, object) = self.referred(command.p2)?;
                (ef, Some(object), Some(scheme))
            }
        };
        let Some(Object::SigningKey(access)) = object else {
            return Err(WRONG_KIND_OF_FILE);
        };
        if command.expected() < 256 {
            return Err(Status::WrongLength);
        }
        if !access.is_open(|ef| self.volatile.presented.contains(&ef)) {
            return Err(Status::SecurityStatus);
        }
        let data = command.data();
        let key = self.memory.private_key(ap, ef);
        let signature = match scheme {
            None => {
                let digest = data
                    .strip_prefix(&SHA256_DIGEST_INFO)
                    .filter(|digest| digest.len() == 32)
                    .ok_or(Status::WrongData)?;
                let key = key.ok_or(Status::ReferenceNotFound)?;
                unblinded(Pkcs1v15Sign::new::<Sha256>(), key, digest)
            }
            Some(_) if data.is_empty() => return Err(Status::WrongLength),
            Some(scheme) if !scheme.takes(data.len()) => return Err(Status::ConditionsOfUse),
            Some(scheme) => sign_by(scheme, key.ok_or(Status::ReferenceNotFound)?, data),
        };
        let signature = signature.map_err(|_| Status::NoDiagnosis)?;
        Ok(Response::new(&signature, Status::Success))
    }
}

fn sign_by(scheme: Scheme, key: &PrivateKey, data: &[u8]) -> rsa::Result<Vec<u8>> {
    let hash = || Sha256::digest(data);
    match scheme {
        Scheme::Verbatim => unblinded(Pkcs1v15Sign::new_unprefixed(), key, data),
        Scheme::BareDigest => unblinded(Pkcs1v15Sign::new_unprefixed(), key, &hash()),
        Scheme::Digest => unblinded(Pkcs1v15Sign::new::<Sha256>(), key, data),
        Scheme::Message => unblinded(Pkcs1v15Sign::new::<Sha256>(), key, &hash()),
        Scheme::DigestPss => key.pss_sign_prehash::<Sha256>(data),
        Scheme::MessagePss => key.pss_sign::<Sha256>(data),
    }
}

/// Of the time that a signature takes, blinding is two fifths. A test card's key is nobody's secret, that its timing could give away.
fn unblinded(padding: Pkcs1v15Sign, key: &PrivateKey, digest: &[u8]) -> rsa::Result<Vec<u8>> {
    padding.sign(None::<&mut ThreadRng>, key, digest)
}
