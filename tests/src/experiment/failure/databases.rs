//! Ways in which a municipality's database can be wrong, under a record system that serves.

use std::fs;
use std::io;
use std::path::PathBuf;

use issuance_api::{MunicipalityCode, ProblemCode};
use vrs::import;
use vrs::storage::{Division, Session};

use super::{DAMAGED, Moment, RESTED, STOPPED, Tally, VOID, apply, rows, undisturbed};
use crate::applicant::Applicant;
use crate::experiment::Size;
use crate::simulator::town::{Town, app, kiosk};
use crate::simulator::{Databases, Resident};
use crate::world::{MUNICIPALITIES, run, sqlite};

/// What is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    /// The file holds nothing.
    Empty,
    /// The file is gone.
    Missing,
    /// The key is another municipality's.
    OtherKey,
    /// The key is gone.
    NoKey,
    /// The file is another municipality's.
    OtherDatabase,
    /// An old copy was put back.
    Stale,
    /// Nobody knows how old it may be.
    NoHighWater,
    /// The sentinel is gone, and everybody with it.
    Nobody,
    /// One person's row is gone, and the rest is there.
    PersonGone,
    /// It is there, and the index by which it is found has no entry for it.
    EntryGone,
    /// The register's row of the certificate is gone on which a kiosk's for abroad rests.
    CertificateGone,
    /// It is there, and the index by which a person's are found has no entry for it.
    CertificateEntryGone,
    /// Somebody else is writing.
    Locked,
    /// There is no room.
    Full,
}

impl Damage {
    const ALL: [Self; 14] = [
        Self::Empty,
        Self::Missing,
        Self::OtherKey,
        Self::NoKey,
        Self::OtherDatabase,
        Self::Stale,
        Self::NoHighWater,
        Self::Nobody,
        Self::PersonGone,
        Self::EntryGone,
        Self::CertificateGone,
        Self::CertificateEntryGone,
        Self::Locked,
        Self::Full,
    ];

    /// Whether it is of what a kiosk is told that asks for abroad.
    const fn is_of_an_earlier_one(self) -> bool {
        matches!(self, Self::CertificateGone | Self::CertificateEntryGone)
    }
}

/// When it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// Under the running program, at this moment: what it holds open may save it.
    At(Moment),
    /// Before it starts anew: nothing does.
    Before,
}

/// Every damage, at every moment, and before a new start of the record system.
pub(super) async fn trials(town: &Town, size: Size, tally: &mut Tally) -> io::Result<()> {
    let moments = match size {
        Size::Small => &Moment::ALL[3..4],
        Size::Full => &Moment::ALL[..],
    };
    for damage in Damage::ALL {
        for moment in moments {
            trial(town, damage, When::At(*moment), tally).await?;
        }
        // Who waits for a lock does not outlive the start.
        if damage != Damage::Locked {
            trial(town, damage, When::Before, tally).await?;
        }
    }
    for when in [When::At(Moment::Inquiry), When::Before] {
        older_rows(town, when, tally).await?;
    }
    unset(town, tally).await
}

async fn trial(town: &Town, damage: Damage, when: When, tally: &mut Tally) -> io::Result<()> {
    let records = &town.people.records;
    let mut open = town.open_in(match damage {
        Damage::Full => Databases::confined(records, town.now()).await?,
        _ => Databases::new(records, town.now()).await?,
    })?;
    let resident = &town.people.residents[0];
    let files = Files::of(&open.databases, resident.municipality);
    // So that an old copy is one.
    files.keep()?;
    let first = match damage.is_of_an_earlier_one() {
        false => Applicant::new(open.terminal(kiosk(1))),
        true => {
            let passport = resident.passport().mrz();
            Applicant::new(open.terminal(app(1))).abroad(Some(passport))
        }
    };
    let before = undisturbed(&first, resident).await?;
    if !before.delivered {
        return Err(io::Error::other("no certificate before anything is wrong"));
    }
    if when == When::Before {
        // What ends writes its log back into the file, and may mend it with that.
        open.vrs.close().await;
        files.harm(damage, &open.databases)?;
        open = open.restarted(town).await?;
    }
    let known = rows_or_none(&files.database).len();
    let mut applicant = Applicant::new(open.terminal(kiosk(2)));
    if damage.is_of_an_earlier_one() {
        applicant = applicant.abroad(None);
    }
    let mut came_about = when == When::Before;
    let mut held = None;
    let mut when_issued = Vec::new();
    let outcome = apply(&applicant, resident, async |at| {
        if at == Moment::Delivered {
            when_issued = rows_or_none(&files.database);
        }
        if when == When::At(at) {
            came_about = true;
            match damage {
                Damage::Locked => held = Some(files.hold(&open.databases).await?),
                _ => files.harm(damage, &open.databases)?,
            }
        }
        Ok(true)
    })
    .await?;
    drop(held);
    tally.note(VOID, !came_about);
    if when == When::Before {
        tally.note(DAMAGED, outcome.issued.is_some());
    }
    if damage.is_of_an_earlier_one() && when != When::At(Moment::Delivered) {
        tally.note(RESTED, outcome.issued.is_some());
    }
    if when_issued.is_empty() {
        when_issued = rows_or_none(&files.database);
    }
    tally.judge(&outcome, resident, &when_issued, known);
    open.vrs.close().await;
    Ok(())
}

