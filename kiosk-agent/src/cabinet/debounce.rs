//! A contact is believed once it has come to rest.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::SensorError;

/// A contact that never comes to rest is broken after this time, or that many rests' worth.
const RESTLESS: Duration = Duration::from_secs(2);
const RESTS: u32 = 20;
/// Without an edge the level is looked at again after this time.
const LOOK: Duration = Duration::from_secs(1);

/// An input with two levels and a notice of their changes.
pub(super) trait Line: Send {
    /// Whether it is active now.
    fn is_active(&self) -> Result<bool, SensorError>;

    /// Waits until its level changes, or did since the last edge that was waited for. Dropping the future loses nothing.
    fn edge(&mut self) -> impl Future<Output = Result<(), SensorError>> + Send;
}

/// A line and how long its level has to stand.
#[derive(Debug)]
pub(super) struct Debounced<L> {
    line: L,
    rest: Duration,
}

impl<L: Line> Debounced<L> {
    pub(super) const fn new(line: L, rest: Duration) -> Self {
        Self { line, rest }
    }

    /// The level, once it has stood.
    pub(super) async fn level(&mut self) -> Result<bool, SensorError> {
        let limit = RESTLESS.max(self.rest * RESTS);
        let level = timeout(limit, self.rested()).await;
        level.map_err(|_| SensorError::Failed)?
    }

    /// Waits until it has stood at this level.
    pub(super) async fn until(&mut self, level: bool, within: Duration) -> Result<(), SensorError> {
        let deadline = Instant::now() + within;
        loop {
            if self.level().await? == level {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(SensorError::TimedOut);
            }
            if let Ok(edge) = timeout(left.min(LOOK), self.line.edge()).await {
                edge?;
            }
        }
    }

    async fn rested(&mut self) -> Result<bool, SensorError> {
        let mut level = self.line.is_active()?;
        loop {
            match timeout(self.rest, self.line.edge()).await {
                Ok(edge) => {
                    edge?;
                    level = self.line.is_active()?;
                }
                // Two edges may be one notice; the level counts.
                Err(_) => match self.line.is_active()? {
                    now if now == level => return Ok(level),
                    now => level = now,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::sync::mpsc;
    use tokio::time::sleep;

    use super::*;

    const REST: Duration = Duration::from_millis(20);

    /// A contact that a test opens and closes.
    struct Contact {
        level: Arc<Mutex<bool>>,
        edges: mpsc::UnboundedReceiver<()>,
    }

    #[derive(Clone)]
    struct Finger {
        level: Arc<Mutex<bool>>,
        edges: mpsc::UnboundedSender<()>,
    }

    impl Line for Contact {
        fn is_active(&self) -> Result<bool, SensorError> {
            Ok(*self.level.lock().unwrap())
        }

        async fn edge(&mut self) -> Result<(), SensorError> {
            self.edges.recv().await.ok_or(SensorError::Failed)
        }
    }

    impl Finger {
        fn set(&self, level: bool) {
            *self.level.lock().unwrap() = level;
            self.edges.send(()).unwrap();
        }

        /// Comes to this level, not at once.
        async fn bounce_to(&self, level: bool) {
            for level in [level, !level, level, !level, level] {
                self.set(level);
                sleep(REST / 4).await;
            }
        }
    }

    fn contact(level: bool) -> (Debounced<Contact>, Finger) {
        let (sender, edges) = mpsc::unbounded_channel();
        let level = Arc::new(Mutex::new(level));
        let finger = Finger {
            level: level.clone(),
            edges: sender,
        };
        (Debounced::new(Contact { level, edges }, REST), finger)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_level_counts_once_it_has_stood() {
        let (mut line, finger) = contact(true);
        let begin = Instant::now();
        assert_eq!(line.level().await, Ok(true));
        assert_eq!(begin.elapsed(), REST);
        let (cleared, ()) = tokio::join!(line.until(false, LONG), async {
            sleep(LONG / 2).await;
            finger.bounce_to(false).await;
        });
        assert_eq!(cleared, Ok(()));
        assert_eq!(line.level().await, Ok(false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_thing_that_only_trembled_is_not_gone() {
        let (mut line, finger) = contact(true);
        let begin = Instant::now();
        let (cleared, ()) = tokio::join!(line.until(false, LONG), async {
            sleep(LONG / 2).await;
            finger.bounce_to(true).await;
        });
        assert_eq!(cleared, Err(SensorError::TimedOut));
        assert!(begin.elapsed() >= LONG);
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_before_the_question_is_seen() {
        let (mut line, finger) = contact(true);
        assert_eq!(line.level().await, Ok(true));
        finger.bounce_to(false).await;
        assert_eq!(line.until(false, Duration::ZERO).await, Ok(()));
        assert_eq!(
            line.until(true, Duration::ZERO).await,
            Err(SensorError::TimedOut)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_edge_that_was_not_told_is_found_by_its_level() {
        let (mut line, finger) = contact(true);
        let (cleared, ()) = tokio::join!(line.until(false, LONG), async {
            sleep(LONG / 2).await;
            *finger.level.lock().unwrap() = false;
        });
        assert_eq!(cleared, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_contact_that_never_rests_is_broken_and_so_is_one_that_went() {
        let (mut line, finger) = contact(true);
        let tremble = async {
            for level in [false, true].into_iter().cycle() {
                finger.set(level);
                sleep(REST / 2).await;
            }
        };
        tokio::select! {
            level = line.level() => assert_eq!(level, Err(SensorError::Failed)),
            () = tremble => {}
        }
        drop(finger);
        assert_eq!(line.level().await, Err(SensorError::Failed));
    }
}
