//! Against the cabinet that `hw-sim` plays, over a real socket; and against drivers that do not keep to the protocol.

use std::path::Path;
use std::sync::Mutex;

use hw_sim::cabinet::{Fault, Look, Place, Reply, Request, Server};
use proptest::prelude::*;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixListener;
use tokio::time::{Instant, sleep, timeout};

use super::*;

/// A cabinet, and the kiosk's side of it.
struct Kiosk {
    driver: Server,
    cabinet: Cabinet,
    folder: TempDir,
}

const LONG: Duration = Duration::from_secs(10);

fn config(socket: &Path) -> CabinetConfig {
    let sensor = || {
        Some(SensorConfig::Socket {
            path: socket.to_owned(),
        })
    };
    CabinetConfig {
        slot: sensor(),
        tray: sensor(),
        payment: Some(PaymentConfig::Socket {
            path: socket.to_owned(),
        }),
    }
}

impl Kiosk {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("cabinet.sock");
        std::fs::create_dir(folder.path().join("paper")).unwrap();
        let driver = Server::bind(&socket, Some(folder.path().join("paper"))).unwrap();
        driver.start().unwrap();
        Self {
            driver,
            cabinet: Cabinet::new(config(&socket), None).unwrap(),
            folder,
        }
    }

    fn coin(&self, yen: u32) {
        let taken = Reply::Coin { taken: true };
        assert_eq!(self.driver.handle(&Request::Coin { yen }), taken, "{yen}");
    }

    fn does(&self, request: Request) {
        assert_eq!(self.driver.handle(&request), Reply::Done);
    }

    fn look(&self) -> Look {
        look(&self.driver)
    }

    /// Yen kept, returned, held and owed.
    fn money(&self) -> [u64; 4] {
        let money = self.look().money;
        [money.kept, money.returned, money.held, money.owed]
    }
}

fn look(driver: &Server) -> Look {
    match driver.handle(&Request::Look) {
        Reply::Look(look) => look,
        other => panic!("{other:?}"),
    }
}

/// Collects a fee while somebody puts coins in; what the screen was told, and how it ended. Coins fall through as long as
/// the unit does not collect.
async fn pay(
    payment: &mut Payment,
    driver: &Server,
    due: u32,
    coins: &[u32],
) -> (Vec<u32>, Option<Result<(), PaymentError>>) {
    let told = Mutex::new(Vec::new());
    let mut inserted = |yen: Yen| told.lock().unwrap().push(yen.get());
    let ended = {
        let collected = payment.collect(Yen::new(due), &mut inserted);
        let resident = async {
            for (number, &yen) in coins.iter().enumerate() {
                let deadline = Instant::now() + LONG;
                while driver.handle(&Request::Coin { yen }) == (Reply::Coin { taken: false }) {
                    assert!(Instant::now() < deadline, "the unit takes nothing");
                    sleep(Duration::from_millis(2)).await;
                }
                // Until the screen has it: cancelling is to come after. Where it is told otherwise, collecting ends first.
                while told.lock().unwrap().len() <= number {
                    sleep(Duration::from_millis(2)).await;
                }
            }
        };
        tokio::pin!(collected);
        tokio::select! {
            biased;
            ended = &mut collected => Some(ended),
            () = resident => {
                let enough = coins.iter().sum::<u32>() >= due;
                let within = if enough { LONG } else { Duration::from_millis(20) };
                timeout(within, &mut collected).await.ok()
            }
        }
    };
    (told.into_inner().unwrap(), ended)
}

async fn until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < deadline, "it never came to be");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_fee_is_collected_with_change_and_kept_when_it_is_settled() {
    let mut kiosk = Kiosk::start();
    let payment = &mut kiosk.cabinet.payment;
    assert!(payment.is_fitted());
    assert_eq!(payment.ready().await, Ok(()));
    let (told, ended) = pay(payment, &kiosk.driver, 120, &[100, 50]).await;
    assert_eq!((told, ended), (vec![100, 150], Some(Ok(()))));
    let through = kiosk.look().money.returned - 30;
    assert_eq!(kiosk.cabinet.payment.ready().await, Ok(()));
    assert_eq!(kiosk.money(), [0, through + 30, 120, 0]);
    assert_eq!(kiosk.cabinet.payment.settle().await, Ok(()));
    assert_eq!(kiosk.money(), [120, through + 30, 0, 0]);
    // At the end of every application.
    assert_eq!(kiosk.cabinet.payment.give_back().await, Ok(()));
    assert_eq!(kiosk.money(), [120, through + 30, 0, 0]);
}

