//! Evidence of a synthetic card with keys of its own: what verifies, and every way it does not.

use std::sync::LazyLock;

use card::attributes::{Attributes, BirthDate, Sex};
use card::certificate::Certificate;
use card::evidence::{
    Binding, Context, DecodeError, Evidence, EvidenceError, MAX_EVIDENCE, SurfaceError,
    SurfacePart, TextFiles,
};
use card::file::{FileError, MAX_FILE};
use card::key::{KeyId, PublicKey, Signature};
use card::number::IndividualNumber;
use card::surface_ap::AgeRecord;
use card::text_ap::{AttributesFile, CardKeyFile, IntegrityFile, NumberFile};
use card::tlv::TlvError;
use card::trust::{Anchor, ApRole, Environment, TrustStore};
use proptest::prelude::*;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256};

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

/// Making an RSA key takes its time: made once.
struct Keys {
    text_ca: Key,
    surface_ca: Key,
    text_signer: Key,
    surface_signer: Key,
    card: Key,
    surface_card: Key,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    text_ca: Key::make(),
    surface_ca: Key::make(),
    text_signer: Key::make(),
    surface_signer: Key::make(),
    card: Key::make(),
    surface_card: Key::make(),
});

const CONTEXT: Context<'static> = Context {
    center_nonce: [1; 32],
    vrs_nonce: &[2; 48],
    center: "center-1",
    vrs: "vrs-1",
    terminal: "urn:shomei:terminal:kiosk:dev:0001",
    exporter: [3; 32],
    session_key: [4; 32],
};

fn key_id(digits: &str) -> KeyId {
    let digits = digits.as_bytes().try_into().expect("seven digits");
    KeyId::new(digits, *b"001", [0; 4]).expect("digits")
}

fn trust() -> TrustStore {
    let anchor = |id: &str, role, key: &Key| Anchor {
        id: id.parse().expect("seven digits"),
        role,
        environment: Environment::Emulator,
        key: key.public.clone(),
    };
    TrustStore::new(
        Environment::Emulator,
        [
            anchor("7000033", ApRole::Text, &KEYS.text_ca),
            anchor("7000023", ApRole::Surface, &KEYS.surface_ca),
        ],
    )
    .expect("one environment")
}

fn birth() -> BirthDate {
    BirthDate::new(1980, 2, 17).expect("a day")
}

fn attributes(address: &str) -> Attributes {
    Attributes::new("見本　花子".into(), address.into(), birth(), Sex::Female)
}

fn certificate(issuer: &str, subject: &str, key: &Key, ca: &Key) -> Certificate {
    let key = key.public.clone();
    Certificate::issue(key_id(issuer), key_id(subject), key, |body| ca.sign(body))
}

fn files_of(number: NumberFile, attributes: AttributesFile) -> TextFiles {
    let signer = &KEYS.text_signer;
    TextFiles {
        integrity: IntegrityFile::issue(&number, &attributes, |message| signer.sign(message)),
        certificate: certificate("7000033", "1322131", signer, &KEYS.text_ca),
        card_key: CardKeyFile::issue(KEYS.card.public.clone(), |message| signer.sign(message)),
        number,
        attributes,
    }
}

fn files() -> TextFiles {
    let number = IndividualNumber::from_eleven("12345678901").expect("digits");
    let attributes = attributes("東京都清瀬市中里五丁目842番地");
    files_of(NumberFile::of(&number), AttributesFile::of(&attributes))
}

/// The same files once more.
fn again(files: &TextFiles) -> TextFiles {
    TextFiles {
        number: NumberFile::decode(files.number.as_bytes()).expect("it was read before"),
        attributes: AttributesFile::decode(files.attributes.as_bytes())
            .expect("it was read before"),
        integrity: IntegrityFile::decode(files.integrity.as_bytes()).expect("it was read before"),
        certificate: files.certificate.clone(),
        card_key: CardKeyFile::decode(files.card_key.as_bytes()).expect("it was read before"),
    }
}

