//! Evidence: verified here first, then by VRS, then forgotten.
//!
//! Its RSA verifications take below half a millisecond together, about what it would cost to hand them to another thread
//! under load: they run where the request runs, and the listener bounds how many do.

use card::evidence::{Context, Evidence, EvidenceError, SurfaceError};
use issuance_api::{ProblemCode, registry, terminal};

use super::{Caller, Center, challenge::OpenChallenge};
use crate::{event::Event, registry::Registry};

impl<R: Registry> Center<R> {
    /// `POST /v1/evidence`.
    ///
    /// # Errors
    /// The first check that fails, here or at VRS.
    pub async fn evidence(
        &self,
        caller: Caller<'_>,
        open: &mut OpenChallenge,
        request: terminal::EvidenceRequest,
    ) -> Result<terminal::EvidenceAnswer, ProblemCode> {
        let center_nonce = open.take(self.parts.clock.uptime())?;
        let evidence = Evidence::decode(request.evidence.as_bytes())
            .map_err(|_| ProblemCode::EvidenceMalformed)?;
        let context = Context {
            center_nonce: *center_nonce.as_bytes(),
            vrs_nonce: request.vrs_nonce.as_bytes(),
            center: self.parts.id.as_str(),
            vrs: self.parts.vrs.as_str(),
            terminal: caller.terminal.as_str(),
            exporter: *caller.exporter.as_bytes(),
            session_key: *request.session_key.as_bytes(),
        };
        let verified = evidence
            .verify(&context, &self.parts.trust, self.parts.binding)
            .map_err(problem)?;
        let events = &self.parts.events;
        let reread = |read| events.note(Event::from(read));
        for signer in verified.signers() {
            if self.parts.refused.refuses(&signer, reread) {
                events.note(Event::SignerRefused);
                return Err(ProblemCode::CardSignerRefused);
            }
        }
        if !verified.is_bound_by_surface() {
            events.note(Event::UnboundCardAccepted);
        }
        // Not needed any more: what it says of a person is wiped before VRS is waited for.
        drop(verified);
        let again = registry::EvidenceRequest {
            center_nonce,
            vrs_nonce: request.vrs_nonce,
            terminal: caller.terminal.clone(),
            exporter: caller.exporter.clone(),
            session_key: request.session_key,
            evidence: request.evidence,
        };
        let ticket = self.parts.registry.evidence(&again).await?;
        Ok(terminal::EvidenceAnswer {
            ticket: ticket.ticket,
            expires_in_seconds: ticket.expires_in_seconds,
        })
    }
}

/// Every way evidence can fail, as the terminal hears it.
#[must_use]
pub const fn problem(error: EvidenceError) -> ProblemCode {
    match error {
        EvidenceError::UnknownIssuer
        | EvidenceError::CertificateSignature
        | EvidenceError::SignerRole => ProblemCode::CardIssuerUnknown,
        EvidenceError::NumberDigest
        | EvidenceError::AttributesDigest
        | EvidenceError::IntegritySignature
        | EvidenceError::CardKeySignature
        | EvidenceError::CheckDigit => ProblemCode::CardDataAltered,
        EvidenceError::Challenge => ProblemCode::CardNotGenuine,
        EvidenceError::Surface(SurfaceError::Missing) => ProblemCode::CardBindingMissing,
        EvidenceError::Surface(_) => ProblemCode::CardBindingInvalid,
    }
}
