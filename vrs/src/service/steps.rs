//! The steps of an application, in their order.

use std::{mem, sync::Arc, time::Duration};

use card::{
    attributes::BirthDate,
    evidence::{Context, Evidence},
};
use ed25519_dalek::{Signature, VerifyingKey};
use issuance_api::{
    Array, Blob, CenterId, CertificateKind, Date, IssueIntent, Personal, PersonalBytes,
    PersonalDate, ProblemCode, ProgrammeId, TerminalUrn, inquiry_message, issue_message,
    passport::PassportMrz,
    registry::{
        DeliveredAnswer, DeliveredRequest, DoseRecord, EvidenceRequest, Finding, InquiryRequest,
        Nonce, Outcome, Receipt, Records, RegisterRequest, Revocations, RevocationsRequest, Ticket,
    },
    terminal::Holder,
};
use time::{OffsetDateTime, macros::offset};

use super::{Vrs, abroad::dose_number, evidence_problem};
use crate::{
    asked::Subject,
    event::{Event, SignerMunicipality},
    nonce::{milliseconds, random},
    record::Text,
    storage::{Delivery, Found, Operation, OutcomeName, Reservation, Unavailable},
    ticket::Claims,
};

/// Entries of the revocation lists in one answer: about one mebibyte.
pub const MAX_REVOCATIONS: usize = 10_000;

impl Vrs {
    /// `POST /v1/nonce`.
    #[must_use]
    pub fn nonce(&self, center: &CenterId) -> Nonce {
        Nonce {
            nonce: self.nonces.mint(center, self.parts.clock.uptime()),
            vrs: self.parts.id.clone(),
            expires_in_seconds: seconds(self.parts.lifetimes.evidence),
        }
    }

