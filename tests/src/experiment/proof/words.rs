//! Asking under a ticket, in words that the resident signed, and in others.

use std::sync::Arc;

use issuance_api::passport::{Passport, PassportMrz};
use issuance_api::registry::{DeliveredRequest, InquiryRequest, RegisterRequest, Registration};
use issuance_api::{
    Array, Blob, CertificateId, CertificateKind, IssueIntent, MunicipalityCode, ProblemCode,
    ProgrammeId, TerminalUrn, inquiry_message, issue_message,
};
use issuance_center::registry::Registry;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Application, Bad, EXPORTER, Named, Tally};
use crate::again::again;
use crate::applicant::Applicant;
use crate::simulator::Resident;
use crate::simulator::town::kiosk;
use crate::world::MUNICIPALITIES;

/// The digest of the center's sealed state, of which the record system knows no more.
const STATE: Array<32> = Array::new([5; 32]);

const JAPAN: time::UtcOffset = time::macros::offset!(+9);

/// What is asked under a ticket.
pub(super) enum Request {
    Inquiry(InquiryRequest),
    Register(RegisterRequest),
    Delivered(DeliveredRequest),
}

/// What the center has besides: another resident's application, which it saw too, and whom this one is about.
pub(super) struct Asked<'a> {
    pub(super) ticket: Blob,
    pub(super) applicant: &'a Applicant<Named>,
    pub(super) resident: &'a Resident,
}

/// What all of them have.
struct Common<'a> {
    ticket: &'a mut Blob,
    terminal: &'a mut TerminalUrn,
    exporter: &'a mut Array<32>,
    proof: &'a mut Array<64>,
}

type Edit<T> = fn(&mut T, &Asked<'_>);
type EditAny = fn(Common<'_>, &Asked<'_>);

const OF_ALL: [(&str, EditAny); 9] = [
    ("no ticket", |it, _| *it.ticket = Blob::new(Vec::new())),
    ("a ticket it made up", |it, _| {
        *it.ticket = Blob::new(vec![1; it.ticket.as_bytes().len()]);
    }),
    ("a ticket with a bit otherwise", |it, _| {
        let mut bytes = it.ticket.as_bytes().to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        *it.ticket = Blob::new(bytes);
    }),
    ("a ticket cut off", |it, _| {
        let bytes = it.ticket.as_bytes();
        *it.ticket = Blob::new(bytes[..bytes.len() - 1].to_vec());
    }),
    ("another's ticket", |it, asked| {
        *it.ticket = asked.ticket.clone()
    }),
    ("another terminal", |it, _| *it.terminal = kiosk(900)),
    ("another connection", |it, _| {
        *it.exporter = Array::new([8; 32])
    }),
    ("no signature", |it, _| *it.proof = Array::new([0; 64])),
    ("a signature over something else", |it, asked| {
        *it.proof = asked.applicant.sign(b"something else");
    }),
];

const OF_INQUIRY: [(&str, Edit<InquiryRequest>); 5] = [
    ("words that another signed", |it, asked| {
        it.proof = asked.applicant.sign(&words(it));
    }),
    ("another municipality", |it, _| {
        it.municipality = elsewhere(it.municipality);
    }),
    ("another programme", |it, _| {
        it.programme = other_programme()
    }),
    ("another kind", |it, _| it.kind = CertificateKind::Abroad),
    ("a passport", |it, asked| {
        it.passport = Some(Arc::new(asked.resident.passport().mrz()));
    }),
];

const OF_REGISTRATION: [(&str, Edit<RegisterRequest>); 7] = [
    ("an issue that another signed", |it, asked| {
        it.proof = asked.applicant.sign(&issue(IssueIntent::Issue));
    }),
    ("another state", |it, _| {
        it.state_digest = Array::new([6; 32])
    }),
    ("a certificate of another municipality", |it, _| {
        it.certificate.municipality = elsewhere(it.certificate.municipality);
    }),
    ("a certificate of another programme", |it, _| {
        it.certificate.programme = other_programme();
    }),
    ("a certificate of another kind", |it, _| {
        it.certificate.kind = CertificateKind::Abroad;
    }),
    ("a certificate of another record", |it, _| {
        it.certificate.record_version += 1;
    }),
    ("a certificate with a passport", |it, asked| {
        let passport = Passport::try_from(&asked.resident.passport().mrz());
        it.certificate.passport = passport.ok().map(Passport::into_data);
    }),
];

const OF_HAND_OVER: [(&str, Edit<DeliveredRequest>); 2] = [
    ("a hand-over that another signed", |it, asked| {
        it.proof = asked.applicant.sign(&issue(IssueIntent::Delivered));
    }),
    ("a hand-over of another state", |it, _| {
        it.state_digest = Array::new([6; 32]);
    }),
];

fn elsewhere(than: MunicipalityCode) -> MunicipalityCode {
    let others = MUNICIPALITIES.iter().find(|it| **it != than.as_str());
    let other = others.and_then(|it| it.parse().ok());
    other.expect("there are three")
}

fn programme() -> ProgrammeId {
    "covid-19".parse().expect("a programme's id")
}

fn other_programme() -> ProgrammeId {
    "influenza".parse().expect("a programme's id")
}

fn words(request: &InquiryRequest) -> Vec<u8> {
    let lines = request.passport.as_deref().map(PassportMrz::digest);
    inquiry_message(
        &request.ticket,
        &request.programme,
        &request.municipality,
        request.kind,
        lines.as_ref(),
        &request.exporter,
    )
}

fn issue(intent: IssueIntent) -> Vec<u8> {
    issue_message(intent, &STATE, &EXPORTER)
}

impl Request {
    fn common(&mut self) -> Common<'_> {
        macro_rules! common {
            ($it:ident) => {
                Common {
                    ticket: &mut $it.ticket,
                    terminal: &mut $it.terminal,
                    exporter: &mut $it.exporter,
                    proof: &mut $it.proof,
                }
            };
        }
        match self {
            Self::Inquiry(it) => common!(it),
            Self::Register(it) => common!(it),
            Self::Delivered(it) => common!(it),
        }
    }

    async fn send(&self, vrs: &impl Registry) -> Result<(), ProblemCode> {
        match self {
            Self::Inquiry(it) => vrs.inquiry(it).await.map(drop),
            Self::Register(it) => vrs.register(it).await.map(drop),
            Self::Delivered(it) => vrs.delivered(it).await.map(drop),
        }
    }

    fn again(&self) -> Self {
        match self {
            Self::Inquiry(it) => Self::Inquiry(again(it)),
            Self::Register(it) => Self::Register(again(it)),
            Self::Delivered(it) => Self::Delivered(again(it)),
        }
    }

    /// This request, each time with something otherwise.
    fn edited(&self, asked: &Asked<'_>) -> Vec<(&'static str, Self)> {
        let of_all = OF_ALL.into_iter().map(|(what, edit)| {
            let mut request = self.again();
            edit(request.common(), asked);
            (what, request)
        });
        let mut all: Vec<_> = of_all.collect();
        match self {
            Self::Inquiry(it) => all.extend(each(it, &OF_INQUIRY, asked, Self::Inquiry)),
            Self::Register(it) => all.extend(each(it, &OF_REGISTRATION, asked, Self::Register)),
            Self::Delivered(it) => all.extend(each(it, &OF_HAND_OVER, asked, Self::Delivered)),
        }
        all
    }
}

