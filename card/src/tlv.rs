//! BER-TLV (ISO/IEC 8825-1) as the card writes it.
//!
//! ```text
//! TLV    = tag length value
//! tag    = 1 byte, or 2 where the low five bits of the first are all set and bit 8 of the second is clear
//! length = 00..7F | 81 n | 82 n n | 83 n n n | 84 n n n n      (big endian; need not be minimal)
//! ```
//! The card does write lengths that are not minimal (EF 0005: `82 009F`), so a DER reader fails here.
//! Indefinite length (80) is refused.

/// A tag: one byte (`0090`) or two (`FF20`), as a number.
pub type Tag = u16;

/// Why bytes are not the TLV they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlvError {
    /// The bytes end before the TLV does.
    #[error("ends too early")]
    Truncated,
    /// A tag of more than two bytes, or in a form BER does not have.
    #[error("tag not supported")]
    Tag,
    /// Indefinite length, or a length of more than four bytes.
    #[error("length not supported")]
    Length,
    /// Another tag than the one that belongs here.
    #[error("tag {expected:04X} missing")]
    Missing {
        /// The tag that belongs here.
        expected: Tag,
    },
    /// Bytes after the end.
    #[error("trailing bytes")]
    Trailing,
}

/// One data object.
#[derive(Clone, Copy)]
pub struct Tlv<'a> {
    /// Its tag.
    pub tag: Tag,
    /// Its value.
    pub value: &'a [u8],
    /// All of it: tag, length and value, as they stand.
    pub encoded: &'a [u8],
}

/// The one checked reader of untrusted bytes: it hands out what is there, or an error.
#[derive(Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads these bytes from their beginning.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is left to read.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next so many bytes.
    ///
    /// # Errors
    /// [`TlvError::Truncated`] if fewer are left.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], TlvError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(TlvError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`TlvError::Truncated`] if fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], TlvError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(TlvError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next data object, whatever its tag.
    ///
    /// # Errors
    /// [`TlvError`] if there is none that is whole.
    pub fn tlv(&mut self) -> Result<Tlv<'a>, TlvError> {
        let whole = self.rest;
        let mut reader = self.clone();
        let (tag, length) = reader.header()?;
        let value = reader.take(length)?;
        let encoded = whole
            .strip_suffix(reader.rest)
            .expect("what is left is the end of what there was");
        *self = reader;
        Ok(Tlv {
            tag,
            value,
            encoded,
        })
    }

    /// The next data object, which has this tag.
    ///
    /// # Errors
    /// [`TlvError::Missing`] if it has another; else as [`tlv`](Self::tlv).
    pub fn expect(&mut self, tag: Tag) -> Result<Tlv<'a>, TlvError> {
        let mut reader = self.clone();
        let found = reader.tlv()?;
        if found.tag != tag {
            return Err(TlvError::Missing { expected: tag });
        }
        *self = reader;
        Ok(found)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`TlvError::Trailing`] if something is left.
    pub const fn finish(self) -> Result<(), TlvError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(TlvError::Trailing)
        }
    }

    /// Tag and length, leaving the reader at the value.
    fn header(&mut self) -> Result<(Tag, usize), TlvError> {
        let [first] = *self.array()?;
        let tag = if first & 0x1F == 0x1F {
            let [second] = *self.array()?;
            if second & 0x80 != 0 {
                return Err(TlvError::Tag);
            }
            Tag::from_be_bytes([first, second])
        } else {
            Tag::from(first)
        };
        let [first] = *self.array()?;
        let length = match first {
            0x00..=0x7F => usize::from(first),
            0x81..=0x84 => self
                .take(usize::from(first & 0x0F))?
                .iter()
                .try_fold(0usize, |length, byte| {
                    Some(length.checked_mul(256)? | usize::from(*byte))
                })
                .ok_or(TlvError::Length)?,
            _ => return Err(TlvError::Length),
        };
        Ok((tag, length))
    }
}

/// The value of the one data object these bytes are.
///
/// # Errors
/// [`TlvError`] if they are not exactly one data object with this tag.
pub fn only(bytes: &[u8], tag: Tag) -> Result<&[u8], TlvError> {
    let mut reader = Reader::new(bytes);
    let found = reader.expect(tag)?;
    reader.finish()?;
    Ok(found.value)
}

/// How long the data object that begins here is, header included, judged by its header alone: all
/// of it need not be here yet. Not more than `limit`.
///
/// # Errors
/// [`TlvError::Truncated`] if not even the header is here; [`TlvError::Length`] above the limit.
pub fn announced_length(beginning: &[u8], limit: usize) -> Result<usize, TlvError> {
    let mut reader = Reader::new(beginning);
    let (_, length) = reader.header()?;
    (beginning.len() - reader.rest.len())
        .checked_add(length)
        .filter(|&total| total <= limit)
        .ok_or(TlvError::Length)
}

