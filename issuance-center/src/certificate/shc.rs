//! SMART Health Card (specification v1.4.0).
//!
//! ```text
//! payload = minified JSON: iss, nbf, vc { type, credentialSubject { fhirVersion, fhirBundle }, rid }
//! JWS     = base64url(header) . base64url(DEFLATE(payload)) . base64url(r ‖ s)
//! header  = {"alg":"ES256","zip":"DEF","kid":K}
//! ```
//! The FHIR bundle holds one Patient and one Immunization a dose, without id, text, display or meta. The name's part before
//! the first U+3000 is `family`, each part after it one `given`; a name of one part is `family` alone. For abroad a second
//! `name` follows, as in the passport's machine-readable zone: primary identifier, and each of the secondary ones.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use issuance_api::{
    Array, KeyId, Personal, PersonalDate,
    passport::PassportData,
    terminal::{Dose, Holder},
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Doses one certificate can hold.
pub const MAX_DOSES: usize = 7;

/// Characters of a JWS that one QR symbol of version 22, level L, can hold.
pub const MAX_JWS: usize = 1195;

/// Characters of the signature in base64url, and the two points.
const SIGNATURE_AND_POINTS: usize = 86 + 2;

/// Best ratio that miniz_oxide offers without its exhaustive search.
const DEFLATE_LEVEL: u8 = 9;

const FHIR_VERSION: &str = "4.0.1";
const CVX_SYSTEM: &str = "http://hl7.org/fhir/sid/cvx";
const CARD_TYPE: &str = "https://smarthealth.cards#";

/// Where the issuer's keys are: `{issuer}/.well-known/jwks.json`. An https URL of ASCII without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(String);

/// Why a text is no issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// Another scheme.
    #[error("an issuer is an https URL")]
    Scheme,
    /// A slash at the end.
    #[error("an issuer's URL does not end with a slash")]
    Slash,
    /// No host, or a character, query or fragment that does not belong there.
    #[error("an issuer is host and path, in ASCII, without query or fragment")]
    Form,
}

impl Issuer {
    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Issuer {
    type Err = IssuerError;

    fn from_str(text: &str) -> Result<Self, IssuerError> {
        let rest = text.strip_prefix("https://").ok_or(IssuerError::Scheme)?;
        if rest.ends_with('/') {
            return Err(IssuerError::Slash);
        }
        let allowed = |byte: u8| byte.is_ascii_graphic() && !b"?#\"\\<>".contains(&byte);
        if rest.is_empty() || rest.starts_with('/') || !rest.bytes().all(allowed) {
            return Err(IssuerError::Form);
        }
        Ok(Self(text.to_owned()))
    }
}

/// What a health card states.
#[derive(Clone, Copy, Debug)]
pub struct Claims<'a> {
    /// Who issues.
    pub issuer: &'a Issuer,
    /// From when it holds: whole seconds since 1970.
    pub not_before: i64,
    /// The programme's card types beside `#health-card`, without the `#`.
    pub types: &'a [String],
    /// Who was vaccinated.
    pub holder: &'a Holder,
    /// For abroad: the romanised name.
    pub passport: Option<&'a PassportData>,
    /// Who certifies, as the performer of each dose.
    pub authority: &'a str,
    /// Doses in order of date.
    pub doses: &'a [Dose],
    /// Revocation id: the keyed hash of the certificate id.
    pub rid: &'a Array<12>,
}

/// Why claims are no health card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Nothing to certify.
    #[error("no dose")]
    NoDose,
    /// More than [`MAX_DOSES`].
    #[error("too many doses")]
    TooManyDoses,
    /// The JWS would exceed [`MAX_JWS`].
    #[error("too large for one QR symbol")]
    TooLarge,
}

/// The payload of a health card, known to fit into one QR symbol once signed.
pub struct Payload {
    json: Zeroizing<Vec<u8>>,
    deflated: Zeroizing<Vec<u8>>,
}

impl Payload {
    /// Writes the claims down.
    ///
    /// # Errors
    /// No dose, too many, or more text than a QR symbol takes: never cut.
    ///
    /// # Panics
    /// Never: the payload has only string keys.
    pub fn new(claims: &Claims<'_>) -> Result<Self, PayloadError> {
        match claims.doses.len() {
            0 => return Err(PayloadError::NoDose),
            1..=MAX_DOSES => {}
            _ => return Err(PayloadError::TooManyDoses),
        }
        let json = serde_json::to_vec(&wire::Payload::from(claims));
        let json = Zeroizing::new(json.expect("a payload has only string keys"));
        let deflated = miniz_oxide::deflate::compress_to_vec(&json, DEFLATE_LEVEL);
        let payload = Self {
            json,
            deflated: Zeroizing::new(deflated),
        };
        if payload.jws_length() > MAX_JWS {
            return Err(PayloadError::TooLarge);
        }
        Ok(payload)
    }

    /// SHA-256 of the JSON: what the register of issues and the receipt are about.
    #[must_use]
    pub fn digest(&self) -> Array<32> {
        Array::new(Sha256::digest(&self.json).into())
    }

    /// The minified JSON.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// A key id always has 43 characters, so the length is known before there is a key.
    fn jws_length(&self) -> usize {
        base64_length(HEADER_LENGTH) + base64_length(self.deflated.len()) + SIGNATURE_AND_POINTS
    }
}

/// `{"alg":"ES256","zip":"DEF","kid":"` + 43 characters + `"}`.
const HEADER_LENGTH: usize = 34 + 43 + 2;

