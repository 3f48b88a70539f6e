//! ICAO VDS-NC, proof of vaccination (`icao.vacc`, version 1).
//!
//! ```text
//! text  = {"data":D,"sig":{"alg":"ES256","cer":C,"sigvl":S}}
//! D     = {"hdr":{"is":"JPN","t":"icao.vacc","v":1},"msg":{"pid":{"dob","i","n"},"uvci","ve":[{"des","dis","nam","vd":[…]}]}}
//! C, S  = base64url with padding: the signer's certificate (DER); r ‖ s over D
//! ```
//! What is signed is JCS (RFC 8785) of `data` alone. Here `data` is written in that form from the start: members in order of
//! their names, no white space, whole numbers, and of ASCII nothing but printable characters.
//!
//! `uvci` is the certificate id without its hyphens: the report's own example is shorter, but an id that nobody can guess needs
//! twenty symbols. `n` is the name as in the passport's machine-readable zone. `sex` and `ai` may be left out, and are.

use base64::{Engine, engine::general_purpose::URL_SAFE};
use issuance_api::{
    Array, CertificateId, Personal, PersonalDate,
    passport::PassportData,
    terminal::{Authority, Dose, DoseAbroad},
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::shc::MAX_DOSES;

/// Bytes that one symbol of version 30, level L, can hold.
pub const MAX_TEXT: usize = 1732;

/// The same of version 27, which is enough for most seven doses. Only what does not fit there makes a larger one.
const USUAL_TEXT: usize = 1465;

/// Whose certificates these are (Doc 9303, part 3).
const ISSUING_STATE: &str = "JPN";

/// Longest `adm` and `lot` of the report.
const MAX_FIELD: usize = 20;

/// Characters of 64 bytes in base64 with padding.
const SIGNATURE: usize = 88;

/// What a seal states.
#[derive(Clone, Copy, Debug)]
pub struct Claims<'a> {
    /// 証明書ID.
    pub certificate_id: &'a CertificateId,
    /// Name, and number of the travel document.
    pub passport: &'a PassportData,
    /// Birth date.
    pub birth_date: &'a PersonalDate,
    /// Who certifies.
    pub authority: &'a Authority,
    /// The disease: an ICD-11 stem code.
    pub disease: &'a str,
    /// Doses in order of date.
    pub doses: &'a [Dose],
}

/// Why claims are no seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// Nothing to certify.
    #[error("no dose")]
    NoDose,
    /// More than [`MAX_DOSES`].
    #[error("too many doses")]
    TooManyDoses,
    /// A dose without what only certificates for abroad say, or with a lot number that is not printable ASCII of twenty
    /// characters at most: the record has to be looked at.
    #[error("a dose cannot be stated abroad")]
    Dose,
    /// The text would exceed [`MAX_TEXT`].
    #[error("too large for one QR symbol")]
    TooLarge,
}

/// `data` in its canonical form.
pub struct Data(Zeroizing<String>);

impl Data {
    /// Writes the claims down, to be signed under a certificate of so many bytes.
    ///
    /// # Errors
    /// [`DataError`].
    ///
    /// # Panics
    /// Never: the members' names are text.
    pub fn new(claims: &Claims<'_>, certificate: usize) -> Result<Self, DataError> {
        match claims.doses.len() {
            0 => return Err(DataError::NoDose),
            1..=MAX_DOSES => {}
            _ => return Err(DataError::TooManyDoses),
        }
        let certificate = certificate.div_ceil(3) * 4;
        let around = BEFORE.len() + BETWEEN.len() + SIGNED.len() + AFTER.len();
        let around = around + certificate + SIGNATURE;
        let [name, code] = centers(claims.authority);
        for (center, most) in [
            (name, USUAL_TEXT),
            (code, USUAL_TEXT),
            (name, MAX_TEXT),
            (code, MAX_TEXT),
        ] {
            let data = wire::Data::new(claims, center)?;
            // Enough from the start, so that no grown copy stays behind.
            let mut json = Zeroizing::new(Vec::with_capacity(2 * MAX_TEXT));
            serde_json::to_writer(&mut *json, &data).expect("the members' names are text");
            if around + json.len() <= most {
                let json = String::from_utf8(std::mem::take(&mut *json));
                return Ok(Self(Zeroizing::new(json.expect("JSON is UTF-8"))));
            }
        }
        Err(DataError::TooLarge)
    }

    /// What is signed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// SHA-256 of what is signed.
    #[must_use]
    pub fn digest(&self) -> Array<32> {
        Array::new(Sha256::digest(self.as_bytes()).into())
    }
}

/// What `adm` may say, the first where it fits into a symbol of the same size: the municipality's English name without its
/// prefecture, or its code.
fn centers(authority: &Authority) -> [&str; 2] {
    let name = authority.name_en.as_str();
    let (municipality, _) = name.split_once(", ").unwrap_or((name, ""));
    [municipality, authority.code.as_str()]
}

