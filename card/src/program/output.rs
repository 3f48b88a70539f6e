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
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
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
