//! Certificates for abroad with everything real: app terminal, kiosk, center, record system, and judges that are not ours.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use issuance_api::terminal::{InquiryAnswer, IssueAnswer};
use issuance_api::{PersonalBytes, ProblemCode};
use serde_json::{Value, json};
use stage::applicant::Applicant;
use stage::browser::beside;
use stage::judges::page;
use stage::kiosk::{Application, Outcome, Purpose, apply};
use stage::passport::Passport;
use stage::passport::specimen::Specimen;
use stage::persona::Persona;
use stage::process::{Program, poll, program};
use stage::world::{ISSUER, Options, World};
use tempfile::TempDir;
use terminal::app::verifying::{CenterConfig, FetchError, OLD_AFTER, VerifyConfig, Verifying};
use terminal::config::IssuerConfig;
use verify::{
    CardIssuer, Content, Country, Csca, Jwks, Report, RevokedCards, RevokedSigners, TrustList,
    Verdict,
};

use crate::support::{Counter, HOME, alone_with_pcsc, block_on, refusal, ticket, until, world};

/// What the app is told of a center.
fn center(world: &World) -> CenterConfig {
    CenterConfig {
        address: world.addresses.public.clone(),
        server_name: "localhost".to_owned(),
        roots: world.ground.path("pki/services/ca.pem"),
    }
}

fn with_center(world: &World, trust: &Path, center: CenterConfig) -> Verifying {
    let issuer = IssuerConfig {
        iss: ISSUER.to_owned(),
        keys: world.ground.path("center/jwks.json"),
        csca: Some(world.ground.path("center/vdsnc/csca.pem")),
    };
    let config = VerifyConfig {
        trust: trust.to_owned(),
        center: Some(center),
    };
    Verifying::new(&config, &issuer, now()).unwrap()
}

fn verifying(world: &World, trust: &Path) -> Verifying {
    with_center(world, trust, center(world))
}

/// The verdicts of the app about everything in a text.
fn said(app: &Verifying, text: &str) -> Vec<String> {
    let found = app.judge(&verify::scan::texts(text.as_bytes()).unwrap(), now());
    let codes = found["codes"].as_array().unwrap().iter();
    let verdicts = codes.map(|code| code["verdict"].as_str().unwrap().to_owned());
    verdicts.collect()
}

fn passport(persona: &str) -> Passport {
    Passport::of(&Persona::load(persona).unwrap()).unwrap()
}

/// A certificate for abroad by the app, handed over.
async fn issue(world: &World, persona: &str, passport: &Passport) -> (InquiryAnswer, IssueAnswer) {
    let app = Applicant::new(world.client_of_center("apps/app-0001"));
    let app = app.abroad(Some(passport.mrz()));
    let issued = app.certificate(world.ground.card(persona), HOME.parse().unwrap());
    issued.await.unwrap()
}

/// Everything that anybody can fetch, as a trust list.
fn trust(world: &World) -> TrustList {
    let text = |path: &str| String::from_utf8(world.fetch_public(path).unwrap()).unwrap();
    let jwks = text("/.well-known/jwks.json");
    let kids: Value = serde_json::from_str(&jwks).unwrap();
    let kid = kids["keys"][0]["kid"].as_str().unwrap();
    let mut list = TrustList::default();
    list.add_card_issuer(CardIssuer {
        url: Some(stage::world::ISSUER.to_owned()),
        name: None,
        keys: Jwks::parse(&jwks).unwrap(),
        revoked: vec![RevokedCards::parse(&text(&format!("/.well-known/crl/{kid}.json"))).unwrap()],
        fetched: None,
        lists_for: None,
    });
    let csca = Csca::parse(&world.fetch_public("/.well-known/vdsnc/csca.cer").unwrap()).unwrap();
    let crl = world.fetch_public("/.well-known/vdsnc/csca.crl").unwrap();
    list.add_country(Country {
        code: "JPN".to_owned(),
        name: None,
        revoked: vec![RevokedSigners::parse(&crl, [&csca]).unwrap()],
        cscas: vec![csca],
    });
    list
}

fn now() -> i64 {
    time::OffsetDateTime::now_utc().unix_timestamp()
}

fn report(list: &TrustList, text: &str) -> Report {
    let documents = verify::read([text]);
    let [document] = &documents[..] else {
        panic!("one document");
    };
    list.judge(document, now())
}

fn verdict(list: &TrustList, text: &str) -> Verdict {
    report(list, text).verdict
}

