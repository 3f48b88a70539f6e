//! Secure messaging of the text AP: SET SESSION KEY, and the commands of class `08`.
//!
//! It hides what is read and presented, and proves nothing: there is no MAC. What this module and the
//! reading side (`card::messaging`) have in common are the facts.
//!
//! | | |
//! |---|---|
//! | key | the first 16 bytes of the seed: AES-128-CBC |
//! | counter | 1 with the first secured command, one more with each, refused ones too |
//! | IV, both ways | the counter as 16 bytes big endian, encrypted under the key |
//! | padding | ISO/IEC 7816-4: `80`, then zeros, always |
//! | broken by | 6987, 6988, 6882; then `69FC` until there is a new session |

use aes::Aes128;
use aes::cipher::block_padding::Iso7816;
use aes::cipher::{BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit};
use card::apdu::{Command, Response};
use card::ins;
use card::status::Status;
use card::tlv::{Writer, only};
use rsa::traits::PublicKeyParts;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Answer, EmulatedCard};
use crate::ap::Messaging;

/// No session, or one that is broken.
const NO_SESSION: Status = Status::Other(0x69FC);
/// Secure messaging is not offered for this command.
const NOT_OFFERED: Status = Status::Other(0x6882);
/// The application has nothing to agree on a key with.
const NOT_CONFIGURED: Status = Status::Other(0x66F1);

/// Encrypted data, in commands and answers: `86 len 01 <ciphertext>`.
const CRYPTOGRAM: u16 = 0x86;
/// 01: padded as ISO/IEC 7816-4 has it.
const PADDED: u8 = 0x01;
/// The length wanted by a READ BINARY: `96 03 00 <Le>`, 0000 the whole file.
const EXPECTED_LENGTH: u16 = 0x96;

/// A session: as long as its application stays selected.
pub(super) struct Session {
    key: Zeroizing<[u8; 16]>,
    /// Secured commands so far.
    commands: u128,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session(..)")
    }
}

impl EmulatedCard {
    /// `80 AE 00 00 Lc <RSA-OAEP with SHA-256 of A0 22 80 20 seed>`. A session that was open before goes on
    /// where this is refused. (Not known of real cards.)
    pub(super) fn set_session_key(&mut self, command: &Command) -> Answer {
        let Some(ap) = self.volatile.selected else {
            return Err(Status::UnknownInstruction);
        };
        let (ef, access) = match ap.messaging() {
            Messaging::NotConfigured => return Err(NOT_CONFIGURED),
            Messaging::Closed => return Err(Status::SecurityStatus),
            Messaging::Key(ef, access) => (ef, access),
        };
        if !access.is_open(|ef| self.volatile.presented.contains(&ef)) {
            return Err(Status::SecurityStatus);
        }
        if (command.p1, command.p2) != (0, 0) {
            return Err(Status::WrongParameters);
        }
        let key = self
            .memory
            .private_key(ap, ef)
            .ok_or(Status::ReferenceNotFound)?;
        let modulus = key.n().to_be_bytes_trimmed_vartime();
        if command.data().len() != modulus.len() || command.expected() > 0 {
            return Err(Status::WrongLength);
        }
        if command.data() >= &modulus[..] {
            return Err(Status::NoDiagnosis);
        }
        let message = key
            .oaep_decrypt::<Sha256>(command.data())
            .map(Zeroizing::new)
            .map_err(|_| Status::WrongData)?;
        let seed = only(&message, 0xA0)
            .and_then(|delivered| only(delivered, 0x80))
            .ok()
            .filter(|seed| seed.len() == 32)
            .ok_or(Status::WrongData)?;
        let mut key = Zeroizing::new([0; 16]);
        key.copy_from_slice(&seed[..16]);
        self.volatile.session = Some(Session { key, commands: 0 });
        Ok(Status::Success.into())
    }

    /// A command of class `08` or `0C`.
    pub(super) fn secured(&mut self, command: &Command) -> Answer {
        let session = self.volatile.session.as_mut().ok_or(NO_SESSION)?;
        session.commands += 1;
        let answer = self.answer_secured(command);
        if let Err(
            NOT_OFFERED | Status::SecureMessagingMissing | Status::SecureMessagingIncorrect,
        ) = answer
        {
            self.volatile.session = None;
        }
        answer
    }

    fn answer_secured(&mut self, command: &Command) -> Answer {
        let session = self.volatile.session.as_ref().ok_or(NO_SESSION)?;
        if command.cla != 0x08 {
            // 0C: the objects that would authenticate the header are missing, whatever there is.
            return Err(Status::SecureMessagingMissing);
        }
        let plain = Command::new(0x00, command.ins, command.p1, command.p2);
        match command.ins {
            ins::VERIFY | ins::SELECT => {
                let data = session.decrypt(command)?;
                let plain = plain
                    .with_data(&data)
                    .map_err(|_| Status::SecureMessagingIncorrect)?;
                if command.ins == ins::VERIFY {
                    self.verify(&plain)
                } else {
                    self.select(&plain)
                }
            }
            ins::READ_BINARY => {
                let expected = match *data_object(command, EXPECTED_LENGTH)? {
                    [0, 0, 0] => 65_536,
                    [0, high, low] => u32::from(u16::from_be_bytes([high, low])),
                    _ => return Err(Status::SecureMessagingIncorrect),
                };
                let plain = plain.expecting(expected).map_err(|_| Status::WrongLength)?;
                let iv = session.iv();
                let key = session.key.clone();
                let read = self.read_binary(&plain)?;
                let answer = encrypt(&key, &iv, read.data());
                // What does not fit into Le is not sent in part. (Not known of real cards.)
                if usize::try_from(command.expected()).is_ok_and(|le| le < answer.len()) {
                    return Err(Status::WrongLength);
                }
                Ok(Response::new(&answer, Status::Success))
            }
            _ => Err(NOT_OFFERED),
        }
    }
}

impl Session {
    fn iv(&self) -> [u8; 16] {
        // CBC of one block under an IV of zeros is the block cipher itself.
        let mut block = self.commands.to_be_bytes().into();
        Aes128::new((&*self.key).into()).encrypt_block(&mut block);
        block.into()
    }

    /// What a command carries in its one data object.
    fn decrypt(&self, command: &Command) -> Result<Zeroizing<Vec<u8>>, Status> {
        let wrong = Status::SecureMessagingIncorrect;
        let [PADDED, ciphertext @ ..] = data_object(command, CRYPTOGRAM)? else {
            return Err(wrong);
        };
        cbc::Decryptor::<Aes128>::new((&*self.key).into(), &self.iv().into())
            .decrypt_padded_vec::<Iso7816>(ciphertext)
            .map(Zeroizing::new)
            .map_err(|_| wrong)
    }
}

/// `86 len 01 <ciphertext>`
fn encrypt(key: &[u8; 16], iv: &[u8; 16], plain: &[u8]) -> Vec<u8> {
    let ciphertext =
        cbc::Encryptor::<Aes128>::new(key.into(), iv.into()).encrypt_padded_vec::<Iso7816>(plain);
    Writer::new()
        .tlv(CRYPTOGRAM, &[&[PADDED], &ciphertext[..]].concat())
        .into_bytes()
}

/// The value of the only data object of a command, which has to have this tag.
fn data_object(command: &Command, tag: u16) -> Result<&[u8], Status> {
    if command.data().is_empty() {
        return Err(Status::SecureMessagingMissing);
    }
    only(command.data(), tag).map_err(|_| Status::SecureMessagingIncorrect)
}
