//! What fails at the center: a call of the record system, a signer, the font of names.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use issuance_api::registry::{
    DeliveredAnswer, DeliveredRequest, EvidenceRequest, Finding, InquiryRequest, Nonce, Outcome,
    Receipt, RegisterRequest, Revocations, RevocationsRequest, Ticket,
};
use issuance_api::{Array, Blob, ProblemCode};
use issuance_center::center::Center;
use issuance_center::registry::{Answer, Registry, reported};
use issuance_center::signing::{PublicKey, Purpose, Signer, SignerFailed};
use vrs::metrics::Step as Call;

use super::Moment;
use crate::applicant::Applicant;
use crate::simulator::town::{app, kiosk};
use crate::simulator::{Link, Records, Resident};

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A call of the record system, once or for as long as it lasts.
    Call(Call, Way, Times),
    /// A signer. Of certificates for abroad one signs first, and then the other.
    Signer(Purpose, Wrong, Times),
    /// The font of names has no outlines any more from this moment on.
    Font(Moment),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It never arrives.
    Gone,
    /// It is carried out, and the answer is lost.
    AnswerLost,
    /// Something else comes back than was said.
    Garbage,
    /// It says that there is no such person, without a signature.
    Denies,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    Once,
    Always,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// No signature.
    Fails,
    /// One that does not verify.
    Miscalculates,
}

impl Fault {
    /// All of them.
    pub(super) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for times in [Times::Once, Times::Always] {
            for call in [
                Call::Nonce,
                Call::Evidence,
                Call::Inquiry,
                Call::Register,
                Call::Delivered,
            ] {
                for way in [Way::Gone, Way::AnswerLost, Way::Garbage, Way::Denies] {
                    // There is nothing in the answer that `delivered` has.
                    if (call, way) != (Call::Delivered, Way::Garbage) {
                        all.push(Self::Call(call, way, times));
                    }
                }
            }
            for purpose in [Purpose::HealthCards, Purpose::Barcodes] {
                let wrongs = [Wrong::Fails, Wrong::Miscalculates];
                all.extend(wrongs.map(|wrong| Self::Signer(purpose, wrong, times)));
            }
        }
        all.extend([Moment::Inquiry, Moment::Issue].map(Self::Font));
        all
    }
}

impl Fault {
    /// Where in an application it strikes: the how-manieth thing that happens in one.
    const fn place(self) -> u8 {
        match self {
            Self::Call(Call::Nonce, ..) => 0,
            Self::Call(Call::Evidence, ..) => 1,
            Self::Font(Moment::Inquiry) => 2,
            Self::Call(Call::Inquiry, ..) => 3,
            Self::Font(_) => 4,
            Self::Call(Call::Register, ..) => 5,
            Self::Signer(Purpose::Barcodes, ..) => 6,
            Self::Signer(Purpose::HealthCards, ..) => 7,
            Self::Call(Call::Delivered, ..) => 8,
            // Of no application: what is published of revocations rests on it.
            Self::Call(Call::Revocations, ..) => 9,
        }
    }

    /// The last place that an application comes to, however often it begins again.
    const fn reach(self) -> u8 {
        match self {
            Self::Call(_, _, Times::Once) => u8::MAX,
            // The card answers rubbish, and VRS notices; so it does with a ticket.
            Self::Call(Call::Nonce, Way::Garbage, Times::Always) => 1,
            Self::Call(Call::Evidence, Way::Garbage, Times::Always) => 3,
            // Set while VRS registers, and missed when all is signed.
            Self::Font(Moment::Inquiry) => 3,
            Self::Font(_) => 7,
            Self::Call(Call::Delivered, ..) => u8::MAX,
            // A center whose signer failed or was wrong once signs nothing any more.
            Self::Call(..) | Self::Signer(..) => self.place(),
        }
    }

    /// Whether one of the two keeps the other from ever coming about, where this comes before the other in [`all`](Self::all).
    pub(super) const fn shuts_out(self, other: Self) -> bool {
        let (first, second) = match self.place() <= other.place() {
            true => (self, other),
            false => (other, self),
        };
        if first.place() < second.place() {
            return first.reach() < second.place();
        }
        // The first of a plan strikes first, and every time.
        matches!(first, Self::Call(_, _, Times::Always) | Self::Signer(..))
    }
}

/// What fails in one application, and whether it did.
#[derive(Clone)]
pub(super) struct Faults {
    plan: Arc<Mutex<Vec<(Fault, bool)>>>,
    font: PathBuf,
}

impl Faults {
    pub(super) fn new(plan: Vec<Fault>, font: PathBuf) -> Self {
        let plan = plan.into_iter().map(|fault| (fault, false)).collect();
        Self {
            plan: Arc::new(Mutex::new(plan)),
            font,
        }
    }

    /// Who applies, so that all of it can fail: for abroad, in the app, where a barcode is to be signed.
    pub(super) fn applicant<R: Registry>(
        &self,
        center: Arc<Center<R>>,
        resident: &Resident,
    ) -> Applicant<Link<R>> {
        let is_of_barcodes = |fault: &Fault| matches!(fault, Fault::Signer(Purpose::Barcodes, ..));
        match self.plan().iter().any(|(fault, _)| is_of_barcodes(fault)) {
            false => Applicant::new(Link::near(center, kiosk(1))),
            true => {
                Applicant::new(Link::near(center, app(1))).abroad(Some(resident.passport().mrz()))
            }
        }
    }

