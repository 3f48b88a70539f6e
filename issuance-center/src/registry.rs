//! The vaccination record system, as the center calls it.
//!
//! Whatever goes wrong on the way is `records-unavailable`. A problem that VRS reports passes only if it can be true without
//! a signed finding; so no failure and no unsigned word ever reads as "no record".

use issuance_api::{
    ProblemCode,
    registry::{
        DeliveredAnswer, DeliveredRequest, EvidenceRequest, Finding, InquiryRequest, Nonce,
        Receipt, RegisterRequest, Revocations, Ticket,
    },
};
use issuance_channel::client::{CallError, Client};

/// What VRS answers, or the problem code to pass on.
pub type Answer<T> = Result<T, ProblemCode>;

/// The steps of VRS (`issuance_api::registry`).
pub trait Registry: Send + Sync + 'static {
    /// `POST /v1/nonce`.
    fn nonce(&self) -> impl Future<Output = Answer<Nonce>> + Send;
    /// `POST /v1/evidence`.
    fn evidence(&self, request: &EvidenceRequest) -> impl Future<Output = Answer<Ticket>> + Send;
    /// `POST /v1/inquiry`.
    fn inquiry(&self, request: &InquiryRequest) -> impl Future<Output = Answer<Finding>> + Send;
    /// `POST /v1/register`.
    fn register(&self, request: &RegisterRequest) -> impl Future<Output = Answer<Receipt>> + Send;
    /// `POST /v1/delivered`.
    fn delivered(
        &self,
        request: &DeliveredRequest,
    ) -> impl Future<Output = Answer<DeliveredAnswer>> + Send;
    /// `GET /v1/revocations`.
    fn revocations(&self) -> impl Future<Output = Answer<Revocations>> + Send;
}

/// VRS over mutual TLS, bodies sealed.
impl Registry for Client {
    async fn nonce(&self) -> Answer<Nonce> {
        self.post("/v1/nonce").await.map_err(code)
    }

    async fn evidence(&self, request: &EvidenceRequest) -> Answer<Ticket> {
        self.post_sealed("/v1/evidence", request)
            .await
            .map_err(code)
    }

    async fn inquiry(&self, request: &InquiryRequest) -> Answer<Finding> {
        self.post_sealed("/v1/inquiry", request).await.map_err(code)
    }

    async fn register(&self, request: &RegisterRequest) -> Answer<Receipt> {
        self.post_sealed("/v1/register", request)
            .await
            .map_err(code)
    }

    async fn delivered(&self, request: &DeliveredRequest) -> Answer<DeliveredAnswer> {
        self.post_sealed("/v1/delivered", request)
            .await
            .map_err(code)
    }

    async fn revocations(&self) -> Answer<Revocations> {
        self.get("/v1/revocations").await.map_err(code)
    }
}

fn code(error: CallError) -> ProblemCode {
    match error {
        CallError::Problem(problem) => reported(problem.code),
        CallError::Busy => ProblemCode::Busy,
        CallError::Unreachable | CallError::Untrusted => ProblemCode::RecordsUnavailable,
    }
}

/// What a problem that VRS reports is to a terminal.
#[must_use]
pub const fn reported(code: ProblemCode) -> ProblemCode {
    use ProblemCode as P;
    match code {
        P::Busy
        | P::ChallengeExpired
        | P::EvidenceMalformed
        | P::CardIssuerUnknown
        | P::CardSignerRefused
        | P::CardDataAltered
        | P::CardNotGenuine
        | P::CardBindingInvalid
        | P::CardBindingMissing
        | P::TicketInvalid
        | P::TicketExpired
        | P::SessionProofInvalid
        | P::TooManyMunicipalities
        | P::MunicipalityNotTakingPart
        | P::KindNotOffered
        | P::ConfirmationNeeded
        | P::MovedOut
        | P::Deceased
        | P::IssuingStopped
        | P::RecordChanged
        | P::RegistrationConflict
        | P::RegistrationLapsed => code,
        _ => P::RecordsUnavailable,
    }
}

#[cfg(test)]
mod tests {
    use issuance_api::Problem;

    use super::*;

    #[test]
    fn no_failure_reads_as_no_record() {
        for said in ProblemCode::ALL {
            let heard = code(CallError::Problem(Problem::from(*said)));
            assert!(heard == *said || heard == ProblemCode::RecordsUnavailable);
            assert!(!matches!(
                heard,
                ProblemCode::NoRecord | ProblemCode::NoSuchPerson
            ));
        }
        assert_eq!(
            code(CallError::Unreachable),
            ProblemCode::RecordsUnavailable
        );
        assert_eq!(code(CallError::Untrusted), ProblemCode::RecordsUnavailable);
    }

    #[test]
    fn what_is_about_the_link_to_vrs_is_not_the_terminals_business() {
        for said in [
            ProblemCode::TerminalRefused,
            ProblemCode::SealInvalid,
            ProblemCode::RequestMalformed,
            ProblemCode::InternalError,
        ] {
            assert_eq!(reported(said), ProblemCode::RecordsUnavailable);
        }
    }
}
