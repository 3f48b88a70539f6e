//! Which lines of a log are about one request, without a word on whose it is: a random id, which dies with the request. Nobody is told it, it is in
//! no other program's lines, and it is drawn anew for the next one.

use std::fmt;

use serde::{Serialize, Serializer};

tokio::task_local! {
    static AT_WORK: RequestId;
}

/// Of one request: 64 random bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId([u8; 8]);

impl RequestId {
    fn draw() -> Self {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).expect("the system has randomness");
        Self(bytes)
    }

    /// That of the request which is at work here; none where it is no request's work.
    #[must_use]
    pub fn current() -> Option<Self> {
        AT_WORK.try_with(|id| *id).ok()
    }

    /// Does a part of its work elsewhere, on a thread of its own.
    pub fn within<T>(self, work: impl FnOnce() -> T) -> T {
        AT_WORK.sync_scope(self, work)
    }
}

/// As a number.
impl From<RequestId> for u64 {
    fn from(id: RequestId) -> Self {
        Self::from_be_bytes(id.0)
    }
}

/// Sixteen hexadecimal digits.
impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Handles a request under an id of its own.
pub(crate) async fn one<F: Future>(handling: F) -> F::Output {
    AT_WORK.scope(RequestId::draw(), handling).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_id_is_one_requests_and_no_other_has_it() {
        assert_eq!(RequestId::current(), None);
        let look = async || {
            let before = RequestId::current().unwrap();
            tokio::task::yield_now().await;
            assert_eq!(RequestId::current(), Some(before));
            let elsewhere = tokio::task::spawn_blocking(move || {
                let own = RequestId::current();
                (own, before.within(RequestId::current))
            });
            assert_eq!(elsewhere.await.unwrap(), (None, Some(before)));
            before
        };
        let (first, second) = tokio::join!(one(look()), one(look()));
        assert_ne!(first, second);
        assert_eq!(RequestId::current(), None);
        let text = serde_json::to_string(&first).unwrap();
        assert_eq!(text, format!("\"{first}\""));
        assert_eq!(format!("{:016x}", u64::from(first)), first.to_string());
        assert!(text.len() == 18 && first.to_string().bytes().all(|it| it.is_ascii_hexdigit()));
    }
}
