//! From the texts of symbols to documents: what each is, before anything is verified.

use std::collections::BTreeMap;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::health_card::{self, CardError};
use crate::json::{self, Value};
use crate::vds::{Vaccination, Vds, VdsError};

/// Most symbols that one health card may be split over: the specification names no limit, and used three.
const MAX_CHUNKS: usize = 16;

/// Most cards taken from one `.smart-health-card` file.
const MAX_CARDS: usize = 64;

/// Something that can be judged.
pub struct Document(pub(crate) Inner);

impl Document {
    /// What a proof of vaccination says, whoever sealed it: to be compared with what is known otherwise. Never to be shown, and never
    /// to be gone by.
    #[must_use]
    pub fn unverified_vaccination(&self) -> Option<Arc<Vaccination>> {
        match &self.0 {
            Inner::Vds(seal) => seal.vaccination.clone(),
            Inner::HealthCard(_) | Inner::Unreadable(..) => None,
        }
    }
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Document(..)")
    }
}

pub(crate) enum Inner {
    /// Its JWS.
    HealthCard(Zeroizing<String>),
    Vds(Box<Vds>),
    Unreadable(Kind, Unreadable),
}

/// What a text is, by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A SMART Health Card, or a part of one.
    HealthCard,
    /// A VDS-NC.
    Vds,
    /// A SMART Health Link: what it stands for lies on a server, and nobody is asked here.
    HealthLink,
    /// An EU Digital COVID Certificate (`HC1:`).
    EuDcc,
    /// None of these.
    Unknown,
}

/// Why nothing can be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// A malformed health card.
    #[error("{0}")]
    HealthCard(#[from] CardError),
    /// A malformed seal.
    #[error("{0}")]
    Vds(#[from] VdsError),
    /// Parts of a health card are missing.
    #[error("{have} of {total} QR codes of a health card")]
    Incomplete {
        /// Parts there are.
        have: usize,
        /// Parts there have to be.
        total: usize,
    },
    /// Parts that contradict each other: of several cards, say.
    #[error("the QR codes do not belong together")]
    Mixed,
    /// A kind of document that this crate does not verify.
    #[error("not a kind of document that is verified here")]
    Unsupported,
}

/// Reads the texts of the symbols found together, on a page or in a picture: each is a document, but for the parts of a health card that
/// was split (`shc:/1/3/…`), which become one.
///
/// A file `.smart-health-card` and a bare JWS count as texts too. White space around a text is skipped.
#[must_use]
pub fn read<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<Document> {
    let mut documents = Vec::new();
    let mut parts = Vec::new();
    for text in texts {
        let text = text.as_ref().trim();
        if let Some(chunk) = text.strip_prefix("shc:/").filter(|rest| rest.contains('/')) {
            parts.push(Zeroizing::new(chunk.to_owned()));
        } else {
            whole(text, &mut documents);
        }
    }
    if !parts.is_empty() {
        documents.push(assembled(&parts));
    }
    documents
}

fn whole(text: &str, documents: &mut Vec<Document>) {
    let unsupported = |kind| Inner::Unreadable(kind, Unreadable::Unsupported);
    let inner = if text.starts_with("shc:/") {
        health_card(health_card::jws_of(text))
    } else if text.starts_with('{') {
        if let Some(cards) = file(text) {
            documents.extend(cards.into_iter().map(Inner::HealthCard).map(Document));
            return;
        }
        match Vds::read(text) {
            Ok(seal) => Inner::Vds(Box::new(seal)),
            // JSON of another form is no seal at all.
            Err(VdsError::Form) if !looks_like_a_seal(text) => unsupported(Kind::Unknown),
            Err(error) => Inner::Unreadable(Kind::Vds, error.into()),
        }
    } else if text.starts_with("HC1:") {
        unsupported(Kind::EuDcc)
    } else if text.starts_with("shlink:/") || text.contains("#shlink:/") {
        unsupported(Kind::HealthLink)
    } else if text.starts_with("eyJ") && text.bytes().filter(|byte| *byte == b'.').count() == 2 {
        Inner::HealthCard(Zeroizing::new(text.to_owned()))
    } else {
        unsupported(Kind::Unknown)
    };
    documents.push(Document(inner));
}

fn looks_like_a_seal(text: &str) -> bool {
    text.contains("\"hdr\"") && text.contains("\"sig\"")
}

fn health_card(jws: Result<Zeroizing<String>, CardError>) -> Inner {
    match jws {
        Ok(jws) => Inner::HealthCard(jws),
        Err(error) => Inner::Unreadable(Kind::HealthCard, error.into()),
    }
}

/// The cards in a `.smart-health-card` file, if it is one.
fn file(text: &str) -> Option<Vec<Zeroizing<String>>> {
    // The cards in it are signed one by one, so that nothing depends on how the file is read.
    let value = json::parse(text).ok()?;
    let cards = value.object()?.get("verifiableCredential")?.array()?;
    let cards = cards.iter().take(MAX_CARDS).map(Value::text);
    cards
        .map(|card| card.map(|jws| Zeroizing::new(jws.to_owned())))
        .collect()
}

/// One card of the parts `N/TOTAL/DIGITS`.
fn assembled(parts: &[Zeroizing<String>]) -> Document {
    let error = |error: Unreadable| Document(Inner::Unreadable(Kind::HealthCard, error));
    let mut digits = BTreeMap::new();
    let mut total = None;
    for part in parts {
        let Some((index, count, own)) = numbered(part) else {
            return error(CardError::Digits.into());
        };
        let same = *total.get_or_insert(count) == count;
        let known = digits.insert(index, own);
        if !same || known.is_some_and(|known| known != own) {
            return error(Unreadable::Mixed);
        }
    }
    let total = total.unwrap_or(0);
    let have = digits.len();
    if have < total {
        return error(Unreadable::Incomplete { have, total });
    }
    let length = digits.values().map(|part| part.len()).sum();
    let mut all = Zeroizing::new(String::with_capacity(length));
    for part in digits.into_values() {
        all.push_str(part);
    }
    Document(health_card(health_card::characters_of(&all)))
}

fn numbered(part: &str) -> Option<(usize, usize, &str)> {
    let (index, rest) = part.split_once('/')?;
    let (total, digits) = rest.split_once('/')?;
    let number = |text: &str| {
        let plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<usize>().ok().filter(|_| plain)
    };
    let (index, total) = (number(index)?, number(total)?);
    (index <= total && total <= MAX_CHUNKS).then_some((index, total, digits))
}
