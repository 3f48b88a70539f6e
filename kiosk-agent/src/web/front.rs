//! The browser as the core's front end: the desk behind a lock, screens out, intents in.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_stream::wrappers::WatchStream;

use super::attendant::Health;
use super::desk::{Desk, Taken};
use super::intent::Press;
use crate::ports::{FrontEnd, Intent, View};

/// Intents that wait for the core; a resident presses one at a time.
const WAITING: usize = 16;

/// Between two looks for a page.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How long a browser may take until its page says that it lives.
pub const SHOWN_WITHIN: Duration = Duration::from_secs(60);
/// How long the page may say nothing, which says every two seconds that it lives: a renderer that hangs cannot.
pub const SILENT: Duration = Duration::from_secs(15);
/// How long the page may be away: a page that is loaded again is back at once, one whose renderer crashed stays away.
const AWAY: Duration = Duration::from_secs(2);

/// The browser front end.
pub struct Front {
    shared: Arc<Shared>,
    intents: mpsc::Receiver<Intent>,
}

/// What the server and the core share.
pub struct Shared {
    desk: Mutex<Desk>,
    screen: watch::Sender<Bytes>,
    intents: mpsc::Sender<Intent>,
    changed: watch::Sender<()>,
    page: watch::Sender<Page>,
}

/// How far the page has come of the browser that there is now.
#[derive(Clone, Copy, Debug, Default)]
enum Page {
    /// Nothing was seen of it. What says that it lives is what the browser before still had on its way.
    #[default]
    Awaited,
    /// It follows the screens.
    Follows,
    /// It last said then that it lives.
    Lives(Instant),
}

/// What became of a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// It could not be started.
    NotStarted,
    /// It never showed the page.
    NotShown,
    /// Its first process ended.
    Ended,
    /// The page went and did not come back: its renderer crashed.
    Left,
    /// The page fell silent: its renderer hangs.
    Silent,
}

impl Loss {
    /// As the attendant and the operator are told.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "not-started",
            Self::NotShown => "not-shown",
            Self::Ended => "ended",
            Self::Left => "left",
            Self::Silent => "silent",
        }
    }
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
            page: watch::Sender::default(),
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
        self.renew(Desk::start_over);
    }

    /// Whether the browser was lost under the application, which ends for it.
    #[must_use]
    pub fn is_deserted(&self) -> bool {
        self.shared.desk().is_deserted()
    }

    /// Waits until the end of an application was read, or long enough: asking for more time gives it anew.
    pub async fn acknowledged(&mut self) {
        let stands = self.shared.desk().end_stands();
        loop {
            self.shared.change(|desk| desk.time(stands));
            let more = async {
                // The other end is held by `Shared`, which is here.
                while !matches!(self.intents.recv().await, Some(Intent::MoreTime)) {}
            };
            tokio::select! {
                biased;
                () = self.shared.until(Desk::is_acknowledged) => return,
                () = more => {}
                () = sleep(stands) => return,
            }
        }
    }

    /// Changes what the attendant sees.
    pub fn report(&self, change: impl FnOnce(&mut Health)) {
        self.shared.report(change);
    }

    /// Shows the attendant's view.
    pub fn attend(&mut self) {
        self.shared.change(Desk::attend);
    }

    /// Shows something else: nobody answers what was not shown yet.
    fn renew(&mut self, change: impl FnOnce(&mut Desk)) {
        let Self { shared, intents } = self;
        shared.change(|desk| {
            while intents.try_recv().is_ok() {}
            change(desk);
        });
    }
}

impl FrontEnd for Front {
    fn show(&mut self, view: &View<'_>) {
        self.renew(|desk| desk.show(view));
    }

    fn time(&mut self, left: Duration) {
        self.shared.change(|desk| desk.time(left));
    }

    async fn intent(&mut self) -> Intent {
        loop {
            let intent = tokio::select! {
                biased;
                // There is nobody who could answer any more.
                () = self.shared.until(Desk::is_deserted) => return Intent::Cancel,
                // The other end is held by `Shared`, which is here.
                Some(intent) = self.intents.recv() => intent,
            };
            // Who has turned away while the core was busy begins nothing for whoever comes next.
            match &intent {
                Intent::Apply(programme) if !self.shared.desk().has_agreed_to(programme) => {}
                _ => return intent,
            }
        }
    }
}