/// Whether a text can be `adm` or `lot`.
#[must_use]
pub fn fits_field(text: &str) -> bool {
    (1..=MAX_FIELD).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

const BEFORE: &str = r#"{"data":"#;
const BETWEEN: &str = r#","sig":{"alg":"ES256","cer":""#;
const SIGNED: &str = r#"","sigvl":""#;
const AFTER: &str = r#""}}"#;

/// A signed seal: the text of its QR code, at most [`MAX_TEXT`] bytes of ASCII.
#[derive(Debug, PartialEq, Eq)]
pub struct VdsNc(Personal);

impl VdsNc {
    /// Has the data signed: `sign` gets the bytes to sign and answers r ‖ s.
    ///
    /// # Errors
    /// What `sign` says.
    pub fn assemble<E>(
        data: &Data,
        certificate: &[u8],
        sign: impl FnOnce(&[u8]) -> Result<[u8; 64], E>,
    ) -> Result<Self, E> {
        let mut text = Zeroizing::new(String::with_capacity(MAX_TEXT));
        text.push_str(BEFORE);
        text.push_str(&data.0);
        text.push_str(BETWEEN);
        URL_SAFE.encode_string(certificate, &mut text);
        text.push_str(SIGNED);
        URL_SAFE.encode_string(sign(data.as_bytes())?, &mut text);
        text.push_str(AFTER);
        Ok(Self(Personal::new(std::mem::take(&mut *text))))
    }

    /// Any text, to try symbols with.
    #[cfg(test)]
    pub(crate) fn of(text: &str) -> Self {
        Self(Personal::new(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// As it travels.
    #[must_use]
    pub fn into_personal(self) -> Personal {
        self.0
    }
}

/// `data`, its members in order of their names.
mod wire {
    use super::{
        Claims, DataError, Dose, DoseAbroad, ISSUING_STATE, PersonalDate, Serialize, fits_field,
    };

    #[derive(Serialize)]
    pub(super) struct Data<'a> {
        hdr: Header,
        msg: Message<'a>,
    }

    #[derive(Serialize)]
    struct Header {
        is: &'static str,
        t: &'static str,
        v: u8,
    }

    #[derive(Serialize)]
    struct Message<'a> {
        pid: Person<'a>,
        uvci: String,
        ve: Vec<Vaccine<'a>>,
    }

    #[derive(Serialize)]
    struct Person<'a> {
        dob: &'a PersonalDate,
        i: &'a str,
        n: &'a str,
    }

    #[derive(Serialize)]
    struct Vaccine<'a> {
        des: &'a str,
        dis: &'a str,
        nam: &'a str,
        vd: Vec<Vaccination<'a>>,
    }

    #[derive(Serialize)]
    struct Vaccination<'a> {
        adm: &'a str,
        ctr: &'a str,
        dvc: &'a PersonalDate,
        lot: &'a str,
        seq: u8,
    }

    impl<'a> Data<'a> {
        pub(super) fn new(claims: &Claims<'a>, center: &'a str) -> Result<Self, DataError> {
            let mut vaccines: Vec<Vaccine<'a>> = Vec::new();
            for dose in claims.doses {
                let (abroad, vaccination) = vaccination(dose, center)?;
                let (des, nam) = (abroad.icd11.expose(), abroad.brand.expose());
                let same = |known: &&mut Vaccine<'_>| (known.des, known.nam) == (des, nam);
                match vaccines.iter_mut().find(same) {
                    Some(known) => known.vd.push(vaccination),
                    None => vaccines.push(Vaccine {
                        des,
                        dis: claims.disease,
                        nam,
                        vd: vec![vaccination],
                    }),
                }
            }
            Ok(Self {
                hdr: Header {
                    is: ISSUING_STATE,
                    t: "icao.vacc",
                    v: 1,
                },
                msg: Message {
                    pid: Person {
                        dob: claims.birth_date,
                        i: claims.passport.number.expose(),
                        n: claims.passport.romanised_name.expose(),
                    },
                    uvci: claims.certificate_id.to_string().replace('-', ""),
                    ve: vaccines,
                },
            })
        }
    }

    fn vaccination<'a>(
        dose: &'a Dose,
        center: &'a str,
    ) -> Result<(&'a DoseAbroad, Vaccination<'a>), DataError> {
        let abroad = dose.abroad.as_ref().ok_or(DataError::Dose)?;
        if !fits_field(dose.lot.expose()) {
            return Err(DataError::Dose);
        }
        let vaccination = Vaccination {
            adm: center,
            ctr: abroad.country.expose(),
            dvc: &dose.date,
            lot: dose.lot.expose(),
            seq: abroad.number,
        };
        Ok((abroad, vaccination))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::testing;

    /// RFC 8785 for what occurs here, written anew: members by name, white space nowhere.
    fn canonical(value: &Value) -> String {
        match value {
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by_key(|(name, _)| name.encode_utf16().collect::<Vec<_>>());
                let members = members.iter();
                let members =
                    members.map(|(name, value)| format!("\"{name}\":{}", canonical(value)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
            Value::Array(values) => {
                let values = values.iter().map(canonical);
                format!("[{}]", values.collect::<Vec<_>>().join(","))
            }
            other => other.to_string(),
        }
    }

    fn doses(count: u8) -> Vec<Dose> {
        let dose = |number| {
            testing::dose_abroad(number, if number < 6 { "Comirnaty" } else { "Spikevax" })
        };
        (1..=count).map(dose).collect()
    }

    fn with<T>(
        doses: &[Dose],
        certificate: usize,
        then: impl FnOnce(Result<Data, DataError>) -> T,
    ) -> T {
        let preview = testing::preview_abroad();
        then(Data::new(
            &Claims {
                certificate_id: &CertificateId::from_mac(&[9; 32]),
                passport: preview.passport.as_ref().unwrap(),
                birth_date: &preview.holder.birth_date,
                authority: &preview.authority,
                disease: "RA01.0",
                doses,
            },
            certificate,
        ))
    }

    #[test]
    fn what_is_signed_is_the_canonical_form_of_data() {
        let data = with(&doses(7), 380, Result::unwrap);
        let text = std::str::from_utf8(data.as_bytes()).unwrap();
        let parsed: Value = serde_json::from_str(text).unwrap();
        assert_eq!(canonical(&parsed), text);
        assert_eq!(
            parsed["hdr"],
            serde_json::json!({"t": "icao.vacc", "v": 1, "is": "JPN"})
        );
        let message = &parsed["msg"];
        assert_eq!(message["pid"]["n"], "MIHON  HANAKO");
        assert_eq!(message["pid"]["i"], "XX0000001");
        assert_eq!(message["uvci"].as_str().unwrap().len(), 20);
        let [one, other] = &message["ve"].as_array().unwrap()[..] else {
            panic!("two brands, two entries");
        };
        assert_eq!(one["vd"].as_array().unwrap().len(), 5);
        assert_eq!(other["vd"][1]["seq"], 7);
        assert_eq!(one["vd"][0]["adm"], "Kiyose City");
    }

    #[test]
    fn the_text_is_data_and_signature_with_padding() {
        let data = with(&doses(1), 4, Result::unwrap);
        let text = VdsNc::assemble(&data, &[0xfb, 0xff, 0xfe, 1], |signed| {
            assert_eq!(signed, data.as_bytes());
            Ok::<_, std::convert::Infallible>([0xff; 64])
        });
        let text = text.unwrap();
        let parsed: Value = serde_json::from_str(text.expose()).unwrap();
        assert_eq!(canonical(&parsed), text.expose(), "all of it is canonical");
        assert_eq!(parsed["sig"]["cer"], "-__-AQ==");
        let signature = parsed["sig"]["sigvl"].as_str().unwrap();
        assert_eq!((signature.len(), &signature[86..]), (SIGNATURE, "=="));
        assert_eq!(format!("{text:?}"), "VdsNc(Personal(..))");
    }

    #[test]
    fn what_does_not_fit_is_refused_and_its_length_is_known_beforehand() {
        let text = |certificate: usize| {
            with(&doses(7), certificate, |data| {
                let sign = |_: &[u8]| Ok::<_, std::convert::Infallible>([0; 64]);
                VdsNc::assemble(&data?, &vec![0; certificate], sign).map_err(|never| match never {})
            })
        };
        let most = (0..1000)
            .rev()
            .find(|certificate| text(*certificate).is_ok())
            .unwrap();
        let longest = text(most).unwrap().expose().len();
        assert!((MAX_TEXT - 3..=MAX_TEXT).contains(&longest), "{longest}");
        assert_eq!(text(most + 3).err(), Some(DataError::TooLarge));
        let usual = (0..most)
            .rev()
            .find(|certificate| text(*certificate).unwrap().expose().len() <= USUAL_TEXT)
            .unwrap();
        // Seven doses of two brands, and a signer's certificate of this project.
        assert!(usual >= 385, "{usual}");
        // Where the municipality's name does not fit, its code may; in a larger symbol the name fits again.
        let center = |certificate: usize| {
            let data = with(&doses(7), certificate, Result::unwrap);
            let data: Value = serde_json::from_slice(data.as_bytes()).unwrap();
            data["msg"]["ve"][0]["vd"][0]["adm"].clone()
        };
        assert_eq!(center(most), "132217");
        assert_eq!(center(usual + 3), "Kiyose City");
        assert_eq!(center(usual), "132217");
        assert_eq!(center(usual - 60), "Kiyose City");
    }

    #[test]
    fn what_cannot_be_said_abroad_is_refused() {
        let refused = |doses: &[Dose]| with(doses, 380, |data| data.map(drop).err());
        assert_eq!(refused(&[]), Some(DataError::NoDose));
        assert_eq!(refused(&doses(8)), Some(DataError::TooManyDoses));
        let mut domestic = doses(2);
        domestic[1].abroad = None;
        assert_eq!(refused(&domestic), Some(DataError::Dose));
        for lot in ["ＥＹ５４２０", "", "123456789012345678901", "A\tB"] {
            let mut wrong = doses(2);
            wrong[0].lot = Personal::new(lot.to_owned());
            assert_eq!(refused(&wrong), Some(DataError::Dose), "{lot}");
        }
    }
}
