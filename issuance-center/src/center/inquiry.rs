//! Inquiry: one municipality's records, as a preview of the certificate.
//!
//! Whatever could stop the certificate later stops the preview now: hours, participation, kind, doses, characters that
//! cannot be printed, and what does not fit into a QR symbol.
//!
//! For abroad the passport's lines are judged here before VRS hears of them, and VRS judges them again: what is certified is
//! what VRS's signed finding says.

use std::sync::Arc;

use issuance_api::{
    Array, CertificateKind, Date, Problem, ProblemCode, TerminalRole,
    passport::{Passport, PassportData},
    registry::{self, DoseRecord, Outcome, Records},
    terminal::{Authority, Dose, InquiryAnswer, InquiryRequest, Preview},
};
use time::Duration;

use super::{Caller, Center, apart, seconds};
use crate::{
    certificate::{
        shc::{self, MAX_DOSES, Payload, PayloadError},
        vdsnc::{self, Data, DataError},
    },
    event::Event,
    programme::Programme,
    registry::Registry,
    state::{State, milliseconds},
    statement::{Contents, Seal},
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
        let shown = self.passport(caller, &request)?;
        let barcode_signer = self.barcode_signer(request.kind)?;
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
        let mut records = records(found.outcome)?;
        let passport = records.passport.take();
        if !self.is_named(asked.kind, shown, passport.as_ref(), &records)? {
            self.parts.events.note(Event::StatementRefused);
            return Err(ProblemCode::RecordsUnavailable.into());
        }
        let (now, uptime) = (self.parts.clock.now(), self.parts.clock.uptime());
        let issue_within = self.states.issue_within(found.ticket_holds);
        let mut state = State {
            issue_until: milliseconds(uptime + issue_within),
            ticket: asked.ticket,
            session_key: request.session_key,
            application: found.application,
            record_version: records.record_version,
            not_before: (now - BACK).unix_timestamp(),
            kid: self.parts.signing.kid(now).clone(),
            barcode_signer,
            preview: Preview {
                programme: asked.programme,
                kind: asked.kind,
                doses: present(programme, &records, asked.kind)?,
                holder: records.holder,
                authority,
                issued_on: Date::from(self.today()),
                copies: request.copies,
                passport,
            },
        };
        self.contents(programme, &state)?;
        state.preview = self.printable(programme, state.preview).await?;
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
            _ => Ok((programme, authority)),
        }
    }

    /// The passport that was read, if there is one: machine-read (A1), and still valid. Only a kiosk may leave it out.
    fn passport(
        &self,
        caller: Caller<'_>,
        request: &InquiryRequest,
    ) -> Result<Option<Passport>, ProblemCode> {
        match (request.kind, &request.passport, caller.terminal.role()) {
            (CertificateKind::Domestic, None, _)
            | (CertificateKind::Abroad, None, TerminalRole::Kiosk) => Ok(None),
            (CertificateKind::Abroad, Some(lines), _) => {
                let passport = Passport::try_from(&**lines)?;
                if passport.has_expired(self.today()) {
                    return Err(ProblemCode::PassportExpired);
                }
                Ok(Some(passport))
            }
            _ => Err(ProblemCode::RequestMalformed),
        }
    }

    /// Who is to sign the second QR code, for abroad.
    fn barcode_signer(&self, kind: CertificateKind) -> Result<Option<Array<32>>, ProblemCode> {
        if kind == CertificateKind::Domestic {
            return Ok(None);
        }
        let signers = self.parts.signing.barcodes();
        let signers = signers.ok_or(ProblemCode::KindNotOffered)?;
        let current = signers.current(self.parts.clock.now());
        let current = current.ok_or(ProblemCode::SigningStopped)?;
        Ok(Some(current.fingerprint().clone()))
    }

    /// Whether VRS names the passport it has to: the one shown, or for a kiosk without a reader the one it holds; and none
    /// where none belongs.
    ///
    /// # Errors
    /// `passport-not-yours`.
    fn is_named(
        &self,
        kind: CertificateKind,
        shown: Option<Passport>,
        named: Option<&Arc<PassportData>>,
        records: &Records,
    ) -> Result<bool, ProblemCode> {
        let Some(shown) = shown else {
            return Ok(named.is_some() == (kind == CertificateKind::Abroad));
        };
        if !shown.holder_was_born_on(records.holder.birth_date.expose()) {
            return Err(ProblemCode::PassportNotYours);
        }
        Ok(named == Some(shown.data()))
    }

    /// What would be signed.
    pub(super) fn contents(
        &self,
        programme: &Programme,
        state: &State,
    ) -> Result<Contents, ProblemCode> {
        let id = self.ids.of(state);
        let preview = &state.preview;
        let payload = Payload::new(&shc::Claims {
            issuer: &self.parts.issuer,
            not_before: state.not_before,
            types: programme.health_card_types(),
            holder: &preview.holder,
            passport: preview.passport.as_deref(),
            authority: &preview.authority.name,
            doses: &preview.doses,
            rid: &self.parts.rids.rid(&state.kid, &id),
        })
        .map_err(|error| match error {
            PayloadError::NoDose => ProblemCode::NoRecord,
            PayloadError::TooManyDoses => ProblemCode::TooManyDoses,
            PayloadError::TooLarge => ProblemCode::CertificateTooLarge,
        })?;
        let seal = match (&preview.passport, &state.barcode_signer) {
            (Some(passport), Some(signer)) => {
                let signers = self.parts.signing.barcodes();
                let known = signers.and_then(|signers| {
                    let mut all = signers.signers().iter();
                    all.find(|known| known.fingerprint() == signer)
                });
                let known = known.ok_or(ProblemCode::StateInvalid)?;
                let claims = vdsnc::Claims {
                    certificate_id: &id,
                    passport,
                    birth_date: &preview.holder.birth_date,
                    authority: &preview.authority,
                    disease: &programme.disease().icd11,
                    doses: &preview.doses,
                };
                let data = Data::new(&claims, known.certificate().der().len());
                Some(Seal {
                    data: data.map_err(data_problem)?,
                    signer: signer.clone(),
                })
            }
            (None, None) => None,
            _ => return Err(ProblemCode::StateInvalid),
        };
        Ok(Contents { payload, seal })
    }

    /// A rare character takes the wide font, which may have to be read: not on a thread that serves connections.
    async fn printable(&self, programme: &Programme, preview: Preview) -> Result<Preview, Problem> {
        if !self.parts.typesetter.is_rare(&preview) {
            self.parts.typesetter.check(programme, &preview)?;
            return Ok(preview);
        }
        let (programmes, typesetter) = (
            Arc::clone(&self.parts.programmes),
            Arc::clone(&self.parts.typesetter),
        );
        apart(move || {
            let programme = programmes.find(&preview.programme);
            let programme = programme.ok_or(ProblemCode::ProgrammeEnded)?;
            typesetter.check(programme, &preview)?;
            Ok(preview)
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
        Outcome::PassportUnknown => Err(ProblemCode::PassportNotRegistered),
    }
}

const fn data_problem(error: DataError) -> ProblemCode {
    match error {
        DataError::NoDose => ProblemCode::NoRecord,
        DataError::TooManyDoses => ProblemCode::TooManyDoses,
        DataError::Dose => ProblemCode::ConfirmationNeeded,
        DataError::TooLarge => ProblemCode::CertificateTooLarge,
    }
}

fn present(
    programme: &Programme,
    records: &Records,
    kind: CertificateKind,
) -> Result<Vec<Dose>, ProblemCode> {
    let dose = |record: &DoseRecord| {
        let DoseRecord {
            vaccine_name,
            maker,
            lot,
            date,
            number,
        } = record;
        let (name, date) = (vaccine_name.expose(), date.expose());
        let dose = programme.present(name, maker.expose(), lot.expose(), date);
        let mut dose = dose.map_err(|_| ProblemCode::VaccineUnknown)?;
        if kind == CertificateKind::Abroad {
            // A record that does not say which dose it was is the municipality's to complete.
            let number = number.ok_or(ProblemCode::ConfirmationNeeded)?;
            let abroad = programme.abroad(name, date, number);
            dose.abroad = Some(abroad.ok_or(ProblemCode::VaccineUnknown)?);
        }
        Ok(dose)
    };
    records.doses.iter().map(dose).collect()
}