#[tokio::test]
async fn a_cancelled_payment_is_given_back_to_the_yen() {
    let mut kiosk = Kiosk::start();
    for coins in [&[][..], &[50], &[50, 10]] {
        let payment = &mut kiosk.cabinet.payment;
        let (told, ended) = pay(payment, &kiosk.driver, 120, coins).await;
        assert_eq!((told.len(), ended), (coins.len(), None));
        assert_eq!(payment.give_back().await, Ok(()));
        let money = kiosk.look().money;
        assert_eq!((money.held, money.returned), (0, money.inserted));
    }
    // Nobody awaited the return: the next payment begins with it.
    let payment = &mut kiosk.cabinet.payment;
    let (_, ended) = pay(payment, &kiosk.driver, 120, &[100]).await;
    assert_eq!(ended, None);
    assert_eq!(payment.ready().await, Ok(()));
    assert_eq!(kiosk.money()[2], 0);
    let payment = &mut kiosk.cabinet.payment;
    let (told, ended) = pay(payment, &kiosk.driver, 120, &[100, 10, 10]).await;
    assert_eq!((told, ended), (vec![100, 110, 120], Some(Ok(()))));
    assert_eq!(kiosk.money()[2], 120);
}

#[tokio::test]
async fn what_was_collected_comes_out_again_for_copies_that_did_not() {
    let mut kiosk = Kiosk::start();
    let payment = &mut kiosk.cabinet.payment;
    assert_eq!(payment.refund(Yen::new(1)).await, Err(PaymentError::Failed));
    let (_, ended) = pay(payment, &kiosk.driver, 360, &[500]).await;
    assert_eq!(ended, Some(Ok(())));
    let before = look(&kiosk.driver).money.returned;
    assert_eq!(
        payment.refund(Yen::new(361)).await,
        Err(PaymentError::Failed)
    );
    assert_eq!(payment.refund(Yen::new(240)).await, Ok(()));
    assert_eq!(look(&kiosk.driver).money.returned, before + 240);
    assert_eq!(payment.settle().await, Ok(()));
    assert_eq!(look(&kiosk.driver).money.kept, 120);
    let (_, ended) = pay(payment, &kiosk.driver, 120, &[100, 10, 10]).await;
    assert_eq!(ended, Some(Ok(())));
    assert_eq!(payment.give_back().await, Ok(()));
    assert_eq!(kiosk.look().money.kept, 120);
    assert_eq!(kiosk.look().money.held, 0);
}

#[tokio::test]
async fn a_kiosk_that_crashes_keeps_nobody_s_money() {
    for coins in [&[50][..], &[100, 50]] {
        let mut kiosk = Kiosk::start();
        let _ = pay(&mut kiosk.cabinet.payment, &kiosk.driver, 120, coins).await;
        assert!(kiosk.look().money.held > 0);
        kiosk.cabinet.payment = Payment::None(NoPayment);
        until(|| look(&kiosk.driver).money.held == 0).await;
        let money = kiosk.look().money;
        assert_eq!((money.kept, money.returned), (0, money.inserted));
    }
}

#[tokio::test]
async fn a_unit_that_fails_is_told_as_what_it_is() {
    for (fault, error, owed) in [
        (Fault::NoChange, PaymentError::NoChange, 0),
        (Fault::Jam, PaymentError::NotReturned, 500),
        (Fault::PayoutJam, PaymentError::NotReturned, 500),
        (Fault::Drop, PaymentError::Unavailable, 0),
    ] {
        let mut kiosk = Kiosk::start();
        kiosk.does(Request::Fault { fault });
        let payment = &mut kiosk.cabinet.payment;
        let (_, ended) = pay(payment, &kiosk.driver, 120, &[500]).await;
        assert_eq!(ended, Some(Err(error)), "{fault:?}");
        assert_eq!(payment.give_back().await, Ok(()), "{fault:?}");
        let ready = payment.ready().await;
        assert_eq!(ready.is_err(), owed > 0, "{fault:?}");
        assert_eq!(kiosk.money()[2..], [0, owed], "{fault:?}");
        assert_eq!(kiosk.money()[0], 0, "{fault:?}");
        kiosk.does(Request::Mend);
        assert_eq!(kiosk.cabinet.payment.ready().await, Ok(()), "{fault:?}");
        let money = kiosk.look().money;
        assert_eq!(money.returned, money.inserted, "{fault:?}");
    }
}