fn text_answer(files: &TextFiles, context: &Context<'_>) -> Signature {
    let digest = context.digest(ApRole::Text, files.named());
    KEYS.card.sign_digest(&digest)
}

/// The surface part of a card with this birth date, over these files.
fn surface(files: &TextFiles, birth: BirthDate) -> SurfacePart {
    let signer = &KEYS.surface_signer;
    let key = KEYS.surface_card.public.clone();
    let record = AgeRecord::issue(&birth, key, |message| signer.sign(message));
    let certificate = certificate("7000023", "1322121", signer, &KEYS.surface_ca);
    answered(files, record, certificate)
}

fn answered(files: &TextFiles, age_record: AgeRecord, certificate: Certificate) -> SurfacePart {
    let mut part = SurfacePart {
        age_record,
        certificate,
        answer: Signature::from([0; 256]),
    };
    let named = files.named().into_iter().chain(part.named());
    let digest = CONTEXT.digest(ApRole::Surface, named);
    part.answer = KEYS.surface_card.sign_digest(&digest);
    part
}

fn evidence(files: TextFiles) -> Evidence {
    let answer = text_answer(&files, &CONTEXT);
    Evidence::new(files, answer, None)
}

fn outcome(files: TextFiles) -> Result<(), EvidenceError> {
    evidence(files)
        .verify(&CONTEXT, &trust(), Binding::Optional)
        .map(drop)
}

#[test]
fn a_card_verifies_with_and_without_its_surface_ap() {
    let files = files();
    let part = surface(&files, birth());
    let answer = text_answer(&files, &CONTEXT);
    for surface in [None, Some(part)] {
        let bound = surface.is_some();
        let evidence = Evidence::new(again(&files), answer.clone(), surface);
        let sent = evidence.encode();
        assert!(sent.len() <= MAX_EVIDENCE);
        let received = Evidence::decode(&sent).unwrap();
        assert_eq!(received, evidence);

        let verified = received
            .verify(&CONTEXT, &trust(), Binding::Optional)
            .unwrap();
        assert!(verified.number().expose().starts_with("12345678901"));
        assert_eq!(verified.attributes().name().expose(), "見本　花子");
        assert_eq!(verified.signer().municipality_prefix(), "13221");
        assert_eq!(verified.is_bound_by_surface(), bound);
        let signers: Vec<_> = verified.signers().map(|id| id.to_string()).collect();
        let both = ["1322131-001-00000000", "1322121-001-00000000"];
        assert_eq!(signers, both[..1 + usize::from(bound)]);
        assert_eq!(format!("{verified:?}"), "Verified(..)");
    }
}

#[test]
fn nothing_personal_is_printed() {
    let printed = format!("{:?}", evidence(files()));
    for part in ["1234567890", "見本", "東京都", "1980"] {
        assert!(!printed.contains(part), "{part}");
    }
}

