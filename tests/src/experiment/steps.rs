//! Applications for the experiments, ended wherever wanted.

use std::io;
use std::pin::pin;
use std::thread;
use std::time::Duration;

use hw_sim::chip::EmulatedCard;
use issuance_api::terminal::IssueAnswer;
use issuance_channel::client::CallError;
use rustix::process::Signal;
use tokio::time::timeout;

use crate::applicant::Applicant;
use crate::persona::Persona;
use crate::process::{Program, signal};
use crate::world::World;

/// The steps of an application that a terminal asks the center for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Challenge,
    Evidence,
    Inquiry,
    Issue,
    Delivered,
}

/// All of them, in their order.
pub(super) const STEPS: [Step; 5] = [
    Step::Challenge,
    Step::Evidence,
    Step::Inquiry,
    Step::Issue,
    Step::Delivered,
];

/// Where an application is to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) at: Step,
    /// So long after the step's request began.
    pub(super) after: Duration,
    /// Sent at that moment, while the connection is still open.
    pub(super) signal: Option<(u32, Signal)>,
    /// The signal first, and then the answer is waited for, however long it takes.
    pub(super) waits: bool,
}

/// Why it ended early.
pub(super) enum End {
    /// As wanted.
    Cut {
        /// The answer had come before.
        answered: bool,
    },
    Failed(CallError),
}

impl From<CallError> for End {
    fn from(error: CallError) -> Self {
        Self::Failed(error)
    }
}

/// Runs a future to its end.
pub(crate) fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    Ok(runtime.block_on(future))
}

/// One application of a persona, from challenge to hand-over or to where it is cut off: then whatever was sent, nobody waits for its
/// answer, and the connection is closed.
pub(super) async fn apply(
    world: &World,
    applicant: &Applicant,
    persona: &str,
    cut: Option<Cut>,
) -> Result<IssueAnswer, End> {
    apply_with(world.ground.card(persona), applicant, persona, cut).await
}

/// [`apply`] with a copy of the persona's card: a card counts its tries in its folder, so it is one application's at a time.
async fn apply_with(
    card: EmulatedCard,
    applicant: &Applicant,
    persona: &str,
    cut: Option<Cut>,
) -> Result<IssueAnswer, End> {
    let home = Persona::load(persona).ok();
    let home = home.and_then(|it| it.municipality.parse().ok());
    let home = home.expect("a persona lives in a municipality");
    let mut challenged = step(Step::Challenge, cut, applicant.challenge()).await?;
    let evidence = applicant.evidence(card, &challenged);
    let sent = step(
        Step::Evidence,
        cut,
        applicant.send(&mut challenged, &evidence),
    )
    .await;
    drop(challenged);
    let ticket = sent?.ticket;
    let previewed = step(Step::Inquiry, cut, applicant.inquire(&ticket, home)).await?;
    let issued = step(Step::Issue, cut, applicant.issue(&previewed.state)).await?;
    step(Step::Delivered, cut, applicant.delivered(&previewed.state)).await?;
    Ok(issued)
}

/// Sends a signal that ends. The first SIGSEGV only takes away the handler that tells stack overflows in a Rust program.
pub(super) fn strike(process: u32, what: Signal) {
    // Whoever is gone already is what was wanted.
    let _ = signal(process, what);
    if what == Signal::SEGV {
        thread::sleep(Duration::from_millis(5));
        let _ = signal(process, what);
    }
}

/// Ends a program of ours by a signal.
///
/// # Errors
/// If it lives on.
pub(super) fn end(program: &mut Program, by: Signal) -> io::Result<()> {
    strike(program.id(), by);
    // On a busy machine two signals may have come as one.
    if program.wait(Duration::from_secs(10)).is_err() {
        strike(program.id(), by);
        program.wait(Duration::from_secs(30))?;
    }
    Ok(())
}

async fn step<T>(
    this: Step,
    cut: Option<Cut>,
    call: impl Future<Output = Result<T, CallError>>,
) -> Result<T, End> {
    match cut.filter(|cut| cut.at == this) {
        None => Ok(call.await?),
        Some(cut) if cut.waits => {
            if let Some((process, what)) = cut.signal {
                strike(process, what);
            }
            // Whatever it is.
            let _ = call.await;
            Err(End::Cut { answered: true })
        }
        Some(cut) => {
            // Answered in time or not: from here on there is no application.
            let mut call = pin!(call);
            let answered = timeout(cut.after, &mut call).await.is_ok();
            if let Some((process, what)) = cut.signal {
                strike(process, what);
            }
            Err(End::Cut { answered })
        }
    }
}

/// A whole one.
///
/// # Errors
/// If it does not end with a certificate.
pub(super) async fn issued(
    world: &World,
    applicant: &Applicant,
    persona: &str,
) -> io::Result<IssueAnswer> {
    whole(apply(world, applicant, persona, None).await)
}

/// A whole one, with a card of one's own.
///
/// # Errors
/// As [`issued`].
pub(super) async fn issued_with(
    card: EmulatedCard,
    applicant: &Applicant,
    persona: &str,
) -> io::Result<IssueAnswer> {
    whole(apply_with(card, applicant, persona, None).await)
}

fn whole(ended: Result<IssueAnswer, End>) -> io::Result<IssueAnswer> {
    ended.map_err(|end| match end {
        End::Cut { .. } => io::Error::other("cut off, which nobody asked for"),
        End::Failed(error) => io::Error::other(error),
    })
}
