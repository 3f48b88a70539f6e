//! Kiosk or app ↔ issuance center.
//!
//! | step | request | body | answer |
//! |---|---|---|---|
//! | menu | `POST /v1/menu` | sealed [`MenuRequest`] | sealed [`Menu`] |
//! | challenge | `POST /v1/challenge` | – | [`Challenge`] |
//! | evidence | `POST /v1/evidence` | sealed [`EvidenceRequest`] | sealed [`EvidenceAnswer`] |
//! | inquiry | `POST /v1/inquiry` | sealed [`InquiryRequest`] | sealed [`InquiryAnswer`] |
//! | issue | `POST /v1/issue` | sealed [`IssueRequest`] | sealed [`Issued`], the page [attached](crate::attached) ([`IssueAnswer`]) |
//! | delivered | `POST /v1/delivered` | sealed [`DeliveredRequest`] | sealed [`DeliveredAnswer`] |
//!
//! Any of them may be answered by a [`Problem`](crate::Problem) instead. What is sealed how is the business of
//! `issuance-channel`.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    Array, Blob, BuildId, CenterId, CertificateId, CertificateKind, Date, MunicipalityCode,
    Personal, PersonalBytes, PersonalDate, ProgrammeId, VrsId,
    passport::{PassportData, PassportMrz},
    personal::opaque,
};

/// A text in the four languages of a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Localized {
    /// 日本語.
    pub ja: String,
    /// English.
    pub en: String,
    /// 中文 (simplified).
    pub zh: String,
    /// 한국어.
    pub ko: String,
}

/// Asks for what may be offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MenuRequest {
    /// Which build of its program the terminal says it runs.
    pub build: BuildId,
}

/// Everything a terminal may offer (K4, C5). It can show nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Menu {
    /// The center that answers.
    pub center: CenterId,
    /// Programmes that issue now.
    pub programmes: Vec<ProgrammeOffer>,
    /// When applications are taken, local time of Japan.
    pub hours: Hours,
    /// Notices to show before anything else.
    pub notices: Vec<Localized>,
    /// Set while the service is stopped: nothing can be applied for.
    pub maintenance: Option<Localized>,
}

/// Opening hours, `HH:MM`; `close` is exclusive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// First minute.
    pub open: String,
    /// First minute after.
    pub close: String,
}

impl Hours {
    /// Both in minutes since midnight, 24:00 included; nothing where either is not `HH:MM`.
    #[must_use]
    pub fn minutes(&self) -> Option<Range<u16>> {
        Some(minute(&self.open)?..minute(&self.close)?)
    }
}

fn minute(text: &str) -> Option<u16> {
    let two = |digits: &[u8]| match digits {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(u16::from((tens - b'0') * 10 + ones - b'0'))
        }
        _ => None,
    };
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (two(hour.as_bytes())?, two(minute.as_bytes())?);
    let since = hour * 60 + minute;
    (minute < 60 && since <= 24 * 60).then_some(since)
}

/// One programme (制度) as offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgrammeOffer {
    /// Its id.
    pub id: ProgrammeId,
    /// What residents call it.
    pub name: Localized,
    /// Municipalities that take part.
    pub municipalities: Vec<MunicipalityOffer>,
}

/// One municipality (市区町村) as offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MunicipalityOffer {
    /// 全国地方公共団体コード.
    pub code: MunicipalityCode,
    /// Prefecture, Japanese.
    pub prefecture: String,
    /// Prefecture, romanised.
    pub prefecture_en: String,
    /// Name, Japanese.
    pub name: String,
    /// Reading in hiragana, for the choice by かな row.
    pub reading: String,
    /// Name, romanised.
    pub name_en: String,
    /// Kinds of certificate it lets this terminal issue.
    pub kinds: Vec<CertificateKind>,
}

