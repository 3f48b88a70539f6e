//! Fee, card slot and output tray.

use super::*;
use crate::cabinet::PaymentError;

/// A terminal that takes 120 yen a copy, and a resident with these coins.
fn with_fee(coins: &[u32]) -> TestTerminal {
    let mut terminal = terminal();
    terminal.cabinet.fee = Some(Yen::new(120));
    terminal.cabinet.payment.coins = coins.iter().copied().collect();
    terminal
}

/// One whose paper runs out after the first of two copies, and that does not get the money for the other out again.
fn with_one_of_two_out() -> TestTerminal {
    let mut terminal = with_fee(&[100, 100, 40]);
    terminal.cabinet.payment.refunds = Script::failing([PaymentError::NotReturned]);
    terminal.center.preview.copies = 2;
    terminal.output.deliveries = Script::failing([OutputError::OutOfPaper]);
    terminal.output.out = 1;
    terminal
}

fn gives_up_the_second(seen: &str) -> Does {
    match seen {
        "municipality" => Does::This(vec![choose_copies(2)]),
        "try again" => Does::This(vec![Intent::Cancel]),
        _ => Does::AsAsked,
    }
}

/// Where the money is: settled, returned, and nothing anywhere else.
fn money(terminal: &TestTerminal) -> (u32, u32) {
    let payment = &terminal.cabinet.payment;
    assert_eq!(payment.held, 0);
    (payment.settled, payment.returned)
}

#[tokio::test(start_paused = true)]
async fn the_fee_is_taken_before_anything_is_issued_and_change_is_given() {
    let mut terminal = with_fee(&[100, 50]);
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
    let steps = [
        "preview",
        "fee, 0 of 120",
        "fee, 100 of 120",
        "issuing",
        "delivering",
        "reporting",
        "done",
    ];
    // That the last coin is shown too is not certain: what it pays for goes on at once.
    let seen: Vec<_> = seen
        .into_iter()
        .filter(|view| view != "fee, 150 of 120")
        .collect();
    seen_last(&seen, &steps);
    assert_eq!(money(&terminal), (120, 30));
}

#[tokio::test(start_paused = true)]
async fn what_was_inserted_comes_out_again_where_nothing_is_issued() {
    for (does, code) in [
        (Some(Intent::Cancel), ProblemCode::Cancelled),
        (None, ProblemCode::TimedOut),
    ] {
        let mut terminal = with_fee(&[100]);
        let mut does = does;
        let (_, ended) = serve(&mut terminal, |seen| match seen {
            "fee, 0 of 120" => Does::Nothing,
            "fee, 100 of 120" => does
                .take()
                .map_or(Does::Nothing, |intent| Does::This(vec![intent])),
            _ => Does::AsAsked,
        })
        .await;
        assert_eq!(ended, Err(code));
        assert_eq!(money(&terminal), (0, 100));
        assert_eq!(terminal.center.count("issue"), 0);
    }
    // The center cannot, once it was paid for.
    let mut terminal = with_fee(&[100, 10, 10]);
    terminal.center.issues = Script::failing([ProblemCode::RecordChanged.into()]);
    let (_, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::RecordChanged));
    assert_eq!(money(&terminal), (0, 120));
}

#[tokio::test(start_paused = true)]
async fn going_back_from_the_fee_returns_it_and_leads_to_the_choice() {
    let mut terminal = with_fee(&[100, 100, 50]);
    let mut went_back = false;
    let (seen, ended) = serve(&mut terminal, |seen| match seen {
        "fee, 100 of 120" if !std::mem::replace(&mut went_back, true) => {
            Does::This(vec![Intent::Back])
        }
        _ => Does::AsAsked,
    })
    .await;
    assert_eq!(ended, Ok(Done { reported: true }));
    let back = [
        "fee, 100 of 120",
        "looking up",
        "municipality",
        "looking up",
        "preview",
        "fee, 0 of 120",
    ];
    assert!(seen.windows(6).any(|views| views == back), "{seen:?}");
    assert_eq!(money(&terminal), (120, 130));
    assert_eq!(terminal.center.count("issue"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_print_that_fails_for_good_is_refunded_and_one_that_works_in_the_end_is_not() {
    let mut terminal = with_fee(&[100, 50]);
    terminal.output.deliveries = Script::failing([OutputError::OutcomeUnknown]);
    let (_, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::PrinterOutcomeUnknown));
    assert_eq!(money(&terminal), (0, 150));

    let mut terminal = with_fee(&[100, 50]);
    terminal.output.deliveries = Script::failing([OutputError::OutOfPaper]);
    let (_, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
    assert_eq!(money(&terminal), (120, 30));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_wait_for_the_rest_keeps_what_is_out_and_pays_for_no_more() {
    for does in [Some(Intent::Cancel), None] {
        let mut terminal = with_fee(&[100, 100, 100, 100]);
        terminal.center.preview.copies = 3;
        terminal.output.deliveries = Script::failing([OutputError::OutOfPaper]);
        terminal.output.out = 2;
        let mut does = does;
        let (seen, ended) = serve(&mut terminal, |seen| match seen {
            "municipality" => Does::This(vec![choose_copies(3)]),
            "try again" => does
                .take()
                .map_or(Does::Nothing, |intent| Does::This(vec![intent])),
            _ => Does::AsAsked,
        })
        .await;
        // Else these two would lapse in the resident's hands.
        assert_eq!(ended, Ok(Done { reported: true }));
        seen_last(
            &seen,
            &[
                "printer-out-of-paper, 2 out",
                "try again",
                "reporting",
                "done, money returned",
            ],
        );
        assert_eq!(money(&terminal), (240, 160));
    }
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_lapses_is_not_paid_for() {
    let mut terminal = with_fee(&[100, 10, 10]);
    terminal.center.reports = Script::failing(vec![ProblemCode::CenterUnreachable.into(); 9]);
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: false }));
    seen_last(&seen, &["reporting", "done, not reported, money returned"]);
    assert_eq!(money(&terminal), (0, 120));
}

#[tokio::test(start_paused = true)]
async fn money_is_returned_or_stuck_and_never_both() {
    let mut terminal = with_one_of_two_out();
    terminal.center.reports = Script::failing(vec![ProblemCode::CenterUnreachable.into(); 9]);
    let (seen, ended) = serve(&mut terminal, gives_up_the_second).await;
    assert_eq!(ended, Ok(Done { reported: false }));
    seen_last(&seen, &["reporting", "done, not reported, money stuck"]);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_lapses_is_told_also_where_the_money_is_stuck() {
    let mut terminal = with_fee(&[100, 10, 10]);
    terminal.center.reports = Script::failing(vec![ProblemCode::CenterUnreachable.into(); 9]);
    terminal.cabinet.payment.gives_back = Script::failing([PaymentError::NotReturned]);
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: false }));
    seen_last(&seen, &["reporting", "done, not reported, money stuck"]);
}

