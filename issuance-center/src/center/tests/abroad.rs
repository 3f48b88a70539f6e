//! Certificates for abroad through every step behind the transport.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE};
use card::trust::Environment;
use issuance_api::passport::{PassportData, PassportMrz};
use p256::ecdsa::signature::Verifier;
use serde_json::Value;

use super::*;
use crate::signing::{BarcodeSigners, SignerPaths, vdsnc::store};

const NAME: &str = "P<JPNMIHON<<HANAKO<<<<<<<<<<<<<<<<<<<<<<<<<<";
const MINE: &str = "XX00000011JPN8504021F3303311<<<<<<<<<<<<<<08";
const EXPIRED: &str = "XX00000011JPN8504021F2611239<<<<<<<<<<<<<<06";
const LAST_DAY: &str = "XX00000011JPN8504021F2611240<<<<<<<<<<<<<<00";
const SOMEBODY: &str = "XX00000011JPN8504032F3303311<<<<<<<<<<<<<<08";

fn lines(lower: &str) -> PassportMrz {
    PassportMrz {
        line1: Personal::new(NAME.to_owned()),
        line2: Personal::new(lower.to_owned()),
    }
}

fn barcodes(parts: &Parts<FakeVrs>) -> BarcodeSigners {
    let folder = tempfile::tempdir().unwrap();
    let (csca, signers) = (folder.path().join("csca"), folder.path().join("signers"));
    let now = parts.clock.now();
    store::new(&csca, &signers, "CSCA", Environment::Emulator, now).unwrap();
    let paths = SignerPaths {
        csca: csca.join("csca.pem"),
        list: csca.join("csca.crl.pem"),
        signers,
        former: Vec::new(),
    };
    BarcodeSigners::load(&paths, Environment::Emulator, now).unwrap()
}

fn stage(role: &str) -> Stage {
    let mut stage = Stage::with(|parts| {
        let barcodes = barcodes(parts);
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        KeyFile::create(&key, Environment::Emulator).unwrap();
        let signing = Signing::new(KeyFile::load(&key).unwrap());
        parts.signing = Arc::new(signing.with_barcodes(Some(barcodes)));
    });
    stage.terminal = format!("urn:shomei:terminal:{role}:dev:0001")
        .parse()
        .unwrap();
    stage
        .vrs()
        .say(|said| said.outcome = Ok(records(Some(testing::passport()))));
    stage
}

fn records(passport: Option<Arc<PassportData>>) -> Outcome {
    match some_records(2, "見本\u{3000}花子") {
        Outcome::Records(mut records) => {
            records.passport = passport;
            records.doses[1].number = Some(2);
            Outcome::Records(records)
        }
        other => other,
    }
}

fn abroad(lower: Option<&str>) -> impl FnOnce(&mut InquiryRequest) {
    let passport = lower.map(lines);
    |request| {
        request.kind = CertificateKind::Abroad;
        request.passport = passport.map(Arc::new);
    }
}