impl MunicipalityOffer {
    /// The municipality as it stands on a certificate.
    #[must_use]
    pub fn authority(&self) -> Authority {
        Authority::new(
            self.code,
            [&self.prefecture, &self.name],
            [&self.prefecture_en, &self.name_en],
        )
    }
}

/// What the card must answer over. Good for one evidence, on this connection, for 60 seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// The center's nonce; the center keeps its own copy in the state of the connection.
    pub center_nonce: Array<32>,
    /// VRS's nonce, opaque to everybody else.
    pub vrs_nonce: Blob,
    /// The center's id, part of the context.
    pub center: CenterId,
    /// The record system's id, part of the context.
    pub vrs: VrsId,
    /// Seconds from here to the evidence.
    pub expires_in_seconds: u32,
}

/// A card's evidence (`card::evidence`), sent at once after reading. No `Clone`:
///
/// ```compile_fail,E0308
/// # use issuance_api::terminal::EvidenceRequest;
/// fn copy(request: &EvidenceRequest) -> EvidenceRequest {
///     request.clone()
/// }
/// ```
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceRequest {
    /// VRS's nonce as it came with the challenge.
    pub vrs_nonce: Blob,
    /// Ed25519 public key the terminal made for this application.
    pub session_key: Array<32>,
    /// The encoded evidence.
    pub evidence: PersonalBytes,
}

/// The evidence held: the terminal carries VRS's ticket from here on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceAnswer {
    /// VRS's sealed statement of who this is, bound to terminal and session key. Opaque.
    pub ticket: Blob,
    /// How long the ticket holds.
    pub expires_in_seconds: u32,
}

/// Asks for the records of one municipality.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InquiryRequest {
    /// From [`EvidenceAnswer`].
    pub ticket: Blob,
    /// The session key's public half; VRS checks that the ticket names it.
    pub session_key: Array<32>,
    /// Programme.
    pub programme: ProgrammeId,
    /// Municipality whose records are asked.
    pub municipality: MunicipalityCode,
    /// Kind of certificate.
    pub kind: CertificateKind,
    /// For abroad: the passport, as read by machine. A kiosk without a reader for it leaves it out (see [`Preview::passport`]).
    pub passport: Option<Arc<PassportMrz>>,
    /// Copies to print, 1 to 10.
    pub copies: u8,
    /// Signature by the session key over [`inquiry_message`](crate::inquiry_message).
    pub proof: Array<64>,
}

/// What would be issued, and the center's sealed memory of it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InquiryAnswer {
    /// To be shown and confirmed.
    pub preview: Preview,
    /// The center's sealed state; the center itself forgets.
    pub state: Blob,
    /// How long the state can be redeemed.
    pub expires_in_seconds: u32,
}

/// Exactly what the certificate will say. Its `Debug` shows nothing.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    /// Programme.
    pub programme: ProgrammeId,
    /// Kind.
    pub kind: CertificateKind,
    /// The holder, as on the card.
    pub holder: Holder,
    /// The municipality that certifies, Japanese and English.
    pub authority: Authority,
    /// Doses in order of date.
    pub doses: Vec<Dose>,
    /// Date of issue.
    pub issued_on: Date,
    /// Copies.
    pub copies: u8,
    /// For abroad: the passport it names. Where none was sent, the one of an earlier certificate from app or counter.
    pub passport: Option<Arc<PassportData>>,
}

/// The person certified.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// Name as on the card, U+3000 between its parts.
    pub name: Personal,
    /// Birth date.
    pub birth_date: PersonalDate,
}

/// The municipality that certifies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// Its code.
    pub code: MunicipalityCode,
    /// Japanese: prefecture and name.
    pub name: String,
    /// English.
    pub name_en: String,
}

impl Authority {
    /// Of prefecture and name, Japanese and English.
    #[must_use]
    pub fn new(
        code: MunicipalityCode,
        [prefecture, name]: [&str; 2],
        [prefecture_en, name_en]: [&str; 2],
    ) -> Self {
        Self {
            code,
            name: format!("{prefecture}{name}"),
            name_en: format!("{name_en}, {prefecture_en}"),
        }
    }
}