#[tokio::test]
async fn money_that_is_stuck_as_it_is_given_back_is_told() {
    let mut kiosk = Kiosk::start();
    let payment = &mut kiosk.cabinet.payment;
    let (_, ended) = pay(payment, &kiosk.driver, 120, &[100]).await;
    assert_eq!(ended, None);
    let fault = Fault::PayoutJam;
    kiosk.does(Request::Fault { fault });
    let payment = &mut kiosk.cabinet.payment;
    assert_eq!(payment.give_back().await, Err(PaymentError::NotReturned));
    assert_eq!(payment.give_back().await, Ok(()), "told once");
    assert_eq!(payment.ready().await, Err(PaymentError::Unavailable));
    assert_eq!(kiosk.money()[2..], [0, 100]);
}

#[tokio::test]
async fn a_connection_that_drops_under_way_is_told_as_not_known() {
    let mut kiosk = Kiosk::start();
    let payment = &mut kiosk.cabinet.payment;
    let (_, ended) = pay(payment, &kiosk.driver, 120, &[50]).await;
    assert_eq!(ended, None);
    kiosk.does(Request::Fault { fault: Fault::Drop });
    kiosk.coin(10);
    let payment = &mut kiosk.cabinet.payment;
    assert_eq!(payment.give_back().await, Err(PaymentError::NotReturned));
    let money = kiosk.look().money;
    assert_eq!((money.held, money.returned), (0, money.inserted));
    // It is there again by itself.
    assert_eq!(kiosk.cabinet.payment.ready().await, Ok(()));
}

#[tokio::test]
async fn a_unit_has_one_payer() {
    let mut kiosk = Kiosk::start();
    assert_eq!(kiosk.cabinet.payment.ready().await, Ok(()));
    let mut other = Cabinet::new(config(&kiosk.folder.path().join("cabinet.sock")), None).unwrap();
    let busy = Err(PaymentError::Unavailable);
    assert_eq!(other.payment.ready().await, busy);
    let (ready, ()) = tokio::join!(other.payment.ready(), async {
        sleep(Duration::from_millis(50)).await;
        kiosk.cabinet.payment = Payment::None(NoPayment);
    });
    assert_eq!(ready, Ok(()), "as soon as the first has gone");
}

/// What happens at one step of a payment that is played through.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Pay(&'static [u32]),
    GiveBack,
    Refund(u32),
    Settle,
    Crash,
    Break(Fault),
    Mend,
}

fn turn() -> impl Strategy<Value = Turn> {
    const PURSES: &[&[u32]] = &[&[], &[50], &[100, 10, 10], &[500], &[1000], &[10, 50]];
    const FAULTS: &[Fault] = &[
        Fault::Jam,
        Fault::PayoutJam,
        Fault::RefuseCoin,
        Fault::NoChange,
        Fault::Drop,
    ];
    prop_oneof![
        5 => prop::sample::select(PURSES).prop_map(Turn::Pay),
        2 => Just(Turn::GiveBack),
        2 => prop::sample::select(&[0, 60, 120, 500][..]).prop_map(Turn::Refund),
        2 => Just(Turn::Settle),
        1 => Just(Turn::Crash),
        3 => prop::sample::select(FAULTS).prop_map(Turn::Break),
        2 => Just(Turn::Mend),
    ]
}

