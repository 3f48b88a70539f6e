//! What the 券面事項確認AP (surface AP) is there for: one card's files get nowhere with another card's answers. What it does not
//! stop is shown here as well, each by a test.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use card::aid;
use card::evidence::{Context, Evidence, TextFiles};
use card::session::{Proof, Unbound};
use card::text_ap::CardKeyFile;
use card::transport::{Transport, TransportError};
use hw_sim::chip::EmulatedCard;
use hw_sim::personalize::personalize;
use issuance_api::ProblemCode;
use issuance_api::terminal::Challenge;
use stage::again::files_again;
use stage::applicant::Applicant;
use stage::held::Held;
use stage::kiosk::{Application, Purpose, apply_with};
use stage::persona::Persona;
use stage::process::{Program, poll};
use stage::world::{Options, World, set};
use tempfile::TempDir;
use toml::Table;
use zeroize::Zeroizing;

use crate::support::{Counter, EXPORTER, HOME, block_on, passed_on, refusal, world};

/// What somebody has who once read the card of `ordinary`, with its PIN: all its files, and no key.
fn recorded(world: &World, applicant: &Applicant) -> TextFiles {
    let challenge = Challenge {
        center_nonce: [1; 32].into(),
        vrs_nonce: issuance_api::Blob::new(vec![2; 40]),
        center: "center-1".parse().unwrap(),
        vrs: "vrs-1".parse().unwrap(),
        expires_in_seconds: 60,
    };
    let card = world.ground.card("ordinary");
    let evidence = applicant.evidence_over(card, &challenge, &EXPORTER);
    evidence.into_files().0
}

/// Files of `ordinary` with the key file of a genuine card that somebody else holds, whose PIN they know.
fn files_with_key_of(victim: &TextFiles, thief: &mut EmulatedCard) -> TextFiles {
    let mut held = Held(thief.powered());
    held.select(&aid::TEXT_AP);
    held.verify(b"1234");
    TextFiles {
        card_key: CardKeyFile::decode(&held.read(7)).unwrap(),
        ..files_again(victim)
    }
}

/// A mixture: files of `ordinary`, key and answers of the thief's own card.
struct Mixture {
    files: TextFiles,
    thief: EmulatedCard,
    birth_code: [u8; 6],
}

impl Mixture {
    fn new(world: &World, applicant: &Applicant, thief: &str, birth_code: [u8; 6]) -> Self {
        let mut thief = world.ground.card(thief);
        Self {
            files: files_with_key_of(&recorded(world, applicant), &mut thief),
            thief,
            birth_code,
        }
    }

    fn answer(&mut self, context: &Context<'_>) -> Evidence {
        Held(self.thief.powered()).answer(&self.files, &self.birth_code, context)
    }
}