/// One dose as certified. No `Clone`, and a `Debug` that shows nothing:
///
/// ```compile_fail,E0308
/// # use issuance_api::terminal::Dose;
/// fn copy(dose: &Dose) -> Dose {
///     dose.clone()
/// }
/// ```
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dose {
    /// Day of vaccination.
    pub date: PersonalDate,
    /// Kind of vaccine, Japanese.
    pub vaccine: Personal,
    /// Kind of vaccine, English.
    pub vaccine_en: Personal,
    /// Product, Japanese.
    pub product: Personal,
    /// Product, English.
    pub product_en: Personal,
    /// Maker, Japanese.
    pub maker: Personal,
    /// Maker, English.
    pub maker_en: Personal,
    /// Lot number (製造番号).
    pub lot: Personal,
    /// CVX code in the SMART Health Card.
    pub cvx: Personal,
    /// For abroad: what the VDS-NC says beside it.
    pub abroad: Option<DoseAbroad>,
}

/// What a certificate for abroad says of a dose beside the rest. No `Clone`, and a `Debug` that shows nothing:
///
/// ```compile_fail,E0308
/// # use issuance_api::terminal::DoseAbroad;
/// fn copy(dose: &DoseAbroad) -> DoseAbroad {
///     dose.clone()
/// }
/// ```
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoseAbroad {
    /// Which dose it was, from 1.
    pub number: u8,
    /// Country of vaccination, three letters (ISO 3166-1).
    pub country: Personal,
    /// The vaccine's ICD-11 extension code.
    pub icd11: Personal,
    /// The product's brand, in Latin letters.
    pub brand: Personal,
}

opaque!(Preview Dose DoseAbroad);

/// Issue what the preview showed. The same request gives the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssueRequest {
    /// From [`InquiryAnswer`].
    pub state: Blob,
    /// Signature by the session key over [`issue_message`](crate::issue_message) with `Issue`.
    pub proof: Array<64>,
}

/// The certificate and its page.
#[derive(Debug, PartialEq, Eq)]
pub struct IssueAnswer {
    /// Its id.
    pub certificate_id: CertificateId,
    /// The SMART Health Card: a compact JWS.
    pub jws: Personal,
    /// For abroad: the ICAO VDS-NC, as its QR code says it.
    pub vds_nc: Option<Personal>,
    /// The page to print: one PDF.
    pub page: PersonalBytes,
}

/// What of an [`IssueAnswer`] is JSON.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issued {
    /// Its id.
    pub certificate_id: CertificateId,
    /// The SMART Health Card: a compact JWS.
    pub jws: Personal,
    /// For abroad: the ICAO VDS-NC, as its QR code says it.
    pub vds_nc: Option<Personal>,
}

impl From<IssueAnswer> for (Issued, PersonalBytes) {
    fn from(answer: IssueAnswer) -> Self {
        let IssueAnswer {
            certificate_id,
            jws,
            vds_nc,
            page,
        } = answer;
        let issued = Issued {
            certificate_id,
            jws,
            vds_nc,
        };
        (issued, page)
    }
}

impl From<(Issued, PersonalBytes)> for IssueAnswer {
    fn from((issued, page): (Issued, PersonalBytes)) -> Self {
        let Issued {
            certificate_id,
            jws,
            vds_nc,
        } = issued;
        Self {
            certificate_id,
            jws,
            vds_nc,
            page,
        }
    }
}

/// Paper or file is in the resident's hands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveredRequest {
    /// The sealed state, once more.
    pub state: Blob,
    /// Signature by the session key over [`issue_message`](crate::issue_message) with `Delivered`.
    pub proof: Array<64>,
}

/// The register says `delivered` now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveredAnswer {}
