//! Applications for the experiments, ended wherever wanted.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::pin::{Pin, pin};
use std::thread;
use std::time::Duration;

use hw_sim::chip::EmulatedCard;
use issuance_api::MunicipalityCode;
use issuance_api::terminal::IssueAnswer;
use issuance_channel::client::CallError;
use rustix::process::Signal;
use tokio::task::spawn_blocking;

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

impl Step {
    /// What it is called in reports.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Challenge => "challenge",
            Self::Evidence => "evidence",
            Self::Inquiry => "inquiry",
            Self::Issue => "issue",
            Self::Delivered => "delivered",
        }
    }
}

/// Where an application is to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) at: Step,
    /// So long after the step's request began.
    pub(super) after: Duration,
    /// Sent at that moment, while the connection is still open.
    pub(super) signal: Option<(u32, Signal)>,
}

/// How often a request is cut off, at most, until that comes before its answer: at the last moment, microseconds after it began, there is none.
const TRIES: u32 = 8;

/// When to cut a request off: each moment is for where the answer had come at the one before, which was twice as late.
pub(super) fn moments(number: usize) -> impl Iterator<Item = Duration> {
    let first = Duration::from_micros(500 << (number % 5));
    (0..TRIES).map(move |tries| first / 2_u32.pow(tries))
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
pub(super) async fn apply_with(
    card: EmulatedCard,
    applicant: &Applicant,
    persona: &str,
    cut: Option<Cut>,
) -> Result<IssueAnswer, End> {
    let home = home(persona);
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

fn home(persona: &str) -> MunicipalityCode {
    let home = Persona::load(persona).ok();
    let home = home.and_then(|it| it.municipality.parse().ok());
    home.expect("a persona lives in a municipality")
}

/// What asks for a step.
pub(super) type Asking = Pin<Box<dyn Future<Output = Result<(), CallError>> + Send>>;

/// An application of a persona that has come to a step, and has not asked for it yet.
pub(super) async fn come_to(
    world: &World,
    applicant: Applicant,
    persona: &str,
    at: Step,
) -> Result<Asking, CallError> {
    if at == Step::Challenge {
        return Ok(Box::pin(
            async move { applicant.challenge().await.map(drop) },
        ));
    }
    let mut challenged = applicant.challenge().await?;
    let evidence = applicant.evidence(world.ground.card(persona), &challenged);
    if at == Step::Evidence {
        return Ok(Box::pin(async move {
            let sent = applicant.send(&mut challenged, &evidence).await;
            sent.map(drop)
        }));
    }
    let ticket = applicant.send(&mut challenged, &evidence).await?.ticket;
    drop(challenged);
    let home = home(persona);
    if at == Step::Inquiry {
        return Ok(Box::pin(async move {
            applicant.inquire(&ticket, home).await.map(drop)
        }));
    }
    let state = applicant.inquire(&ticket, home).await?.state;
    if at == Step::Issue {
        return Ok(Box::pin(
            async move { applicant.issue(&state).await.map(drop) },
        ));
    }
    applicant.issue(&state).await?;
    Ok(Box::pin(async move {
        applicant.delivered(&state).await.map(drop)
    }))
}

/// So many at the same time.
///
/// # Errors
/// The first of theirs.
pub(super) fn at_once<T: Send>(
    count: usize,
    one: impl Fn(usize) -> io::Result<T> + Sync,
) -> io::Result<Vec<T>> {
    let one = &one;
    thread::scope(|scope| {
        let all: Vec<_> = (0..count)
            .map(|number| scope.spawn(move || one(number)))
            .collect();
        let ended = all.into_iter().map(|thread| {
            let panicked = |_| Err(io::Error::other("an application panicked"));
            thread.join().unwrap_or_else(panicked)
        });
        ended.collect()
    })
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
/// If it lives on, or ended otherwise.
pub(super) fn end(program: &mut Program, by: Signal) -> io::Result<()> {
    strike(program.id(), by);
    // On a busy machine two signals may have come as one.
    let status = match program.wait(Duration::from_secs(10)) {
        Ok(status) => status,
        Err(_) => {
            strike(program.id(), by);
            program.wait(Duration::from_secs(30))?
        }
    };
    if status.signal() != Some(by.as_raw()) {
        return Err(io::Error::other(format!("{status}, and not by {by:?}")));
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
        Some(cut) => {
            // Answered in time or not: from here on there is no application.
            let mut call = pin!(call);
            // Tokio's own clock counts milliseconds, and some answers take less than two.
            let moment = spawn_blocking(move || thread::sleep(cut.after));
            let answered = tokio::select! {
                biased;
                _ = &mut call => true,
                _ = moment => false,
            };
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
