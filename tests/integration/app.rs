//! The app with everything real: keystore, enrolment, reader, center, record system, wallet; its page without a browser.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use stage::app_page::{PASSPHRASE, Page, ask};
use stage::device::Device;
use stage::judges::page::zbar;
use stage::passport::Passport;
use stage::passport::specimen::Specimen;
use stage::persona::Persona;
use tempfile::TempDir;

use crate::support::{Counter, HOME, world};

/// A page of the persona's passport, as a file.
fn photo_page(passport: &Passport) -> Vec<u8> {
    Specimen::new(&passport.lines()).picture(12.0).jpeg(90)
}

/// How what a decoder that is not ours reads in a picture begins, in order.
fn codes(picture: &[u8]) -> Vec<String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("page.png");
    fs::write(&path, picture).unwrap();
    let read = zbar(&path).unwrap().into_iter();
    let mut codes: Vec<_> = read
        .map(|code| code.chars().take(5).collect::<String>())
        .collect();
    codes.sort_by_key(|code| code.starts_with('{'));
    codes
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

    // Neither kind nor doses show from outside.
    let files = fs::read_dir(counter.world.ground.path("app/wallet")).unwrap();
    let files = files.map(|file| file.unwrap());
    let certificates = files.filter(|file| file.file_name() != "head");
    let sizes: Vec<_> = certificates
        .map(|file| file.metadata().unwrap().len())
        .collect();
    assert!(sizes.len() == 2 && sizes[0] == sizes[1], "{sizes:?}");

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
    let picture = page.get("/export/page.png").unwrap().body;
    assert_eq!(codes(&picture), ["shc:/", "{\"dat"]);

    // And a new application says why it cannot be made.
    page.press("back", Value::Null).unwrap();
    page.on("certificates", "issue", Value::Null).unwrap();
    let problem = page.until(|screen| screen["screen"] == "problem").unwrap();
    assert_eq!(
        (&problem["code"], &problem["then"]),
        (&json!("center-unreachable"), &json!("start"))
    );
}

/// What comes of a request, by somebody who knows this much.
fn status(device: &Device, first: &str, secret: &str, headers: &[(&str, &str)], body: &str) -> u16 {
    let host = device.page().trim_start_matches("http://");
    ask(host, first, secret, headers, body.as_bytes())
        .unwrap()
        .status
}

fn unlock(device: &Device, secret: &str, passphrase: &str) -> u16 {
    let body = json!({ "passphrase": passphrase }).to_string();
    status(device, "POST /unlock", secret, &[], &body)
}

