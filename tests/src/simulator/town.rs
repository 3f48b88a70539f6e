//! One center and one record system that nothing goes wrong on the way to, for experiments that put something wrong there themselves.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use issuance_api::{CenterId, CertificateId, MunicipalityCode, TerminalUrn};
use issuance_center::center::Center;
use issuance_center::registry::Registry;
use issuance_center::signing::{Purpose, Signer};
use terminal::cabinet::Cabinet;
use terminal::conduct::{Patience, Terminal};
use terminal::config::CabinetConfig;
use terminal::handover::Issuer;
use terminal::latch::Latch;
use vrs::service::Vrs;
use vrs::statement::StatementKey;
use vrs::storage::{Division, Revocation, Unavailable};

use super::{CardInHand, Clock, CountedPaper, Databases, Link, Notes, People, Records, Works};
use crate::world::{Ground, ISSUER, Options};

/// The center's name.
const CENTER: &str = "center-1";
/// Longer than anything takes here.
const LONG: Duration = Duration::from_secs(3600);

/// Keys, people and cards.
pub struct Town {
    /// What takes long to make.
    pub works: Arc<Works>,
    /// Who lives there.
    pub people: Arc<People>,
    /// The public keys that certificates are signed under, as JWKS.
    pub keys: String,
    /// Whose files are read again for each center and record system.
    pub ground: Ground,
}

/// A center and a record system at work.
pub struct Open<R> {
    /// The databases.
    pub databases: Databases,
    /// Their time.
    pub clock: Arc<Clock>,
    /// What they say of themselves.
    pub notes: Arc<Notes>,
    /// The record system.
    pub vrs: Arc<Vrs>,
    /// The center.
    pub center: Arc<Center<R>>,
}

impl Town {
    /// Makes it, with so many residents.
    ///
    /// # Errors
    /// If a program fails or a file cannot be written.
    pub fn prepare(residents: usize) -> io::Result<Self> {
        Self::on(Ground::unserved(&Options::default())?, residents)
    }

    /// As [`prepare`](Self::prepare), on a ground that is there already.
    ///
    /// # Errors
    /// As there.
    pub fn on(ground: Ground, residents: usize) -> io::Result<Self> {
        Ok(Self {
            people: Arc::new(People::new(&ground, residents)?),
            works: Arc::new(Works::new(&ground)?),
            keys: std::fs::read_to_string(ground.path("center/jwks.json"))?,
            ground,
        })
    }

    /// Opens center and record system.
    ///
    /// # Errors
    /// If something cannot be set up.
    pub async fn open(&self) -> io::Result<Open<Records>> {
        self.open_with(|records| records).await
    }

    /// As [`open`](Self::open), with something between the center and its record system.
    ///
    /// # Errors
    /// As there.
    pub async fn open_with<R: Registry>(
        &self,
        between: impl FnOnce(Records) -> R,
    ) -> io::Result<Open<R>> {
        let clock = Arc::<Clock>::default();
        let now = clock.now().unix_timestamp();
        let databases = Databases::new(&self.people.records, now).await?;
        self.over(databases, clock, between)
    }