#[test]
fn each_broken_step_has_its_own_error() {
    let stranger = Key::make();
    let good = files();
    let signed_by = |key: &Key, number: &NumberFile, attributes: &AttributesFile| {
        IntegrityFile::issue(number, attributes, |message| key.sign(message))
    };

    let mut files = again(&good);
    files.certificate = certificate("7000043", "1322131", &KEYS.text_signer, &KEYS.text_ca);
    assert_eq!(outcome(files), Err(EvidenceError::UnknownIssuer));

    let mut files = again(&good);
    files.certificate = certificate("7000033", "1322131", &KEYS.text_signer, &stranger);
    assert_eq!(outcome(files), Err(EvidenceError::CertificateSignature));

    let mut files = again(&good);
    files.certificate = certificate("7000033", "1322121", &KEYS.text_signer, &KEYS.text_ca);
    assert_eq!(outcome(files), Err(EvidenceError::SignerRole));

    let mut files = again(&good);
    files.number = NumberFile::of(&IndividualNumber::from_eleven("10987654321").unwrap());
    assert_eq!(outcome(files), Err(EvidenceError::NumberDigest));

    let mut files = again(&good);
    files.attributes = AttributesFile::of(&attributes("東京都千代田区千代田1番1号"));
    assert_eq!(outcome(files), Err(EvidenceError::AttributesDigest));

    let mut files = again(&good);
    files.integrity = signed_by(&stranger, &files.number, &files.attributes);
    assert_eq!(outcome(files), Err(EvidenceError::IntegritySignature));

    let mut files = again(&good);
    files.card_key = CardKeyFile::issue(KEYS.card.public.clone(), |message| stranger.sign(message));
    assert_eq!(outcome(files), Err(EvidenceError::CardKeySignature));

    // A copy of all files, presented by somebody without the card's key.
    let digest = CONTEXT.digest(ApRole::Text, good.named());
    let copy = Evidence::new(again(&good), stranger.sign_digest(&digest), None);
    let refused = copy.verify(&CONTEXT, &trust(), Binding::Optional);
    assert_eq!(refused, Err(EvidenceError::Challenge));

    let mut digits = *NumberFile::of(&IndividualNumber::from_eleven("12345678901").unwrap())
        .as_bytes()
        .first_chunk::<17>()
        .unwrap();
    digits[14] = if digits[14] == b'9' {
        b'0'
    } else {
        digits[14] + 1
    };
    let number = NumberFile::decode(&digits).unwrap();
    let files = files_of(number, good.attributes);
    assert_eq!(outcome(files), Err(EvidenceError::CheckDigit));
}

#[test]
fn each_broken_step_of_the_surface_part_has_its_own_error() {
    let stranger = Key::make();
    let files = files();
    let answer = text_answer(&files, &CONTEXT);
    let outcome = |part: SurfacePart| {
        Evidence::new(again(&files), answer.clone(), Some(part))
            .verify(&CONTEXT, &trust(), Binding::Required)
            .map(drop)
    };
    let good = surface(&files, birth());
    let with_certificate = |issuer, subject, ca| {
        let other = certificate(issuer, subject, &KEYS.surface_signer, ca);
        let record = AgeRecord::decode(good.age_record.as_bytes()).unwrap();
        answered(&files, record, other)
    };
    let forged = AgeRecord::issue(&birth(), KEYS.surface_card.public.clone(), |message| {
        stranger.sign(message)
    });
    let mut wrong_answer = surface(&files, birth());
    wrong_answer.answer = answer.clone();
    let other_day = BirthDate::new(1980, 2, 18).unwrap();
    let ca = &KEYS.surface_ca;

    for (part, error) in [
        (
            with_certificate("7000033", "1322121", ca),
            SurfaceError::UnknownIssuer,
        ),
        (
            with_certificate("7000023", "1322121", &stranger),
            SurfaceError::CertificateSignature,
        ),
        (
            with_certificate("7000023", "1322131", ca),
            SurfaceError::SignerRole,
        ),
        (
            answered(&files, forged, good.certificate.clone()),
            SurfaceError::RecordSignature,
        ),
        (surface(&files, other_day), SurfaceError::BirthDate),
        (wrong_answer, SurfaceError::Challenge),
    ] {
        assert_eq!(outcome(part), Err(EvidenceError::Surface(error)));
    }
    assert_eq!(outcome(good), Ok(()));
}

/// A trust store of the text AP's CA alone.
fn text_trust() -> TrustStore {
    let anchor = Anchor {
        id: "7000033".parse().expect("seven digits"),
        role: ApRole::Text,
        environment: Environment::Emulator,
        key: KEYS.text_ca.public.clone(),
    };
    TrustStore::new(Environment::Emulator, [anchor]).expect("one environment")
}

