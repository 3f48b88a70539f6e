//! G2, the kiosk shows and prints only what belongs to this session and this card.
//!
//! The terminal's real core leads applications at a real center, and on the way back an answer is swapped or forged: preview, sealed
//! state, JWS, seal, page, all of it, or what the record system found before the center hashed and signed it. Forgeries are signed by
//! the center's real keys where that makes them better: nothing but the comparison with the card and the preview can tell. Some are signed with keys that
//! nobody knows: what is right otherwise ends the application alone, for a kiosk's file may lag, and what does not belong is no better for it. What was
//! on the screen and what reached the printer is judged by what the resident's records say.
//!
//! Control: the same answers at a terminal that takes what it gets.

mod forge;
mod lie;
mod swap;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use card::pin::Pin;
use issuance_api::terminal::{InquiryAnswer, Preview};
use issuance_api::{CertificateKind, ProblemCode};
use terminal::conduct::Terminal;
use terminal::latch::Latch;
use terminal::ports::{FrontEnd, Intent, View};

use super::{Report, Size};
use crate::again::again;
use crate::random::Random;
use crate::simulator::town::{Town, app, kiosk};
use crate::simulator::{LinkedCenter, Records, Resident};
use forge::Forge;
use lie::{At, Lie, Lies, Swap};
use swap::{LyingCenter, LyingRecords};

/// G2.
///
/// # Errors
/// If a world cannot be set up.
pub fn run(size: Size) -> io::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(trials(size.of(62, 10_000), size.of(8, 24)))
}

/// What became of swapped answers, by the kind of swap.
#[derive(Default)]
struct Tally {
    swapped: usize,
    shown: usize,
    printed: usize,
    /// The center was lied to, refused, and was asked again.
    asked_again: usize,
    /// Swaps and forgeries that nobody but the terminal sees, on pages that read.
    owed: usize,
    latched: usize,
    latched_as_owed: usize,
    refused_by_center: usize,
    unread: usize,
    /// Another's, or forged, under a key or a CSCA that is not known.
    under_unknown: usize,
    under_unknown_latched: usize,
    /// Nothing but the key or the CSCA is not as it should be.
    key_alone: usize,
    /// And refused for that alone, with the terminal in service.
    refused_alone: usize,
    in_service: usize,
    /// Previews with another's doses under the right name: nothing on the card tells, and the certificate does.
    doses_shown: usize,
    /// What a terminal that takes what it gets would have shown.
    would_show: usize,
    /// And printed: what verifies under the published keys.
    would_print: usize,
    of_kind: BTreeMap<&'static str, usize>,
    unnoticed: BTreeMap<&'static str, usize>,
}