fn numeric(jws: &str) -> String {
    let digits = jws.bytes().map(|byte| format!("{:02}", byte - 45));
    std::iter::once("shc:/".to_owned()).chain(digits).collect()
}

#[test]
fn outside_judges_agree_with_both_codes_and_read_them_off_the_page() {
    let world = world();
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("jwks.json"), world.published_keys().unwrap()).unwrap();
    for file in ["csca.cer", "csca.crl"] {
        let published = world.fetch_public(&format!("/.well-known/vdsnc/{file}"));
        fs::write(path(file), published.unwrap()).unwrap();
    }
    for name in ["ordinary", "seven-doses", "gaiji", "foreign-resident"] {
        let persona = Persona::load(name).unwrap();
        let passport = passport(name);
        let (previewed, issued) = block_on(issue(&world, name, &passport));
        let preview = previewed.preview;
        let (pdf, shc, seal) = (path("page.pdf"), path("shc.txt"), path("vdsnc.txt"));
        let card = numeric(issued.jws.expose());
        let sealed = issued.vds_nc.unwrap();
        fs::write(&pdf, issued.page.as_bytes()).unwrap();
        fs::write(&shc, &card).unwrap();
        fs::write(&seal, sealed.expose()).unwrap();

        let judged = page::card(&shc, &path("jwks.json")).unwrap();
        assert_eq!(judged["name"], persona.holder, "{name}");
        let parts: Vec<&str> = passport
            .name
            .split('<')
            .filter(|part| !part.is_empty())
            .collect();
        assert_eq!(judged["romanised"], json!([parts]), "{name}");

        let judged = page::abroad(&seal, &path("csca.cer"), &path("csca.crl")).unwrap();
        let [year, month, day] = [0..4, 4..6, 6..8].map(|part| &persona.birth_date[part]);
        assert_eq!(
            judged["holder"],
            json!({"n": passport.name.replace('<', " "), "dob": format!("{year}-{month}-{day}"), "i": passport.number}),
            "{name}"
        );
        assert_eq!(
            judged["id"],
            issued.certificate_id.to_string().replace('-', "")
        );
        let shown: Vec<Value> = preview
            .doses
            .iter()
            .map(|dose| {
                let abroad = dose.abroad.as_ref().unwrap();
                let date = String::from(dose.date.expose());
                json!({"date": date, "number": abroad.number, "country": "JPN", "center": "Kiyose City", "lot": dose.lot,
                    "code": abroad.icd11, "name": abroad.brand, "disease": "RA01.0"})
            })
            .collect();
        assert_eq!(judged["doses"], json!(shown), "{name}");
        for (dose, number) in preview.doses.iter().zip(1..) {
            let abroad = dose.abroad.as_ref().unwrap();
            assert_eq!(abroad.number, number, "{name}: as the records say");
        }

        for dots_per_inch in [150, 200, 300] {
            let picture = page::rasterise(&pdf, dots_per_inch).unwrap();
            for (judge, mut read) in [
                ("zbar", page::zbar(&picture).unwrap()),
                ("zxing", page::zxing(&picture).unwrap()),
            ] {
                read.sort();
                let right = read == [card.clone(), sealed.expose().to_owned()];
                assert!(
                    right,
                    "{judge}: {name} at {dots_per_inch}: {} codes",
                    read.len()
                );
            }
        }
        // Labels may stand on two lines.
        let text = page::text(&pdf).unwrap();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in persona.holder.split('\u{3000}').chain(parts).chain([
            passport.number.as_str(),
            "JPN",
            "Passport number",
            "Dose",
            "Country",
            "Mayor of Kiyose City, Tokyo",
            &issued.certificate_id.to_string(),
            &String::from(preview.issued_on),
        ]) {
            assert!(text.contains(part), "{name}: pdftotext finds {part}");
        }
        let list = trust(&world);
        assert_eq!(verdict(&list, &card), Verdict::Valid, "{name}");
        let of_seal = report(&list, sealed.expose());
        assert_eq!(of_seal.verdict, Verdict::Valid, "{name}");
        // Nothing departs from ICAO's profile.
        assert_eq!(of_seal.notes, [], "{name}");
        assert_ne!(
            verdict(
                &list,
                &sealed.expose().replace(&passport.number, "XX0000009")
            ),
            Verdict::Valid
        );
    }
}