#[test]
fn without_its_surface_part_evidence_counts_only_where_that_is_allowed() {
    let missing = Err(EvidenceError::Surface(SurfaceError::Missing));
    let verify = |surface: Option<SurfacePart>, trust: &TrustStore, binding| {
        let files = files();
        let answer = text_answer(&files, &CONTEXT);
        Evidence::new(files, answer, surface)
            .verify(&CONTEXT, trust, binding)
            .map(|verified| verified.is_bound_by_surface())
    };
    let sound = || Some(surface(&files(), birth()));
    let both = trust();
    assert_eq!(verify(None, &both, Binding::Required), missing);
    assert_eq!(verify(None, &both, Binding::Optional), Ok(false));
    assert_eq!(verify(sound(), &both, Binding::Required), Ok(true));
    assert_eq!(verify(sound(), &both, Binding::Optional), Ok(true));

    // What can be judged is judged, required or not.
    let wrong = || Some(surface(&files(), BirthDate::new(1980, 2, 18).unwrap()));
    let refused = Err(EvidenceError::Surface(SurfaceError::BirthDate));
    assert_eq!(verify(wrong(), &both, Binding::Optional), refused);
    // Without an anchor it cannot be: then it counts for nothing.
    let unknown = Err(EvidenceError::Surface(SurfaceError::UnknownIssuer));
    assert_eq!(verify(sound(), &text_trust(), Binding::Required), unknown);
    assert_eq!(verify(sound(), &text_trust(), Binding::Optional), Ok(false));
    assert_eq!(verify(wrong(), &text_trust(), Binding::Optional), Ok(false));
}

#[test]
fn beside_the_text_ap_the_surface_part_needs_its_birth_date_and_no_challenge() {
    let (files, trust) = (files(), trust());
    let mut part = surface(&files, birth());
    part.answer = Signature::from([0; 256]);
    assert_eq!(part.verify_beside(&files, &trust), Ok(()));
    let anothers = surface(&files, BirthDate::new(1980, 2, 18).unwrap());
    assert_eq!(anothers.verify_signatures(&trust), Ok(()));
    assert_eq!(
        anothers.verify_beside(&files, &trust),
        Err(SurfaceError::BirthDate)
    );
    assert_eq!(
        part.verify_beside(&files, &text_trust()),
        Err(SurfaceError::UnknownIssuer)
    );
}

/// The answer of another card's surface AP over another card's files is that card's, and no answer over
/// these: whatever the birth dates are.
#[test]
fn a_surface_answer_counts_for_the_very_files_it_was_given_over() {
    let of_number = |eleven: &str| {
        let number = NumberFile::of(&IndividualNumber::from_eleven(eleven).unwrap());
        files_of(
            number,
            AttributesFile::of(&attributes("東京都千代田区千代田1番1号")),
        )
    };
    let (victim, thief) = (of_number("12345678901"), of_number("10987654321"));
    let answer = text_answer(&victim, &CONTEXT);
    let elsewhere = Evidence::new(again(&victim), answer, Some(surface(&thief, birth())));
    assert_eq!(
        elsewhere.verify(&CONTEXT, &trust(), Binding::Required),
        Err(EvidenceError::Surface(SurfaceError::Challenge))
    );
    // Over these files, recorded in an earlier context.
    let later = Context {
        center_nonce: [9; 32],
        ..CONTEXT
    };
    let recorded = surface(&victim, birth());
    let replayed = Evidence::new(again(&victim), text_answer(&victim, &later), Some(recorded));
    assert_eq!(
        replayed.verify(&later, &trust(), Binding::Required),
        Err(EvidenceError::Surface(SurfaceError::Challenge))
    );
}

