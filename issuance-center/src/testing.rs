//! What unit tests share: synthetic people and a clock that moves when told.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use card::{
    key::PublicKey,
    trust::{Anchor, ApRole, Environment, TrustStore},
};
use ed25519_dalek::Signer;
use issuance_api::{
    Array, Blob, BuildId, CertificateId, CertificateKind, KeyId, Personal, TerminalUrn,
    passport::PassportData,
    registry::{Receipt, Registration},
    terminal::{Authority, Dose, DoseAbroad, Holder, Preview},
};
use serde::{Serialize, de::DeserializeOwned};
use time::OffsetDateTime;

use crate::{
    certificate::{
        page::{FontPaths, Fonts, Typesetter},
        shc::{Claims, Payload},
    },
    clock::Clock,
    event::{Event, Events},
    programme::Programmes,
    state::State,
    statement::{Contents, Registered, StatementKey},
};

#[derive(Default)]
pub(crate) struct Notes(Mutex<Vec<Event>>);

impl Notes {
    pub(crate) fn all(&self) -> Vec<Event> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Events for Notes {
    fn note(&self, event: Event) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(event);
    }
}

/// Stands still until moved.
pub(crate) struct HandClock(Mutex<(Duration, OffsetDateTime)>);

impl HandClock {
    pub(crate) fn at(now: OffsetDateTime) -> Self {
        Self(Mutex::new((Duration::ZERO, now)))
    }

    pub(crate) fn pass(&self, time: Duration) {
        let mut clock = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clock.0 += time;
        clock.1 += time;
    }
}