/// Somebody's issuing is stopped, and their rows from before are put back: one person's, with all else as it was. They were good once, and each
/// opens.
async fn older_rows(town: &Town, when: When, tally: &mut Tally) -> io::Result<()> {
    let mut open = town.open().await?;
    let resident = &town.people.residents[0];
    let files = Files::of(&open.databases, resident.municipality);
    let first = Applicant::new(open.terminal(kiosk(1)));
    let before = undisturbed(&first, resident).await?;
    files.keep()?;
    files.stop(town, resident, &open.databases).await?;
    let stopped = Applicant::new(open.terminal(kiosk(2)));
    let stopped = undisturbed(&stopped, resident).await?;
    if !before.delivered || stopped.problem != Some(ProblemCode::IssuingStopped) {
        return Err(io::Error::other("what is to be older is not"));
    }
    let older = format!(
        "ATTACH '{}' AS old; BEGIN; \
         DELETE FROM dose WHERE person = {HOLDER}; \
         UPDATE person SET (record_version, attributes) = \
         (SELECT record_version, attributes FROM old.person AS it WHERE it.id = person.id) WHERE id = {HOLDER}; \
         INSERT INTO dose SELECT * FROM old.dose WHERE person = {HOLDER}; COMMIT",
        files.copy.display()
    );
    files.sqlite(&[&older])?;
    if when == When::Before {
        open = open.restarted(town).await?;
    }
    let applicant = Applicant::new(open.terminal(kiosk(3)));
    let outcome = undisturbed(&applicant, resident).await?;
    tally.note(STOPPED, outcome.issued.is_some());
    let known = rows_or_none(&files.database);
    tally.judge(&outcome, resident, &known, known.len());
    open.vrs.close().await;
    Ok(())
}

/// A municipality that the record system was not told of.
async fn unset(town: &Town, tally: &mut Tally) -> io::Result<()> {
    let mut others = town.people.records.clone();
    let resident = &town.people.residents[0];
    others.retain(|(municipality, _)| *municipality != resident.municipality);
    let databases = Databases::new(&others, town.now()).await?;
    let open = town.open_in(databases)?;
    let applicant = Applicant::new(open.terminal(kiosk(1)));
    let outcome = undisturbed(&applicant, resident).await?;
    tally.judge(&outcome, resident, &[], 0);
    open.vrs.close().await;
    Ok(())
}

fn rows_or_none(database: &std::path::Path) -> Vec<[String; 3]> {
    rows(database).unwrap_or_default()
}

/// Who has a certificate: the one whom a trial is about.
const HOLDER: &str = "(SELECT person FROM certificate)";

/// The certificate that somebody has: not one that is reserved just now.
const EARLIER: &str = "(SELECT id FROM certificate WHERE state = 'delivered')";

/// One municipality's files.
pub(super) struct Files {
    municipality: MunicipalityCode,
    database: PathBuf,
    key: PathBuf,
    pub(super) high_water: PathBuf,
    copy: PathBuf,
    other_database: PathBuf,
    other_key: PathBuf,
}

