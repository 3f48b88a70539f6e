//! G13, a municipality sees its own: on SQLite, where each has a file and a key of its own. On PostgreSQL there is nothing yet.
//!
//! Residents ask other municipalities than theirs. Then one municipality's database, its key, its mark of how old it may be lie where another's were,
//! with its name changed inside at last; then rows of the one stand in the other's, beside its own and in their place. Nobody may be given what is
//! another municipality's. One municipality revokes another's certificate, and its database is attached to another's by the library that the record
//! system has. The program for one municipality is run where the others' files are not, and changes nothing where they are.
//!
//! Control: all are given their own where nothing was exchanged; the judge is shown others' records; others' rows are given where they were sealed
//! for the place in which they lie; a municipality revokes its own; the machine's own SQLite attaches; a file has its values in common with what it
//! was before all of it was written anew; and the program for another municipality changes, and needs, what is not this one's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use issuance_api::MunicipalityCode;
use issuance_api::terminal::Preview;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};
use vrs::import;
use vrs::storage::{Division, Revocation};

use super::{Report, Size};
use crate::applicant::{Applicant, problem};
use crate::simulator::town::{Open, Town, kiosk};
use crate::simulator::{Databases, Records, Resident};
use crate::world::{Ground, MUNICIPALITIES, run as run_program, sqlite};

/// What of one municipality's lies at another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exchange {
    Database,
    AndKey,
    AndMark,
    AndName,
    RowsBeside,
    RowsInstead,
}

impl Exchange {
    const ALL: [Self; 6] = [
        Self::Database,
        Self::AndKey,
        Self::AndMark,
        Self::AndName,
        Self::RowsBeside,
        Self::RowsInstead,
    ];

    /// On a record system that does not run.
    fn make(
        self,
        databases: &Databases,
        from: MunicipalityCode,
        to: MunicipalityCode,
    ) -> io::Result<()> {
        let copy = |file: fn(&Databases, MunicipalityCode) -> std::path::PathBuf| {
            fs::copy(file(databases, from), file(databases, to)).map(drop)
        };
        let database = databases.file(to);
        if matches!(self, Self::RowsBeside | Self::RowsInstead) {
            let attached = format!("ATTACH '{}' AS other;", databases.file(from).display());
            // The sentinel has no doses.
            let rows = match self {
                Self::RowsBeside => {
                    "INSERT INTO person SELECT * FROM other.person WHERE id IN (SELECT person FROM other.dose); \
                     INSERT INTO dose SELECT * FROM other.dose;"
                }
                _ => {
                    "UPDATE person SET (number, record_version, attributes) = (SELECT number, record_version, attributes \
                     FROM other.person WHERE id IN (SELECT person FROM other.dose)) WHERE id IN (SELECT person FROM dose);"
                }
            };
            return sql(&database, &format!("{attached} {rows}")).map(drop);
        }
        copy(Databases::file)?;
        if self == Self::Database {
            return Ok(());
        }
        copy(Databases::key)?;
        if self == Self::AndKey {
            return Ok(());
        }
        copy(Databases::mark)?;
        if self == Self::AndMark {
            return Ok(());
        }
        let name = format!("UPDATE division SET municipality = '{to}'");
        sql(&database, &name).map(drop)
    }
}

/// G13.
///
/// # Errors
/// If a world cannot be set up.
pub fn run(size: Size) -> io::Result<Report> {
    let mut report = Report::default();
    let town = Town::prepare(size.of(6, 60))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        asked(&town, &mut report).await?;
        exchanged(&town, size, &mut report).await?;
        sealed_there(&town, &mut report).await?;
        revoked(&town, &mut report).await?;
        attached(&town, &mut report).await?;
        in_common(&town, &mut report).await
    })?;
    alone(&town.ground, &mut report)?;
    Ok(report)
}

fn municipalities() -> Vec<MunicipalityCode> {
    let codes = MUNICIPALITIES.iter();
    codes
        .map(|it| it.parse().expect("a municipality's code"))
        .collect()
}

/// What came of asking.
#[derive(Default)]
struct Answers {
    own: usize,
    others: usize,
    refused: BTreeMap<&'static str, usize>,
}

impl Answers {
    fn judge(&mut self, resident: &Resident, preview: &Preview) {
        match resident.is_previewed_by(preview) {
            true => self.own += 1,
            false => self.others += 1,
        }
    }