/// Plays it; what was settled, as the kiosk has it.
async fn play(turns: &[Turn]) -> (u64, Kiosk) {
    const DUE: u32 = 120;
    let mut kiosk = Kiosk::start();
    let socket = kiosk.folder.path().join("cabinet.sock");
    let (mut held, mut kept) = (0, 0);
    for turn in turns {
        let payment = &mut kiosk.cabinet.payment;
        match *turn {
            Turn::Pay(coins) => {
                let inserted = &mut |_: Yen| {};
                let ended = {
                    let collected = payment.collect(Yen::new(DUE), inserted);
                    let coins = async {
                        for &yen in coins {
                            sleep(Duration::from_millis(3)).await;
                            kiosk.driver.handle(&Request::Coin { yen });
                        }
                        sleep(Duration::from_millis(3)).await;
                    };
                    tokio::select! {
                        ended = collected => Some(ended),
                        () = coins => None,
                    }
                };
                held = if ended == Some(Ok(())) { DUE } else { 0 };
            }
            Turn::GiveBack => {
                let _ = payment.give_back().await;
                held = 0;
            }
            Turn::Refund(yen) => match payment.refund(Yen::new(yen)).await {
                Ok(()) => held = held.saturating_sub(yen),
                Err(PaymentError::Failed) => {}
                Err(_) => held = 0,
            },
            Turn::Settle => {
                if payment.settle().await.is_ok() {
                    kept += u64::from(held);
                }
                held = 0;
            }
            Turn::Crash => {
                kiosk.cabinet = Cabinet::new(config(&socket), None).unwrap();
                held = 0;
            }
            Turn::Break(fault) => kiosk.does(Request::Fault { fault }),
            Turn::Mend => kiosk.does(Request::Mend),
        }
        let money = kiosk.look().money;
        let there = money.kept + money.returned + money.held + money.owed;
        assert_eq!(money.inserted, there, "{turn:?} of {turns:?}");
    }
    kiosk.cabinet.payment = Payment::None(NoPayment);
    until(|| look(&kiosk.driver).money.held == 0).await;
    kiosk.does(Request::Mend);
    (kept, kiosk)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Over every fault, cancel and crash: the operator has what was settled and nothing else, the residents have the rest.
    #[test]
    fn every_yen_is_the_operator_s_or_the_resident_s(turns in prop::collection::vec(turn(), 1..14)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (kept, kiosk) = runtime.block_on(play(&turns));
        let money = kiosk.look().money;
        prop_assert_eq!(money.inserted, money.kept + money.returned);
        prop_assert_eq!(money.kept, kept);
    }
}

#[tokio::test]
async fn the_sensors_say_what_lies_there() {
    let mut kiosk = Kiosk::start();
    for place in [Place::Slot, Place::Tray] {
        let sensor = match place {
            Place::Slot => &mut kiosk.cabinet.slot,
            Place::Tray => &mut kiosk.cabinet.tray,
        };
        assert!(sensor.is_fitted());
        assert_eq!(sensor.occupied().await, Ok(false));
        assert_eq!(sensor.cleared(Duration::ZERO).await, Ok(()));
        let short = Duration::from_millis(30);
        assert_eq!(sensor.filled(short).await, Err(SensorError::TimedOut));
        let driver = &kiosk.driver;
        let (filled, ()) = tokio::join!(sensor.filled(LONG), async {
            sleep(short).await;
            driver.handle(&Request::Put { place });
        });
        assert_eq!(filled, Ok(()));
        assert_eq!(sensor.occupied().await, Ok(true));
        assert_eq!(sensor.cleared(short).await, Err(SensorError::TimedOut));
        // A wait that was given up answers nothing that is asked later.
        assert!(timeout(short, sensor.cleared(LONG)).await.is_err());
        let (cleared, ()) = tokio::join!(sensor.cleared(LONG), async {
            sleep(short).await;
            driver.handle(&Request::Take { place });
        });
        assert_eq!(cleared, Ok(()));
        assert_eq!(sensor.occupied().await, Ok(false));
    }
}

#[tokio::test]
async fn paper_lies_in_the_tray_until_it_is_taken() {
    let mut kiosk = Kiosk::start();
    let paper = kiosk.folder.path().join("paper/1-certificate.pdf");
    let (filled, ()) = tokio::join!(kiosk.cabinet.tray.filled(LONG), async {
        sleep(Duration::from_millis(30)).await;
        std::fs::write(paper, "a sheet").unwrap();
    });
    assert_eq!(filled, Ok(()));
    assert_eq!(kiosk.cabinet.slot.occupied().await, Ok(false));
    kiosk.does(Request::Take { place: Place::Tray });
    assert_eq!(kiosk.cabinet.tray.cleared(Duration::ZERO).await, Ok(()));
}

#[tokio::test]
async fn a_sensor_that_cannot_tell_says_so_and_comes_back() {
    let mut kiosk = Kiosk::start();
    let socket = kiosk.folder.path().join("cabinet.sock");
    let failed = Err(SensorError::Failed);
    kiosk.does(Request::Fault {
        fault: Fault::TrayFails,
    });
    assert_eq!(
        kiosk.cabinet.tray.occupied().await,
        Err(SensorError::Failed)
    );
    assert_eq!(kiosk.cabinet.tray.cleared(LONG).await, failed);
    assert_eq!(kiosk.cabinet.slot.occupied().await, Ok(false));
    kiosk.does(Request::Mend);
    assert_eq!(kiosk.cabinet.tray.cleared(LONG).await, Ok(()));
    // Stuck, it lies, and nothing tells it from a card that is there.
    kiosk.does(Request::Put { place: Place::Slot });
    kiosk.does(Request::Fault {
        fault: Fault::SlotStuck,
    });
    kiosk.does(Request::Take { place: Place::Slot });
    assert_eq!(kiosk.cabinet.slot.occupied().await, Ok(true));

    drop(kiosk.driver);
    let mut tray = kiosk.cabinet.tray;
    // Threads of the old driver may still answer; a new connection finds nobody.
    let mut anew = Cabinet::new(config(&socket), None).unwrap();
    assert_eq!(anew.tray.occupied().await, Err(SensorError::Failed));
    let driver = Server::bind(&socket, None).unwrap();
    driver.start().unwrap();
    assert_eq!(tray.occupied().await, Ok(false));
    assert_eq!(anew.tray.occupied().await, Ok(false));
}