const fn base64_length(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

fn header(kid: &KeyId) -> String {
    format!(r#"{{"alg":"ES256","zip":"DEF","kid":"{}"}}"#, kid.as_str())
}

/// A signed health card: a compact JWS of at most [`MAX_JWS`] characters.
#[derive(Debug, PartialEq, Eq)]
pub struct Jws(Personal);

impl Jws {
    /// Has the payload signed: `sign` gets the bytes to sign and answers r ‖ s.
    ///
    /// # Errors
    /// What `sign` says.
    pub fn assemble<E>(
        payload: &Payload,
        kid: &KeyId,
        sign: impl FnOnce(&[u8]) -> Result<[u8; 64], E>,
    ) -> Result<Self, E> {
        // Enough from the start, so that no grown copy stays behind.
        let mut text = Zeroizing::new(String::with_capacity(MAX_JWS));
        URL_SAFE_NO_PAD.encode_string(header(kid), &mut text);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(&payload.deflated, &mut text);
        let signature = sign(text.as_bytes())?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Ok(Self(Personal::new(std::mem::take(&mut *text))))
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

/// The JSON, field by field in the order it is written.
mod wire {
    use super::{
        Array, CARD_TYPE, CVX_SYSTEM, Claims, Dose, FHIR_VERSION, PersonalDate, Serialize,
    };

    #[derive(Serialize)]
    pub(super) struct Payload<'a> {
        iss: &'a str,
        nbf: i64,
        vc: Credential<'a>,
    }

    #[derive(Serialize)]
    struct Credential<'a> {
        r#type: Vec<String>,
        #[serde(rename = "credentialSubject")]
        subject: Subject<'a>,
        rid: &'a Array<12>,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Subject<'a> {
        fhir_version: &'static str,
        fhir_bundle: Bundle<'a>,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Bundle<'a> {
        resource_type: &'static str,
        r#type: &'static str,
        entry: Vec<Entry<'a>>,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Entry<'a> {
        full_url: String,
        resource: Resource<'a>,
    }

    #[derive(Serialize)]
    #[serde(untagged)]
    enum Resource<'a> {
        Patient(Patient<'a>),
        Immunization(Immunization<'a>),
    }

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Patient<'a> {
        resource_type: &'static str,
        name: Vec<Name<'a>>,
        birth_date: &'a PersonalDate,
    }

    #[derive(Serialize)]
    struct Name<'a> {
        family: &'a str,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        given: Vec<&'a str>,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Immunization<'a> {
        resource_type: &'static str,
        status: &'static str,
        vaccine_code: VaccineCode<'a>,
        patient: Reference,
        occurrence_date_time: &'a PersonalDate,
        #[serde(skip_serializing_if = "str::is_empty")]
        lot_number: &'a str,
        performer: [Performer<'a>; 1],
    }

    #[derive(Serialize)]
    struct VaccineCode<'a> {
        coding: [Coding<'a>; 1],
    }

    #[derive(Serialize)]
    struct Coding<'a> {
        system: &'static str,
        code: &'a str,
    }

    #[derive(Serialize)]
    struct Reference {
        reference: &'static str,
    }

    #[derive(Serialize)]
    struct Performer<'a> {
        actor: Actor<'a>,
    }

    #[derive(Serialize)]
    struct Actor<'a> {
        display: &'a str,
    }

    impl<'a> From<&Claims<'a>> for Payload<'a> {
        fn from(claims: &Claims<'a>) -> Self {
            let types = claims.types.iter().map(String::as_str);
            let types = std::iter::once("health-card").chain(types);
            let doses = claims.doses.iter();
            let doses =
                doses.map(|dose| Resource::Immunization(immunization(dose, claims.authority)));
            let resources = std::iter::once(Resource::Patient(patient(claims))).chain(doses);
            let entry = resources.enumerate().map(|(index, resource)| Entry {
                full_url: format!("resource:{index}"),
                resource,
            });
            Self {
                iss: claims.issuer.as_str(),
                nbf: claims.not_before,
                vc: Credential {
                    r#type: types.map(|name| format!("{CARD_TYPE}{name}")).collect(),
                    subject: Subject {
                        fhir_version: FHIR_VERSION,
                        fhir_bundle: Bundle {
                            resource_type: "Bundle",
                            r#type: "collection",
                            entry: entry.collect(),
                        },
                    },
                    rid: claims.rid,
                },
            }
        }
    }

    fn patient<'a>(claims: &Claims<'a>) -> Patient<'a> {
        let name = claims.holder.name.expose();
        let mut parts = name.split('\u{3000}').filter(|part| !part.is_empty());
        let japanese = Name {
            family: parts.next().unwrap_or(name),
            given: parts.collect(),
        };
        let romanised = claims.passport.map(|passport| {
            let (family, given) = passport.names();
            Name {
                family,
                given: given.collect(),
            }
        });
        Patient {
            resource_type: "Patient",
            name: std::iter::once(japanese).chain(romanised).collect(),
            birth_date: &claims.holder.birth_date,
        }
    }

    fn immunization<'a>(dose: &'a Dose, authority: &'a str) -> Immunization<'a> {
        Immunization {
            resource_type: "Immunization",
            status: "completed",
            vaccine_code: VaccineCode {
                coding: [Coding {
                    system: CVX_SYSTEM,
                    code: dose.cvx.expose(),
                }],
            },
            patient: Reference {
                reference: "resource:0",
            },
            occurrence_date_time: &dose.date,
            lot_number: dose.lot.expose(),
            performer: [Performer {
                actor: Actor { display: authority },
            }],
        }
    }
}
