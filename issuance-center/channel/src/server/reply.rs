//! Answers that go out as they are.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use issuance_api::{Problem, ProblemCode};

use crate::PROBLEM;

pub(super) type Reply = Response<Full<Bytes>>;

/// JSON of ours, or a sealed body: never to be stored by anybody between.
pub(super) fn reply(status: StatusCode, media_type: &'static str, body: Vec<u8>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// A problem document.
pub(super) fn problem(problem: &Problem) -> Reply {
    let body = serde_json::to_vec(problem).expect("a problem document has a JSON form");
    reply(status(problem), PROBLEM, body)
}

/// A problem document after which the connection ends.
pub(super) fn last(code: ProblemCode) -> Reply {
    let mut reply = problem(&code.into());
    let close = HeaderValue::from_static("close");
    reply.headers_mut().insert(header::CONNECTION, close);
    reply
}

/// A code that only ever happens inside a terminal has no status; that a server reports one is its own error.
pub(super) fn status(problem: &Problem) -> StatusCode {
    let status = problem.code.meaning().status;
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