/// A driver that says these lines, whatever it is asked, and hangs up.
async fn driver_saying(lines: &'static str) -> (TempDir, Cabinet) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("cabinet.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            for line in lines.split_inclusive('\n') {
                let mut asked = String::new();
                let _ = stream.read_line(&mut asked).await;
                let _ = stream.write_all(line.as_bytes()).await;
            }
        }
    });
    (folder, Cabinet::new(config(&socket), None).unwrap())
}

#[tokio::test]
async fn a_driver_that_does_not_keep_to_the_protocol_is_not_believed() {
    const HELLO: &str = "{\"reply\":\"hello\",\"version\":1}\n";
    assert!(HELLO.ends_with('\n'));
    for lines in [
        "",
        "\n",
        "{\"reply\":\"hello\",\"version\":2}\n",
        "{\"reply\":\"refused\",\"because\":\"version\"}\n",
        "{\"reply\":\"hello\",\"version\":1}\n",
        "{\"reply\":\"hello\",\"version\":1}\n{\"reply\":\"state\",\"state\":\"maybe\"}\n",
        "{\"reply\":\"hello\",\"version\":1}\n{\"reply\":\"ready\"",
        "{\"reply\":\"hello\",\"version\":1}\n{\"reply\":\"returned\",\"yen\":0}\n",
    ] {
        let (_folder, mut cabinet) = driver_saying(lines).await;
        let failed = Err(SensorError::Failed);
        assert_eq!(cabinet.tray.occupied().await, failed, "{lines}");
        let unavailable = Err(PaymentError::Unavailable);
        assert_eq!(cabinet.payment.ready().await, unavailable, "{lines}");
    }
    let long: &'static str = Box::leak(format!("{{\"reply\":\"{}\n", "x".repeat(2000)).into());
    let (_folder, mut cabinet) = driver_saying(long).await;
    assert_eq!(cabinet.tray.occupied().await, Err(SensorError::Failed));
}

#[tokio::test]
async fn a_driver_that_collects_something_else_has_not_collected() {
    let lines = "{\"reply\":\"hello\",\"version\":1}\n{\"reply\":\"ready\"}\n\
        {\"reply\":\"collected\",\"yen\":20,\"change\":0}\n";
    let (_folder, mut cabinet) = driver_saying(lines).await;
    let inserted = &mut |_: Yen| {};
    let collected = cabinet.payment.collect(Yen::new(120), inserted).await;
    assert_eq!(collected, Err(PaymentError::Unavailable));
}

#[tokio::test]
async fn where_there_is_nothing_nothing_is_known() {
    let mut cabinet = Cabinet::new(CabinetConfig::default(), None).unwrap();
    assert!(!cabinet.payment.is_fitted());
    assert_eq!(
        cabinet.payment.ready().await,
        Err(PaymentError::Unavailable)
    );
    assert_eq!(cabinet.payment.give_back().await, Ok(()));
    assert!(!cabinet.tray.is_fitted());
    assert_eq!(cabinet.tray.occupied().await, Ok(false));
    assert_eq!(cabinet.slot.cleared(Duration::ZERO).await, Ok(()));
    assert_eq!(cabinet.tray.filled(Duration::ZERO).await, Ok(()));
}

#[tokio::test]
async fn a_line_that_cannot_be_had_is_told_at_the_start() {
    let line = toml::from_str("chip = \"/dev/gpiochip-of-nobody\"\nline = 4").unwrap();
    let config = CabinetConfig {
        tray: Some(SensorConfig::Gpio(line)),
        ..CabinetConfig::default()
    };
    assert!(matches!(
        Cabinet::new(config, None),
        Err(GpioError::Line { line: 4, .. })
    ));
}