    /// With all the proof there is; what was given.
    async fn ask(
        &mut self,
        open: &Open<Records>,
        resident: &Resident,
        at: MunicipalityCode,
    ) -> io::Result<Option<Preview>> {
        let applicant = Applicant::new(open.terminal(kiosk(1)));
        let identified = applicant.identify(resident.card()).await;
        let ticket = identified.map_err(io::Error::other)?.ticket;
        match applicant.inquire(&ticket, at).await {
            Ok(shown) => {
                self.judge(resident, &shown.preview);
                Ok(Some(shown.preview))
            }
            Err(error) => {
                *self.refused.entry(problem(&error).as_str()).or_default() += 1;
                Ok(None)
            }
        }
    }
}

/// Everybody, everywhere.
async fn asked(town: &Town, report: &mut Report) -> io::Result<()> {
    let open = town.open().await?;
    let mut answers = Answers::default();
    let mut shown = Answers::default();
    let residents = &town.people.residents;
    for (resident, next) in residents.iter().zip(residents.iter().cycle().skip(1)) {
        for at in municipalities() {
            if let Some(preview) = answers.ask(&open, resident, at).await? {
                shown.judge(next, &preview);
            }
        }
    }
    open.vrs.close().await;
    report.counted("asked elsewhere, refused", &answers.refused);
    report.figure("given elsewhere", answers.others, 0);
    report.control(
        "given at home, where nothing is exchanged",
        answers.own,
        residents.len(),
    );
    report.control(
        "others' records, shown to the judge",
        shown.others,
        residents.len(),
    );
    Ok(())
}

/// Rows of the one in the other's file, sealed for where they lie: as the other's own import writes them. What refuses an exchange is out of the way.
async fn sealed_there(town: &Town, report: &mut Report) -> io::Result<()> {
    let [(from, rows), (to, own), ..] = &town.people.records[..] else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let (_, rows) = rows.split_once('\n').unwrap_or_default();
    let records = [(*to, format!("{own}{rows}"))];
    let others = town.people.records.iter().filter(|(code, _)| code != to);
    let records: Vec<_> = records.into_iter().chain(others.cloned()).collect();
    let open = town.open_in(Databases::new(&records, town.now()).await?)?;
    let mut answers = Answers::default();
    for resident in &town.people.residents {
        if resident.municipality == *from {
            answers.ask(&open, resident, *to).await?;
        }
    }
    open.vrs.close().await;
    report.finds(
        "given another municipality's, where its rows are sealed for the place in which they lie",
        answers.others,
    );
    Ok(())
}

/// Certificates of a resident of each municipality, revoked by all others and then by their own.
async fn revoked(town: &Town, report: &mut Report) -> io::Result<()> {
    let open = town.open().await?;
    let (mut by_others, mut unknown, mut by_own) = (0, 0, 0);
    for home in municipalities() {
        let theirs = |resident: &&Resident| resident.municipality == home;
        let resident = town.people.residents.iter().find(theirs);
        let resident = resident.ok_or(io::ErrorKind::NotFound)?;
        let applicant = Applicant::new(open.terminal(kiosk(1)));
        let (_, issued) = applicant
            .certificate(resident.card(), home)
            .await
            .map_err(io::Error::other)?;
        let id = issued.certificate_id;
        for at in municipalities().into_iter().filter(|at| *at != home) {
            match open.revoke(at, &id).await.map_err(io::Error::other)? {
                Revocation::Unknown => unknown += 1,
                Revocation::Revoked | Revocation::Already => by_others += 1,
            }
        }
        let own = open.revoke(home, &id).await.map_err(io::Error::other)?;
        by_own += usize::from(own == Revocation::Revoked);
    }
    open.vrs.close().await;
    report.told(
        "certificates that another municipality does not know",
        unknown,
    );
    report.figure("revoked by another municipality", by_others, 0);
    report.control("revoked by their own", by_own, municipalities().len());
    Ok(())
}

/// One municipality's database attached to another's: by the library that the record system is built with, and by the machine's.
async fn attached(town: &Town, report: &mut Report) -> io::Result<()> {
    let open = town.open().await?;
    open.vrs.close().await;
    let [from, to, ..] = municipalities()[..] else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let attach = format!("ATTACH '{}' AS other", open.databases.file(from).display());
    let options = SqliteConnectOptions::new().filename(open.databases.file(to));
    let mut connection = options.connect().await.map_err(io::Error::other)?;
    let done = sqlx::query(AssertSqlSafe(attach.clone()));
    let done = done.execute(&mut connection).await;
    let refused = done.is_err_and(|error| error.to_string().contains("too many attached"));
    report.figure("attached to another's database", !refused, false);
    let count = format!("{attach}; SELECT count(*) FROM other.person");
    let count = sql(&open.databases.file(to), &count)?;
    report.control(
        "attached by the machine's SQLite",
        count.trim() != "0",
        true,
    );
    Ok(())
}

