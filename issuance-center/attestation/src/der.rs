//! DER (X.690), as far as the extension needs it: definite lengths in their shortest form, nothing left over.

/// Bytes that are not what they should be: not DER, or of another type, size or order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed")]
pub struct Malformed;

/// Class and form bits, and the tag number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    bits: u8,
    number: u32,
}

const CONSTRUCTED: u8 = 0x20;
const CONTEXT: u8 = 0x80;

impl Tag {
    const BOOLEAN: Self = Self::universal(0, 1);
    const INTEGER: Self = Self::universal(0, 2);
    const OCTET_STRING: Self = Self::universal(0, 4);
    const NULL: Self = Self::universal(0, 5);
    const ENUMERATED: Self = Self::universal(0, 10);
    const SEQUENCE: Self = Self::universal(CONSTRUCTED, 16);
    const SET: Self = Self::universal(CONSTRUCTED, 17);

    const fn universal(bits: u8, number: u32) -> Self {
        Self { bits, number }
    }

    /// The number of an explicit context tag.
    pub(crate) const fn explicit(self) -> Option<u32> {
        if self.bits == CONTEXT | CONSTRUCTED {
            Some(self.number)
        } else {
            None
        }
    }
}

/// What is still to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nothing may be left.
    pub(crate) const fn end(&self) -> Result<(), Malformed> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.0.split_first().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*first)
    }

    fn tag(&mut self) -> Result<Tag, Malformed> {
        let first = self.byte()?;
        let bits = first & 0xE0;
        let number = u32::from(first & 0x1F);
        if number < 0x1F {
            return Ok(Tag { bits, number });
        }
        // The high form: seven bits a byte, at most 28 in all, and only for what the low form cannot say.
        let mut number = 0;
        for _ in 0..4 {
            let byte = self.byte()?;
            if number == 0 && byte == 0x80 {
                return Err(Malformed);
            }
            number = number << 7 | u32::from(byte & 0x7F);
            if byte & 0x80 == 0 {
                let needed = number >= 0x1F;
                return needed.then_some(Tag { bits, number }).ok_or(Malformed);
            }
        }
        Err(Malformed)
    }

    fn length(&mut self) -> Result<usize, Malformed> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(usize::from(first));
        }
        // No certificate is longer than two bytes can say.
        let length = match first {
            0x81 => u16::from(self.byte()?),
            0x82 => u16::from_be_bytes([self.byte()?, self.byte()?]),
            _ => return Err(Malformed),
        };
        let shortest = if first == 0x81 { 0x80 } else { 0x100 };
        if length < shortest {
            return Err(Malformed);
        }
        Ok(usize::from(length))
    }

    /// The next element, whatever it is.
    pub(crate) fn next(&mut self) -> Result<(Tag, Self), Malformed> {
        let tag = self.tag()?;
        let length = self.length()?;
        let (content, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok((tag, Self(content)))
    }

    fn expect(&mut self, tag: Tag) -> Result<Self, Malformed> {
        let (found, content) = self.next()?;
        if found == tag {
            Ok(content)
        } else {
            Err(Malformed)
        }
    }

    pub(crate) fn sequence(&mut self) -> Result<Self, Malformed> {
        self.expect(Tag::SEQUENCE)
    }

    pub(crate) fn set(&mut self) -> Result<Self, Malformed> {
        self.expect(Tag::SET)
    }

    pub(crate) fn octets(&mut self) -> Result<&'a [u8], Malformed> {
        Ok(self.expect(Tag::OCTET_STRING)?.0)
    }

    pub(crate) fn null(&mut self) -> Result<(), Malformed> {
        self.expect(Tag::NULL)?.end()
    }

    pub(crate) fn boolean(&mut self) -> Result<bool, Malformed> {
        match self.expect(Tag::BOOLEAN)?.0 {
            [0x00] => Ok(false),
            [0xFF] => Ok(true),
            _ => Err(Malformed),
        }
    }

    pub(crate) fn integer(&mut self) -> Result<u64, Malformed> {
        Self::unsigned(self.expect(Tag::INTEGER)?)
    }

    pub(crate) fn enumerated(&mut self) -> Result<u64, Malformed> {
        Self::unsigned(self.expect(Tag::ENUMERATED)?)
    }

    /// Not negative, in its shortest form, of 64 bits at most.
    fn unsigned(Self(content): Self) -> Result<u64, Malformed> {
        let digits = match content {
            [] | [0x80..=0xFF, ..] | [0, 0..=0x7F, ..] => return Err(Malformed),
            [0, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        };
        if digits.len() > 8 {
            return Err(Malformed);
        }
        Ok(digits
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_unsigned_and_shortest() {
        let read = |content: &[u8]| {
            let length = u8::try_from(content.len()).unwrap();
            let bytes = [&[0x02, length][..], content].concat();
            Reader::new(&bytes).integer()
        };
        assert_eq!(read(&[0]), Ok(0));
        assert_eq!(read(&[0x7F]), Ok(127));
        assert_eq!(read(&[0, 0x80]), Ok(128));
        assert_eq!(
            read(&[0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
            Ok(u64::MAX)
        );
        for wrong in [&[][..], &[0x80], &[0, 0x7F], &[1, 0, 0, 0, 0, 0, 0, 0, 0]] {
            assert_eq!(read(wrong), Err(Malformed), "{wrong:02x?}");
        }
    }

    #[test]
    fn lengths_and_tags_have_one_form() {
        let read = |bytes: &[u8]| {
            Reader::new(bytes)
                .next()
                .map(|(tag, content)| (tag.number, content.0.len()))
        };
        // [709] with the number in two bytes, as keystores write it.
        assert_eq!(read(&[0xBF, 0x85, 0x45, 0x01, 0x00]), Ok((709, 1)));
        assert_eq!(
            read(&[[0x04, 0x81, 0x80].as_slice(), &[0; 0x80]].concat()),
            Ok((4, 0x80))
        );
        for wrong in [
            &[0x04][..],
            &[0x04, 0x80],
            &[0x04, 0x02, 0x00],
            &[0x04, 0x81, 0x01, 0x00],
            &[0x04, 0x82, 0x00, 0x01, 0x00],
            &[0xBF, 0x1E, 0x00],
            &[0xBF, 0x80, 0x45, 0x00],
            &[0xBF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0x00],
        ] {
            assert_eq!(read(wrong), Err(Malformed), "{wrong:02x?}");
        }
    }

    #[test]
    fn booleans_are_two_values() {
        let read = |value| Reader::new(&[0x01, 0x01, value]).boolean();
        assert_eq!(read(0x00), Ok(false));
        assert_eq!(read(0xFF), Ok(true));
        assert_eq!(read(0x01), Err(Malformed));
    }
}
