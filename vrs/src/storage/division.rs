//! One municipality's database: made once, opened for that municipality alone.

use std::{
    fs::{DirBuilder, OpenOptions},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use card::number::IndividualNumber;
use issuance_api::MunicipalityCode;
use sqlx::{
    SqlSafeStr, SqlitePool,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::{
    sync::{Mutex as AsyncMutex, MutexGuard as AsyncGuard, Semaphore},
    time::timeout,
};

use super::{
    Folders, Found, KeyError, Operation, Reading, Session, Unavailable,
    census::{Looked, Moment},
    cipher::{Cipher, Identity},
    high_water,
    session::{PersonRow, insert_sentinel},
};

/// The migrations of a database, oldest first: what each is about, and its file.
static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let files = [
        (
            "division",
            include_str!("../../migrations/sqlite/0001_division.sql"),
        ),
        (
            "certificates of a person",
            include_str!("../../migrations/sqlite/0002_certificates_of_a_person.sql"),
        ),
    ];
    let migrations = files.into_iter().zip(1..).map(|((what, sql), version)| {
        let kind = MigrationType::Simple;
        Migration::new(version, what.into(), kind, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
});

/// Waiting for other transactions of this process before giving up.
const TURN: Duration = Duration::from_secs(3);
/// How often persons are looked through for one inquiry, where others write again and again.
const LOOKS: usize = 3;
/// Waiting for another process's, `vrs import`, before giving up.
const BUSY: Duration = Duration::from_secs(2);
/// Making a database, which nobody waits for, on the slowest of disks.
const MADE_WITHIN: Duration = Duration::from_secs(60);

/// Connections to one database that only read.
const READERS: u32 = 3;
/// The one that writes: always the same, since what a connection has read of the file is void whenever another wrote.
const WRITERS: u32 = 1;

/// Files one division has open at most: database and write-ahead log of each connection, their shared index, and the
/// high-water mark while it is read.
pub const FILES: usize = 2 * (READERS + WRITERS) as usize + 2;

/// Why no division was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// There is a database already.
    #[error("there is a database already")]
    Exists,
    /// The key file: one that exists may be the only key to a backup, and is never replaced.
    #[error("the key file was not made: {0}")]
    Key(KeyError),
    /// A file could not be written.
    #[error("a file could not be written")]
    File,
    /// The database failed.
    #[error("the database failed")]
    Database,
}

/// The open database of one municipality.
pub struct Division {
    pub(super) municipality: MunicipalityCode,
    pub(super) readers: SqlitePool,
    pub(super) writer: SqlitePool,
    pub(super) cipher: Cipher,
    pub(super) high_water: PathBuf,
    pub(super) key: PathBuf,
    database: PathBuf,
    /// Whose turn it is to write: so at most one connection waits for another process, and the others read.
    turns: Arc<Semaphore>,
    /// Device and inode of the file opened.
    identity: Inode,
    /// And of its write-ahead log: what is committed after that was taken away is in no file that anybody will ever open.
    log: Inode,
    /// When persons were last looked through.
    looked: Mutex<Option<Looked>>,
    /// Whose turn it is to look through them.
    looking: AsyncMutex<()>,
    /// How many connections that write there have been: one after the other.
    connections: Arc<AtomicU64>,
}

/// Device and inode.
type Inode = (u64, u64);

impl Division {
    /// Makes key, high-water mark and an empty database with its sentinel. Nothing else ever makes one.
    ///
    /// # Errors
    /// [`CreateError`]; what exists is not touched.
    pub async fn create(
        folders: &Folders,
        municipality: MunicipalityCode,
        now: i64,
    ) -> Result<(), CreateError> {
        let database = folders.database(municipality);
        if database.exists() {
            return Err(CreateError::Exists);
        }
        for folder in [&folders.data, &folders.keys, &folders.marks()] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(|_| CreateError::File)?;
        }
        let cipher =
            Cipher::create(&folders.key(municipality), municipality).map_err(CreateError::Key)?;
        high_water::create(&folders.epoch(municipality)).map_err(|_| CreateError::File)?;

        // Under another name until it is whole: an interrupted `init` leaves no database that could be opened.
        let unfinished = database.with_extension("sqlite.new");
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)
            .map_err(|_| CreateError::File)?;
        fill(&unfinished, municipality, &cipher, now)
            .await
            .map_err(|_| CreateError::Database)?;
        std::fs::rename(&unfinished, &database).map_err(|_| CreateError::File)
    }

    /// Opens the database of this municipality, and checks that it is.
    ///
    /// # Errors
    /// [`Unavailable`], whatever the cause: a file is never made here.
    pub async fn open(
        folders: &Folders,
        municipality: MunicipalityCode,
    ) -> Result<Arc<Self>, Unavailable> {
        let database = folders.database(municipality);
        let metadata = std::fs::metadata(&database).map_err(|_| Unavailable::Missing)?;
        if metadata.len() == 0 {
            return Err(Unavailable::Empty);
        }
        let key = folders.key(municipality);
        let cipher = Cipher::load(&key, municipality).map_err(|_| Unavailable::Key)?;
        let connections = Arc::default();
        let writer = connect(&database, WRITERS, BUSY, &connections).await?;
        // Where no file is missing, the log is there from the first connection to the last, and one is always open.
        let (stated, attaches_none): (String, bool) = sqlx::query_as(
            "SELECT municipality, sqlite_compileoption_used('MAX_ATTACHED=0') FROM division",
        )
        .fetch_one(&writer)
        .await?;
        if !attaches_none {
            return Err(Unavailable::Library);
        }
        if stated != municipality.as_str() {
            return Err(Unavailable::OtherMunicipality);
        }
        let log = inode(&log_of(&database))?;
        let division = Arc::new(Self {
            municipality,
            readers: connect(&database, READERS, BUSY, &Arc::default()).await?,
            writer,
            cipher,
            high_water: folders.epoch(municipality),
            key,
            database,
            turns: Arc::new(Semaphore::new(1)),
            identity: (metadata.dev(), metadata.ino()),
            log,
            looked: Mutex::default(),
            looking: AsyncMutex::default(),
            connections,
        });
        let is_stated = division.read().await?.states_register();
        // Only a database known to be this municipality's is brought to this program's schema.
        MIGRATIONS
            .run(&division.writer)
            .await
            .map_err(|_| Unavailable::Database)?;
        if !is_stated {
            division.begin().await?.state_register().await?;
        }
        Ok(division)
    }

    /// Whose it is.
    #[must_use]
    pub const fn municipality(&self) -> MunicipalityCode {
        self.municipality
    }

    /// Begins a transaction that may write, and finds the sentinel in it. Waits five seconds at most.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn begin(self: &Arc<Self>) -> Result<Session, Unavailable> {
        let (session, _) = self.begin_with(&Identity::Sentinel).await?;
        Ok(session)
    }

    /// As [`begin`](Self::begin), and finds the person with this number. Where somebody else has written since persons were last
    /// looked through, they are first.
    ///
    /// # Errors
    /// [`Unavailable`], also if a row does not open, a dose is missing, or persons or register are not what the sentinel states.
    pub async fn begin_for(
        self: &Arc<Self>,
        number: &IndividualNumber,
    ) -> Result<(Session, Option<Found>), Unavailable> {
        let identity = Identity::Number(number.expose());
        for _ in 0..LOOKS {
            let (session, row) = self.begin_with(&identity).await?;
            let now = session.moment();
            if self.has_looked_at(now) {
                self.is_whole()?;
                let found = row.map(|row| self.open_person(row, number)).transpose()?;
                return Ok((session, found));
            }
            // Whoever writes does not wait for it.
            drop(session);
            self.look_at(now).await?;
        }
        Err(Unavailable::Busy)
    }

    async fn begin_with(
        self: &Arc<Self>,
        identity: &Identity<'_>,
    ) -> Result<(Session, Option<PersonRow>), Unavailable> {
        self.is_in_place()?;
        let turn = timeout(TURN, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| Unavailable::Busy)?;
        let turn = turn.expect("the semaphore is never closed");
        Session::begin(Arc::clone(self), turn, identity).await
    }

    /// Begins a transaction that only reads, and finds the sentinel in it. Waits for no writer.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn read(self: &Arc<Self>) -> Result<Reading, Unavailable> {
        self.is_in_place()?;
        let (division, readers) = (Arc::clone(self), self.readers.clone());
        let (reading, _) =
            Reading::begin(division, (&readers, "BEGIN"), &Identity::Sentinel).await?;
        Ok(reading)
    }

    /// Looks through all persons and the register, where somebody else has written since that was done; `anew` in any case. Writers do not wait for
    /// it, nor it for them: while there is one, it is not known whether somebody else has written.
    ///
    /// # Errors
    /// [`Unavailable`]; [`Unavailable::Persons`] or [`Unavailable::Certificates`] if they are not what the sentinel states, now or when they were last looked through.
    pub async fn look(self: &Arc<Self>, anew: bool) -> Result<(), Unavailable> {
        let now = match self.writer.try_acquire() {
            Some(mut writer) => {
                let version = sqlx::query_scalar("SELECT data_version FROM pragma_data_version");
                Some(self.moment(version.fetch_one(&mut *writer).await?))
            }
            None => None,
        };
        let never = self.last_look().is_none();
        if anew || never || now.is_some_and(|now| !self.has_looked_at(now)) {
            // After that: what is committed meanwhile is of a later moment.
            let _looking = self.turn_to_look().await?;
            let wrong = self.read().await?.wrong().await?;
            if now.is_some() || wrong.is_some() {
                self.looked(now, wrong);
            }
        }
        self.is_whole()
    }

    /// The same for whoever needs it done: all who ask at once wait for the first of them.
    async fn look_at(self: &Arc<Self>, now: Moment) -> Result<(), Unavailable> {
        let _looking = self.turn_to_look().await?;
        if !self.has_looked_at(now) {
            let wrong = self.read().await?.wrong().await?;
            self.looked(Some(now), wrong);
        }
        self.is_whole()
    }

    async fn turn_to_look(&self) -> Result<AsyncGuard<'_, ()>, Unavailable> {
        let turn = timeout(TURN, self.looking.lock()).await;
        turn.map_err(|_| Unavailable::Busy)
    }

    /// Of the connection that writes, which says that this is its `data_version`.
    pub(super) fn moment(&self, version: i64) -> Moment {
        Moment {
            connection: self.connections.load(Ordering::Relaxed),
            version,
        }
    }

    pub(super) fn has_looked_at(&self, moment: Moment) -> bool {
        self.last_look()
            .is_some_and(|looked| looked.at == Some(moment))
    }

    pub(super) fn looked(&self, at: Option<Moment>, wrong: Option<Unavailable>) {
        *self.last_look() = Some(Looked { at, wrong });
    }

    /// Whether persons and register were what the sentinel states, when they were last looked through.
    ///
    /// # Errors
    /// [`Unavailable::Persons`], [`Unavailable::Certificates`]
    pub fn is_whole(&self) -> Result<(), Unavailable> {
        let looked = *self.last_look();
        looked.and_then(|looked| looked.wrong).map_or(Ok(()), Err)
    }

    fn last_look(&self) -> MutexGuard<'_, Option<Looked>> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what is committed is in the files that whoever comes next will open.
    pub(super) fn is_in_place(&self) -> Result<(), Unavailable> {
        // Two stats, and in `Reading::begin` one small read: too short to be worth a thread.
        let log = inode(&log_of(&self.database)).map_err(|_| Unavailable::Replaced);
        if inode(&self.database)? != self.identity || log? != self.log {
            return Err(Unavailable::Replaced);
        }
        Ok(())
    }

    /// Ends all connections, so that the database is one file again.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn log_of(database: &Path) -> PathBuf {
    database.with_extension("sqlite-wal")
}

