//! The operation log of a municipality (S3): closed events by internal numbers, one JSON object each, only ever appended.

use issuance_api::{Array, CenterId, CertificateKind, ProgrammeId, TerminalUrn};
use serde::Serialize;
use sqlx::SqliteConnection;

use super::{Imported, PersonNumber};

/// What was done.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Operation {
    /// The database was made.
    Created,
    /// A file was taken over.
    Imported(Imported),
    /// An inquiry was answered.
    Released {
        /// Whose records; nothing if no such person is registered.
        person: Option<PersonNumber>,
        /// The application.
        application: Array<16>,
        /// The center that asked.
        center: CenterId,
        /// The terminal it asked for.
        terminal: TerminalUrn,
        /// Programme.
        programme: ProgrammeId,
        /// Kind of certificate.
        kind: CertificateKind,
        /// What was said.
        outcome: OutcomeName,
    },
    /// A certificate was registered.
    Reserved {
        /// Whose.
        person: PersonNumber,
        /// Row of the register.
        certificate: i64,
    },
    /// A certificate was handed over.
    Delivered {
        /// Row of the register.
        certificate: i64,
    },
    /// A certificate was not handed over in time.
    Lapsed {
        /// Row of the register.
        certificate: i64,
    },
    /// A certificate was revoked by the municipality.
    Revoked {
        /// Row of the register.
        certificate: i64,
    },
}

/// An outcome without what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeName {
    /// Records were released.
    Records,
    /// No person with this number was ever registered here.
    NoSuchPerson,
    /// The municipality has to look first.
    ConfirmationNeeded,
    /// 転出.
    MovedOut,
    /// 死亡.
    Deceased,
    /// 利用停止.
    Stopped,
    /// No certificate for abroad with this passport.
    PassportUnknown,
}

impl Operation {
    pub(super) async fn append(
        &self,
        connection: &mut SqliteConnection,
        now: i64,
    ) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO operation (at, event) VALUES (?, ?)")
            .bind(now)
            .bind(self.event())
            .execute(connection)
            .await?;
        Ok(())
    }

    /// As it stands in the log.
    pub(super) fn event(&self) -> String {
        serde_json::to_string(self).expect("operations have only string keys")
    }
}
