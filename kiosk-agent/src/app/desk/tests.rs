use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::handover::Mismatch;
use crate::handover::testing::said;

fn told(desk: &Desk) -> Value {
    serde_json::to_value(desk.screen()).unwrap()
}

fn press(desk: &mut Desk, intent: Value) -> Taken {
    let mut press = intent;
    press["serial"] = told(desk)["serial"].clone();
    desk.press(serde_json::from_value(press).unwrap())
}

fn say(desk: &mut Desk, intent: &str) -> Taken {
    press(desk, json!({ "intent": intent }))
}

#[test]
fn digits_are_told_as_their_number_and_a_pin_has_four() {
    let mut desk = Desk::new();
    desk.show(Shown::Pin(PinPad::new(Some(2))));
    for (digit, entered) in [("1", 1), ("2", 2), ("3", 3)] {
        assert!(matches!(
            press(&mut desk, json!({"intent": "digit", "value": digit})),
            Taken::Here
        ));
        assert_eq!(told(&desk)["entered"], entered);
        assert!(matches!(say(&mut desk, "enter"), Taken::Here));
    }
    say(&mut desk, "erase");
    for digit in ["7", "8", "9"] {
        press(&mut desk, json!({"intent": "digit", "value": digit}));
    }
    let screen = told(&desk);
    assert_eq!(
        (&screen["entered"], &screen["remaining"]),
        (&json!(4), &json!(2))
    );
    let Taken::For(Intent::Pin(pin)) = say(&mut desk, "enter") else {
        panic!("four digits are a PIN");
    };
    assert_eq!(pin.expose(), b"1278");
    assert_eq!(told(&desk)["entered"], 0);
    assert!(!format!("{desk:?}").contains("1278"));
}

#[test]
fn only_what_is_offered_can_be_chosen() {
    let mut desk = Desk::new();
    desk.show(Shown::Kinds {
        offered: Kinds::Domestic,
        chosen: None,
    });
    for none in [json!([]), json!(["abroad"]), json!(["domestic", "abroad"])] {
        let taken = press(&mut desk, json!({"intent": "kinds", "value": none}));
        assert!(matches!(taken, Taken::Ignored));
    }
    let taken = press(&mut desk, json!({"intent": "kinds", "value": ["domestic"]}));
    assert!(matches!(taken, Taken::For(Intent::Kinds(Kinds::Domestic))));
    // Nothing goes on while the card lies there, and no certificate is given up that is the only one.
    let person = Arc::new(Person::from(&crate::handover::testing::attributes(
        "架空　花子",
        (1950, 0, 0),
    )));
    desk.show(Shown::Person {
        person: Arc::clone(&person),
        card: true,
    });
    assert_eq!(told(&desk)["birth_date"], "1950-00-00");
    assert!(matches!(say(&mut desk, "go"), Taken::Ignored));
    desk.show(Shown::Person {
        person,
        card: false,
    });
    assert!(matches!(say(&mut desk, "go"), Taken::For(Intent::Go)));
    desk.show(Shown::Passport { domestic: false });
    assert!(matches!(say(&mut desk, "without"), Taken::Ignored));
    // What was shown is gone.
    assert!(!format!("{:?}", told(&desk)).contains("架空"));
}

#[test]
fn a_press_on_another_screen_means_nothing_but_its_language_and_the_lock() {
    let mut desk = Desk::new();
    desk.show(Shown::Terms {
        programme: "covid-19".parse().unwrap(),
        name: said("COVID-19"),
        notices: Vec::new(),
    });
    let old = |intent: Value| {
        let mut press = intent;
        press["serial"] = json!(0);
        serde_json::from_value(press).unwrap()
    };
    assert!(matches!(
        desk.press(old(json!({"intent": "agree"}))),
        Taken::Ignored
    ));
    desk.press(old(json!({"intent": "language", "value": "ko"})));
    assert_eq!(told(&desk)["language"], "ko");
    assert!(matches!(
        desk.press(old(json!({"intent": "lock"}))),
        Taken::Lock
    ));
    assert_eq!(
        serde_json::to_value(desk.farewell()).unwrap()["screen"],
        "locked"
    );
}

#[test]
fn every_problem_is_told_in_every_language_with_its_code() {
    for code in issuance_api::ProblemCode::ALL {
        let mut desk = Desk::new();
        desk.show(Shown::end((*code).into()).since(Some(Mismatch::Issuer)));
        for language in ["ja", "en", "zh", "ko"] {
            press(&mut desk, json!({"intent": "language", "value": language}));
            let said = told(&desk);
            assert_eq!(said["code"], code.as_str());
            // Why, of that one alone.
            let why = (code.as_str() == "content-mismatch").then(|| json!("issuer"));
            assert_eq!(said.get("mismatch"), why.as_ref());
            for part in ["happened", "advice"] {
                assert!(said[part].as_str().unwrap().chars().count() > 5, "{said}");
            }
        }
    }
}
