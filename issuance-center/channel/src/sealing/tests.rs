use super::*;

const EXPORTER: Array<32> = Array::new([0xee; 32]);

const BINDING: Binding<'_> = Binding {
    method: "POST",
    path: "/v1/evidence",
    client: "urn:shomei:terminal:kiosk:dev:0001",
    exporter: &EXPORTER,
};

fn open(
    keys: &mut RecipientKeys,
    now: Instant,
    binding: &Binding<'_>,
    body: &[u8],
) -> Result<(Zeroizing<Vec<u8>>, ResponseSealer), SealError> {
    keys.find(body, now)?.open(binding)
}

#[test]
fn there_and_back() {
    let now = Instant::now();
    let mut keys = RecipientKeys::new(now);
    for length in [0, 1, 65_536] {
        let question = vec![b'?'; length];
        let (body, opener) = seal_request(&keys.recipient(now), &BINDING, &question).unwrap();
        assert_eq!(body.len(), 41 + length + 16);
        let (opened, sealer) = open(&mut keys, now, &BINDING, &body).unwrap();
        assert_eq!(*opened, question);
        let (status, answer) = opener.open(&sealer.seal(422, b"{}")).unwrap();
        assert_eq!((status, answer.as_slice()), (422, &b"{}"[..]));
    }
}

#[test]
fn two_seals_of_the_same_body_share_nothing_after_the_key_id() {
    let now = Instant::now();
    let recipient = RecipientKeys::new(now).recipient(now);
    let seal = || seal_request(&recipient, &BINDING, b"same").unwrap().0;
    let (one, other) = (seal(), seal());
    assert_eq!(one[..9], other[..9]);
    assert_ne!(one[9..41], other[9..41]);
    assert_ne!(one[41..], other[41..]);
}

#[test]
fn every_byte_counts() {
    let now = Instant::now();
    let mut keys = RecipientKeys::new(now);
    let (body, opener) = seal_request(&keys.recipient(now), &BINDING, b"question").unwrap();
    for place in 0..body.len() {
        let mut altered = body.clone();
        altered[place] ^= 1;
        let expected = match place {
            1..9 => SealError::KeyUnknown,
            _ => SealError::Invalid,
        };
        let opened = open(&mut keys, now, &BINDING, &altered);
        assert_eq!(opened.err(), Some(expected), "byte {place}");
    }
    for length in 0..body.len() {
        assert!(open(&mut keys, now, &BINDING, &body[..length]).is_err());
    }

    let (_, sealer) = open(&mut keys, now, &BINDING, &body).unwrap();
    let answer = sealer.seal(200, b"answer");
    let again = |body: &[u8]| {
        let Response { enc, secret } = &opener.0;
        let (enc, secret) = (*enc, secret.clone());
        ResponseOpener(Response { enc, secret }).open(body)
    };
    assert!(again(&answer).is_ok());
    for place in 0..answer.len() {
        let mut altered = answer.clone();
        altered[place] ^= 1;
        assert_eq!(
            again(&altered).err(),
            Some(SealError::Invalid),
            "byte {place}"
        );
        assert!(again(&answer[..place]).is_err());
    }
}

#[test]
fn a_seal_is_bound_to_method_path_client_and_connection() {
    let now = Instant::now();
    let mut keys = RecipientKeys::new(now);
    let (body, _) = seal_request(&keys.recipient(now), &BINDING, b"question").unwrap();
    let exporter = Array::new([0xef; 32]);
    for other in [
        Binding {
            method: "PUT",
            ..BINDING
        },
        Binding {
            path: "/v1/inquiry",
            ..BINDING
        },
        Binding {
            client: "urn:shomei:terminal:kiosk:dev:0002",
            ..BINDING
        },
        Binding {
            exporter: &exporter,
            ..BINDING
        },
    ] {
        let opened = open(&mut keys, now, &other, &body);
        assert_eq!(
            opened.err(),
            Some(SealError::Invalid),
            "{}",
            other.info().escape_ascii()
        );
    }
    assert!(open(&mut keys, now, &BINDING, &body).is_ok());
}

#[test]
fn an_answer_opens_only_against_its_own_request() {
    let now = Instant::now();
    let mut keys = RecipientKeys::new(now);
    let recipient = keys.recipient(now);
    let mut exchange = || {
        let (body, opener) = seal_request(&recipient, &BINDING, b"question").unwrap();
        let (_, sealer) = open(&mut keys, now, &BINDING, &body).unwrap();
        (opener, sealer.seal(200, b"answer"))
    };
    let ((one, _), (_, answer_to_other)) = (exchange(), exchange());
    assert_eq!(one.open(&answer_to_other).err(), Some(SealError::Invalid));
}

