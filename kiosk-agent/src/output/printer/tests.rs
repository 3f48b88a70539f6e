//! Against a real printer program: `ippeveprinter` (Debian's cups-ipp-utils), whose folder is the paper.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use dev_pages::page;
use ipp::model::JobState;

use super::job::Ended;
use super::*;
use crate::handover::testing::certificate;

mod proxy;
mod real;
mod states;
use proxy::{Fault, Proxy};
use real::{RealPrinter, authority};

fn terminal() -> TerminalUrn {
    "urn:shomei:terminal:kiosk:dev:0001".parse().unwrap()
}

/// A printer behind a proxy, and not for long.
fn behind(proxy: &Proxy) -> Printer {
    let uri = format!("ipp://localhost:{}/ipp/print", proxy.port);
    let mut printer = Printer::new(uri.parse().unwrap(), None, &terminal()).unwrap();
    let second = Duration::from_secs(1);
    printer.waits = Waits {
        printed: 20 * second,
        silence: second,
        hindered: second,
        cancelled: second,
        settled: second / 5,
        abandoned: second,
    };
    printer
}

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < deadline, "it never came to be");
        sleep(Duration::from_millis(20)).await;
    }
}

fn one_page() -> Certificate {
    certificate("a.b.c", &page(&["printed"]))
}

/// For who does not look at how far it is.
async fn put_out(printer: &mut Printer, page: &Certificate) -> Result<(), Undelivered> {
    printer.deliver(page, &mut |_| ()).await
}

const EMPTY_TRAY: &str = "size0=iso_a4_210x297mm&type0=stationery&level0=0&size1=&level1=0";

#[tokio::test]
async fn a_lost_answer_to_the_page_does_not_hide_that_it_was_printed() {
    let real = RealPrinter::with_works().await;
    real.go();
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    proxy.set(Operation::SendDocument, Fault::Answer);
    assert_eq!(put_out(&mut printer, &one_page()).await, Ok(()));
    assert_eq!(real.sheets(), 1);
    assert_eq!(printer.settled().await, Ok(()));
}

#[tokio::test]
async fn a_job_whose_number_was_lost_is_empty_and_makes_way_for_the_next() {
    let real = RealPrinter::with_works().await;
    real.go();
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    proxy.set(Operation::CreateJob, Fault::Answer);
    let delivered = put_out(&mut printer, &one_page()).await;
    assert_eq!(delivered, Err(OutputError::Unavailable.into()));
    assert_eq!(proxy.asked(Operation::SendDocument), 0);
    assert_eq!(proxy.asked(Operation::CancelJob), 1);
    proxy.mend();
    assert_eq!(put_out(&mut printer, &one_page()).await, Ok(()));
    assert_eq!(real.sheets(), 1);
}

#[tokio::test]
async fn a_page_that_never_arrived_is_not_printed_and_is_told_so() {
    let real = RealPrinter::with_works().await;
    real.go();
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    proxy.set(Operation::SendDocument, Fault::Request);
    let delivered = put_out(&mut printer, &one_page()).await;
    assert_eq!(delivered, Err(OutputError::Failed.into()));
    assert_eq!(real.sheets(), 0);
    proxy.mend();
    assert_eq!(put_out(&mut printer, &one_page()).await, Ok(()));
    assert_eq!(real.sheets(), 1);
}

#[tokio::test]
async fn what_became_of_a_job_is_unknown_until_the_printer_says_so() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    let cut = async {
        real.begun().await;
        proxy.cut();
    };
    let page = one_page();
    let (delivered, ()) = tokio::join!(put_out(&mut printer, &page), cut);
    assert_eq!(delivered, Err(OutputError::OutcomeUnknown.into()));
    // Not reached, and reached but at it: out of service.
    assert_eq!(printer.ready(1).await, Err(OutputError::JobOpen));
    proxy.mend();
    assert_eq!(printer.ready(1).await, Err(OutputError::JobOpen));
    let job_open = Err(OutputError::JobOpen.into());
    assert_eq!(put_out(&mut printer, &page).await, job_open);
    // So is a program that was started anew.
    let mut anew = behind(&proxy);
    assert_eq!(anew.settled().await, Err(OutputError::JobOpen));
    assert_eq!(real.sheets(), 0);

    // In service again by itself, and not before the old sheet is out.
    real.go();
    until(async || printer.settled().await.is_ok()).await;
    assert_eq!(real.sheets(), 1);
    assert_eq!(anew.settled().await, Ok(()));
    assert_eq!(put_out(&mut anew, &page).await, Ok(()));
    assert_eq!(real.sheets(), 2);
}

#[tokio::test]
async fn a_job_the_printer_forgot_is_out_of_the_way_and_its_outcome_unknown() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    let other = RealPrinter::with_works().await;
    let page = one_page();
    let restart = async {
        real.begun().await;
        proxy.to(other.port);
    };
    let (delivered, ()) = tokio::join!(put_out(&mut printer, &page), restart);
    assert_eq!(delivered, Err(OutputError::OutcomeUnknown.into()));
    assert_eq!(printer.ready(1).await, Ok(()));
}

