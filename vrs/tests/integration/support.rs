//! What the tests share: folders, synthetic people, CSV rows.

use std::sync::Arc;
use std::time::Duration;

use card::number::IndividualNumber;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use vrs::{
    import,
    storage::{Division, Folders, Imported, Unavailable},
};

/// The n-th synthetic person's number.
pub(crate) fn number(n: u64) -> IndividualNumber {
    IndividualNumber::from_eleven(&format!("{n:011}")).unwrap()
}

/// Folders of their own, with these municipalities initialised.
pub(crate) struct Place {
    pub(crate) folders: Folders,
    _folder: tempfile::TempDir,
}

impl Place {
    pub(crate) async fn new(municipalities: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders {
            data: folder.path().join("data"),
            keys: folder.path().join("keys"),
        };
        for code in municipalities {
            Division::create(&folders, code.parse().unwrap(), 0)
                .await
                .unwrap();
        }
        Self {
            folders,
            _folder: folder,
        }
    }

    pub(crate) async fn open(&self, code: &str) -> Result<Arc<Division>, Unavailable> {
        Division::open(&self.folders, code.parse().unwrap()).await
    }

    pub(crate) async fn import(&self, code: &str, file: &str) -> Imported {
        let entries = import::parse(file.as_bytes()).unwrap();
        let division = self.open(code).await.unwrap();
        // A process that another test begins has the lock of the import before, until it is a program of its own.
        let mut imported = Err(Unavailable::Busy);
        for _ in 0..200 {
            imported = division.import(&entries, 1_700_000_000).await;
            if imported != Err(Unavailable::Busy) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        division.close().await;
        imported.unwrap()
    }

    pub(crate) async fn sql(&self, code: &str, sql: &'static str) {
        self.try_sql(code, sql).await.unwrap();
    }

    pub(crate) async fn try_sql(&self, code: &str, sql: &'static str) -> Result<(), sqlx::Error> {
        let mut connection = self.connect(code).await?;
        let done = sqlx::raw_sql(sql).execute(&mut connection).await;
        connection.close().await?;
        done.map(drop)
    }

    pub(crate) async fn number_of(&self, code: &str, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(&mut self.connect(code).await.unwrap())
            .await
            .unwrap()
    }

    pub(crate) async fn texts(&self, code: &str, sql: &'static str) -> Vec<String> {
        sqlx::query_scalar(sql)
            .fetch_all(&mut self.connect(code).await.unwrap())
            .await
            .unwrap()
    }

    /// Another process's transaction, until it is dropped.
    pub(crate) async fn hold(&self, code: &str) -> SqliteConnection {
        let mut connection = self.connect(code).await.unwrap();
        let begin = sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection);
        begin.await.unwrap();
        connection
    }

    async fn connect(&self, code: &str) -> Result<SqliteConnection, sqlx::Error> {
        let path = self.folders.data.join(format!("{code}.sqlite"));
        let options = SqliteConnectOptions::new().filename(path);
        SqliteConnection::connect_with(&options).await
    }
}

/// One row of a CSV file.
#[derive(Clone)]
pub(crate) struct Row(Vec<String>);

/// A person without doses.
pub(crate) fn row(number: &IndividualNumber) -> Row {
    Row(vec![String::new(); import::header().len()])
        .set("個人番号", number.expose())
        .set("団体内統合宛名番号", "100200300")
        .set("漢字氏名", "試験　太郎")
        .set("生年月日", "19800101")
        .set("性別", "1")
}

impl Row {
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        let column = import::header()
            .iter()
            .position(|column| *column == name)
            .unwrap();
        value.clone_into(&mut self.0[column]);
        self
    }

    pub(crate) fn dose(self, date: &str, lot: &str) -> Self {
        self.set("接種日", date)
            .set("業務", "covid-19")
            .set("ワクチン名", "コミナティ筋注")
            .set("メーカー", "ファイザー")
            .set("ロット番号", lot)
    }
}

/// A file with the right header.
pub(crate) fn csv(rows: &[Row]) -> String {
    let mut file = import::header().join(",");
    for row in rows {
        file.push('\n');
        file.push_str(&row.0.join(","));
    }
    file.push('\n');
    file
}