impl Shared {
    /// The attendant has come: the key was right.
    pub async fn attendant(&self) {
        self.until(Desk::has_let_in).await;
    }

    /// The application is over without any end: somebody has gone back from it to the first screen.
    pub async fn gone_back_from(&self) {
        self.until(Desk::is_gone_back_from).await;
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

    /// Has screens that the core does not watch give way to what was before, whenever their time is over: as long as this is awaited.
    pub async fn keep_giving_way(&self) -> Infallible {
        loop {
            self.until_it_gives_way().await;
            self.change(Desk::give_way);
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

    /// A browser was started: nothing was seen of its page yet.
    pub fn expect_page(&self) {
        self.page.send_replace(Page::Awaited);
    }

    /// The page says that it lives.
    pub(super) fn lives(&self) {
        self.page.send_if_modified(|page| {
            let is_there = !matches!(page, Page::Awaited);
            if is_there {
                *page = Page::Lives(Instant::now());
            }
            is_there
        });
    }

    /// Waits until the page says that it lives.
    pub async fn seen(&self) {
        // The other end is here.
        let lives = |page: &Page| matches!(page, Page::Lives(_));
        let _ = self.page.subscribe().wait_for(lives).await;
    }

    /// Waits until the page is shown no longer, or was not in time; which of it.
    pub async fn lost(&self) -> Loss {
        if timeout(SHOWN_WITHIN, self.seen()).await.is_err() {
            return Loss::NotShown;
        }
        let mut page = self.page.subscribe();
        let silent = async {
            loop {
                let Page::Lives(heard) = *page.borrow_and_update() else {
                    return;
                };
                // The other end is here.
                if timeout_at(heard + SILENT, page.changed()).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = silent => Loss::Silent,
            () = self.left() => Loss::Left,
        }
    }

    /// Waits until no page follows the screens, and none comes back.
    async fn left(&self) {
        let back = async || {
            while self.screen.is_closed() {
                sleep(LOOK_AGAIN).await;
            }
        };
        loop {
            self.screen.closed().await;
            if timeout(AWAY, back()).await.is_err() {
                return;
            }
        }
    }

    /// The browser was lost: what waits for somebody is cancelled, and nothing of anybody is shown to the next one.
    pub fn desert(&self) {
        self.change(Desk::desert);
    }

    /// Changes what the attendant sees.
    pub fn report(&self, change: impl FnOnce(&mut Health)) {
        self.change(|desk| change(desk.health()));
    }

    /// The screens from now on, as server-sent events.
    pub(super) fn screens(&self) -> WatchStream<Bytes> {
        let screens = self.screen.subscribe();
        self.page.send_if_modified(|page| {
            let is_first = matches!(page, Page::Awaited);
            if is_first {
                *page = Page::Follows;
            }
            is_first
        });
        WatchStream::new(screens)
    }

    /// Takes a press; whether it was made on the screen that stands there.
    pub(super) fn press(&self, press: Press) -> bool {
        let mut is_taken = true;
        // The core is told before anything else can be shown: what it is told fits what it shows.
        self.change(|desk| match desk.press(press) {
            Taken::Ignored => is_taken = false,
            Taken::Here => {}
            // More than fit are more than anybody meant.
            Taken::For(intent) => drop(self.intents.try_send(intent)),
        });
        is_taken
    }

    /// Whether a card was left, as long as the end of its application stands.
    pub fn change_card(&self, lies: bool) {
        self.change(|desk| desk.card_lies(lies));
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

#[cfg(test)]
mod tests {
    use issuance_api::ProblemCode;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_page_that_never_comes_or_falls_silent_is_lost() {
        let front = Front::new(Desk::new(None));
        let shared = front.shared();
        let begin = Instant::now();
        assert_eq!(shared.lost().await, Loss::NotShown);
        assert_eq!(begin.elapsed(), SHOWN_WITHIN);

        // A word that the browser before had on its way.
        shared.lives();
        let begin = Instant::now();
        assert_eq!(shared.lost().await, Loss::NotShown);
        assert_eq!(begin.elapsed(), SHOWN_WITHIN);

        let _page = shared.screens();
        let begin = Instant::now();
        let speaks = async {
            for _ in 0..10 {
                shared.lives();
                sleep(Duration::from_secs(2)).await;
            }
        };
        let (loss, ()) = tokio::join!(shared.lost(), speaks);
        assert_eq!(loss, Loss::Silent);
        assert_eq!(begin.elapsed(), Duration::from_secs(18) + SILENT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_is_loaded_again_is_not_lost_and_one_that_stays_away_is() {
        let front = Front::new(Desk::new(None));
        let shared = front.shared();
        let begin = Instant::now();
        let page = async {
            let screens = shared.screens();
            shared.lives();
            drop(screens);
            sleep(AWAY / 2).await;
            let screens = shared.screens();
            sleep(AWAY * 2).await;
            drop(screens);
        };
        let (loss, ()) = tokio::join!(shared.lost(), page);
        assert_eq!(loss, Loss::Left);
        assert!(begin.elapsed() >= AWAY * 7 / 2);
    }

    /// A press on the screen that stands there.
    fn press(shared: &Shared, mut press: serde_json::Value) {
        press["serial"] = serde_json::to_value(shared.desk().screen()).unwrap()["serial"].take();
        assert!(shared.press(serde_json::from_value(press).unwrap()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_stands_longer_for_who_asks_for_more_time() {
        for asks in [false, true] {
            let mut front = Front::new(Desk::new(None));
            front.show(&View::Problem(&ProblemCode::NoCard.into()));
            let shared = front.shared();
            let stands = shared.desk().end_stands();
            let begin = Instant::now();
            let pressing = async {
                sleep(stands / 2).await;
                if asks {
                    press(&shared, serde_json::json!({"intent": "more-time"}));
                }
            };
            tokio::join!(front.acknowledged(), pressing);
            let stood = if asks { stands * 3 / 2 } else { stands };
            assert_eq!(begin.elapsed(), stood);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_turns_away_before_it_begins_begins_nothing_for_the_next() {
        let menu = crate::conduct::tests::doubles::menu();
        let id = menu.programmes[0].id.clone();
        let mut front = Front::new(Desk::new(None));
        front.show(&View::Menu(&menu));
        let shared = front.shared();
        let press = |intent| press(&shared, intent);
        for turns_away in [true, false] {
            press(serde_json::json!({"intent": "language", "value": "en"}));
            press(serde_json::json!({"intent": "programme", "value": id}));
            press(serde_json::json!({"intent": "agree"}));
            if turns_away {
                press(serde_json::json!({"intent": "cancel"}));
            }
            let heard = timeout(Duration::from_secs(1), front.intent()).await;
            assert_eq!(heard.is_err(), turns_away);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_agreed_to_another_programme_since_begins_that_one() {
        let mut menu = crate::conduct::tests::doubles::menu();
        let mut other = menu.programmes[0].clone();
        other.id = "pandemic-influenza".parse().unwrap();
        menu.programmes.push(other);
        let mut front = Front::new(Desk::new(None));
        front.show(&View::Menu(&menu));
        let shared = front.shared();
        let press = |intent| press(&shared, intent);
        press(serde_json::json!({"intent": "language", "value": "en"}));
        for offer in &menu.programmes {
            press(serde_json::json!({"intent": "programme", "value": offer.id}));
            press(serde_json::json!({"intent": "agree"}));
            if offer.id == menu.programmes[0].id {
                press(serde_json::json!({"intent": "back"}));
            }
        }
        let heard = front.intent().await;
        assert!(matches!(heard, Intent::Apply(id) if id == menu.programmes[1].id));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_browser_every_answer_is_to_cancel() {
        let mut front = Front::new(Desk::new(None));
        let shared = front.shared();
        let (intent, ()) = tokio::join!(front.intent(), async { shared.desert() });
        assert!(matches!(intent, Intent::Cancel));
        assert!(matches!(front.intent().await, Intent::Cancel));
        assert!(front.is_deserted());
        front.start_over();
        assert!(timeout(SILENT, front.intent()).await.is_err());
    }
}
