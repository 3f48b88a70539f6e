//! The page as the core's front end: the desk behind a lock, screens out, intents in. And whoever is let in: one page at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use issuance_api::problem::Language;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_stream::wrappers::WatchStream;
use zeroize::Zeroizing;

use super::desk::{Content, Desk, Intent, Shown, Taken, Takes};
use super::intent::Press;
use super::picture::Picture;
use super::screen::Screen;
use super::shelf::Opened;
use crate::web::door::Secret;

/// Intents that wait for the core; a resident presses one at a time.
const WAITING: usize = 16;
/// Who waits to be let in: more are nobody's own page.
const KNOCKING: usize = 4;

/// What the core shows, and what the resident answers.
pub trait Front: Send {
    /// Shows this instead of what was shown before.
    fn show(&mut self, shown: Shown);

    /// The resident's next intent. Dropping the future loses none.
    fn intent(&mut self) -> impl Future<Output = Intent> + Send;
}

/// The page.
pub struct PageFront {
    shared: Arc<Shared>,
    intents: mpsc::Receiver<Intent>,
}

/// What the server and the core share.
pub struct Shared {
    desk: Mutex<Desk>,
    session: Mutex<Option<Session>>,
    intents: mpsc::Sender<Intent>,
    knocks: mpsc::Sender<Knock>,
    /// When somebody last did something.
    touched: watch::Sender<Instant>,
    /// The resident wants it locked.
    lock: watch::Sender<()>,
    /// One picture is read at a time.
    pictures: Arc<Semaphore>,
}

/// A page that was let in.
struct Session {
    secret: Secret,
    screens: watch::Sender<Bytes>,
}

/// Somebody wants something of the wallet.
pub(super) enum Knock {
    /// To be let in.
    Unlock {
        /// The passphrase.
        passphrase: Option<Zeroizing<String>>,
        /// Whether it comes from whoever started the program.
        started: bool,
        /// Language of the texts.
        language: Option<Language>,
        /// What came of it.
        reply: oneshot::Sender<Result<Secret, Refusal>>,
    },
    /// Another passphrase.
    Change {
        /// The one there is.
        old: Zeroizing<String>,
        /// The one there is to be.
        new: Zeroizing<String>,
        /// What came of it.
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
}

/// Why somebody is not let in, or the passphrase is not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not the passphrase.
    Wrong,
    /// Only whoever started the program may.
    NotStarter,
    /// It is too short or too long for a new one.
    Unfit,
    /// Too many wrong ones: not before then.
    Wait(Duration),
    /// The wallet cannot be used.
    Failed,
}

/// Why a picture is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// Another screen stands there.
    Other,
    /// The screen takes none of this kind.
    NotThis,
    /// Another one is being read.
    Busy,
}

impl PageFront {
    /// Locked; and who knocks.
    #[must_use]
    pub fn new() -> (Self, Knocks) {
        let (intents, inbox) = mpsc::channel(WAITING);
        let (knocks, door) = mpsc::channel(KNOCKING);
        let shared = Shared {
            desk: Mutex::default(),
            session: Mutex::default(),
            intents,
            knocks,
            touched: watch::Sender::new(Instant::now()),
            lock: watch::Sender::default(),
            pictures: Arc::new(Semaphore::new(1)),
        };
        let front = Self {
            shared: Arc::new(shared),
            intents: inbox,
        };
        (front, Knocks(door))
    }

    /// What the server needs of it.
    #[must_use]
    pub fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Shows nothing any more, to nobody.
    pub fn lock(&mut self) {
        self.show(Shown::Locked);
        *self.shared.session() = None;
    }

    fn drain(&mut self) {
        while self.intents.try_recv().is_ok() {}
    }
}

/// Who knocks, in their order.
#[derive(Debug)]
pub struct Knocks(mpsc::Receiver<Knock>);

impl Knocks {
    pub(super) async fn next(&mut self) -> Knock {
        match self.0.recv().await {
            Some(knock) => knock,
            // Nobody can any more.
            None => std::future::pending().await,
        }
    }
}