/// What the center says to evidence that `make` makes for its challenge.
async fn ask_center(
    applicant: &Applicant,
    make: impl FnOnce(&Context<'_>) -> Evidence,
) -> Option<ProblemCode> {
    let mut challenged = applicant.challenge().await.unwrap();
    let urn = applicant.urn();
    let exporter = challenged.connection.exporter().clone();
    let evidence = make(&applicant.context(&urn, &challenged.challenge, &exporter));
    match applicant.send(&mut challenged, &evidence).await {
        Ok(_) => None,
        refused => Some(refusal(refused)),
    }
}

/// What the record system says to it, where the center checks nothing.
async fn ask_vrs(
    world: &World,
    applicant: &Applicant,
    make: impl FnOnce(&Context<'_>) -> Evidence,
) -> Option<ProblemCode> {
    let urn = applicant.urn();
    let ticket = passed_on(world, applicant, |challenge| {
        make(&applicant.context(&urn, challenge, &EXPORTER))
    });
    match ticket.await {
        Ok(_) => None,
        refused => Some(refusal(refused)),
    }
}

/// The same evidence without its surface part.
fn stripped(evidence: &Evidence) -> Evidence {
    Evidence::new(
        files_again(evidence.files()),
        evidence.answer().clone(),
        None,
    )
}

fn accepting(config: &mut Table) {
    set(config, "trust.accept_unbound_cards", true);
}

/// 𠮷田 is born on 29 February 1972, 昭和47年.
const GAIJI: [u8; 6] = *b"470229";
/// 青葉 is born on 12 April 1985, 昭和60年.
const ORDINARY: [u8; 6] = *b"600412";

#[test]
fn one_cards_files_with_another_cards_answers_are_refused_by_both() {
    let world = world();
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    let mut mixture = Mixture::new(&world, &applicant, "gaiji", GAIJI);
    block_on(async {
        let invalid = Some(ProblemCode::CardBindingInvalid);
        let said = ask_center(&applicant, |context| mixture.answer(context)).await;
        assert_eq!(said, invalid);
        let said = ask_vrs(&world, &applicant, |context| mixture.answer(context)).await;
        assert_eq!(said, invalid);
        // Leaving out what gives it away helps neither the thief nor a center gone bad.
        let missing = Some(ProblemCode::CardBindingMissing);
        let said = ask_center(&applicant, |context| stripped(&mixture.answer(context))).await;
        assert_eq!(said, missing);
        let said = ask_vrs(&world, &applicant, |context| {
            stripped(&mixture.answer(context))
        })
        .await;
        assert_eq!(said, missing);
    });
}

#[test]
fn the_surface_answer_of_the_victims_card_to_anything_else_is_no_answer_to_this() {
    let world = world();
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    let mut thief = world.ground.card("gaiji");
    let files = files_with_key_of(&recorded(&world, &applicant), &mut thief);
    let answers = |thief: &mut EmulatedCard, context: &Context<'_>| {
        let own = Held(thief.powered()).answer(&files, &GAIJI, context);
        // The victim's surface AP, with an answer it gave once to another challenge.
        let other = Context {
            center_nonce: [0; 32],
            ..*context
        };
        let mut victim = world.ground.card("ordinary");
        let old = Held(victim.powered()).answer(&files, &ORDINARY, &other);
        with_surface_of(&own, &old)
    };
    block_on(async {
        let invalid = Some(ProblemCode::CardBindingInvalid);
        let said = ask_center(&applicant, |context| answers(&mut thief, context)).await;
        assert_eq!(said, invalid);
        let said = ask_vrs(&world, &applicant, |context| answers(&mut thief, context)).await;
        assert_eq!(said, invalid);
    });
}

/// The text AP's part of one, the surface part of the other. Both have the same files, so their wire formats are alike.
fn with_surface_of(text: &Evidence, surface: &Evidence) -> Evidence {
    let (text, surface) = (stripped(text).encode(), surface.encode());
    // Up to the byte that says whether a surface part follows.
    let bytes = [&text[..text.len() - 1], &surface[text.len() - 1..]].concat();
    Evidence::decode(&bytes).unwrap()
}

/// A residual risk the README names: two genuine cards whose holders were born on one day. (With three it is the same: G7.)
#[test]
fn a_mixture_of_two_cards_with_one_birth_date_is_believed() {
    let world = world();
    issue(
        &world,
        "twin",
        r#"
        [holder]
        name = "青葉　かえで"
        address = "東京都清瀬市旭が丘９丁目９９番９号"
        birth_date = "19850412"
        sex = "male"
        number = "20111230454"
        municipality = "132217"
        expires = "20310412"
        security_code = "4072"
        "#,
    );
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    let mut mixture = Mixture::new(&world, &applicant, "twin", ORDINARY);
    block_on(async {
        let said = ask_center(&applicant, |context| mixture.answer(context)).await;
        assert_eq!(said, None);
        let said = ask_vrs(&world, &applicant, |context| mixture.answer(context)).await;
        assert_eq!(said, None);
    });
}

/// Makes one more card under the world's CAs. The number is given without its check digit.
fn issue(world: &World, name: &str, persona: &str) {
    let folder = TempDir::new().unwrap();
    let mut persona: Table = persona.parse().unwrap();
    let holder = persona["holder"].as_table_mut().unwrap();
    let eleven = holder["number"].as_str().unwrap();
    let number = card::number::IndividualNumber::from_eleven(eleven).unwrap();
    holder.insert("number".to_owned(), number.expose().into());
    std::fs::write(
        folder.path().join(name).with_extension("toml"),
        persona.to_string(),
    )
    .unwrap();
    personalize(folder.path(), &world.ground.path("cards"), false).unwrap();
}

/// Another residual risk: a genuine card that lies elsewhere, asked over a wire. Its PIN is entered nowhere: whoever has
/// its files needs only its answers, and it gives them to anybody.
#[test]
fn a_live_relay_of_a_card_that_was_read_once_is_believed() {
    let world = world();
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    let files = recorded(&world, &applicant);
    let mut relay = Relay::to(world.ground.card("ordinary"));
    block_on(async {
        let said = ask_center(&applicant, |context| {
            Held(&mut relay).answer(&files, &ORDINARY, context)
        })
        .await;
        assert_eq!(said, None);
        // The wire is what makes it: without the card at its end there is no answer.
        let elsewhere = Held(&mut relay).answer(&files, &ORDINARY, &somewhere());
        let said = ask_center(&applicant, |_| elsewhere).await;
        assert_eq!(said, Some(ProblemCode::CardNotGenuine));
    });
}

fn somewhere() -> Context<'static> {
    Context {
        center_nonce: [1; 32],
        vrs_nonce: &[2; 40],
        center: "center-1",
        vrs: "vrs-1",
        terminal: "urn:shomei:terminal:kiosk:dev:0001",
        exporter: [3; 32],
        session_key: [4; 32],
    }
}

