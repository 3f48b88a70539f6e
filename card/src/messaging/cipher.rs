use aes::Aes128;
use cbc::cipher::{Block, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{KEY_LENGTH, MessagingError, SEED_LENGTH};
use crate::tlv::Reader;

const BLOCK: usize = 16;

type Encryptor = cbc::Encryptor<Aes128>;
type Decryptor = cbc::Decryptor<Aes128>;

/// An AES-128 key, wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct SessionKey([u8; KEY_LENGTH]);

impl SessionKey {
    /// The seed's first 16 bytes.
    pub(super) fn of(seed: &[u8; SEED_LENGTH]) -> Self {
        let mut key = Self([0; KEY_LENGTH]);
        key.0.copy_from_slice(&seed[..KEY_LENGTH]);
        key
    }

    /// Pads and encrypts for the command with this number.
    pub(super) fn encrypt(&self, number: u32, plain: &[u8]) -> Vec<u8> {
        let length = (plain.len() / BLOCK + 1) * BLOCK;
        // Encrypted where it stands, so that no copy of the plain text is left behind.
        let mut buffer = Vec::with_capacity(length);
        buffer.extend_from_slice(plain);
        buffer.push(0x80);
        buffer.resize(length, 0x00);
        let (blocks, _) = Block::<Encryptor>::slice_as_chunks_mut(&mut buffer);
        self.encryptor(&self.iv(number)).encrypt_blocks(blocks);
        buffer
    }

    /// Decrypts the answer to the command with this number, and takes the padding away.
    pub(super) fn decrypt(
        &self,
        number: u32,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, MessagingError> {
        let mut plain = Zeroizing::new(ciphertext.to_vec());
        let (blocks, rest) = Block::<Decryptor>::slice_as_chunks_mut(&mut plain);
        if blocks.is_empty() || !rest.is_empty() {
            return Err(MessagingError::Answer);
        }
        Decryptor::new(&self.0.into(), &self.iv(number).into()).decrypt_blocks(blocks);
        let length = unpadded(&plain)?;
        plain.truncate(length);
        Ok(plain)
    }

    fn iv(&self, number: u32) -> [u8; BLOCK] {
        let mut block = u128::from(number).to_be_bytes();
        self.encryptor(&[0; BLOCK])
            .encrypt_block((&mut block).into());
        block
    }

    fn encryptor(&self, iv: &[u8; BLOCK]) -> Encryptor {
        Encryptor::new(&self.0.into(), &(*iv).into())
    }
}

/// The length without padding, which is in the last block and nowhere else.
fn unpadded(plain: &[u8]) -> Result<usize, MessagingError> {
    let last = plain
        .len()
        .checked_sub(BLOCK)
        .ok_or(MessagingError::Answer)?;
    let mut reader = Reader::new(plain);
    let before = reader.take(last).map_err(|_| MessagingError::Answer)?;
    let kept = reader
        .rest()
        .iter()
        .rposition(|byte| *byte != 0x00)
        .filter(|&at| reader.rest().get(at) == Some(&0x80))
        .ok_or(MessagingError::Answer)?;
    Ok(before.len() + kept)
}
