use std::sync::Arc;

use issuance_api::terminal::Menu;
use issuance_api::{CertificateKind, Problem, ProblemCode};
use serde_json::{Value, json};

use super::*;
use crate::cabinet::Yen;
use crate::handover::Mismatch;
use crate::handover::testing::preview;
use crate::ports::Ended;
use crate::web::intent::Press;

mod ending;

fn desk() -> Desk {
    Desk::new(AttendantKey::parse("20261124"))
}

const ENDED: Ended = Ended {
    reported: true,
    taken: false,
    returned: false,
    stuck: false,
};

fn menu() -> Menu {
    let offer = |code: &str| json!({"code": code, "prefecture": "東京都", "prefecture_en": "Tokyo", "name": "市", "reading": "し", "name_en": "City", "kinds": ["domestic"]});
    let said = json!({"ja": "a", "en": "b", "zh": "c", "ko": "d"});
    serde_json::from_value(json!({
        "center": "center-1",
        "programmes": [{"id": preview().programme, "name": said, "municipalities": [offer("132217"), offer("131016")]}],
        "hours": {"open": "06:30", "close": "23:00"},
        "notices": [],
        "maintenance": null,
    }))
    .unwrap()
}

fn told(desk: &Desk) -> Value {
    serde_json::to_value(desk.screen()).unwrap()
}

fn screen(desk: &Desk) -> String {
    told(desk)["screen"].as_str().unwrap().to_owned()
}

/// A press on the screen that stands there.
fn press(desk: &mut Desk, intent: Value) -> Taken {
    let mut press = intent;
    press["serial"] = desk.serial.into();
    desk.press(serde_json::from_value(press).unwrap())
}

fn say(desk: &mut Desk, intent: &str) -> Taken {
    press(desk, json!({"intent": intent}))
}

fn digits(desk: &mut Desk, digits: &str) {
    for digit in digits.chars() {
        press(desk, json!({"intent": "digit", "value": digit}));
    }
}

/// At the terms, in English.
fn at_the_terms() -> Desk {
    let mut desk = desk();
    desk.show(&View::Menu(&menu()));
    press(&mut desk, json!({"intent": "language", "value": "en"}));
    assert_eq!(screen(&desk), "service");
    press(
        &mut desk,
        json!({"intent": "programme", "value": preview().programme}),
    );
    assert_eq!(screen(&desk), "terms");
    desk
}

#[tokio::test(start_paused = true)]
async fn language_service_and_terms_come_before_an_application() {
    let mut desk = at_the_terms();
    assert_eq!(told(&desk)["language"], "en");
    assert!(!desk.has_begun());
    assert!(
        matches!(say(&mut desk, "agree"), Taken::For(Intent::Apply(id)) if id == preview().programme)
    );
    desk.show(&View::PlaceCard);
    assert!(desk.has_begun());
    // Back from the card is back to the choice, in the same language.
    assert!(matches!(say(&mut desk, "back"), Taken::For(Intent::Back)));
    desk.show(&View::Menu(&menu()));
    assert_eq!(
        (screen(&desk).as_str(), &told(&desk)["language"]),
        ("service", &json!("en"))
    );
    assert!(!desk.is_gone_back_from());
    say(&mut desk, "back");
    assert_eq!(screen(&desk), "language");
    // Its browser has seen what was pressed.
    assert!(desk.is_gone_back_from());
    desk.start_over();
    desk.show(&View::Menu(&menu()));
    assert!(!desk.is_gone_back_from());
}

#[tokio::test(start_paused = true)]
async fn who_walks_away_before_applying_leaves_the_first_screen_in_japanese() {
    let mut desk = at_the_terms();
    assert_eq!(desk.gives_way_at(), Some(Instant::now() + IDLE));
    tokio::time::advance(IDLE / 2).await;
    say(&mut desk, "more-time");
    assert_eq!(desk.gives_way_at(), Some(Instant::now() + IDLE));
    desk.give_way();
    assert_eq!(
        (screen(&desk).as_str(), &told(&desk)["language"]),
        ("language", &json!("ja"))
    );
    assert_eq!(desk.gives_way_at(), None);
    assert!(!desk.is_gone_back_from());
}