/// A card at the other end of a connection: u16 BE length and bytes, either way.
struct Relay(TcpStream);

impl Relay {
    fn to(mut card: EmulatedCard) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut powered = card.powered();
            while let Ok(command) = receive(&mut stream) {
                let response = powered.transmit(&command).unwrap();
                send(&mut stream, &response).unwrap();
            }
        });
        Self(TcpStream::connect(address).unwrap())
    }
}

impl Transport for &mut Relay {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError> {
        let Relay(stream) = self;
        send(stream, command)
            .and_then(|()| receive(stream))
            .map(Zeroizing::new)
            .map_err(|_| TransportError::CardLifted)
    }
}

fn send(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length[..], bytes].concat())
}

fn receive(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// How often a program noted that it believed a card that is not bound.
fn noted(program: Option<&Program>) -> usize {
    let log = program.unwrap().log.all();
    log.iter()
        .filter(|line| line.contains("\"unbound-card-accepted\""))
        .count()
}

#[test]
fn center_and_record_system_each_have_their_own_switch_and_note_its_use() {
    let nothing: fn(&mut Table) = |_| ();
    let accepting: fn(&mut Table) = accepting;
    let missing = Some(ProblemCode::CardBindingMissing);
    // Center's and VRS's switch; what the center and what VRS alone say; how often each notes it.
    for (center, vrs, said, said_by_vrs, notes) in [
        (nothing, nothing, missing, missing, (0, 0)),
        (accepting, nothing, missing, missing, (1, 0)),
        (nothing, accepting, missing, None, (0, 1)),
        (accepting, accepting, None, None, (1, 2)),
    ] {
        let world = World::start(&Options {
            center,
            vrs,
            ..Options::default()
        })
        .unwrap();
        let applicant = Applicant::new(world.terminal("kiosk-0001"));
        let mut card = world.ground.card("ordinary");
        let files = recorded(&world, &applicant);
        let mut whole =
            |context: &Context<'_>| Held(card.powered()).answer(&files, &ORDINARY, context);
        block_on(async {
            // Who is bound is believed in any case, and not noted.
            assert_eq!(ask_center(&applicant, &mut whole).await, None);
            let unbound = |context: &Context<'_>| stripped(&whole(context));
            assert_eq!(ask_center(&applicant, unbound).await, said);
            let unbound = |context: &Context<'_>| stripped(&whole(context));
            assert_eq!(ask_vrs(&world, &applicant, unbound).await, said_by_vrs);
        });
        let counted = || (noted(world.center.as_ref()), noted(world.vrs.as_ref()));
        // Lines take a moment from one process to the other.
        poll(Duration::from_secs(10), || {
            (counted() == notes).then_some(())
        });
        assert_eq!(counted(), notes);
    }
}

/// What the switch costs, as the example configurations say.
#[test]
fn where_unbound_cards_are_accepted_a_mixture_of_any_two_cards_is() {
    let world = World::start(&Options {
        center: accepting,
        vrs: accepting,
        ..Options::default()
    })
    .unwrap();
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    let mut mixture = Mixture::new(&world, &applicant, "gaiji", GAIJI);
    block_on(async {
        let said = ask_center(&applicant, |context| stripped(&mixture.answer(context))).await;
        assert_eq!(said, None);
        // What shows the mixture is still believed over what leaves it out.
        let said = ask_center(&applicant, |context| mixture.answer(context)).await;
        assert_eq!(said, Some(ProblemCode::CardBindingInvalid));
    });
}

/// The reason why the card of `ordinary` is not bound; it is refused, and the evidence is sound but for that.
async fn reason(world: &World) -> Unbound {
    let applicant = Applicant::new(world.terminal("kiosk-0001"));
    let mut challenged = applicant.challenge().await.unwrap();
    let exporter = challenged.connection.exporter().clone();
    let mut card = world.ground.card("ordinary");
    let proof = applicant.prove(&mut card, &challenged.challenge, &exporter);
    let Proof::Unbound { evidence, reason } = proof else {
        panic!("bound");
    };
    let refused = refusal(applicant.send(&mut challenged, &evidence).await);
    assert_eq!(refused, ProblemCode::CardBindingMissing);
    reason
}

/// Writes another birth code onto the card of `ordinary`: that of a card which writes this date otherwise.
fn expect_another_code(world: &World) {
    let card = |table: &mut Table| set(table, "references.surface.0011.value", "850412");
    world
        .ground
        .edit("cards/cards/ordinary/card.toml", card)
        .unwrap();
}

#[test]
fn a_card_that_expects_another_birth_code_is_left_alone_below_half_its_tries() {
    let world = world();
    expect_another_code(&world);
    block_on(async {
        for remaining in (4..10).rev() {
            assert_eq!(reason(&world).await, Unbound::CodeRefused { remaining });
        }
        for _ in 0..3 {
            let spared = Unbound::TooFewTries { remaining: 4 };
            assert_eq!(reason(&world).await, spared);
        }
    });
}

#[test]
fn a_card_without_a_surface_ap_is_refused_for_that() {
    let world = world();
    std::fs::remove_dir_all(world.ground.path("cards/cards/ordinary/surface")).unwrap();
    block_on(async {
        assert_eq!(reason(&world).await, Unbound::NoApplication);
    });
}

#[test]
fn at_the_kiosk_a_card_that_cannot_be_bound_is_told_so_and_costs_one_try_of_the_birth_code() {
    let counter = Counter::open();
    expect_another_code(&counter.world);
    let persona = Persona::load("ordinary").unwrap();
    let out = TempDir::new().unwrap();
    counter.reader.insert("ordinary").unwrap();
    let application = Application {
        config: &counter.world.ground.path("kiosk/kiosk.toml"),
        place: ["--out".as_ref(), out.path().as_os_str()],
        municipality: HOME,
        pin: &persona.pin,
        language: "ja",
        reader: None,
        purpose: Purpose::Domestic,
    };
    // The card stays where it is: what is wrong is told all the same.
    let outcome = apply_with(&application, |_| Ok(())).unwrap();
    assert_eq!(
        outcome.problem(),
        Some("card-binding-missing"),
        "{outcome:?}"
    );
    assert!(outcome.said.join("").contains("窓口"), "{outcome:?}");
    assert_eq!(counter.reader.pin_tries().unwrap(), 3);
    counter.reader.remove().unwrap();
    let card = counter.world.ground.card("ordinary");
    let left = card
        .memory()
        .tries_left(hw_sim::ap::Ap::Surface, card::surface_ap::BIRTH_CODE);
    assert_eq!(left, 9);
}
