use std::cell::RefCell;

use super::*;
use crate::ports::Ended;

thread_local! {
    static SAID: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What was said since the last time, without the lines that count steps.
fn said(screen: &mut Screen, views: &[View<'_>]) -> Vec<String> {
    for view in views {
        screen.show(view);
    }
    let mut said = SAID.take();
    said.retain(|line| !line.contains("──"));
    said
}

fn screen() -> Screen {
    let mut screen = Screen::new(Input::none(), Language::En, "covid-19".parse().unwrap());
    screen.out = |pieces| SAID.with_borrow_mut(|said| said.push(pieces.concat()));
    screen
}

const fn fee(inserted: u32) -> View<'static> {
    View::Fee {
        due: Yen::new(240),
        inserted: Yen::new(inserted),
    }
}

fn in_english(text: Text) -> String {
    text.say(Language::En).to_owned()
}

fn told(problem: &Problem) -> String {
    format!(
        "\n! {} ({})",
        problem.message(Language::En),
        problem.code.as_str()
    )
}

#[test]
fn what_goes_on_is_said_once() {
    let mut screen = screen();
    let delivering = |out, of| View::Delivering { out, of };
    let printing = [0, 0, 1, 1, 2, 2].map(|out| delivering(out, 2));
    let line = in_english(Text::Delivering);
    let expected = [line.as_str(), "1 of 2 printed", "2 of 2 printed"];
    assert_eq!(said(&mut screen, &printing), expected);
    // Tried again, with one out.
    said(&mut screen, &[View::TryAgain]);
    let again = [1, 1, 2].map(|out| delivering(out, 2));
    assert_eq!(said(&mut screen, &again), expected);
    let take = [false, true].map(|reported| View::TakePaper { reported });
    assert_eq!(said(&mut screen, &take), [in_english(Text::TakePaper)]);
    // The center was told before the paper came.
    let reported = said(
        &mut screen,
        &[View::Reporting, View::TakePaper { reported: true }],
    );
    assert_eq!(reported, [Text::Reporting, Text::TakePaper].map(in_english));
}

#[test]
fn the_money_is_said() {
    let mut screen = screen();
    assert_eq!(
        said(&mut screen, &[fee(0), fee(100), fee(240)]),
        [
            "To pay: 240 yen",
            "Inserted: 0 yen",
            "Inserted: 100 yen",
            "Inserted: 240 yen"
        ]
    );
    let ended = Problem::from(ProblemCode::PrinterFailed);
    let returned = [told(&ended), in_english(Text::FeeReturned)];
    assert_eq!(said(&mut screen, &[View::Over(&ended)]), returned);
    // The next application ends before anything is offered.
    assert_eq!(said(&mut screen, &[View::Over(&ended)]), [told(&ended)]);
    // The problem says itself where it is.
    said(&mut screen, &[fee(240)]);
    let stuck = Problem::from(ProblemCode::PaymentNotReturned);
    assert_eq!(said(&mut screen, &[View::Over(&stuck)]), [told(&stuck)]);
    // The next resident paid nothing; the one after with one coin.
    let menu = crate::conduct::tests::doubles::menu();
    said(&mut screen, &[View::Menu(&menu), fee(0), View::LookingUp]);
    assert_eq!(said(&mut screen, &[View::Over(&ended)]), [told(&ended)]);
    said(&mut screen, &[View::Menu(&menu), fee(0), View::Issuing]);
    assert_eq!(said(&mut screen, &[View::Over(&ended)]), returned);
    let done = View::Done(Ended {
        reported: true,
        taken: false,
        returned: true,
        stuck: false,
    });
    let expected = [Text::Done, Text::FeeReturned].map(in_english);
    said(&mut screen, &[fee(240)]);
    assert_eq!(said(&mut screen, &[done]), expected);
    assert_eq!(said(&mut screen, &[View::Over(&ended)]), [told(&ended)]);
}
