//! The app with everything real: keystore, enrolment, reader, center, record system, wallet; its page without a browser.

use serde_json::{Value, json};
use stage::app_page::{Page, ask};
use stage::device::Device;
use stage::passport::Passport;
use stage::passport::specimen::Specimen;
use stage::persona::Persona;

use crate::support::{Counter, HOME};

/// A page of the persona's passport, as a file.
fn photo_page(passport: &Passport) -> Vec<u8> {
    Specimen::new(&passport.lines()).picture(12.0).jpeg(90)
}

/// From the list to the municipality, for these kinds; the passport where one is needed.
fn apply(page: &Page, counter: &Counter, persona: &str, kinds: &Value) -> Value {
    let persona = Persona::load(persona).unwrap();
    page.on("certificates", "issue", Value::Null).unwrap();
    page.on("service", "programme", "covid-19".into()).unwrap();
    page.on("terms", "agree", Value::Null).unwrap();
    page.on("kinds", "kinds", kinds.clone()).unwrap();
    page.enter(&persona.pin).unwrap();
    page.wait("tap-card").unwrap();
    counter.reader.insert(&persona.name).unwrap();
    let said = page.wait("person").unwrap();
    assert_eq!(said["name"], persona.holder);
    // It has to be gone before anything goes on.
    assert_eq!(
        (&said["card"], page.press("go", Value::Null).unwrap()),
        (&json!(true), 409)
    );
    counter.reader.remove().unwrap();
    page.until(|screen| screen["card"] == false).unwrap();
    page.press("go", Value::Null).unwrap();
    if kinds.as_array().unwrap().contains(&json!("abroad")) {
        let passport = Passport::of(&persona).unwrap();
        page.wait("passport").unwrap();
        let taken = page
            .picture("image/jpeg", &photo_page(&passport), false)
            .unwrap();
        assert_eq!(taken.status, 204);
        let read = page.wait("passport-check").unwrap();
        assert_eq!(read["number"], passport.number);
        page.press("go", Value::Null).unwrap();
    }
    page.wait("municipality").unwrap();
    said
}

#[test]
fn both_certificates_are_issued_on_one_tap_kept_and_shown_without_a_center() {
    let mut counter = Counter::open();
    let device = Device::start(&counter.world, "genuine").unwrap();
    let page = device.unlock().unwrap();
    let said = apply(&page, &counter, "ordinary", &json!(["domestic", "abroad"]));
    assert_eq!(said["sex"], "female");
    page.press("municipality", HOME.into()).unwrap();
    let previews = page.on("preview", "go", Value::Null).unwrap();
    assert_eq!(previews["previews"].as_array().unwrap().len(), 2);
    let shown = page.wait("certificate").unwrap();
    assert_eq!(
        (&shown["kind"], &shown["reported"]),
        (&json!("domestic"), &json!(true))
    );
    page.press("hide", true.into()).unwrap();
    let hidden = page.until(|screen| screen["hidden"] == true).unwrap();
    assert_eq!(hidden["holder"], Value::Null);
    let pdf = page.get("/export/page.pdf").unwrap();
    assert!(pdf.body.starts_with(b"%PDF-"));
    assert!(
        page.get("/export/page.png")
            .unwrap()
            .body
            .starts_with(b"\x89PNG")
    );

    // Locked, and without a center: what was issued opens.
    page.press("lock", Value::Null).unwrap();
    page.until(|screen| screen["screen"] == "locked").unwrap();
    assert_eq!(page.get("/export/page.pdf").unwrap().status, 401);
    counter.world.center = None;
    let wrong = json!({"passphrase": "not the passphrase"}).to_string();
    let host = device.page().trim_start_matches("http://");
    let refused = ask(host, "POST /unlock", "", &[], wrong.as_bytes()).unwrap();
    assert_eq!(refused.status, 401);
    let page = device.unlock().unwrap();
    let list = page.wait("certificates").unwrap();
    let [person] = &list["people"].as_array().unwrap()[..] else {
        panic!("one person: {list}");
    };
    let certificates = person["certificates"].as_array().unwrap();
    assert_eq!(certificates.len(), 2);
    let abroad = certificates
        .iter()
        .find(|it| it["kind"] == "abroad")
        .unwrap();
    page.press("open", abroad["id"].clone()).unwrap();
    let shown = page.wait("certificate").unwrap();
    assert_eq!(shown["codes"].as_array().unwrap().len(), 2);
    // And a new application says why it cannot be made.
    page.press("back", Value::Null).unwrap();
    page.on("certificates", "issue", Value::Null).unwrap();
    let problem = page.until(|screen| screen["screen"] == "problem").unwrap();
    assert_eq!(
        (&problem["code"], &problem["then"]),
        (&json!("center-unreachable"), &json!("start"))
    );
}
