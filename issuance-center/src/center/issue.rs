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

use tokio::join;

use super::{Caller, Center, apart};
use crate::{
    certificate::{
        page::{Drawn, PageError},
        qr::Symbol,
        vdsnc::VdsNc,
    },
    event::{Event, Events},
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
        // What the page says is known: where that is quick it is drawn while VRS, which is asked first, registers.
        let typesetter = &self.parts.typesetter;
        let certificate_id = registering.certificate.certificate_id;
        let is_quick =
            state.preview.kind == CertificateKind::Domestic && !typesetter.is_rare(&state.preview);
        let drawing =
            async { is_quick.then(|| typesetter.draw(programme, &state.preview, &certificate_id)) };
        let (receipt, drawn) = join!(
            biased;
            self.parts.registry.register(&registering),
            drawing,
        );
        let receipt = receipt?;
        let registration = registering.certificate;
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
        match drawn {
            Some(drawn) => finish(drawn, certificate_id, signed, &*self.parts.events),
            None => self.set(state.preview, certificate_id, signed).await,
        }
    }

    /// A rare character or a wide symbol for abroad takes milliseconds: apart from the threads that serve connections.
    async fn set(
        &self,
        preview: Preview,
        certificate_id: CertificateId,
        signed: Signed,
    ) -> Result<IssueAnswer, Problem> {
        let (programmes, typesetter, events) = (
            Arc::clone(&self.parts.programmes),
            Arc::clone(&self.parts.typesetter),
            Arc::clone(&self.parts.events),
        );
        apart(move || {
            let programme = programmes.find(&preview.programme);
            let programme = programme.ok_or(ProblemCode::ProgrammeEnded)?;
            let drawn = typesetter.draw(programme, &preview, &certificate_id);
            finish(drawn, certificate_id, signed, &*events)
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

/// Puts what was signed onto the page.
fn finish(
    drawn: Result<Drawn<'_>, PageError>,
    certificate_id: CertificateId,
    signed: Signed,
    events: &dyn Events,
) -> Result<IssueAnswer, Problem> {
    let Signed { jws, seal } = signed;
    let too_large = |_| ProblemCode::CertificateTooLarge;
    let symbol = Symbol::of(&jws).map_err(too_large)?;
    let seal_symbol = seal.as_ref().map(Symbol::of_seal);
    let seal_symbol = seal_symbol.transpose().map_err(too_large)?;
    let page = drawn.and_then(|drawn| drawn.finish(&symbol, seal_symbol.as_ref()));
    // The preview was checked: what fails now is not the person's name.
    let page = page.inspect_err(|_| events.note(Event::PageFailed))?;
    Ok(IssueAnswer {
        certificate_id,
        jws: jws.into_personal(),
        vds_nc: seal.map(VdsNc::into_personal),
        page,
    })
}