/// Writes data objects one after the other.
#[derive(Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Nothing written yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends a data object with the shortest length there is.
    ///
    /// # Panics
    /// If the value is longer than 4 GiB.
    #[must_use]
    pub fn tlv(self, tag: Tag, value: &[u8]) -> Self {
        match value_length(value) {
            [0, 0, 0, low @ ..=0x7F] => self.object(tag, &[low], value),
            [0, 0, 0, low] => self.object(tag, &[0x81, low], value),
            length => self.long_object(tag, length, value),
        }
    }

    /// Appends a data object whose length is written `82 n n` however short it is, as the card does
    /// in EF 0005.
    ///
    /// # Panics
    /// If the value is longer than 4 GiB.
    #[must_use]
    pub fn long_tlv(self, tag: Tag, value: &[u8]) -> Self {
        self.long_object(tag, value_length(value), value)
    }

    /// The bytes so far.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// With two bytes of length at least. No EF of the card needs more; what is longer than it can hold is for its
    /// reader to refuse, by the limit it has.
    fn long_object(self, tag: Tag, length: [u8; 4], value: &[u8]) -> Self {
        match length {
            [0, 0, high, low] => self.object(tag, &[0x82, high, low], value),
            [0, high, middle, low] => self.object(tag, &[0x83, high, middle, low], value),
            [first, second, third, fourth] => {
                self.object(tag, &[0x84, first, second, third, fourth], value)
            }
        }
    }

    fn object(mut self, tag: Tag, length: &[u8], value: &[u8]) -> Self {
        match tag.to_be_bytes() {
            [0, low] => self.0.push(low),
            both => self.0.extend_from_slice(&both),
        }
        self.0.extend_from_slice(length);
        self.0.extend_from_slice(value);
        self
    }
}

fn value_length(value: &[u8]) -> [u8; 4] {
    u32::try_from(value.len())
        .expect("nothing here is longer than 4 GiB")
        .to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_need_not_be_minimal() {
        for bytes in [
            &[0xDF, 0x22, 0x01, 0x41][..],
            &[0xDF, 0x22, 0x81, 0x01, 0x41],
            &[0xDF, 0x22, 0x82, 0x00, 0x01, 0x41],
            &[0xDF, 0x22, 0x83, 0x00, 0x00, 0x01, 0x41],
            &[0xDF, 0x22, 0x84, 0x00, 0x00, 0x00, 0x01, 0x41],
        ] {
            assert_eq!(only(bytes, 0xDF22), Ok(&[0x41][..]));
        }
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        let cases: [(&[u8], TlvError); 9] = [
            (&[], TlvError::Truncated),
            (&[0xDF], TlvError::Truncated),
            (&[0x90], TlvError::Truncated),
            (&[0x90, 0x02, 0x00], TlvError::Truncated),
            (&[0x90, 0x84, 0xFF, 0xFF, 0xFF, 0xFF], TlvError::Truncated),
            (&[0xDF, 0x81, 0x01, 0x00], TlvError::Tag),
            (&[0x90, 0x80, 0x00, 0x00], TlvError::Length),
            (&[0x90, 0x85, 0, 0, 0, 0, 1, 0], TlvError::Length),
            (&[0x90, 0x01, 0x00, 0x00], TlvError::Trailing),
        ];
        for (bytes, error) in cases {
            assert_eq!(only(bytes, 0x90), Err(error), "{bytes:02X?}");
        }
        assert_eq!(
            only(&[0x91, 0x00], 0x90),
            Err(TlvError::Missing { expected: 0x90 })
        );
    }

    #[test]
    fn what_is_longer_than_any_file_is_written_and_refused_by_its_limit() {
        for (length, header) in [
            (0xFFFF, &[0x90, 0x82, 0xFF, 0xFF][..]),
            (0x1_0000, &[0x90, 0x83, 0x01, 0x00, 0x00]),
            (0x100_0000, &[0x90, 0x84, 0x01, 0x00, 0x00, 0x00]),
        ] {
            let value = vec![0; length];
            for written in [
                Writer::new().tlv(0x90, &value).into_bytes(),
                Writer::new().long_tlv(0x90, &value).into_bytes(),
            ] {
                assert!(written.starts_with(header));
                assert_eq!(only(&written, 0x90).map(<[u8]>::len), Ok(length));
                assert_eq!(
                    announced_length(&written, crate::file::MAX_FILE),
                    Err(TlvError::Length)
                );
            }
        }
    }

    #[test]
    fn a_refused_object_is_not_consumed() {
        let mut reader = Reader::new(&[0x91, 0x01, 0x07]);
        assert!(reader.expect(0x90).is_err());
        assert_eq!(reader.expect(0x91).unwrap().value, [0x07]);
    }

    #[test]
    fn the_header_alone_announces_the_length() {
        assert_eq!(
            announced_length(&[0xFF, 0x30, 0x82, 0x01, 0x4B], 4096),
            Ok(336)
        );
        assert_eq!(
            announced_length(&[0xFF, 0x30, 0x82, 0x01, 0x4B], 335),
            Err(TlvError::Length)
        );
        assert_eq!(
            announced_length(&[0xFF, 0x30, 0x82, 0x01], 4096),
            Err(TlvError::Truncated)
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            tag in prop_oneof![Just(0x90u16), Just(0x7F21), Just(0xFF20), Just(0x5F4E)],
            value in prop::collection::vec(any::<u8>(), 0..700),
        ) {
            let short = Writer::new().tlv(tag, &value).into_bytes();
            let long = Writer::new().long_tlv(tag, &value).into_bytes();
            prop_assert_eq!(only(&short, tag), Ok(&value[..]));
            prop_assert_eq!(only(&long, tag), Ok(&value[..]));
            prop_assert_eq!(announced_length(&short, usize::MAX), Ok(short.len()));
        }

        #[test]
        fn any_bytes_are_walked_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut reader = Reader::new(&bytes);
            let mut seen = 0;
            while let Ok(found) = reader.tlv() {
                seen += found.encoded.len();
            }
            prop_assert_eq!(seen + reader.rest().len(), bytes.len());
            let _ = announced_length(&bytes, usize::MAX);
        }
    }
}
