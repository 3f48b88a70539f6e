//! The vaccination record system, as the center calls it.
//!
//! Whatever goes wrong on the way is `records-unavailable`. A problem that VRS reports passes only if it can be true without
//! a signed finding; so no failure and no unsigned word ever reads as "no record".

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use issuance_api::{
    MunicipalityCode, ProblemCode,
    registry::{
        DeliveredAnswer, DeliveredRequest, EvidenceRequest, Finding, InquiryRequest, Nonce,
        Receipt, RegisterRequest, Revocations, RevocationsRequest, Ticket,
    },
};
use issuance_channel::client::{CallError, Client};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

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
    /// `POST /v1/revocations`.
    fn revocations(
        &self,
        request: &RevocationsRequest,
    ) -> impl Future<Output = Answer<Revocations>> + Send;
}

/// VRS, of whose connections one municipality gets a share: where its records are slow, the others' are not.
pub struct Shares<R> {
    registry: R,
    /// Calls about one municipality at the same time.
    each: usize,
    /// For one of them.
    wait: Duration,
    municipalities: Mutex<HashMap<MunicipalityCode, Arc<Semaphore>>>,
}

impl<R> Shares<R> {
    /// Of so many connections each municipality gets a quarter, and at least one.
    #[must_use]
    pub fn new(registry: R, connections: usize, wait: Duration) -> Self {
        Self {
            registry,
            each: (connections / 4).max(1),
            wait,
            municipalities: Mutex::default(),
        }
    }

    /// All of it.
    #[must_use]
    pub const fn whole(&self) -> &R {
        &self.registry
    }

    async fn share(&self, municipality: MunicipalityCode) -> Answer<OwnedSemaphorePermit> {
        // Those that take part, and no others come here: the list ends by itself.
        let share = {
            let all = self.municipalities.lock();
            let mut all = all.unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Semaphore::new(self.each));
            Arc::clone(all.entry(municipality).or_insert_with(new))
        };
        match timeout(self.wait, share.acquire_owned()).await {
            Ok(permit) => Ok(permit.expect("the semaphore is never closed")),
            Err(_) => Err(ProblemCode::Busy),
        }
    }
}

impl<R: Registry> Registry for Shares<R> {
    async fn nonce(&self) -> Answer<Nonce> {
        self.registry.nonce().await
    }

    async fn evidence(&self, request: &EvidenceRequest) -> Answer<Ticket> {
        self.registry.evidence(request).await
    }

    async fn inquiry(&self, request: &InquiryRequest) -> Answer<Finding> {
        let _share = self.share(request.municipality).await?;
        self.registry.inquiry(request).await
    }

    async fn register(&self, request: &RegisterRequest) -> Answer<Receipt> {
        let _share = self.share(request.certificate.municipality).await?;
        self.registry.register(request).await
    }

    async fn delivered(&self, request: &DeliveredRequest) -> Answer<DeliveredAnswer> {
        let _share = self.share(request.municipality).await?;
        self.registry.delivered(request).await
    }

    async fn revocations(&self, request: &RevocationsRequest) -> Answer<Revocations> {
        self.registry.revocations(request).await
    }
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

    async fn revocations(&self, request: &RevocationsRequest) -> Answer<Revocations> {
        self.post_sealed("/v1/revocations", request)
            .await
            .map_err(code)
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
        | P::PassportUnreadable
        | P::PassportOtherDocument
        | P::PassportExpired
        | P::PassportNotYours
        | P::RecordChanged
        | P::RegistrationConflict
        | P::RegistrationLapsed => code,
        _ => P::RecordsUnavailable,
    }
}

#[cfg(test)]
mod tests {
    use issuance_api::{Array, Blob, Problem, registry::Outcome};
    use tokio::sync::Notify;

    use super::*;
    use crate::testing::terminal;

    /// Says nothing of the first municipality until told to, and knows nobody in any other.
    struct Stuck(Notify);

    const STUCK: &str = "132217";

    macro_rules! unasked {
        ($($step:ident $request:ident $answer:ident,)*) => {
            $(async fn $step(&self, _: &$request) -> Answer<$answer> {
                Err(ProblemCode::RecordsUnavailable)
            })*
        };
    }

    impl Registry for Stuck {
        async fn nonce(&self) -> Answer<Nonce> {
            Err(ProblemCode::RecordsUnavailable)
        }

        async fn inquiry(&self, request: &InquiryRequest) -> Answer<Finding> {
            if request.municipality.as_str() == STUCK {
                self.0.notified().await;
                return Err(ProblemCode::RecordsUnavailable);
            }
            Ok(Finding {
                application: Array::new([1; 16]),
                municipality: request.municipality,
                programme: request.programme.clone(),
                kind: request.kind,
                ticket_expires_in_seconds: 600,
                data_epoch: 1,
                outcome: Outcome::NoSuchPerson,
                signature: Array::new([0; 64]),
            })
        }

        unasked! {
            evidence EvidenceRequest Ticket,
            register RegisterRequest Receipt,
            delivered DeliveredRequest DeliveredAnswer,
            revocations RevocationsRequest Revocations,
        }
    }

    fn inquiry(municipality: &str) -> InquiryRequest {
        InquiryRequest {
            ticket: Blob::new(vec![1]),
            terminal: terminal("0001"),
            exporter: Array::new([0; 32]),
            programme: "covid-19".parse().unwrap(),
            municipality: municipality.parse().unwrap(),
            kind: issuance_api::CertificateKind::Domestic,
            passport: None,
            proof: Array::new([0; 64]),
        }
    }

    #[tokio::test]
    async fn a_municipality_that_does_not_answer_takes_its_own_share_alone() {
        let wait = Duration::from_millis(100);
        let vrs = Arc::new(Shares::new(Stuck(Notify::new()), 8, wait));
        let ask = |municipality: &str| {
            let (vrs, request) = (Arc::clone(&vrs), inquiry(municipality));
            tokio::spawn(async move { vrs.inquiry(&request).await.map(|it| it.outcome) })
        };
        let stuck: Vec<_> = (0..8).map(|_| ask(STUCK)).collect();
        for other in ["131016", "141003"] {
            assert_eq!(ask(other).await.unwrap(), Ok(Outcome::NoSuchPerson));
        }
        // Six of eight connections were never taken.
        tokio::time::sleep(wait * 3).await;
        vrs.whole().0.notify_waiters();
        let mut said = Vec::new();
        for each in stuck {
            said.push(each.await.unwrap().unwrap_err());
        }
        let busy = said.iter().filter(|code| **code == ProblemCode::Busy);
        assert_eq!(busy.count(), 6, "{said:?}");
        let there = ask(STUCK);
        tokio::task::yield_now().await;
        vrs.whole().0.notify_one();
        assert_eq!(there.await.unwrap(), Err(ProblemCode::RecordsUnavailable));
    }

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
