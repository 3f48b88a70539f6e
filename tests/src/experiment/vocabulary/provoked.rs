//! Makes center and VRS say most of what they can say: by requests, one at a time, and by connections that come to nothing.
//!
//! Servers as shipped, but for a clock that panics when it is told to.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use card::certificate::Certificate;
use card::evidence::Evidence;
use card::text_ap;
use dev_pki::Leaf;
use hw_sim::ap::Ap;
use hw_sim::personalize::personalize;
use issuance_api::enrolment;
use issuance_api::terminal::InquiryAnswer;
use issuance_channel::client::{Anonymous, CallError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::super::tls::{connector, handshake};
use super::limits;
use super::requests::Server::{Center, Vrs};
use super::requests::{Line, Witness};
use crate::applicant::Applicant;
use crate::world::{Options, Programs, World, repository, run, set};

/// What is provoked by a request: so many kinds of lines, those of center and of VRS counted apart.
pub(super) const KINDS: usize = 18;
/// Where the personas live, and where one of them lived before.
const HOME: &str = "132217";
const BEFORE: &str = "141003";
pub(super) const TERMINAL: &str = "kiosk-0001";
const NAMES: &str = "names.ttf";
/// A card of whose applications each is another municipality's.
const TWO_SIGNERS: &str = "two-signers";
/// Longer than an order or a line takes.
pub(super) const WITHIN: Duration = Duration::from_secs(10);

/// All of it. What was said is the witness's.
pub(super) fn provoke() -> io::Result<Witness> {
    let mut witness = Witness::of(World::start(&Options {
        programs: Programs::Wiping(&["--panics"]),
        vrs: |config| {
            set(config, "trust.accept_unbound_cards", true);
            let lifetimes = config["lifetimes"].as_table_mut();
            let lifetimes = lifetimes.expect("the example configuration has lifetimes");
            lifetimes.insert("reservation_seconds".to_owned(), 2.into());
        },
        center: |config| set(config, "trust.accept_unbound_cards", true),
        ..Options::default()
    })?);
    put_card_of_two_signers(&witness.world)?;
    let left = Applicant::new(witness.world.terminal(TERMINAL));
    witness.other(&[], 0, async |world| {
        // Reserved, and never handed over.
        let shown = asked(&left, world, "ordinary", HOME).await?;
        let state = shown.map_err(io::Error::other)?.state;
        let issued = left.issue(&state).await;
        issued.map(drop).map_err(io::Error::other)
    })?;
    signers(&mut witness)?;
    cards(&mut witness)?;
    strangers(&mut witness)?;
    panics(&mut witness)?;
    witness.sometime((Vrs, "lapsed"));
    witness.sometime((Center, "listener crashed"));
    records(&mut witness)?;
    statements_and_pages(&mut witness)?;
    limits::reached(&mut witness)?;
    witness.end(Center)?;
    witness.end(Vrs)?;
    Ok(witness)
}

/// What is said to a persona who asks for their records of a municipality.
async fn asked(
    applicant: &Applicant,
    world: &World,
    persona: &str,
    municipality: &str,
) -> io::Result<Result<InquiryAnswer, CallError>> {
    let identified = applicant.identify(world.ground.card(persona)).await;
    let ticket = identified.map_err(io::Error::other)?.ticket;
    let municipality = municipality.parse().map_err(io::Error::other)?;
    Ok(applicant.inquire(&ticket, municipality).await)
}

/// A card is shown, whatever comes of it; these lines have to.
fn shown(witness: &mut Witness, persona: &str, expected: &[Line]) -> io::Result<()> {
    witness.request(expected, async |world| {
        let applicant = Applicant::new(world.terminal(TERMINAL));
        let _ = applicant.identify(world.ground.card(persona)).await;
        Ok(())
    })
}

/// Refused signers, and lists of them that nobody can read.
fn signers(witness: &mut Witness) -> io::Result<()> {
    let list = |of: &str, text: &str, world: &World| {
        fs::write(
            world
                .ground
                .path(&format!("{of}/lists/refused-signers.txt")),
            text,
        )
    };
    let card = witness.world.ground.card("ordinary");
    let file = card.memory().file(Ap::Text, text_ap::CERTIFICATE);
    let certificate = Certificate::decode(file.ok_or(io::ErrorKind::NotFound)?);
    let signer = certificate.map_err(io::Error::other)?.subject().to_string();
    for (of, server) in [("center", Center), ("vrs", Vrs)] {
        list(of, "nonsense\n", &witness.world)?;
        shown(
            witness,
            "ordinary",
            &[(server, "refused-signers-unreadable")],
        )?;
        list(of, &format!("{signer}\nend\n"), &witness.world)?;
        let expected = [(server, "refused-signers-read"), (server, "signer-refused")];
        shown(witness, "ordinary", &expected)?;
        list(of, "end\n", &witness.world)?;
        shown(witness, "ordinary", &expected[..1])?;
    }
    Ok(())
}

/// Cards that are believed, and told all the same.
fn cards(witness: &mut Witness) -> io::Result<()> {
    let expected = [Center, Vrs].map(|server| (server, "unbound-card-accepted"));
    witness.request(&expected, async |world| {
        let applicant = Applicant::new(world.terminal(TERMINAL));
        let mut challenged = applicant.challenge().await.map_err(io::Error::other)?;
        let whole = applicant.evidence(world.ground.card("ordinary"), &challenged);
        let answer = whole.answer().clone();
        let bare = Evidence::new(whole.into_files().0, answer, None);
        let believed = applicant.send(&mut challenged, &bare).await;
        believed.map(drop).map_err(io::Error::other)
    })?;
    shown(witness, TWO_SIGNERS, &[(Vrs, "signers-differ")])?;
    witness.request(&[(Vrs, "signer-elsewhere")], async |world| {
        let applicant = Applicant::new(world.terminal(TERMINAL));
        let found = asked(&applicant, world, "moved", BEFORE).await?;
        found.map(drop).map_err(io::Error::other)
    })
}

/// Who does not seal, does not enrol as it has to be, or is nobody of ours.
fn strangers(witness: &mut Witness) -> io::Result<()> {
    witness.request(&[(Center, "listener seal-refused")], async |world| {
        let body = [1; 100];
        let mut stream = begun(world, "terminals/kiosk-0001", body.len()).await?;
        stream.write_all(&body).await?;
        answered(&mut stream).await
    })?;
    witness.request(&[(Center, "enrolment-refused")], async |world| {
        let connected = Anonymous::connect(world.app().enrolment).await;
        let mut bare = connected.map_err(io::Error::other)?;
        // Without a nonce.
        let request = enrolment::Request {
            chain: Vec::new(),
            signature: issuance_api::Blob::new(vec![1; 70]),
        };
        let answer = bare
            .post_json::<_, enrolment::Answer>(enrolment::PATH, &request)
            .await;
        refused(answer)
    })?;
    let strange = [
        (Center, "listener handshake-failed"),
        (Center, "listener peer-refused"),
    ];
    witness.other(&strange, 0, async |world| {
        refused(world.terminal("kiosk-revoked").pinned().await.map(drop))?;
        let app = Leaf::terminal("urn:shomei:terminal:app:dev:0001", time::Duration::DAY);
        let by_hand = world.ground.pki.terminals.issue("app-0001", &app);
        by_hand.map_err(io::Error::other)?;
        let client = world.terminal("app-0001");
        refused(Applicant::new(client).menu().await)
    })
}

pub(super) fn refused<T, E>(answer: Result<T, E>) -> io::Result<()> {
    match answer {
        Ok(_) => Err(io::Error::other("what was to be refused was not")),
        Err(_) => Ok(()),
    }
}

/// A handler of center's and one of VRS's panic.
fn panics(witness: &mut Witness) -> io::Result<()> {
    for (of, expected) in [("center", (Center, "panicked")), ("vrs", (Vrs, "panicked"))] {
        order(&witness.world, of, "1 panic")?;
        witness.request(&[expected], async |world| {
            refused(
                Applicant::new(world.terminal(TERMINAL))
                    .challenge()
                    .await
                    .map(drop),
            )
        })?;
        order(&witness.world, of, "0 panics")?;
    }
    Ok(())
}

/// As in G3: at which look at the clock a handler panics. Each order is another text.
fn order(world: &World, server: &str, text: &str) -> io::Result<()> {
    let order = world.ground.path(&format!("{server}/lists/panic"));
    let draft = order.with_extension("draft");
    fs::write(&draft, text)?;
    fs::rename(&draft, &order)?;
    let program = match server {
        "center" => &world.center,
        _ => &world.vrs,
    };
    let program = program.as_ref().ok_or(io::ErrorKind::NotFound)?;
    let line = format!("panic {text}");
    let taken = program.output.wait_for(&line, WITHIN);
    taken
        .map(drop)
        .ok_or_else(|| io::Error::other("the order to panic is not followed"))
}

/// A municipality's records are not there, and there again. What is done regularly may notice it first: it need not be a request that tells.
fn records(witness: &mut Witness) -> io::Result<()> {
    let ask = async |world: &World| {
        let applicant = Applicant::new(world.terminal(TERMINAL));
        asked(&applicant, world, "ordinary", HOME).await
    };
    let place = witness
        .world
        .ground
        .path(&format!("vrs/data/{HOME}.sqlite"));
    let away = witness.world.ground.path("vrs/data/away");
    fs::rename(&place, &away)?;
    witness.other(&[(Vrs, "records-unavailable")], 1, async |world| {
        refused(ask(world).await?)
    })?;
    fs::rename(&away, &place)?;
    witness.other(&[(Vrs, "records-available")], 1, async |world| {
        ask(world).await?.map(drop).map_err(io::Error::other)
    })
}

/// A font that cannot be read any more, and findings signed by a key that nobody knows.
fn statements_and_pages(witness: &mut Witness) -> io::Result<()> {
    let font = put_font(&witness.world)?;
    witness.end(Center)?;
    witness.end(Vrs)?;
    let ground = &witness.world.ground;
    ground.edit("center/center.toml", |config| {
        set(config, "fonts.names", NAMES);
    })?;
    witness.world.start_center()?;
    witness.sometime((Center, "revocations-unavailable"));
    witness.world.start_vrs()?;
    witness.request(&[(Center, "page-failed")], async |world| {
        let applicant = Applicant::new(world.terminal(TERMINAL));
        let shown = asked(&applicant, world, "gaiji", HOME).await?;
        let state = shown.map_err(io::Error::other)?.state;
        // Into the same file, which is open.
        fs::write(&font, "")?;
        refused(applicant.issue(&state).await.map(drop))
    })?;
    witness.end(Vrs)?;
    let key = witness.world.ground.path("vrs/signing/statement.pem");
    for half in [&key, &key.with_extension("pub.pem")] {
        fs::remove_file(half)?;
    }
    let mut keys: Command = witness.world.ground.vrs();
    keys.args(["keys", "statement", "--environment", "emulator", "--out"]);
    run(keys.arg(key))?;
    witness.world.start_vrs()?;
    witness.request(&[(Center, "statement-refused")], async |world| {
        let applicant = Applicant::new(world.terminal(TERMINAL));
        refused(asked(&applicant, world, "ordinary", HOME).await?)
    })
}

/// A connection with a certificate of the world's `pki`.
pub(super) async fn connection(
    world: &World,
    certificate: &str,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(&world.addresses.terminals).await?;
    handshake(&connector(world, certificate)?, stream).await
}

/// A request that announces a sealed body of so many bytes.
pub(super) async fn begun(
    world: &World,
    certificate: &str,
    length: usize,
) -> io::Result<TlsStream<TcpStream>> {
    let mut stream = connection(world, certificate).await?;
    let head = format!(
        "POST /v1/evidence HTTP/1.1\r\nhost: localhost\r\n\
         content-type: application/vnd.shomei.sealed\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    Ok(stream)
}

/// Whatever it is.
pub(super) async fn answered(stream: &mut TlsStream<TcpStream>) -> io::Result<()> {
    let answer = timeout(WITHIN, stream.read(&mut [0; 512])).await;
    answer?.map(drop)
}

/// The font of names, in a file of its own: the center holds it open and reads outlines when a name needs them.
pub(super) fn put_font(world: &World) -> io::Result<PathBuf> {
    let font = world.ground.path("center").join(NAMES);
    fs::copy("/usr/share/fonts/truetype/ipamj/ipamjm.ttf", &font)?;
    Ok(font)
}

/// A card whose two applications are of two municipalities, as after a move: put together of two, whose holders were born on one day.
fn put_card_of_two_signers(world: &World) -> io::Result<()> {
    let personas = world.ground.path("personas-of-two");
    fs::create_dir(&personas)?;
    let shipped = repository().join("hw-sim/personas/ordinary.toml");
    let ordinary = fs::read_to_string(shipped)?;
    for (name, municipality) in [(TWO_SIGNERS, HOME), ("surface", BEFORE)] {
        let own = ordinary.replace(HOME, municipality);
        fs::write(personas.join(name).with_extension("toml"), own)?;
    }
    let cards = world.ground.path("cards");
    personalize(&personas, &cards, false).map_err(io::Error::other)?;
    let surface = |name: &str| cards.join("cards").join(name).join("surface");
    fs::remove_dir_all(surface(TWO_SIGNERS))?;
    fs::rename(surface("surface"), surface(TWO_SIGNERS))
}
