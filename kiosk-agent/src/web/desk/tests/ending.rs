//! The paper, the money and the end of an application.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_sheet_more_or_the_center_told_is_no_new_screen() {
    let mut desk = desk();
    desk.show(&View::Delivering { out: 0, of: 2 });
    let serial = told(&desk)["serial"].clone();
    desk.show(&View::Delivering { out: 1, of: 2 });
    let said = told(&desk);
    assert_eq!((&said["serial"], &said["printed"]), (&serial, &json!(1)));
    // Whom it would take the center's answer from is let in when that is there.
    desk.show(&View::TakePaper { reported: false });
    let serial = told(&desk)["serial"].clone();
    assert!(matches!(say(&mut desk, "attendant"), Taken::Ignored));
    desk.show(&View::TakePaper { reported: true });
    assert_eq!(told(&desk)["serial"], serial);
    assert!(matches!(say(&mut desk, "attendant"), Taken::Here));
    assert_eq!(screen(&desk), "attendant-key");
    assert_eq!(told(&desk)["alarm"], "alarm/paper");
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_over_a_problem_is_led_to_their_paper() {
    let mut desk = desk();
    desk.show(&View::Delivering { out: 0, of: 2 });
    desk.show(&View::Problem(&ProblemCode::PrinterJam.into()));
    desk.show(&View::TryAgain);
    assert_eq!(told(&desk)["then"], "on");
    assert!(matches!(
        say(&mut desk, "cancel"),
        Taken::For(Intent::Cancel)
    ));
    desk.show(&View::TakePaper { reported: false });
    assert_eq!(screen(&desk), "take-paper");
    assert_eq!(told(&desk)["alarm"], "alarm/paper");
}

#[tokio::test(start_paused = true)]
async fn a_fee_paid_at_once_comes_back_too_and_nobody_ends_a_print_half_done() {
    let mut desk = desk();
    let (due, inserted) = (Yen::new(120), Yen::new(0));
    desk.show(&View::Fee { due, inserted });
    desk.show(&View::Issuing);
    desk.show(&View::Over(&ProblemCode::CenterUnreachable.into()));
    assert_eq!(told(&desk)["returned"], true);
    assert!(matches!(say(&mut desk, "attendant"), Taken::Here));
    desk.start_over();
    desk.show(&View::Problem(&ProblemCode::PrinterJam.into()));
    desk.show(&View::TryAgain);
    assert!(matches!(say(&mut desk, "attendant"), Taken::Ignored));
}

#[tokio::test(start_paused = true)]
async fn one_residents_end_says_nothing_of_the_next_ones_money() {
    let mut desk = desk();
    // Before anybody began, so that nothing is forgotten in between.
    desk.show(&View::Over(&ProblemCode::CenterUnreachable.into()));
    desk.show(&View::Menu(&menu()));
    say(&mut desk, "understood");
    desk.show(&View::PlaceCard);
    let (due, inserted) = (Yen::new(120), Yen::new(120));
    desk.show(&View::Fee { due, inserted });
    desk.show(&View::Problem(&ProblemCode::PrinterJam.into()));
    assert_eq!(told(&desk).get("returned"), None);
    assert_eq!(told(&desk)["speak"], json!(["problem/printer-jam"]));
}

#[test]
fn every_end_stands_longer_than_it_is_spoken() {
    let manifest = include_str!("../../../../assets/voice/manifest.json");
    let manifest: Value = serde_json::from_str(manifest).unwrap();
    // A PIN that is wrong ends nothing.
    let ends = ProblemCode::ALL
        .iter()
        .filter(|code| **code != ProblemCode::PinWrong);
    let ends = ends.map(|code| (*code).into());
    let ends: Vec<Problem> = ends.collect();
    let mut views: Vec<_> = ends.iter().map(View::Over).collect();
    for (reported, taken, stuck) in [
        (true, false, false),
        (true, true, true),
        (false, true, false),
        (false, true, true),
    ] {
        views.push(View::Done(Ended {
            reported,
            taken,
            returned: !stuck,
            stuck,
        }));
    }
    for view in views {
        let mut desk = desk();
        desk.show(&view);
        for (language, recordings) in manifest["languages"].as_object().unwrap() {
            let spoken = told(&desk)["speak"].as_array().unwrap().clone();
            let takes: u64 = spoken
                .iter()
                .map(|key| &recordings[key.as_str().unwrap()]["duration_ms"])
                .map(|takes| takes.as_u64().expect("it is recorded"))
                .sum();
            let slack = Duration::from_secs(5);
            assert!(
                Duration::from_millis(takes) + slack <= desk.end_stands(),
                "{view:?} in {language}: {takes} ms"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_card_that_is_left_is_called_for_while_the_end_stands() {
    let mut desk = desk();
    desk.show(&View::TakeCard);
    desk.show(&View::Problem(&ProblemCode::TimedOut.into()));
    assert_eq!(told(&desk).get("alarm"), None);
    desk.card_lies(true);
    assert_eq!(told(&desk)["alarm"], "alarm/card");
    desk.card_lies(false);
    assert_eq!(told(&desk).get("alarm"), None);
    // Staff who have come need no alarm.
    desk.card_lies(true);
    desk.attend();
    assert_eq!(told(&desk).get("alarm"), None);
}

#[tokio::test(start_paused = true)]
async fn who_has_inserted_money_is_told_that_it_came_back() {
    for (inserted, code, returned) in [
        (Some(100), ProblemCode::CenterUnreachable, true),
        (Some(0), ProblemCode::CenterUnreachable, false),
        (None, ProblemCode::CenterUnreachable, false),
        // Says so itself, or says otherwise.
        (Some(100), ProblemCode::PaymentNotReturned, false),
    ] {
        let mut desk = desk();
        if let Some(inserted) = inserted {
            for inserted in [0, inserted].map(Yen::new) {
                let due = Yen::new(120);
                desk.show(&View::Fee { due, inserted });
            }
        }
        desk.show(&View::Problem(&code.into()));
        assert_eq!(told(&desk).get("returned"), None);
        desk.show(&View::Over(&code.into()));
        assert_eq!(told(&desk)["returned"] == true, returned, "{code:?}");
        desk.start_over();
        desk.show(&View::Over(&ProblemCode::Cancelled.into()));
        assert_eq!(told(&desk).get("returned"), None);
    }
}
