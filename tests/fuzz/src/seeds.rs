//! Where fuzzing begins: the real test card's files, the emulator's transcripts and personas, a recorded session.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use card::apdu::Command;
use card::attributes::Attributes;
use card::certificate::Certificate;
use card::evidence::{Evidence, SurfacePart, TextFiles};
use card::file::MAX_FILE;
use card::ins;
use card::key::Signature;
use card::messaging::{self, Protection};
use card::session::{Attempt, Connected, Proof};
use card::surface_ap::AgeRecord;
use card::text_ap;
use card::tlv::Writer;
use card::transport::{Lengths, Transport, TransportError};
use card::trust::{Environment, TrustStore};
use hw_sim::ap::Ap;
use hw_sim::chip::EmulatedCard;
use hw_sim::memory::{Memory, Settings};
use hw_sim::personalize::personalize;
use zeroize::Zeroizing;

use crate::mutate::parts::{join, split};
use crate::targets::CONTEXT;

/// The repository.
fn repository() -> &'static Path {
    static ROOT: LazyLock<PathBuf> =
        LazyLock::new(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    &ROOT
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Files of a folder with this extension, by name.
fn listed(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = repository().join(folder);
    let entries = fs::read_dir(&folder).expect("the repository's own folder");
    let mut paths: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    paths.sort();
    paths
}

fn vector(name: &str) -> Vec<u8> {
    read(&repository().join("card/tests/vectors").join(name))
}

/// A file of the real test card's text AP.
pub(crate) fn text_file(number: u16) -> Vec<u8> {
    vector(&format!("text-ap/text-{number:04}.bin"))
}

/// A file of the real test card's surface AP.
pub(crate) fn surface_file(number: u16) -> Vec<u8> {
    vector(&format!("surface-ap/surface-{number:04}.bin"))
}

/// All files of the real test card.
#[must_use]
pub fn card_files() -> Vec<Vec<u8>> {
    let folders = ["text-ap", "surface-ap"];
    let files = folders
        .iter()
        .flat_map(|ap| listed(&format!("card/tests/vectors/{ap}"), "bin"));
    files.map(|path| read(&path)).collect()
}

/// The trust anchor files of the test cards' hierarchy.
pub(crate) fn anchor_files() -> Vec<Vec<u8>> {
    listed("card/tests/vectors/ca", "pem")
        .iter()
        .map(|path| read(path))
        .collect()
}

/// What believes the real test card.
pub(crate) fn trust() -> &'static TrustStore {
    static TRUST: LazyLock<TrustStore> = LazyLock::new(|| {
        let folder = repository().join("card/tests/vectors/ca");
        TrustStore::load(&folder, Environment::TestCard).expect("the test cards' anchors")
    });
    &TRUST
}

/// The real test card's files with answers that nobody gave, without and with the surface part.
pub(crate) fn evidence() -> Vec<Vec<u8>> {
    evidence_with(&text_file(2))
}

/// The same with a file of attributes as long as a file may be: no evidence that decodes is longer. And with a last file that is as long too.
pub(crate) fn long_evidence() -> Vec<Vec<u8>> {
    let mut all = evidence_with(&long_attributes());
    // Before the last answer.
    let certificate = surface_file(4);
    let mut longest = all.last().cloned().unwrap_or_default();
    let answer = longest.split_off(longest.len() - 256);
    longest.truncate(longest.len() - certificate.len() - 2);
    let mut file = certificate;
    file.resize(MAX_FILE, 0);
    longest.extend(join(&[file]));
    longest.extend(answer);
    all.push(longest);
    all
}

/// The real test card's attributes, with an address that fills the file.
pub(crate) fn long_attributes() -> Vec<u8> {
    let own = parsed(text_file(2), text_ap::AttributesFile::decode);
    let own = own.attributes();
    let of = |address: usize| {
        let attributes = Attributes::new(
            own.name().expose().clone(),
            "9".repeat(address),
            own.birth().again(),
            own.sex(),
        );
        let file = text_ap::AttributesFile::of(&attributes);
        file.as_bytes().to_vec()
    };
    // What is beside a long address takes as much room beside a longer one.
    let beside = of(MAX_FILE / 2).len() - MAX_FILE / 2;
    of(MAX_FILE - beside)
}

