//! The page alone, for whoever looks at screens that hardly ever come about: real server, real page, no terminal behind them.
//!
//! The first line on standard output says where the page is. Then each line on standard input is shown, and answered by a
//! line `{"shown":VIEW}`: a [`View`] as in [`Told`], or `{"view":"time","seconds":15}`, or `{"view":"start-over"}`. Language, service and
//! terms go on by themselves, as at a kiosk; everything else waits for the next line.

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::num::NonZeroU8;
use std::sync::Arc;
use std::time::Duration;

use issuance_api::terminal::{Hours, Localized, Menu, MunicipalityOffer, Preview};
use issuance_api::{CertificateKind, MunicipalityCode, Problem, ProblemCode};
use serde::Deserialize;
use serde_json::json;
use terminal::cabinet::Yen;
use terminal::handover::Mismatch;
use terminal::output::Warning;
use terminal::ports::{Closed, Ended, FrontEnd, Says, View};
use terminal::web::attendant::AttendantKey;
use terminal::web::desk::Desk;
use terminal::web::front::Front;
use terminal::web::server::Server;

/// Opens the attendant's view.
const KEY: &str = "20261124";

/// A view, as it is told.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", tag = "view")]
enum Told {
    Menu {
        menu: Menu,
    },
    PlaceCard,
    Kind {
        kinds: Vec<CertificateKind>,
    },
    Pin {
        remaining: u8,
    },
    Reading,
    Checking,
    TakeCard,
    CardLeft,
    PaperLeft,
    Municipality {
        offers: Vec<MunicipalityOffer>,
        home: Option<MunicipalityCode>,
        fee: Option<u32>,
        #[serde(default)]
        back: bool,
    },
    LookingUp,
    Preview {
        preview: Arc<Preview>,
    },
    Fee {
        due: u32,
        inserted: u32,
    },
    Issuing,
    Delivering {
        out: u8,
        of: u8,
    },
    TryAgain,
    TakePaper,
    Reporting,
    Done {
        reported: bool,
        taken: bool,
        returned: bool,
        #[serde(default)]
        stuck: bool,
    },
    Problem {
        /// Whether it ended the application.
        #[serde(default)]
        over: bool,
        code: String,
        remaining: Option<u8>,
        character: Option<char>,
        printed: Option<NonZeroU8>,
    },
    OutOfService {
        code: String,
        hours: Option<Hours>,
        words: Option<Localized>,
    },
    Time {
        seconds: u64,
    },
    StartOver,
    Attendant {
        service: String,
        mismatch: Option<Mismatch>,
        reader: String,
        printer: String,
        warnings: BTreeSet<Warning>,
        center: String,
    },
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Runtime::new()?;
    let desk = Desk::new(AttendantKey::parse(KEY));
    let mut front = Front::new(desk);
    let server = runtime.block_on(Server::bind(front.shared()))?;
    say(&json!({"page": server.entrance().address().as_str(), "attendant": KEY}))?;
    runtime.spawn(server.serve());
    for line in io::stdin().lock().lines() {
        show(&mut front, serde_json::from_str(&line?)?)?;
        say(&json!({"shown": true}))?;
    }
    Ok(())
}

fn say(object: &serde_json::Value) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{object}")?;
    output.flush()
}

fn show(front: &mut Front, told: Told) -> Result<(), Box<dyn Error>> {
    match told {
        Told::Menu { menu } => front.show(&View::Menu(&menu)),
        Told::PlaceCard => front.show(&View::PlaceCard),
        Told::Kind { kinds } => front.show(&View::Kind(&kinds)),
        Told::Pin { remaining } => front.show(&View::Pin { remaining }),
        Told::Reading => front.show(&View::Reading),
        Told::Checking => front.show(&View::Checking),
        Told::TakeCard => front.show(&View::TakeCard),
        Told::CardLeft => front.show(&View::CardLeft),
        Told::PaperLeft => front.show(&View::PaperLeft),
        Told::Municipality {
            offers,
            home,
            fee,
            back,
        } => front.show(&View::Municipality {
            offers: &offers,
            home,
            fee: fee.map(Yen::new),
            back,
        }),
        Told::LookingUp => front.show(&View::LookingUp),
        Told::Preview { preview } => front.show(&View::Preview(&preview)),
        Told::Fee { due, inserted } => front.show(&View::Fee {
            due: Yen::new(due),
            inserted: Yen::new(inserted),
        }),
        Told::Issuing => front.show(&View::Issuing),
        Told::Delivering { out, of } => front.show(&View::Delivering { out, of }),
        Told::TryAgain => front.show(&View::TryAgain),
        Told::TakePaper => front.show(&View::TakePaper { reported: true }),
        Told::Reporting => front.show(&View::Reporting),
        Told::Done {
            reported,
            taken,
            returned,
            stuck,
        } => front.show(&View::Done(Ended {
            reported,
            taken,
            returned,
            stuck,
        })),
        Told::Problem {
            over,
            code,
            remaining,
            character,
            printed,
        } => {
            let problem = Problem {
                code: code.parse()?,
                remaining,
                character,
                printed,
            };
            front.show(&if over {
                View::Over(&problem)
            } else {
                View::Problem(&problem)
            });
        }
        Told::OutOfService { code, hours, words } => {
            let code: ProblemCode = code.parse()?;
            front.show(&View::OutOfService(&Closed {
                problem: code.into(),
                says: hours.map(Says::Hours).or(words.map(Says::Words)),
            }));
        }
        Told::Time { seconds } => front.time(Duration::from_secs(seconds)),
        Told::StartOver => front.start_over(),
        Told::Attendant {
            service,
            mismatch,
            reader,
            printer,
            warnings,
            center,
        } => {
            front.attend();
            front.report(|health| {
                health.version = env!("CARGO_PKG_VERSION");
                health.terminal = "urn:shomei:terminal:kiosk:chain-1:0001".to_owned();
                (health.service, health.mismatch) = (service, mismatch);
                health.reader = reader;
                (health.printer, health.center) = (printer, center);
                health.warnings = warnings;
            });
        }
    }
    Ok(())
}
