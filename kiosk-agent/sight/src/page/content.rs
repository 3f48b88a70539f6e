//! Whether a page's content is written as ours is: of few operators, each with its operands and nothing else, to the last byte.
//!
//! Readers mend what is otherwise, or stop there, each in its own way (ISO 32000-1, section 7.8.2).

use super::syntax::{Object, Reader};

/// Longest content, once it is inflated: twenty times that of a page of ours.
const LONGEST: usize = 4 << 20;
/// Most of what is begun and not ended.
const DEEPEST: usize = 8;
/// Most stencils drawn: twice those of a page of ours.
const MOST_STENCILS: usize = 4;
/// Furthest from zero, in points: readers take what is beyond their numbers for others.
const FURTHEST: f64 = 10_000.0;

/// Where in content an operator may stand, and where it leads (ISO 32000-1, section 8.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Page,
    /// Within a path, whose last point the next line begins at, or not.
    Path {
        has_point: bool,
    },
    Text,
}

const POINT: At = At::Path { has_point: true };
const NO_POINT: At = At::Path { has_point: false };

/// From where to where.
fn leads(operator: &[u8], at: At) -> Option<At> {
    Some(match (operator, at) {
        (b"m", At::Page | At::Path { .. }) | (b"l" | b"c", POINT) => POINT,
        (b"re", At::Page | At::Path { .. }) | (b"h", POINT) => NO_POINT,
        (b"f" | b"S", At::Path { .. }) | (b"ET", At::Text) => At::Page,
        (b"BT", At::Page) | (b"Tm" | b"Tf" | b"Tj", At::Text) => At::Text,
        (
            b"q" | b"Q" | b"cm" | b"g" | b"rg" | b"RG" | b"w" | b"J" | b"j" | b"Do" | b"BDC"
            | b"EMC",
            At::Page,
        ) => At::Page,
        _ => return None,
    })
}

/// Numbers before an operator that has nothing else.
fn numbers(operator: &[u8]) -> Option<usize> {
    Some(match operator {
        b"q" | b"Q" | b"h" | b"f" | b"S" | b"BT" | b"ET" | b"EMC" => 0,
        b"g" | b"w" | b"J" | b"j" => 1,
        b"m" | b"l" => 2,
        b"rg" | b"RG" => 3,
        b"re" => 4,
        b"c" | b"cm" | b"Tm" => 6,
        _ => return None,
    })
}

/// What begins something, and what ends it.
const PAIRS: [(&[u8], &[u8]); 2] = [(b"q", b"Q"), (b"BDC", b"EMC")];

/// What content may name.
pub(super) struct Named<G, S> {
    /// How many glyphs a font has, if it is there.
    pub(super) glyphs: G,
    /// Whether a stencil is there.
    pub(super) is_stencil: S,
}

/// Whether it is so.
pub(super) fn is_ours<G, S>(content: &[u8], named: &Named<G, S>) -> bool
where
    G: Fn(&[u8]) -> Option<usize>,
    S: Fn(&[u8]) -> bool,
{
    let mut page = Page {
        named,
        at: At::Page,
        open: Vec::new(),
        font: None,
        stencils: 0,
    };
    content.len() <= LONGEST && page.read(Reader::new(content)).is_some()
}

struct Page<'n, G, S> {
    named: &'n Named<G, S>,
    at: At,
    /// What ends what was begun, the innermost last.
    open: Vec<&'static [u8]>,
    /// How many glyphs the font has that was chosen just now.
    font: Option<usize>,
    stencils: usize,
}

