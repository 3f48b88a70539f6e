//! JCS: members by the UTF-16 code units of their names, no spaces, the shortest escapes, numbers as ECMAScript writes them.

use std::fmt::{self, Write};

use zeroize::Zeroizing;

use super::Value;

/// The canonical form of a value that was read from `length` bytes.
pub(crate) fn canonical(value: &Value, length: usize) -> Zeroizing<String> {
    // `1e20` is what grows most, by less than six times: the text never moves and leaves nothing behind.
    let mut out = Zeroizing::new(String::with_capacity(length.saturating_mul(6)));
    // A String takes whatever is written to it.
    let _ = write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) -> fmt::Result {
    match value {
        Value::Null => out.write_str("null"),
        Value::Bool(value) => write!(out, "{value}"),
        Value::Number(value) => number(*value, out),
        Value::Text(value) => text(value, out),
        Value::Array(items) => {
            out.write_char('[')?;
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.write_char(',')?;
                }
                write(item, out)?;
            }
            out.write_char(']')
        }
        Value::Object(object) => {
            let mut members: Vec<_> = object.0.iter().collect();
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.write_char('{')?;
            for (index, (name, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.write_char(',')?;
                }
                text(name, out)?;
                out.write_char(':')?;
                write(value, out)?;
            }
            out.write_char('}')
        }
    }
}

fn text(text: &str, out: &mut String) -> fmt::Result {
    out.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => out.write_str("\\\""),
            '\\' => out.write_str("\\\\"),
            '\u{8}' => out.write_str("\\b"),
            '\t' => out.write_str("\\t"),
            '\n' => out.write_str("\\n"),
            '\u{c}' => out.write_str("\\f"),
            '\r' => out.write_str("\\r"),
            '\0'..='\u{1f}' => write!(out, "\\u{:04x}", u32::from(character)),
            _ => out.write_char(character),
        }?;
    }
    out.write_char('"')
}

/// ECMAScript's Number::toString: with digits d1…dk, the fewest that read back as the same double, and the number being
/// 0.d1…dk × 10^n.
fn number(value: f64, out: &mut String) -> fmt::Result {
    if value == 0.0 {
        // The negative one too.
        return out.write_char('0');
    }
    let scientific = shortest(value.abs());
    // Rust always writes the exponent.
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let n = exponent.parse::<i32>().unwrap_or(0) + 1;
    let k = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    if value < 0.0 {
        out.write_char('-')?;
    }
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    if k <= n && n <= 21 {
        return write!(out, "{digits}{}", zeros(n - k));
    }
    if 0 < n && n <= 21 {
        let (whole, rest) = digits.split_at(usize::try_from(n).unwrap_or(0));
        return write!(out, "{whole}.{rest}");
    }
    if -6 < n && n <= 0 {
        return write!(out, "0.{}{digits}", zeros(-n));
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    write!(out, "{first}{point}{rest}e{:+}", n - 1)
}

/// Rust finds the fewest digits as well. Where two such numbers are equally close, it takes the upper one and ECMAScript the even
/// one, as rounding to so many digits does.
fn shortest(value: f64) -> String {
    let shortest = format!("{value:e}");
    let mantissa = shortest.split('e').next().unwrap_or_default();
    let places = mantissa.len().saturating_sub(2);
    let even = format!("{value:.places$e}");
    if even.parse() == Ok(value) {
        even
    } else {
        shortest
    }
}
