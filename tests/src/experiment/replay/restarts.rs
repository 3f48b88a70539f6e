//! What a kiosk gone bad has kept, when the center or the record system begins anew: one of them alone, with the other going on.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use issuance_api::ProblemCode;
use issuance_api::registry::{
    DeliveredAnswer, DeliveredRequest, EvidenceRequest, Finding, InquiryRequest, Nonce, Receipt,
    RegisterRequest, Revocations, RevocationsRequest, Ticket,
};
use issuance_center::registry::{Answer, Registry};

use super::kiosk::{Tried, code, ticket};
use crate::applicant::Applicant;
use crate::simulator::town::{Town, center_id, kiosk};
use crate::simulator::{Link, Records};

pub(super) async fn over_new_starts(town: &Town, tried: &mut Tried<'_>) -> io::Result<()> {
    let open = town.open_with(Renewed::new).await?;
    let resident = &town.people.residents[7];
    let bad = Applicant::new(open.terminal(kiosk(1)));
    let own = ticket(&bad, resident).await?;
    let shown = bad.inquire(&own, resident.municipality).await;
    let state = shown.map_err(io::Error::other)?.state;

    let center = town.center_over(&open, Renewed::new, |_, key| key)?;
    let anew = bad.at(Link::near(center, kiosk(1)));
    let said = code(anew.issue(&state).await);
    tried.refused(
        "a state after the center began anew",
        said,
        ProblemCode::StateInvalid,
    );
    // At the center that sealed it, it is good.
    bad.issue(&state).await.map_err(io::Error::other)?;
    let said = code(anew.delivered(&state).await);
    tried.refused(
        "a state handed over after the center began anew",
        said,
        ProblemCode::StateInvalid,
    );

    open.vrs.close().await;
    let vrs = town.vrs(&open.databases, &open.clock, &open.notes)?;
    let records = Records::near(Arc::clone(&vrs), center_id());
    open.center.parts().registry.renew(records);
    for (what, said) in [
        (
            "a ticket after the record system began anew",
            code(bad.inquire(&own, resident.municipality).await),
        ),
        (
            "a state after the record system began anew",
            code(bad.issue(&state).await),
        ),
        (
            "a state handed over after the record system began anew",
            code(bad.delivered(&state).await),
        ),
    ] {
        tried.refused(what, said, ProblemCode::TicketInvalid);
    }
    vrs.close().await;
    Ok(())
}

/// The record system as a center reaches it that goes on meanwhile.
struct Renewed(Mutex<Arc<Records>>);

impl Renewed {
    fn new(records: Records) -> Self {
        Self(Mutex::new(Arc::new(records)))
    }

    fn renew(&self, records: Records) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(records);
    }

    fn now(&self) -> Arc<Records> {
        let now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&now)
    }
}

impl Registry for Renewed {
    async fn nonce(&self) -> Answer<Nonce> {
        self.now().nonce().await
    }

    async fn evidence(&self, request: &EvidenceRequest) -> Answer<Ticket> {
        self.now().evidence(request).await
    }

    async fn inquiry(&self, request: &InquiryRequest) -> Answer<Finding> {
        self.now().inquiry(request).await
    }

    async fn register(&self, request: &RegisterRequest) -> Answer<Receipt> {
        self.now().register(request).await
    }

    async fn delivered(&self, request: &DeliveredRequest) -> Answer<DeliveredAnswer> {
        self.now().delivered(request).await
    }

    async fn revocations(&self, request: &RevocationsRequest) -> Answer<Revocations> {
        self.now().revocations(request).await
    }
}