fn inode(file: &Path) -> Result<Inode, Unavailable> {
    let metadata = std::fs::metadata(file).map_err(|_| Unavailable::Missing)?;
    Ok((metadata.dev(), metadata.ino()))
}

async fn connect(
    database: &Path,
    connections: u32,
    within: Duration,
    made: &Arc<AtomicU64>,
) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        // A receipt promises that the register holds the certificate: it has to outlive a power cut.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .pragma("secure_delete", "ON")
        // What does not fit into memory would go to files of their own.
        .pragma("temp_store", "MEMORY")
        .pragma("trusted_schema", "OFF");
    let made = Arc::clone(made);
    SqlitePoolOptions::new()
        .max_connections(connections)
        // The last connection that closes takes the log away: none closes before the division does.
        .idle_timeout(None)
        .max_lifetime(None)
        // What a server far away may need: here it is one more change of thread for each transaction.
        .test_before_acquire(false)
        .acquire_timeout(within)
        .after_connect(move |_, _| {
            made.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { Ok(()) })
        })
        .connect_with(options)
        .await
}

async fn fill(
    database: &Path,
    municipality: MunicipalityCode,
    cipher: &Cipher,
    now: i64,
) -> Result<(), sqlx::Error> {
    let pool = connect(database, WRITERS, MADE_WITHIN, &Arc::default()).await?;
    MIGRATIONS.run(&pool).await?;
    let mut transaction = pool.begin().await?;
    sqlx::query("INSERT INTO division (singleton, municipality) VALUES (1, ?)")
        .bind(municipality.as_str())
        .execute(&mut *transaction)
        .await?;
    insert_sentinel(&mut transaction, cipher, municipality).await?;
    Operation::Created.append(&mut transaction, now).await?;
    transaction.commit().await?;
    pool.close().await;
    Ok(())
}
