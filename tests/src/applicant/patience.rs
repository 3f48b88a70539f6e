//! What a terminal makes of calls that fail.

use issuance_api::ProblemCode;
use issuance_api::problem::Retry;
use issuance_channel::client::CallError;

/// What is said of it.
#[must_use]
pub const fn problem(error: &CallError) -> ProblemCode {
    match error {
        CallError::Problem(problem) => problem.code,
        CallError::Unreachable | CallError::Busy => ProblemCode::CenterUnreachable,
        CallError::Untrusted => ProblemCode::AnswerUntrusted,
    }
}

/// Sends a request until it is answered by something that a repetition would not change, so many times at most. Before each repetition
/// waits, told how many there were.
///
/// # Errors
/// What was said last.
pub async fn repeated<T>(
    times: u32,
    request: impl AsyncFn() -> Result<T, CallError>,
    mut wait: impl AsyncFnMut(u32),
) -> Result<T, ProblemCode> {
    let mut repetitions = 0;
    loop {
        let code = match request().await {
            Ok(answer) => return Ok(answer),
            Err(error) => problem(&error),
        };
        if repetitions + 1 >= times || code.meaning().retry != Retry::Repeat {
            return Err(code);
        }
        wait(repetitions).await;
        repetitions += 1;
    }
}
