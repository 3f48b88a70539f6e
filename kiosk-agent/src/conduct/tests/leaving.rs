//! Whoever cancels, waits too long or goes back.

use super::*;

#[tokio::test(start_paused = true)]
async fn cancelling_at_any_step_leaves_nothing() {
    let steps = [
        "menu",
        "place card",
        "kind",
        "pin, 3 left",
        "take card",
        "municipality",
        "preview",
        "try again",
    ];
    for step in steps {
        let mut terminal = terminal();
        terminal.card.there = step != "place card";
        terminal.card.forgotten = step == "take card";
        terminal.output.deliveries = Script::failing([OutputError::OutOfPaper]);
        let (seen, ended) = serve(&mut terminal, |seen| match seen {
            seen if seen == step => Does::This(vec![Intent::Cancel]),
            _ => Does::AsAsked,
        })
        .await;
        assert_eq!(ended, Err(ProblemCode::Cancelled), "{step}");
        seen_last(&seen, &[step, "cancelled"]);
        leaves_nothing(&mut terminal, step).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_cancels_while_the_center_is_asked_does_not_find_out_what_it_says() {
    let asking = [
        ("checking", "evidence", 1),
        ("looking up", "inquiry", 1),
        // Gone back from the preview: what is offered by now.
        ("looking up", "menu", 2),
    ];
    for (step, request, times) in asking {
        let mut terminal = terminal();
        // Longer than anybody waits for nothing.
        terminal.center.ponders = (request, Duration::from_secs(20));
        let mut shown = 0;
        let begin = tokio::time::Instant::now();
        let (seen, ended) = serve(&mut terminal, |seen| match seen {
            "preview" => Does::This(vec![Intent::Back]),
            seen if seen == step => {
                shown += 1;
                let cancels =
                    Does::Slowly(Duration::from_secs(2), vec![Intent::Go, Intent::Cancel]);
                if shown == times {
                    cancels
                } else {
                    Does::AsAsked
                }
            }
            _ => Does::AsAsked,
        })
        .await;
        assert_eq!(ended, Err(ProblemCode::Cancelled), "{request}");
        seen_last(&seen, &[step, "cancelled"]);
        assert!(begin.elapsed() < Duration::from_secs(80), "{request}");
        terminal.center.ponders = ("", Duration::ZERO);
        leaves_nothing(&mut terminal, step).await;
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_lifts_the_card_is_told_before_they_enter_anything() {
    for step in ["kind", "pin, 3 left", "pin, 2 left"] {
        let mut terminal = terminal();
        terminal.card.lifted_after = Some(Duration::from_secs(2));
        let (seen, ended) = serve(&mut terminal, |seen| match seen {
            seen if seen == step => Does::Nothing,
            "pin, 3 left" => Does::This(vec![pin(*b"0000")]),
            _ => Does::AsAsked,
        })
        .await;
        assert_eq!(ended, Err(ProblemCode::CardLifted), "{step}");
        seen_last(&seen, &[step, "card-lifted"]);
        assert_eq!(terminal.card.verifies, u32::from(step == "pin, 2 left"));
        // The next one's is another.
        (terminal.card.lifted_after, terminal.card.tries) = (None, 3);
        leaves_nothing(&mut terminal, step).await;
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_center_with_a_card_that_is_gone() {
    let mut terminal = terminal();
    terminal.center.ponders = ("challenge", Duration::from_secs(15));
    terminal.card.lifted_after = Some(Duration::from_secs(1));
    let begin = tokio::time::Instant::now();
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::CardLifted));
    seen_last(&seen, &["reading", "card-lifted"]);
    assert_eq!(begin.elapsed().as_secs(), 1);
    assert_eq!(terminal.card.verifies, 0);
}

#[tokio::test(start_paused = true)]
async fn waiting_too_long_at_any_step_leaves_nothing() {
    let steps = [
        ("place card", ProblemCode::NoCard, 60),
        ("kind", ProblemCode::TimedOut, 90),
        ("pin, 3 left", ProblemCode::TimedOut, 90),
        ("take card", ProblemCode::TimedOut, 60),
        ("municipality", ProblemCode::TimedOut, 90),
        ("preview", ProblemCode::TimedOut, 90),
        ("try again", ProblemCode::TimedOut, 90),
    ];
    for (step, code, seconds) in steps {
        let mut terminal = terminal();
        terminal.card.there = step != "place card";
        terminal.card.forgotten = step == "take card";
        terminal.output.deliveries = Script::failing([OutputError::OutOfPaper]);
        let begin = tokio::time::Instant::now();
        let (seen, ended) = serve(&mut terminal, |seen| match seen {
            seen if seen == step => Does::Nothing,
            _ => Does::AsAsked,
        })
        .await;
        assert_eq!(ended, Err(code), "{step}");
        seen_last(&seen, &[step, code.as_str()]);
        assert_eq!(begin.elapsed().as_secs(), seconds, "{step}");
        leaves_nothing(&mut terminal, step).await;
    }
}

/// Nothing came out or was reported, and the next application is a whole one.
async fn leaves_nothing(terminal: &mut TestTerminal, step: &str) {
    assert_eq!(terminal.output.paper, [], "{step}");
    assert_eq!(terminal.center.count("delivered"), 0, "{step}");
    let issued = usize::from(step == "try again");
    assert_eq!(terminal.center.count("issue"), issued, "{step}");
    terminal.card.there = true;
    terminal.card.forgotten = false;
    let (seen, ended) = serve(terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }), "{step}");
    // That the printer has what it is there for is not asked for.
    assert_eq!(seen[..11], ALL[..11], "{step}");
    assert_eq!(terminal.output.paper.len(), 1, "{step}");
}

#[tokio::test(start_paused = true)]
async fn going_back_leads_to_the_step_before() {
    let mut terminal = terminal();
    let mut went_back = Vec::new();
    let back_once = |seen: &str| {
        let steps = ["kind", "pin, 3 left", "preview"];
        if steps.contains(&seen) && !went_back.contains(&seen.to_owned()) {
            went_back.push(seen.to_owned());
            return Does::This(vec![Intent::Back]);
        }
        Does::AsAsked
    };
    let (seen, ended) = serve(&mut terminal, back_once).await;
    assert_eq!(ended, Ok(Done { reported: true }));
    let steps = [
        "menu",
        "place card",
        "kind",
        "menu",
        "place card",
        "kind",
        "pin, 3 left",
        "kind",
        "pin, 3 left",
        "reading",
        "take card",
        "municipality",
        "looking up",
        "preview",
        "looking up",
        "municipality",
        "looking up",
        "preview",
        "issuing",
        "delivering",
        "reporting",
        "done",
    ];
    assert_eq!(seen, steps);
    assert_eq!(terminal.card.verifies, 1);
    assert_eq!(terminal.center.count("evidence"), 1);
    assert_eq!(terminal.center.count("inquiry"), 2);
    assert_eq!(terminal.center.count("issue"), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_leads_back_from_the_card_to_be_taken() {
    let mut terminal = terminal();
    terminal.card.forgotten = true;
    let (seen, ended) = serve(&mut terminal, |seen| match seen {
        "take card" => Does::This(vec![Intent::Back, Intent::Go]),
        _ => Does::AsAsked,
    })
    .await;
    assert_eq!(ended, Err(ProblemCode::TimedOut));
    seen_last(&seen, &["reading", "take card", "timed-out"]);
}

#[tokio::test(start_paused = true)]
async fn a_card_can_be_taken_before_the_center_has_judged_it() {
    let mut terminal = terminal();
    terminal.center.ponders = ("evidence", Duration::from_secs(5));
    let begin = tokio::time::Instant::now();
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
    assert_eq!(seen[5..8], ["take card", "checking", "municipality"]);
    assert_eq!(begin.elapsed().as_secs(), 5);

    // It is not waited for twice: a resident who takes their time finds the answer there.
    terminal.card.taken_after = Duration::from_secs(20);
    let begin = tokio::time::Instant::now();
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
    assert_eq!(seen[..ALL.len()], ALL);
    assert_eq!(begin.elapsed().as_secs(), 20);

    // And what it refuses is told at once, whoever has the card.
    for (taken_after, last) in [(0, "checking"), (20, "take card")] {
        terminal.card.taken_after = Duration::from_secs(taken_after);
        terminal.card.bound = false;
        let begin = tokio::time::Instant::now();
        let (seen, ended) = serve(&mut terminal, as_asked).await;
        assert_eq!(ended, Err(ProblemCode::CardBindingMissing));
        seen_last(&seen, &[last, "card-binding-missing"]);
        assert_eq!(begin.elapsed().as_secs(), 5);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_offered_is_asked_while_the_card_is_taken_and_again_when_that_is_old() {
    let mut terminal = terminal();
    let (_, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
    assert_eq!(terminal.center.count("menu"), 2);

    // As old as a menu may get on the screen.
    terminal.center.asked.clear();
    terminal.patience.menu = Duration::from_secs(30);
    terminal.card.taken_after = Duration::from_secs(31);
    let (_, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
    assert_eq!(terminal.center.count("menu"), 3);

    // What failed then may not fail any more.
    terminal.card.taken_after = Duration::ZERO;
    terminal.center.menus = Script::then_failing(ProblemCode::CenterUnreachable.into());
    let (_, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
}
