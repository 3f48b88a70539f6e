//! Whether a page's content is written as ours is: of few operators, each with its operands and nothing else, to the last byte.
//!
//! Readers mend what is otherwise, or stop there, each in its own way (ISO 32000-1, section 7.8.2).

/// Longest content, once it is inflated: twenty times that of a page of ours.
const LONGEST: usize = 4 << 20;
/// Most stencils drawn: twice those of a page of ours.
const MOST_STENCILS: usize = 4;
/// Most of what is begun and not ended.
const DEEPEST: usize = 8;

/// What an operator has before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operands {
    Numbers(usize),
    Text,
    Name,
    NameAndNumber,
    NameAndDictionary,
}

fn operands(operator: &[u8]) -> Option<Operands> {
    Some(match operator {
        b"q" | b"Q" | b"h" | b"f" | b"S" | b"BT" | b"ET" | b"EMC" => Operands::Numbers(0),
        b"g" | b"w" | b"J" | b"j" => Operands::Numbers(1),
        b"m" | b"l" => Operands::Numbers(2),
        b"rg" | b"RG" => Operands::Numbers(3),
        b"re" => Operands::Numbers(4),
        b"c" | b"cm" | b"Tm" => Operands::Numbers(6),
        b"Tj" => Operands::Text,
        b"Do" => Operands::Name,
        b"Tf" => Operands::NameAndNumber,
        b"BDC" => Operands::NameAndDictionary,
        _ => return None,
    })
}

/// What begins something, and what ends it.
const PAIRS: [(&[u8], &[u8]); 3] = [(b"q", b"Q"), (b"BT", b"ET"), (b"BDC", b"EMC")];

/// What was read and not used yet.
#[derive(Clone, Copy)]
enum Operand<'a> {
    Number,
    Text,
    Name(&'a [u8]),
    Dictionary,
}

/// Whether it is, and names only what there is: fonts and stencils.
pub(super) fn is_ours(
    content: &[u8],
    is_font: impl Fn(&[u8]) -> bool,
    is_stencil: impl Fn(&[u8]) -> bool,
) -> bool {
    let mut reader = Reader {
        rest: content,
        open: Vec::new(),
        stencils: 0,
    };
    content.len() <= LONGEST && reader.read(is_font, is_stencil).is_some()
}

struct Reader<'a> {
    rest: &'a [u8],
    /// What ends what was begun, the innermost last.
    open: Vec<&'static [u8]>,
    stencils: usize,
}

impl<'a> Reader<'a> {
    fn read(
        &mut self,
        is_font: impl Fn(&[u8]) -> bool,
        is_stencil: impl Fn(&[u8]) -> bool,
    ) -> Option<()> {
        let mut held = Vec::new();
        loop {
            self.rest = self.rest.trim_ascii_start();
            let Some(first) = self.rest.first() else {
                return (held.is_empty() && self.open.is_empty()).then_some(());
            };
            let operand = match first {
                b'(' => self.text()?,
                b'/' => self.name()?,
                b'<' if self.rest.starts_with(b"<<") => self.dictionary()?,
                b'<' => self.digits()?,
                b'0'..=b'9' | b'-' | b'.' => self.number()?,
                _ => {
                    self.operator(&held, &is_font, &is_stencil)?;
                    held.clear();
                    continue;
                }
            };
            if held.len() == 6 {
                return None;
            }
            held.push(operand);
        }
    }

