//! Whole applications with something that goes wrong at each of the card's commands: the card in this process, the real center and the
//! real record system behind.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::{SystemTime, UNIX_EPOCH};

use card::expiry::Day;
use card::pin::Pin;
use card::session::{Attempt, Connected, Proof, SessionError};
use card::text_ap;
use card::transport::{Lengths, Transport, TransportError};
use hw_sim::ap::Ap;
use hw_sim::fault::{Fault, Faulty, Position};
use issuance_api::ProblemCode;
use issuance_api::terminal::IssueAnswer;
use issuance_channel::client::CallError;
use stage::applicant::Applicant;
use stage::persona::Persona;
use stage::world::World;
use verify::Jwks;
use zeroize::Zeroizing;

use crate::support::{HOME, block_on, world};

/// Of each kind that may make the card say something else; what takes time alone, or is quiet, is tried elsewhere.
const FAULTS: [&str; 11] = [
    "lifted",
    "reset",
    "mute",
    "wrong-sw=9000",
    "wrong-sw=6F00",
    "truncated",
    "overlong",
    "garbage",
    "bit-flip",
    "duplicate-answer",
    "swapped=gaiji",
];

/// How an application ended.
enum Outcome {
    Issued(IssueAnswer),
    /// By the center.
    Refused(ProblemCode),
    /// By the card's session, for whose errors the kiosk has codes of its own. The center never hears of it.
    Failed,
}

impl From<SessionError> for Outcome {
    fn from(_: SessionError) -> Self {
        Self::Failed
    }
}

impl From<CallError> for Outcome {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Problem(problem) => Self::Refused(problem.code),
            other => panic!("no problem document: {other}"),
        }
    }
}

/// Counts what is presented, whatever the card makes of it.
struct Counting<T> {
    inner: T,
    pins: u32,
    commands: u32,
}

impl<T: Transport> Transport for &mut Counting<T> {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError> {
        self.commands += 1;
        if matches!(command, [0x00, 0x20, 0x00, 0x91, 4, ..]) {
            self.pins += 1;
        }
        self.inner.transmit(command)
    }
}

/// An application as a kiosk leads it: expiry date, tries, PIN, files, both answers; ticket, preview, certificate.
async fn apply(world: &World, card: impl Transport) -> Result<IssueAnswer, Outcome> {
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    let asked = Connected::new(card, Lengths::default())
        .unexpired(Day::in_japan(SystemTime::now()))?
        .select()?
        .ask_tries()?;
    let Attempt::Verified(unlocked) = asked.verify(Pin::try_from("1234").unwrap())? else {
        return Err(Outcome::Failed);
    };
    let read = unlocked.read()?;
    let mut challenged = applicant.challenge().await?;
    let urn = applicant.urn();
    let exporter = challenged.connection.exporter().clone();
    let challenge = challenged.challenge.clone();
    let context = applicant.context(&urn, &challenge, &exporter);
    let evidence = read.answer(&context)?.bind().map(Proof::into_evidence)?;
    let ticket = applicant.send(&mut challenged, &evidence).await?.ticket;
    // Both personas live there.
    let home = HOME.parse().unwrap();
    let previewed = applicant.inquire(&ticket, home).await?;
    Ok(applicant.issue(&previewed.state).await?)
}

/// The fewest tries that either card has left.
fn tries_left(world: &World, number: usize) -> u8 {
    let left = ["ordinary", "gaiji"].map(|persona| {
        let folder = world.ground.path("owners").join(number.to_string());
        let card = hw_sim::memory::Memory::load(&folder.join(persona)).unwrap();
        card.tries_left(Ap::Text, text_ap::PIN)
    });
    left.into_iter().min().unwrap()
}

/// One application with these faults: how it ended, whose card lay there at the end, PINs presented, and commands.
fn run(world: &World, number: usize, fault: Option<&Fault>) -> (Outcome, String, u32, u32) {
    let card_of = |persona| world.ground.card_of(&number.to_string(), persona).unwrap();
    let mut card = Faulty::of("ordinary".parse().unwrap(), card_of("ordinary"));
    let other = card_of("gaiji");
    if let Some(fault) = fault {
        card.add(fault.clone(), |_| Some(other)).unwrap();
    }
    let mut counting = Counting {
        inner: card.powered(),
        pins: 0,
        commands: 0,
    };
    let applied = block_on(apply(world, &mut counting));
    let (pins, commands) = (counting.pins, counting.commands);
    drop(counting);
    let there = card.persona().unwrap().to_string();
    (
        applied.map_or_else(|outcome| outcome, Outcome::Issued),
        there,
        pins,
        commands,
    )
}

#[test]
fn whatever_goes_wrong_at_any_command_nobody_gets_anothers_certificate() {
    let world = world();
    let keys = String::from_utf8(world.published_keys().unwrap()).unwrap();
    let keys = Jwks::parse(&keys).unwrap();
    let holder = |issued: &IssueAnswer| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now = i64::try_from(now.as_secs()).unwrap();
        let card = verify::check(issued.jws.expose(), &keys, now).unwrap();
        let patient = card.patient;
        let mut names = patient.family.into_iter().chain(patient.given);
        let first = names.next().unwrap().expose().to_owned();
        names.fold(first, |name, next| name + "\u{3000}" + next.expose())
    };
    let name = |persona: &str| Persona::load(persona).unwrap().holder;

    let (outcome, _, pins, commands) = run(&world, 0, None);
    let Outcome::Issued(issued) = outcome else {
        panic!("without a fault there is a certificate");
    };
    assert_eq!((holder(&issued), pins), (name("ordinary"), 1));
    assert_eq!(commands, 2 + 15);

    let (mut issued, mut refused, mut failed) = (0, 0, 0);
    let mut kinds = BTreeSet::new();
    for (number, (position, fault)) in (1..=commands)
        .flat_map(|position| FAULTS.map(|fault| (position, fault)))
        .enumerate()
    {
        let number = number + 1;
        let fault: Fault = fault.parse().unwrap();
        let fault = fault.at(Position::Apdu(NonZeroU32::new(position).unwrap()));
        let (outcome, there, pins, _) = run(&world, number, Some(&fault));
        assert!(pins <= 1, "{fault}: {pins} VERIFY for one entry");
        assert_eq!(tries_left(&world, number), 3, "{fault}: the PIN was right");
        match outcome {
            Outcome::Issued(answer) => {
                assert_eq!(
                    holder(&answer),
                    name(&there),
                    "{fault}: another's certificate"
                );
                issued += 1;
            }
            Outcome::Refused(code) => {
                // For what the card said, and for nothing else.
                let of_card = matches!(
                    code,
                    ProblemCode::CardBindingInvalid
                        | ProblemCode::CardBindingMissing
                        | ProblemCode::CardDataAltered
                        | ProblemCode::CardIssuerUnknown
                        | ProblemCode::CardNotGenuine
                );
                assert!(of_card, "{fault}: {code:?}");
                kinds.insert(format!("{code:?}"));
                refused += 1;
            }
            Outcome::Failed => failed += 1,
        }
    }
    // Faults do harm, and not all of them; what the session lets through, the center does not.
    assert!(
        issued > 20 && failed > 50 && refused > 20 && kinds.len() > 2,
        "{issued} issued, {failed} failed, {refused} refused: {kinds:?}"
    );
    assert_eq!(world.registered(HOME).unwrap(), issued + 1);
}