    /// What a center's keys are behind, so that they fail.
    pub(super) fn keys(&self) -> impl FnMut(Purpose, Box<dyn Signer>) -> Box<dyn Signer> {
        let faults = self.clone();
        move |purpose, key| {
            Box::new(FaultySigner {
                key,
                purpose,
                faults: faults.clone(),
            })
        }
    }

    /// Whether everything that is to fail did.
    pub(super) fn all_came_about(&self) -> bool {
        self.plan().iter().all(|(_, struck)| *struck)
    }

    /// The application comes to this moment.
    pub(super) fn come_to(&self, moment: Moment) -> io::Result<()> {
        let font = |fault: &Fault| (*fault == Fault::Font(moment)).then_some(((), Times::Once));
        match self.strike(font) {
            Some(()) => std::fs::write(&self.font, ""),
            None => Ok(()),
        }
    }

    /// Nothing fails any more. Whether all of it did.
    pub(super) fn end(&self) -> io::Result<bool> {
        let plan = std::mem::take(&mut *self.plan());
        if self.font.metadata()?.len() == 0 {
            // Into the same file, which is open.
            super::put_font(&self.font)?;
        }
        Ok(plan.iter().all(|(_, struck)| *struck))
    }

    fn call(&self, call: Call) -> Option<Way> {
        self.strike(|fault| match fault {
            Fault::Call(own, way, times) if *own == call => Some((*way, *times)),
            _ => None,
        })
    }

    fn signer(&self, purpose: Purpose) -> Option<Wrong> {
        self.strike(|fault| match fault {
            Fault::Signer(own, wrong, times) if *own == purpose => Some((*wrong, *times)),
            _ => None,
        })
    }

    fn strike<T>(&self, which: impl Fn(&Fault) -> Option<(T, Times)>) -> Option<T> {
        self.plan().iter_mut().find_map(|(fault, struck)| {
            let (what, times) = which(fault)?;
            let spent = *struck && times == Times::Once;
            *struck = true;
            (!spent).then_some(what)
        })
    }

    fn plan(&self) -> MutexGuard<'_, Vec<(Fault, bool)>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A signer on which this fails.
struct FaultySigner {
    key: Box<dyn Signer>,
    purpose: Purpose,
    faults: Faults,
}

impl Signer for FaultySigner {
    fn public(&self) -> &PublicKey {
        self.key.public()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerFailed> {
        match self.faults.signer(self.purpose) {
            None => self.key.sign(message),
            Some(Wrong::Fails) => Err(SignerFailed),
            Some(Wrong::Miscalculates) => {
                let mut signature = self.key.sign(message)?;
                signature[40] ^= 4;
                Ok(signature)
            }
        }
    }
}

/// The way to the record system, on which this fails.
pub(super) struct FaultyRecords {
    records: Records,
    faults: Faults,
}

impl FaultyRecords {
    pub(super) const fn new(records: Records, faults: Faults) -> Self {
        Self { records, faults }
    }

    async fn call<T>(
        &self,
        call: Call,
        step: impl Future<Output = Answer<T>>,
        garbage: impl FnOnce(&mut T),
    ) -> Answer<T> {
        const LOST: ProblemCode = ProblemCode::RecordsUnavailable;
        match self.faults.call(call) {
            None => step.await,
            Some(Way::Gone) => Err(LOST),
            // As the center hears a problem of the record system.
            Some(Way::Denies) => Err(reported(ProblemCode::NoSuchPerson)),
            Some(Way::AnswerLost) => {
                drop(step.await);
                Err(LOST)
            }
            Some(Way::Garbage) => {
                let mut answer = step.await?;
                garbage(&mut answer);
                Ok(answer)
            }
        }
    }
}

fn rubbish(length: usize) -> Blob {
    Blob::new(vec![0xA5; length])
}

impl Registry for FaultyRecords {
    async fn nonce(&self) -> Answer<Nonce> {
        let garbage = |nonce: &mut Nonce| nonce.nonce = rubbish(40);
        self.call(Call::Nonce, self.records.nonce(), garbage).await
    }

    async fn evidence(&self, request: &EvidenceRequest) -> Answer<Ticket> {
        let garbage = |ticket: &mut Ticket| ticket.ticket = rubbish(300);
        let step = self.records.evidence(request);
        self.call(Call::Evidence, step, garbage).await
    }

    async fn inquiry(&self, request: &InquiryRequest) -> Answer<Finding> {
        // The most tempting rubbish: nobody is there.
        let garbage = |finding: &mut Finding| finding.outcome = Outcome::NoSuchPerson;
        let step = self.records.inquiry(request);
        self.call(Call::Inquiry, step, garbage).await
    }

    async fn register(&self, request: &RegisterRequest) -> Answer<Receipt> {
        let garbage = |receipt: &mut Receipt| receipt.signature = Array::new([0xA5; 64]);
        let step = self.records.register(request);
        self.call(Call::Register, step, garbage).await
    }

    async fn delivered(&self, request: &DeliveredRequest) -> Answer<DeliveredAnswer> {
        let step = self.records.delivered(request);
        self.call(Call::Delivered, step, |_| ()).await
    }

    async fn revocations(&self, request: &RevocationsRequest) -> Answer<Revocations> {
        // The most tempting rubbish: nothing is revoked, nowhere.
        let garbage = |answer: &mut Revocations| {
            answer.lists.clear();
        };
        let step = self.records.revocations(request);
        self.call(Call::Revocations, step, garbage).await
    }
}