#[test]
fn what_cannot_be_certified_for_abroad_is_refused_with_its_own_code() {
    let world = world();
    block_on(async {
        let app = Applicant::new(world.client_of_center("apps/app-0001"));
        let ticket = ticket(&world, &app, "ordinary").await;
        let mine = passport("ordinary");
        let ask = async |passport: Option<&Passport>| {
            let mrz = passport.map(Passport::mrz);
            refusal(
                app.inquire_abroad(&ticket, HOME.parse().unwrap(), mrz)
                    .await,
            )
        };
        let with = |change: fn(&mut Passport)| {
            let mut passport = mine.clone();
            change(&mut passport);
            passport
        };
        let expired = with(|it| it.last_day = "200101".to_owned());
        assert_eq!(ask(Some(&expired)).await, ProblemCode::PassportExpired);
        let somebody = with(|it| it.birth_date = "850413".to_owned());
        assert_eq!(ask(Some(&somebody)).await, ProblemCode::PassportNotYours);
        assert_eq!(ask(None).await, ProblemCode::RequestMalformed);
        let mut misread = mine.mrz();
        let lower = misread.line2.expose().replace("XX0000001", "XX0000007");
        misread.line2 = issuance_api::Personal::new(lower);
        let refused = app
            .inquire_abroad(&ticket, HOME.parse().unwrap(), Some(misread))
            .await;
        assert_eq!(refusal(refused), ProblemCode::PassportUnreadable);
        // An expired passport stops this kind alone.
        assert!(app.inquire(&ticket, HOME.parse().unwrap()).await.is_ok());

        let kiosk = Applicant::new(world.terminal("kiosk-0001"));
        let ticket = crate::support::ticket(&world, &kiosk, "ordinary").await;
        let refused = kiosk
            .inquire_abroad(&ticket, HOME.parse().unwrap(), None)
            .await;
        assert_eq!(refusal(refused), ProblemCode::PassportNotRegistered);
    });
    assert_eq!(world.registered(HOME).unwrap(), 0);
}

fn at_kiosk(counter: &Counter, out: &OsStr, purpose: Purpose<'_>) -> Outcome {
    let persona = Persona::load("ordinary").unwrap();
    counter.reader.insert(&persona.name).unwrap();
    let application = Application {
        config: &counter.world.ground.path("kiosk/kiosk.toml"),
        place: ["--out".as_ref(), out],
        municipality: HOME,
        pin: &persona.pin,
        language: "en",
        reader: None,
        purpose,
    };
    let outcome = apply(&application, &counter.reader).unwrap();
    // Where it ended before the card was taken back.
    let _ = counter.reader.remove();
    outcome
}

#[test]
fn a_kiosk_issues_for_abroad_on_an_earlier_one_and_on_no_other() {
    let counter = Counter::open();
    let out = counter.world.ground.path("tray");
    let outcome = at_kiosk(&counter, out.as_os_str(), Purpose::Abroad(None));
    assert_eq!(outcome.problem(), Some("passport-not-registered"));
    assert!(!out.join("certificate.pdf").exists());

    let passport = passport("ordinary");
    let (_, first) = block_on(issue(&counter.world, "ordinary", &passport));
    let outcome = at_kiosk(&counter, out.as_os_str(), Purpose::Abroad(None));
    assert!(outcome.status.success(), "{:?}", outcome.said);
    let seal = fs::read_to_string(out.join("vdsnc.txt")).unwrap();
    let list = trust(&counter.world);
    assert_eq!(verdict(&list, &seal), Verdict::Valid);
    let card = fs::read_to_string(out.join("shc.txt")).unwrap();
    assert_eq!(verdict(&list, &card), Verdict::Valid);
    let documents = verify::read([&seal]);
    let Some(Content::Vaccination(said)) = list.judge(&documents[0], now()).content else {
        panic!("a proof of vaccination");
    };
    let document = said.holder.document.as_ref();
    assert_eq!(document.unwrap().expose(), passport.number);
    assert_ne!(
        said.id.expose(),
        first.certificate_id.to_string().replace('-', "")
    );

    // With the passport read: the same is right, a renewed one is not.
    let with = |passport: &Passport| {
        let mrz = passport.mrz();
        at_kiosk(&counter, out.as_os_str(), Purpose::Abroad(Some(&mrz)))
    };
    let outcome = with(&passport);
    assert!(outcome.status.success(), "{:?}", outcome.said);
    let renewed = Passport {
        number: "XX0000002".to_owned(),
        ..passport.clone()
    };
    let outcome = with(&renewed);
    assert_eq!(outcome.problem(), Some("passport-not-registered"));
    let expired = Passport {
        last_day: "200101".to_owned(),
        ..passport
    };
    let outcome = with(&expired);
    assert_eq!(outcome.problem(), Some("passport-expired"));

    // A certificate for use in Japan leaves no seal of the one before.
    let outcome = at_kiosk(&counter, out.as_os_str(), Purpose::Domestic);
    assert!(outcome.status.success(), "{:?}", outcome.said);
    assert!(!out.join("vdsnc.txt").exists());
}

