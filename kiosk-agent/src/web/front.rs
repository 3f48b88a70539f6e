//! The browser as the core's front end: the desk behind a lock, screens out, intents in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_stream::wrappers::WatchStream;

use super::attendant::Health;
use super::desk::{Desk, Taken};
use super::intent::Press;
use crate::ports::{FrontEnd, Intent, View};

/// Intents that wait for the core; a resident presses one at a time.
const WAITING: usize = 16;

/// Between two looks for a page.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The browser front end.
#[derive(Debug)]
pub struct Front {
    shared: Arc<Shared>,
    intents: mpsc::Receiver<Intent>,
}

/// What the server and the core share.
#[derive(Debug)]
pub struct Shared {
    desk: Mutex<Desk>,
    screen: watch::Sender<Bytes>,
    intents: mpsc::Sender<Intent>,
    changed: watch::Sender<()>,
}

impl Front {
    /// A front end with nothing on it.
    #[must_use]
    pub fn new(desk: Desk) -> Self {
        let (intents, inbox) = mpsc::channel(WAITING);
        let (screen, _) = watch::channel(event(&desk));
        let shared = Shared {
            desk: Mutex::new(desk),
            screen,
            intents,
            changed: watch::Sender::default(),
        };
        Self {
            shared: Arc::new(shared),
            intents: inbox,
        }
    }

    /// What the server needs of it.
    #[must_use]
    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Whether there may be something of a resident to be rid of.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.shared.desk().has_begun()
    }

    /// Forgets everything of whoever was there.
    pub fn start_over(&mut self) {
        self.drain();
        self.shared.change(Desk::start_over);
    }

    /// Waits until the end of an application was read, or long enough.
    pub async fn acknowledged(&mut self) {
        let stands = self.shared.desk().end_stands();
        self.shared.change(|desk| desk.time(stands));
        let _ = timeout(stands, self.shared.until(Desk::is_acknowledged)).await;
    }

    /// Changes what the attendant sees.
    pub fn report(&self, change: impl FnOnce(&mut Health)) {
        self.shared.change(|desk| change(desk.health()));
    }

    /// Shows the attendant's view.
    pub fn attend(&mut self) {
        self.shared.change(Desk::attend);
    }

    fn drain(&mut self) {
        while self.intents.try_recv().is_ok() {}
    }
}

impl FrontEnd for Front {
    fn show(&mut self, view: &View<'_>) {
        // Nobody answers what was not shown yet.
        self.drain();
        self.shared.change(|desk| desk.show(view));
    }

    fn time(&mut self, left: Duration) {
        self.shared.change(|desk| desk.time(left));
    }

    async fn intent(&mut self) -> Intent {
        loop {
            tokio::select! {
                intent = self.intents.recv() => {
                    // The other end is held by `Shared`, which is here.
                    if let Some(intent) = intent {
                        return intent;
                    }
                }
                () = self.shared.until_it_gives_way() => self.shared.change(Desk::give_way),
            }
        }
    }
}

impl Shared {
    /// The attendant has come: the key was right.
    pub async fn attendant(&self) {
        self.until(Desk::has_let_in).await;
    }

    /// The attendant goes, or nobody has touched the view for a while.
    pub async fn attendant_left(&self) {
        tokio::select! {
            () = self.until(Desk::is_left) => {}
            () = self.until_it_gives_way() => {}
        }
    }

    /// Waits for something to be so.
    async fn until(&self, is: impl Fn(&Desk) -> bool) {
        let mut changes = self.changed.subscribe();
        while !is(&self.desk()) {
            // The other end is here.
            let _ = changes.changed().await;
        }
    }

    /// Waits until the time is over of a screen that the core does not watch.
    async fn until_it_gives_way(&self) {
        let mut changes = self.changed.subscribe();
        loop {
            let at = self.desk().gives_way_at();
            tokio::select! {
                _ = changes.changed() => {}
                () = sleep_until(at.unwrap_or_else(Instant::now)), if at.is_some() => return,
            }
        }
    }

    /// Waits until a page looks at the screens.
    pub async fn seen(&self) {
        while self.screen.is_closed() {
            sleep(LOOK_AGAIN).await;
        }
    }

    /// Waits until no page does any more.
    pub async fn unseen(&self) {
        self.screen.closed().await;
    }

    /// The screens from now on, as server-sent events.
    pub(super) fn screens(&self) -> WatchStream<Bytes> {
        WatchStream::new(self.screen.subscribe())
    }

    /// Takes a press; whether it was made on the screen that stands there.
    pub(super) fn press(&self, press: Press) -> bool {
        let mut taken = Taken::Ignored;
        self.change(|desk| taken = desk.press(press));
        match taken {
            Taken::Ignored => return false,
            Taken::Here => {}
            // More than fit are more than anybody meant.
            Taken::For(intent) => drop(self.intents.try_send(intent)),
        }
        true
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Desk)) {
        let mut desk = self.desk();
        change(&mut desk);
        self.screen.send_replace(event(&desk));
        self.changed.send_replace(());
    }
}

fn event(desk: &Desk) -> Bytes {
    let mut event = b"data: ".to_vec();
    // What a screen holds is JSON; growing leaves nothing behind, since memory is wiped when it is freed.
    serde_json::to_writer(&mut event, &desk.screen()).expect("a screen is JSON");
    event.extend_from_slice(b"\n\n");
    event.into()
}
