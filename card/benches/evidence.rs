//! What believing a card costs: `cargo bench -p card`.
//!
//! The files are those of a real test card. It is not here to answer a challenge, so the whole evidence is a synthetic
//! card's. A verified signer certificate is remembered: "first of its municipality" is without that.

use std::hint::black_box;
use std::path::Path;

use card::attributes::{Attributes, BirthDate, Sex};
use card::certificate::Certificate;
use card::evidence::{Binding, Context, Evidence, SurfacePart, TextFiles};
use card::key::{KeyId, PublicKey, Signature};
use card::number::IndividualNumber;
use card::surface_ap::AgeRecord;
use card::text_ap::{AttributesFile, CardKeyFile, IntegrityFile, NumberFile};
use card::trust::{Anchor, ApRole, Environment, TrustStore};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");

fn parse(files: &[Vec<u8>; 5]) -> TextFiles {
    let [number, attributes, integrity, certificate, card_key] = files;
    TextFiles {
        number: NumberFile::decode(number).expect("EF 0001"),
        attributes: AttributesFile::decode(attributes).expect("EF 0002"),
        integrity: IntegrityFile::decode(integrity).expect("EF 0003"),
        certificate: Certificate::decode(certificate).expect("EF 0004"),
        card_key: CardKeyFile::decode(card_key).expect("EF 0007"),
    }
}

fn real_files(c: &mut Criterion) {
    let vectors = Path::new(VECTORS);
    let files = ["0001", "0002", "0003", "0004", "0007"]
        .map(|ef| std::fs::read(vectors.join(format!("text-ap/text-{ef}.bin"))).expect("a vector"));
    let trust = || {
        TrustStore::load(&vectors.join("ca"), Environment::TestCard).expect("vectors are anchors")
    };
    c.bench_function("real card: parse five files", |b| {
        b.iter(|| parse(black_box(&files)));
    });
    let parsed = parse(&files);
    let remembering = trust();
    parsed.verify(&remembering).expect("they verify");
    c.bench_function("real card: verify files", |b| {
        b.iter(|| {
            black_box(&parsed)
                .verify(&remembering)
                .expect("they verify")
        });
    });
    c.bench_function("real card: verify files, first of its municipality", |b| {
        b.iter_batched(
            trust,
            |trust| parsed.verify(&trust).expect("they verify"),
            BatchSize::SmallInput,
        );
    });
}

struct Key {
    private: rsa::PrivateKey,
    public: PublicKey,
}

impl Key {
    fn make() -> Self {
        let private = rsa::PrivateKey::new(&mut rand::rng(), 2048).expect("2048 bits are allowed");
        let public = PublicKey::from_modulus(&private.n_bytes()).expect("it has 2048 bits");
        Self { private, public }
    }

    fn sign_digest(&self, digest: &[u8; 32]) -> Signature {
        let scheme = Pkcs1v15Sign::new::<Sha256>();
        let signature = self.private.sign(scheme, digest).expect("it is a good key");
        Signature::try_from(&signature[..]).expect("2048 bits")
    }

    fn sign(&self, message: &[u8]) -> Signature {
        self.sign_digest(&Sha256::digest(message).into())
    }
}

const CONTEXT: Context<'static> = Context {
    center_nonce: [1; 32],
    vrs_nonce: &[2; 48],
    center: "center-1",
    vrs: "vrs-1",
    terminal: "urn:shomei:terminal:kiosk:dev:0001",
    exporter: [3; 32],
    session_key: [4; 32],
};

fn evidence(c: &mut Criterion) {
    let [ca, signer, card] = [Key::make(), Key::make(), Key::make()];
    let [surface_ca, surface_signer, surface_card] = [Key::make(), Key::make(), Key::make()];
    let birth = || BirthDate::new(1980, 2, 17).expect("a day");
    let id = |digits: &[u8; 7]| KeyId::new(*digits, *b"001", [0; 4]).expect("digits");
    let number = IndividualNumber::from_eleven("12345678901").expect("digits");
    let number = NumberFile::of(&number);
    let attributes = AttributesFile::of(&Attributes::new(
        "見本　花子".into(),
        "東京都清瀬市中里五丁目842番地".into(),
        birth(),
        Sex::Female,
    ));
    let files = TextFiles {
        integrity: IntegrityFile::issue(&number, &attributes, |message| signer.sign(message)),
        certificate: Certificate::issue(
            id(b"7000033"),
            id(b"1322131"),
            signer.public.clone(),
            |body| ca.sign(body),
        ),
        card_key: CardKeyFile::issue(card.public.clone(), |message| signer.sign(message)),
        number,
        attributes,
    };
    let answer = card.sign_digest(&CONTEXT.digest(ApRole::Text, files.named()));
    let key = surface_card.public.clone();
    let mut surface = SurfacePart {
        age_record: AgeRecord::issue(&birth(), key, |message| surface_signer.sign(message)),
        certificate: Certificate::issue(
            id(b"7000023"),
            id(b"1322121"),
            surface_signer.public.clone(),
            |body| surface_ca.sign(body),
        ),
        answer: Signature::from([0; 256]),
    };
    let both = files.named().into_iter().chain(surface.named());
    surface.answer = surface_card.sign_digest(&CONTEXT.digest(ApRole::Surface, both));
    let bytes = Evidence::new(files, answer, Some(surface)).encode();
    let trust = || {
        let anchor = |id: &str, role, key: &Key| Anchor {
            id: id.parse().expect("seven digits"),
            role,
            environment: Environment::Emulator,
            key: key.public.clone(),
        };
        let anchors = [
            anchor("7000033", ApRole::Text, &ca),
            anchor("7000023", ApRole::Surface, &surface_ca),
        ];
        TrustStore::new(Environment::Emulator, anchors).expect("one environment")
    };
    let believe = |trust: &TrustStore| {
        let evidence = Evidence::decode(black_box(&bytes)).expect("as encoded");
        evidence
            .verify(&CONTEXT, trust, Binding::Required)
            .expect("it verifies")
    };
    let remembering = trust();
    believe(&remembering);
    c.bench_function("evidence: decode and verify", |b| {
        b.iter(|| believe(&remembering));
    });
    c.bench_function(
        "evidence: decode and verify, first of its municipality",
        |b| {
            b.iter_batched(trust, |trust| believe(&trust), BatchSize::SmallInput);
        },
    );
}

criterion_group!(benches, real_files, evidence);
criterion_main!(benches);
