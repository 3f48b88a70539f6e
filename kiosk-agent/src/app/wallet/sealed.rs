//! A certificate's file, and the keys of a wallet.
//!
//! ```text
//! keys       = key of the list (32) ‖ key of the certificates (32), random
//! file       = version (1 byte, 01) ‖ nonce (12) ‖ AES-256-GCM-SIV(key of the certificates, content)
//! additional = transcript("shomei wallet certificate v1", id)
//! content    = length of the description (u32 BE) ‖ length of the page (u32 BE) ‖ description (JSON) ‖ page ‖ zeros
//! ```
//! The zeros fill the content up to a multiple of 512 KiB, more than any page of ours: the size of a file tells neither kind nor doses.

use std::io;

use issuance_api::{PersonalBytes, Transcript};
use zeroize::Zeroizing;

use super::head::{open, seal};
use super::{Id, Kept};

const VERSION: u8 = 1;
const KEY_BYTES: usize = 32;
pub(super) const BLOCK: usize = 512 * 1024;

/// The keys that a secret opens.
pub(super) struct Keys(Zeroizing<[u8; Self::BYTES]>);

impl Keys {
    pub(super) const BYTES: usize = 2 * KEY_BYTES;

    pub(super) fn random() -> io::Result<Self> {
        let mut keys = Zeroizing::new([0; Self::BYTES]);
        getrandom::fill(keys.as_mut_slice()).map_err(io::Error::other)?;
        Ok(Self(keys))
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let keys = <[u8; Self::BYTES]>::try_from(bytes).ok()?;
        Some(Self(Zeroizing::new(keys)))
    }

    pub(super) fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    pub(super) fn list(&self) -> &[u8; KEY_BYTES] {
        self.0.first_chunk().expect("there are two keys")
    }

    fn certificates(&self) -> &[u8; KEY_BYTES] {
        self.0.last_chunk().expect("there are two keys")
    }

    pub(super) fn seal_certificate(
        &self,
        id: Id,
        kept: &Kept,
        page: &[u8],
    ) -> io::Result<Zeroizing<Vec<u8>>> {
        // Room for any certificate's texts, so that growing leaves no copy behind.
        let mut description = Zeroizing::new(Vec::with_capacity(16 * 1024));
        serde_json::to_writer(&mut *description, kept).map_err(io::Error::other)?;
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(io::Error::other);
        let lengths = [length(&description)?, length(page)?].map(u32::to_be_bytes);
        let used = 2 * 4 + description.len() + page.len();
        let mut content = Zeroizing::new(Vec::with_capacity(used.next_multiple_of(BLOCK)));
        content.extend_from_slice(lengths.as_flattened());
        content.extend_from_slice(&description);
        content.extend_from_slice(page);
        content.resize(used.next_multiple_of(BLOCK), 0);
        let sealed = seal(self.certificates(), &content, &additional(id))?;
        Ok(Zeroizing::new([&[VERSION], sealed.as_slice()].concat()))
    }

    /// Description and page, if this is that certificate of this wallet.
    pub(super) fn open_certificate(&self, id: Id, file: &[u8]) -> Option<(Kept, PersonalBytes)> {
        let (version, sealed) = file.split_first()?;
        if *version != VERSION {
            return None;
        }
        let content = open(self.certificates(), sealed, &additional(id))?;
        let (description_length, rest) = content.split_first_chunk()?;
        let (page_length, rest) = rest.split_first_chunk()?;
        let length = |bytes: &[u8; 4]| usize::try_from(u32::from_be_bytes(*bytes)).ok();
        let (description, rest) = rest.split_at_checked(length(description_length)?)?;
        let page = rest.get(..length(page_length)?)?;
        let kept = serde_json::from_slice(description).ok()?;
        Some((kept, PersonalBytes::new(page.to_vec())))
    }
}

fn additional(id: Id) -> Vec<u8> {
    Transcript::new("shomei wallet certificate v1")
        .field(&id.0)
        .into_bytes()
}