fn evidence_with(attributes: &[u8]) -> Vec<Vec<u8>> {
    let answer = || Signature::from([0x5A; 256]);
    let surface = SurfacePart {
        age_record: parsed(surface_file(1), AgeRecord::decode),
        certificate: parsed(surface_file(4), Certificate::decode),
        answer: answer(),
    };
    let files = || TextFiles {
        number: parsed(text_file(1), text_ap::NumberFile::decode),
        attributes: parsed(attributes.to_vec(), text_ap::AttributesFile::decode),
        integrity: parsed(text_file(3), text_ap::IntegrityFile::decode),
        certificate: parsed(text_file(4), Certificate::decode),
        card_key: parsed(text_file(7), text_ap::CardKeyFile::decode),
    };
    [None, Some(surface)]
        .into_iter()
        .map(|part| Evidence::new(files(), answer(), part).encode().to_vec())
        .collect()
}

fn parsed<T, E: std::fmt::Debug>(bytes: Vec<u8>, decode: impl FnOnce(&[u8]) -> Result<T, E>) -> T {
    decode(&bytes).expect("a file of the real test card")
}

/// Commands of each of the emulator's transcripts, a list for each card put in.
pub(crate) fn transcripts() -> Vec<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    for path in listed("hw-sim/tests/transcripts", "txt") {
        let text = fs::read_to_string(&path).expect("the repository's own file");
        let mut commands = Vec::new();
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            if line.starts_with("card ") {
                all.push(std::mem::take(&mut commands));
            } else if let Some((command, _)) = line.split_once("=>") {
                commands.extend(hex(command));
            }
        }
        all.push(commands);
    }
    all.retain(|commands| !commands.is_empty());
    all
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
        .collect()
}

/// Personas whose cards the emulator is fuzzed as; an input's first byte chooses.
const PERSONAS: [&str; 5] = [
    "hw-sim/personas/ordinary.toml",
    "hw-sim/personas/one-try-left.toml",
    "hw-sim/personas/copy.toml",
    "hw-sim/tests/personas/first-command-fails.toml",
    "hw-sim/tests/personas/short.toml",
];

/// Their cards, made once, which takes about a second, and in memory alone.
pub(crate) fn cards() -> &'static [Memory] {
    static CARDS: LazyLock<Vec<Memory>> = LazyLock::new(|| {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let personas = folder.path().join("personas");
        fs::create_dir(&personas).expect("an empty folder");
        let names = PERSONAS.map(|path| {
            let path = repository().join(path);
            let file = path.file_name().expect("a persona's file");
            fs::copy(&path, personas.join(file)).expect("the repository's own file");
            path.file_stem().expect("a persona's file").to_owned()
        });
        personalize(&personas, folder.path(), false).expect("the shipped personas");
        names
            .iter()
            .map(|name| Memory::load(&folder.path().join("cards").join(name)))
            .map(|memory| memory.expect("a card just made").detached())
            .collect()
    });
    &CARDS
}

/// Sessions of the client with cards of the real test card's files, as they answered; they have no key,
/// so the answers to the challenge are made up.
pub(crate) fn sessions() -> Vec<Vec<u8>> {
    let plain = Settings::default();
    let short = Settings {
        extended_length: false,
        ..plain
    };
    let first_fails = Settings {
        first_command_fails: true,
        ..plain
    };
    let whole = [plain, short, first_fails].map(|settings| {
        let session = session(copy(settings, 3, b"1234"), Protection::Plain);
        [0x00, 0x03, 0x0C].map(|head| with_head(head, &session))
    });
    let secured = session(copy(plain, 3, b"1234"), Protection::SecureMessaging);
    let secured = [with_head(0x10, &secured), with_head(0x14, &secured)];
    let cut_short = [
        copy(plain, 3, b"9999"),
        copy(plain, 0, b"1234"),
        Memory::new(plain),
    ];
    let cut_short = cut_short.map(|memory| with_head(0x0A, &session(memory, Protection::Plain)));
    whole
        .concat()
        .into_iter()
        .chain(secured)
        .chain(cut_short)
        .collect()
}