fn each<T: Serialize + DeserializeOwned>(
    request: &T,
    edits: &[(&'static str, Edit<T>)],
    asked: &Asked<'_>,
    of: impl Fn(T) -> Request,
) -> Vec<(&'static str, Request)> {
    let edited = edits.iter().map(|(what, edit)| {
        let mut request = again(request);
        edit(&mut request, asked);
        (*what, of(request))
    });
    edited.collect()
}

impl<R: Registry> Bad<'_, R> {
    /// Everything but what was signed, and what was signed by another center.
    pub(super) async fn edited(&self, request: &Request, asked: &Asked<'_>, tally: &mut Tally) {
        for (what, edited) in request.edited(asked) {
            tally.tried(what, edited.send(&self.vrs).await);
        }
        tally.tried("another center", request.send(&self.other).await);
    }

    /// What the resident signed.
    pub(super) fn inquiry(
        &self,
        Application {
            resident,
            applicant,
        }: &Application<'_>,
        ticket: &Blob,
    ) -> InquiryRequest {
        let mut request = InquiryRequest {
            ticket: ticket.clone(),
            terminal: applicant.urn().parse().expect("a terminal's URN"),
            exporter: EXPORTER,
            programme: programme(),
            municipality: resident.municipality,
            kind: CertificateKind::Domestic,
            passport: None,
            proof: Array::new([0; 64]),
        };
        request.proof = applicant.sign(&words(&request));
        request
    }

    /// A certificate for what was previewed.
    pub(super) fn registration(
        &mut self,
        Application {
            resident,
            applicant,
        }: &Application<'_>,
        ticket: &Blob,
        record_version: u64,
    ) -> RegisterRequest {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&self.random.next().to_be_bytes());
        RegisterRequest {
            ticket: ticket.clone(),
            terminal: applicant.urn().parse().expect("a terminal's URN"),
            exporter: EXPORTER,
            state_digest: STATE,
            proof: applicant.sign(&issue(IssueIntent::Issue)),
            certificate: Registration {
                certificate_id: CertificateId::from_mac(&id),
                programme: programme(),
                municipality: resident.municipality,
                kind: CertificateKind::Domestic,
                kid: self.kid.clone(),
                record_version,
                content_digest: Array::new([6; 32]),
                issued_on: self.clock.now().to_offset(JAPAN).date().into(),
                passport: None,
            },
        }
    }

    /// Its hand-over.
    pub(super) fn hand_over(
        &self,
        Application { applicant, .. }: &Application<'_>,
        ticket: &Blob,
        registered: &RegisterRequest,
    ) -> DeliveredRequest {
        DeliveredRequest {
            ticket: ticket.clone(),
            terminal: applicant.urn().parse().expect("a terminal's URN"),
            exporter: EXPORTER,
            state_digest: STATE,
            proof: applicant.sign(&issue(IssueIntent::Delivered)),
            municipality: registered.certificate.municipality,
            certificate_id: registered.certificate.certificate_id,
        }
    }
}