impl Front for PageFront {
    fn show(&mut self, shown: Shown) {
        // Nobody answers what was not shown yet.
        self.drain();
        self.shared.change(|desk| desk.show(shown));
    }

    async fn intent(&mut self) -> Intent {
        match self.intents.recv().await {
            Some(intent) => intent,
            // The other end is held by `Shared`, which is here.
            None => std::future::pending().await,
        }
    }
}

impl Shared {
    /// Lets a page in, and the one before it no longer.
    pub(super) fn let_in(&self, secret: Secret, language: Option<Language>) {
        self.touch();
        let mut session = self.session();
        let mut desk = self.desk();
        if let Some(before) = session.take() {
            before.screens.send_replace(event(&desk.farewell()));
        }
        if let Some(language) = language {
            desk.speak(language);
        }
        let (screens, _) = watch::channel(event(&desk.screen()));
        *session = Some(Session { secret, screens });
    }

    /// Waits until the page that is let in is let in no longer.
    pub(super) async fn until_left(&self) {
        let screens = self.session().as_ref().map(|it| it.screens.subscribe());
        if let Some(mut screens) = screens {
            while screens.changed().await.is_ok() {}
        }
    }

    /// Waits until the resident wants it locked, or nobody has done anything for so long.
    pub(super) async fn until_to_be_locked(&self, idle: Duration) {
        // What was wanted of a wallet that was open before is none of this one's.
        let mut lock = self.lock.subscribe();
        let mut touched = self.touched.subscribe();
        let left_alone = async {
            loop {
                let last = *touched.borrow_and_update();
                // The other end is here.
                if tokio::time::timeout_at(last + idle, touched.changed())
                    .await
                    .is_err()
                {
                    return;
                }
            }
        };
        tokio::select! {
            () = left_alone => {}
            _ = lock.changed() => {}
        }
    }

    /// Somebody did something.
    pub(super) fn touch(&self) {
        self.touched.send_replace(Instant::now());
    }

    /// Whether it is the secret of the page that was let in.
    pub(super) fn is_let_in(&self, check: impl FnOnce(&Secret) -> bool) -> bool {
        self.session().as_ref().is_some_and(|it| check(&it.secret))
    }

    /// Asks the core, and waits for what it says.
    pub(super) async fn knock<T>(
        &self,
        knock: impl FnOnce(oneshot::Sender<Result<T, Refusal>>) -> Knock,
    ) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        let sent = self.knocks.try_send(knock(reply));
        sent.map_err(|_| Refusal::Wait(Duration::from_secs(1)))?;
        answer.await.unwrap_or(Err(Refusal::Failed))
    }

    /// The screens from now on, as server-sent events, until another page is let in or none.
    pub(super) fn screens(&self) -> Option<WatchStream<Bytes>> {
        let session = self.session();
        let session = session.as_ref()?;
        Some(WatchStream::new(session.screens.subscribe()))
    }

    /// Takes a press; whether it was made on the screen that stands there.
    pub(super) fn press(&self, press: Press) -> bool {
        self.touch();
        let mut taken = Taken::Ignored;
        self.change(|desk| taken = desk.press(press));
        match taken {
            Taken::Ignored => return false,
            Taken::Here => {}
            Taken::Lock => {
                self.lock.send_replace(());
            }
            // More than fit are more than anybody meant.
            Taken::For(intent) => drop(self.intents.try_send(intent)),
        }
        true
    }

    /// Takes a picture. Of a frame, what becomes of it follows.
    pub(super) fn picture(
        &self,
        serial: u64,
        content: Content,
        is_frame: bool,
    ) -> Result<Option<Became>, NotTaken> {
        match self.desk().takes(serial, &content) {
            Takes::It => {}
            Takes::Other => return Err(NotTaken::Other),
            Takes::NotThis => return Err(NotTaken::NotThis),
        }
        let place = Arc::clone(&self.pictures).try_acquire_owned();
        let place = place.map_err(|_| NotTaken::Busy)?;
        if !is_frame {
            self.touch();
        }
        let (reply, became) = oneshot::channel();
        let picture = Picture::new(content, is_frame.then_some(reply), place);
        let sent = self.intents.try_send(Intent::Picture(picture));
        sent.map_err(|_| NotTaken::Busy)?;
        Ok(is_frame.then_some(became))
    }

    /// The certificate shown.
    pub(super) fn opened(&self) -> Option<Arc<Opened>> {
        self.desk().opened()
    }

    /// Language of the texts.
    pub(super) fn language(&self) -> Language {
        self.desk().language()
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Always before the desk.
    fn session(&self) -> MutexGuard<'_, Option<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Desk)) {
        let session = self.session();
        let mut desk = self.desk();
        change(&mut desk);
        if let Some(session) = &*session {
            session.screens.send_replace(event(&desk.screen()));
        }
    }
}

