use zeroize::Zeroizing;

use super::{JsonError, Object, Value};

const DEEPEST: usize = 16;

/// Largest whole number that I-JSON promises to keep: 2^53 - 1.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// Reads a text that is one JSON value and nothing else.
pub(crate) fn parse(text: &str) -> Result<Value, JsonError> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    if reader.at == text.len() {
        Ok(value)
    } else {
        Err(JsonError::Syntax)
    }
}

struct Reader<'a> {
    text: &'a str,
    /// Always at the beginning of a character.
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Goes past this byte, which is ASCII, if it is next.
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        self.take(byte).then_some(()).ok_or(JsonError::Syntax)
    }

    fn value(&mut self, depth: usize) -> Result<Value, JsonError> {
        if depth > DEEPEST {
            return Err(JsonError::Deep);
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth).map(Value::Object),
            Some(b'[') => self.array(depth).map(Value::Array),
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(JsonError::Syntax),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, JsonError> {
        if !self.text[self.at..].starts_with(word) {
            return Err(JsonError::Syntax);
        }
        self.at += word.len();
        Ok(value)
    }

    fn object(&mut self, depth: usize) -> Result<Object, JsonError> {
        let mut object = Object(Vec::new());
        self.expect(b'{')?;
        self.space();
        if self.take(b'}') {
            return Ok(object);
        }
        loop {
            self.space();
            let name = self.string()?;
            if object.get(&name).is_some() {
                return Err(JsonError::Repeated);
            }
            self.space();
            self.expect(b':')?;
            object.0.push((name, self.value(depth + 1)?));
            self.space();
            if self.take(b'}') {
                return Ok(object);
            }
            self.expect(b',')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Value>, JsonError> {
        let mut items = Vec::new();
        self.expect(b'[')?;
        self.space();
        if self.take(b']') {
            return Ok(items);
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(items);
            }
            self.expect(b',')?;
        }
    }

    fn string(&mut self) -> Result<Zeroizing<String>, JsonError> {
        self.expect(b'"')?;
        let rest = &self.text[self.at..];
        let mut escaped = false;
        let closing = rest.bytes().position(|byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        });
        let mut raw = &rest[..closing.ok_or(JsonError::Syntax)?];
        self.at += raw.len() + 1;
        // No escape is shorter than what it stands for, so this never moves and leaves nothing behind.
        let mut text = Zeroizing::new(String::with_capacity(raw.len()));
        while let Some(character) = raw.chars().next() {
            raw = &raw[character.len_utf8()..];
            text.push(match character {
                '\\' => escape(&mut raw)?,
                '\0'..='\u{1f}' => return Err(JsonError::Syntax),
                _ => character,
            });
        }
        Ok(text)
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        (self.at > start).then_some(()).ok_or(JsonError::Syntax)
    }

    fn number(&mut self) -> Result<f64, JsonError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        let mut whole = true;
        if self.take(b'.') {
            whole = false;
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            whole = false;
            if !self.take(b'-') {
                self.take(b'+');
            }
            self.digits()?;
        }
        let number: f64 = self.text[start..self.at]
            .parse()
            .map_err(|_| JsonError::Syntax)?;
        if number.is_finite() && !(whole && number.abs() > MAX_SAFE) {
            Ok(number)
        } else {
            Err(JsonError::Number)
        }
    }
}

/// What follows a backslash.
fn escape(raw: &mut &str) -> Result<char, JsonError> {
    let kind = raw.chars().next().ok_or(JsonError::Syntax)?;
    *raw = &raw[kind.len_utf8()..];
    Ok(match kind {
        '"' | '\\' | '/' => kind,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => {
            let first = unit(raw)?;
            let mut units = [first, 0];
            let count = match first {
                0xd800..=0xdbff => {
                    *raw = raw.strip_prefix("\\u").ok_or(JsonError::Unicode)?;
                    units[1] = unit(raw)?;
                    2
                }
                _ => 1,
            };
            let mut decoded = char::decode_utf16(units[..count].iter().copied());
            match (decoded.next(), decoded.next()) {
                (Some(Ok(character)), None) => character,
                _ => return Err(JsonError::Unicode),
            }
        }
        _ => return Err(JsonError::Syntax),
    })
}

/// Four hexadecimal digits.
fn unit(raw: &mut &str) -> Result<u16, JsonError> {
    let (digits, rest) = raw.split_at_checked(4).ok_or(JsonError::Syntax)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(JsonError::Syntax);
    }
    *raw = rest;
    u16::from_str_radix(digits, 16).map_err(|_| JsonError::Syntax)
}
