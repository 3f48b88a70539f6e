//! The register of issues: `reserved` → `delivered`, or → `lapsed`; either may become `revoked`.
//!
//! A certificate's sealed attributes hold what the municipality keeps of it: id, date of issue and, for abroad, the passport's
//! data, so that a kiosk's can rest on an earlier one.

use std::{cmp::Ordering, sync::Arc, time::Duration};

use issuance_api::{
    Array, CertificateId, CertificateKind, TerminalRole,
    passport::PassportData,
    registry::{Registration, RevocationPiece, Revoked},
};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, Row as _, sqlite::SqliteRow};

use super::{
    Operation, PersonNumber, Reading, Session, Unavailable,
    census::{certificates::Certificate, revocations::Listed},
    cipher::Place,
    session::{Stated, advance, random_id},
};

/// What registering came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// It stands in the register, now or from the same request before.
    Registered,
    /// The id stands there with other content, or for another application.
    Conflict,
    /// It stood there and lapsed, or was revoked.
    Void,
}

/// What a hand-over came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The register says `delivered`, now or already.
    Delivered,
    /// No such certificate of this application.
    Unknown,
    /// It lapsed before, or was revoked.
    Void,
}

/// What a revocation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// It is on the list now.
    Revoked,
    /// It was on the list already.
    Already,
    /// No such certificate here.
    Unknown,
}

/// When a reservation is over.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// [`Steady::counted`](crate::clock::Steady::counted), asked in the transaction: what this process reserved before it is not of later.
    pub counted: Duration,
    /// [`Steady::after`](crate::clock::Steady::after) that: Unix time, in seconds.
    pub now: i64,
    /// How long one lasts.
    pub limit: Duration,
}

impl Term {
    /// It is over for what was reserved before the first of these, or after the second: what is of later than now is an earlier process's, under
    /// a clock that was set back since, and is as old as this process at least.
    fn bounds(&self) -> (i64, i64) {
        let after = if self.counted > self.limit {
            self.now
        } else {
            i64::MAX
        };
        (self.now.saturating_sub(seconds(self.limit)), after)
    }

    fn is_over(&self, reserved_at: i64) -> bool {
        let (before, after) = self.bounds();
        reserved_at < before || reserved_at > after
    }
}

/// Where a certificate was issued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// キオスク端末.
    #[default]
    Kiosk,
    /// 電子交付アプリ.
    App,
    /// The municipality's counter (窓口, V17).
    Counter,
}

impl From<TerminalRole> for Origin {
    fn from(role: TerminalRole) -> Self {
        match role {
            TerminalRole::Kiosk => Self::Kiosk,
            TerminalRole::App => Self::App,
        }
    }
}

/// From when on a certificate for abroad by app or counter lets a kiosk issue another with its passport.
const RELIED_ON_SINCE: time::Date = time::macros::date!(2022 - 07 - 21);

/// A certificate's sealed attributes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry<R = Registration> {
    application: Array<16>,
    /// Entries from before this field are all of kiosks.
    #[serde(default)]
    origin: Origin,
    registration: R,
}

struct Row {
    id: i64,
    person: i64,
    state: String,
    reserved_at: i64,
    attributes: Vec<u8>,
}

impl FromRow<'_, SqliteRow> for Row {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            person: row.try_get("person")?,
            state: row.try_get("state")?,
            reserved_at: row.try_get("reserved_at")?,
            attributes: row.try_get("attributes")?,
        })
    }
}

pub(super) const OF_PERSON: &str = "SELECT id, person, state, reserved_at, attributes FROM certificate \
    WHERE person = ? AND state = 'delivered'";
pub(super) const CERTIFICATE: &str =
    "SELECT id, person, state, reserved_at, attributes FROM certificate WHERE certificate_id = ?";
/// Not those on the list, whatever their state says: what is void does not lapse, and must not keep others from lapsing.
pub(super) const LATE: &str = "SELECT id FROM \
    (SELECT id FROM certificate WHERE state = 'reserved' AND reserved_at < ? \
    UNION ALL SELECT id FROM certificate WHERE state = 'reserved' AND reserved_at > ?) AS late \
    WHERE NOT EXISTS (SELECT 1 FROM revocation WHERE certificate = late.id)";

