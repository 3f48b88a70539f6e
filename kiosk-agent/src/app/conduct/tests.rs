//! The page's side is the desk's own JSON: what is pressed here is what a page presses.

mod doubles;

use issuance_api::{CertificateKind, Personal};
use serde_json::{Value, json};

use super::*;
use crate::app::apart::tests::holds_nothing;
use crate::app::conduct::tests::doubles::*;
use crate::conduct::tests::doubles::{PIN, Script};
use crate::handover::testing::{Maker, again};
use sight::passport::ReadError;

fn both() -> Value {
    json!(["domestic", "abroad"])
}

#[tokio::test(start_paused = true)]
async fn both_kinds_go_under_one_ticket_and_into_the_wallet() {
    let mut it = stage();
    let mut resident = Resident::wanting(both());
    it.serve(&mut resident).await;
    let expected = [
        "certificates",
        "working",
        "terms",
        "kinds",
        "pin",
        "tap-card",
        "reading",
        "person",
        "person",
        "passport",
        "passport-reading",
        "passport-check",
        "working",
        "municipality",
        "working",
        "preview",
        "issuing",
        "issuing",
        "certificate",
    ];
    let seen: Vec<_> = resident
        .names()
        .into_iter()
        .fold(Vec::new(), |mut seen, it| {
            if it != "working" || seen.last() != Some(&it) {
                seen.push(it);
            }
            seen
        });
    assert_eq!(seen, expected);
    let center = it.center.lock().await;
    for (request, times) in [
        ("challenge", 1),
        ("evidence", 1),
        ("inquiry", 2),
        ("issue", 2),
        ("delivered", 2),
    ] {
        assert_eq!(center.count(request), times, "{request}");
    }
    assert_eq!(it.app.card.verifies, 1);
    assert!(!it.app.card.held);
    let kept = it.kept();
    assert_eq!(kept, [CertificateKind::Domestic, CertificateKind::Abroad]);
    let shown = resident.last();
    assert_eq!(shown["reported"], true);
    assert_eq!(
        resident.saw("preview")["previews"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let passport = resident.saw("passport-check");
    assert_eq!(passport["birth_date"], "1980-02-17");
    assert_eq!(passport["number"], "XX0000001");
}

#[tokio::test]
async fn locked_while_a_passport_is_read_nothing_reads_on_and_the_next_picture_is_taken() {
    let mut it = stage();
    let mut resident = Resident::wanting(both());
    let processes = it.locked_while_reading(&mut resident).await;
    assert_eq!(resident.last()["screen"], "passport-reading");
    assert_eq!(processes.len(), 2);
    for process in processes {
        assert!(holds_nothing(&process));
    }
    assert_eq!(resident.pictures.available_permits(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_was_made_anew_is_no_damaged_certificate() {
    for (damages, told) in [
        (vec![Damage::List], 0),
        (
            vec![
                Damage::List,
                Damage::Broken("00".repeat(16).parse().unwrap()),
            ],
            1,
        ),
    ] {
        let mut it = stage();
        let mut resident = Resident::wanting(json!(["domestic"]));
        resident.otherwise = Box::new(|_| Some(Vec::new()));
        it.serve_damaged(damages, &mut resident).await;
        assert_eq!(resident.last()["damaged"], told);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_of_the_issuer_that_is_not_pinned_yet_stops_one_application_and_not_the_app() {
    let mut it = stage();
    it.center.lock().await.answer = |_, preview| Maker::new(2).answer(preview);
    let mut resident = Resident::wanting(json!(["domestic"]));
    it.serve(&mut resident).await;
    assert_eq!(resident.saw("problem")["code"], "issuer-key-unknown");
    assert!(it.kept().is_empty());
    assert_eq!(it.center.lock().await.count("delivered"), 0);
    assert!(it.app.latch.in_service().is_ok());

    it.center.lock().await.answer = Maker::answer;
    it.serve(&mut Resident::wanting(json!(["domestic"]))).await;
    assert_eq!(it.kept(), [CertificateKind::Domestic]);
}

#[tokio::test(start_paused = true)]
async fn what_the_card_says_is_shown_and_nothing_goes_on_until_it_is_gone() {
    let mut it = stage();
    it.app.card.forgotten = true;
    let mut resident = Resident::wanting(json!(["domestic"]));
    it.serve(&mut resident).await;
    let shown = resident.last();
    assert_eq!(
        (&shown["screen"], &shown["card"], &shown["address"]),
        (&json!("person"), &json!(true), &json!("東京都清瀬市"))
    );
    assert_eq!(it.center.lock().await.count("inquiry"), 0);
    assert!(it.kept().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_pin_leads_back_to_its_entry_and_the_last_try_is_asked_for() {
    let mut it = stage();
    let mut pins = ["0000", "0001"].into_iter();
    let mut resident = Resident::wanting(json!(["domestic"]));
    resident.otherwise = Box::new(move |screen| match screen["screen"].as_str() {
        Some("pin") => pins.next().map(|pin| vec![Does::Pin(pin)]),
        _ => None,
    });
    it.serve(&mut resident).await;
    let told: Vec<_> = resident
        .seen
        .iter()
        .filter(|screen| screen["screen"] == "problem" || screen["screen"] == "pin")
        .map(|screen| (screen["code"].clone(), screen["remaining"].clone()))
        .collect();
    let wrong = || json!("pin-wrong");
    assert_eq!(
        told,
        [
            (Value::Null, Value::Null),
            (wrong(), Value::Null),
            (Value::Null, json!(2)),
            (wrong(), Value::Null),
            (Value::Null, json!(1)),
        ]
    );
    // The page said it beside the entry: it is not asked a second time.
    assert!(!resident.names().contains(&"last-try".to_owned()));
    assert_eq!(it.app.card.verifies, 3);

    let mut it = stage();
    it.app.card.tries = 1;
    let mut resident = Resident::wanting(json!(["domestic"]));
    resident.otherwise = Box::new(|screen| (screen["screen"] == "last-try").then(Vec::new));
    it.serve(&mut resident).await;
    assert_eq!(resident.last()["screen"], "last-try");
    assert_eq!(it.app.card.verifies, 0);
}

#[tokio::test(start_paused = true)]
async fn each_step_back_leads_to_the_one_before() {
    let mut it = stage();
    let mut resident = Resident::wanting(both());
    // Once from each, back to the list.
    let mut backs = vec!["kinds", "pin", "tap-card"];
    let mut over = false;
    it.app.card.there = false;
    resident.otherwise = Box::new(move |screen| {
        let name = screen["screen"].as_str()?;
        over |= backs.is_empty() && name == "pin";
        let back = if over || backs.last() == Some(&name) {
            backs.pop();
            true
        } else {
            false
        };
        back.then(|| vec![Does::Press("back", Value::Null)])
    });
    it.serve(&mut resident).await;
    let seen = resident.names();
    let walked: Vec<_> = seen.iter().filter(|name| *name != "working").collect();
    let expected = [
        "certificates",
        "terms",
        "kinds",
        "pin",
        "tap-card",
        "pin",
        "kinds",
        "terms",
        "kinds",
        "pin",
        "kinds",
        "terms",
        "certificates",
    ];
    assert_eq!(walked, expected);
    assert_eq!(resident.last()["screen"], "certificates");
}

#[tokio::test(start_paused = true)]
async fn a_passport_that_has_expired_stops_the_certificate_for_abroad_alone() {
    for (kinds, goes_on) in [(both(), true), (json!(["abroad"]), false)] {
        let mut it = stage();
        it.passports([Ok(lines("200101"))]);
        let mut resident = Resident::wanting(kinds);
        let mut first = true;
        resident.otherwise = Box::new(move |screen| {
            let again = screen["screen"] == "passport" && !std::mem::take(&mut first);
            again.then(|| vec![Does::Press("without", Value::Null)])
        });
        it.serve(&mut resident).await;
        assert_eq!(resident.saw("problem")["code"], "passport-expired");
        assert_eq!(resident.saw("problem")["then"], "on");
        if goes_on {
            assert_eq!(it.kept(), [CertificateKind::Domestic]);
        } else {
            assert_eq!(resident.last()["screen"], "passport");
            assert!(it.kept().is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn frames_are_read_while_the_screen_stands_and_each_says_what_is_wrong_with_it() {
    let mut it = stage();
    it.passports([
        Err(ReadError::Glare),
        Err(ReadError::Dark),
        Ok(lines("350101")),
    ]);
    let mut resident = Resident::wanting(json!(["abroad"]));
    resident.otherwise = Box::new(|screen| {
        let frames = || vec![Does::Frame, Does::Frame, Does::Frame];
        (screen["screen"] == "passport").then(frames)
    });
    it.serve(&mut resident).await;
    assert_eq!(
        resident.frames,
        [
            Err(ProblemCode::PassportGlare),
            Err(ProblemCode::PassportDark),
            Ok(())
        ]
    );
    assert!(!resident.names().contains(&"passport-reading".to_owned()));
    assert_eq!(it.kept(), [CertificateKind::Abroad]);
}

#[tokio::test(start_paused = true)]
async fn if_the_second_kind_fails_the_first_is_kept_and_the_failure_told() {
    let mut it = stage();
    it.center.lock().await.issues = Script::then_failing(ProblemCode::RecordChanged.into());
    let mut resident = Resident::wanting(both());
    it.serve(&mut resident).await;
    let problem = resident.saw("problem");
    assert_eq!(
        (&problem["code"], &problem["kind"], &problem["then"]),
        (&json!("record-changed"), &json!("abroad"), &json!("on"))
    );
    assert_eq!(it.kept(), [CertificateKind::Domestic]);
    assert_eq!(resident.last()["screen"], "certificate");
}

#[tokio::test(start_paused = true)]
async fn a_kind_without_records_is_told_beside_what_the_other_will_say() {
    let mut it = stage();
    it.center.lock().await.inquiries = Script::then_failing(ProblemCode::PassportNotYours.into());
    let mut resident = Resident::wanting(both());
    it.serve(&mut resident).await;
    let preview = resident.saw("preview");
    assert_eq!(preview["previews"].as_array().unwrap().len(), 1);
    assert_eq!(preview["failed"][0]["kind"], "abroad");
    assert_eq!(preview["failed"][0]["code"], "passport-not-yours");
    assert_eq!(it.kept(), [CertificateKind::Domestic]);
}

#[tokio::test(start_paused = true)]
async fn no_record_leads_back_to_the_municipality_under_the_same_ticket() {
    let mut it = stage();
    it.center.lock().await.inquiries =
        Script::failing([ProblemCode::NoRecord.into(), ProblemCode::NoRecord.into()]);
    let mut resident = Resident::wanting(both());
    it.serve(&mut resident).await;
    let problems = resident.names().into_iter().filter(|it| it == "problem");
    assert_eq!(problems.count(), 1, "the same is told once");
    assert_eq!(resident.saw("problem").get("kind"), None);
    assert_eq!(it.center.lock().await.count("evidence"), 1);
    assert_eq!(it.kept().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_the_one_previewed_is_neither_shown_nor_kept_and_nothing_is_issued_any_more() {
    let mut it = stage();
    it.center.lock().await.answer = |maker, preview| {
        let mut other = again(preview);
        other.holder.name = Personal::new("別人　太郎".into());
        maker.answer(&other)
    };
    let mut resident = Resident::wanting(both());
    it.serve(&mut resident).await;
    assert_eq!(resident.saw("problem")["code"], "content-mismatch");
    assert_eq!(resident.saw("problem")["mismatch"], "name");
    assert_eq!(it.center.lock().await.count("issue"), 1);
    assert!(it.kept().is_empty());
    let mut resident = Resident::wanting(both());
    it.serve(&mut resident).await;
    assert_eq!(
        resident.names()[..3],
        ["certificates", "working", "problem"]
    );
    assert_eq!(resident.saw("problem")["mismatch"], "name");
}

#[tokio::test(start_paused = true)]
async fn whoever_cancels_is_back_at_the_list_and_the_card_is_let_go_of() {
    for at in [
        "terms",
        "kinds",
        "pin",
        "tap-card",
        "person",
        "passport",
        "passport-check",
        "municipality",
        "preview",
    ] {
        let mut it = stage();
        let mut resident = Resident::wanting(both());
        let mut once = true;
        resident.otherwise = Box::new(move |screen| {
            if screen["screen"] == at {
                return Some(vec![Does::Press("cancel", Value::Null)]);
            }
            // Back at the list: that is all.
            (screen["screen"] == "certificates" && !std::mem::take(&mut once)).then(Vec::new)
        });
        if at == "tap-card" {
            it.app.card.there = false;
        }
        it.serve(&mut resident).await;
        assert_eq!(resident.last()["screen"], "certificates", "{at}");
        assert!(!resident.names().contains(&"problem".to_owned()), "{at}");
        assert!(!it.app.card.held && it.kept().is_empty(), "{at}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_issued_again_as_it_was_and_the_older_one_may_be_deleted() {
    let mut it = stage();
    it.serve(&mut Resident::wanting(json!(["domestic"]))).await;
    let mut resident = Resident::wanting(json!(["domestic"]));
    let mut rounds = 0..3;
    let mut again = true;
    let press = |intent| Some(vec![Does::Press(intent, Value::Null)]);
    resident.otherwise = Box::new(move |screen| match screen["screen"].as_str() {
        Some("certificates") => {
            let entries = screen["people"][0]["certificates"].as_array()?;
            let entry = match rounds.next() {
                Some(0) => entries.first(),
                Some(1) => entries.iter().find(|it| it["older"] == true),
                _ => None,
            };
            let open = |entry: &Value| vec![Does::Press("open", entry["id"].clone())];
            Some(entry.map(open).unwrap_or_default())
        }
        Some("certificate") if std::mem::take(&mut again) => press("again"),
        Some("certificate") if screen["older"] == true && screen.get("reported").is_none() => {
            press("delete")
        }
        Some("certificate") => press("back"),
        Some("delete") => press("go"),
        _ => None,
    });
    it.serve(&mut resident).await;
    assert_eq!(resident.saw("kinds")["chosen"], json!(["domestic"]));
    assert_eq!(resident.saw("municipality")["home"], "132217");
    assert!(resident.names().contains(&"delete".to_owned()));
    assert_eq!(it.kept().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn somebody_s_certificate_is_looked_at_without_a_center() {
    let mut it = stage();
    it.serve(&mut Resident::wanting(json!(["domestic"]))).await;
    let text = it.first_card();
    let mut resident = Resident::wanting(json!(["domestic"]));
    resident.otherwise = Box::new(move |screen| match screen["screen"].as_str() {
        Some("certificates") => Some(vec![Does::Press("verify", Value::Null)]),
        Some("verify") => Some(vec![Does::Text(text.clone())]),
        _ => None,
    });
    let asked = it.center.lock().await.asked.len();
    it.serve(&mut resident).await;
    let verified = resident.last();
    assert_eq!(verified["found"][0]["kind"], "smart-health-card");
    assert_eq!(verified["found"][0]["content"]["birth_date"], "1980-02-17");
    assert_eq!(it.center.lock().await.asked.len(), asked);
    assert!(!format!("{:?}", resident.shown).contains("1980"));
    let _ = PIN;
}

#[tokio::test(start_paused = true)]
async fn what_the_center_could_not_be_told_of_is_marked_until_it_is_issued_again() {
    let mut it = stage();
    let unreachable = std::iter::repeat_with(|| ProblemCode::CenterUnreachable.into());
    // As often as it is tried.
    it.center.lock().await.reports = Script::failing(unreachable.take(4));
    let mut resident = Resident::wanting(json!(["domestic"]));
    it.serve(&mut resident).await;
    assert_eq!(resident.last()["reported"], false);
    assert_eq!(it.center.lock().await.count("delivered"), 4);
    let mut resident = Resident::wanting(json!(["domestic"]));
    let press = |intent| Some(vec![Does::Press(intent, Value::Null)]);
    let mut opened = false;
    resident.otherwise = Box::new(move |screen| match screen["screen"].as_str() {
        Some("certificates") if !std::mem::replace(&mut opened, true) => {
            let id = screen["people"][0]["certificates"][0]["id"].clone();
            Some(vec![Does::Press("open", id)])
        }
        Some("certificates") => Some(Vec::new()),
        Some("certificate") if screen["reported"] == false => press("again"),
        Some("certificate") => press("back"),
        _ => None,
    });
    it.serve(&mut resident).await;
    let marks = |screen: &Value| -> Vec<_> {
        let entries = screen["people"][0]["certificates"].as_array().unwrap();
        let marks = entries
            .iter()
            .map(|it| (it["lapses"] == true, it["older"] == true));
        marks.collect()
    };
    assert_eq!(marks(resident.saw("certificates")), [(true, false)]);
    // Opened from the list it says so as when it came.
    assert_eq!(resident.saw("certificate")["reported"], false);
    let mut now = marks(resident.last());
    now.sort_unstable();
    assert_eq!(now, [(false, false), (true, true)]);
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_want_to_wait_for_a_picture_cancels_and_one_that_cannot_be_read_has_no_code()
 {
    for cancels in [true, false] {
        let mut it = stage();
        let mut resident = Resident::wanting(json!(["domestic"]));
        let mut first = true;
        resident.otherwise = Box::new(move |screen| match screen["screen"].as_str() {
            Some("certificates") => Some(vec![Does::Press("verify", Value::Null)]),
            Some("verify") if std::mem::take(&mut first) => Some(vec![Does::Picture]),
            Some("working") if cancels => Some(vec![Does::Press("cancel", Value::Null)]),
            _ => None,
        });
        it.serve(&mut resident).await;
        let last = if cancels { "verify" } else { "verified" };
        assert_eq!(
            resident.names(),
            ["certificates", "verify", "working", last]
        );
        if !cancels {
            assert_eq!(resident.last()["found"], json!([]));
        }
    }
}