async fn trials(count: usize, residents: usize) -> io::Result<Report> {
    let town = Town::prepare(residents)?;
    let lies = Lies::default();
    let key = town.works.statement_key()?;
    let between = |records: Records| LyingRecords::new(records, key, lies.clone());
    let open = town.open_with(between).await?;
    let center = open.terminal(app(1));
    let forge = Forge::new(&town)?;
    let center = LyingCenter::new(LinkedCenter::new(center), forge, lies.clone());
    let card = town.people.residents[0].card().into();
    let mut terminal = town.terminal(app(1), center, card)?;

    // What honest answers look like, from all residents, of both kinds: what is swapped in comes from here.
    let mut honest = 0;
    for resident in &town.people.residents {
        for kind in [CertificateKind::Domestic, CertificateKind::Abroad] {
            terminal.card = resident.card().into();
            let mut hand = Hand::of(resident, kind);
            let ended = terminal.serve(&mut hand).await;
            ended.map_err(|problem| io::Error::other(problem.code.as_str()))?;
            honest += terminal.output.pages;
            terminal.output.pages = 0;
            terminal.center.keep(resident, kind);
        }
    }

    let keys = verify::Jwks::parse(&town.keys).map_err(io::Error::other)?;
    let mut random = Random::new(7);
    let mut tally = Tally::default();
    let mut drawn = 0;
    while tally.swapped < count && drawn < 10 * count {
        drawn += 1;
        let swap = Swap::ALL[tally.swapped % Swap::ALL.len()];
        let resident = &town.people.residents[random.below(residents)];
        let kind = match swap.is_of_abroad() || random.once_in(4) {
            true => CertificateKind::Abroad,
            false => CertificateKind::Domestic,
        };
        lies.tell(Some(Lie {
            swap,
            seed: random.next(),
        }));
        terminal.card = resident.card().into();
        let mut hand = Hand::of(resident, kind);
        let ended = terminal.serve(&mut hand).await;
        let printed = std::mem::take(&mut terminal.output.pages);
        if !lies.was_told() {
            // Whom it would have been swapped with has the very same to offer: somebody else, then.
            lies.tell(None);
            continue;
        }
        tally.swapped += 1;
        // A center that is lied to about somebody's birth date finds that the passport is another's, and is asked again.
        let asked_again = swap == Swap::Finding
            && hand.problems == [ProblemCode::PassportNotYours]
            && ended.is_ok();
        tally.asked_again += usize::from(asked_again);
        let (previewed, issued) = terminal.center.last();
        let judged = issued.map(|it| verify::check(it.jws.expose(), &keys, i64::MAX));
        let key_alone = swap.is_of_the_key_alone();
        // The center knows its own states, and a page that is cut off may not read at all.
        let owed = !(asked_again || key_alone || matches!(swap, Swap::State | Swap::PageCut));
        tally.owed += usize::from(owed);
        tally.key_alone += usize::from(key_alone);
        tally.under_unknown += usize::from(swap.is_wrong_under_unknown_key());
        *tally.of_kind.entry(swap.name()).or_default() += 1;
        if swap == Swap::PreviewDoses {
            tally.doses_shown += hand.shown_of_others;
        } else {
            tally.shown += hand.shown_of_others;
        }
        tally.printed += if asked_again { 0 } else { printed };
        let mut trusting = Hand::of(resident, kind);
        if let Some(InquiryAnswer { preview, .. }) = previewed {
            trusting.show(&View::Preview(&Arc::new(again(preview))));
        }
        tally.would_show += trusting.shown_of_others;
        let would_print =
            swap.at() == At::Certificate && !key_alone && matches!(judged, Some(Ok(_)));
        tally.would_print += usize::from(would_print);
        match ended.map_err(|problem| problem.code) {
            Err(ProblemCode::ContentMismatch) => {
                tally.latched += 1;
                tally.latched_as_owed += usize::from(owed);
                tally.under_unknown_latched += usize::from(swap.is_wrong_under_unknown_key());
                // The next resident gets nothing either, and hears why.
                lies.tell(None);
                let mut next = Hand::of(resident, kind);
                let again = terminal.serve(&mut next).await.map_err(|it| it.code);
                let out = terminal.latch.in_service().is_err()
                    && again == Err(ProblemCode::ContentMismatch)
                    && next.problems.contains(&ProblemCode::ContentMismatch)
                    && terminal.output.pages == 0;
                tally.in_service += usize::from(!out);
                terminal.latch = Latch::new();
            }
            Err(ProblemCode::CertificateUnreadable) => tally.unread += 1,
            Err(ProblemCode::AnswerUntrusted) if key_alone => {
                tally.refused_alone += usize::from(terminal.latch.in_service().is_ok());
            }
            Err(_) => tally.refused_by_center += 1,
            Ok(_) if asked_again => {}
            Ok(_) => *tally.unnoticed.entry(swap.name()).or_default() += 1,
        }
        lies.tell(None);
    }
    // Without a reader for passports: nothing that it has tells it whose passport VRS holds.
    let center = LinkedCenter::new(open.terminal(kiosk(1)));
    let mut terminal = Terminal {
        urn: kiosk(1),
        center: terminal.center.at(center),
        reads_passports: false,
        ..terminal
    };
    let (mut shown_at_kiosk, mut printed_at_kiosk) = (0, 0);
    for resident in &town.people.residents {
        lies.tell(Some(Lie {
            swap: Swap::PassportThroughout,
            seed: random.next(),
        }));
        terminal.card = resident.card().into();
        let mut hand = Hand::of(resident, CertificateKind::Abroad);
        let _ = terminal.serve(&mut hand).await;
        shown_at_kiosk += hand.shown_of_others;
        printed_at_kiosk += std::mem::take(&mut terminal.output.pages);
        lies.tell(None);
    }
    let mut report = Report::default();
    report.told("honest applications before", honest);
    report.figure("swapped or forged answers", tally.swapped, count);
    report.told(
        "after which the terminal took itself out of service",
        tally.latched,
    );
    report.figure(
        "of those that only it can see",
        tally.latched_as_owed,
        tally.owed,
    );
    report.told(
        "of these, under a key or a CSCA that is not known",
        format!("{} of {}", tally.under_unknown_latched, tally.under_unknown),
    );
    report.told(
        "stopped by the center, which was asked with another's state",
        tally.refused_by_center,
    );
    report.told(
        "refused by the center, since another's passport would be named, and answered honestly when asked again",
        tally.asked_again,
    );
    report.told(
        "pages on which nothing reads, which end the application alone",
        tally.unread,
    );
    report.figure(
        "right but for a key or a CSCA that is not known, which end the application alone",
        tally.refused_alone,
        tally.key_alone,
    );
    report.figure("others' content shown", tally.shown, 0);
    report.figure("printed", tally.printed, 0);
    report.figure("still in service afterwards", tally.in_service, 0);
    let unnoticed: Vec<_> = tally.unnoticed.keys().copied().collect();
    report.figure(
        "ended as if nothing had happened",
        unnoticed.join(", "),
        String::new(),
    );
    report.told("previews of the right person with another's doses, shown before the certificate gave them away", tally.doses_shown);
    report.told(
        "residual: at a kiosk, which reads no passport, another's that preview and certificate both name: previews, pages",
        format!("{shown_at_kiosk}, {printed_at_kiosk}"),
    );
    let kinds = tally.of_kind.len();
    report.figure("kinds of swaps and forgeries", kinds, Swap::ALL.len());
    report.finds(
        "others' content shown by a terminal that takes what it gets",
        tally.would_show,
    );
    report.finds("printed by it", tally.would_print);
    Ok(report)
}

