//! Inquiry: one municipality's records, as a preview of the certificate.
//!
//! Whatever could stop the certificate later stops the preview now: hours, participation, kind, doses, characters that
//! cannot be printed, and what does not fit into the QR symbol.

use std::sync::Arc;

use issuance_api::{
    CertificateKind, Date, Problem, ProblemCode,
    registry::{self, Outcome, Records},
    terminal::{Authority, Dose, InquiryAnswer, InquiryRequest, Preview},
};
use time::Duration;

use super::{Caller, Center, apart, seconds};
use crate::{
    certificate::shc::{Claims, MAX_DOSES, Payload, PayloadError},
    event::Event,
    programme::Programme,
    registry::Registry,
    state::{State, milliseconds},
};

/// `nbf` lies this far back, since verifiers' clocks differ.
const BACK: Duration = Duration::minutes(5);

impl<R: Registry> Center<R> {
    /// `POST /v1/inquiry`.
    ///
    /// # Errors
    /// The first check that fails.
    pub async fn inquiry(
        &self,
        caller: Caller<'_>,
        request: InquiryRequest,
    ) -> Result<InquiryAnswer, Problem> {
        let (programme, authority) = self.offered(caller, &request)?;
        let asked = registry::InquiryRequest {
            ticket: request.ticket,
            terminal: caller.terminal.clone(),
            exporter: caller.exporter.clone(),
            programme: request.programme,
            municipality: request.municipality,
            kind: request.kind,
            passport: request.passport,
            proof: request.proof,
        };
        let finding = self.parts.registry.inquiry(&asked).await?;
        let found = self.parts.statements.found(finding, &asked);
        let found = found.map_err(|refused| {
            self.parts.events.note(Event::StatementRefused);
            ProblemCode::from(refused)
        })?;
        let records = records(found.outcome)?;
        let (now, uptime) = (self.parts.clock.now(), self.parts.clock.uptime());
        let issue_within = self.states.issue_within(found.ticket_holds);
        let state = State {
            issue_until: milliseconds(uptime + issue_within),
            ticket: asked.ticket,
            session_key: request.session_key,
            application: found.application,
            record_version: records.record_version,
            not_before: (now - BACK).unix_timestamp(),
            kid: self.parts.signing.kid().clone(),
            passport: None,
            preview: Preview {
                programme: asked.programme,
                kind: asked.kind,
                doses: present(programme, &records)?,
                holder: records.holder,
                authority,
                issued_on: Date::from(self.today()),
                copies: request.copies,
            },
        };
        self.payload(programme, &state)?;
        self.printable(&state.preview).await?;
        let sealed = self.states.seal(&state, caller.terminal, uptime);
        Ok(InquiryAnswer {
            state: sealed.map_err(ProblemCode::from)?,
            preview: state.preview,
            expires_in_seconds: seconds(issue_within),
        })
    }

    /// Whether the menu of this terminal, now, has what it asks for (K4, C5).
    fn offered(
        &self,
        caller: Caller<'_>,
        request: &InquiryRequest,
    ) -> Result<(&Programme, Authority), ProblemCode> {
        self.is_open()?;
        if !(1..=10).contains(&request.copies) {
            return Err(ProblemCode::RequestMalformed);
        }
        let programme = self.parts.programmes.find(&request.programme);
        let programme = programme
            .filter(|programme| programme.period().contains(self.today()))
            .ok_or(ProblemCode::ProgrammeEnded)?;
        let authority = programme.authority(&request.municipality);
        let authority = authority.ok_or(ProblemCode::MunicipalityNotTakingPart)?;
        let kinds = programme.kinds(&request.municipality, caller.terminal.role());
        match (kinds, request.kind) {
            (None | Some([]), _) => Err(ProblemCode::MunicipalityNotTakingPart),
            (Some(kinds), kind) if !kinds.contains(&kind) => Err(ProblemCode::KindNotOffered),
            // Neither the passport's check nor the second QR code is there yet: refused, whatever the programme's files say.
            (_, CertificateKind::Abroad) => Err(ProblemCode::KindNotOffered),
            (_, CertificateKind::Domestic) if request.passport.is_some() => {
                Err(ProblemCode::RequestMalformed)
            }
            (_, CertificateKind::Domestic) => Ok((programme, authority)),
        }
    }

    /// What would be signed.
    pub(super) fn payload(
        &self,
        programme: &Programme,
        state: &State,
    ) -> Result<Payload, ProblemCode> {
        let id = self.ids.of(state);
        Payload::new(&Claims {
            issuer: &self.parts.issuer,
            not_before: state.not_before,
            types: programme.health_card_types(),
            holder: &state.preview.holder,
            authority: &state.preview.authority.name,
            doses: &state.preview.doses,
            rid: &self.parts.rids.rid(&state.kid, &id),
        })
        .map_err(|error| match error {
            PayloadError::NoDose => ProblemCode::NoRecord,
            PayloadError::TooManyDoses => ProblemCode::TooManyDoses,
            PayloadError::TooLarge => ProblemCode::CertificateTooLarge,
        })
    }

    /// A rare character takes the wide font, which may have to be read: not on a thread that serves connections.
    async fn printable(&self, preview: &Preview) -> Result<(), Problem> {
        let (programmes, typesetter) = (
            Arc::clone(&self.parts.programmes),
            Arc::clone(&self.parts.typesetter),
        );
        let preview = preview.clone();
        apart(move || {
            let programme = programmes.find(&preview.programme);
            let programme = programme.ok_or(ProblemCode::ProgrammeEnded)?;
            Ok(typesetter.check(programme, &preview)?)
        })
        .await
    }
}

/// The records, or what the finding is to a terminal. "No record" takes VRS's signed word, given here.
///
/// # Errors
/// Every outcome but records of one to seven doses.
pub fn records(outcome: Outcome) -> Result<Records, ProblemCode> {
    match outcome {
        Outcome::Records(records) => match records.doses.len() {
            0 => Err(ProblemCode::NoRecord),
            1..=MAX_DOSES => Ok(records),
            _ => Err(ProblemCode::TooManyDoses),
        },
        Outcome::NoSuchPerson => Err(ProblemCode::NoSuchPerson),
        Outcome::ConfirmationNeeded => Err(ProblemCode::ConfirmationNeeded),
        Outcome::MovedOut => Err(ProblemCode::MovedOut),
        Outcome::Deceased => Err(ProblemCode::Deceased),
        Outcome::Stopped => Err(ProblemCode::IssuingStopped),
    }
}

fn present(programme: &Programme, records: &Records) -> Result<Vec<Dose>, ProblemCode> {
    let doses = records.doses.iter();
    let doses =
        doses.map(|dose| programme.present(&dose.vaccine_name, &dose.maker, &dose.lot, dose.date));
    doses
        .collect::<Result<_, _>>()
        .map_err(|_| ProblemCode::VaccineUnknown)
}