#[tokio::test(start_paused = true)]
async fn a_payment_unit_that_cannot_is_told_before_a_pin_is_asked_for() {
    let mut terminal = with_fee(&[]);
    terminal.cabinet.payment.ready = Script::failing([PaymentError::NoChange]);
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::PaymentNoChange));
    assert_eq!(seen, ["menu", "place card", "payment-no-change"]);
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_did_not_go_through_can_be_tried_again() {
    for (error, code) in [
        (PaymentError::NoChange, "payment-no-change"),
        (PaymentError::Failed, "payment-failed"),
    ] {
        let mut terminal = with_fee(&[100, 50]);
        terminal.cabinet.payment.collects = Script::failing([error]);
        let (seen, ended) = serve(&mut terminal, as_asked).await;
        assert_eq!(ended, Ok(Done { reported: true }));
        let again = ["fee, 0 of 120", code, "preview", "fee, 0 of 120"];
        assert!(seen.windows(4).any(|views| views == again), "{seen:?}");
        assert_eq!(terminal.center.count("inquiry"), 1);
        assert_eq!(money(&terminal), (120, 30));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_finds_the_paper_of_somebody_before() {
    let mut terminal = terminal();
    let mut resident = Resident::who(|_: &str| Does::Nothing);
    terminal.until_tray_is_clear(&mut resident).await;
    assert_eq!(resident.seen, [""; 0]);
    terminal.cabinet.tray.fitted = true;
    terminal.cabinet.tray.lies = Duration::from_secs(90);
    let begin = tokio::time::Instant::now();
    terminal.until_tray_is_clear(&mut resident).await;
    assert_eq!(resident.seen, ["paper left"; 2]);
    assert_eq!(begin.elapsed(), Duration::from_secs(90));
    // A sensor that cannot tell keeps nobody.
    terminal.cabinet.tray.broken = true;
    terminal.until_tray_is_clear(&mut resident).await;
    assert_eq!(resident.seen.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_card_that_is_left_at_the_end_is_told_until_it_is_gone() {
    let mut terminal = terminal();
    let mut told = Vec::new();
    terminal.watch_for_a_card(|lies| told.push(lies)).await;
    assert_eq!(told, [false; 0]);
    terminal.cabinet.slot.lies = Duration::from_secs(90);
    let begin = tokio::time::Instant::now();
    terminal.watch_for_a_card(|lies| told.push(lies)).await;
    assert_eq!(told, [true, false]);
    assert_eq!(begin.elapsed(), Duration::from_secs(90));
}

#[tokio::test(start_paused = true)]
async fn the_paper_is_reminded_of_until_it_is_taken() {
    let mut terminal = terminal();
    terminal.cabinet.tray.fitted = true;
    terminal.cabinet.tray.lies = Duration::from_secs(3600);
    let begin = tokio::time::Instant::now();
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
    let end = [
        "delivering",
        "take paper",
        "take paper, reported",
        "done, taken",
    ];
    seen_last(&seen, &end);
    assert!(begin.elapsed() >= Duration::from_secs(3600));
    // It was reported when it came out, not when it was taken: till then it would have lapsed.
    assert_eq!(terminal.center.asked.last(), Some(&"delivered"));

    // A sensor that cannot tell keeps nobody.
    terminal.cabinet.tray.broken = true;
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
    seen_last(&seen, &["take paper", "take paper, reported", "done"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_the_paper_before_the_printer_says_so_is_not_kept() {
    let never = Duration::from_secs(3600);
    // Seen while it printed, or not at all; another sheet comes after it, or none.
    for (comes, seconds, end) in [
        ([Duration::ZERO, never], 2, "done, taken"),
        (
            [Duration::ZERO, Duration::from_secs(1)],
            1 + 30,
            "done, taken",
        ),
        ([never, never], 10, "done"),
    ] {
        let mut terminal = terminal();
        terminal.cabinet.tray.fitted = true;
        terminal.cabinet.tray.comes = comes.into();
        terminal.cabinet.tray.lies = Duration::from_secs(30);
        terminal.output.takes = Duration::from_secs(5);
        let begin = tokio::time::Instant::now();
        let (seen, ended) = serve(&mut terminal, as_asked).await;
        assert_eq!(ended, Ok(Done { reported: true }));
        seen_last(&seen, &["take paper, reported", end]);
        assert_eq!(begin.elapsed().as_secs(), 5 + seconds, "{end}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_sheets_that_have_come_out_are_waited_for() {
    let never = Duration::from_secs(3600);
    // The first of two came out and was taken, and the resident does not wait for the other.
    let mut terminal = terminal();
    terminal.center.preview.copies = 2;
    terminal.cabinet.tray.fitted = true;
    terminal.cabinet.tray.comes = [Duration::ZERO, never].into();
    terminal.output.takes = Duration::from_secs(5);
    terminal.output.deliveries = Script::failing([OutputError::OutOfPaper]);
    terminal.output.out = 1;
    let begin = tokio::time::Instant::now();
    let (seen, ended) = serve(&mut terminal, |seen| match seen {
        "municipality" => Does::This(vec![choose_copies(2)]),
        "try again" => Does::This(vec![Intent::Cancel]),
        _ => Does::AsAsked,
    })
    .await;
    assert_eq!(ended, Ok(Done { reported: true }));
    seen_last(&seen, &["take paper, reported", "done, taken"]);
    assert_eq!(begin.elapsed().as_secs(), 5 + 2);

    // One that was pulled out of a jam is none: the sheet comes after it.
    let mut terminal = self::terminal();
    terminal.cabinet.tray.fitted = true;
    terminal.cabinet.tray.comes = [Duration::ZERO, never, Duration::from_secs(4)].into();
    terminal.cabinet.tray.lies = Duration::from_secs(30);
    terminal.output.takes = Duration::from_secs(5);
    terminal.output.deliveries = Script::failing([OutputError::Jam]);
    let begin = tokio::time::Instant::now();
    let (_, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
    assert_eq!(begin.elapsed().as_secs(), 5 + 5 + 4 + 30);
}

#[tokio::test(start_paused = true)]
async fn the_paper_can_be_taken_before_the_center_knows_of_it() {
    let mut terminal = with_fee(&[100, 10, 10]);
    terminal.cabinet.tray.fitted = true;
    terminal.cabinet.tray.lies = Duration::from_secs(3);
    terminal.center.ponders = ("delivered", Duration::from_secs(8));
    let begin = tokio::time::Instant::now();
    let mut taken = None;
    let (seen, ended) = serve(&mut terminal, |seen| {
        if seen == "reporting" {
            taken = Some(begin.elapsed());
        }
        Does::AsAsked
    })
    .await;
    assert_eq!(ended, Ok(Done { reported: true }));
    let end = ["delivering", "take paper", "reporting", "done, taken"];
    seen_last(&seen, &end);
    // Three coins, three seconds in the tray, and the rest of the center's eight.
    let seconds = (taken.map(|it| it.as_secs()), begin.elapsed().as_secs());
    assert_eq!(seconds, (Some(6), 11));
    assert_eq!(money(&terminal), (120, 0));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_get_all_money_back_takes_the_copies_that_are_out_all_the_same() {
    let mut terminal = with_one_of_two_out();
    terminal.cabinet.tray.fitted = true;
    terminal.cabinet.tray.lies = Duration::from_secs(30);
    let (seen, ended) = serve(&mut terminal, gives_up_the_second).await;
    assert_eq!(ended, Ok(Done { reported: true }));
    let end = [
        "take paper",
        "take paper, reported",
        "done, taken, money stuck",
    ];
    seen_last(&seen, &end);
}

#[tokio::test(start_paused = true)]
async fn a_card_that_the_reader_no_longer_sees_has_to_leave_the_slot_too() {
    let mut terminal = terminal();
    terminal.cabinet.slot.lies = Duration::from_secs(30);
    let begin = tokio::time::Instant::now();
    let (_, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
    assert!(begin.elapsed() >= Duration::from_secs(30));

    terminal.cabinet.slot.lies = Duration::from_secs(3600);
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::TimedOut));
    seen_last(&seen, &["reading", "take card", "timed-out"]);

    // A card is not gone because nothing is known of it.
    terminal.cabinet.slot.broken = true;
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::SensorFailed));
    seen_last(&seen, &["take card", "sensor-failed"]);
}
