//! Issuance center ↔ vaccination record system.
//!
//! | step | request | body | answer |
//! |---|---|---|---|
//! | nonce | `POST /v1/nonce` | – | [`Nonce`] |
//! | evidence | `POST /v1/evidence` | sealed [`EvidenceRequest`] | sealed [`Ticket`] |
//! | inquiry | `POST /v1/inquiry` | sealed [`InquiryRequest`] | sealed [`Finding`] |
//! | register | `POST /v1/register` | sealed [`RegisterRequest`] | sealed [`Receipt`] |
//! | delivered | `POST /v1/delivered` | sealed [`DeliveredRequest`] | sealed [`DeliveredAnswer`] |
//! | revocations | `POST /v1/revocations` | sealed [`RevocationsRequest`] | sealed [`Revocations`] |
//!
//! The individual number is in none of these: VRS takes it out of the evidence and puts it into its own ticket.
//! Statements that must outlive a connection or stand against a lying peer are signed by VRS's statement key (Ed25519)
//! over [`Finding::message`] and [`Receipt::message`].

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    Array, Blob, CertificateId, CertificateKind, Date, KeyId, MunicipalityCode, Personal,
    PersonalBytes, PersonalDate, ProgrammeId, TerminalUrn, Transcript, VrsId,
    passport::{PassportData, PassportMrz},
    personal::opaque,
    terminal::Holder,
};

/// A nonce minted by VRS: random ‖ expiry ‖ center id, under a MAC. Handing it out costs VRS no memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nonce {
    /// Opaque.
    pub nonce: Blob,
    /// Who minted it.
    pub vrs: VrsId,
    /// How long VRS will take evidence over it.
    pub expires_in_seconds: u32,
}

/// The evidence once more, with everything its context names that VRS cannot see itself. No `Clone`:
///
/// ```compile_fail,E0308
/// # use issuance_api::registry::EvidenceRequest;
/// fn copy(request: &EvidenceRequest) -> EvidenceRequest {
///     request.clone()
/// }
/// ```
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceRequest {
    /// The center's nonce.
    pub center_nonce: Array<32>,
    /// VRS's own.
    pub vrs_nonce: Blob,
    /// The terminal, from its verified certificate.
    pub terminal: TerminalUrn,
    /// TLS exporter of the connection between terminal and center.
    pub exporter: Array<32>,
    /// The application's session key.
    pub session_key: Array<32>,
    /// The encoded evidence.
    pub evidence: PersonalBytes,
}

/// VRS's sealed statement of who this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// Opaque: AEAD under a key of the VRS process.
    pub ticket: Blob,
    /// How long it holds.
    pub expires_in_seconds: u32,
}

/// Asks for one person's records in one municipality, in the resident's own signed words.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InquiryRequest {
    /// Who.
    pub ticket: Blob,
    /// The terminal, from its verified certificate.
    pub terminal: TerminalUrn,
    /// TLS exporter of the connection between terminal and center.
    pub exporter: Array<32>,
    /// Programme.
    pub programme: ProgrammeId,
    /// Municipality.
    pub municipality: MunicipalityCode,
    /// Kind.
    pub kind: CertificateKind,
    /// For abroad: the passport, as read by machine. A kiosk may leave it out: then the one counts that the register of issues
    /// holds from app or counter.
    pub passport: Option<Arc<PassportMrz>>,
    /// The session key's signature over [`inquiry_message`](crate::inquiry_message).
    pub proof: Array<64>,
}

/// What VRS found, signed. A failure is never a finding: it is a problem document.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Random id of the application, minted with the ticket.
    pub application: Array<16>,
    /// Municipality asked.
    pub municipality: MunicipalityCode,
    /// Programme asked.
    pub programme: ProgrammeId,
    /// Kind asked.
    pub kind: CertificateKind,
    /// How long the ticket still holds: a certificate can be registered as long.
    pub ticket_expires_in_seconds: u32,
    /// Epoch of that municipality's data, as its sentinel states it.
    pub data_epoch: u64,
    /// What it is.
    pub outcome: Outcome,
    /// By VRS's statement key over [`Finding::message`].
    pub signature: Array<64>,
}

