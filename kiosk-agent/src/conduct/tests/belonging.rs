//! What does not belong to the card, and what cannot be told to.

use dev_pages::page;
use issuance_api::Personal;
use issuance_api::terminal::{IssueAnswer, Preview};
use serde_json::{Value, json};

use super::*;
use crate::handover::testing::{ISS, Maker, again, answer, payload};
use crate::handover::{Mismatch, qr_text};

fn with(preview: &Preview, pointer: &str, value: Value) -> Value {
    let mut payload = payload(preview);
    let entry = "/vc/credentialSubject/fhirBundle/entry";
    *payload.pointer_mut(&format!("{entry}{pointer}")).unwrap() = value;
    payload
}

/// A certificate that is right in itself, page and all, but says this.
fn says(maker: &Maker, payload: &Value) -> IssueAnswer {
    let jws = maker.sign(payload);
    answer(&jws, &page(&[&qr_text(&jws)]))
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_not_the_one_previewed_latches_the_terminal() {
    let forgeries: [(&str, Mismatch, Answer); 7] = [
        ("name", Mismatch::Name, |maker, preview| {
            says(
                maker,
                &with(preview, "/0/resource/name/0/family", json!("別人")),
            )
        }),
        ("birth date", Mismatch::BirthDate, |maker, preview| {
            says(
                maker,
                &with(preview, "/0/resource/birthDate", json!("1980-02-18")),
            )
        }),
        ("lot of a dose", Mismatch::Doses, |maker, preview| {
            says(
                maker,
                &with(preview, "/2/resource/lotNumber", json!("EX9999")),
            )
        }),
        ("a dose more", Mismatch::Doses, |maker, preview| {
            let mut preview = again(preview);
            let more = again(&preview.doses[0]);
            preview.doses.push(more);
            maker.answer(&preview)
        }),
        ("signature", Mismatch::Signature, |maker, preview| {
            let own = maker.sign(&payload(preview));
            let others = Maker::new(2).sign(&payload(preview));
            let (content, _) = own.rsplit_once('.').unwrap();
            let (_, signature) = others.rsplit_once('.').unwrap();
            let forged = format!("{content}.{signature}");
            answer(&forged, &page(&[&qr_text(&forged)]))
        }),
        ("issuer", Mismatch::Issuer, |maker, preview| {
            let mut payload = payload(preview);
            payload["iss"] = json!("https://other.example");
            says(maker, &payload)
        }),
        (
            "page of another certificate",
            Mismatch::Page,
            |maker, preview| {
                let mut other = again(preview);
                other.holder.name = Personal::new("別人　太郎".into());
                let other = maker.sign(&payload(&other));
                answer(&maker.sign(&payload(preview)), &page(&[&qr_text(&other)]))
            },
        ),
    ];
    for (what, mismatch, forged) in forgeries {
        let mut terminal = terminal();
        terminal.center.answer = forged;
        let (seen, ended) = serve(&mut terminal, as_asked).await;
        assert_eq!(ended, Err(ProblemCode::ContentMismatch), "{what}");
        seen_last(&seen, &["preview", "issuing", "content-mismatch"]);
        stays_out_of_service(&mut terminal, what, mismatch).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_on_which_nothing_reads_ends_the_application_alone() {
    let mut terminal = terminal();
    terminal.center.answer = |maker, preview| answer(&maker.sign(&payload(preview)), &page(&[]));
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::CertificateUnreadable));
    seen_last(&seen, &["preview", "issuing", "certificate-unreadable"]);
    assert_eq!(terminal.output.paper, []);
    assert_eq!(terminal.center.count("delivered"), 0);
    terminal.center.answer = Maker::answer;
    let (_, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
}

#[tokio::test(start_paused = true)]
async fn a_key_of_the_issuer_that_is_not_pinned_yet_ends_the_application_alone() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("jwks.json");
    let mut terminal = terminal();
    std::fs::write(&keys, terminal.center.maker.jwks(None)).unwrap();
    terminal.issuer = Issuer::load(ISS.to_owned(), &keys).unwrap();
    terminal.center.answer = |_, preview| Maker::new(2).answer(preview);
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::AnswerUntrusted));
    seen_last(&seen, &["preview", "issuing", "answer-untrusted"]);
    assert_eq!(terminal.output.paper, []);
    assert_eq!(terminal.center.count("delivered"), 0);
    // The operator comes, and nothing is started anew.
    std::fs::write(&keys, Maker::new(2).jwks(None)).unwrap();
    let (_, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
}

#[tokio::test(start_paused = true)]
async fn a_preview_of_somebody_or_something_else_latches_the_terminal() {
    type Forge = fn(&mut Preview);
    let forgeries: [(&str, Mismatch, Forge); 6] = [
        ("name", Mismatch::Name, |it| {
            it.holder.name = Personal::new("別人　花子".into())
        }),
        ("birth date", Mismatch::BirthDate, |it| {
            it.holder.birth_date = "1980-02-18".parse().unwrap()
        }),
        ("municipality", Mismatch::Request, |it| {
            it.authority.code = "131016".parse().unwrap()
        }),
        ("municipality's name", Mismatch::Request, |it| {
            it.authority.name = "東京都千代田区".to_owned()
        }),
        ("copies", Mismatch::Request, |it| it.copies = 2),
        ("programme", Mismatch::Request, |it| {
            it.programme = "pandemic-influenza".parse().unwrap()
        }),
    ];
    for (what, mismatch, forge) in forgeries {
        let mut terminal = terminal();
        forge(&mut terminal.center.preview);
        let (seen, ended) = serve(&mut terminal, as_asked).await;
        assert_eq!(ended, Err(ProblemCode::ContentMismatch), "{what}");
        // Not even shown.
        seen_last(&seen, &["looking up", "content-mismatch"]);
        assert_eq!(terminal.center.count("issue"), 0, "{what}");
        stays_out_of_service(&mut terminal, what, mismatch).await;
    }
}

/// Nothing came out, and the next residents get nothing either, honest as the center may be to them. The terminal can say why.
async fn stays_out_of_service(terminal: &mut TestTerminal, what: &str, mismatch: Mismatch) {
    assert_eq!(terminal.output.paper, [], "{what}");
    assert_eq!(terminal.center.count("delivered"), 0, "{what}");
    terminal.center.answer = Maker::answer;
    terminal.center.preview = crate::handover::testing::preview();
    terminal.center.asked.clear();
    for _ in 0..2 {
        let (seen, ended) = serve(terminal, as_asked).await;
        assert_eq!(ended, Err(ProblemCode::ContentMismatch), "{what}");
        assert_eq!(seen, ["content-mismatch"], "{what}");
        assert_eq!(terminal.latch.mismatch(), Some(mismatch), "{what}");
    }
    assert_eq!(terminal.center.asked, [""; 0], "{what}");
    assert_eq!(terminal.card.verifies, 1, "{what}");
}