/// A resident who knows what to do, and remembers what was on the screen.
pub(super) struct Hand<'a> {
    resident: &'a Resident,
    kind: CertificateKind,
    next: Option<Intent>,
    shown_of_others: usize,
    problems: Vec<ProblemCode>,
}

impl<'a> Hand<'a> {
    pub(super) const fn of(resident: &'a Resident, kind: CertificateKind) -> Self {
        Self {
            resident,
            kind,
            next: None,
            shown_of_others: 0,
            problems: Vec::new(),
        }
    }

    fn is_own(&self, preview: &Preview) -> bool {
        self.resident.is_previewed_by(preview) && preview.kind == self.kind && preview.copies == 1
    }
}

impl FrontEnd for Hand<'_> {
    fn show(&mut self, view: &View<'_>) {
        self.next = match view {
            View::Menu(_) => "covid-19".parse().ok().map(Intent::Apply),
            View::Kind(_) => Some(Intent::Kind(self.kind)),
            View::Pin { .. } => Pin::try_from("1234").ok().map(Intent::Pin),
            View::Passport => Some(Intent::Passport(self.resident.passport().mrz())),
            View::Municipality { .. } => Some(Intent::Municipality {
                code: self.resident.municipality,
                copies: 1,
            }),
            View::Preview(preview) => {
                self.shown_of_others += usize::from(!self.is_own(preview));
                Some(Intent::Go)
            }
            View::TryAgain => Some(Intent::Cancel),
            View::Problem(problem) | View::Over(problem) => {
                self.problems.push(problem.code);
                Some(Intent::Cancel)
            }
            View::OutOfService(closed) => {
                self.problems.push(closed.problem.code);
                Some(Intent::Cancel)
            }
            _ => None,
        };
    }

    async fn intent(&mut self) -> Intent {
        match self.next.take() {
            Some(intent) => intent,
            None => std::future::pending().await,
        }
    }
}