/// The outcomes of an inquiry that worked.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case", from = "Strict")]
pub enum Outcome {
    /// The person is known here. Whether any dose is, `doses` says.
    Records(Records),
    /// No person with this individual number was ever registered here.
    NoSuchPerson,
    /// The municipality has to look at the record first.
    ConfirmationNeeded,
    /// 転出.
    MovedOut,
    /// 死亡.
    Deceased,
    /// 利用停止 (V16).
    Stopped,
    /// For abroad at a kiosk: the register of issues holds no certificate for abroad of this person, from app or counter, or
    /// none with this passport.
    PassportUnknown,
}

/// [`Outcome`] as read: serde lets a tagged variant without fields have any, one with an empty list of fields none.
#[derive(Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case", deny_unknown_fields)]
enum Strict {
    Records(Records),
    NoSuchPerson {},
    ConfirmationNeeded {},
    MovedOut {},
    Deceased {},
    Stopped {},
    PassportUnknown {},
}

impl From<Strict> for Outcome {
    fn from(outcome: Strict) -> Self {
        match outcome {
            Strict::Records(records) => Self::Records(records),
            Strict::NoSuchPerson {} => Self::NoSuchPerson,
            Strict::ConfirmationNeeded {} => Self::ConfirmationNeeded,
            Strict::MovedOut {} => Self::MovedOut,
            Strict::Deceased {} => Self::Deceased,
            Strict::Stopped {} => Self::Stopped,
            Strict::PassportUnknown {} => Self::PassportUnknown,
        }
    }
}

/// A person's records in one municipality. Its `Debug` shows nothing.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Records {
    /// Name and birth date as the card states them.
    pub holder: Holder,
    /// Grows with every change to the person or a dose.
    pub record_version: u64,
    /// Doses of this programme, in order of date.
    pub doses: Vec<DoseRecord>,
    /// For abroad: the passport the certificate is to name.
    pub passport: Option<Arc<PassportData>>,
}

/// One dose as recorded. No `Clone`, and a `Debug` that shows nothing:
///
/// ```compile_fail,E0308
/// # use issuance_api::registry::DoseRecord;
/// fn copy(dose: &DoseRecord) -> DoseRecord {
///     dose.clone()
/// }
/// ```
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoseRecord {
    /// Day of vaccination.
    pub date: PersonalDate,
    /// ワクチン名: the name the programme's vaccine table knows.
    pub vaccine_name: Personal,
    /// メーカー.
    pub maker: Personal,
    /// 製造番号.
    pub lot: Personal,
    /// Which dose it was (種別), where the record says so.
    pub number: Option<u8>,
}

opaque!(Records DoseRecord);

impl Finding {
    /// What VRS signs: everything but the signature.
    ///
    /// Records enter as the SHA-256 of their JSON: field order is this type's, so both sides compute the same bytes.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        Transcript::new("shomei finding v1")
            .field(self.application.as_bytes())
            .field(self.municipality.as_str().as_bytes())
            .field(self.programme.as_str().as_bytes())
            .field(self.kind.as_str().as_bytes())
            .field(&self.ticket_expires_in_seconds.to_be_bytes())
            .field(&self.data_epoch.to_be_bytes())
            .field(self.outcome.digest().as_bytes())
            .into_bytes()
    }

    /// Whether it is about what this request asks.
    #[must_use]
    pub fn answers(&self, request: &InquiryRequest) -> bool {
        self.municipality == request.municipality
            && self.programme == request.programme
            && self.kind == request.kind
    }
}

impl Outcome {
    /// SHA-256 of the outcome's JSON, which leaves no readable copy behind.
    fn digest(&self) -> Array<32> {
        let json =
            Zeroizing::new(serde_json::to_vec(self).expect("an outcome has only string keys"));
        Array::new(Sha256::digest(&json).into())
    }
}

/// What is to be certified, for the register.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterRequest {
    /// Who.
    pub ticket: Blob,
    /// The terminal, from its verified certificate.
    pub terminal: TerminalUrn,
    /// TLS exporter of the connection between terminal and center.
    pub exporter: Array<32>,
    /// SHA-256 of the sealed state the terminal redeems.
    pub state_digest: Array<32>,
    /// The session key's signature over [`issue_message`](crate::issue_message) with `Issue`.
    pub proof: Array<64>,
    /// The certificate.
    pub certificate: Registration,
}

