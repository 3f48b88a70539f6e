//! JSON as VDS-NC needs it: read without loss, written in canonical form (JCS, RFC 8785), wiped afterwards.
//!
//! A general parser would not do: it keeps the last of two members of one name, rounds numbers in its own way, and leaves texts
//! behind in memory. Any of the first two would let two verifiers see two documents under one signature.

mod canonical;
mod reader;
#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

pub(crate) use canonical::canonical;
pub(crate) use reader::parse;

/// A JSON value.
#[derive(PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// Finite.
    Number(f64),
    Text(Zeroizing<String>),
    Array(Vec<Value>),
    Object(Object),
}

/// Members, each name once, in the order they were written in.
#[derive(PartialEq)]
pub(crate) struct Object(Vec<(Zeroizing<String>, Value)>);

impl Object {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let mut members = self.0.iter();
        members.find_map(|(own, value)| (own.as_str() == name).then_some(value))
    }

    /// Whether it has these members and no others.
    pub(crate) fn has_only(&self, names: &[&str]) -> bool {
        let mut members = self.0.iter();
        members.all(|(own, _)| names.contains(&own.as_str()))
    }
}

impl Value {
    pub(crate) fn object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    pub(crate) fn array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number of at most 2^32 without a fraction.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "looked at beforehand"
    )]
    pub(crate) fn count(&self) -> Option<u32> {
        match self {
            Self::Number(number)
                if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number) =>
            {
                Some(*number as u32)
            }
            _ => None,
        }
    }
}

/// Why a text is no JSON that has a canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not as RFC 8259 writes it, or something follows.
    #[error("not JSON")]
    Syntax,
    /// Two members of one object have one name: verifiers would differ about which counts.
    #[error("a member occurs twice")]
    Repeated,
    /// Deeper than 16 levels.
    #[error("nested too deeply")]
    Deep,
    /// Half of a surrogate pair.
    #[error("a text is no Unicode")]
    Unicode,
    /// A number that no double holds, or a whole one beyond 2^53 - 1 (I-JSON, RFC 7493).
    #[error("a number is too large")]
    Number,
}