#[tokio::test]
async fn jobs_of_others_are_left_alone() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut theirs = behind(&proxy);
    theirs.name = "certificate urn:shomei:terminal:kiosk:dev:0002".to_owned();
    let mut ours = behind(&proxy);
    let page = one_page();
    let meanwhile = async {
        real.begun().await;
        assert_eq!(ours.settled().await, Ok(()));
        assert_eq!(proxy.asked(Operation::CancelJob), 0);
        real.go();
    };
    let (delivered, ()) = tokio::join!(put_out(&mut theirs, &page), meanwhile);
    assert_eq!(delivered, Ok(()));
}

#[tokio::test]
async fn a_delivery_dropped_under_way_is_cancelled_at_the_end() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    let page = one_page();
    tokio::select! {
        _ = put_out(&mut printer, &page) => panic!("it cannot be done"),
        () = real.begun() => {}
    }
    let Jobs::Open(Some(job)) = printer.jobs else {
        panic!("{:?}", printer.jobs);
    };
    printer.abandon().await;
    assert!(proxy.asked(Operation::CancelJob) > 0);
    real.go();
    let ended = State::Ended(Ended::Stopped);
    until(async || printer.state(job).await == Ok(ended)).await;
}

#[tokio::test]
async fn the_last_sheet_of_the_tray_is_a_sheet() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    printer.waits.hindered = WAITS.hindered;
    let page = one_page();
    let last = async {
        real.begun().await;
        real.set_paper(EMPTY_TRAY).await;
        // Long enough to be seen.
        let looks = proxy.asked(Operation::GetPrinterAttributes);
        until(async || proxy.asked(Operation::GetPrinterAttributes) > looks + 2).await;
        real.go();
    };
    let (delivered, ()) = tokio::join!(put_out(&mut printer, &page), last);
    assert_eq!(delivered, Ok(()));
    assert_eq!(proxy.asked(Operation::CancelJob), 0);
    assert_eq!(printer.ready(1).await, Err(OutputError::OutOfPaper));
}

#[tokio::test]
async fn a_job_that_stops_without_paper_is_cancelled_and_told() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    printer.waits.cancelled = WAITS.cancelled;
    let page = one_page();
    let stops = async {
        real.begun().await;
        real.set_paper(EMPTY_TRAY).await;
        let stopped = JobState::ProcessingStopped as u8;
        proxy.set(Operation::GetJobAttributes, Fault::JobState(stopped));
        until(async || proxy.asked(Operation::CancelJob) > 0).await;
        proxy.mend();
        real.go();
    };
    let (delivered, ()) = tokio::join!(put_out(&mut printer, &page), stops);
    assert_eq!(delivered, Err(OutputError::OutOfPaper.into()));
    assert_eq!(printer.settled().await, Ok(()));
}

#[tokio::test]
async fn a_tray_that_stays_empty_under_way_is_told_in_time() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    let page = one_page();
    let empty = async {
        real.begun().await;
        real.set_paper(EMPTY_TRAY).await;
        until(async || proxy.asked(Operation::CancelJob) > 0).await;
        real.go();
    };
    printer.waits.cancelled = WAITS.cancelled;
    let (delivered, ()) = tokio::join!(put_out(&mut printer, &page), empty);
    assert_eq!(delivered, Err(OutputError::OutOfPaper.into()));
}

#[tokio::test]
async fn a_page_comes_out_as_it_went_in() {
    let real = RealPrinter::start(PDF).await;
    let page = page(&["printed"]);
    for scheme in ["ipp", "ipps"] {
        let mut printer = real.printer(scheme);
        assert_eq!(printer.ready(10).await, Ok(()), "{scheme}");
        let before = real.printed().len();
        assert_eq!(
            put_out(&mut printer, &certificate("a.b.c", &page)).await,
            Ok(()),
            "{scheme}"
        );
        assert_eq!(real.printed().len(), before + 1, "{scheme}");
        assert!(real.printed().contains(&page), "{scheme}");
    }
}

#[tokio::test]
async fn a_printer_that_others_vouch_for_gets_nothing() {
    let real = RealPrinter::start(PDF).await;
    let other = authority(&real.folder.path().join("keys/../paper/.."));
    fs::write(real.folder.path().join("ca.pem"), other).unwrap();
    let mut printer = real.printer("ipps");
    let delivered = put_out(&mut printer, &certificate("a.b.c", &page(&["x"]))).await;
    assert_eq!(delivered, Err(OutputError::Unavailable.into()));
    assert!(real.printed().is_empty());
}

#[tokio::test]
async fn a_printer_that_takes_no_pdf_is_not_ready() {
    let real = RealPrinter::start("image/jpeg").await;
    let unsuitable = Err(OutputError::Unsuitable);
    assert_eq!(real.printer("ipp").ready(1).await, unsuitable);
}

#[tokio::test]
async fn an_empty_tray_is_noticed_before_anything_is_issued() {
    let real = RealPrinter::start(PDF).await;
    assert_eq!(real.printer("ipp").ready(1).await, Ok(()));
    real.set_paper(EMPTY_TRAY).await;
    assert_eq!(
        real.printer("ipp").ready(1).await,
        Err(OutputError::OutOfPaper)
    );
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!(
        "ipp://127.0.0.1:{}/ipp/print",
        free.local_addr().unwrap().port()
    );
    drop(free);
    let mut printer = Printer::new(uri.parse().unwrap(), None, &terminal()).unwrap();
    assert_eq!(printer.ready(1).await, Err(OutputError::Unavailable));
    assert!(matches!(
        Printer::new("ipps://localhost/p".parse().unwrap(), None, &terminal()),
        Err(AddressError::Authority)
    ));
}