    /// A terminal's real core, with this way to a center and this card on its reader. It has the time that it needs, and reads passports.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn terminal<C>(
        &self,
        urn: TerminalUrn,
        center: C,
        card: CardInHand,
    ) -> io::Result<Terminal<C, CardInHand, CountedPaper>> {
        counting(urn, center, card, self.issuer()?)
    }

    /// Its issuer, as a terminal knows it that hands over certificates for abroad too.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn issuer(&self) -> io::Result<Issuer> {
        let issuer = Issuer::new(ISSUER.to_owned(), &self.keys).map_err(io::Error::other)?;
        let csca = self.ground.path("center/vdsnc/csca.pem");
        issuer.with_csca(&csca).map_err(io::Error::other)
    }

    /// Opens center and record system over these databases.
    ///
    /// # Errors
    /// If something cannot be read.
    pub fn open_in(&self, databases: Databases) -> io::Result<Open<Records>> {
        self.over(databases, Arc::default(), |records| records)
    }

    fn over<R: Registry>(
        &self,
        databases: Databases,
        clock: Arc<Clock>,
        between: impl FnOnce(Records) -> R,
    ) -> io::Result<Open<R>> {
        let notes = Arc::<Notes>::default();
        let vrs = self.vrs(&databases, &clock, &notes)?;
        let records = between(Records::near(Arc::clone(&vrs), center_id()));
        let center = self
            .works
            .center(center_id(), records, clock.clone(), notes.clone())?;
        Ok(Open {
            center: Arc::new(center),
            databases,
            clock,
            notes,
            vrs,
        })
    }

    /// Another center at the record system of one that is open, with each of its keys behind something.
    ///
    /// # Errors
    /// If something cannot be read.
    pub fn center_over<R, N: Registry>(
        &self,
        open: &Open<R>,
        between: impl FnOnce(Records) -> N,
        keys: impl FnMut(Purpose, Box<dyn Signer>) -> Box<dyn Signer>,
    ) -> io::Result<Arc<Center<N>>> {
        let records = between(Records::near(Arc::clone(&open.vrs), center_id()));
        let (clock, notes) = (open.clock.clone(), open.notes.clone());
        let center = self
            .works
            .center_through(center_id(), records, keys, clock, notes)?;
        Ok(Arc::new(center))
    }

    /// Unix time.
    #[must_use]
    pub fn now(&self) -> i64 {
        time::OffsetDateTime::now_utc().unix_timestamp()
    }

    /// A record system over these databases: a process that began just now.
    ///
    /// # Errors
    /// If something cannot be read.
    pub fn vrs(
        &self,
        databases: &Databases,
        clock: &Arc<Clock>,
        notes: &Arc<Notes>,
    ) -> io::Result<Arc<Vrs>> {
        self.vrs_signing(databases, clock, notes, self.works.statement_key()?)
    }

    /// As [`vrs`](Self::vrs), with another key to sign with.
    ///
    /// # Errors
    /// As there.
    pub fn vrs_signing(
        &self,
        databases: &Databases,
        clock: &Arc<Clock>,
        notes: &Arc<Notes>,
        statement: StatementKey,
    ) -> io::Result<Arc<Vrs>> {
        let (folders, centers) = (databases.folders(), vec![center_id()]);
        let vrs = self
            .works
            .vrs_signing(folders, centers, statement, clock.clone(), notes.clone());
        vrs.map(Arc::new)
    }
}

impl Open<Records> {
    /// The same after both programs ended and began again.
    ///
    /// # Errors
    /// If something cannot be read.
    pub async fn restarted(self, town: &Town) -> io::Result<Self> {
        self.vrs.close().await;
        let vrs = town.vrs(&self.databases, &self.clock, &self.notes)?;
        let records = Records::near(Arc::clone(&vrs), center_id());
        let (clock, notes) = (self.clock.clone(), self.notes.clone());
        let center = town.works.center(center_id(), records, clock, notes)?;
        Ok(Self {
            center: Arc::new(center),
            vrs,
            ..self
        })
    }
}

impl<R> Open<R> {
    /// A terminal's way to it.
    #[must_use]
    pub fn terminal(&self, terminal: TerminalUrn) -> Link<R> {
        Link::near(Arc::clone(&self.center), terminal)
    }

    /// A municipality revokes a certificate, as `vrs revoke` does.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn revoke(
        &self,
        municipality: MunicipalityCode,
        certificate: &CertificateId,
    ) -> Result<Revocation, Unavailable> {
        let division = Division::open(&self.databases.folders(), municipality).await?;
        let mut session = division.begin().await?;
        let now = self.clock.now().unix_timestamp();
        let revocation = session.revoke(certificate, now).await?;
        session.commit().await?;
        division.close().await;
        Ok(revocation)
    }
}

/// A terminal's real core, whose printer counts what comes out of it, and whose resident has all the time there is.
///
/// # Errors
/// Never: a cabinet without sensors and fee is one.
pub fn counting<C>(
    urn: TerminalUrn,
    center: C,
    card: CardInHand,
    issuer: Issuer,
) -> io::Result<Terminal<C, CardInHand, CountedPaper>> {
    Ok(Terminal {
        urn,
        center,
        card,
        output: CountedPaper::default(),
        cabinet: Cabinet::new(CabinetConfig::default(), None).map_err(io::Error::other)?,
        issuer,
        latch: Latch::new(),
        patience: Patience {
            menu: LONG,
            card: LONG,
            input: LONG,
            removal: LONG,
        },
        reads_passports: true,
    })
}

/// The center's name.
///
/// # Panics
/// Never: it is of its form.
#[must_use]
pub fn center_id() -> CenterId {
    CENTER.parse().expect("a center's id")
}

/// The n-th kiosk's name.
///
/// # Panics
/// Never: it is of its form.
#[must_use]
pub fn kiosk(number: usize) -> TerminalUrn {
    let urn = format!("urn:shomei:terminal:kiosk:dev:{number:04}");
    urn.parse().expect("a terminal's URN")
}

/// An app's name.
///
/// # Panics
/// Never: it is of its form.
#[must_use]
pub fn app(number: usize) -> TerminalUrn {
    let urn = format!("urn:shomei:terminal:app:dev:{number:04}");
    urn.parse().expect("a terminal's URN")
}