    /// `POST /v1/evidence`: verifies all of it again, under the nonce minted here, and states who this is.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn evidence(
        &self,
        center: &CenterId,
        request: &EvidenceRequest,
    ) -> Result<Ticket, ProblemCode> {
        let uptime = self.parts.clock.uptime();
        self.nonces
            .spend(&request.vrs_nonce, center, uptime)
            .map_err(|_| ProblemCode::ChallengeExpired)?;
        let evidence = Evidence::decode(request.evidence.as_bytes())
            .map_err(|_| ProblemCode::EvidenceMalformed)?;
        let context = Context {
            center_nonce: *request.center_nonce.as_bytes(),
            vrs_nonce: request.vrs_nonce.as_bytes(),
            center: center.as_str(),
            vrs: self.parts.id.as_str(),
            terminal: request.terminal.as_str(),
            exporter: *request.exporter.as_bytes(),
            session_key: *request.session_key.as_bytes(),
        };
        let verified = evidence
            .verify(&context, &self.parts.trust, self.parts.binding)
            .map_err(evidence_problem)?;
        let events = &self.parts.events;
        let reread = |read| events.note(Event::from(read));
        for signer in verified.signers() {
            if self.parts.refused.refuses(&signer, reread) {
                events.note(Event::SignerRefused {
                    signer: SignerMunicipality::from(&signer),
                });
                return Err(ProblemCode::CardSignerRefused);
            }
        }
        let signer = verified.signer();
        match verified.surface_signer() {
            None => events.note(Event::UnboundCardAccepted),
            Some(surface) if surface.municipality_prefix() != signer.municipality_prefix() => {
                events.note(Event::SignersDiffer {
                    text: SignerMunicipality::from(&signer),
                    surface: SignerMunicipality::from(&surface),
                });
            }
            Some(_) => {}
        }
        let lifetime = self.parts.lifetimes.ticket;
        let claims = Claims {
            application: Array::new(*random::<16>()),
            name: Personal::new(verified.attributes().name().expose().clone()),
            birth_date: day(verified.attributes().birth()),
            number: verified.into_number(),
            signer: SignerMunicipality::from(&signer),
            terminal: request.terminal.clone(),
            session_key: request.session_key.clone(),
            passport_key: PersonalBytes::new(random::<32>().to_vec()),
            center: center.clone(),
            expiry: milliseconds(uptime + lifetime),
        };
        Ok(Ticket {
            ticket: self.tickets.seal(&claims, uptime),
            expires_in_seconds: seconds(lifetime),
        })
    }

    /// `POST /v1/inquiry`: releases this person's records of one municipality, and logs that it did.
    ///
    /// # Errors
    /// The first check that fails; [`ProblemCode::RecordsUnavailable`] whenever the records cannot be relied on.
    pub async fn inquiry(
        &self,
        center: &CenterId,
        request: &InquiryRequest,
    ) -> Result<Finding, ProblemCode> {
        let mut claims = self.open(&request.ticket, center, &request.terminal)?;
        let lines = request.passport.as_deref().map(PassportMrz::digest);
        let message = inquiry_message(
            &request.ticket,
            &request.programme,
            &request.municipality,
            request.kind,
            lines.as_ref(),
            &request.exporter,
        );
        check_proof(&claims, &message, &request.proof)?;
        let shown = self.shown(&claims, request)?;
        self.holds(request.municipality)?;
        let subject = Subject {
            municipality: request.municipality,
            programme: request.programme.clone(),
            kind: request.kind,
        };
        self.asked
            .ask(&claims, subject.clone())
            .map_err(|_| ProblemCode::TooManyMunicipalities)?;

        let (mut session, found) = self.begin_for(request.municipality, &claims.number).await?;
        let broken = |cause| self.unavailable(request.municipality, cause);
        let mut outcome = outcome(&mut claims, found.as_ref(), &request.programme);
        if let (CertificateKind::Abroad, Outcome::Records(records), Some(found)) =
            (request.kind, &mut outcome, &found)
        {
            let named = self.named(&claims, shown, &mut session, found.id).await;
            match named.map_err(broken)? {
                Some(passport) => {
                    self.asked.name(&claims, subject, &passport);
                    records.passport = Some(passport);
                }
                None => outcome = Outcome::PassportUnknown,
            }
        }
        let released = Operation::Released {
            person: found.as_ref().map(|found| found.id),
            application: claims.application.clone(),
            center: center.clone(),
            terminal: claims.terminal.clone(),
            programme: request.programme.clone(),
            kind: request.kind,
            outcome: name(&outcome),
        };
        session
            .log(&released, self.parts.clock.unix())
            .await
            .map_err(broken)?;
        let data_epoch = session.data_epoch();
        // Only what is in the log for good is said.
        session.commit().await.map_err(broken)?;

        if matches!(outcome, Outcome::Records(_))
            && !request
                .municipality
                .as_str()
                .starts_with(claims.signer.as_str())
        {
            self.parts.events.note(Event::SignerElsewhere {
                signer: claims.signer,
                municipality: request.municipality,
            });
        }
        let still = claims
            .expiry
            .saturating_sub(milliseconds(self.parts.clock.uptime()));
        let mut finding = Finding {
            application: claims.application.clone(),
            municipality: request.municipality,
            programme: request.programme.clone(),
            kind: request.kind,
            ticket_expires_in_seconds: seconds(Duration::from_millis(still)),
            data_epoch,
            outcome,
            signature: Array::new([0; 64]),
        };
        finding.signature = self.parts.statement.sign(&finding.message());
        Ok(finding)
    }

    /// `POST /v1/register`: the record is looked at again in the transaction that registers the certificate.
    ///
    /// # Errors
    /// The first check that fails.
    pub async fn register(
        &self,
        center: &CenterId,
        request: &RegisterRequest,
    ) -> Result<Receipt, ProblemCode> {
        let mut claims = self.open(&request.ticket, center, &request.terminal)?;
        let certificate = &request.certificate;
        self.recent(certificate.issued_on)?;
        let message = issue_message(IssueIntent::Issue, &request.state_digest, &request.exporter);
        check_proof(&claims, &message, &request.proof)?;
        let subject = Subject::from(certificate);
        if !self.asked.has_asked(&claims, &subject)
            || !self
                .asked
                .has_named(&claims, &subject, certificate.passport.as_deref())
        {
            return Err(ProblemCode::TicketInvalid);
        }

        let (mut session, found) = self
            .begin_for(certificate.municipality, &claims.number)
            .await?;
        let broken = |cause| self.unavailable(certificate.municipality, cause);
        let records = match outcome(&mut claims, found.as_ref(), &certificate.programme) {
            Outcome::Records(records) => records,
            refused => return Err(refusal(&refused)),
        };
        if records.record_version != certificate.record_version {
            return Err(ProblemCode::RecordChanged);
        }
        if records.doses.is_empty() {
            return Err(ProblemCode::NoRecord);
        }
        let person = found
            .map(|found| found.id)
            .ok_or(ProblemCode::NoSuchPerson)?;
        if let Some(passport) = &certificate.passport {
            // What a kiosk's rests on may have been revoked meanwhile.
            let named = self.named(&claims, Some(Arc::clone(passport)), &mut session, person);
            if named.await.map_err(broken)?.is_none() {
                return Err(ProblemCode::PassportNotRegistered);
            }
        }
        // A center that went bad has one proof of the resident's, and gets one certificate for it.
        if !self
            .asked
            .is_only(&claims, certificate, &request.state_digest)
        {
            return Err(ProblemCode::RegistrationConflict);
        }
        let reservation = session
            .reserve(
                person,
                (&claims.application, claims.terminal.role().into()),
                certificate,
                self.parts.clock.unix(),
                self.term(),
            )
            .await
            .map_err(broken)?;
        session.commit().await.map_err(broken)?;
        match reservation {
            Reservation::Registered => Ok(Receipt {
                signature: self
                    .parts
                    .statement
                    .sign(&Receipt::message(&claims.application, certificate)),
                application: claims.application.clone(),
            }),
            Reservation::Conflict => Err(ProblemCode::RegistrationConflict),
            Reservation::Void => Err(ProblemCode::RegistrationLapsed),
        }
    }

    /// `POST /v1/delivered`: taken as long as a reservation made under the ticket can last.
    ///
    /// # Errors
    /// The first check that fails.
    pub async fn delivered(
        &self,
        center: &CenterId,
        request: &DeliveredRequest,
    ) -> Result<DeliveredAnswer, ProblemCode> {
        let reservation = self.parts.lifetimes.reservation;
        let claims = self.tickets.open(
            &request.ticket,
            center,
            &request.terminal,
            self.parts.clock.uptime(),
            reservation,
        )?;
        let message = issue_message(
            IssueIntent::Delivered,
            &request.state_digest,
            &request.exporter,
        );
        check_proof(&claims, &message, &request.proof)?;
        // One answer for all that is not this application's certificate: it must not tell who is known where.
        if !self.asked.has_registered(
            &claims,
            request.municipality,
            request.certificate_id,
            &request.state_digest,
        ) {
            return Err(ProblemCode::RegistrationConflict);
        }

        let mut session = self.begin(request.municipality).await?;
        let broken = |cause| self.unavailable(request.municipality, cause);
        let delivery = session
            .deliver(
                &claims.application,
                &request.certificate_id,
                self.parts.clock.unix(),
                self.term(),
            )
            .await
            .map_err(broken)?;
        session.commit().await.map_err(broken)?;
        match delivery {
            Delivery::Delivered => Ok(DeliveredAnswer {}),
            Delivery::Unknown => Err(ProblemCode::RegistrationConflict),
            Delivery::Void => Err(ProblemCode::RegistrationLapsed),
        }
    }

    /// `POST /v1/revocations`: of every municipality's list what the center does not know yet, since entries are never
    /// taken down. If one cannot be relied on, or was left out of the configuration, there is no answer: without it
    /// certificates would become valid again.
    ///
    /// # Errors
    /// [`ProblemCode::RecordsUnavailable`].
    pub async fn revocations(
        &self,
        request: &RevocationsRequest,
    ) -> Result<Revocations, ProblemCode> {
        let left_out = self.parts.divisions.left_out();
        let left_out = left_out.map_err(|_| ProblemCode::RecordsUnavailable)?;
        if let Some(municipality) = left_out.first() {
            return Err(self.unavailable(*municipality, Unavailable::LeftOut));
        }
        let mut room = MAX_REVOCATIONS;
        let mut lists = Vec::new();
        for municipality in self.parts.divisions.municipalities() {
            let broken = |cause| self.unavailable(municipality, cause);
            let known = request.known.get(&municipality).copied().unwrap_or(0);
            let reading = self.parts.divisions.read(municipality).await;
            let piece = reading.map_err(broken)?.revocations(known, room).await;
            let piece = piece.map_err(broken)?;
            room -= piece.revoked.len();
            lists.push(piece);
        }
        Ok(Revocations { lists })
    }

    /// A certificate is issued on the day it is registered, in Japan. A preview may be from just before midnight, and
    /// clocks differ: the days beside are taken too.
    fn recent(&self, issued_on: Date) -> Result<(), ProblemCode> {
        if (issued_on.get() - self.today()?).whole_days().abs() <= 1 {
            Ok(())
        } else {
            Err(ProblemCode::RequestMalformed)
        }
    }

    /// The day it is in Japan.
    pub(super) fn today(&self) -> Result<time::Date, ProblemCode> {
        let now = OffsetDateTime::from_unix_timestamp(self.parts.clock.unix());
        let now = now.map_err(|_| ProblemCode::RecordsUnavailable)?;
        Ok(now.to_offset(offset!(+9)).date())
    }

    fn open(
        &self,
        ticket: &Blob,
        center: &CenterId,
        terminal: &TerminalUrn,
    ) -> Result<Claims, ProblemCode> {
        let uptime = self.parts.clock.uptime();
        self.tickets
            .open(ticket, center, terminal, uptime, Duration::ZERO)
    }
}