/// Every exchange, of two municipalities or of all.
async fn exchanged(town: &Town, size: Size, report: &mut Report) -> io::Result<()> {
    let all = municipalities();
    let mut answers = Answers::default();
    let mut exchanges = 0;
    for (n, from) in all.iter().enumerate() {
        for to in all.iter().filter(|it| *it != from) {
            if size == Size::Small && n > 0 {
                continue;
            }
            for exchange in Exchange::ALL {
                let open = town.open().await?;
                open.vrs.close().await;
                exchange.make(&open.databases, *from, *to)?;
                let open = open.restarted(town).await?;
                for resident in &town.people.residents {
                    if [*from, *to].contains(&resident.municipality) {
                        answers.ask(&open, resident, *to).await?;
                    }
                }
                open.vrs.close().await;
                exchanges += 1;
            }
        }
    }
    report.told("exchanges of files and rows", exchanges);
    report.counted("asked after them, refused", &answers.refused);
    report.told(
        "given their own all the same, beside others' rows",
        answers.own,
    );
    report.figure("given another municipality's", answers.others, 0);
    Ok(())
}

/// One person's records in two municipalities: nothing in the one file tells that they are the other's too.
async fn in_common(town: &Town, report: &mut Report) -> io::Result<()> {
    let codes = municipalities();
    let (_, records) = &town.people.records[0];
    let both = [codes[0], codes[1]].map(|code| (code, records.clone()));
    let databases = Databases::new(&both, town.now()).await?;
    let values = |code: MunicipalityCode| -> io::Result<BTreeSet<String>> {
        let columns = "SELECT hex(number_index) FROM person UNION SELECT hex(number) FROM person UNION \
                       SELECT hex(attributes) FROM person UNION SELECT hex(attributes) FROM dose UNION \
                       SELECT CAST(id AS TEXT) FROM person WHERE id IN (SELECT person FROM dose)";
        let values = sql(&databases.file(code), columns)?;
        Ok(values.lines().map(str::to_owned).collect())
    };
    let [first, second] = [values(codes[0])?, values(codes[1])?];
    let common = first.intersection(&second).count();
    report.figure(
        "values that two files of one person have in common",
        common,
        0,
    );
    // Other lots of the same people.
    let anew = records.replace(",L", ",M");
    let anew = import::parse(anew.as_bytes());
    let anew = anew.map_err(|_| io::Error::other("records that are none"))?;
    let division = Division::open(&databases.folders(), codes[0]).await;
    let division = division.map_err(io::Error::other)?;
    let imported = division.import(&anew, town.now()).await;
    imported.map_err(io::Error::other)?;
    division.close().await;
    let again = values(codes[0])?;
    report.finds(
        "values that one file has in common with itself, with all of it written anew",
        first.intersection(&again).count(),
    );
    report.finds("values that it does not", first.difference(&again).count());
    Ok(())
}

/// The program for one municipality, with and without the others' files.
fn alone(ground: &Ground, report: &mut Report) -> io::Result<()> {
    let [own, another, ..] = MUNICIPALITIES;
    let import = |municipality: &str| {
        let records = crate::world::repository().join("tests/data/vrs");
        let mut import = ground.vrs();
        import.args(["import", "--municipality", municipality]);
        run_program(import.arg(records.join(municipality).with_extension("csv")))
    };
    let files = || -> io::Result<BTreeMap<String, Vec<u8>>> {
        let mut files = BTreeMap::new();
        for folder in ["vrs/data", "vrs/keys", "vrs/keys/marks"] {
            for entry in ground.path(folder).read_dir()? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if entry.path().is_file() && !name.starts_with(own) {
                    files.insert(format!("{folder}/{name}"), fs::read(entry.path())?);
                }
            }
        }
        Ok(files)
    };
    let before = files()?;
    import(own)?;
    let changed = before != files()?;
    report.figure("others' files changed by a program for one", changed, false);
    import(another)?;
    let after = files()?;
    let changed = after
        .iter()
        .filter(|(name, content)| before.get(*name) != Some(content));
    report.finds("files changed by a program for another", changed.count());
    let before = after;
    for name in before.keys() {
        fs::remove_file(ground.path(name))?;
    }
    let needs = |municipality| -> io::Result<bool> {
        Ok(import(municipality).is_err() || !files()?.is_empty())
    };
    let needed = needs(own)?;
    let needed_by_another = needs(another)?;
    for (name, content) in &before {
        fs::write(ground.path(name), content)?;
    }
    report.figure("others' files needed or made by it", needed, false);
    report.control(
        "files needed or made by a program for another",
        needed_by_another,
        true,
    );
    Ok(())
}

fn sql(database: &Path, statements: &str) -> io::Result<String> {
    let answer = run_program(sqlite(database).arg(statements))?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
