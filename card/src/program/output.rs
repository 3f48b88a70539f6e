//! Tables for people, JSON for programs.

use card::attributes::{Attributes, Sex};
use card::expiry::ExpiryDate;
use serde_json::{Map, Value};

/// What is printed, in order.
#[derive(Default)]
pub(crate) struct Report(Vec<Entry>);

struct Entry {
    /// In JSON.
    key: &'static str,
    /// In the table.
    label: &'static str,
    value: Value,
    /// What the table says in place of the value.
    words: Option<String>,
}

impl Report {
    pub(crate) fn put(&mut self, key: &'static str, label: &'static str, value: impl Into<Value>) {
        self.add(key, label, value.into(), None);
    }

    /// A value that takes other words for people.
    pub(crate) fn put_in_words(
        &mut self,
        key: &'static str,
        label: &'static str,
        value: impl Into<Value>,
        words: impl Into<String>,
    ) {
        self.add(key, label, value.into(), Some(words.into()));
    }

    fn add(&mut self, key: &'static str, label: &'static str, value: Value, words: Option<String>) {
        self.0.push(Entry {
            key,
            label,
            value,
            words,
        });
    }

    /// The four attributes.
    pub(crate) fn put_attributes(&mut self, attributes: &Attributes) {
        let sex = match attributes.sex() {
            Sex::Male => "male",
            Sex::Female => "female",
            Sex::NotApplicable => "not-applicable",
            Sex::Unknown(_) => "unknown",
        };
        self.put("name", "name", attributes.name().expose().as_str());
        self.put("address", "address", attributes.address().expose().as_str());
        let birth = dashed(attributes.birth().to_digits());
        self.put("birth_date", "birth date", birth);
        self.put("sex", "sex", sex);
    }

    pub(crate) fn print(self, json: bool) {
        if json {
            let fields = self.0.into_iter();
            let object: Map<_, _> = fields
                .map(|entry| (entry.key.to_owned(), entry.value))
                .collect();
            print_json(&Value::Object(object));
            return;
        }
        let width = self.0.iter().map(|entry| entry.label.len()).max();
        let width = width.unwrap_or_default();
        for Entry {
            label,
            value,
            words,
            ..
        } in self.0
        {
            let words = words.unwrap_or_else(|| plain(&value));
            println!("{label:<width$}  {words}");
        }
    }
}

/// As one line of JSON each program can take.
pub(crate) fn print_json(value: &Value) {
    println!("{value:#}");
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => visible(text),
        other => other.to_string(),
    }
}

/// Text of a card as people may see it: whatever would move the cursor, turn the direction of writing or be invisible is
/// shown by its number. A card is believed to hold a name, not a line of this table.
///
/// A space after a space is shown as well: enough of them would begin a line of their own where the terminal wraps.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut after_space = false;
    for character in text.chars() {
        let is_space = character.is_whitespace();
        if is_unseen(character) || is_space && after_space {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
        after_space = is_space;
    }
    shown
}

/// Controls (Cc), format characters (Cf) and separators of lines (Zl, Zp) of Unicode 17, and letters that are blank. Variation
/// selectors are none of these: names need them.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{AD}'
                | '\u{115F}'..='\u{1160}'
                | '\u{600}'..='\u{605}'
                | '\u{61C}'
                | '\u{6DD}'
                | '\u{70F}'
                | '\u{890}'..='\u{891}'
                | '\u{8E2}'
                | '\u{180E}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{FFF9}'..='\u{FFFB}'
                | '\u{110BD}'
                | '\u{110CD}'
                | '\u{13430}'..='\u{1343F}'
                | '\u{1BCA0}'..='\u{1BCA3}'
                | '\u{1D173}'..='\u{1D17A}'
                | '\u{E0001}'
                | '\u{E0020}'..='\u{E007F}'
        )
}

/// `YYYY-MM-DD`; zeros for an unknown month or day.
pub(crate) fn dashed(digits: [u8; 8]) -> String {
    let mut text: String = digits.map(char::from).iter().collect();
    text.insert(6, '-');
    text.insert(4, '-');
    text
}

pub(crate) fn expiry(date: &ExpiryDate) -> String {
    dashed(date.to_digits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_shown_as_they_are() {
        for text in [
            "青葉　さくら",
            "東京都清瀬市旭が丘９丁目９９番９号",
            "葛\u{E0100}城　邊\u{FE00}",
            "ANNE-MARIE O'NEIL",
            "José",
        ] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn nothing_moves_the_cursor_or_turns_the_line() {
        for (text, shown) in [
            (
                "a\ngenuine      yes",
                "a\\u{a}genuine \\u{20}\\u{20}\\u{20}\\u{20}\\u{20}yes",
            ),
            (
                "\u{1B}[2J\u{9B}1A\r\u{8}",
                "\\u{1b}[2J\\u{9b}1A\\u{d}\\u{8}",
            ),
            ("\u{202E}sey\u{2066}", "\\u{202e}sey\\u{2066}"),
            (
                "\u{200B}\u{FEFF}\u{2028}\u{3164}",
                "\\u{200b}\\u{feff}\\u{2028}\\u{3164}",
            ),
            ("a　\u{A0}b", "a　\\u{a0}b"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }
}
