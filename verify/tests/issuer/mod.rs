//! A country that issues VDS-NC, made for a test: CSCA, signers, revocation lists, seals. By rcgen and serde_json, which share nothing with
//! what is tested; serde_json's sorted maps are JCS as long as names are ASCII and numbers whole.

// Each test binary uses its own part.
#![allow(dead_code, unreachable_pub)]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer,
    CustomExtension, DnType, DnValue, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SerialNumber,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use verify::{Country, Csca, RevokedSigners, TrustList};

/// Now, for all of it.
pub const NOW: OffsetDateTime = time::macros::datetime!(2026-11-01 12:00 UTC);

pub const EKU: [u64; 4] = [2, 5, 29, 37];
pub const DOCUMENT_TYPES: [u64; 7] = [2, 23, 136, 1, 1, 6, 2];

/// A CSCA with its key.
pub struct Authority {
    pub issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A signer's certificate and key.
pub struct Signer {
    pub der: Vec<u8>,
    pub key: SigningKey,
    pub serial: SerialNumber,
}

pub fn name(params: &mut CertificateParams, country: &str, common: &str) {
    params.distinguished_name = rcgen::DistinguishedName::new();
    let printable = |text: &str| DnValue::PrintableString(text.try_into().unwrap());
    let name = &mut params.distinguished_name;
    name.push(DnType::CountryName, printable(country));
    name.push(DnType::CommonName, printable(common));
}

impl Authority {
    pub fn new(country: &str) -> Self {
        Self::with(country, &rcgen::PKCS_ECDSA_P256_SHA256, |_| {})
    }

    pub fn with(
        country: &str,
        algorithm: &'static rcgen::SignatureAlgorithm,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let params = Self::params(country, change);
        let key = KeyPair::generate_for(algorithm).unwrap();
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        Self { issuer }
    }

    fn params(country: &str, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
        let mut params = CertificateParams::default();
        name(&mut params, country, "Country Signing CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = NOW - Duration::days(365);
        params.not_after = NOW + Duration::days(20 * 365);
        params.serial_number = Some(SerialNumber::from(1));
        change(&mut params);
        params
    }

    /// The same key and name in another certificate.
    pub fn renewed(&self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::from_pem(&self.issuer.key().serialize_pem()).unwrap();
        Self {
            issuer: CertifiedIssuer::self_signed(Self::params("UT", change), key).unwrap(),
        }
    }

    pub fn der(&self) -> &[u8] {
        self.issuer.der()
    }

    pub fn csca(&self) -> Csca {
        Csca::parse(self.der()).unwrap()
    }

    /// A signer of the profile, changed.
    pub fn signer(&self, change: impl FnOnce(&mut CertificateParams)) -> Signer {
        let mut params = CertificateParams::default();
        name(&mut params, "UT", "Barcode Signer 01");
        params.not_before = NOW - Duration::days(30);
        params.not_after = params.not_before + Duration::days(3652 + 94);
        params.serial_number = Some(SerialNumber::from(0x0102_0304));
        params.use_authority_key_identifier_extension = true;
        params.custom_extensions = vec![eku("\x06\x07\x67\u{81}\x08\x01\x01\x0e\x02"), types("NV")];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Signer {
            der: certificate.der().to_vec(),
            key: SigningKey::from_pkcs8_der(key.serialized_der()).unwrap(),
            serial: params.serial_number.unwrap(),
        }
    }

    pub fn revoke(&self, serials: &[&SerialNumber]) -> Vec<u8> {
        self.revoke_with(serials, |_| {})
    }

    pub fn revoke_with(
        &self,
        serials: &[&SerialNumber],
        change: impl FnOnce(&mut CertificateRevocationListParams),
    ) -> Vec<u8> {
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: (*serial).clone(),
            revocation_time: NOW - Duration::days(2),
            reason_code: None,
            invalidity_date: None,
        });
        let mut params = CertificateRevocationListParams {
            this_update: NOW - Duration::days(1),
            next_update: NOW + Duration::days(90),
            crl_number: SerialNumber::from(7),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        change(&mut params);
        params.signed_by(&self.issuer).unwrap().der().to_vec()
    }
}

/// An extended key usage of this content of its sequence, critical.
pub fn eku(oids: &str) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&EKU, sequence(latin(oids)));
    extension.set_criticality(true);
    extension
}

/// The extension of this document type.
pub fn types(name: &str) -> CustomExtension {
    let printable = [&[0x13, u8::try_from(name.len()).unwrap()], name.as_bytes()].concat();
    let set = [
        vec![0x31, u8::try_from(printable.len()).unwrap()],
        printable,
    ]
    .concat();
    CustomExtension::from_oid_content(&DOCUMENT_TYPES, sequence([vec![2, 1, 0], set].concat()))
}

fn latin(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect()
}

pub fn sequence(content: Vec<u8>) -> Vec<u8> {
    [vec![0x30, u8::try_from(content.len()).unwrap()], content].concat()
}

/// `data` of a proof of vaccination of a state.
pub fn data(state: &str) -> Value {
    json!({
        "hdr": {"t": "icao.vacc", "v": 1, "is": state},
        "msg": {
            "uvci": "U32870",
            "pid": {"n": "MIHON HANAKO", "dob": "1985-04-02", "sex": "F", "i": "TK0000001"},
            "ve": [{"des": "XM8NQ0", "nam": "Comirnaty", "dis": "RA01.0", "vd": [
                {"dvc": "2021-07-01", "seq": 1, "ctr": "JPN", "adm": "Mihon City", "lot": "EY0779"},
                {"dvc": "2021-07-22", "seq": 2, "ctr": "JPN", "adm": "Mihon City", "lot": "EY0573"},
            ]}],
        },
    })
}

impl Signer {
    /// PKCS#8.
    pub fn key_pem(&self) -> String {
        self.key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
    }

    /// A seal, as the text of a QR symbol.
    pub fn seal(&self, data: &Value) -> String {
        let signature: Signature = self.key.sign(data.to_string().as_bytes());
        let [cer, sigvl] = [&self.der[..], &signature.to_bytes()[..]].map(|b| URL_SAFE.encode(b));
        json!({"data": data, "sig": {"alg": "ES256", "cer": cer, "sigvl": sigvl}}).to_string()
    }
}

/// Trusts one country, with a list of what it revoked.
pub fn trust(authority: &Authority, code: &str, lists: &[Vec<u8>]) -> TrustList {
    let csca = authority.csca();
    let revoked = lists
        .iter()
        .map(|list| RevokedSigners::parse(list, [&csca]).unwrap());
    let mut trust = TrustList::default();
    trust.add_country(Country {
        code: code.to_owned(),
        name: None,
        revoked: revoked.collect(),
        cscas: vec![csca],
    });
    trust
}
