//! Recording what goes over a slot, as the lines of a [`transcript`].

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::persona::PersonaName;
use crate::queue::{Feed, Followed, queue};
use crate::transcript;

/// How many lines wait for one who records. With data a line may have a hundred thousand characters.
const WAITING: usize = 1000;

/// Everybody who records a slot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorders(Arc<Mutex<Vec<Recorder>>>);

#[derive(Debug)]
struct Recorder {
    with_data: bool,
    lines: Feed<Zeroizing<String>>,
}

impl Recorders {
    /// A new one. Its first line names the card that is there already.
    pub(crate) fn add(
        &self,
        with_data: bool,
        there: Option<&PersonaName>,
    ) -> Followed<Zeroizing<String>> {
        let there = there.map(|persona| format!("card {persona} # was there already"));
        let there: VecDeque<_> = there.map(Zeroizing::new).into_iter().collect();
        let (lines, followed) = queue(WAITING, there);
        self.each(|recorders| {
            // Those that left while nothing happened.
            recorders.retain(|recorder| recorder.lines.is_heard());
            recorders.push(Recorder { with_data, lines });
        });
        followed
    }

    /// A step of the transcript.
    pub(crate) fn step(&self, step: &str) {
        self.tell(|_| Zeroizing::new(step.to_owned()));
    }

    /// A command and its answer.
    pub(crate) fn exchange(&self, command: &[u8], answer: Option<&[u8]>) {
        self.tell(|with_data| transcript::line(command, answer, with_data));
    }

    fn tell(&self, line: impl Fn(bool) -> Zeroizing<String>) {
        self.each(|recorders| {
            recorders.retain(|recorder| recorder.lines.put(line(recorder.with_data)));
        });
    }

    fn each<T>(&self, act: impl FnOnce(&mut Vec<Recorder>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
