use base64::{Engine, engine::general_purpose::STANDARD};
use dev_pages::page;
use issuance_api::CertificateId;
use sight::sheet;
use tempfile::TempDir;

use verify::scan;

use super::center::{each, newest};
use super::*;
use crate::handover::qr_text;
use crate::handover::sealing::{Sealer, preview_abroad};
use crate::handover::testing::{ISS, Maker, payload, preview};

/// After the specimens' `nbf`.
const NOW: i64 = 1_790_000_100;
/// Of the specimens.
const RID: &str = "AAAAAAAAAAAAAAAA";

struct Place {
    parent: TempDir,
    maker: Maker,
}

impl Place {
    fn new() -> Self {
        let (parent, maker) = (TempDir::new().unwrap(), Maker::new(1));
        fs::write(parent.path().join("jwks.json"), maker.jwks(None)).unwrap();
        Self { parent, maker }
    }

    fn trust(&self) -> PathBuf {
        self.parent.path().join("trust")
    }

    fn open(&self) -> Verifying {
        self.open_at(self.trust()).unwrap()
    }

    fn open_at(&self, trust: PathBuf) -> Result<Verifying, VerifyingError> {
        let issuer = IssuerConfig {
            iss: ISS.to_owned(),
            keys: self.parent.path().join("jwks.json"),
            csca: Some(self.parent.path().join("csca.pem")).filter(|path| path.exists()),
        };
        Verifying::new(
            &VerifyConfig {
                trust,
                center: None,
            },
            &issuer,
            NOW,
        )
    }

    fn fetched(&self, at: i64, rids: &[&str]) -> Fetched {
        let version = 1 + u64::try_from(rids.len()).unwrap();
        let kid = self.maker.kid().parse().unwrap();
        Fetched {
            at,
            keys: self.maker.jwks(Some(version)),
            revoked: BTreeMap::from([(kid, self.maker.revoked(rids))]),
            gone: BTreeMap::new(),
            csca: None,
            csca_lists: Vec::new(),
        }
    }

    fn jws(&self) -> String {
        self.maker.sign(&payload(&preview()))
    }
}

/// What is said of everything in a file, at a time.
fn told(verifying: &Verifying, file: &[u8], now: i64) -> Value {
    verifying.judge(&scan::texts(file).unwrap(), now)
}

/// The verdicts about everything found.
fn verdicts(verifying: &Verifying, file: &[u8]) -> Vec<String> {
    let said = told(verifying, file, NOW);
    let codes = said["codes"].as_array().unwrap().iter();
    codes
        .map(|code| code["verdict"].as_str().unwrap().to_owned())
        .collect()
}

