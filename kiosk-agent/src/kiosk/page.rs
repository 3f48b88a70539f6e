//! The page in a browser: one browser a resident, and what happens when either fails.

use std::sync::Arc;
use std::time::Duration;

use issuance_api::ProblemCode;
use terminal::cabinet::{PaymentUnit, Sensor};
use terminal::conduct::Terminal;
use terminal::output::Output;
use terminal::ports::{Card, Center};
use terminal::web::browser::{Browser, Settings};
use terminal::web::desk::Desk;
use terminal::web::front::{Front, Shared};
use terminal::web::server::Server;
use tokio::time::{sleep, timeout};

use crate::StartError;
use crate::alive::Alive;

/// How long a browser may take until it shows the page.
const START: Duration = Duration::from_secs(60);
/// How long the page may be away: a renderer that crashed stays away.
const AWAY: Duration = Duration::from_secs(2);
/// Before a browser is started in place of one that failed.
const PAUSE: Duration = Duration::from_secs(1);
/// Between two looks at reader, printer and center for the attendant.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// What ended the work with one browser.
enum Ended {
    Session,
    Browser,
    AttendantCame,
}

/// Serves residents until it is dropped.
pub(crate) async fn attend<C: Center, K: Card, O: Output, P: PaymentUnit, S: Sensor>(
    terminal: &mut Terminal<C, K, O, P, S>,
    settings: &Settings,
    desk: Desk,
    alive: &Arc<Alive>,
) -> Result<(), StartError> {
    let mut front = Front::new(desk);
    front.report(|health| {
        health.version = env!("CARGO_PKG_VERSION");
        health.terminal = terminal.urn.to_string();
    });
    let shared = front.shared();
    let server = Server::bind(front.shared()).await?;
    let address = server.address();
    tokio::spawn(server.serve());
    let (page, manager) = (front.shared(), Arc::clone(alive));
    tokio::spawn(async move {
        page.seen().await;
        manager.ready();
    });
    loop {
        front.start_over();
        let mut browser = Browser::start(settings, &address)?;
        let ended = tokio::select! {
            () = residents(terminal, &mut front) => Ended::Session,
            () = lost(&mut browser, &shared) => Ended::Browser,
            () = shared.attendant() => Ended::AttendantCame,
        };
        // What was under way is dropped and with it wiped; the card may still be held, and a page be at the printer.
        terminal.card.close().await;
        terminal.output.abandon().await;
        let _ = terminal.cabinet.payment.give_back().await;
        match ended {
            Ended::Session => {}
            Ended::Browser => {
                front.report(|health| health.browsers += 1);
                sleep(PAUSE).await;
            }
            Ended::AttendantCame => {
                front.attend();
                tokio::select! {
                    () = look(terminal, &front) => {}
                    () = lost(&mut browser, &shared) => {}
                    () = shared.attendant_left() => {}
                }
            }
        }
        browser.end().await;
    }
}

/// One resident from the first screen to the last; those who only looked at the first ones leave nothing behind.
async fn residents<C: Center, K: Card, O: Output, P: PaymentUnit, S: Sensor>(
    terminal: &mut Terminal<C, K, O, P, S>,
    front: &mut Front,
) {
    while !front.has_begun() {
        terminal.until_output_is_settled(front).await;
        terminal.until_card_is_gone(front).await;
        terminal.until_open(front).await;
        // How it ended was shown.
        drop(terminal.serve(front).await);
    }
    front.acknowledged().await;
}

/// Waits until the browser has ended, or shows the page no longer.
async fn lost(browser: &mut Browser, shared: &Shared) {
    let page = async {
        while timeout(START, shared.seen()).await.is_ok() {
            shared.unseen().await;
            // A page that is loaded again is back at once.
            if timeout(AWAY, shared.seen()).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = browser.ended() => {}
        () = page => {}
    }
}

/// Looks after reader, printer and center, for the attendant.
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
        let center = terminal.center.menu().await;
        let center = center.map(drop).map_err(|problem| problem.code);
        front.report(|health| {
            health.reader = said(reader);
            health.printer = said(printer);
            health.center = said(center);
        });
        sleep(LOOK_AGAIN).await;
    }
}
