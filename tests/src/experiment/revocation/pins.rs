//! Real cores of kiosks across a change of the signing key, each with a file of keys of its own, which is replaced while it serves: a day ahead, as it
//! should be; when the new key signs already; and beside one that looks into its file once.

use std::fs;
use std::io;
use std::path::PathBuf;

use issuance_api::{CertificateKind, ProblemCode};
use terminal::channel::ChannelCenter;
use terminal::conduct::Terminal;
use terminal::handover::Issuer;

use super::super::Report;
use super::super::belonging::Hand;
use super::super::honest::kiosk;
use crate::simulator::town::counting;
use crate::simulator::{CardInHand, CountedPaper, People};
use crate::world::{ISSUER, World};

/// One that serves, and the key that its last certificate is signed with.
struct Core {
    terminal: Terminal<ChannelCenter, CardInHand, CountedPaper>,
    file: PathBuf,
    signed_with: Option<String>,
}

impl Core {
    fn start(world: &World, people: &People, name: &str, keys: &[u8]) -> io::Result<Self> {
        let file = world.ground.path("issuer").join(name);
        fs::write(&file, keys)?;
        let client = kiosk(world, name)?;
        let (center, urn) = ChannelCenter::over(client).map_err(io::Error::other)?;
        let issuer = Issuer::load(ISSUER.to_owned(), &file).map_err(io::Error::other)?;
        let card = people.residents[0].card().into();
        Ok(Self {
            terminal: counting(urn, center, card, issuer)?,
            file,
            signed_with: None,
        })
    }

    /// Whether a resident gets a certificate.
    async fn serves(&mut self, people: &People, resident: usize) -> Result<(), ProblemCode> {
        let resident = &people.residents[resident];
        self.terminal.card = resident.card().into();
        let mut hand = Hand::of(resident, CertificateKind::Domestic);
        let ended = self.terminal.serve(&mut hand).await;
        ended.map_err(|problem| problem.code)?;
        let jws = self.terminal.output.jws.take();
        let header = jws.as_ref().and_then(|jws| jws.split_once('.'));
        self.signed_with = header.map(|(header, _)| header.to_owned());
        Ok(())
    }

    /// Refused, with nothing on paper, and ready for the next.
    async fn refuses(&mut self, people: &People, resident: usize) -> bool {
        let pages = self.terminal.output.pages;
        self.serves(people, resident).await == Err(ProblemCode::AnswerUntrusted)
            && self.terminal.output.pages == pages
            && self.terminal.latch.in_service().is_ok()
    }
}

/// All of them.
pub(super) struct Pins {
    ahead: Core,
    late: Core,
    once: Core,
    before: Option<String>,
}

impl Pins {
    /// They serve while the present key signs.
    pub(super) async fn before(world: &World, people: &People, keys: &[u8]) -> io::Result<Self> {
        let start = |name: &str| Core::start(world, people, name, keys);
        let mut pins = Self {
            ahead: start("pins-ahead")?,
            late: start("pins-late")?,
            once: start("pins-once")?,
            before: None,
        };
        let text = str::from_utf8(keys).map_err(io::Error::other)?;
        pins.once.terminal.issuer =
            Issuer::new(ISSUER.to_owned(), text).map_err(io::Error::other)?;
        for core in [&mut pins.ahead, &mut pins.late, &mut pins.once] {
            let served = core.serves(people, 0).await;
            served.map_err(|code| io::Error::other(code.as_str()))?;
        }
        pins.before = pins.ahead.signed_with.take();
        Ok(pins)
    }

    /// The operator of one of them replaces its file as soon as the next key is published.
    pub(super) fn in_time(&self, keys: &[u8]) -> io::Result<()> {
        fs::write(&self.ahead.file, keys)
    }

    /// The next key signs.
    pub(super) async fn after(
        mut self,
        people: &People,
        keys: &[u8],
        report: &mut Report,
    ) -> io::Result<()> {
        let served = self.ahead.serves(people, 1).await;
        let other = self.ahead.signed_with.is_some() && self.ahead.signed_with != self.before;
        report.figure(
            "a kiosk's core whose file of keys was replaced in time goes on, with the next key",
            served.is_ok() && other,
            true,
        );
        let refused = self.late.refuses(people, 2).await;
        report.figure(
            "one whose file lags hands nothing over, and stays in service",
            refused,
            true,
        );
        for core in [&self.late, &self.once] {
            fs::write(&core.file, keys)?;
        }
        let served = self.late.serves(people, 3).await;
        report.figure("and goes on once its file has it", served.is_ok(), true);
        let refused = self.once.refuses(people, 4).await;
        report.control("one that read its file once gets no further", refused, true);
        Ok(())
    }
}