/// The verdict about a seal of this CSCA's signer, now.
fn verdict(verifying: &Verifying, sealer: &Sealer) -> String {
    let seal = sealer.seal(&preview_abroad(), &CertificateId::from_mac(&[7; 32]));
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let said = told(verifying, seal.as_bytes(), now);
    said["codes"][0]["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn text_pictures_and_pages_are_read_and_judged_alike_without_any_network() {
    let place = Place::new();
    let verifying = place.open();
    let jws = place.jws();
    let text = qr_text(&jws);
    let pdf = page(&[&text]);
    let picture = sheet::picture(&pdf).unwrap();
    for file in [text.as_bytes(), jws.as_bytes(), &pdf, &picture] {
        assert_eq!(verdicts(&verifying, file), ["unchecked"], "no list yet");
    }
    verifying.keep(&place.fetched(NOW, &[])).unwrap();
    let verifying = place.open();
    for file in [text.as_bytes(), jws.as_bytes(), &pdf, &picture] {
        assert_eq!(verdicts(&verifying, file), ["valid"]);
    }
    let said = told(&verifying, &pdf, NOW);
    assert_eq!(said["codes"][0]["content"]["family_name"], "架空");
    assert_eq!(said["codes"][0]["signer"]["issuer"], ISS);

    let others = Maker::new(2).sign(&payload(&preview()));
    let mut changed = jws.clone();
    let letter = changed.remove(changed.len() - 10);
    changed.insert(changed.len() - 9, if letter == 'A' { 'B' } else { 'A' });
    let both = format!("{}\n{}\nHC1:…\n", *qr_text(&others), *qr_text(&changed));
    let judged = verdicts(&verifying, both.as_bytes());
    assert_eq!(judged, ["unknown-issuer", "tampered", "unsupported"]);
    assert_eq!(verdicts(&verifying, &page(&[])), [""; 0]);
    assert!(scan::texts(&[0xff, 0xfe, 0x00]).is_err());
}

#[test]
fn what_was_fetched_counts_until_something_newer_is_and_tells_its_age() {
    let place = Place::new();
    let verifying = place.open();
    let center = |verifying: &Verifying, now| verifying.trust(now)["center"].clone();
    assert_eq!(
        center(&verifying, NOW),
        json!({"fetched": null, "old": true})
    );
    let text = qr_text(&place.jws());
    assert_eq!(verdicts(&verifying, text.as_bytes()), ["unchecked"]);
    let said = told(&verifying, text.as_bytes(), NOW);
    assert_eq!(said["codes"][0]["why"], "no-list");

    // Fetched, it counts for a week; what it says is revoked stays so.
    verifying.keep(&place.fetched(NOW, &[])).unwrap();
    let verifying = place.open();
    let at = |now| {
        let said = told(&verifying, text.as_bytes(), now);
        let code = &said["codes"][0];
        (code["verdict"].clone(), code["why"].clone())
    };
    assert_eq!(at(NOW + COUNTS_FOR), (json!("valid"), Value::Null));
    assert_eq!(
        at(NOW + COUNTS_FOR + 1),
        (json!("unchecked"), json!("old-list"))
    );

    // By a clock that was ahead it would count for longer; a little ahead it may have been.
    for (ahead, verdict) in [(OLD_AFTER, "valid"), (OLD_AFTER + 1, "unchecked")] {
        verifying.keep(&place.fetched(NOW + ahead, &[])).unwrap();
        assert_eq!(verdicts(&place.open(), text.as_bytes()), [verdict]);
    }

    verifying.keep(&place.fetched(NOW, &[RID])).unwrap();
    let verifying = place.open();
    assert_eq!(verdicts(&verifying, text.as_bytes()), ["revoked"]);
    let long_after = told(&verifying, text.as_bytes(), NOW + 52 * COUNTS_FOR);
    assert_eq!(long_after["codes"][0]["verdict"], "revoked");
    let fetched = json!({"fetched": form::moment(NOW), "old": false});
    assert_eq!(center(&verifying, NOW + OLD_AFTER - 1), fetched);
    assert_eq!(center(&verifying, NOW + OLD_AFTER)["old"], true);
    assert_eq!(
        center(&verifying, NOW - 1)["old"],
        true,
        "a clock that was put back"
    );
    let issuer = &verifying.trust(NOW)["card_issuers"][0];
    assert_eq!(
        (&issuer["url"], &issuer["revoked"][0]["cards"]),
        (&json!(ISS), &json!(1))
    );

    // Without its list the question is open, whether its key says that there is one or not.
    for keys in [place.maker.jwks(Some(2)), place.maker.jwks(None)] {
        let mut without = place.fetched(NOW, &[RID]);
        without.revoked.clear();
        without.keys = keys;
        verifying.keep(&without).unwrap();
        assert_eq!(verdicts(&place.open(), text.as_bytes()), ["unchecked"]);
    }

    // Damaged, it is as if it had never been: what was revoked is not good again.
    verifying.keep(&place.fetched(NOW, &[RID])).unwrap();
    let path = place.trust().join(FETCHED);
    let whole = fs::read_to_string(&path).unwrap();
    let foreign = Maker::new(3).revoked(&[RID]);
    let mixed = serde_json::to_string(&Fetched {
        revoked: BTreeMap::from([(place.maker.kid().parse().unwrap(), foreign)]),
        ..place.fetched(NOW, &[RID])
    });
    for damaged in [&whole[..whole.len() / 2], "", "{}", &mixed.unwrap()] {
        fs::write(&path, damaged).unwrap();
        let verifying = place.open();
        assert_eq!(verdicts(&verifying, text.as_bytes()), ["unchecked"]);
        assert_eq!(center(&verifying, NOW)["fetched"], Value::Null);
    }
}

#[test]
fn issuers_of_a_trust_list_count_too_and_a_malformed_one_is_told() {
    let place = Place::new();
    let specimens = Path::new(env!("CARGO_MANIFEST_DIR")).join("../verify/tests/specimens");
    let verifying = place.open_at(specimens.clone()).unwrap();
    let card = fs::read(specimens.join("smart/example-00.txt")).unwrap();
    let said = told(&verifying, &card, NOW);
    let signer = &said["codes"][0]["signer"]["issuer"];
    assert_eq!(signer, "https://spec.smarthealth.cards/examples/issuer");
    let own = qr_text(&place.jws());
    assert_eq!(verdicts(&verifying, own.as_bytes()), ["unchecked"]);

    fs::create_dir(place.trust()).unwrap();
    fs::write(place.trust().join(TRUST), "[[card-issuer]]").unwrap();
    let opened = place.open_at(place.trust());
    assert!(matches!(opened, Err(VerifyingError::Trust(_))));
}

/// Whoever has the center's public listener is no CSCA by it.
#[test]
fn a_fetched_csca_counts_if_a_pinned_one_vouches_for_it() {
    let place = Place::new();
    let (pinned, other) = (Sealer::new(), Sealer::new());
    let fetched = |csca: Vec<u8>| Fetched {
        csca: Some(Blob::new(csca)),
        ..place.fetched(NOW, &[])
    };
    // The center says that another is the country's: with a pinned one, and with none.
    place.open().keep(&fetched(other.csca_der())).unwrap();
    assert_eq!(verdict(&place.open(), &other), "unknown-issuer");
    let file = place.parent.path().join("csca.pem");
    fs::write(&file, &pinned.csca).unwrap();
    let verifying = place.open();
    assert_eq!(verdict(&verifying, &other), "unknown-issuer");
    assert_ne!(verdict(&verifying, &pinned), "unknown-issuer");
    assert_eq!(
        verifying.trust(NOW)["center"]["fetched"],
        form::moment(NOW),
        "the rest counts"
    );
    // The pinned one's key signed the other's certificate: a link. One that says so and is not signed by it is none.
    for (links, says) in [(true, "unchecked"), (false, "unknown-issuer")] {
        let link = if links {
            pinned.link(&other)
        } else {
            Sealer::new().link(&other)
        };
        place.open().keep(&fetched(link)).unwrap();
        assert_eq!(verdict(&place.open(), &other), says, "{links}");
    }
    // Or both are pinned, while one takes over from the other.
    fs::write(&file, format!("{}{}", pinned.csca, other.csca)).unwrap();
    place.open().keep(&place.fetched(NOW, &[])).unwrap();
    let verifying = place.open();
    assert_ne!(verdict(&verifying, &other), "unknown-issuer");
    assert_ne!(verdict(&verifying, &pinned), "unknown-issuer");
}

/// What is signed under a CSCA before is good for years.
#[test]
fn each_csca_keeps_its_latest_list_and_one_that_counts_no_longer_takes_nothing_with_it() {
    let place = Place::new();
    let (former, new) = (Sealer::new(), Sealer::new());
    let file = place.parent.path().join("csca.pem");
    fs::write(&file, format!("{}{}", former.csca, new.csca)).unwrap();
    let verifying = place.open();
    let lists = [
        former.list(1, false),
        new.list(2, false),
        former.list(3, true),
    ];
    let newest = verifying.newest_of_cscas(&place.fetched(NOW, &[]), &lists, NOW);
    assert_eq!(newest, lists[1..].iter().rev().cloned().collect::<Vec<_>>());
    let fetched = Fetched {
        csca_lists: newest,
        ..place.fetched(NOW, &[])
    };
    verifying.keep(&fetched).unwrap();
    let both = place.open();
    assert_eq!(verdict(&both, &former), "revoked");
    assert_eq!(verdict(&both, &new), "valid");
    // The one before is configured no longer: its list goes, and nothing else.
    fs::write(&file, &new.csca).unwrap();
    let one = place.open();
    assert_eq!(verdict(&one, &former), "unknown-issuer");
    assert_eq!(verdict(&one, &new), "valid");
    assert_eq!(one.trust(NOW)["center"]["fetched"], form::moment(NOW));
}

#[test]
fn of_lists_there_are_few_and_all_of_them_are_lists() {
    let list = Sealer::new().list(1, false);
    let one = STANDARD.encode(list.as_bytes());
    let pem =
        |base64: &str| format!("-----BEGIN X509 CRL-----\n{base64}\n-----END X509 CRL-----\n");
    assert_eq!(each(b"").unwrap(), []);
    assert_eq!(
        each(pem(&one).repeat(16).as_bytes()).unwrap(),
        vec![list; 16]
    );
    for wrong in [pem(&one).repeat(17), pem("!"), pem(&one) + &pem("?")] {
        assert!(matches!(each(wrong.as_bytes()), Err(FetchError::Unsound)));
    }
}

/// Whoever has the public listener may leave a key out once, and then publish it with an older list.
#[test]
fn the_list_of_a_key_that_went_is_compared_with_when_it_comes_back() {
    let place = Place::new();
    let kid = place.maker.kid().parse().unwrap();
    let before = place.fetched(NOW, &[RID]);
    assert!(before.last(&kid, false).is_some());
    let without = Fetched {
        gone: before.all_lists(),
        revoked: BTreeMap::new(),
        ..place.fetched(NOW, &[])
    };
    assert!(without.last(&kid, false).is_none(), "it does not count");
    let (_, older) = without.last(&kid, true).unwrap();
    let short = place.maker.revoked(&[]);
    let stays = newest(Some(short), Some(older.clone())).unwrap();
    assert_eq!(stays, before.revoked.get(&kid).cloned());
}

/// As long as our own center is to be asked, no file answers in its place.
#[test]
fn an_older_list_of_the_trust_list_counts_no_longer_than_what_was_fetched() {
    let place = Place::new();
    place.open().keep(&place.fetched(NOW, &[])).unwrap();
    fs::write(place.trust().join("jwks.json"), place.maker.jwks(Some(1))).unwrap();
    fs::write(place.trust().join("list.json"), place.maker.revoked(&[])).unwrap();
    let entry = format!(
        "[[card-issuer]]\nurl = \"{ISS}\"\nkeys = \"jwks.json\"\nrevoked = [\"list.json\"]\n"
    );
    fs::write(place.trust().join(TRUST), entry).unwrap();
    let verifying = place.open();
    let text = qr_text(&place.jws());
    let at = |now| told(&verifying, text.as_bytes(), now)["codes"][0]["verdict"].clone();
    assert_eq!(at(NOW + COUNTS_FOR), "valid");
    assert_eq!(at(NOW + COUNTS_FOR + 1), "unchecked");
}

#[test]
fn of_two_lists_the_longer_one_stays() {
    let maker = Maker::new(1);
    let [short, long] = [&[][..], &[RID][..]].map(|rids| Some(maker.revoked(rids)));
    assert_eq!(newest(short.clone(), long.clone()).unwrap(), long);
    assert_eq!(newest(long.clone(), short.clone()).unwrap(), long);
    assert_eq!(newest(None, short.clone()).unwrap(), short);
    assert_eq!(newest(long.clone(), None).unwrap(), long);
    assert!(newest(Some("no list".to_owned()), long).is_err());
}

#[test]
fn without_a_center_nothing_is_asked() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let asked = runtime.block_on(Place::new().open().refresh(NOW));
    assert!(!asked.unwrap());
}
