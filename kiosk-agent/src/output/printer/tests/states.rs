//! What a printer says of itself and of a job, and what is made of it.

use super::super::health::{obstacle, warning};
use super::*;

/// One that forgets `begun`, so that the next job can be waited for.
async fn begun_anew(real: &RealPrinter) {
    real.begun().await;
    fs::remove_file(real.folder.path().join("begun")).unwrap();
}

#[tokio::test]
async fn a_jam_half_way_is_told_with_what_is_out_and_the_rest_comes_later() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    printer.waits.cancelled = WAITS.cancelled;
    let mut page = one_page();
    assert_eq!(page.copies(), 2);
    let jams = async {
        begun_anew(&real).await;
        real.say("ATTR: job-impressions-completed=1\nSTATE: +media-jam,cover-open\n")
            .await;
        until(async || proxy.asked(Operation::CancelJob) > 0).await;
        real.break_off();
    };
    let (delivered, ()) = tokio::join!(put_out(&mut printer, &page), jams);
    let told = Undelivered {
        why: OutputError::Jam,
        out: 1,
    };
    assert_eq!(delivered, Err(told));
    assert_eq!(printer.settled().await, Ok(()));
    page.came_out(1);
    assert_eq!((page.copies(), page.out()), (1, 1));

    // Told before anything is printed again, too.
    let jam = Some(OutputError::Jam);
    assert_eq!(printer.condition().await.obstacle, jam);
    assert_eq!(
        put_out(&mut printer, &page).await,
        Err(OutputError::Jam.into())
    );
    // Its works tell it only while they are at something.
    let free = async |states: &'static str| {
        let job = printer.create(1).await.unwrap();
        printer.send_page(job, &one_page()).await.unwrap();
        begun_anew(&real).await;
        real.say(states).await;
        real.break_off();
        until(async || matches!(printer.state(job).await, Ok(State::Ended(_)))).await;
    };
    free("STATE: -media-jam\n").await;
    assert_eq!(
        printer.condition().await.obstacle,
        Some(OutputError::CoverOpen)
    );
    free("STATE: -cover-open\n").await;
    assert_eq!(printer.condition().await, Condition::default());
    real.go();
    assert_eq!(put_out(&mut printer, &page).await, Ok(()));
    assert_eq!(real.sheets(), 1);
}

#[tokio::test]
async fn a_job_the_printer_gives_up_is_told_with_what_is_out() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    let page = one_page();
    for (sheets, expected) in [
        (0, Err(OutputError::Failed.into())),
        (
            1,
            Err(Undelivered {
                why: OutputError::Failed,
                out: 1,
            }),
        ),
        // All of them: what it gave up was nothing.
        (2, Ok(())),
    ] {
        let gives_up = async {
            begun_anew(&real).await;
            real.say(&format!("ATTR: job-impressions-completed={sheets}\n"))
                .await;
            real.break_off();
        };
        let (delivered, ()) = tokio::join!(put_out(&mut printer, &page), gives_up);
        assert_eq!(delivered, expected, "{sheets}");
        assert_eq!(printer.settled().await, Ok(()), "{sheets}");
    }
    assert_eq!(real.sheets(), 0);
}

#[tokio::test]
async fn each_copy_that_comes_out_is_told_while_the_others_are_waited_for() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    let page = one_page();
    let told = std::sync::Mutex::new(Vec::new());
    let mut note = |out| told.lock().unwrap().push(out);
    let prints = async {
        real.begun().await;
        for sheets in 1..=page.copies() {
            real.say(&format!("ATTR: job-impressions-completed={sheets}\n"))
                .await;
            until(async || told.lock().unwrap().last() == Some(&sheets)).await;
        }
        real.break_off();
    };
    let (delivered, ()) = tokio::join!(printer.deliver(&page, &mut note), prints);
    assert_eq!(delivered, Ok(()));
    assert_eq!(*told.lock().unwrap(), [1, 2]);
}

#[tokio::test]
async fn what_came_out_of_a_job_nobody_knows_the_end_of_is_told_too() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    let page = one_page();
    let cut = async {
        real.begun().await;
        real.say("ATTR: job-impressions-completed=1\n").await;
        let looks = proxy.asked(Operation::GetJobAttributes);
        until(async || proxy.asked(Operation::GetJobAttributes) > looks + 1).await;
        proxy.cut();
    };
    let (delivered, ()) = tokio::join!(put_out(&mut printer, &page), cut);
    let told = Undelivered {
        why: OutputError::OutcomeUnknown,
        out: 1,
    };
    assert_eq!(delivered, Err(told));
    assert_eq!(printer.settled().await, Err(OutputError::JobOpen));
}

#[tokio::test]
async fn sheets_the_printer_finds_fault_with_are_no_copies() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    real.go();
    // No state `ippeveprinter` can be brought into.
    let faulty = Fault::Says("job-state-reasons", &["job-completed-with-errors"]);
    proxy.set(Operation::GetJobAttributes, faulty);
    let delivered = put_out(&mut printer, &one_page()).await;
    assert_eq!(delivered, Err(OutputError::Failed.into()));
    proxy.mend();
    assert_eq!(put_out(&mut printer, &one_page()).await, Ok(()));
}

