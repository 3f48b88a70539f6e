//! A browser at work at all times. One that is lost, for whatever reason, is replaced by a fresh one on an empty profile; one
//! that is lost again and again, or cannot be started at all, after a growing pause.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::door::Entrance;
use super::front::{Loss, Shared};
use crate::beside::launcher::{Launcher, LauncherLost};

/// Before a browser is started in place of one that was lost: doubled for each further one, up to the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A browser that was there for so long has failed for the first time.
const STEADY: Duration = Duration::from_secs(300);

/// What keeps it. Whatever waits here can be dropped, and is gone on with by what is called next.
pub struct Keeper<'a> {
    launcher: &'a mut Launcher,
    entrance: Entrance,
    shared: Arc<Shared>,
    /// Told of each loss.
    tell: fn(Loss),
    /// One was started, and not ended.
    running: bool,
    /// When the last one was started.
    started: Instant,
    /// After the next loss.
    pause: Duration,
    /// There is none, or one that was lost: not before then another is started.
    due: Option<Instant>,
}

impl<'a> Keeper<'a> {
    /// Nothing is started yet. `tell` hears of each loss: while there is no browser nobody can be shown anything.
    pub fn new(
        launcher: &'a mut Launcher,
        entrance: Entrance,
        shared: Arc<Shared>,
        tell: fn(Loss),
    ) -> Self {
        let now = Instant::now();
        Self {
            launcher,
            entrance,
            shared,
            tell,
            running: false,
            started: now,
            pause: PAUSE,
            due: Some(now),
        }
    }

    /// Ends the browser there is and starts a fresh one; again until one starts.
    ///
    /// # Errors
    /// [`LauncherLost`]
    pub async fn renew(&mut self) -> Result<(), LauncherLost> {
        // At once: what a browser that hangs showed last still stands there.
        self.launcher.end().await?;
        self.running = false;
        loop {
            if let Some(due) = self.due {
                sleep_until(due).await;
            }
            if self.launcher.start(&self.entrance).await? {
                self.shared.expect_page();
                self.running = true;
                self.started = Instant::now();
                self.due = None;
                return Ok(());
            }
            self.note(Loss::NotStarted);
        }
    }

    /// Waits until the browser is lost. Another is then due.
    ///
    /// # Errors
    /// [`LauncherLost`]
    pub async fn lost(&mut self) -> Result<(), LauncherLost> {
        if self.due.is_some() || !self.running {
            return Ok(());
        }
        let loss = tokio::select! {
            ended = self.launcher.ended() => ended.map(|()| Loss::Ended)?,
            loss = self.shared.lost() => loss,
        };
        self.note(loss);
        Ok(())
    }

    /// Replaces each browser that is lost, as long as one can be started. The application under way is told first: what the browser showed
    /// is shown by no other.
    pub async fn keep(&mut self) -> LauncherLost {
        loop {
            if self.due.is_none() {
                if let Err(lost) = self.lost().await {
                    return lost;
                }
                self.shared.desert();
            }
            if let Err(lost) = self.renew().await {
                return lost;
            }
        }
    }

    fn note(&mut self, loss: Loss) {
        (self.tell)(loss);
        self.shared.report(|health| {
            health.browsers += 1;
            health.browser = loss.as_str();
        });
        if self.due.is_none() && self.started.elapsed() >= STEADY {
            self.pause = PAUSE;
        }
        self.due = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;
    use tokio::time::timeout;

    use super::*;
    use crate::beside::launcher::within;
    use crate::web::browser::Settings;
    use crate::web::desk::Desk;
    use crate::web::front::Front;

    #[tokio::test]
    async fn a_browser_that_ends_again_and_again_is_replaced_after_growing_pauses() {
        let memory = TempDir::new_in("/dev/shm").unwrap();
        let program = memory.path().join("browser");
        // Each leaves a line behind, and what it was started on.
        let script = "#!/bin/sh\ndate +%s.%N >> \"$(dirname \"$0\")/starts\"\nsleep 600 & exit 1\n";
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).unwrap();
        let front = Front::new(Desk::new(None));
        let shared = front.shared();
        let settings = Settings {
            program,
            arguments: Vec::new(),
            full_screen: true,
            memory: memory.path().to_owned(),
        };
        let mut launcher = within(settings);
        let entrance = Entrance::of(&[0; Entrance::LENGTH]);
        let mut keeper = Keeper::new(&mut launcher, entrance, shared, |_| ());
        let begin = Instant::now();
        let four = async {
            let starts = memory.path().join("starts");
            loop {
                let starts = std::fs::read_to_string(&starts).unwrap_or_default();
                if starts.lines().count() == 4 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            four = timeout(Duration::from_secs(60), four) => four.unwrap(),
            lost = keeper.keep() => panic!("{lost}"),
        }
        // One, two and four seconds.
        assert!(begin.elapsed() >= PAUSE * 7, "{:?}", begin.elapsed());
        assert!(front.is_deserted());
        // The program, its lines, and no more than the last profile.
        assert!(memory.path().read_dir().unwrap().count() <= 3);
    }
}
