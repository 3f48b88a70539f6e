//! G2, the kiosk shows and prints only what belongs to this session and this card.
//!
//! The terminal's real core leads applications at a real center, and on the way back an answer is swapped or forged: preview, sealed
//! state, JWS, seal, page, all of it, or what the record system found before the center hashed and signed it. Forgeries are signed by
//! the center's real keys where that makes them better: nothing but the comparison with the card and the preview can tell. Some are signed with keys that
//! nobody knows: what is right otherwise ends the application alone, for a kiosk's file may lag, and what does not belong is no better for it. What was
//! on the screen and what reached the printer is judged by what the resident's records say.
//!
//! Control: the same answers at a terminal that takes what it gets. And what the terminal cannot tell has to be so still: doses in a preview, until the
//! certificate gives them away; and in preview and certificate alike another vaccine's code under the right product, which neither the screen nor the page has,
//! and at a kiosk, which reads no passport, another's doses or passport.

mod forge;
mod hand;
mod lie;
mod swap;
mod tally;

use std::io;
use std::sync::Arc;

use issuance_api::terminal::InquiryAnswer;
use issuance_api::{CertificateKind, ProblemCode};
use terminal::conduct::Terminal;
use terminal::latch::Latch;
use terminal::ports::{Center, FrontEnd, View};

use super::{Report, Size};
use crate::again::again;
use crate::random::Random;
use crate::simulator::town::{Town, app, kiosk};
use crate::simulator::{CardInHand, CountedPaper, LinkedCenter, Records};
use forge::Forge;
pub(super) use hand::Hand;
use lie::{At, Lie, Lies, Swap};
use swap::{LyingCenter, LyingRecords};
use tally::{Residual, Tally, Told};

/// G2.
///
/// # Errors
/// If a world cannot be set up.
pub fn run(size: Size) -> io::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(trials(size.of(64, 10_000), size.of(8, 24)))
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
            honest += std::mem::take(&mut terminal.output).pages;
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
        let lie = Lie {
            swap,
            seed: random.next(),
        };
        let mut hand = Hand::of(resident, kind);
        let (ended, paper) = lied_to(&mut terminal, &lies, lie, &mut hand).await;
        if !lies.was_told() {
            // Whom it would have been swapped with has the very same to offer: somebody else, then.
            lies.tell(None);
            continue;
        }
        // A center that is lied to about somebody's birth date finds that the passport is another's, and is asked again.
        let asked_again = swap == Swap::Finding
            && hand.problems == [ProblemCode::PassportNotYours]
            && ended.is_ok();
        // Only what came out of that, and is theirs, may be printed.
        let read = |jws: &str| verify::check(jws, &keys, i64::MAX);
        let came_out = paper.jws.as_deref().and_then(|jws| read(jws).ok());
        let own = asked_again && came_out.is_some_and(|card| resident.is_certified_by(&card));
        let (previewed, issued) = terminal.center.last();
        let judged = issued.map(|it| read(it.jws.expose()));
        let would_print = swap.at() == At::Certificate
            && !swap.is_of_the_key_alone()
            && matches!(judged, Some(Ok(_)));
        let mut trusting = Hand::of(resident, kind);
        if let Some(InquiryAnswer { preview, .. }) = previewed {
            trusting.show(&View::Preview(&Arc::new(again(preview))));
        }
        lies.tell(None);
        let in_service = if ended == Err(ProblemCode::ContentMismatch) {
            // The next resident gets nothing either, and hears why.
            let mut next = Hand::of(resident, kind);
            let again = terminal.serve(&mut next).await.map_err(|it| it.code);
            let out = terminal.latch.in_service().is_err()
                && again == Err(ProblemCode::ContentMismatch)
                && next.problems.contains(&ProblemCode::ContentMismatch)
                && terminal.output.pages == 0;
            terminal.latch = Latch::new();
            !out
        } else {
            terminal.latch.in_service().is_ok()
        };
        tally.count(&Told {
            swap,
            ended,
            asked_again,
            shown: hand.shown_of_others,
            printed: paper.pages - usize::from(own),
            would_show: trusting.shown_of_others,
            would_print,
            in_service,
        });
    }
    let mut report = Report::default();
    report.told("honest applications before", honest);
    tally.report(count, &mut report);

    // Without a reader for passports: nothing that it has tells it whose passport VRS holds.
    let center = LinkedCenter::new(open.terminal(kiosk(1)));
    let mut terminal = Terminal {
        urn: kiosk(1),
        center: terminal.center.at(center),
        reads_passports: false,
        ..terminal
    };
    for swap in Swap::THROUGHOUT {
        let mut residual = Residual::of(swap);
        for (number, resident) in town.people.residents.iter().enumerate() {
            let kind = match swap.is_of_abroad() || number % 2 == 1 {
                true => CertificateKind::Abroad,
                false => CertificateKind::Domestic,
            };
            let lie = Lie {
                swap,
                seed: random.next(),
            };
            let mut hand = Hand::of(resident, kind);
            let (_, paper) = lied_to(&mut terminal, &lies, lie, &mut hand).await;
            if lies.was_told() {
                residual.count(hand.shown_of_others, paper.pages);
            }
            lies.tell(None);
            terminal.latch = Latch::new();
        }
        residual.report(&mut report);
    }
    Ok(report)
}

/// One application in which this is to be told: how it ended, and what came out.
async fn lied_to<C: Center>(
    terminal: &mut Terminal<C, CardInHand, CountedPaper>,
    lies: &Lies,
    lie: Lie,
    hand: &mut Hand<'_>,
) -> (Result<(), ProblemCode>, CountedPaper) {
    lies.tell(Some(lie));
    terminal.card = hand.resident.card().into();
    let ended = terminal.serve(hand).await;
    let ended = ended.map(drop).map_err(|problem| problem.code);
    (ended, std::mem::take(&mut terminal.output))
}
