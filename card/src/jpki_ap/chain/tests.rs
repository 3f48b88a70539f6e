//! A real test card's certificate under the real CA of the test environment.

use std::time::Duration;

use super::*;

const HOLDER: &[u8] = include_bytes!("../../../tests/vectors/jpki/jpki-auth-cert.der");
const CA: &[u8] = include_bytes!("../../../tests/vectors/jpki/jpki-auth-ca-cert.der");

/// 2025-10-27 01:35:42 and 2030-02-17 14:59:59, UTC: the first and the last second of the holder's.
const FIRST: u64 = 1_761_528_942;
const LAST: u64 = 1_897_570_799;

fn trust() -> TrustedCas {
    TrustedCas::new([CA.to_vec()]).unwrap()
}

fn at(second: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(second)
}

fn verify(holder: &[u8], ca: &[u8]) -> Result<AuthenticationCertificate, ChainError> {
    Certificates::new(holder, ca).verify(&trust(), at(FIRST))
}

#[test]
fn the_test_card_s_certificate_verifies() {
    let certificate = verify(HOLDER, CA).unwrap();
    assert_eq!(certificate.serial().expose(), &[0x22, 0x7B, 0x13]);
    assert_eq!(certificate.not_after(), i64::try_from(LAST).unwrap());
    assert_eq!(certificate.key().modulus()[..4], [0xAC, 0x79, 0x4F, 0x17]);
    assert_eq!(format!("{certificate:?}"), "AuthenticationCertificate(..)");
}

#[test]
fn it_is_valid_from_its_first_to_its_last_second() {
    let certificates = Certificates::new(HOLDER, CA);
    let verify = |second| certificates.verify(&trust(), at(second)).map(|_| ());
    assert_eq!(verify(FIRST - 1), Err(ChainError::NotYet(Of::Holder)));
    assert_eq!(verify(FIRST), Ok(()));
    assert_eq!(verify(LAST), Ok(()));
    assert_eq!(verify(LAST + 1), Err(ChainError::Expired(Of::Holder)));
    // The CA's: 2023-03-23 to 2033-03-22.
    assert_eq!(verify(0), Err(ChainError::NotYet(Of::Ca)));
    assert_eq!(verify(2_000_000_000), Err(ChainError::Expired(Of::Ca)));
}

/// Every single bit of either certificate: those outside of the signed part as well.
#[test]
fn every_flipped_bit_is_noticed() {
    for (which, original) in [HOLDER, CA].into_iter().enumerate() {
        for bit in 0..original.len() * 8 {
            let mut changed = original.to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            let result = match which {
                0 => verify(&changed, CA),
                _ => verify(HOLDER, &changed),
            };
            assert!(result.is_err(), "certificate {which}, bit {bit}");
        }
    }
}

/// A CA certificate is not believed because it signed itself; and one with a flipped bit is none, even
/// for an operator.
#[test]
fn only_the_operator_s_cas_are_trusted() {
    let mut other = CA.to_vec();
    // A letter of the subject's organisation.
    let at_name = other.windows(9).rposition(|bytes| bytes == b"JPKI-TEST");
    other[at_name.unwrap()] ^= 0x01;
    assert!(matches!(
        TrustedCas::new([other]).unwrap_err(),
        CaError::Certificate(ChainError::Signature(Of::Ca))
    ));
    assert!(matches!(TrustedCas::new([]).unwrap_err(), CaError::None));
    assert!(matches!(
        TrustedCas::new([HOLDER.to_vec()]).unwrap_err(),
        CaError::Certificate(ChainError::Profile {
            of: Of::Ca,
            rule: Rule::BasicConstraints
        })
    ));
}

#[test]
fn what_is_not_a_certificate_of_the_profile_is_refused() {
    assert_eq!(verify(&[], CA), Err(ChainError::Der(Of::Holder)));
    assert_eq!(
        verify(&[HOLDER, &[0xFF]].concat(), CA),
        Err(ChainError::Der(Of::Holder))
    );
    assert_eq!(
        verify(&HOLDER[..HOLDER.len() - 1], CA),
        Err(ChainError::Der(Of::Holder))
    );
    // The CA's certificate in the holder's place: issued by the CA, and no holder's.
    assert_eq!(
        verify(CA, CA),
        Err(ChainError::Profile {
            of: Of::Holder,
            rule: Rule::BasicConstraints
        })
    );
    assert!(verify(HOLDER, HOLDER).is_err());
}

#[test]
fn folders_hold_der_and_pem() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        TrustedCas::load(folder.path()),
        Err(CaError::None)
    ));
    fs::write(folder.path().join("ca.der"), CA).unwrap();
    fs::write(folder.path().join("README"), "nothing").unwrap();
    let trusted = TrustedCas::load(folder.path()).unwrap();
    assert!(
        Certificates::new(HOLDER, CA)
            .verify(&trusted, at(LAST))
            .is_ok()
    );
    fs::write(folder.path().join("ca.pem"), "nothing").unwrap();
    assert!(matches!(TrustedCas::load(folder.path()), Err(CaError::Pem)));
}