    /// As long as bytes are such; what follows is white, or begins what has a beginning of its own.
    fn word(&mut self, is: impl Fn(u8) -> bool) -> Option<&'a [u8]> {
        let length = self.rest.iter().take_while(|byte| is(**byte)).count();
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        let next = rest.first();
        next.is_none_or(|next| next.is_ascii_whitespace() || b"/<(>".contains(next))
            .then_some(word)
    }

    fn number(&mut self) -> Option<Operand<'a>> {
        let word = self.word(|byte| byte.is_ascii_digit() || byte == b'-' || byte == b'.')?;
        let digits = word.strip_prefix(b"-").unwrap_or(word);
        let points = digits.iter().filter(|byte| **byte == b'.').count();
        let is_number = digits
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'.');
        (is_number && points <= 1 && digits.len() > points).then_some(Operand::Number)
    }

    fn name(&mut self) -> Option<Operand<'a>> {
        self.rest = &self.rest[1..];
        let name = self.word(|byte| byte.is_ascii_alphanumeric())?;
        (!name.is_empty()).then_some(Operand::Name(name))
    }

    /// A string: parentheses in it are escaped, or have their counterpart.
    fn text(&mut self) -> Option<Operand<'a>> {
        let (mut depth, mut escaped) = (0, false);
        let end = self.rest.iter().position(|byte| {
            match byte {
                _ if escaped => {}
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            escaped = !escaped && *byte == b'\\';
            depth == 0
        })?;
        self.rest = &self.rest[end + 1..];
        Some(Operand::Text)
    }

    /// A string in hexadecimal digits.
    fn digits(&mut self) -> Option<Operand<'a>> {
        self.rest = &self.rest[1..];
        let digits = self.word(|byte| byte.is_ascii_hexdigit())?;
        self.rest = self.rest.strip_prefix(b">")?;
        digits.len().is_multiple_of(2).then_some(Operand::Text)
    }

    /// Of names, numbers and strings: what is marked, and in which language.
    fn dictionary(&mut self) -> Option<Operand<'a>> {
        self.rest = self.rest.strip_prefix(b"<<")?;
        loop {
            self.rest = self.rest.trim_ascii_start();
            if let Some(rest) = self.rest.strip_prefix(b">>") {
                self.rest = rest;
                return Some(Operand::Dictionary);
            }
            match self.rest.first()? {
                b'/' => self.name()?,
                b'(' => self.text()?,
                b'<' => self.digits()?,
                _ => self.number()?,
            };
        }
    }

    fn operator(
        &mut self,
        held: &[Operand<'_>],
        is_font: impl Fn(&[u8]) -> bool,
        is_stencil: impl Fn(&[u8]) -> bool,
    ) -> Option<()> {
        let operator = self.word(|byte| byte.is_ascii_alphabetic())?;
        let fits = match (operands(operator)?, held) {
            (Operands::Numbers(count), held) => {
                held.len() == count && held.iter().all(|it| matches!(it, Operand::Number))
            }
            (Operands::Text, [Operand::Text]) => true,
            // What is marked is no optional content.
            (Operands::NameAndDictionary, [Operand::Name(tag), Operand::Dictionary]) => {
                *tag != b"OC"
            }
            (Operands::NameAndNumber, [Operand::Name(font), Operand::Number]) => is_font(font),
            (Operands::Name, [Operand::Name(stencil)]) => {
                self.stencils += 1;
                self.stencils <= MOST_STENCILS && is_stencil(stencil)
            }
            _ => false,
        };
        for (begin, end) in PAIRS {
            if operator == begin {
                self.open.push(end);
            } else if operator == end && self.open.pop() != Some(end) {
                return None;
            }
        }
        (fits && self.open.len() <= DEEPEST).then_some(())
    }
}

#[cfg(test)]
mod tests {
    fn is_ours(content: &str) -> bool {
        super::is_ours(content.as_bytes(), |it| it == b"F0", |it| it == b"S0")
    }

    #[test]
    fn what_we_write_is() {
        for content in [
            "",
            "q 1 0 0 -1 0 841.92 cm 0 0 0 rg Q",
            "/Span <<\n  /MCID 0\n  /Lang (ja-JP)\n>> BDC\nBT\n1 0 0 -1 109 99.7 Tm\n/F0 20 Tf\n(\\000K\\)\\\\) Tj\n<00fE> Tj\n(a(b)\\(c) Tj\nET\nEMC",
            "0.3 w 0 J 1 j 1 2 m 1 2 3 4 5 6 c -.5 7. l h S 1 2 3 4 re f 0 g",
            "/Figure<</MCID 45/ActualText<FEFF0041>>>BDC q /S0 Do Q EMC",
        ] {
            assert!(is_ours(content), "{content}");
        }
    }

    #[test]
    fn what_others_may_write_is_not() {
        for content in [
            // Beginnings without ends, and the other way round.
            "q",
            "Q",
            "q BT Q ET",
            "BT",
            "EMC",
            "(",
            "(a",
            "<<",
            "/Span << BDC",
            // What no reader expects, and each passes over in its way.
            ")",
            "]",
            "[",
            ">>",
            "{",
            "}",
            "<zz>",
            "<0> Tj",
            "<00 Tj",
            "[(a)] TJ",
            "% g",
            "1-1 g",
            "1..1 g",
            "- g",
            ". g",
            "--1 g",
            "+1 g",
            "1e3 g",
            "/ Do",
            "/S#30 Do",
            "((a) Tj",
            "(a\\\\(b) Tj",
            // Operands too many, too few, or others; or without their operator.
            "1",
            "1 q Q",
            "g",
            "1 1 g",
            "1 1 1 1 rg",
            "1 2 3 4 5 6 7 c",
            "(a) g",
            "/S0 1 Do",
            "1 /F0 Tf",
            "/F0 Tf",
            "<</A 1>> /Span BDC",
            // What there is not.
            "/F1 1 Tf",
            "/S1 Do",
            "BI",
            "0 0 0 0 k",
            "W n",
            "n",
            "/G gs",
            "/P sh",
            "3 Tr",
            "[] 0 d",
            "/CS cs",
            "1 sc",
            "BX EX",
            "/L MP",
            "B",
            "f*",
            "b",
            "v",
            "y",
            "T*",
            "(a) '",
            "true",
            "null",
            "rgb",
            "qq",
            "/OC <</A 1>> BDC EMC",
            "/OC /L BDC EMC",
        ] {
            assert!(!is_ours(content), "{content}");
        }
        assert!(is_ours(&"/S0 Do ".repeat(4)));
        assert!(!is_ours(&"/S0 Do ".repeat(5)));
        assert!(is_ours(&("q ".repeat(8) + &"Q ".repeat(8))));
        assert!(!is_ours(&("q ".repeat(9) + &"Q ".repeat(9))));
        assert!(!is_ours(&" ".repeat(super::LONGEST + 1)));
    }
}
