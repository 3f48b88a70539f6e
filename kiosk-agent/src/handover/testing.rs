//! A made-up issuer with a real key, real signatures and real pages, for tests alone.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use card::attributes::{Attributes, BirthDate, Sex};
use dev_pages::page;
use issuance_api::terminal::{Authority, Dose, Holder, IssueAnswer, Localized, Preview};
use issuance_api::{CertificateId, CertificateKind, Personal, PersonalBytes};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{CardHolder, Certificate, Issuer, qr_text};

pub(crate) const ISS: &str = "https://issuer.example";

/// A certificate that was never checked: for tests of outputs, which do not look into it.
pub(crate) fn certificate(jws: &str, page: &[u8]) -> Certificate {
    Certificate {
        jws: Personal::new(jws.to_owned()),
        seal: None,
        page: PersonalBytes::new(page.to_vec()),
        copies: 2,
        out: 0,
    }
}

/// Makes what a center makes.
pub(crate) struct Maker {
    key: SigningKey,
    kid: String,
}

impl Maker {
    pub(crate) fn new(seed: u8) -> Self {
        let key = SigningKey::from_slice(&[seed; 32]).unwrap();
        let point = key.verifying_key().to_sec1_point(false);
        let [x, y] =
            [point.x().unwrap(), point.y().unwrap()].map(|part| URL_SAFE_NO_PAD.encode(part));
        let thumbprint = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        Self {
            key,
            kid: URL_SAFE_NO_PAD.encode(Sha256::digest(thumbprint)),
        }
    }

    pub(crate) fn issuer(&self) -> Issuer {
        Issuer::new(ISS.to_owned(), &self.jwks(None)).unwrap()
    }

    /// Its keys as it publishes them, with the counter of its list of revocations, if there is one.
    pub(crate) fn jwks(&self, crl_version: Option<u64>) -> String {
        let point = self.key.verifying_key().to_sec1_point(false);
        let [x, y] =
            [point.x().unwrap(), point.y().unwrap()].map(|part| URL_SAFE_NO_PAD.encode(part));
        let mut keys = json!({"keys": [{
            "kty": "EC", "kid": self.kid, "use": "sig", "alg": "ES256", "crv": "P-256", "x": x, "y": y,
        }]});
        if let Some(version) = crl_version {
            keys["keys"][0]["crlVersion"] = version.into();
        }
        keys.to_string()
    }

    /// Its list of revocations.
    pub(crate) fn revoked(&self, rids: &[&str]) -> String {
        let list = json!({"kid": self.kid, "method": "rid", "ctr": 1 + rids.len(), "rids": rids});
        list.to_string()
    }

    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    pub(crate) fn sign(&self, payload: &Value) -> String {
        let header = json!({"alg": "ES256", "zip": "DEF", "kid": self.kid}).to_string();
        let deflated = miniz_oxide::deflate::compress_to_vec(payload.to_string().as_bytes(), 9);
        let signed = [header.as_bytes(), &deflated]
            .map(|part| URL_SAFE_NO_PAD.encode(part))
            .join(".");
        let signature: Signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    /// An answer to a preview, as it should be.
    pub(crate) fn answer(&self, preview: &Preview) -> IssueAnswer {
        let jws = self.sign(&payload(preview));
        answer(&jws, &page(&[&qr_text(&jws)]))
    }
}

pub(crate) fn answer(jws: &str, page: &[u8]) -> IssueAnswer {
    IssueAnswer {
        certificate_id: CertificateId::from_mac(&[7; 32]),
        jws: Personal::new(jws.to_owned()),
        vds_nc: None,
        page: PersonalBytes::new(page.to_vec()),
    }
}

pub(crate) fn attributes(name: &str, birth: (u16, u8, u8)) -> Attributes {
    let birth = BirthDate::new(birth.0, birth.1, birth.2).unwrap();
    Attributes::new(
        name.to_owned(),
        "東京都清瀬市".to_owned(),
        birth,
        Sex::Female,
    )
}

pub(crate) fn holder() -> CardHolder {
    CardHolder::read(&attributes("架空　花子", (1980, 2, 17)))
}

pub(crate) fn said(text: &str) -> Localized {
    let [ja, en, zh, ko] = [(); 4].map(|()| text.to_owned());
    Localized { ja, en, zh, ko }
}

pub(crate) fn preview() -> Preview {
    let text = |text: &str| Personal::new(text.to_owned());
    let dose = |date: &str, lot: &str| Dose {
        date: date.parse().unwrap(),
        vaccine: text("新型コロナウイルス"),
        vaccine_en: text("COVID-19"),
        product: text("コミナティ"),
        product_en: text("Comirnaty"),
        maker: text("ファイザー"),
        maker_en: text("Pfizer"),
        lot: text(lot),
        cvx: text("208"),
        abroad: None,
    };
    Preview {
        programme: "covid-19".parse().unwrap(),
        kind: CertificateKind::Domestic,
        holder: Holder {
            name: Personal::new("架空　花子".into()),
            birth_date: "1980-02-17".parse().unwrap(),
        },
        authority: Authority {
            code: "132217".parse().unwrap(),
            name: "東京都清瀬市".into(),
            name_en: "Kiyose City, Tokyo".into(),
        },
        doses: vec![dose("2021-06-01", "EX0001"), dose("2021-06-22", "EX0002")],
        issued_on: "2026-11-23".parse().unwrap(),
        copies: 1,
        passport: None,
    }
}

/// The payload of a SMART Health Card that says what a preview showed.
pub(crate) fn payload(preview: &Preview) -> Value {
    let name: Vec<_> = preview.holder.name.expose().split('\u{3000}').collect();
    let romanised = preview.passport.as_ref().map(|passport| {
        let (family, given) = passport.names();
        json!({"family": family, "given": given.collect::<Vec<_>>()})
    });
    let patient = json!({"fullUrl": "resource:0", "resource": {
        "resourceType": "Patient",
        "name": std::iter::once(json!({"family": name[0], "given": name[1..]})).chain(romanised).collect::<Vec<_>>(),
        "birthDate": String::from(preview.holder.birth_date.expose()),
    }});
    let doses = preview.doses.iter().zip(1..).map(|(dose, number)| {
        json!({"fullUrl": format!("resource:{number}"), "resource": {
            "resourceType": "Immunization",
            "status": "completed",
            "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": dose.cvx}]},
            "patient": {"reference": "resource:0"},
            "occurrenceDateTime": String::from(dose.date.expose()),
            "lotNumber": dose.lot,
            "performer": [{"actor": {"display": preview.authority.name}}],
        }})
    });
    let entry: Vec<_> = std::iter::once(patient).chain(doses).collect();
    json!({
        "iss": ISS,
        "nbf": 1_790_000_000,
        "vc": {
            "type": ["https://smarthealth.cards#health-card", "https://smarthealth.cards#immunization"],
            "credentialSubject": {
                "fhirVersion": "4.0.1",
                "fhirBundle": {"resourceType": "Bundle", "type": "collection", "entry": entry},
            },
            "rid": "AAAAAAAAAAAAAAAA",
        },
    })
}

/// A person's values have no `Clone`: the same once more, the way it travels.
pub(crate) fn again<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    serde_json::from_value(serde_json::to_value(value).unwrap()).unwrap()
}
