//! Issue and delivered: the preview becomes a certificate, and the register hears that it was handed over.
//!
//! Everything that goes into the certificate stands in the sealed state, and ES256 and page are deterministic: the same
//! request gives the same bytes.

use std::sync::Arc;

use issuance_api::{
    CertificateId, CertificateKind, IssueIntent, Problem, ProblemCode,
    registry::{self, Registration},
    terminal::{DeliveredAnswer, DeliveredRequest, IssueAnswer, IssueRequest, Preview},
};

use super::{Caller, Center, Parts, apart};
use crate::{
    certificate::{
        page::{Content, Typesetter},
        qr::Symbol,
        vdsnc::VdsNc,
    },
    event::{Event, Events},
    programme::Programmes,
    registry::Registry,
    signing::{SignError, Signed},
    state::Redeemed,
};

impl<R: Registry> Center<R> {
    /// `POST /v1/issue`.
    ///
    /// # Errors
    /// The first check that fails.
    pub async fn issue(
        &self,
        caller: Caller<'_>,
        request: IssueRequest,
    ) -> Result<IssueAnswer, Problem> {
        let Redeemed { state, digest } = self
            .states
            .redeem(
                &request.state,
                IssueIntent::Issue,
                &request.proof,
                caller,
                self.parts.clock.uptime(),
            )
            .map_err(ProblemCode::from)?;
        if self.parts.signing.is_stopped() {
            return Err(ProblemCode::SigningStopped.into());
        }
        let programme = self.parts.programmes.find(&state.preview.programme);
        let programme = programme.ok_or(ProblemCode::ProgrammeEnded)?;
        let contents = self.contents(programme, &state)?;
        let registering = registry::RegisterRequest {
            certificate: Registration {
                certificate_id: self.ids.of(&state),
                programme: state.preview.programme.clone(),
                municipality: state.preview.authority.code,
                kind: state.preview.kind,
                kid: state.kid,
                record_version: state.record_version,
                content_digest: contents.digest(),
                issued_on: state.preview.issued_on,
                passport: state.preview.passport.clone(),
            },
            ticket: state.ticket,
            terminal: caller.terminal.clone(),
            exporter: caller.exporter.clone(),
            state_digest: digest,
            proof: request.proof,
        };
        let receipt = self.parts.registry.register(&registering).await?;
        let registration = registering.certificate;
        let certificate_id = registration.certificate_id;
        let registered = self
            .parts
            .statements
            .registered(contents, registration, &state.application, &receipt)
            .map_err(|refused| {
                self.parts.events.note(Event::StatementRefused);
                ProblemCode::from(refused)
            })?;
        let now = self.parts.clock.now();
        let signed = self.parts.signing.sign(&registered, now).map_err(|error| {
            if error == SignError::Stopped {
                self.parts.events.note(Event::SigningStopped);
            }
            ProblemCode::from(error)
        })?;
        self.set(state.preview, certificate_id, signed).await
    }

    /// Symbol and page take less than a millisecond, about what it would cost to hand them to another thread under load; but a rare
    /// character or a wide symbol for abroad takes several: apart from the threads that serve connections.
    async fn set(
        &self,
        preview: Preview,
        certificate_id: CertificateId,
        signed: Signed,
    ) -> Result<IssueAnswer, Problem> {
        let Parts {
            programmes,
            typesetter,
            events,
            ..
        } = &self.parts;
        if preview.kind == CertificateKind::Domestic && !typesetter.is_rare(&preview) {
            return set(
                programmes,
                typesetter,
                &**events,
                &preview,
                certificate_id,
                signed,
            );
        }
        let (programmes, typesetter, events) = (
            Arc::clone(programmes),
            Arc::clone(typesetter),
            Arc::clone(events),
        );
        apart(move || {
            set(
                &programmes,
                &typesetter,
                &*events,
                &preview,
                certificate_id,
                signed,
            )
        })
        .await
    }

    /// `POST /v1/delivered`.
    ///
    /// # Errors
    /// The first check that fails.
    pub async fn delivered(
        &self,
        caller: Caller<'_>,
        request: DeliveredRequest,
    ) -> Result<DeliveredAnswer, ProblemCode> {
        let Redeemed { state, digest } = self.states.redeem(
            &request.state,
            IssueIntent::Delivered,
            &request.proof,
            caller,
            self.parts.clock.uptime(),
        )?;
        let delivered = registry::DeliveredRequest {
            certificate_id: self.ids.of(&state),
            municipality: state.preview.authority.code,
            ticket: state.ticket,
            terminal: caller.terminal.clone(),
            exporter: caller.exporter.clone(),
            state_digest: digest,
            proof: request.proof,
        };
        let registry::DeliveredAnswer {} = self.parts.registry.delivered(&delivered).await?;
        Ok(DeliveredAnswer {})
    }
}

fn set(
    programmes: &Programmes,
    typesetter: &Typesetter,
    events: &dyn Events,
    preview: &Preview,
    certificate_id: CertificateId,
    signed: Signed,
) -> Result<IssueAnswer, Problem> {
    let programme = programmes.find(&preview.programme);
    let programme = programme.ok_or(ProblemCode::ProgrammeEnded)?;
    let Signed { jws, seal } = signed;
    let too_large = |_| ProblemCode::CertificateTooLarge;
    let symbol = Symbol::of(&jws).map_err(too_large)?;
    let seal_symbol = seal.as_ref().map(Symbol::of_seal);
    let seal_symbol = seal_symbol.transpose().map_err(too_large)?;
    let page = typesetter.set(&Content {
        programme,
        preview,
        certificate_id: &certificate_id,
        symbol: &symbol,
        seal: seal_symbol.as_ref(),
    });
    // The preview was checked: what fails now is not the person's name.
    let page = page.inspect_err(|_| events.note(Event::PageFailed))?;
    Ok(IssueAnswer {
        certificate_id,
        jws: jws.into_personal(),
        vds_nc: seal.map(VdsNc::into_personal),
        page,
    })
}
