//! Objects of PDF as they are written by the library that writes ours: numbers, strings, names, arrays, dictionaries (ISO 32000-1, section 7.3).
//!
//! Readers pass over whatever else stands there, each in its own way, or take it for something each: here it is none.

/// Most of what lies within another, and most entries of one dictionary.
const DEEPEST: usize = 16;
const MOST_ENTRIES: usize = 64;
/// Longest number: nobody's are cut off at that.
const LONGEST_NUMBER: usize = 20;

/// What is read.
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(super) enum Object<'a> {
    Number(f64),
    /// What it says, without its escapes.
    Text(Vec<u8>),
    Name(&'a [u8]),
    Array,
    Dictionary(Vec<(&'a [u8], &'a [u8])>),
    /// A reference to another, a truth value, or nothing.
    Other,
}

/// What is not read yet.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte that is not white.
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.0 = self.0.trim_ascii_start();
        self.0.first().copied()
    }

    fn takes(&mut self, word: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(word)?;
        Some(())
    }

    /// As long as bytes are such; what follows is white, or has a beginning or an end of its own.
    pub(super) fn word(&mut self, is: impl Fn(u8) -> bool) -> Option<&'a [u8]> {
        let length = self.0.iter().take_while(|byte| is(**byte)).count();
        let (word, rest) = self.0.split_at(length);
        self.0 = rest;
        let next = rest.first();
        let ends = next.is_none_or(|next| next.is_ascii_whitespace() || b"/<>()[]".contains(next));
        (ends && !word.is_empty()).then_some(word)
    }

    /// An object, by itself: no reference.
    pub(super) fn object(&mut self) -> Option<Object<'a>> {
        self.within(DEEPEST)
    }

    fn within(&mut self, depth: usize) -> Option<Object<'a>> {
        Some(match self.peek()? {
            b'(' => Object::Text(self.text()?),
            b'/' => Object::Name(self.name()?),
            b'<' if self.0.starts_with(b"<<") => Object::Dictionary(self.dictionary(depth)?),
            b'<' => Object::Text(self.digits()?),
            b'[' => self.array(depth)?,
            b'0'..=b'9' | b'-' | b'.' => Object::Number(self.number()?),
            _ => match self.word(|byte| byte.is_ascii_alphabetic())? {
                b"true" | b"false" | b"null" => Object::Other,
                _ => return None,
            },
        })
    }

    /// What may stand within another: a reference, too.
    fn value(&mut self, depth: usize) -> Option<Object<'a>> {
        let is_reference = |mut reader: Self| {
            for _ in 0..2 {
                reader.peek()?;
                reader.word(|byte| byte.is_ascii_digit())?;
            }
            reader.peek()?;
            (reader.word(|byte| byte.is_ascii_alphabetic())? == b"R").then_some(reader)
        };
        if let Some(rest) = is_reference(*self) {
            *self = rest;
            return Some(Object::Other);
        }
        self.within(depth)
    }

    fn number(&mut self) -> Option<f64> {
        let word = self.word(|byte| byte.is_ascii_digit() || byte == b'-' || byte == b'.')?;
        let digits = word.strip_prefix(b"-").unwrap_or(word);
        let is_number = digits
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'.');
        if !is_number || word.len() > LONGEST_NUMBER {
            return None;
        }
        // Two points, or none but one, are no number here either.
        std::str::from_utf8(word).ok()?.parse().ok()
    }

    fn name(&mut self) -> Option<&'a [u8]> {
        self.takes(b"/")?;
        self.word(|byte| byte.is_ascii_alphanumeric() || b"-+_".contains(&byte))
    }

    /// A string: parentheses in it are escaped, or have their counterpart.
    fn text(&mut self) -> Option<Vec<u8>> {
        self.takes(b"(")?;
        let mut text = Vec::new();
        let mut depth = 1;
        loop {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            text.push(match byte {
                b'\\' => self.escaped()?,
                b' '..=b'~' => *byte,
                _ => return None,
            });
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                text.pop();
                return Some(text);
            }
        }
    }

    fn escaped(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(match byte {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 8,
            b'f' => 12,
            b'(' | b')' | b'\\' => *byte,
            b'0'..=b'3' => {
                let (more, rest) = self.0.split_at_checked(2)?;
                self.0 = rest;
                let digit = |byte: u8| (b'0'..=b'7').contains(&byte).then(|| byte - b'0');
                digit(*byte)? << 6 | digit(more[0])? << 3 | digit(more[1])?
            }
            _ => return None,
        })
    }

    /// A string in hexadecimal digits.
    fn digits(&mut self) -> Option<Vec<u8>> {
        self.takes(b"<")?;
        let length = self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        self.takes(b">")?;
        let pairs = digits.chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair).ok().filter(|it| it.len() == 2)?;
            u8::from_str_radix(pair, 16).ok()
        });
        pairs.collect()
    }

    fn array(&mut self, depth: usize) -> Option<Object<'a>> {
        let depth = depth.checked_sub(1)?;
        self.takes(b"[")?;
        while self.peek()? != b']' {
            self.value(depth)?;
        }
        self.takes(b"]")?;
        Some(Object::Array)
    }

    /// Its entries, each as it is written. No name stands there twice.
    fn dictionary(&mut self, depth: usize) -> Option<Vec<(&'a [u8], &'a [u8])>> {
        let depth = depth.checked_sub(1)?;
        self.takes(b"<<")?;
        let mut entries: Vec<(&[u8], &[u8])> = Vec::new();
        while self.peek()? != b'>' {
            let name = self.name()?;
            self.peek()?;
            let before = self.0;
            self.value(depth)?;
            let is_new = entries.iter().all(|(other, _)| *other != name);
            if !is_new || entries.len() == MOST_ENTRIES {
                return None;
            }
            entries.push((name, &before[..before.len() - self.0.len()]));
        }
        self.takes(b">>")?;
        Some(entries)
    }
}