/// What remains: genuine cards whose holders were born on the same day. The format cannot tell them apart, and
/// nothing here claims to. Nor is the key in the age record tied to the thief's: it may be a third card's.
#[test]
fn a_mixture_of_cards_with_one_birth_date_verifies() {
    let victim = files();
    // The text AP of the thief's card signs any digest, and its key is signed by a signer: it takes the
    // victim's number, attributes and integrity record.
    let thief = Key::make();
    let mut mixture = victim;
    let signer = &KEYS.text_signer;
    mixture.card_key = CardKeyFile::issue(thief.public.clone(), |message| signer.sign(message));
    let answer = thief.sign_digest(&CONTEXT.digest(ApRole::Text, mixture.named()));
    let part = surface(&mixture, birth());
    let mixed = Evidence::new(mixture, answer, Some(part));
    assert!(mixed.verify(&CONTEXT, &trust(), Binding::Required).is_ok());
}

#[test]
fn an_answer_counts_in_its_own_context_alone() {
    let other_contexts = [
        Context {
            center_nonce: [9; 32],
            ..CONTEXT
        },
        Context {
            vrs_nonce: &[2; 47],
            ..CONTEXT
        },
        Context {
            center: "center-2",
            ..CONTEXT
        },
        Context {
            vrs: "vrs-2",
            ..CONTEXT
        },
        Context {
            terminal: "urn:shomei:terminal:kiosk:dev:0002",
            ..CONTEXT
        },
        Context {
            exporter: [9; 32],
            ..CONTEXT
        },
        Context {
            session_key: [9; 32],
            ..CONTEXT
        },
    ];
    for context in other_contexts {
        let replayed = evidence(files()).verify(&context, &trust(), Binding::Optional);
        assert_eq!(replayed, Err(EvidenceError::Challenge));
    }

    // Files of the same person, the offsets nobody signs changed: the digest covers the whole file.
    let original = files();
    let mut bytes = original.attributes.as_bytes().to_vec();
    bytes[7] ^= 1;
    let mut changed = again(&original);
    changed.attributes = AttributesFile::decode(&bytes).unwrap();
    assert!(changed.verify(&trust()).is_ok());
    let swapped = Evidence::new(changed, text_answer(&original, &CONTEXT), None);
    let refused = swapped.verify(&CONTEXT, &trust(), Binding::Optional);
    assert_eq!(refused, Err(EvidenceError::Challenge));
}

/// The digest of the context above over the real test card's files, computed by another program
/// (Python's hashlib and struct) from the words of the architecture page.
#[test]
fn the_context_is_the_one_the_architecture_page_states() {
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/");
    let read = |name: &str| std::fs::read(format!("{vectors}{name}.bin")).unwrap();
    let files = TextFiles {
        number: NumberFile::decode(&read("text-ap/text-0001")).unwrap(),
        attributes: AttributesFile::decode(&read("text-ap/text-0002")).unwrap(),
        integrity: IntegrityFile::decode(&read("text-ap/text-0003")).unwrap(),
        certificate: Certificate::decode(&read("text-ap/text-0004")).unwrap(),
        card_key: CardKeyFile::decode(&read("text-ap/text-0007")).unwrap(),
    };
    let part = SurfacePart {
        age_record: AgeRecord::decode(&read("surface-ap/surface-0001")).unwrap(),
        certificate: Certificate::decode(&read("surface-ap/surface-0004")).unwrap(),
        answer: Signature::from([0; 256]),
    };
    let hex = |digest: [u8; 32]| digest.map(|byte| format!("{byte:02x}")).concat();
    assert_eq!(
        hex(CONTEXT.digest(ApRole::Text, files.named())),
        "dfc8e489a8e1627d418b2bc118f2fd89426021956a7a442d72662f62afe12776"
    );
    // The order in which files are given does not matter: names are sorted.
    let both = part.named().into_iter().rev().chain(files.named());
    assert_eq!(
        hex(CONTEXT.digest(ApRole::Surface, both)),
        "ac41d97059044a1e41832169a7efb8fb8cbd3c30c2c09b2e1e7f44b0b918619a"
    );
}