#[tokio::test]
async fn supplies_that_run_out_are_a_warning_while_it_prints() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    let page = one_page();
    let patience = printer.waits.hindered;
    let attendant = behind(&proxy);
    let runs_out = async {
        real.begun().await;
        real.say("STATE: +marker-supply-empty,media-low,toner-low\n")
            .await;
        let warnings = [Warning::PaperLow, Warning::SupplyLow, Warning::SupplyEmpty];
        let condition = Condition {
            obstacle: None,
            warnings: warnings.into(),
        };
        until(async || attendant.condition().await == condition).await;
        // Longer than an obstacle would be suffered.
        sleep(2 * patience).await;
        real.go();
    };
    let (delivered, ()) = tokio::join!(put_out(&mut printer, &page), runs_out);
    assert_eq!(delivered, Ok(()));
}

/// States that `ippeveprinter` does not take are put into its answers.
#[tokio::test]
async fn what_keeps_a_printer_from_printing_is_told_before_and_under_way() {
    let real = RealPrinter::with_works().await;
    let proxy = Proxy::before(real.port).await;
    let mut printer = behind(&proxy);
    printer.waits.cancelled = WAITS.cancelled;
    let page = one_page();
    let cases: [(&'static [&'static str], OutputError); 8] = [
        (&["offline-report", "offline"], OutputError::Unavailable),
        (&["shutdown-error"], OutputError::Unavailable),
        (&["connecting-to-device"], OutputError::Unavailable),
        (&["marker-supply-empty-error"], OutputError::SupplyEmpty),
        (&["output-area-full"], OutputError::OutputFull),
        (&["media-needed-error"], OutputError::OutOfPaper),
        (&["paused"], OutputError::Failed),
        (
            &["media-empty", "door-open-warning", "media-jam-error"],
            OutputError::Jam,
        ),
    ];
    for (reasons, obstacle) in cases {
        let fault = Fault::Says("printer-state-reasons", reasons);
        proxy.set(Operation::GetPrinterAttributes, fault);
        assert_eq!(printer.ready(1).await, Err(obstacle), "{reasons:?}");
        let jobs = proxy.asked(Operation::CreateJob);
        assert_eq!(put_out(&mut printer, &page).await, Err(obstacle.into()));
        assert_eq!(proxy.asked(Operation::CreateJob), jobs, "{reasons:?}");
        proxy.mend();

        let cancels = proxy.asked(Operation::CancelJob);
        let under_way = async {
            begun_anew(&real).await;
            proxy.set(Operation::GetPrinterAttributes, fault);
            until(async || proxy.asked(Operation::CancelJob) > cancels).await;
            real.break_off();
        };
        let (delivered, ()) = tokio::join!(put_out(&mut printer, &page), under_way);
        assert_eq!(delivered, Err(obstacle.into()), "{reasons:?}");
        proxy.mend();
        assert_eq!(printer.settled().await, Ok(()), "{reasons:?}");
    }
    assert_eq!(real.sheets(), 0);
}

#[tokio::test]
async fn a_printer_without_pdf_a4_or_copies_is_not_ready() {
    let unsuitable = Err(OutputError::Unsuitable);
    for (formats, media, copies, one, two) in [
        ("application/pdf,image/urf", A4, "1-99", Ok(()), Ok(())),
        ("image/urf", A4, "1-99", unsuitable, unsuitable),
        (PDF, "na_letter_8.5x11in", "1-99", unsuitable, unsuitable),
        (PDF, A4, "1-1", Ok(()), unsuitable),
    ] {
        let attributes = format!(
            "ATTR mimeMediaType document-format-supported {formats}\n\
             ATTR keyword media-supported {media}\n\
             ATTR rangeOfInteger copies-supported {copies}\n"
        );
        let real = RealPrinter::described(PDF, false, &attributes).await;
        let mut printer = real.printer("ipp");
        assert_eq!(printer.ready(1).await, one, "{attributes}");
        assert_eq!(printer.ready(2).await, two, "{attributes}");
        if two.is_err() {
            let delivered = put_out(&mut printer, &one_page()).await;
            assert_eq!(delivered, Err(OutputError::Unsuitable.into()));
            assert!(real.printed().is_empty(), "{attributes}");
        }
    }
}

#[test]
fn reasons_are_told_apart() {
    assert_eq!(obstacle("none"), None);
    assert_eq!(obstacle("media-low"), None);
    assert_eq!(obstacle("media-empty-report"), None);
    assert_eq!(obstacle("media-empty-error"), Some(OutputError::OutOfPaper));
    assert_eq!(obstacle("media-needed"), Some(OutputError::OutOfPaper));
    assert_eq!(obstacle("media-jam-error"), Some(OutputError::Jam));
    assert_eq!(obstacle("media-jam-report"), Some(OutputError::Jam));
    assert_eq!(obstacle("cover-open-warning"), Some(OutputError::CoverOpen));
    let supply = Some(OutputError::SupplyEmpty);
    assert_eq!(obstacle("marker-supply-empty"), supply);
    assert_eq!(obstacle("marker-supply-empty-warning"), None);
    assert_eq!(warning("marker-supply-empty"), None);
    let pale = Some(Warning::SupplyEmpty);
    assert_eq!(warning("marker-supply-empty-warning"), pale);
    assert_eq!(warning("media-empty-report"), Some(Warning::PaperLow));
    assert_eq!(warning("none"), None);
    assert_eq!(obstacle("offline"), Some(OutputError::Unavailable));
}