impl<G, S> Page<'_, G, S>
where
    G: Fn(&[u8]) -> Option<usize>,
    S: Fn(&[u8]) -> bool,
{
    fn read(&mut self, mut reader: Reader<'_>) -> Option<()> {
        let mut held = Vec::new();
        while let Some(next) = reader.peek() {
            if next.is_ascii_alphabetic() {
                let operator = reader.word(|byte| byte.is_ascii_alphabetic())?;
                self.operator(operator, &held)?;
                held.clear();
            } else if held.len() < 6 {
                held.push(reader.object()?);
            } else {
                return None;
            }
        }
        let ends = held.is_empty() && self.open.is_empty() && self.at == At::Page;
        ends.then_some(())
    }

    fn operator(&mut self, operator: &[u8], held: &[Object<'_>]) -> Option<()> {
        self.at = leads(operator, self.at)?;
        let is_bounded =
            |it: &Object<'_>| matches!(it, Object::Number(number) if number.abs() <= FURTHEST);
        // Each text directly behind its font.
        let font = self.font.take();
        let fits = match (operator, held) {
            (b"Tj", [Object::Text(text)]) => is_text(text, font?),
            (b"Tf", [Object::Name(name), size]) => {
                self.font = Some((self.named.glyphs)(name)?);
                is_bounded(size)
            }
            (b"Do", [Object::Name(name)]) => {
                self.stencils += 1;
                self.stencils <= MOST_STENCILS && (self.named.is_stencil)(name)
            }
            // What is marked is no optional content.
            (b"BDC", [Object::Name(tag), Object::Dictionary(_)]) => *tag != b"OC",
            _ => Some(held.len()) == numbers(operator) && held.iter().all(is_bounded),
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

/// Glyphs by their numbers, two bytes each, of so many.
fn is_text(text: &[u8], glyphs: usize) -> bool {
    let (pairs, rest) = text.as_chunks();
    rest.is_empty()
        && pairs
            .iter()
            .all(|pair| usize::from(u16::from_be_bytes(*pair)) < glyphs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ours(content: &str) -> bool {
        let named = Named {
            glyphs: |it: &[u8]| (it == b"F0").then_some(0x0102),
            is_stencil: |it: &[u8]| it == b"S0",
        };
        super::is_ours(content.as_bytes(), &named)
    }

    #[test]
    fn what_we_write_is() {
        for content in [
            "",
            "q 1 0 0 -1 0 841.92 cm 0 0 0 rg Q",
            "/Span <<\n  /MCID 0\n  /Lang (ja-JP)\n>> BDC\nBT\n1 0 0 -1 109 99.7 Tm\n/F0 20 Tf\n(\\000K\\000\\)\\000\\\\) Tj\n/F0 20 Tf\n<0101> Tj\nET\nEMC",
            "0.3 w 0 J 1 j 1 2 m 1 2 3 4 5 6 c -.5 7. l h 5 6 m 7 8 l S 1 2 3 4 re 1 2 3 4 re f 0 g",
            "/Figure<</MCID 45/ActualText<FEFF0041>>>BDC q /S0 Do Q EMC",
            "10000 0 0 -10000 0 0 cm",
        ] {
            assert!(is_ours(content), "{content}");
        }
        assert!(is_ours(&("q ".repeat(8) + &"Q ".repeat(8))));
    }

    #[test]
    fn what_others_may_write_is_not() {
        for content in [
            // Beginnings without ends, and the other way round.
            "q",
            "Q",
            "BT",
            "ET",
            "EMC",
            "/Span<<>>BDC",
            "q /A<<>>BDC Q EMC",
            "(",
            "<<",
            "1 2 m",
            "1 2 3 4 re",
            // What no reader expects, and each passes over in its way.
            ")",
            "]",
            ">>",
            "{",
            "}",
            "% g",
            "1-1 g",
            "0 g)",
            "(a) Tj",
            // Operands too many, too few, or others; or without their operator.
            "1",
            "1 q Q",
            "g",
            "1 1 g",
            "1 1 1 1 rg",
            "1 2 3 4 5 6 7 cm",
            "(a) g",
            "true g",
            "[1] g",
            "/S0 1 Do",
            "BT 1 /F0 Tf ET",
            "BT /F0 Tf ET",
            "<</A 1>> /Span BDC EMC",
            "/OC <</A 1>> BDC EMC",
            "/OC /L BDC EMC",
            // Numbers that not every reader holds.
            "10001 g",
            "-10001 g",
            "4294967296 g",
            "BT /F0 10001 Tf ET",
            // What there is not.
            "BT /F1 1 Tf ET",
            "/S1 Do",
            "BI",
            "0 0 0 0 k",
            "1 2 m W n",
            "1 2 m n",
            "/G gs",
            "/P sh",
            "BT 3 Tr ET",
            "[] 0 d",
            "/CS cs",
            "1 sc",
            "BX EX",
            "/L MP",
            "1 2 m B",
            "1 2 m f*",
            "rgb",
            "qq",
            "BT T* ET",
            "BT (a) ' ET",
            "BT [(a)] TJ ET",
            // What has another meaning, or none, where it stands.
            "1 2 l S",
            "1 2 3 4 5 6 c S",
            "h S",
            "1 2 m h 3 4 l S",
            "1 2 3 4 re 5 6 l f",
            "f",
            "S",
            "1 2 m q S Q",
            "1 2 m 1 0 0 1 0 0 cm S",
            "1 2 m 1 g f",
            "1 2 m BT ET f",
            "BT q Q ET",
            "BT 1 g ET",
            "BT BT ET ET",
            "BT 1 2 m S ET",
            "BT /S0 Do ET",
            "1 0 0 1 0 0 Tm",
            "/F0 1 Tf",
            // Text without its font before it, of half a number, or of a glyph that there is not.
            "BT (\\000A) Tj ET",
            "BT /F0 1 Tf 1 0 0 1 0 0 Tm (\\000A) Tj ET",
            "BT /F0 1 Tf (\\000A) Tj (\\000A) Tj ET",
            "BT /F0 1 Tf (A) Tj ET",
            "BT /F0 1 Tf <0102> Tj ET",
        ] {
            assert!(!is_ours(content), "{content}");
        }
        assert!(is_ours(&"/S0 Do ".repeat(4)));
        assert!(!is_ours(&"/S0 Do ".repeat(5)));
        assert!(!is_ours(&("q ".repeat(9) + &"Q ".repeat(9))));
        assert!(!is_ours(&" ".repeat(LONGEST + 1)));
    }
}