/// Fails where the certificate stands there. With the new epoch, so that a copy from before the entry is known for what it is.
const RESERVE: &str = advance!(
    "INSERT INTO certificate \
        (id, certificate_id, person, kid, state, reserved_at, changed_at, attributes) \
        VALUES (?, ?, ?, ?, 'reserved', ?, ?, ?)"
);

/// Also voids it.
const LIST: &str = advance!(
    "UPDATE certificate SET state = ?, changed_at = ? WHERE id = ?; \
        INSERT INTO revocation (sequence, certificate, chain) VALUES (?, ?, ?)"
);

impl Reading {
    /// Of the certificates of this municipality that no longer hold, those after the first `known`, at most `limit` of them.
    ///
    /// # Errors
    /// [`Unavailable`]; [`Unavailable::Certificates`] if the list is not the one that the sentinel states.
    pub async fn revocations(
        &mut self,
        known: u64,
        limit: usize,
    ) -> Result<RevocationPiece, Unavailable> {
        let stated = self.listed()?.clone();
        let after = known.min(stated.entries);
        let sql = "SELECT chain FROM revocation WHERE sequence = ?";
        let chain: Option<Vec<u8>> = sqlx::query_scalar(sql)
            .bind(sequence(after)?)
            .fetch_optional(&mut *self.transaction)
            .await?;
        let chain = match (chain, after) {
            (Some(chain), _) => digest(&chain)?,
            (None, 0) => Revoked::CHAIN_START,
            (None, _) => return Err(Unavailable::Certificates),
        };
        let sql = "SELECT sequence, certificate_id, kid FROM revocation \
            JOIN certificate ON certificate.id = revocation.certificate \
            WHERE sequence > ? ORDER BY sequence LIMIT ?";
        let rows: Vec<(i64, String, String)> = sqlx::query_as(sql)
            .bind(sequence(after)?)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&mut *self.transaction)
            .await?;
        let mut told = Listed {
            entries: after,
            chain: chain.clone(),
        };
        let mut revoked = Vec::with_capacity(rows.len());
        for (place, id, kid) in &rows {
            let entry = entry(id, kid)?;
            told = told.with(&entry);
            if sequence(told.entries)? != *place {
                return Err(Unavailable::Certificates);
            }
            revoked.push(entry);
        }
        // A center that starts has nothing to compare it with: it would believe a shorter list, or another.
        let is_as_stated = match told.entries.cmp(&stated.entries) {
            Ordering::Less => rows.len() == limit,
            Ordering::Equal => told == stated,
            Ordering::Greater => false,
        };
        if !is_as_stated {
            return Err(Unavailable::Certificates);
        }
        Ok(RevocationPiece {
            municipality: self.division.municipality,
            entries: stated.entries,
            after,
            chain,
            revoked,
        })
    }

    /// Whether anything was reserved whose term is over, and not handed over.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn is_late(&mut self, term: Term) -> Result<bool, Unavailable> {
        let (before, after) = term.bounds();
        let late: Option<i64> = sqlx::query_scalar(LATE)
            .bind(before)
            .bind(after)
            .fetch_optional(&mut *self.transaction)
            .await?;
        Ok(late.is_some())
    }
}

