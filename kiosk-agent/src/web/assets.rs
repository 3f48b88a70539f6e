//! The page's files, part of the program, and the message catalogue.

use std::sync::LazyLock;

use bytes::Bytes;
use issuance_api::ProblemCode;
use issuance_api::problem::Language;
use serde_json::{Map, Value};

use crate::text::{Text, problem_key};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A file and its media type.
#[must_use]
pub fn find(path: &str) -> Option<(Bytes, &'static str)> {
    if path == "/messages.json" {
        return Some((MESSAGES.clone(), "application/json"));
    }
    let name = path.strip_prefix('/')?;
    let name = if name.is_empty() { "index.html" } else { name };
    let found = FILES.binary_search_by_key(&name, |(name, _)| name).ok()?;
    let media_type = match name.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "opus" => "audio/ogg",
        _ => return None,
    };
    Some((Bytes::from_static(FILES[found].1), media_type))
}

/// `{"ja": {KEY: TEXT, …}, …}`: texts, and `problem/CODE` and `happened/CODE` without placeholders filled in.
static MESSAGES: LazyLock<Bytes> = LazyLock::new(|| {
    let languages = Language::ALL.map(|language| {
        let texts = Text::ALL
            .iter()
            .map(|text| (text.key(), text.say(language)));
        let problems = ProblemCode::ALL.iter().flat_map(|code| {
            let happened = format!("happened/{}", code.as_str());
            [
                (problem_key(*code), code.message(language)),
                (happened, code.happened(language)),
            ]
        });
        let all: Map<_, _> = texts
            .chain(problems)
            .map(|(key, text)| (key, Value::from(text)))
            .collect();
        let name = serde_json::to_value(language).expect("a language is a word");
        (name.as_str().unwrap_or_default().to_owned(), all.into())
    });
    let all: Map<String, Value> = languages.into_iter().collect();
    serde_json::to_vec(&all).expect("texts are JSON").into()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_there_and_nothing_else_is() {
        for (path, media_type) in [
            ("/", "text/html; charset=utf-8"),
            ("/kiosk.js", "text/javascript; charset=utf-8"),
            ("/kiosk.css", "text/css; charset=utf-8"),
            ("/messages.json", "application/json"),
        ] {
            assert_eq!(find(path).map(|found| found.1), Some(media_type), "{path}");
        }
        for path in [
            "",
            "kiosk.js",
            "/../Cargo.toml",
            "/Cargo.toml",
            "//kiosk.js",
        ] {
            assert!(find(path).is_none(), "{path}");
        }
    }

    /// `text("Key")` and `data-text="Key"` are how the page names texts.
    #[test]
    fn every_text_the_page_names_is_in_the_catalogue() {
        let keys: Vec<_> = Text::ALL.iter().map(|text| text.key()).collect();
        let mut named = 0;
        for (name, content) in FILES {
            let Ok(content) = str::from_utf8(content) else {
                continue;
            };
            for marker in ["text(\"", "data-text=\""] {
                for part in content.split(marker).skip(1) {
                    let key = part.split('"').next().unwrap_or_default();
                    assert!(keys.iter().any(|known| known == key), "{name}: {key}");
                    named += 1;
                }
            }
        }
        assert!(named > 50);
    }
}
