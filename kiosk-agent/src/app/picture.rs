//! A picture on its way from the page to whatever reads it.

use std::fmt;

use issuance_api::ProblemCode;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::desk::Content;

/// A picture, a page or a text; or a frame of a running camera, which is answered before the screen changes, if it does. One at a
/// time: the next is taken when this one is dropped.
pub struct Picture {
    content: Content,
    frame: Option<oneshot::Sender<Result<(), ProblemCode>>>,
    place: OwnedSemaphorePermit,
}

impl Picture {
    pub(super) const fn new(
        content: Content,
        frame: Option<oneshot::Sender<Result<(), ProblemCode>>>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            content,
            frame,
            place,
        }
    }

    /// Whether it is one of many: nothing in it is no news.
    #[must_use]
    pub const fn is_frame(&self) -> bool {
        self.frame.is_some()
    }

    pub(super) const fn content(&self) -> &Content {
        &self.content
    }

    /// Says what became of it, where that is waited for.
    pub(super) fn answer(self, became: Result<(), ProblemCode>) {
        let Self { frame, place, .. } = self;
        // Whoever hears of it may send the next one.
        drop(place);
        if let Some(frame) = frame {
            // Whoever went does not want to know.
            let _ = frame.send(became);
        }
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Picture(..)")
    }
}