/// What becomes of a frame.
pub(super) type Became = oneshot::Receiver<Result<(), issuance_api::ProblemCode>>;

fn event(screen: &Screen<'_>) -> Bytes {
    let mut event = b"data: ".to_vec();
    // What a screen holds is JSON; growing leaves nothing behind, since memory is wiped when it is freed.
    serde_json::to_writer(&mut event, screen).expect("a screen is JSON");
    event.extend_from_slice(b"\n\n");
    event.into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use tokio_stream::StreamExt;

    use super::*;

    const IDLE: Duration = Duration::from_secs(600);

    fn press(intent: serde_json::Value) -> Press {
        serde_json::from_value(intent).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn it_locks_when_nobody_has_done_anything_for_so_long_and_when_asked() {
        let (front, _knocks) = PageFront::new();
        let shared = front.shared();
        shared.let_in(Secret::random().unwrap(), None);
        let begin = Instant::now();
        let touches = async {
            tokio::time::sleep(IDLE / 2).await;
            // What means nothing is a sign of somebody too.
            assert!(!shared.press(press(json!({"serial": 9, "intent": "go"}))));
        };
        tokio::join!(shared.until_to_be_locked(IDLE), touches);
        assert_eq!(begin.elapsed(), IDLE * 3 / 2);
        let begin = Instant::now();
        let asks = async {
            for _ in 0..2 {
                assert!(shared.press(press(json!({"serial": 9, "intent": "lock"}))));
            }
        };
        tokio::join!(shared.until_to_be_locked(IDLE), asks);
        assert_eq!(begin.elapsed(), Duration::ZERO);
        // A press too many locks nobody out who comes next.
        shared.until_to_be_locked(IDLE).await;
        assert_eq!(begin.elapsed(), IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_page_sends_is_waited_for_as_long_as_it_is_let_in() {
        let (mut front, _knocks) = PageFront::new();
        let shared = front.shared();
        for ends in [true, false] {
            shared.let_in(Secret::random().unwrap(), None);
            let left = shared.until_left();
            tokio::pin!(left);
            let soon = Duration::from_secs(1);
            front.show(Shown::TapCard);
            assert!(tokio::time::timeout(soon, &mut left).await.is_err());
            if ends {
                front.lock();
            } else {
                shared.let_in(Secret::random().unwrap(), None);
            }
            assert!(tokio::time::timeout(soon, left).await.is_ok());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_is_let_in_no_longer_is_told_that_and_nothing_else() {
        let (mut front, _knocks) = PageFront::new();
        let shared = front.shared();
        assert!(shared.screens().is_none());
        for ends in [true, false] {
            shared.let_in(Secret::random().unwrap(), None);
            let mut screens = shared.screens().unwrap();
            front.show(Shown::TapCard);
            let told = screens.next().await.unwrap();
            assert!(told.windows(8).any(|it| it == b"tap-card"));
            if ends {
                front.lock();
            } else {
                shared.let_in(Secret::random().unwrap(), None);
            }
            let told = screens.next().await.unwrap();
            assert!(told.windows(6).any(|it| it == b"locked"));
            front.show(Shown::Reading);
            assert!(screens.next().await.is_none());
        }
    }
}
