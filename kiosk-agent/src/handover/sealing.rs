//! A made-up CSCA and barcode signer, for tests alone.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE};
use issuance_api::passport::PassportData;
use issuance_api::terminal::{DoseAbroad, Preview};
use issuance_api::{Blob, CertificateId, CertificateKind, Personal};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use p256::pkcs8::DecodePrivateKey;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, RevokedCertParams, SerialNumber,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::testing::preview;

/// Seals what a center seals.
pub(crate) struct Sealer {
    pub(crate) csca: String,
    /// The same, DER.
    csca_der: Vec<u8>,
    root: CertificateParams,
    issuer: Issuer<'static, KeyPair>,
    certificate: Vec<u8>,
    serial: SerialNumber,
    key: SigningKey,
}

impl Sealer {
    pub(crate) fn new() -> Self {
        Self::holding([-4000, 4000], [-4000, 4000])
    }

    /// With certificates of CSCA and signer that hold so many days from now, from and until.
    pub(crate) fn holding(csca: [i64; 2], signs: [i64; 2]) -> Self {
        let days = |days: i64| OffsetDateTime::now_utc() + Duration::days(days);
        let named = |name: &str| {
            let mut names = DistinguishedName::new();
            names.push(DnType::CountryName, "JP");
            names.push(DnType::CommonName, name);
            names
        };
        let mut root = CertificateParams::default();
        root.distinguished_name = named("CSCA");
        [root.not_before, root.not_after] = csca.map(days);
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let root_key = KeyPair::generate().unwrap();
        let csca = root.clone().self_signed(&root_key).unwrap();
        let issuer = Issuer::new(root.clone(), root_key);

        let mut signer = CertificateParams::default();
        signer.distinguished_name = named("VDS");
        [signer.not_before, signer.not_after] = signs.map(days);
        signer.serial_number = Some(SerialNumber::from(7));
        signer.use_authority_key_identifier_extension = true;
        let barcode_signer = vec![2, 23, 136, 1, 1, 14, 2];
        signer.extended_key_usages = vec![ExtendedKeyUsagePurpose::Other(barcode_signer)];
        let document_type = vec![0x30, 9, 2, 1, 0, 0x31, 4, 0x13, 2, b'N', b'V'];
        signer.custom_extensions = vec![CustomExtension::from_oid_content(
            &[2, 23, 136, 1, 1, 6, 2],
            document_type,
        )];
        let key = KeyPair::generate().unwrap();
        let certificate = signer.signed_by(&key, &issuer).unwrap();
        Self {
            csca: csca.pem(),
            csca_der: csca.der().to_vec(),
            root,
            issuer,
            certificate: certificate.der().to_vec(),
            serial: SerialNumber::from(7),
            key: SigningKey::from_pkcs8_der(key.serialized_der()).unwrap(),
        }
    }

    pub(crate) fn csca_der(&self) -> Vec<u8> {
        self.csca_der.clone()
    }

    /// Another's CSCA, its key certified by this one's: a link certificate, DER.
    pub(crate) fn link(&self, other: &Self) -> Vec<u8> {
        let mut root = other.root.clone();
        root.use_authority_key_identifier_extension = true;
        let link = root.signed_by(other.issuer.key(), &self.issuer).unwrap();
        link.der().to_vec()
    }

    /// The CSCA's list of this number, in force now, DER; its signer on it or not.
    pub(crate) fn list(&self, number: u64, revoked: bool) -> Blob {
        let now = OffsetDateTime::now_utc();
        let signer = RevokedCertParams {
            serial_number: self.serial.clone(),
            revocation_time: now,
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: now - Duration::days(10) + Duration::hours(number.cast_signed()),
            next_update: now + Duration::days(10),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: revoked.then_some(signer).into_iter().collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Blob::new(params.signed_by(&self.issuer).unwrap().der().to_vec())
    }

    /// The seal of what a preview showed, under this id.
    pub(crate) fn seal(&self, preview: &Preview, id: &CertificateId) -> String {
        self.sign(&data(preview, id))
    }

    pub(crate) fn sign(&self, data: &Value) -> String {
        // Members of these maps are in order of their names: canonical.
        let signature: Signature = self.key.sign(data.to_string().as_bytes());
        json!({
            "data": data,
            "sig": {
                "alg": "ES256",
                "cer": URL_SAFE.encode(&self.certificate),
                "sigvl": URL_SAFE.encode(signature.to_bytes()),
            },
        })
        .to_string()
    }
}

pub(crate) fn data(preview: &Preview, id: &CertificateId) -> Value {
    let passport = preview.passport.as_ref().unwrap();
    let doses: Vec<Value> = preview
        .doses
        .iter()
        .map(|dose| {
            let abroad = dose.abroad.as_ref().unwrap();
            json!({
                "dvc": String::from(dose.date.expose()), "seq": abroad.number, "ctr": abroad.country,
                "adm": "Kiyose City", "lot": dose.lot,
            })
        })
        .collect();
    let abroad = preview.doses[0].abroad.as_ref().unwrap();
    json!({
        "hdr": {"t": "icao.vacc", "v": 1, "is": "JPN"},
        "msg": {
            "uvci": id.to_string().replace('-', ""),
            "pid": {
                "n": passport.romanised_name.expose(),
                "dob": String::from(preview.holder.birth_date.expose()),
                "i": passport.number.expose(),
            },
            "ve": [{"des": abroad.icd11, "nam": abroad.brand, "dis": "RA01.0", "vd": doses}],
        },
    })
}

pub(crate) fn passport() -> PassportData {
    let personal = |text: &str| Personal::new(text.to_owned());
    PassportData {
        romanised_name: personal("KAKU  HANAKO"),
        nationality: personal("JPN"),
        number: personal("XX0000001"),
    }
}

/// As [`preview`], for abroad.
pub(crate) fn preview_abroad() -> Preview {
    let mut preview = preview();
    preview.kind = CertificateKind::Abroad;
    preview.passport = Some(Arc::new(passport()));
    let text = |text: &str| Personal::new(text.to_owned());
    for (dose, number) in preview.doses.iter_mut().zip(1..) {
        dose.abroad = Some(DoseAbroad {
            number,
            country: text("JPN"),
            icd11: text("XM8NQ0"),
            brand: text("Comirnaty"),
        });
    }
    preview
}
