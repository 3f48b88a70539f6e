//! What a person's values have no `Clone` for: the same once more, the way that they travel. For those who swap, replay and keep answers.

use card::evidence::{Evidence, TextFiles};
use card::text_ap::{AttributesFile, CardKeyFile, IntegrityFile, NumberFile};
use issuance_api::terminal::IssueAnswer;
use issuance_api::{Personal, PersonalBytes};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// A message, written and read again.
///
/// # Panics
/// Never: what was written is read.
#[must_use]
pub fn again<T: Serialize + DeserializeOwned>(message: &T) -> T {
    let json = serde_json::to_vec(message).map(Zeroizing::new);
    let json = json.expect("messages have only string keys");
    serde_json::from_slice(&json).expect("a message is read as it was written")
}

/// A certificate as it is handed over.
#[must_use]
pub fn issued_again(answer: &IssueAnswer) -> IssueAnswer {
    let text = |text: &Personal| Personal::new(text.expose().to_owned());
    IssueAnswer {
        certificate_id: answer.certificate_id,
        jws: text(&answer.jws),
        vds_nc: answer.vds_nc.as_ref().map(text),
        page: PersonalBytes::new(answer.page.as_bytes().to_vec()),
    }
}

/// What was read of a card, written and read again.
///
/// # Panics
/// Never: what was written is read.
#[must_use]
pub fn evidence_again(evidence: &Evidence) -> Evidence {
    Evidence::decode(&evidence.encode()).expect("evidence is read as it was written")
}

/// The files alone.
///
/// # Panics
/// Never: what was written is read.
#[must_use]
pub fn files_again(files: &TextFiles) -> TextFiles {
    let read = "a file is read as it was written";
    TextFiles {
        number: NumberFile::decode(files.number.as_bytes()).expect(read),
        attributes: AttributesFile::decode(files.attributes.as_bytes()).expect(read),
        integrity: IntegrityFile::decode(files.integrity.as_bytes()).expect(read),
        certificate: files.certificate.clone(),
        card_key: CardKeyFile::decode(files.card_key.as_bytes()).expect(read),
    }
}
