//! Waiting for the resident, and for what happens meanwhile.

use std::time::Duration;

use issuance_api::{Problem, ProblemCode};
use tokio::time::timeout;

use super::{Card, FrontEnd, Intent, Refused, Sensor, View};

/// Waits until no card lies there, as far as reader and slot can tell.
pub(super) async fn gone(
    card: &mut impl Card,
    slot: &mut impl Sensor,
    within: Duration,
) -> Result<(), ProblemCode> {
    card.gone(within).await?;
    Ok(slot.cleared(within).await?)
}

/// On, or back to what was before.
pub(super) enum Step<T, B> {
    On(T),
    Back(B),
}

/// The next intent that means something here; nothing when the time is over. Asking for more time gives it anew.
pub(super) async fn intent<T>(
    front: &mut impl FrontEnd,
    given: Duration,
    meant: impl Fn(Intent) -> Option<T>,
) -> Result<Option<T>, Problem> {
    loop {
        front.time(given);
        let meant = async {
            loop {
                match front.intent().await {
                    Intent::Cancel => return Err(ProblemCode::Cancelled.into()),
                    Intent::MoreTime => return Ok(None),
                    intent => {
                        if let Some(meant) = meant(intent) {
                            return Ok(Some(meant));
                        }
                    }
                }
            }
        };
        match timeout(given, meant).await {
            Ok(Ok(None)) => {}
            Ok(answer) => return answer,
            Err(_) => return Ok(None),
        }
    }
}

/// The next intent that fits; what does not is ignored.
pub(super) async fn fitting(
    front: &mut impl FrontEnd,
    given: Duration,
    fits: impl Fn(&Intent) -> bool,
) -> Result<Intent, Problem> {
    intent(front, given, |intent| fits(&intent).then_some(intent))
        .await?
        .ok_or_else(|| ProblemCode::TimedOut.into())
}

/// Waits for something to happen, unless the resident goes back; nothing when the time is over.
pub(super) async fn meanwhile<T>(
    happens: impl Future<Output = Result<T, Problem>>,
    front: &mut impl FrontEnd,
    given: Duration,
) -> Result<Option<Step<T, ()>>, Problem> {
    let back = |intent| matches!(intent, Intent::Back).then_some(Step::Back(()));
    tokio::select! {
        // The time is told first.
        biased;
        back = intent(front, given, back) => back,
        happened = happens => Ok(Some(Step::On(happened?))),
    }
}

/// Waits for what answers by itself, unless the resident cancels: nobody who has left finds out what they asked.
pub(super) async fn unless_cancelled<T>(
    answers: impl Future<Output = T>,
    front: &mut impl FrontEnd,
) -> Result<T, Problem> {
    tokio::select! {
        biased;
        problem = cancelled(front) => Err(problem),
        answer = answers => Ok(answer),
    }
}

pub(super) async fn cancelled(front: &mut impl FrontEnd) -> Problem {
    while !matches!(front.intent().await, Intent::Cancel) {}
    ProblemCode::Cancelled.into()
}

/// Shows what is in the way, where the step can be tried again.
pub(super) fn retry<S>(refused: Refused<S>, front: &mut impl FrontEnd) -> Result<S, Problem> {
    let Refused { problem, again } = refused;
    match again {
        Some(state) => {
            front.show(&View::Problem(&problem));
            Ok(*state)
        }
        None => Err(problem),
    }
}