#[test]
fn the_demo_leaves_both_codes_and_what_they_are_checked_with() {
    let _alone = alone_with_pcsc();
    let folder = TempDir::new().unwrap();
    let out = |file: &str| folder.path().join("out").join(file);
    let demo = |persona: &str| {
        let mut demo = Command::new(program("stage"));
        demo.args(["demo", "--once", "--kind", "abroad", "--persona", persona]);
        demo.arg("--out").arg(out("")).output().unwrap()
    };
    let files = || {
        let entries = fs::read_dir(out("")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect::<BTreeSet<_>>()
    };
    let done = demo("gaiji");
    assert!(done.status.success(), "{done:?}");
    let all = [
        "certificate.pdf",
        "csca.cer",
        "csca.crl",
        "jwks.json",
        "shc.txt",
        "vdsnc.txt",
    ];
    assert!(files().iter().eq(all));
    let judged = page::abroad(&out("vdsnc.txt"), &out("csca.cer"), &out("csca.crl")).unwrap();
    assert_eq!(judged["holder"]["n"], "YOSHIDA  TAKAKO");
    let judged = page::card(&out("shc.txt"), &out("jwks.json")).unwrap();
    assert_eq!(judged["romanised"], json!([["YOSHIDA", "TAKAKO"]]));

    // The passport out of a picture, turned a little; the certificate says what the lines say.
    let page = Specimen::new(
        &Passport::of(&Persona::load("gaiji").unwrap())
            .unwrap()
            .lines(),
    );
    let picture = page.picture(11.8);
    let with_picture = |picture: &[u8], persona: &str| {
        let path = folder.path().join("passport.jpg");
        fs::write(&path, picture).unwrap();
        let mut demo = Command::new(program("stage"));
        demo.args(["demo", "--once", "--kind", "abroad", "--persona", persona]);
        demo.arg("--passport").arg(path);
        demo.arg("--out").arg(out("")).output().unwrap()
    };
    let done = with_picture(&picture.turned(4.0, 60.0).jpeg(90), "gaiji");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let judged = page::abroad(&out("vdsnc.txt"), &out("csca.cer"), &out("csca.crl")).unwrap();
    assert_eq!(judged["holder"]["n"], "YOSHIDA  TAKAKO");
    for (picture, persona, code) in [
        (picture.blurred(8.0).jpeg(90), "gaiji", "passport-blurred"),
        (b"no picture".to_vec(), "gaiji", "passport-unreadable"),
        (picture.jpeg(90), "ordinary", "passport-not-yours"),
    ] {
        let refused = with_picture(&picture, persona);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success());
        assert!(said.contains(&format!("{code}: ")), "{said}");
        assert!(files().is_empty(), "nothing of anybody's");
    }

    let refused = demo("no-record");
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("no-record: "), "{said}");
    assert!(files().is_empty(), "nothing of anybody's");
}