#[test]
fn what_is_not_the_one_encoding_is_refused() {
    let files = files();
    let part = surface(&files, birth());
    let answer = text_answer(&files, &CONTEXT);
    let sent = Evidence::new(files, answer, Some(part)).encode();
    for length in 0..sent.len() {
        assert!(Evidence::decode(&sent[..length]).is_err(), "{length}");
    }
    let with = |at: usize, value: u8| {
        let mut bytes = sent.to_vec();
        bytes[at] = value;
        Evidence::decode(&bytes).unwrap_err()
    };
    let trailing = [&sent[..], &[0]].concat();
    assert_eq!(
        Evidence::decode(&trailing),
        Err(DecodeError::Format(TlvError::Trailing))
    );
    assert_eq!(with(0, 2), DecodeError::Version);
    assert_eq!(with(1, 0xFF), DecodeError::File(FileError::TooLong));
    let flag = sent.len() - (2 + 547 + 2 + 568 + 256) - 1;
    assert_eq!(with(flag, 2), DecodeError::Surface);
}

#[test]
fn a_file_longer_than_any_is_refused() {
    let address = "あ".repeat(2000);
    let longest = AttributesFile::of(&attributes(&address));
    assert!(AttributesFile::decode(longest.as_bytes()).is_ok());
    let padded = vec![0; MAX_FILE + 1];
    assert_eq!(AttributesFile::decode(&padded), Err(FileError::TooLong));
    // Nor is it written: by what goes with the address, and by the address alone.
    let room = 2000 + (MAX_FILE - longest.as_bytes().len()) / "あ".len();
    for (letters, fits) in [
        (room, true),
        (room + 1, false),
        (MAX_FILE, false),
        (30_000, false),
    ] {
        let written = AttributesFile::try_of(&attributes(&"あ".repeat(letters)));
        assert_eq!(written.is_ok(), fits, "{letters}");
    }
}

#[test]
fn a_remembered_certificate_is_remembered_for_its_own_application_and_store() {
    let trust = trust();
    let files = files();
    assert!(files.verify(&trust).is_ok());
    assert!(files.verify(&trust).is_ok());
    let mut record = surface(&files, birth());
    record.certificate = files.certificate.clone();
    assert_eq!(
        record.verify_signatures(&trust),
        Err(SurfaceError::UnknownIssuer)
    );
    let elsewhere = TrustStore::new(
        Environment::Emulator,
        [Anchor {
            id: "7000033".parse().unwrap(),
            role: ApRole::Text,
            environment: Environment::Emulator,
            key: KEYS.surface_ca.public.clone(),
        }],
    );
    assert_eq!(
        files.verify(&elsewhere.unwrap()),
        Err(EvidenceError::CertificateSignature)
    );
}

static SENT: LazyLock<Vec<u8>> = LazyLock::new(|| evidence(files()).encode().to_vec());

proptest! {
    #[test]
    fn names_and_addresses_of_any_length_survive(
        name in "\\PC{0,200}",
        address in "\\PC{0,600}",
        (month, day) in (0u8..=12, 0u8..=28),
        sex: u8,
    ) {
        let birth = BirthDate::new(1980, month, day).unwrap();
        let attributes = Attributes::new(name, address, birth, Sex::from(sex));
        let written = AttributesFile::of(&attributes);
        let read = AttributesFile::decode(written.as_bytes()).unwrap();
        prop_assert_eq!(read.attributes(), &attributes);
        prop_assert_eq!(read, written);
    }

    #[test]
    fn any_bytes_are_refused_or_the_one_encoding(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        if let Ok(evidence) = Evidence::decode(&bytes) {
            prop_assert_eq!(&*evidence.encode(), &bytes);
        }
    }

    #[test]
    fn altered_evidence_is_refused_or_the_one_encoding(at in 0usize..2000, value: u8) {
        let mut bytes = SENT.clone();
        let at = at % bytes.len();
        bytes[at] = value;
        if let Ok(evidence) = Evidence::decode(&bytes) {
            prop_assert_eq!(&*evidence.encode(), &bytes);
        }
    }
}
