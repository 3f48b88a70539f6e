//! The printer's trays, and what came out of it.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_empty_tray_ends_it_before_a_pin_is_asked_for() {
    // Whether the card is there at once or never.
    for there in [true, false] {
        let mut terminal = terminal();
        terminal.card.there = there;
        terminal.output.ready = Script::failing([OutputError::OutOfPaper]);
        let (seen, ended) = serve(&mut terminal, as_asked).await;
        assert_eq!(ended, Err(ProblemCode::PrinterOutOfPaper));
        assert_eq!(seen, ["menu", "place card", "printer-out-of-paper"]);
        assert_eq!((terminal.card.held, terminal.card.verifies), (false, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_tray_found_empty_before_the_inquiry_can_be_filled_in_the_meantime() {
    let mut terminal = terminal();
    terminal.output.ready = Script::then_failing(OutputError::OutOfPaper);
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
    assert_eq!(
        seen[6..11],
        [
            "municipality",
            "looking up",
            "printer-out-of-paper",
            "municipality",
            "looking up",
        ]
    );
    assert_eq!(terminal.center.count("inquiry"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_tray_found_empty_while_printing_costs_no_second_certificate() {
    let mut terminal = terminal();
    let empty = OutputError::OutOfPaper;
    terminal.output.deliveries = Script::failing([empty, empty]);
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
    let again = ["delivering", "printer-out-of-paper", "try again"];
    assert_eq!(seen[10..13], again);
    assert_eq!(seen[13..16], again);
    assert_eq!(seen[16..], ["delivering", "reporting", "done"]);
    assert_eq!(terminal.center.count("issue"), 1);
    assert_eq!(terminal.output.paper.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_may_have_come_out_is_not_put_out_again() {
    let mut terminal = terminal();
    terminal.output.deliveries = Script::failing([OutputError::OutcomeUnknown]);
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::PrinterOutcomeUnknown));
    seen_last(&seen, &["delivering", "printer-outcome-unknown"]);
    assert_eq!(terminal.output.paper, []);
    assert_eq!(terminal.center.count("delivered"), 0);
}

#[tokio::test(start_paused = true)]
async fn while_an_earlier_job_is_open_nobody_can_apply() {
    let mut terminal = terminal();
    terminal.output.settled = Script::failing([OutputError::JobOpen]);
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::PrinterJobOpen));
    assert_eq!(seen, ["printer-job-open"]);
    assert_eq!(terminal.center.asked, [""; 0]);
    let (_, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
}

#[tokio::test(start_paused = true)]
async fn the_terminal_comes_back_by_itself_when_an_earlier_job_has_ended() {
    let mut terminal = terminal();
    let open = OutputError::JobOpen;
    terminal.output.settled =
        Script::failing([open, open, OutputError::Unavailable, open, open, open]);
    let mut resident = Resident::who(|_: &str| Does::Nothing);
    terminal.until_output_is_settled(&mut resident).await;
    // Told once, not at each look.
    let seen = [
        "printer-job-open",
        "printer-unavailable",
        "printer-job-open",
    ];
    assert_eq!(resident.seen, seen);

    terminal.output.settled = Script::failing([open; 9]);
    let mut resident = Resident::who(|_: &str| Does::This(vec![Intent::Cancel]));
    terminal.until_output_is_settled(&mut resident).await;
    let (_, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::PrinterJobOpen));
}

#[tokio::test(start_paused = true)]
async fn copies_that_came_out_are_told_and_not_put_out_again() {
    let mut terminal = terminal();
    terminal.center.preview.copies = 3;
    terminal.output.deliveries = Script::failing([OutputError::Jam, OutputError::OutOfPaper]);
    (terminal.output.out, terminal.output.counts) = (1, true);
    let (seen, ended) = serve(&mut terminal, |seen| match seen {
        "municipality" => Does::This(vec![choose_copies(3)]),
        _ => Does::AsAsked,
    })
    .await;
    assert_eq!(ended, Ok(Done { reported: true }));
    let told = [
        "delivering",
        "printer-jam, 1 out",
        "try again",
        "delivering, 1 of 3 out",
        "printer-out-of-paper, 1 out",
        "try again",
        "delivering, 2 of 3 out",
        "delivering, 3 of 3 out",
        "reporting",
    ];
    assert_eq!(seen[10..19], told);
    assert_eq!(terminal.center.count("issue"), 1);
    let copies: Vec<_> = terminal.output.paper.iter().map(|it| it.2).collect();
    assert_eq!(copies, [1]);
}

#[tokio::test(start_paused = true)]
async fn what_has_lapsed_is_not_put_out_again() {
    for out in [0, 1] {
        for (extensions, in_time) in [(5, true), (7, false)] {
            let mut terminal = terminal();
            terminal.center.preview.copies = 2;
            terminal.output.deliveries = Script::failing([OutputError::Jam]);
            terminal.output.out = out;
            let (seen, ended) = serve(&mut terminal, |seen| match seen {
                "municipality" => Does::This(vec![choose_copies(2)]),
                // Eighty seconds each.
                "try again" => {
                    let mut intents: Vec<_> = (0..extensions).map(|_| Intent::MoreTime).collect();
                    intents.push(Intent::Go);
                    Does::Slowly(Duration::from_secs(80), intents)
                }
                _ => Does::AsAsked,
            })
            .await;
            assert_eq!(terminal.output.paper.is_empty(), !in_time, "{seen:?}");
            match (in_time, out) {
                // The center is asked all the same: it says whether the copy that is out holds.
                (true, _) | (false, 1) => assert_eq!(ended, Ok(Done { reported: true })),
                (false, _) => assert_eq!(ended, Err(ProblemCode::RegistrationLapsed)),
            }
        }
    }
}