/// A certificate as the register sees it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// 証明書ID.
    pub certificate_id: CertificateId,
    /// Programme.
    pub programme: ProgrammeId,
    /// Municipality.
    pub municipality: MunicipalityCode,
    /// Kind.
    pub kind: CertificateKind,
    /// Key that will sign.
    pub kid: KeyId,
    /// The record version the preview showed.
    pub record_version: u64,
    /// SHA-256 of the payload to be signed.
    pub content_digest: Array<32>,
    /// Date of issue (交付日).
    pub issued_on: Date,
    /// For abroad: the passport data kept by the municipality.
    pub passport: Option<Arc<PassportData>>,
}

/// The certificate stands in the register: without this nothing is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Random id of the application, from the ticket.
    pub application: Array<16>,
    /// By VRS's statement key over [`Receipt::message`].
    pub signature: Array<64>,
}

impl Receipt {
    /// What VRS signs: application and registration. A passport enters as a digest, which leaves no readable copy behind.
    #[must_use]
    pub fn message(application: &Array<16>, registered: &Registration) -> Vec<u8> {
        let passport = registered.passport.as_deref().map(PassportData::digest);
        Transcript::new("shomei receipt v1")
            .field(application.as_bytes())
            .field(registered.certificate_id.to_string().as_bytes())
            .field(registered.programme.as_str().as_bytes())
            .field(registered.municipality.as_str().as_bytes())
            .field(registered.kind.as_str().as_bytes())
            .field(registered.kid.as_str().as_bytes())
            .field(&registered.record_version.to_be_bytes())
            .field(registered.content_digest.as_bytes())
            .field(String::from(registered.issued_on).as_bytes())
            .field(passport.as_ref().map_or(&[][..], |it| it.as_bytes()))
            .into_bytes()
    }
}

/// The certificate reached its holder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveredRequest {
    /// Who.
    pub ticket: Blob,
    /// The terminal, from its verified certificate.
    pub terminal: TerminalUrn,
    /// TLS exporter of the connection between terminal and center.
    pub exporter: Array<32>,
    /// SHA-256 of the sealed state.
    pub state_digest: Array<32>,
    /// The session key's signature over [`issue_message`](crate::issue_message) with `Delivered`.
    pub proof: Array<64>,
    /// Municipality whose register it stands in.
    pub municipality: MunicipalityCode,
    /// Which.
    pub certificate_id: CertificateId,
}

/// The register says `delivered` now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveredAnswer {}

/// Asks for what no longer holds, a piece at a time, after what is known already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationsRequest {
    /// Entries known of each municipality's list; all of one that is not named are asked for.
    pub known: BTreeMap<MunicipalityCode, u64>,
}

/// Certificates that are revoked or lapsed: of every municipality's list the next entries, as many as one answer takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocations {
    /// Every municipality once.
    pub lists: Vec<RevocationPiece>,
}

/// A piece of one municipality's list, which only ever grows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationPiece {
    /// Whose.
    pub municipality: MunicipalityCode,
    /// Entries of the whole list, now.
    pub entries: u64,
    /// Entries ahead of this piece: those known, or all where the list has fewer.
    pub after: u64,
    /// [`Revoked::chain`] over these: whoever knows them knows whether they are still the same.
    pub chain: Array<32>,
    /// The next ones, in their order.
    pub revoked: Vec<Revoked>,
}

/// One certificate that no longer holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// Which.
    pub certificate_id: CertificateId,
    /// Key it was, or would have been, signed with.
    pub kid: KeyId,
}

impl Revoked {
    /// What a list without entries is chained to.
    pub const CHAIN_START: Array<32> = Array::new([0; 32]);

    /// A list in 32 bytes: what stood for the entries before, and this one.
    #[must_use]
    pub fn chain(&self, before: &Array<32>) -> Array<32> {
        let bytes = Transcript::new("shomei revocation v1")
            .field(before.as_bytes())
            .field(self.certificate_id.to_string().as_bytes())
            .field(self.kid.as_str().as_bytes())
            .into_bytes();
        Array::new(Sha256::digest(bytes).into())
    }
}
