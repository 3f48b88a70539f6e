//! Recording what goes over a slot, as the lines of a [`transcript`].

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::persona::PersonaName;
use crate::transcript;

/// Everybody who records a slot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorders(Arc<Mutex<Vec<Recorder>>>);

#[derive(Debug)]
struct Recorder {
    with_data: bool,
    lines: Sender<Zeroizing<String>>,
}

impl Recorders {
    /// A new one. Its first line names the card that is there already.
    pub(crate) fn add(
        &self,
        with_data: bool,
        there: Option<&PersonaName>,
    ) -> Receiver<Zeroizing<String>> {
        let (lines, receiver) = mpsc::channel();
        if let Some(persona) = there {
            let line = format!("card {persona} # was there already");
            // The receiver is here.
            let _ = lines.send(Zeroizing::new(line));
        }
        self.each(|recorders| recorders.push(Recorder { with_data, lines }));
        receiver
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
            recorders.retain(|recorder| recorder.lines.send(line(recorder.with_data)).is_ok());
        });
    }

    fn each<T>(&self, act: impl FnOnce(&mut Vec<Recorder>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