#[test]
fn keys_rotate_and_open_for_as_long_again() {
    let start = Instant::now();
    let second = Duration::from_secs(1);
    let mut keys = RecipientKeys::new(start);
    let first = keys.recipient(start);
    assert_eq!(keys.recipient(start + EPOCH - second), first);
    let (body, _) = seal_request(&first, &BINDING, b"question").unwrap();

    let next = keys.recipient(start + EPOCH);
    assert_ne!(next, first);
    assert!(open(&mut keys, start + 2 * EPOCH - second, &BINDING, &body).is_ok());
    let late = open(&mut keys, start + 2 * EPOCH, &BINDING, &body);
    assert_eq!(late.err(), Some(SealError::KeyUnknown));
}

#[test]
fn a_key_is_given_up_in_time_though_nobody_uses_any() {
    let start = Instant::now();
    let mut keys = RecipientKeys::new(start);
    let first = Arc::downgrade(&keys.current);
    keys.rotate(start + EPOCH);
    assert!(first.upgrade().is_some(), "kept for as long again");
    keys.rotate(start + 2 * EPOCH);
    assert!(first.upgrade().is_none(), "wiped");
}

#[test]
fn after_a_long_silence_no_old_key_opens() {
    let start = Instant::now();
    let mut keys = RecipientKeys::new(start);
    let (body, _) = seal_request(&keys.recipient(start), &BINDING, b"question").unwrap();
    let late = open(&mut keys, start + 2 * EPOCH, &BINDING, &body);
    assert_eq!(late.err(), Some(SealError::KeyUnknown));
}

/// Made by another implementation, in Python from the text of the RFCs: recipient's private key 00 01 … 1f, ephemeral
/// private key 64 65 … 83, response nonce 77 77 ….
#[test]
fn the_wire_format_is_as_another_implementation_makes_it() {
    let private = std::array::from_fn::<u8, 32, _>(|n| u8::try_from(n).unwrap());
    let key = Key::from_private(PrivateKey::from_bytes(&private).unwrap());
    assert_eq!(hex(key.public.public_key.as_bytes()), PUBLIC_KEY);
    let now = Instant::now();
    let mut keys = RecipientKeys {
        current: Arc::new(key),
        since: now,
        previous: None,
    };
    let (opened, sealer) = open(&mut keys, now, &BINDING, &bytes(REQUEST)).unwrap();
    assert_eq!(opened.as_slice(), br#"{"text":"question"}"#);
    let answer = sealer.seal_with(404, br#"{"text":"answer"}"#, [0x77; 32]);
    assert_eq!(hex(&answer), RESPONSE);
}

/// The KEM of the crate `hpke` at the other end, either way.
#[test]
fn the_crate_s_own_kem_agrees() {
    use hpke::kem::X25519HkdfSha256 as Theirs;

    let mut random = UnwrapErr(getrandom::SysRng);
    for seed in 0..=u8::MAX {
        let (ours, public) = X25519HkdfSha256::derive_keypair(&[seed; 32]);
        let (theirs, their_public) = Theirs::derive_keypair(&[seed; 32]);
        // Scalars may differ in the bits that X25519 sets itself.
        assert_eq!(public.to_bytes(), their_public.to_bytes());
        let (secret, enc) = X25519HkdfSha256::encap_with_rng(&public, None, &mut random).unwrap();
        let enc = Deserializable::from_bytes(&enc.to_bytes()).unwrap();
        assert_eq!(Theirs::decap(&theirs, None, &enc).unwrap().0, secret.0);
        let (secret, enc) = Theirs::encap_with_rng(&their_public, None, &mut random).unwrap();
        let enc = Deserializable::from_bytes(&enc.to_bytes()).unwrap();
        assert_eq!(
            X25519HkdfSha256::decap(&ours, None, &enc).unwrap().0,
            secret.0
        );
    }
}

#[test]
fn nobody_seals_to_a_point_of_low_order() {
    let (private, _) = X25519HkdfSha256::derive_keypair(&[1; 32]);
    for first in [0, 1] {
        let mut point = [0; 32];
        point[0] = first;
        let low = Recipient {
            key_id: Array::new([0; 8]),
            public_key: Array::new(point),
        };
        assert_eq!(
            seal_request(&low, &BINDING, b"question").err(),
            Some(SealError::Invalid)
        );
        let enc = EncappedKey::from_bytes(&point).unwrap();
        assert!(X25519HkdfSha256::decap(&private, None, &enc).is_err());
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

const PUBLIC_KEY: &str = "8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f";
const REQUEST: &str = concat!(
    "01eedd883da0a945157d9c24316539825c1896e57f28197746793ce60cbee3ad47da9d07b85fa55e2a4d33b066c4a5d7adc6",
    "54e009ce9467feae153bd582c111bfccd5b2e08b26fa61316a38",
);
const RESPONSE: &str = concat!(
    "017777777777777777777777777777777777777777777777777777777777777777dd8ff8f4181d3dca4b0798cb22113c3609",
    "c2e030adbf7c041c12a76863563215c7e7d5",
);