/// What is said of a person. A record whose birth date is not the card's may be somebody else's under a wrong number:
/// then nothing of it is said, flags neither. Name and birth date go from the claims into what is said.
fn outcome(claims: &mut Claims, found: Option<&Found>, programme: &ProgrammeId) -> Outcome {
    let Some(Found {
        record_version,
        person,
        doses,
        ..
    }) = found
    else {
        return Outcome::NoSuchPerson;
    };
    let Some(birth_date) = claims.birth_date.take_if(|date| *date == person.birth_date) else {
        return Outcome::ConfirmationNeeded;
    };
    if person.deceased.is_set() {
        Outcome::Deceased
    } else if person.stopped.is_set() {
        Outcome::Stopped
    } else if person.moved_out.is_set() {
        Outcome::MovedOut
    } else if person.confirmation_needed.is_set() {
        Outcome::ConfirmationNeeded
    } else {
        Outcome::Records(Records {
            holder: Holder {
                name: mem::take(&mut claims.name),
                birth_date,
            },
            record_version: *record_version,
            doses: doses
                .iter()
                .filter(|dose| dose.programme == *programme)
                .map(|dose| DoseRecord {
                    date: dose.date.again(),
                    vaccine_name: dose.vaccine_name.again(),
                    maker: dose.maker.as_ref().map(Text::again).unwrap_or_default(),
                    lot: dose.lot.again(),
                    number: dose
                        .kind
                        .as_ref()
                        .and_then(|kind| dose_number(kind.expose())),
                })
                .collect(),
            passport: None,
        })
    }
}