/// The one object that the bytes are.
pub(super) fn only(bytes: &[u8]) -> Option<Object<'_>> {
    let mut reader = Reader::new(bytes);
    let only = reader.value(DEEPEST)?;
    reader.peek().is_none().then_some(only)
}

/// The entries of the one dictionary that they are.
pub(super) fn only_dictionary(bytes: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    match only(bytes)? {
        Object::Dictionary(entries) => Some(entries),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_write_is_an_object() {
        let text = |text: &str| Some(Object::Text(text.into()));
        for (written, object) in [
            ("-0.5", Some(Object::Number(-0.5))),
            ("0.000030517578", Some(Object::Number(0.000_030_517_578))),
            ("(a(b)\\(c)", text("a(b)(c")),
            ("(\\000K\\n\\\\# %)", text("\0K\n\\# %")),
            ("<00414a>", text("\0AJ")),
            ("()", text("")),
            ("<>", text("")),
            ("/A-b+C", Some(Object::Name(b"A-b+C"))),
            ("[1 0 R 2 (a)/B[<<>>] true null]", Some(Object::Array)),
            ("1 0 R", Some(Object::Other)),
            (" true\n", Some(Object::Other)),
        ] {
            assert_eq!(only(written.as_bytes()), object, "{written}");
        }
        let entries = only_dictionary(b"<</A 1/B 2 0 R/C<</A[]>> /D (a) >>");
        let expected: [(&[u8], &[u8]); 4] = [
            (b"A", b"1"),
            (b"B", b"2 0 R"),
            (b"C", b"<</A[]>>"),
            (b"D", b"(a)"),
        ];
        assert_eq!(entries.unwrap(), expected);
    }

    #[test]
    fn what_others_may_write_is_none() {
        for written in [
            "",
            "1 2",
            "1-1",
            "1..1",
            "-",
            ".",
            "--1",
            "+1",
            "1e3",
            "000000000000000000001",
            "(",
            "(a",
            "(a))",
            "(\\400)",
            "(\\01)",
            "(\\8)",
            "(\\x)",
            "(\r)",
            "(\n)",
            "(\u{7f})",
            "(é)",
            "<0>",
            "<zz>",
            "<00",
            "/",
            "/#41",
            "/A#41",
            "[",
            "]",
            "[1",
            "[)]",
            "<<",
            "<</A>>",
            "<<1 2>>",
            "<</A 1/A 2>>",
            "<</A 1",
            "<</A 1>> >>",
            "{}",
            "%",
            "<<>>%",
            "<</A 1%\n>>",
            "nil",
            "R",
            "1 R",
            "<<>> 4 0 obj <<>>",
            "1 0 obj",
        ] {
            assert_eq!(only(written.as_bytes()), None, "{written}");
        }
        let deep = "[".repeat(DEEPEST) + &"]".repeat(DEEPEST);
        assert_eq!(only(deep.as_bytes()), Some(Object::Array));
        assert_eq!(only(format!("[{deep}]").as_bytes()), None);
        let long: String = (0..=MOST_ENTRIES).map(|n| format!("/A{n} 1")).collect();
        assert_eq!(only(format!("<<{long}>>").as_bytes()), None);
    }
}