impl Files {
    pub(super) fn of(databases: &Databases, municipality: MunicipalityCode) -> Self {
        let others = MUNICIPALITIES.iter().filter_map(|it| it.parse().ok());
        let other = others.into_iter().find(|it| *it != municipality);
        let other = other.expect("there are three");
        let database = databases.file(municipality);
        Self {
            copy: database.with_extension("copy"),
            key: databases.key(municipality),
            high_water: databases.mark(municipality),
            other_key: databases.key(other),
            other_database: databases.file(other),
            database,
            municipality,
        }
    }

    /// A copy as a backup makes it.
    pub(super) fn keep(&self) -> io::Result<()> {
        self.sqlite(&[&format!(".backup '{}'", self.copy.display())])
    }

    pub(super) fn sqlite(&self, commands: &[&str]) -> io::Result<()> {
        run(sqlite(&self.database).args(commands)).map(drop)
    }

    /// Another program imports that nothing is to be issued to this resident any more.
    async fn stop(
        &self,
        town: &Town,
        resident: &Resident,
        databases: &Databases,
    ) -> io::Result<()> {
        let header = import::header();
        let stopped = header.iter().position(|name| *name == "利用停止");
        let stopped = stopped.ok_or(io::ErrorKind::NotFound)?;
        let all = town.people.records.iter();
        let mut own = all.filter(|(municipality, _)| *municipality == self.municipality);
        let (_, records) = own.next().ok_or(io::ErrorKind::NotFound)?;
        let mut file = header.join(",");
        for row in records.lines() {
            if row.starts_with(resident.number.expose()) {
                let mut cells: Vec<_> = row.split(',').collect();
                cells[stopped] = "1";
                file = file + "\n" + &cells.join(",");
            }
        }
        let entries = import::parse(file.as_bytes()).map_err(|_| io::ErrorKind::InvalidData)?;
        let division = Division::open(&databases.folders(), self.municipality).await;
        let division = division.map_err(io::Error::other)?;
        let imported = division.import(&entries, town.now()).await;
        division.close().await;
        imported.map(drop).map_err(io::Error::other)
    }

    /// Puts the copy in place of the file.
    pub(super) fn put_back(&self, databases: &Databases) -> io::Result<()> {
        self.harm(Damage::Stale, databases)
    }

    fn harm(&self, damage: Damage, databases: &Databases) -> io::Result<()> {
        let without_log = || {
            for rest in ["sqlite-wal", "sqlite-shm"] {
                drop(fs::remove_file(self.database.with_extension(rest)));
            }
        };
        match damage {
            Damage::Empty => {
                without_log();
                fs::write(&self.database, "")
            }
            Damage::Missing => {
                without_log();
                fs::remove_file(&self.database)
            }
            Damage::OtherKey => fs::copy(&self.other_key, &self.key).map(drop),
            Damage::NoKey => fs::remove_file(&self.key),
            Damage::OtherDatabase => {
                without_log();
                fs::copy(&self.other_database, &self.database).map(drop)
            }
            Damage::Stale => {
                without_log();
                fs::copy(&self.copy, &self.database).map(drop)
            }
            Damage::NoHighWater => fs::remove_file(&self.high_water),
            Damage::Nobody => self.sqlite(&["DELETE FROM dose; DELETE FROM person"]),
            Damage::PersonGone => self.sqlite(&[
                &format!("DELETE FROM dose WHERE person = {HOLDER}"),
                &format!("DELETE FROM person WHERE id = {HOLDER}"),
            ]),
            Damage::EntryGone => self.sqlite(&[
                ".imposter sqlite_autoindex_person_1 entry",
                &format!("DELETE FROM entry WHERE _ROWID_ = {HOLDER}"),
            ]),
            Damage::CertificateGone => {
                self.sqlite(&[&format!("DELETE FROM certificate WHERE id = {EARLIER}")])
            }
            Damage::CertificateEntryGone => self.sqlite(&[
                ".imposter certificate_by_person entry",
                &format!("DELETE FROM entry WHERE _ROWID_ = {EARLIER}"),
            ]),
            Damage::Full => databases.fill(),
            Damage::Locked => Ok(()),
        }
    }

    /// Writes, and does not come to an end.
    async fn hold(&self, databases: &Databases) -> io::Result<Session> {
        let division = Division::open(&databases.folders(), self.municipality).await;
        let session = division.map_err(io::Error::other)?.begin().await;
        session.map_err(io::Error::other)
    }
}