const fn name(outcome: &Outcome) -> OutcomeName {
    match outcome {
        Outcome::Records(_) => OutcomeName::Records,
        Outcome::NoSuchPerson => OutcomeName::NoSuchPerson,
        Outcome::ConfirmationNeeded => OutcomeName::ConfirmationNeeded,
        Outcome::MovedOut => OutcomeName::MovedOut,
        Outcome::Deceased => OutcomeName::Deceased,
        Outcome::Stopped => OutcomeName::Stopped,
        Outcome::PassportUnknown => OutcomeName::PassportUnknown,
    }
}

/// What changed between preview and register.
const fn refusal(outcome: &Outcome) -> ProblemCode {
    match outcome {
        Outcome::Records(_) => ProblemCode::RecordChanged,
        Outcome::NoSuchPerson => ProblemCode::NoSuchPerson,
        Outcome::ConfirmationNeeded => ProblemCode::ConfirmationNeeded,
        Outcome::MovedOut => ProblemCode::MovedOut,
        Outcome::Deceased => ProblemCode::Deceased,
        Outcome::Stopped => ProblemCode::IssuingStopped,
        Outcome::PassportUnknown => ProblemCode::PassportNotRegistered,
    }
}

fn check_proof(claims: &Claims, message: &[u8], proof: &Array<64>) -> Result<(), ProblemCode> {
    VerifyingKey::from_bytes(claims.session_key.as_bytes())
        .and_then(|key| key.verify_strict(message, &Signature::from_bytes(proof.as_bytes())))
        .map_err(|_| ProblemCode::SessionProofInvalid)
}

/// The card's birth date as a day of the calendar; nothing where month or day is unknown.
fn day(birth: &BirthDate) -> Option<PersonalDate> {
    let month = time::Month::try_from(birth.month()).ok()?;
    time::Date::from_calendar_date(i32::from(birth.year()), month, birth.day())
        .ok()
        .map(|day| Date::from(day).into())
}

fn seconds(lifetime: Duration) -> u32 {
    u32::try_from(lifetime.as_secs()).expect("lifetimes are minutes")
}