/// The same with a file of attributes as long as a file may be, in a few long pieces and in many short ones.
pub(crate) fn long_sessions() -> Vec<Vec<u8>> {
    let attributes = long_attributes();
    let number = parsed(text_file(1), text_ap::NumberFile::decode);
    let decoded = parsed(attributes.clone(), text_ap::AttributesFile::decode);
    // Signed by nobody: a terminal asks for the birth code where the digests fit.
    let integrity =
        text_ap::IntegrityFile::issue(&number, &decoded, |_| Signature::from([0x5A; 256]));
    let plain = Settings::default();
    let short = Settings {
        extended_length: false,
        ..plain
    };
    let sessions = [plain, short].map(|settings| {
        let memory = copy(settings, 3, b"1234")
            .with_file(Ap::Text, text_ap::ATTRIBUTES, &attributes)
            .with_file(Ap::Text, text_ap::INTEGRITY, integrity.as_bytes());
        with_head(0x00, &session(memory, Protection::Plain))
    });
    sessions.to_vec()
}

/// All files of the real test card, none of its keys.
fn copy(settings: Settings, tries: u8, pin: &[u8]) -> Memory {
    use card::surface_ap;

    let text = [
        text_ap::NUMBER,
        text_ap::ATTRIBUTES,
        text_ap::INTEGRITY,
        text_ap::CERTIFICATE,
        text_ap::MESSAGING_KEY,
        text_ap::CARD_KEY,
    ];
    let memory = text.into_iter().fold(Memory::new(settings), |memory, ef| {
        memory.with_file(Ap::Text, ef, &text_file(ef.id()))
    });
    [surface_ap::AGE_RECORD, surface_ap::CERTIFICATE]
        .into_iter()
        .fold(memory, |memory, ef| {
            memory.with_file(Ap::Surface, ef, &surface_file(ef.id()))
        })
        .with_reference(Ap::Text, text_ap::PIN, pin, tries)
        .with_reference(Ap::Surface, surface_ap::BIRTH_CODE, b"550217", 10)
}

struct Recorded<'a> {
    card: EmulatedCard,
    answers: &'a Mutex<Vec<Vec<u8>>>,
}

impl Transport for Recorded<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, TransportError> {
        self.card.power_on();
        let answer = match Command::decode(command).map(|command| (command.cla, command.ins)) {
            Ok((_, ins::COMPUTE_SIGNATURE)) => {
                Zeroizing::new([&[0x5A; 256][..], &[0x90, 0x00]].concat())
            }
            Ok((_, ins::SET_SESSION_KEY)) | Ok((messaging::CLASS, ins::SELECT)) => {
                Zeroizing::new(vec![0x90, 0x00])
            }
            Ok((messaging::CLASS, _)) => Zeroizing::new(cryptogram()),
            _ => self.card.transmit(command),
        };
        let mut answers = self.answers.lock().expect("one thread");
        answers.push(answer.to_vec());
        Ok(answer)
    }
}

/// Something encrypted: under no key that anybody has.
fn cryptogram() -> Vec<u8> {
    let value = [&[messaging::PADDING_INDICATOR][..], &[0xA5; 32]].concat();
    let mut answer = Writer::new()
        .tlv(messaging::CRYPTOGRAM, &value)
        .into_bytes();
    answer.extend_from_slice(&[0x90, 0x00]);
    answer
}

/// What the card answered, one by one.
fn session(memory: Memory, protection: Protection) -> Vec<Vec<u8>> {
    let answers = Mutex::default();
    let card = Recorded {
        card: EmulatedCard::new(memory),
        answers: &answers,
    };
    let pin = "1234".try_into().expect("four digits");
    let asked = Connected::new(card, Lengths::default())
        .select()
        .and_then(card::session::Selected::ask_tries);
    if let Ok(asked) = asked
        && let Ok(Attempt::Verified(unlocked)) = asked.verify(pin)
    {
        match (unlocked.with_protection(protection).read(), protection) {
            (Ok(read), _) => {
                let answered = read.answer(&CONTEXT).expect("a made-up answer");
                let proof = answered.bind().expect("a card that answers");
                assert!(matches!(proof, Proof::Bound(_)), "all of it is recorded");
            }
            (Err(_), Protection::SecureMessaging) => {}
            (Err(error), Protection::Plain) => panic!("its files are whole: {error}"),
        }
    }
    answers.into_inner().expect("one thread")
}

/// What the first byte is followed by, part by part.
pub(crate) fn parts(input: &[u8]) -> (u8, Vec<Vec<u8>>) {
    match input.split_first() {
        Some((head, rest)) => (*head, split(rest)),
        None => (0, Vec::new()),
    }
}

/// Parts behind a first byte.
pub(crate) fn with_head(head: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    [vec![head], join(parts)].concat()
}
