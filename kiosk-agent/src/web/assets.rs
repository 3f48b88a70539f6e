//! The files of the kiosk's page and the app's, part of the programs, and the message catalogues. What lies in `assets/app` is the app's
//! alone; of the rest it has what both share.

use std::sync::LazyLock;

use bytes::Bytes;
use issuance_api::ProblemCode;
use issuance_api::problem::Language;
use serde_json::{Map, Value};

use crate::handover::Mismatch;
use crate::text::{self, AppText, Text, home, problem_key};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// What of the kiosk's page is the app's too.
const SHARED: [&str; 6] = [
    "dom.js",
    "icon.svg",
    "look.css",
    "municipality.js",
    "pad.js",
    "wire.js",
];

/// A file of the kiosk's page, and its media type.
#[must_use]
pub fn find(path: &str) -> Option<(Bytes, &'static str)> {
    if path == "/messages.json" {
        return Some((MESSAGES.clone(), "application/json"));
    }
    let name = path.strip_prefix('/')?;
    let name = if name.is_empty() { "index.html" } else { name };
    let is_apps = name.starts_with("app/");
    (!is_apps).then(|| file(name)).flatten()
}

/// A file of the app's page, and its media type.
#[must_use]
pub fn find_app(path: &str) -> Option<(Bytes, &'static str)> {
    if path == "/messages.json" {
        return Some((APP_MESSAGES.clone(), "application/json"));
    }
    let name = path.strip_prefix('/')?;
    if SHARED.contains(&name) {
        return file(name);
    }
    let name = if name.is_empty() { "index.html" } else { name };
    file(&format!("app/{name}"))
}

fn file(name: &str) -> Option<(Bytes, &'static str)> {
    let found = FILES.binary_search_by_key(&name, |(name, _)| name).ok()?;
    let media_type = match name.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webmanifest" => "application/manifest+json",
        "opus" => "audio/ogg",
        _ => return None,
    };
    Some((Bytes::from_static(FILES[found].1), media_type))
}

/// `{"ja": {KEY: TEXT, …}, …}`: texts, `mismatch/WORD`, and `problem/CODE` and `happened/CODE` without placeholders filled in.
static MESSAGES: LazyLock<Bytes> = LazyLock::new(|| {
    catalogue(|language| {
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
        texts.chain(mismatches(language)).chain(problems).collect()
    })
});

/// The same for the app: its own texts and the kiosk's; `mismatch/WORD`; `happened/CODE` and `advice/CODE` as they are said at home.
static APP_MESSAGES: LazyLock<Bytes> = LazyLock::new(|| {
    catalogue(|language| {
        let texts = Text::ALL
            .iter()
            .map(|text| (text.key(), text.say(language)));
        let own = AppText::ALL
            .iter()
            .map(|text| (text.key(), text.say(language)));
        let problems = ProblemCode::ALL.iter().flat_map(|code| {
            let key = |part: &str| format!("{part}/{}", code.as_str());
            [
                (key("happened"), home::happened(*code, language)),
                (key("advice"), home::advice(*code, language)),
            ]
        });
        let texts = texts.chain(own).chain(mismatches(language));
        texts.chain(problems).collect()
    })
});

fn mismatches(language: Language) -> impl Iterator<Item = (String, &'static str)> {
    let said = move |mismatch| text::mismatch(mismatch).say(language);
    let all = Mismatch::ALL.into_iter();
    all.map(move |mismatch| (format!("mismatch/{mismatch}"), said(mismatch)))
}

fn catalogue(says: impl Fn(Language) -> Vec<(String, &'static str)>) -> Bytes {
    let languages = Language::ALL.map(|language| {
        let all = says(language).into_iter();
        let all: Map<_, _> = all.map(|(key, text)| (key, Value::from(text))).collect();
        let name = serde_json::to_value(language).expect("a language is a word");
        (name.as_str().unwrap_or_default().to_owned(), all.into())
    });
    let all: Map<String, Value> = languages.into_iter().collect();
    serde_json::to_vec(&all).expect("texts are JSON").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Or builds in two folders would differ (`build.rs`).
    #[test]
    fn the_list_of_files_names_no_folder_of_the_machine() {
        let list = include_str!(concat!(env!("OUT_DIR"), "/assets.rs"));
        assert!(list.contains("/assets/index.html"));
        assert!(!list.contains(env!("CARGO_MANIFEST_DIR")));
    }

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
            "/app/app.js",
            "/app.js",
        ] {
            assert!(find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn the_app_has_its_own_page_and_what_both_share() {
        for (path, media_type) in [
            ("/", "text/html; charset=utf-8"),
            ("/app.js", "text/javascript; charset=utf-8"),
            ("/app.css", "text/css; charset=utf-8"),
            ("/dom.js", "text/javascript; charset=utf-8"),
            ("/manifest.webmanifest", "application/manifest+json"),
            ("/icon-512.png", "image/png"),
            ("/messages.json", "application/json"),
        ] {
            assert_eq!(
                find_app(path).map(|found| found.1),
                Some(media_type),
                "{path}"
            );
        }
        for path in [
            "",
            "/kiosk.js",
            "/app/app.js",
            "/../kiosk.js",
            "/voice/manifest.json",
        ] {
            assert!(find_app(path).is_none(), "{path}");
        }
    }

    /// `text("Key")` and `data-text="Key"` are how the page names texts.
    #[test]
    fn every_text_the_page_names_is_in_the_catalogue() {
        let keys: Vec<_> = Text::ALL.iter().map(|text| text.key()).collect();
        let own: Vec<_> = AppText::ALL.iter().map(|text| text.key()).collect();
        let mut named = 0;
        for (name, content) in FILES {
            let is_apps = name.starts_with("app/");
            let Ok(content) = str::from_utf8(content) else {
                continue;
            };
            for marker in ["text(\"", "data-text=\""] {
                for (at, _) in content.match_indices(marker) {
                    // The end of another name is no call of it.
                    if content[..at].ends_with(char::is_alphanumeric) {
                        continue;
                    }
                    let rest = &content[at + marker.len()..];
                    let key = rest.split('"').next().unwrap_or_default();
                    let known = keys.iter().any(|known| known == key);
                    let known = known || is_apps && own.iter().any(|known| known == key);
                    assert!(known, "{name}: {key}");
                    named += 1;
                }
            }
        }
        assert!(named > 50);
    }

    #[test]
    fn the_app_has_its_own_words_for_whatever_verify_says() {
        let page = FILES
            .iter()
            .find(|(name, _)| *name == "app/verifying.js")
            .and_then(|(_, content)| str::from_utf8(content).ok())
            .unwrap();
        for word in verify::codes::WHYS.iter().chain(&verify::codes::NOTES) {
            assert!(page.contains(&format!("\"{word}\": \"")), "{word}");
        }
    }

    #[test]
    fn the_app_says_every_text_of_its_own() {
        let page: String = FILES
            .iter()
            .filter(|(name, _)| name.starts_with("app/"))
            .filter_map(|(_, content)| str::from_utf8(content).ok())
            .collect();
        for text in AppText::ALL {
            let key = format!("\"{}\"", text.key());
            assert!(page.contains(&key), "{key} is said nowhere");
        }
    }
}