#[test]
fn one_page_is_let_in_by_its_address_with_the_passphrase_and_guessing_takes_long() {
    let world = world();
    let mut device = Device::start(&world, "genuine").unwrap();
    let start = device.start_secret().unwrap();
    let host = device.page().trim_start_matches("http://").to_owned();
    // The page is the same for everybody who calls it by its address, and is nobody else's.
    let page = ask(&host, "GET /", "", &[], b"").unwrap();
    assert_eq!(page.status, 200);
    for header in [
        "content-security-policy: default-src 'none'",
        "cache-control: no-store",
    ] {
        assert!(page.head.contains(header), "{}", page.head);
    }
    for (name, value) in [
        ("Host", "localhost:80"),
        ("Origin", "https://other.example"),
        ("Sec-Fetch-Site", "cross-site"),
    ] {
        assert_eq!(
            status(&device, "GET /", "", &[(name, value)], ""),
            403,
            "{name}"
        );
    }
    // Only whoever started it sets the passphrase.
    let door = ask(&host, "GET /door", "", &[], b"").unwrap();
    assert_eq!(door.body, br#"{"opens":"new"}"#);
    assert_eq!(unlock(&device, "", PASSPHRASE), 403);
    assert_eq!(unlock(&device, &start, "short"), 422);
    let first = device.unlock().unwrap();
    first.wait("certificates").unwrap();
    // What starts it lets nobody see anything.
    for request in ["GET /screens", "GET /export/page.pdf"] {
        for secret in ["", &start] {
            assert_eq!(status(&device, request, secret, &[], ""), 401, "{request}");
        }
    }
    let lock = r#"{"serial":0,"intent":"lock"}"#;
    assert_eq!(status(&device, "POST /press", &start, &[], lock), 401);
    let foreign = [("Origin", "null")];
    assert_eq!(
        status(&device, "POST /press", &first.secret, &foreign, lock),
        403
    );
    assert_eq!(
        first.get("/export/page.pdf").unwrap().status,
        409,
        "none is shown"
    );
    assert_eq!(
        first
            .picture("image/png", b"\x89PNG\r\n\x1a\n", false)
            .unwrap()
            .status,
        409
    );

    // Another page takes over where the first was, which is out.
    first.press("verify", Value::Null).unwrap();
    first.wait("verify").unwrap();
    let second = device.unlock().unwrap();
    first.wait("locked").unwrap();
    assert_eq!(first.get("/export/page.pdf").unwrap().status, 401);
    second.wait("verify").unwrap();
    assert_eq!(
        second
            .picture("image/gif", b"GIF89a", false)
            .unwrap()
            .status,
        415
    );
    let broken = b"\x89PNG\r\n\x1a\n";
    let frame = second.picture("image/png", broken, true).unwrap();
    let said: Value = serde_json::from_slice(&frame.body).unwrap();
    assert_eq!(
        (frame.status, &said["code"]),
        (422, &json!("certificate-unreadable"))
    );
    let text = second
        .picture("text/plain", b"no code at all", false)
        .unwrap();
    assert_eq!(text.status, 204);
    assert_ne!(
        second.wait("verified").unwrap()["found"][0]["verdict"],
        "valid"
    );

    // Another passphrase.
    let change = |old: &str, new: &str| {
        let body = json!({"old": old, "new": new}).to_string();
        second
            .post("/passphrase", &[], body.as_bytes())
            .unwrap()
            .status
    };
    let other = "staple battery horse";
    assert_eq!(change(PASSPHRASE, "short"), 422);
    assert_eq!(change(other, PASSPHRASE), 401);
    assert_eq!(change(PASSPHRASE, other), 204);
    // Half a picture: nobody waits for the rest of it, nor holds it, once it is locked.
    let mut half = TcpStream::connect(&host).unwrap();
    let head = format!(
        "POST /picture HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: image/png\r\nScreen-Serial: 1\r\nContent-Length: 100000\r\n\r\n",
        second.secret
    );
    half.write_all(head.as_bytes()).unwrap();
    half.write_all(broken).unwrap();
    let mut answer = [0; 12];
    half.set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    assert!(half.read_exact(&mut answer).is_err(), "the control");
    second.press("lock", Value::Null).unwrap();
    second.wait("locked").unwrap();
    // Less than it is waited for otherwise.
    half.set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    half.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
    assert_eq!(unlock(&device, &start, other), 200);
    assert_eq!(change(PASSPHRASE, other), 401, "by a page that is out");
    for _ in 0..5 {
        assert_eq!(unlock(&device, &start, PASSPHRASE), 401);
    }
    let body = json!({ "passphrase": other }).to_string();
    let guessed = ask(&host, "POST /unlock", &start, &[], body.as_bytes()).unwrap();
    assert_eq!(guessed.status, 429);
    assert!(guessed.head.contains("retry-after: "), "{}", guessed.head);

    // Nothing that lets in stays behind.
    device.close(Signal::TERM).unwrap();
    assert!(!device.start_file().exists());
    let wallet = world.ground.path("app/wallet");
    assert_eq!(wallet.metadata().unwrap().mode() & 0o777, 0o700);
}

#[test]
fn a_key_of_the_device_opens_for_whoever_started_the_app() {
    let world = world();
    let mut device = Device::without_app(&world, "genuine").unwrap();
    let with_key = |config: &mut toml::Table| {
        let wallet = config["wallet"].as_table_mut().unwrap();
        wallet.insert("key_file".to_owned(), "wallet.key".into());
    };
    device.configure(&world, with_key).unwrap();
    for _ in 0..2 {
        let host = device.page().trim_start_matches("http://");
        let door = ask(host, "GET /door", "", &[], b"").unwrap();
        assert_eq!(door.body, br#"{"opens":"key"}"#);
        assert_eq!(status(&device, "POST /unlock", "", &[], "{}"), 403);
        let start = device.start_secret().unwrap();
        assert_eq!(status(&device, "POST /unlock", &start, &[], "{}"), 200);
        device.configure(&world, |_| ()).unwrap();
    }
    let key = world.ground.path("app/wallet.key");
    assert_eq!(key.metadata().unwrap().mode() & 0o777, 0o600);
    // A passphrase opens no such wallet: it says so before anybody is asked for one.
    let without_key = |config: &mut toml::Table| {
        config["wallet"].as_table_mut().unwrap().remove("key_file");
    };
    assert!(device.configure(&world, without_key).is_err());
}