#[tokio::test]
async fn both_are_signed_and_the_same_request_gives_the_same_bytes() {
    let stage = stage("app");
    let previewed = stage.inquire(abroad(Some(MINE))).await.unwrap();
    assert_eq!(previewed.preview.passport, Some(testing::passport()));
    let numbers = previewed
        .preview
        .doses
        .iter()
        .map(|dose| dose.abroad.as_ref().unwrap().number);
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 2]);
    let issued = stage.issue(&previewed.state).await.unwrap();
    stage.clock.pass(Duration::from_secs(60));
    assert_eq!(stage.issue(&previewed.state).await.unwrap(), issued);

    let seal = issued.vds_nc.unwrap();
    let text = seal.expose();
    let seal: Value = serde_json::from_str(text).unwrap();
    let message = &seal["data"]["msg"];
    let id = issued.certificate_id.to_string().replace('-', "");
    assert_eq!(message["uvci"], id);
    assert_eq!(message["pid"]["i"], "XX0000001");
    assert_eq!(message["pid"]["dob"], "1985-04-02");
    assert_eq!(message["ve"][0]["vd"][1]["seq"], 2);
    // The signature is over `data` as it stands there, by the key of the certificate beside it.
    let data = text.strip_prefix(r#"{"data":"#).unwrap();
    let (data, _) = data.split_once(r#","sig":"#).unwrap();
    let signature = URL_SAFE
        .decode(seal["sig"]["sigvl"].as_str().unwrap())
        .unwrap();
    let signature = p256::ecdsa::Signature::from_slice(&signature).unwrap();
    let signers = stage.center.parts.signing.barcodes().unwrap();
    let signer = signers.signers()[0].certificate();
    assert_eq!(
        URL_SAFE
            .decode(seal["sig"]["cer"].as_str().unwrap())
            .unwrap(),
        signer.der()
    );
    signer.key().verify(data.as_bytes(), &signature).unwrap();
}

#[tokio::test]
async fn a_passport_is_judged_before_vrs_hears_of_it() {
    let stage = stage("app");
    // Whatever VRS would say.
    stage
        .vrs()
        .say(|said| said.outcome = Err(ProblemCode::RecordsUnavailable));
    let misread = MINE.replace("XX0", "XX8");
    for (lower, code) in [
        (Some(misread.as_str()), ProblemCode::PassportUnreadable),
        (Some(EXPIRED), ProblemCode::PassportExpired),
        (Some(LAST_DAY), ProblemCode::RecordsUnavailable),
        (None, ProblemCode::RequestMalformed),
    ] {
        assert_eq!(stage.refusal(abroad(lower)).await, code);
    }
    let mut visa = lines(MINE);
    visa.line1 = Personal::new(NAME.replace("P<", "V<"));
    let with = |request: &mut InquiryRequest| {
        request.kind = CertificateKind::Abroad;
        request.passport = Some(Arc::new(visa));
    };
    assert_eq!(
        stage.refusal(with).await,
        ProblemCode::PassportOtherDocument
    );
    let domestic = |request: &mut InquiryRequest| request.passport = Some(Arc::new(lines(MINE)));
    assert_eq!(stage.refusal(domestic).await, ProblemCode::RequestMalformed);
}

#[tokio::test]
async fn what_vrs_names_has_to_be_the_passport_that_was_read() {
    let stage = stage("app");
    assert_eq!(
        stage.refusal(abroad(Some(SOMEBODY))).await,
        ProblemCode::PassportNotYours
    );
    let mut other = testing::passport();
    let changed = Arc::get_mut(&mut other).unwrap();
    changed.number = Personal::new("XX0000002".to_owned());
    for named in [None, Some(other)] {
        stage.vrs().say(|said| said.outcome = Ok(records(named)));
        let refused = stage.refusal(abroad(Some(MINE))).await;
        assert_eq!(refused, ProblemCode::RecordsUnavailable);
    }
    // Nor does one belong to a certificate for use in Japan.
    stage
        .vrs()
        .say(|said| said.outcome = Ok(records(Some(testing::passport()))));
    assert_eq!(stage.refusal(|_| ()).await, ProblemCode::RecordsUnavailable);
}

#[tokio::test]
async fn a_kiosk_without_a_reader_gets_the_passport_vrs_holds() {
    let stage = stage("kiosk");
    let previewed = stage.inquire(abroad(None)).await.unwrap();
    assert_eq!(previewed.preview.passport, Some(testing::passport()));
    assert!(
        stage
            .issue(&previewed.state)
            .await
            .unwrap()
            .vds_nc
            .is_some()
    );
    stage
        .vrs()
        .say(|said| said.outcome = Ok(Outcome::PassportUnknown));
    assert_eq!(
        stage.refusal(abroad(None)).await,
        ProblemCode::PassportNotRegistered
    );
}

#[tokio::test]
async fn a_dose_that_cannot_be_stated_abroad_is_the_municipality_s_to_look_at() {
    let stage = stage("app");
    let changes: [fn(&mut DoseRecord); 2] = [
        |dose| dose.number = None,
        |dose| dose.lot = Personal::new("ＥＹ０７７９".to_owned()),
    ];
    for change in changes {
        stage.vrs().say(|said| {
            let Ok(Outcome::Records(records)) = &mut said.outcome else {
                panic!("records");
            };
            change(&mut records.doses[1]);
        });
        let refused = stage.refusal(abroad(Some(MINE))).await;
        assert_eq!(refused, ProblemCode::ConfirmationNeeded);
        stage
            .vrs()
            .say(|said| said.outcome = Ok(records(Some(testing::passport()))));
    }
}

#[tokio::test]
async fn without_signers_or_after_their_time_nothing_is_promised() {
    let plain = Stage::new();
    assert_eq!(
        plain.refusal(abroad(Some(MINE))).await,
        ProblemCode::KindNotOffered
    );
    let stage = stage("app");
    let previewed = stage.inquire(abroad(Some(MINE))).await.unwrap();
    // Their list is for ninety days; they sign for 95. What was previewed is not redeemed that late, but at another stage
    // in the time between: by then the state has expired too.
    stage.clock.pass(Duration::from_secs(91 * 24 * 3600));
    assert_eq!(
        stage.refusal(abroad(Some(MINE))).await,
        ProblemCode::SigningStopped
    );
    let late = stage.issue(&previewed.state).await.unwrap_err();
    assert_eq!(late.code, ProblemCode::StateExpired);
    assert_eq!(
        stage.refusal(|_| ()).await,
        ProblemCode::RecordsUnavailable,
        "a passport is named"
    );
    stage.vrs().say(|said| said.outcome = Ok(records(None)));
    assert!(stage.inquire(|_| ()).await.is_ok(), "the others go on");
}
