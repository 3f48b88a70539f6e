//! The page in a browser: one browser a resident, and what happens when either fails.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use issuance_api::ProblemCode;
use tokio::time::sleep;

use super::alive::Alive;
use crate::beside::launcher::{Launched, Launcher, LauncherLost};
use crate::cabinet::{PaymentUnit, Sensor};
use crate::conduct::Terminal;
use crate::event::{self, Event};
use crate::output::Output;
use crate::ports::{Card, Center};
use crate::web::desk::Desk;
use crate::web::door::Entrance;
use crate::web::front::Front;
use crate::web::keeper::Keeper;
use crate::web::server::Server;

/// Between two looks at reader, printer and center for the attendant.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// What ended the work with one resident.
enum Ended {
    Session,
    AttendantCame,
}

/// The page, its server and its browsers.
pub(super) struct Page {
    front: Front,
    /// Until residents are served.
    server: Option<Server>,
    entrance: Entrance,
    launcher: Launcher,
}

impl Page {
    /// The page has its port, and is not answered yet; there is no browser.
    pub(super) async fn open(launched: Launched, desk: Desk) -> io::Result<Self> {
        let front = Front::new(desk);
        let server = Server::bind(front.shared()).await?;
        Ok(Self {
            front,
            entrance: server.entrance(),
            server: Some(server),
            launcher: launched.attend()?,
        })
    }

    /// Serves residents until it is dropped, or no browser can be started any more. Where the browser is lost the application ends, for
    /// nobody can answer any more: what waits for somebody is cancelled, what does not (a page at the printer) ends as it ends, and
    /// meanwhile there is a fresh browser, which is told nothing about anybody.
    pub(super) async fn attend<C: Center, K: Card, O: Output, P: PaymentUnit, S: Sensor>(
        &mut self,
        terminal: &mut Terminal<C, K, O, P, S>,
        alive: &Arc<Alive>,
    ) -> LauncherLost {
        if let Some(server) = self.server.take() {
            tokio::spawn(server.serve());
        }
        let front = &mut self.front;
        front.report(|health| {
            health.version = env!("CARGO_PKG_VERSION");
            health.terminal = terminal.urn.to_string();
        });
        let (page, manager) = (front.shared(), Arc::clone(alive));
        tokio::spawn(async move {
            page.seen().await;
            manager.ready();
        });
        let entrance = self.entrance.clone();
        let keeper = Keeper::new(&mut self.launcher, entrance, front.shared(), |how| {
            event::tell(Event::BrowserLost { how });
        });
        match serve(terminal, front, keeper).await {
            Err(lost) => lost,
            Ok(never) => match never {},
        }
    }

    /// Ends the browser, with all that is of it.
    pub(super) async fn close(self) {
        self.launcher.close().await;
    }
}

async fn serve<C: Center, K: Card, O: Output, P: PaymentUnit, S: Sensor>(
    terminal: &mut Terminal<C, K, O, P, S>,
    front: &mut Front,
    mut keeper: Keeper<'_>,
) -> Result<Infallible, LauncherLost> {
    let shared = front.shared();
    loop {
        front.start_over();
        let ended = tokio::select! {
            () = residents(terminal, front) => Ended::Session,
            () = shared.gone_back_from() => Ended::Session,
            lost = keeper.keep() => return Err(lost),
            () = shared.attendant() => Ended::AttendantCame,
            never = shared.keep_giving_way() => match never {},
        };
        // What was under way is dropped and with it wiped; the card may still be held, and a page be at the printer.
        terminal.card.close().await;
        terminal.output.abandon().await;
        let _ = terminal.cabinet.payment.give_back().await;
        // One that replaced a lost one was told nothing of anybody.
        let is_fresh = front.is_deserted();
        if let Ended::AttendantCame = ended {
            front.attend();
            tokio::select! {
                () = look(terminal, front) => {}
                lost = keeper.lost() => lost?,
                () = shared.attendant_left() => {}
            }
        }
        front.start_over();
        if !is_fresh {
            keeper.renew().await?;
        }
    }
}

/// One resident from the first screen to the last; those who only looked at the first ones leave nothing behind.
async fn residents<C: Center, K: Card, O: Output, P: PaymentUnit, S: Sensor>(
    terminal: &mut Terminal<C, K, O, P, S>,
    front: &mut Front,
) {
    while !front.has_begun() && !front.is_deserted() {
        terminal.until_output_is_settled(front).await;
        terminal.until_card_is_gone(front).await;
        terminal.until_tray_is_clear(front).await;
        terminal.until_open(front).await;
        // How it ended was shown.
        drop(terminal.serve(front).await);
    }
    let shared = front.shared();
    let watched = async {
        let lies = |lies| shared.change_card(lies);
        terminal.watch_for_a_card(lies).await;
        pending::<()>().await;
    };
    tokio::select! {
        biased;
        () = front.acknowledged() => {}
        () = watched => {}
    }
}

/// Looks after the terminal itself, reader, printer and center, for the attendant.
async fn look<C: Center, K: Card, O: Output, P: PaymentUnit, S: Sensor>(
    terminal: &mut Terminal<C, K, O, P, S>,
    front: &Front,
) {
    let said = |result: Result<(), ProblemCode>| match result {
        Ok(()) => "ok".to_owned(),
        Err(code) => code.as_str().to_owned(),
    };
    loop {
        let reader = match terminal.card.gone(Duration::ZERO).await {
            Err(ProblemCode::TimedOut) => Ok(()),
            known => known,
        };
        let printer = terminal.output.ready(1).await.map_err(Into::into);
        let warnings = terminal.output.warnings().await;
        let center = terminal.center.menu().await;
        let center = center.map(drop).map_err(|problem| problem.code);
        let service = terminal.latch.in_service();
        front.report(|health| {
            health.service = said(service);
            health.mismatch = terminal.latch.mismatch();
            health.reader = said(reader);
            health.printer = said(printer);
            health.warnings = warnings;
            health.center = said(center);
        });
        sleep(LOOK_AGAIN).await;
    }
}
