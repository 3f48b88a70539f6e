//! Queues to those who listen to a slot. They are bounded: who does not take what comes is let go, and memory does not fill.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// What comes, in order, for one who listens. As an iterator it waits, and ends when no more can come.
pub struct Followed<T>(Arc<Queue<T>>);

/// What came within a time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<T> {
    /// This.
    Item(T),
    /// Nothing yet.
    Nothing,
    /// No more can come.
    Ended,
    /// More came than there is room for, and nobody took it: no more comes.
    Overrun,
}

/// The end that things are put in.
pub(crate) struct Feed<T>(Weak<Queue<T>>);

struct Queue<T> {
    most: usize,
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    items: VecDeque<T>,
    overrun: bool,
    ended: bool,
}

/// A queue with these in it, that holds so many at most.
pub(crate) fn queue<T>(most: usize, items: VecDeque<T>) -> (Feed<T>, Followed<T>) {
    let state = State {
        items,
        overrun: false,
        ended: false,
    };
    let queue = Arc::new(Queue {
        most,
        state: Mutex::new(state),
        changed: Condvar::new(),
    });
    (Feed(Arc::downgrade(&queue)), Followed(queue))
}

impl<T> Queue<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Feed<T> {
    /// Whether somebody still listens.
    pub(crate) fn is_heard(&self) -> bool {
        self.0.strong_count() > 0
    }

    /// Puts something in, and says whether to go on: not where nobody listens, or there is no room.
    #[must_use]
    pub(crate) fn put(&self, item: T) -> bool {
        let Some(queue) = self.0.upgrade() else {
            return false;
        };
        let mut state = queue.state();
        if state.items.len() >= queue.most {
            state.overrun = true;
            return false;
        }
        state.items.push_back(item);
        queue.changed.notify_one();
        true
    }
}

impl<T> Drop for Feed<T> {
    fn drop(&mut self) {
        if let Some(queue) = self.0.upgrade() {
            queue.state().ended = true;
            queue.changed.notify_one();
        }
    }
}

impl<T> Followed<T> {
    /// What is there already.
    pub fn try_iter(&self) -> impl Iterator<Item = T> {
        std::iter::from_fn(|| self.0.state().items.pop_front())
    }

    /// The next that comes within this time.
    pub(crate) fn within(&self, time: Duration) -> Next<T> {
        let nothing = |state: &mut State<T>| state.items.is_empty() && !state.ended;
        let waited = self
            .0
            .changed
            .wait_timeout_while(self.0.state(), time, nothing);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match state.items.pop_front() {
            Some(item) => Next::Item(item),
            None if state.overrun => Next::Overrun,
            None if state.ended => Next::Ended,
            None => Next::Nothing,
        }
    }
}

impl<T> Iterator for Followed<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        loop {
            match self.within(Duration::MAX) {
                Next::Item(item) => return Some(item),
                Next::Nothing => {}
                Next::Ended | Next::Overrun => return None,
            }
        }
    }
}

impl<T> fmt::Debug for Followed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Followed(..)")
    }
}

impl<T> fmt::Debug for Feed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Feed(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    #[test]
    fn who_does_not_take_what_comes_is_let_go_with_what_there_was_room_for() {
        let (feed, followed) = queue(3, VecDeque::from([1]));
        assert!(feed.put(2) && feed.put(3));
        assert!(!feed.put(4));
        drop(feed);
        assert_eq!(followed.try_iter().collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(followed.within(NOW), Next::Overrun);
    }

    #[test]
    fn both_ends_learn_that_the_other_is_gone() {
        let (feed, followed) = queue(3, VecDeque::new());
        assert_eq!(followed.within(NOW), Next::Nothing);
        assert!(feed.put(1) && feed.is_heard());
        drop(feed);
        assert_eq!(followed.within(NOW), Next::Item(1));
        assert_eq!(followed.within(NOW), Next::Ended);

        let (feed, followed) = queue(3, VecDeque::new());
        drop(followed);
        assert!(!feed.is_heard() && !feed.put(1));
    }
}