#[tokio::test(start_paused = true)]
async fn the_page_is_told_how_many_digits_there_are_and_never_which() {
    let mut desk = desk();
    desk.show(&View::Pin { remaining: 3 });
    digits(&mut desk, "73");
    assert_eq!(told(&desk)["entered"], 2);
    assert!(!format!("{desk:?}").contains("73") && !told(&desk).to_string().contains("73"));
    // Too few are no PIN, and spend no try.
    assert!(matches!(say(&mut desk, "enter"), Taken::Here));
    say(&mut desk, "erase");
    digits(&mut desk, "50988");
    assert_eq!(told(&desk)["entered"], 4);
    let Taken::For(Intent::Pin(pin)) = say(&mut desk, "enter") else {
        panic!("four digits are a PIN");
    };
    assert_eq!(pin.expose(), b"7509");
    // Nothing of it is left here.
    assert_eq!(told(&desk)["entered"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_press_that_crosses_the_next_screen_means_nothing_there() {
    let mut desk = desk();
    let shown = Arc::new(preview());
    desk.show(&View::Preview(&shown));
    let late: Press =
        serde_json::from_value(json!({"serial": desk.serial, "intent": "go"})).unwrap();
    desk.show(&View::TryAgain);
    assert!(matches!(desk.press(late), Taken::Ignored));
    assert!(matches!(say(&mut desk, "go"), Taken::For(Intent::Go)));
    // And what fits another screen does not fit this one.
    for intent in ["agree", "understood", "enter", "erase", "back"] {
        assert!(matches!(say(&mut desk, intent), Taken::Ignored), "{intent}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_problem_stands_until_it_was_read() {
    let mut desk = desk();
    let problem = Problem {
        remaining: Some(2),
        ..ProblemCode::PinWrong.into()
    };
    desk.show(&View::Problem(&problem));
    assert_eq!(told(&desk)["then"], "start");
    desk.show(&View::Pin { remaining: 2 });
    let said = told(&desk);
    assert_eq!(
        (&said["screen"], &said["then"]),
        (&json!("problem"), &json!("on"))
    );
    assert_eq!(said["speak"], json!(["problem/pin-wrong/2"]));
    // Time is given anew from when the next screen is seen.
    assert!(matches!(
        say(&mut desk, "understood"),
        Taken::For(Intent::MoreTime)
    ));
    assert_eq!(screen(&desk), "pin");
    // What ends it replaces what waits.
    desk.show(&View::Problem(&problem));
    desk.show(&View::Pin { remaining: 2 });
    desk.show(&View::Problem(&ProblemCode::TimedOut.into()));
    assert_eq!(told(&desk)["code"], "timed-out");
    assert!(!desk.is_acknowledged());
    say(&mut desk, "understood");
    assert!(desk.is_acknowledged());
}

#[tokio::test(start_paused = true)]
async fn a_problem_before_an_application_stands_until_it_was_read_or_nobody_is_there() {
    for is_read in [true, false] {
        let mut desk = at_the_terms();
        say(&mut desk, "agree");
        desk.show(&View::Problem(&ProblemCode::PrinterOutOfPaper.into()));
        desk.show(&View::Menu(&menu()));
        let said = told(&desk);
        assert_eq!(
            (&said["screen"], &said["then"], &said["cancel"]),
            (&json!("problem"), &json!("start"), &json!(false))
        );
        // A menu that is fetched anew gives nobody more time.
        let stands = desk.gives_way_at();
        assert_eq!(stands, Some(Instant::now() + END));
        tokio::time::advance(END / 2).await;
        desk.show(&View::Menu(&menu()));
        assert_eq!(desk.gives_way_at(), stands);
        if is_read {
            say(&mut desk, "understood");
        } else {
            desk.give_way();
        }
        assert_eq!(
            (screen(&desk).as_str(), &told(&desk)["language"]),
            ("language", &json!("ja"))
        );
        assert_eq!(desk.gives_way_at(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_is_offered_can_be_chosen() {
    let mut desk = desk();
    let menu = menu();
    let offers = &menu.programmes[0].municipalities;
    desk.show(&View::Municipality {
        offers,
        home: Some(offers[0].code),
        fee: None,
        back: false,
    });
    assert!(matches!(
        press(
            &mut desk,
            json!({"intent": "municipality", "value": "011002"})
        ),
        Taken::Ignored
    ));
    press(
        &mut desk,
        json!({"intent": "municipality", "value": "131016"}),
    );
    assert_eq!(screen(&desk), "copies");
    for copies in [0, 11, 255] {
        assert!(matches!(
            press(&mut desk, json!({"intent": "copies", "value": copies})),
            Taken::Ignored
        ));
    }
    say(&mut desk, "back");
    assert_eq!(screen(&desk), "municipality");
    press(
        &mut desk,
        json!({"intent": "municipality", "value": "132217"}),
    );
    let taken = press(&mut desk, json!({"intent": "copies", "value": 3}));
    assert!(
        matches!(taken, Taken::For(Intent::Municipality { code, copies: 3 }) if code == offers[0].code)
    );
}

#[tokio::test(start_paused = true)]
async fn back_from_the_preview_are_the_copies() {
    let mut desk = desk();
    let menu = menu();
    let offers = &menu.programmes[0].municipalities;
    let mut shown = preview();
    shown.authority.code = offers[1].code;
    shown.copies = 4;
    let shown = Arc::new(shown);
    let municipality = View::Municipality {
        offers,
        home: Some(offers[0].code),
        fee: None,
        back: false,
    };
    desk.show(&View::Preview(&shown));
    assert!(matches!(say(&mut desk, "back"), Taken::For(Intent::Back)));
    desk.show(&municipality);
    assert_eq!(screen(&desk), "copies");
    // As many as before, and who sees nothing hears how many.
    assert_eq!(told(&desk)["copies"], 4);
    let speak = &told(&desk)["speak"];
    assert_eq!(*speak, json!(["ChooseCopies", "CopyCount/4"]));
    let taken = press(&mut desk, json!({"intent": "copies", "value": 2}));
    assert!(
        matches!(taken, Taken::For(Intent::Municipality { code, copies: 2 }) if code == offers[1].code)
    );
    // And from there the municipalities, as the first time.
    say(&mut desk, "back");
    assert_eq!(screen(&desk), "municipality");
    // Whoever comes next begins with those.
    desk.show(&View::Preview(&shown));
    desk.start_over();
    desk.show(&municipality);
    assert_eq!(screen(&desk), "municipality");
    desk.show(&View::Preview(&shown));
    desk.show(&View::PlaceCard);
    desk.show(&municipality);
    assert_eq!(screen(&desk), "municipality");
}

#[tokio::test(start_paused = true)]
async fn the_time_of_what_the_key_was_asked_for_over_runs_on() {
    for leaves in ["back", "cancel", "nobody"] {
        let mut desk = desk();
        desk.show(&View::TakeCard);
        desk.time(IDLE * 2);
        say(&mut desk, "attendant");
        tokio::time::advance(IDLE).await;
        match leaves {
            "nobody" => desk.give_way(),
            leaves => drop(say(&mut desk, leaves)),
        }
        let said = told(&desk);
        let left = json!(IDLE.as_millis());
        assert_eq!(
            (&said["screen"], &said["left"]),
            (&json!("take-card"), &left)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_stands_there_for_nobody_is_japanese_again_after_a_while() {
    let closed = |code: ProblemCode| crate::ports::Closed::from(code);
    let mut desk = desk();
    desk.show(&View::OutOfService(&closed(ProblemCode::PrinterJam)));
    press(&mut desk, json!({"intent": "language", "value": "ko"}));
    assert_eq!(told(&desk)["language"], "ko");
    assert_eq!(desk.gives_way_at(), Some(Instant::now() + IDLE));
    // Another reason is no other reader.
    tokio::time::advance(IDLE / 2).await;
    desk.show(&View::OutOfService(&closed(ProblemCode::PrinterCoverOpen)));
    assert_eq!(desk.gives_way_at(), Some(Instant::now() + IDLE / 2));
    desk.give_way();
    let said = told(&desk);
    assert_eq!(
        (&said["screen"], &said["language"]),
        (&json!("problem"), &json!("ja"))
    );
    assert_eq!(desk.gives_way_at(), None);
    // While a card is left nobody is listened to; it is shown again and again.
    desk.show(&View::CardLeft);
    press(&mut desk, json!({"intent": "language", "value": "en"}));
    desk.show(&View::CardLeft);
    assert_eq!(told(&desk)["language"], "en");
    tokio::time::advance(IDLE).await;
    desk.show(&View::CardLeft);
    assert_eq!(told(&desk)["language"], "ja");
}

#[tokio::test(start_paused = true)]
async fn the_attendant_is_let_in_by_the_key_alone_and_never_into_an_application() {
    let mut desk = desk();
    desk.show(&View::Menu(&menu()));
    assert!(matches!(say(&mut desk, "attendant"), Taken::Here));
    for _ in 0..KEY_TRIES_OF_A_GUESSER {
        digits(&mut desk, "11111111");
        say(&mut desk, "enter");
        assert!(!desk.has_let_in() && told(&desk)["wrong"] == true);
    }
    // By now not even the right one.
    digits(&mut desk, "20261124");
    say(&mut desk, "enter");
    assert!(!desk.has_let_in());
    tokio::time::advance(Duration::from_secs(301)).await;
    digits(&mut desk, "20261124");
    say(&mut desk, "enter");
    assert!(desk.has_let_in());
    desk.attend();
    assert_eq!(screen(&desk), "attendant");
    say(&mut desk, "cancel");
    assert!(desk.is_left());

    let shown = Arc::new(preview());
    desk.show(&View::Preview(&shown));
    assert!(matches!(say(&mut desk, "attendant"), Taken::Ignored));
    let mut without = Desk::new(None);
    without.show(&View::Menu(&menu()));
    assert!(matches!(say(&mut without, "attendant"), Taken::Ignored));
}

const KEY_TRIES_OF_A_GUESSER: u8 = 5;

#[tokio::test(start_paused = true)]
async fn the_attendant_sees_numbers_and_nobody() {
    let mut desk = desk();
    desk.show(&View::PlaceCard);
    let shown = Arc::new(preview());
    desk.show(&View::Preview(&shown));
    desk.show(&View::Problem(&ProblemCode::NoRecord.into()));
    desk.attend();
    let said = told(&desk);
    assert_eq!(
        (&said["begun"], &said["ended"]),
        (&json!(1), &json!({"no-record": 1}))
    );
    assert!(!said.to_string().contains(shown.holder.name.expose()));
    assert_eq!(said.get("mismatch"), None);
    desk.health().mismatch = Some(Mismatch::BirthDate);
    assert_eq!(told(&desk)["mismatch"], "birth-date");
    desk.start_over();
    assert_eq!(screen(&desk), "starting");
    assert!(!format!("{desk:?}").contains(shown.holder.name.expose()));
}

#[tokio::test(start_paused = true)]
async fn a_browser_that_is_lost_takes_everything_of_the_resident_with_it() {
    let mut desk = desk();
    let shown = Arc::new(preview());
    desk.show(&View::PlaceCard);
    desk.show(&View::Preview(&shown));
    desk.desert();
    assert!(desk.is_deserted() && desk.has_begun());
    assert!(!format!("{desk:?}").contains(shown.holder.name.expose()));
    // What the application shows on its way to its end, and would ask, is told to nobody.
    for view in [
        View::Preview(&shown),
        View::Pin { remaining: 3 },
        View::TryAgain,
        View::Problem(&ProblemCode::Cancelled.into()),
    ] {
        desk.show(&view);
        assert_eq!(screen(&desk), "starting");
    }
    assert_eq!(desk.end_stands(), Duration::ZERO);
    // What happens all the same is told.
    for (view, screen_name) in [
        (View::Delivering { out: 0, of: 2 }, "delivering"),
        (View::TakePaper { reported: false }, "take-paper"),
        (View::Reporting, "reporting"),
        (View::Done(ENDED), "done"),
    ] {
        desk.show(&view);
        assert_eq!(screen(&desk), screen_name);
    }
    assert_eq!(desk.end_stands(), END);
    desk.show(&View::Problem(&ProblemCode::PrinterJam.into()));
    desk.show(&View::TryAgain);
    desk.show(&View::Problem(&ProblemCode::Cancelled.into()));
    assert_eq!(told(&desk)["code"], "printer-jam");
    desk.start_over();
    assert!(!desk.is_deserted() && !desk.has_begun());
    // And what stood there already, with nothing of anybody, stands on.
    desk.show(&View::Delivering { out: 0, of: 2 });
    desk.desert();
    assert_eq!(screen(&desk), "delivering");
}

#[tokio::test(start_paused = true)]
async fn who_chose_the_wrong_kind_goes_back_for_another_and_no_further() {
    let menu = menu();
    let mut desk = desk();
    for back in [false, true] {
        desk.show(&View::Municipality {
            offers: &menu.programmes[0].municipalities,
            home: None,
            fee: None,
            back,
        });
        assert_eq!(told(&desk)["back"], back);
        let taken = say(&mut desk, "back");
        assert_eq!(matches!(taken, Taken::For(Intent::Back)), back);
    }
    let kinds = [CertificateKind::Domestic, CertificateKind::Abroad];
    desk.show(&View::OtherKind(&kinds));
    let said = told(&desk);
    assert_eq!(
        (&said["screen"], &said["back"]),
        (&json!("kind"), &json!(false))
    );
    assert!(matches!(say(&mut desk, "back"), Taken::Ignored));
    let taken = press(&mut desk, json!({"intent": "kind", "value": "abroad"}));
    assert!(matches!(
        taken,
        Taken::For(Intent::Kind(CertificateKind::Abroad))
    ));
}

#[tokio::test(start_paused = true)]
async fn whoever_passes_by_is_told_nothing_of_somebody_elses_card() {
    let mut desk = desk();
    let problem: Problem = ProblemCode::ContentMismatch.into();
    desk.show(&View::Problem(&problem));
    let before = told(&desk)["happened"].clone();
    desk.show(&View::OutOfService(&problem.into()));
    let after = told(&desk);
    assert_ne!(after["happened"], before);
    assert_eq!(after["speak"], json!(["SeeScreen"]));
}

#[tokio::test(start_paused = true)]
async fn every_problem_is_told_in_every_language_with_its_code() {
    for code in ProblemCode::ALL {
        let mut desk = desk();
        desk.show(&View::Problem(&(*code).into()));
        for language in ["ja", "en", "zh", "ko"] {
            press(&mut desk, json!({"intent": "language", "value": language}));
            let said = told(&desk);
            assert_eq!(said["code"], code.as_str());
            for part in ["happened", "advice"] {
                let told = said[part].as_str().unwrap();
                assert!(told.chars().count() > 5, "{language}: {said}");
            }
        }
    }
}