impl Clock for HandClock {
    fn uptime(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn now(&self) -> OffsetDateTime {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}

pub(crate) fn terminal(number: &str) -> TerminalUrn {
    format!("urn:shomei:terminal:kiosk:dev:{number}")
        .parse()
        .unwrap()
}

pub(crate) fn session_key(seed: u8) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn personal(text: &str) -> Personal {
    Personal::new(text.to_owned())
}

pub(crate) fn state() -> State {
    State {
        ticket: Blob::new(vec![7; 300]),
        session_key: Array::new(session_key(1).verifying_key().to_bytes()),
        application: Array::new([3; 16]),
        record_version: 4,
        issue_until: u64::MAX,
        not_before: 1_795_478_100,
        kid: "3Kfdg-XwP-7gXyywtUfUADwBumDOPKMQx-iELL11W9s"
            .parse()
            .unwrap(),
        barcode_signer: None,
        preview: Preview {
            programme: "covid-19".parse().unwrap(),
            kind: CertificateKind::Domestic,
            holder: Holder {
                name: Personal::new("見本\u{3000}花子".to_owned()),
                birth_date: "1985-04-02".parse().unwrap(),
            },
            authority: Authority {
                code: "132217".parse().unwrap(),
                name: "東京都清瀬市".to_owned(),
                name_en: "Kiyose, Tokyo".to_owned(),
            },
            doses: vec![Dose {
                date: "2021-07-01".parse().unwrap(),
                vaccine: personal("mRNA"),
                vaccine_en: personal("mRNA"),
                product: personal("コミナティ"),
                product_en: personal("Comirnaty"),
                maker: personal("ファイザー"),
                maker_en: personal("Pfizer"),
                lot: personal("EY0779"),
                cvx: personal("208"),
                abroad: None,
            }],
            issued_on: "2026-11-24".parse().unwrap(),
            copies: 1,
            passport: None,
        },
    }
}

/// A passport's data.
pub(crate) fn passport() -> Arc<PassportData> {
    Arc::new(PassportData {
        romanised_name: personal("MIHON  HANAKO"),
        nationality: personal("JPN"),
        number: personal("XX0000001"),
    })
}

/// What of a dose stands in a certificate for abroad too.
pub(crate) fn dose_abroad(number: u8, brand: &str) -> Dose {
    let mut dose = state().preview.doses.remove(0);
    dose.abroad = Some(DoseAbroad {
        number,
        country: personal("JPN"),
        icd11: personal(if brand == "Comirnaty" {
            "XM8NQ0"
        } else {
            "XM3DT5"
        }),
        brand: personal(brand),
    });
    dose
}

pub(crate) fn preview_abroad() -> Preview {
    let mut preview = state().preview;
    preview.kind = CertificateKind::Abroad;
    preview.passport = Some(passport());
    preview.doses = vec![dose_abroad(1, "Comirnaty")];
    preview.authority.name_en = "Kiyose City, Tokyo".to_owned();
    preview
}

/// VRS's statement key in tests.
pub(crate) fn vrs_key() -> ed25519_dalek::SigningKey {
    session_key(0xE5)
}

/// What is to be registered of a state, and the payload.
pub(crate) fn registration(kid: &KeyId) -> (Contents, Registration) {
    let state = state();
    let issuer = "https://issuer.shomei.example".parse().unwrap();
    let payload = Payload::new(&Claims {
        issuer: &issuer,
        not_before: state.not_before,
        types: &[],
        holder: &state.preview.holder,
        passport: None,
        authority: &state.preview.authority.name,
        doses: &state.preview.doses,
        rid: &Array::new([5; 12]),
    })
    .unwrap();
    let registration = Registration {
        certificate_id: CertificateId::from_mac(&[9; 32]),
        programme: state.preview.programme.clone(),
        municipality: state.preview.authority.code,
        kind: state.preview.kind,
        kid: kid.clone(),
        record_version: state.record_version,
        content_digest: payload.digest(),
        issued_on: state.preview.issued_on,
        passport: None,
    };
    let contents = Contents {
        payload,
        seal: None,
    };
    (contents, registration)
}

/// VRS's receipt.
pub(crate) fn receipt(application: &Array<16>, registration: &Registration) -> Receipt {
    let message = Receipt::message(application, registration);
    Receipt {
        application: application.clone(),
        signature: Array::new(vrs_key().sign(&message).to_bytes()),
    }
}

/// A payload with its receipt verified.
pub(crate) fn registered(kid: &KeyId) -> Registered {
    let (contents, registration) = registration(kid);
    let application = Array::new([3; 16]);
    let receipt = receipt(&application, &registration);
    StatementKey::new(vrs_key().verifying_key())
        .registered(contents, registration, &application, &receipt)
        .unwrap()
}

pub(crate) fn build() -> BuildId {
    "0".repeat(64).parse().unwrap()
}

/// The public half of a new signing key.
pub(crate) fn published_key() -> crate::signing::PublicKey {
    use crate::signing::Signer as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    crate::signing::KeyFile::create(&path, Environment::Emulator).unwrap();
    let key = crate::signing::KeyFile::load(&path).unwrap();
    key.public().clone()
}

/// The programmes as shipped.
pub(crate) fn programmes() -> Programmes {
    Programmes::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("programmes")).unwrap()
}

/// The fonts where Debian puts them.
pub(crate) fn typesetter() -> Typesetter {
    let font = |name: &str| Path::new("/usr/share/fonts/truetype").join(name);
    let fonts = Fonts::load(&FontPaths {
        regular: font("bizud-gothic/BIZUDPGothic-Regular.ttf"),
        bold: font("bizud-gothic/BIZUDPGothic-Bold.ttf"),
        names: font("ipamj/ipamjm.ttf"),
    });
    Typesetter::new(fonts.unwrap(), programmes().iter()).unwrap()
}

/// Trust in a CA under which no card is.
pub(crate) fn trust() -> TrustStore {
    let anchor = Anchor {
        id: "6000033".parse().unwrap(),
        role: ApRole::Text,
        environment: Environment::Emulator,
        key: PublicKey::from_modulus(&[0xC5; 256]).unwrap(),
    };
    TrustStore::new(Environment::Emulator, [anchor]).unwrap()
}

/// A person's values have no `Clone`: the same once more, the way it travels.
pub(crate) fn again<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_value(serde_json::to_value(value).unwrap()).unwrap()
}
