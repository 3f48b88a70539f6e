//! Ports of the terminal that note when something happened, and otherwise do what they hold does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use card::pin::Pin;
use issuance_api::terminal::{
    Challenge, DeliveredAnswer, DeliveredRequest, EvidenceAnswer, EvidenceRequest, InquiryAnswer,
    InquiryRequest, IssueAnswer, IssueRequest, Menu,
};
use issuance_api::{Array, Problem, ProblemCode};
use terminal::handover::Certificate;
use terminal::output::{Output, OutputError, Undelivered};
use terminal::ports::{Card, Center, Question, Reading};

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// The card's last answer was handed over.
    CardRead,
    /// The resident was told to take it.
    TakeCard,
    CardGone,
    /// They are shown.
    Municipalities,
    Chosen,
    /// It is shown.
    Preview,
    Confirmed,
    /// The center's answer is there.
    Issued,
    /// Whether there is paper is being asked.
    Asking,
    /// It is known.
    Told,
    /// It passed the check: the output has it.
    Delivering,
    /// A question is on its way to the printer.
    PrinterAsked,
    PrinterAnswered,
    /// Of the page, on its way to the printer.
    FirstByte,
}

/// What happened, and when.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks(Arc<Mutex<Vec<(Mark, Instant)>>>);

impl Marks {
    pub(super) fn note(&self, mark: Mark) {
        let now = Instant::now();
        self.kept().push((mark, now));
    }

    pub(super) fn clear(&self) {
        self.kept().clear();
    }

    pub(super) fn all(&self) -> Vec<(Mark, Instant)> {
        self.kept().clone()
    }

    fn kept(&self) -> MutexGuard<'_, Vec<(Mark, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct TimedCard<K>(pub(super) K, pub(super) Marks);

impl<K: Card> Card for TimedCard<K> {
    async fn open(&mut self, within: Duration) -> Result<u8, ProblemCode> {
        self.0.open(within).await
    }

    async fn read(&mut self, pin: Pin, question: Question) -> Result<Reading, ProblemCode> {
        let read = self.0.read(pin, question).await;
        self.1.note(Mark::CardRead);
        read
    }

    async fn lifted(&mut self) -> ProblemCode {
        self.0.lifted().await
    }

    async fn gone(&mut self, within: Duration) -> Result<(), ProblemCode> {
        let gone = self.0.gone(within).await;
        self.1.note(Mark::CardGone);
        gone
    }

    async fn close(&mut self) {
        self.0.close().await;
    }
}

pub(super) struct TimedCenter<C>(pub(super) C, pub(super) Marks);

impl<C: Center> Center for TimedCenter<C> {
    async fn menu(&mut self) -> Result<Menu, Problem> {
        self.0.menu().await
    }

    async fn challenge(&mut self) -> Result<(Challenge, Array<32>), Problem> {
        self.0.challenge().await
    }

    async fn evidence(&mut self, request: EvidenceRequest) -> Result<EvidenceAnswer, Problem> {
        self.0.evidence(request).await
    }

    async fn inquiry(
        &mut self,
        request: impl Fn(&Array<32>) -> InquiryRequest + Send + Sync,
    ) -> Result<InquiryAnswer, Problem> {
        self.0.inquiry(request).await
    }

    async fn issue(
        &mut self,
        request: impl Fn(&Array<32>) -> IssueRequest + Send + Sync,
    ) -> Result<IssueAnswer, Problem> {
        let answer = self.0.issue(request).await;
        self.1.note(Mark::Issued);
        answer
    }

    async fn delivered(
        &mut self,
        request: impl Fn(&Array<32>) -> DeliveredRequest + Send + Sync,
    ) -> Result<DeliveredAnswer, Problem> {
        self.0.delivered(request).await
    }
}

pub(super) struct TimedOutput<O>(pub(super) O, pub(super) Marks);

impl<O: Output> Output for TimedOutput<O> {
    async fn settled(&mut self) -> Result<(), OutputError> {
        self.0.settled().await
    }

    async fn ready(&mut self, copies: u8) -> Result<(), OutputError> {
        self.1.note(Mark::Asking);
        let ready = self.0.ready(copies).await;
        self.1.note(Mark::Told);
        ready
    }

    async fn deliver(
        &mut self,
        certificate: &Certificate,
        out: &mut (dyn FnMut(u8) + Send),
    ) -> Result<(), Undelivered> {
        self.1.note(Mark::Delivering);
        self.0.deliver(certificate, out).await
    }

    async fn abandon(&mut self) {
        self.0.abandon().await;
    }
}