#[test]
fn what_the_municipality_revokes_everybody_hears_of_and_of_whom_nobody() {
    // As often as it is waited for here.
    let mut world = World::start(&Options {
        center: |config| drop(config.insert("revocations_seconds".to_owned(), 1.into())),
        ..Options::default()
    })
    .unwrap();
    let persona = Persona::load("ordinary").unwrap();
    let passport = passport("ordinary");
    let (_, issued) = block_on(issue(&world, "ordinary", &passport));
    let id = issued.certificate_id.to_string();
    let card = numeric(issued.jws.expose());
    assert_eq!(verdict(&trust(&world), &card), Verdict::Valid);
    let seal = issued.vds_nc.as_ref().unwrap().expose().to_owned();
    let both = format!("{card}\n{seal}");
    let folder = TempDir::new().unwrap();
    let app = verifying(&world, folder.path());
    // Nobody was asked yet: what is pinned is known, and nothing of revocations.
    assert_eq!(said(&app, &both), ["unchecked", "unchecked"]);
    assert!(block_on(app.refresh(now())).unwrap());
    assert_eq!(said(&app, &both), ["valid", "valid"]);

    let revoke = |id: &str| {
        let mut vrs: Command = world.ground.vrs();
        vrs.args(["revoke", "--municipality", HOME, id])
            .output()
            .unwrap()
    };
    // As people write it; a wrong symbol is noticed before anything is revoked.
    let mut wrong = id.clone();
    let last = if wrong.pop() == Some('0') { '1' } else { '0' };
    wrong.push(last);
    assert!(!revoke(&wrong).status.success());
    assert!(revoke(&id.to_lowercase()).status.success());
    assert!(revoke(&id).status.success(), "again changes nothing");
    block_on(until(async || {
        world.is_revoked(issued.jws.expose()).unwrap()
    }));
    let list = trust(&world);
    assert_eq!(
        verdict(&list, &card),
        Verdict::Revoked(verify::Revoked::Document)
    );

    // The app believes what it was told last, until it asks again; then it keeps it, with nobody there to ask.
    assert_eq!(said(&app, &both), ["valid", "valid"]);
    block_on(app.refresh(now())).unwrap();
    assert_eq!(said(&app, &both), ["revoked", "valid"]);
    let mut elsewhere = center(&world);
    elsewhere.roots = world.ground.path("pki/terminals/ca.pem");
    let believing = with_center(&world, folder.path(), elsewhere);
    let refused = block_on(believing.refresh(now()));
    assert!(
        matches!(refused, Err(FetchError::Unreached)),
        "another's roots"
    );
    let running = world.center.take();
    drop(running);
    let unreached = block_on(app.refresh(now()));
    assert!(matches!(unreached, Err(FetchError::Unreached)));
    let later = verifying(&world, folder.path());
    for app in [&app, &later, &believing] {
        assert_eq!(said(app, &both), ["revoked", "valid"]);
        assert_eq!(app.trust(now())["center"]["old"], false);
        assert_eq!(app.trust(now() + OLD_AFTER)["center"]["old"], true);
    }
    world.start_center().unwrap();
    block_on(until(async || {
        world.is_revoked(issued.jws.expose()).unwrap_or(false)
    }));

    // Nothing on the list leads to anybody, not even with the certificate in hand but not read.
    let keys: Value = serde_json::from_slice(&world.published_keys().unwrap()).unwrap();
    let kid = keys["keys"][0]["kid"].as_str().unwrap();
    let published = world
        .fetch_public(&format!("/.well-known/crl/{kid}.json"))
        .unwrap();
    let published = String::from_utf8(published).unwrap();
    let document: Value = serde_json::from_str(&published).unwrap();
    let members: Vec<&String> = document.as_object().unwrap().keys().collect();
    assert_eq!(members, ["ctr", "kid", "method", "rids"]);
    let plain = id.replace('-', "");
    for canary in [&id, &plain, &persona.birth_date, &passport.number, HOME]
        .into_iter()
        .map(AsRef::<str>::as_ref)
        .chain(persona.holder.split('\u{3000}'))
    {
        assert!(!published.contains(canary), "{canary}");
    }
    let _: PersonalBytes = issued.page;
}

/// What runs beside a kiosk's core inherits what PIN and passport are read from: it is started once they were read.
#[test]
fn nothing_is_started_beside_a_kiosk_that_could_read_what_was_given_to_it() {
    const WITHIN: Duration = Duration::from_secs(60);
    let world = world();
    let out = TempDir::new().unwrap();
    let mut command = Command::new(program("kiosk"));
    command
        .arg("--config")
        .arg(world.ground.path("kiosk/kiosk.toml"));
    command.arg("--out").arg(out.path()).stdin(Stdio::piped());
    command.args(["--once", "--municipality", HOME, "--pin-fd", "0"]);
    let mut kiosk = Program::start("kiosk", command).unwrap();
    let given = |descriptor: &str| {
        fs::read_link(format!("/proc/{}/fd/{descriptor}", kiosk.id())).unwrap_or_default()
    };
    // It opens once more what it reads.
    let reads = || {
        let descriptors = fs::read_dir(format!("/proc/{}/fd", kiosk.id())).ok()?;
        let names = descriptors.flatten().map(|entry| entry.file_name());
        let all = names.filter(|name| given(&name.to_string_lossy()) == given("0"));
        (all.count() == 2).then_some(())
    };
    poll(WITHIN, reads).expect("it reads the PIN");
    for name in ["kiosk-names", "kiosk-marker", "kiosk-launcher"] {
        assert_eq!(beside(kiosk.id(), name), None, "{name}");
    }
    drop(kiosk.input());
    assert_eq!(kiosk.wait(WITHIN).unwrap().code(), Some(1));
    let said = kiosk.log.all();
    assert!(said[0].starts_with("pin-malformed: "), "{said:?}");
}