impl Session {
    /// Passports of the certificates for abroad that this person was handed by app or counter since 2022-07-21 and that still
    /// hold: the latest first.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn passports(
        &mut self,
        person: PersonNumber,
    ) -> Result<Vec<Arc<PassportData>>, Unavailable> {
        let rows: Vec<Row> = sqlx::query_as(OF_PERSON)
            .bind(person.0)
            .fetch_all(&mut *self.transaction)
            .await?;
        let mut found = Vec::new();
        for row in rows {
            let Entry {
                origin,
                registration,
                ..
            } = self.open_entry(&row)?;
            let relied_on = registration.kind == CertificateKind::Abroad
                && origin != Origin::Kiosk
                && registration.issued_on.get() >= RELIED_ON_SINCE;
            if let (true, Some(passport)) = (relied_on, registration.passport) {
                found.push((registration.issued_on, row.reserved_at, passport));
            }
        }
        found.sort_by_key(|(issued_on, reserved_at, _)| {
            std::cmp::Reverse((*issued_on, *reserved_at))
        });
        Ok(found.into_iter().map(|(.., passport)| passport).collect())
    }

    /// Puts a certificate into the register, as `reserved`. The same again changes nothing.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn reserve(
        &mut self,
        person: PersonNumber,
        (application, origin): (&Array<16>, Origin),
        registration: &Registration,
        now: i64,
        term: Term,
    ) -> Result<Reservation, Unavailable> {
        let entry = Entry {
            application: application.clone(),
            origin,
            registration,
        };
        let id = random_id();
        let attributes = self.division.cipher.seal(place(id, person.0), &entry);
        let certificate_id = registration.certificate_id.to_string();
        let certificate = Certificate {
            id,
            person: person.0,
            reserved_at: term.now,
            certificate_id: &certificate_id,
            kid: registration.kid.as_str(),
            attributes: &attributes,
        };
        let tag = certificate.tag(&self.division.cipher);
        let row = sqlx::query(RESERVE)
            .bind(id)
            .bind(&certificate_id)
            .bind(person.0)
            .bind(registration.kid.as_str())
            .bind(term.now)
            .bind(now)
            .bind(attributes);
        let reserved = Operation::Reserved {
            person,
            certificate: id,
        };
        match self
            .advance_by(row, Stated::Registered(&tag), &reserved, now)
            .await
        {
            Ok(()) => Ok(Reservation::Registered),
            // It stands there: nothing of this query was done.
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                self.reserved_before(person, &entry, now, term).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What became of an entry that stands in the register.
    async fn reserved_before(
        &mut self,
        person: PersonNumber,
        entry: &Entry<&Registration>,
        now: i64,
        term: Term,
    ) -> Result<Reservation, Unavailable> {
        let row = self.certificate(&entry.registration.certificate_id).await?;
        let row = row.ok_or(Unavailable::Damaged)?;
        let known: Entry = self.open_entry(&row)?;
        let same = known.application == entry.application
            && known.origin == entry.origin
            && known.registration == *entry.registration;
        Ok(if row.person != person.0 || !same {
            Reservation::Conflict
        } else if self.holds(&row, now, term).await? {
            Reservation::Registered
        } else {
            Reservation::Void
        })
    }

    /// Notes that a certificate reached its holder. Its application says whose it is: the same found the person.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn deliver(
        &mut self,
        application: &Array<16>,
        certificate: &CertificateId,
        now: i64,
        term: Term,
    ) -> Result<Delivery, Unavailable> {
        let Some(row) = self.certificate(certificate).await? else {
            // Of a register that is whole alone.
            self.look().await?;
            return Ok(Delivery::Unknown);
        };
        if self.open_entry(&row)?.application != *application {
            return Ok(Delivery::Unknown);
        }
        if !self.holds(&row, now, term).await? {
            return Ok(Delivery::Void);
        }
        if row.state == "reserved" {
            self.set_state(row.id, "delivered", now).await?;
            let delivered = Operation::Delivered {
                certificate: row.id,
            };
            // A copy from before would void what its holder has.
            self.advance(&delivered, now).await?;
        }
        Ok(Delivery::Delivered)
    }

    /// Voids what was reserved, not handed over, and whose term is over; says how many.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn lapse(&mut self, now: i64, term: Term) -> Result<u64, Unavailable> {
        let (before, after) = term.bounds();
        let late: Vec<i64> = sqlx::query_scalar(LATE)
            .bind(before)
            .bind(after)
            .fetch_all(&mut *self.transaction)
            .await?;
        let mut count = 0;
        for certificate in late {
            match self.void(certificate, now).await {
                Ok(()) => count += 1,
                // One that was altered, of which nothing was done, keeps no other from it. The census tells of it.
                Err(Unavailable::Damaged) => {}
                Err(unavailable) => return Err(unavailable),
            }
        }
        Ok(count)
    }

    /// Revokes a certificate.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn revoke(
        &mut self,
        certificate: &CertificateId,
        now: i64,
    ) -> Result<Revocation, Unavailable> {
        let Some(row) = self.certificate(certificate).await? else {
            self.look().await?;
            return Ok(Revocation::Unknown);
        };
        if row.state == "lapsed" || row.state == "revoked" {
            return Ok(Revocation::Already);
        }
        let revoked = Operation::Revoked {
            certificate: row.id,
        };
        self.put_on_list(row.id, "revoked", &revoked, now).await?;
        Ok(Revocation::Revoked)
    }

    /// Whether it still holds; one whose time is over is voided here, whether or not the clean-up has come by.
    async fn holds(&mut self, row: &Row, now: i64, term: Term) -> Result<bool, Unavailable> {
        if row.state == "reserved" && term.is_over(row.reserved_at) {
            self.void(row.id, now).await?;
            return Ok(false);
        }
        Ok(row.state == "reserved" || row.state == "delivered")
    }

    async fn void(&mut self, certificate: i64, now: i64) -> Result<(), Unavailable> {
        let lapsed = Operation::Lapsed { certificate };
        self.put_on_list(certificate, "lapsed", &lapsed, now).await
    }

    async fn put_on_list(
        &mut self,
        certificate: i64,
        state: &'static str,
        operation: &Operation,
        now: i64,
    ) -> Result<(), Unavailable> {
        let entry = self.registered(certificate).await?;
        // After what was stated, whatever became of that: so what is missing stays missing.
        let listed = self.listed()?.with(&entry);
        let query = sqlx::query(LIST)
            .bind(state)
            .bind(now)
            .bind(certificate)
            .bind(sequence(listed.entries)?)
            .bind(certificate)
            .bind(listed.chain.as_bytes().to_vec());
        let listed = Stated::Listed(listed);
        let added = self.advance_by(query, listed, operation, now).await;
        added.map_err(|error| match error {
            // Its place is taken, or it stands there already: so the list is not the one that was stated.
            sqlx::Error::Database(error) if error.is_unique_violation() => {
                Unavailable::Certificates
            }
            error => error.into(),
        })
    }

    /// What was registered, as it goes onto the list: no other certificate gets there by an entry that was altered.
    async fn registered(&mut self, certificate: i64) -> Result<Revoked, Unavailable> {
        let sql = "SELECT certificate_id, kid, person, attributes FROM certificate WHERE id = ?";
        let (id, kid, person, attributes): (String, String, i64, Vec<u8>) = sqlx::query_as(sql)
            .bind(certificate)
            .fetch_one(&mut *self.transaction)
            .await?;
        let said = entry(&id, &kid)?;
        let cipher = &self.division.cipher;
        let Entry { registration, .. }: Entry =
            cipher.open(place(certificate, person), &attributes)?;
        let is_own =
            (registration.certificate_id, &registration.kid) == (said.certificate_id, &said.kid);
        is_own.then_some(said).ok_or(Unavailable::Damaged)
    }

    async fn set_state(
        &mut self,
        certificate: i64,
        state: &'static str,
        now: i64,
    ) -> Result<(), Unavailable> {
        sqlx::query("UPDATE certificate SET state = ?, changed_at = ? WHERE id = ?")
            .bind(state)
            .bind(now)
            .bind(certificate)
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    async fn certificate(&mut self, id: &CertificateId) -> Result<Option<Row>, Unavailable> {
        Ok(sqlx::query_as(CERTIFICATE)
            .bind(id.to_string())
            .fetch_optional(&mut *self.transaction)
            .await?)
    }

    fn open_entry(&self, row: &Row) -> Result<Entry, Unavailable> {
        Ok(self
            .division
            .cipher
            .open(place(row.id, row.person), &row.attributes)?)
    }
}

fn sequence(number: u64) -> Result<i64, Unavailable> {
    i64::try_from(number).map_err(|_| Unavailable::Damaged)
}

fn digest(chain: &[u8]) -> Result<Array<32>, Unavailable> {
    let chain: [u8; 32] = chain.try_into().map_err(|_| Unavailable::Damaged)?;
    Ok(Array::new(chain))
}

fn entry(id: &str, kid: &str) -> Result<Revoked, Unavailable> {
    Ok(Revoked {
        certificate_id: id.parse().map_err(|_| Unavailable::Damaged)?,
        kid: kid.parse().map_err(|_| Unavailable::Damaged)?,
    })
}

const fn place(row: i64, person: i64) -> Place {
    Place {
        table: "certificate",
        row,
        bound_to: person,
    }
}

fn seconds(limit: Duration) -> i64 {
    i64::try_from(limit.as_secs()).expect("lifetimes are minutes")
}
