use std::cell::Cell;

use super::*;
use crate::handover::qr_text;
use crate::output::OutputError;
use crate::session::Done;

mod belonging;
mod cabinet;
pub(crate) mod doubles;
mod leaving;
mod paper;
use doubles::*;

/// What was seen from start to end where nothing is in the way.
const ALL: [&str; 12] = [
    "menu",
    "place card",
    "kind",
    "pin, 3 left",
    "reading",
    "take card",
    "municipality",
    "looking up",
    "preview",
    "issuing",
    "delivering",
    "reporting",
];

fn as_asked(_: &str) -> Does {
    Does::AsAsked
}

/// One application: what was seen, and how it ended.
async fn serve(
    terminal: &mut TestTerminal,
    otherwise: impl FnMut(&str) -> Does + Send,
) -> (Vec<String>, Result<Done, ProblemCode>) {
    let mut resident = Resident::who(otherwise);
    let ended = terminal.serve(&mut resident).await;
    assert!(
        !terminal.card.held,
        "the card is let go of, however it ends"
    );
    let ended = ended.map(|Ended { reported, .. }| Done { reported });
    (resident.seen, ended.map_err(|problem| problem.code))
}

/// These were seen last.
fn seen_last(seen: &[String], end: &[&str]) {
    assert!(
        seen.ends_with(&end.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "{seen:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_application_goes_through_its_steps_and_leaves_what_was_shown() {
    let mut terminal = terminal();
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
    assert_eq!(seen[..ALL.len()], ALL);
    assert_eq!(seen[ALL.len()..], ["done"]);
    let asked = [
        "menu",
        "challenge",
        "evidence",
        "menu",
        "inquiry",
        "issue",
        "delivered",
    ];
    assert_eq!(terminal.center.asked, asked);
    let issued = terminal.center.maker.answer(&terminal.center.preview);
    let expected = (
        issued.page.as_bytes().to_vec(),
        qr_text(issued.jws.expose()).to_string(),
        1,
    );
    assert_eq!(terminal.output.paper, [expected]);
}

#[tokio::test(start_paused = true)]
async fn each_entry_is_one_verify_and_the_tries_left_are_told() {
    let mut terminal = terminal();
    let wrong = |seen: &str| match seen {
        "pin, 3 left" | "pin, 2 left" => Does::This(vec![pin(*b"9999")]),
        _ => Does::AsAsked,
    };
    let (seen, ended) = serve(&mut terminal, wrong).await;
    assert_eq!(ended, Ok(Done { reported: true }));
    let entries = [
        "pin, 3 left",
        "reading",
        "pin-wrong, 2 left",
        "pin, 2 left",
        "reading",
        "pin-wrong, 1 left",
        "pin, 1 left",
        "reading",
        "take card",
    ];
    assert_eq!(seen[3..12], entries);
    assert_eq!(terminal.card.verifies, 3);
    // A challenge is good for one reading.
    assert_eq!(terminal.center.count("challenge"), 3);
    assert_eq!(terminal.center.count("evidence"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_last_wrong_pin_ends_it() {
    let mut terminal = terminal();
    let wrong = |seen: &str| match seen {
        seen if seen.starts_with("pin, ") => Does::This(vec![pin(*b"9999")]),
        _ => Does::AsAsked,
    };
    let (seen, ended) = serve(&mut terminal, wrong).await;
    assert_eq!(ended, Err(ProblemCode::PinBlocked));
    seen_last(&seen, &["pin, 1 left", "reading", "pin-blocked"]);
    assert_eq!(terminal.card.verifies, 3);
    assert_eq!(terminal.center.count("evidence"), 0);

    // And the next time nothing is asked for.
    let (seen, ended) = serve(&mut terminal, wrong).await;
    assert_eq!(ended, Err(ProblemCode::PinBlocked));
    seen_last(&seen, &["place card", "pin-blocked"]);
    assert_eq!(terminal.card.verifies, 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_pin_never_reaches_the_card() {
    let mut terminal = terminal();
    let other = |seen: &str| match seen {
        "pin, 3 left" => Does::This(vec![Intent::Go, apply(), choose(HOME), Intent::Go]),
        _ => Does::AsAsked,
    };
    let (_, ended) = serve(&mut terminal, other).await;
    assert_eq!(ended, Err(ProblemCode::TimedOut));
    assert_eq!(terminal.card.verifies, 0);
}

#[tokio::test(start_paused = true)]
async fn an_expired_card_is_told_before_a_pin_is_asked() {
    let mut terminal = terminal();
    terminal.card.expired = true;
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::CardExpired));
    assert_eq!(seen, ["menu", "place card", "card-expired"]);
    assert_eq!(terminal.card.verifies, 0);
    assert_eq!(terminal.center.asked, ["menu"]);
}

#[tokio::test(start_paused = true)]
async fn a_card_that_cannot_be_bound_is_for_the_center_to_believe() {
    let mut strict = terminal();
    strict.card.bound = false;
    let (seen, ended) = serve(&mut strict, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::CardBindingMissing));
    seen_last(&seen, &["take card", "card-binding-missing"]);
    assert_eq!(strict.center.count("evidence"), 1);

    let mut lenient = terminal();
    lenient.card.bound = false;
    lenient.center.takes_unbound = true;
    let (_, ended) = serve(&mut lenient, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
}

#[tokio::test(start_paused = true)]
async fn without_a_center_no_try_is_spent() {
    let mut terminal = terminal();
    terminal.center.challenges = Script::failing([ProblemCode::CenterUnreachable.into()]);
    let (_, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::CenterUnreachable));
    assert_eq!((terminal.card.verifies, terminal.card.tries), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn more_time_is_given_at_each_step() {
    for (step, seconds) in [("place card", 60), ("pin, 3 left", 90), ("take card", 60)] {
        let mut terminal = terminal();
        terminal.card.there = step != "place card";
        terminal.card.forgotten = step == "take card";
        let begin = tokio::time::Instant::now();
        let (_, ended) = serve(&mut terminal, |seen| match seen {
            seen if seen == step => Does::This(vec![Intent::MoreTime, Intent::MoreTime]),
            _ => Does::AsAsked,
        })
        .await;
        assert!(ended.is_err(), "{step}");
        // Asked for at once, twice: what is given begins anew.
        assert_eq!(begin.elapsed().as_secs(), seconds, "{step}");
    }
    let mut terminal = terminal();
    let mut patient = Patient {
        asked: 0,
        given: Vec::new(),
    };
    let begin = tokio::time::Instant::now();
    let ended = terminal.serve(&mut patient).await;
    assert_eq!(ended.unwrap_err().code, ProblemCode::TimedOut);
    assert_eq!(begin.elapsed().as_secs(), 80 + 80 + 90);
    assert_eq!(
        patient.given,
        [
            Duration::from_secs(60),
            Duration::from_secs(90),
            Duration::from_secs(90),
            Duration::from_secs(90)
        ]
    );
}

/// Asks for more time twice, each time shortly before it is over, and then falls asleep.
struct Patient {
    asked: u8,
    given: Vec<Duration>,
}

impl FrontEnd for Patient {
    fn show(&mut self, _: &View<'_>) {}

    fn time(&mut self, left: Duration) {
        self.given.push(left);
    }

    async fn intent(&mut self) -> Intent {
        if self.given.is_empty() {
            return apply();
        }
        if self.given.len() == 1 || self.asked == 2 {
            return std::future::pending().await;
        }
        tokio::time::sleep(Duration::from_secs(80)).await;
        self.asked += 1;
        Intent::MoreTime
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_offered_cannot_be_chosen() {
    let mut terminal = terminal();
    let mut later = terminal.center.menu.clone();
    later.programmes[0]
        .municipalities
        .retain(|offered| offered.code.to_string() != HOME);
    terminal.center.later = Some(later.clone());
    let asked = Cell::new(0);
    let (seen, ended) = serve(&mut terminal, move |seen| match seen {
        "municipality" if asked.replace(asked.get() + 1) == 1 => Does::This(vec![Intent::Cancel]),
        _ => Does::AsAsked,
    })
    .await;
    assert_eq!(ended, Err(ProblemCode::Cancelled));
    let steps = [
        "municipality",
        "looking up",
        "municipality-not-taking-part",
        "municipality",
        "cancelled",
    ];
    seen_last(&seen, &steps);
    assert_eq!(terminal.center.count("inquiry"), 0);

    later.programmes[0].municipalities.clear();
    terminal.center.later = Some(later.clone());
    terminal.center.asked.clear();
    let (_, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::KindNotOffered));

    later.programmes.clear();
    terminal.center.later = Some(later);
    terminal.center.asked.clear();
    let (_, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::ProgrammeEnded));
}

#[tokio::test(start_paused = true)]
async fn a_terminal_cut_off_says_so_and_offers_nothing_until_it_is_back() {
    let mut terminal = terminal();
    let lost = || ProblemCode::CenterUnreachable.into();
    terminal.center.menus = Script::failing([lost(), lost(), ProblemCode::Busy.into()]);
    let mut resident = Resident::who(|_: &str| Does::AsAsked);
    terminal.until_open(&mut resident).await;
    assert_eq!(resident.seen, ["center-unreachable", "busy"]);
    let (_, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: true }));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_for_again_and_not_for_ever() {
    let lost = |times: usize| vec![Problem::from(ProblemCode::CenterUnreachable); times];
    for times in 0..=4 {
        let mut terminal = terminal();
        terminal.center.issues = Script::failing(lost(times));
        let (_, ended) = serve(&mut terminal, as_asked).await;
        let (expected, requests, pages) = if times < 4 {
            (Ok(Done { reported: true }), times + 1, 1)
        } else {
            (Err(ProblemCode::CenterUnreachable), 4, 0)
        };
        assert_eq!(ended, expected, "{times}");
        assert_eq!(terminal.center.count("issue"), requests, "{times}");
        assert_eq!(terminal.output.paper.len(), pages, "{times}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_a_repetition_would_not_change_is_final() {
    let mut terminal = terminal();
    terminal.center.issues = Script::failing([ProblemCode::RecordChanged.into()]);
    let (_, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::RecordChanged));
    assert_eq!(terminal.center.count("issue"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hand_over_that_could_not_be_reported_is_told() {
    let mut terminal = terminal();
    terminal.center.reports = Script::failing(vec![ProblemCode::CenterUnreachable.into(); 9]);
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Ok(Done { reported: false }));
    seen_last(&seen, &["delivering", "reporting", "done, not reported"]);
    assert_eq!(terminal.center.count("delivered"), 4);
    assert_eq!(terminal.output.paper.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_municipality_can_be_asked_in_the_same_application() {
    let mut terminal = terminal();
    terminal.center.inquiries = Script::failing([ProblemCode::NoSuchPerson.into()]);
    let asked = Cell::new(0);
    let elsewhere_first = move |seen: &str| match seen {
        "municipality" if asked.replace(asked.get() + 1) == 0 => {
            // The first is not of the menu, and never leaves the terminal.
            Does::This(vec![choose("011002")])
        }
        "municipality" if asked.get() == 2 => Does::This(vec![choose("131016")]),
        _ => Does::AsAsked,
    };
    let (seen, ended) = serve(&mut terminal, elsewhere_first).await;
    assert_eq!(ended, Ok(Done { reported: true }));
    let steps = [
        "municipality",
        "looking up",
        "municipality-not-taking-part",
        "municipality",
        "looking up",
        "no-such-person",
        "municipality",
        "looking up",
        "preview",
    ];
    assert_eq!(seen[6..15], steps);
    assert_eq!(terminal.center.count("inquiry"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_ticket_that_ran_out_ends_it() {
    let mut terminal = terminal();
    terminal.center.inquiries = Script::failing([ProblemCode::TicketExpired.into()]);
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(ProblemCode::TicketExpired));
    seen_last(&seen, &["looking up", "ticket-expired"]);
}

#[tokio::test(start_paused = true)]
async fn a_menu_nobody_chooses_from_is_fetched_again() {
    let mut terminal = terminal();
    let mut resident = Resident::who(|_: &str| Does::Nothing);
    let almost_an_hour = Duration::from_secs(3590);
    assert!(
        timeout(almost_an_hour, terminal.serve(&mut resident))
            .await
            .is_err()
    );
    assert_eq!(terminal.center.count("menu"), 6);
    // It had not changed: nothing was shown anew.
    assert_eq!(resident.seen, ["menu"]);

    terminal.center.menu.maintenance = Some(said("maintenance"));
    let (seen, ended) = serve(&mut terminal, |_| Does::Nothing).await;
    assert_eq!(ended, Err(ProblemCode::Maintenance));
    assert_eq!(seen, ["maintenance"]);

    terminal.center.menu.maintenance = None;
    terminal.center.menu.hours.close = "00:00".to_owned();
    let (seen, ended) = serve(&mut terminal, |_| Does::Nothing).await;
    assert_eq!(ended, Err(ProblemCode::OutsideHours));
    assert_eq!(seen, ["outside-hours"]);
}

#[tokio::test(start_paused = true)]
async fn while_nothing_is_offered_the_center_says_why_and_until_when() {
    let mut terminal = terminal();
    let mut resident = Resident::who(|_: &str| Does::Nothing);
    let within = Duration::from_secs(30);
    for until in ["until five", "until six"] {
        terminal.center.menu.maintenance = Some(said(until));
        let waiting = timeout(within, terminal.until_open(&mut resident)).await;
        assert!(waiting.is_err());
    }
    terminal.center.menu.maintenance = None;
    terminal.center.menu.hours.close = "00:00".to_owned();
    let waiting = timeout(within, terminal.until_open(&mut resident)).await;
    assert!(waiting.is_err());
    terminal.center.menu.hours.close = "24:00".to_owned();
    terminal.center.menu.programmes.clear();
    let waiting = timeout(within, terminal.until_open(&mut resident)).await;
    assert!(waiting.is_err(), "there is nothing to choose from");
    let told = [
        "maintenance: until five",
        "maintenance: until six",
        "outside-hours: 00:00 to 00:00",
        "programme-ended",
    ];
    assert_eq!(resident.seen, told);
}

#[tokio::test(start_paused = true)]
async fn the_next_resident_begins_when_the_card_of_the_one_before_is_gone() {
    let mut terminal = terminal();
    terminal.card.forgotten = true;
    let mut resident = Resident::who(|_: &str| Does::Nothing);
    let within = Duration::from_secs(125);
    let waiting = timeout(within, terminal.until_card_is_gone(&mut resident)).await;
    assert!(waiting.is_err());
    // At once, and every minute: somebody may come back for it.
    assert_eq!(resident.seen, ["card left"; 3]);
    terminal.card.forgotten = false;
    terminal.until_card_is_gone(&mut resident).await;
    assert_eq!(resident.seen.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_card_is_not_gone_because_nothing_is_known_of_it() {
    let lost = ProblemCode::ReaderServiceUnavailable;
    let mut terminal = terminal();
    terminal.card.forgotten = true;
    terminal.card.service = Script::failing([lost, lost]);
    let mut resident = Resident::who(|_: &str| Does::Nothing);
    let within = Duration::from_secs(30);
    let waiting = timeout(within, terminal.until_card_is_gone(&mut resident)).await;
    assert!(waiting.is_err());
    assert_eq!(resident.seen, ["reader-service-unavailable", "card left"]);

    terminal.card.forgotten = false;
    terminal.card.service = Script::failing([lost]);
    let (seen, ended) = serve(&mut terminal, as_asked).await;
    assert_eq!(ended, Err(lost));
    seen_last(&seen, &["take card", "reader-service-unavailable"]);
    assert_eq!(terminal.center.count("inquiry"), 0);
}
