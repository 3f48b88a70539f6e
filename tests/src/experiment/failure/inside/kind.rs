//! What can fail there, and how.

/// What fails, for as long as it lasts. In this order two are brought about: first what is written there, then what is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Inside {
    /// What is released or changed is written into the operation log.
    Log,
    /// A certificate is registered.
    Reserve,
    /// It is handed over, or voided.
    Deliver,
    /// It is put on the list of what no longer holds.
    Entry,
    /// The data epoch moves on.
    Epoch,
    /// All of that is made to last.
    Commit,
    /// Whose a database is, when it is opened.
    Opened,
    /// Which migrations it has had, then.
    Schema,
    /// The register is looked through: the index by which a person's certificates are found.
    Theirs,
    /// The one by which those are that may lapse.
    MayLapse,
    /// The rows; and what was registered, as it goes onto the list and is told from there.
    Registered,
    /// Persons are looked through: the index by which they are found.
    Persons,
    /// And the register: the one by which a certificate is found.
    Names,
    /// Somebody is looked up.
    Person,
    /// Their doses are.
    Doses,
    /// Their certificates are.
    Certificates,
    /// What no longer holds is read: to be told, to be looked through, and so that nothing lapses twice.
    List,
    /// The mark is read.
    Mark,
    /// It is raised: when everything else is done.
    MarkRaised,
    /// A finding or a receipt is signed, by a key that nobody knows.
    Statement,
}

impl Inside {
    /// What is in an application's way.
    pub(in super::super) const ALL: [Self; 17] = [
        Self::Log,
        Self::Reserve,
        Self::Deliver,
        Self::Epoch,
        Self::Commit,
        Self::Opened,
        Self::Schema,
        Self::Theirs,
        Self::Registered,
        Self::Persons,
        Self::Person,
        Self::Doses,
        Self::Certificates,
        Self::List,
        Self::Mark,
        Self::MarkRaised,
        Self::Statement,
    ];

    /// What is in its way as [`Theirs`](Self::Theirs) is: there it is tried alone, and not in pairs.
    pub(super) const ALONE: [Self; 2] = [Self::MayLapse, Self::Names];

    /// What is in the way where something lapses or is revoked, or the list is told.
    pub(in super::super) const OF_LAPSING: [Self; 18] = [
        Self::Log,
        Self::Deliver,
        Self::Entry,
        Self::Epoch,
        Self::Commit,
        Self::Opened,
        Self::Schema,
        Self::Theirs,
        Self::MayLapse,
        Self::Registered,
        Self::Persons,
        Self::Names,
        Self::Person,
        Self::Doses,
        Self::Certificates,
        Self::List,
        Self::Mark,
        Self::MarkRaised,
    ];

    /// Whether it comes about only where a database is opened.
    pub(in super::super) const fn is_at_opening(self) -> bool {
        matches!(self, Self::Opened | Self::Schema)
    }

    /// Whether one of these two keeps the other from ever coming about: a mark that is not there is not raised, and an index is looked through after
    /// the rows were, and after the sentinel was found.
    pub(in super::super) const fn shut_out(pair: [Self; 2]) -> bool {
        matches!(
            pair,
            [Self::Mark, Self::MarkRaised]
                | [Self::Persons, Self::Person]
                | [Self::Names, Self::Certificates]
                | [Self::Registered, Self::Names]
        )
    }

    /// By what it is made to fail, and by what it works again.
    pub(super) const fn sql(self) -> Option<[&'static str; 2]> {
        match self {
            Self::Log => Some([
                "CREATE TRIGGER no_log BEFORE INSERT ON operation BEGIN SELECT RAISE (ABORT, 'as it was to'); END",
                "DROP TRIGGER no_log",
            ]),
            Self::Reserve => Some([
                "CREATE TRIGGER no_reserve BEFORE INSERT ON certificate BEGIN SELECT RAISE (ABORT, 'as it was to'); END",
                "DROP TRIGGER no_reserve",
            ]),
            Self::Deliver => Some([
                "CREATE TRIGGER no_deliver BEFORE UPDATE ON certificate BEGIN SELECT RAISE (ABORT, 'as it was to'); END",
                "DROP TRIGGER no_deliver",
            ]),
            Self::Entry => Some([
                "CREATE TRIGGER no_entry BEFORE INSERT ON revocation BEGIN SELECT RAISE (ABORT, 'as it was to'); END",
                "DROP TRIGGER no_entry",
            ]),
            Self::Epoch => Some([
                "CREATE TRIGGER no_epoch BEFORE UPDATE ON person BEGIN SELECT RAISE (ABORT, 'as it was to'); END",
                "DROP TRIGGER no_epoch",
            ]),
            // What refers to nobody is refused when the transaction ends.
            Self::Commit => Some([
                "CREATE TABLE nobody (person INTEGER REFERENCES person (id) DEFERRABLE INITIALLY DEFERRED); \
                 CREATE TRIGGER no_commit AFTER INSERT ON operation BEGIN INSERT INTO nobody VALUES (-1); END",
                "DROP TRIGGER no_commit; DROP TABLE nobody",
            ]),
            Self::Opened => Some([
                "ALTER TABLE division RENAME TO other_division",
                "ALTER TABLE other_division RENAME TO division",
            ]),
            // Whoever opens it begins another table, and makes again what is there.
            Self::Schema => Some([
                "ALTER TABLE _sqlx_migrations RENAME TO other_migrations",
                "DROP TABLE IF EXISTS _sqlx_migrations; ALTER TABLE other_migrations RENAME TO _sqlx_migrations",
            ]),
            Self::Theirs => Some([
                "DROP INDEX certificate_by_person",
                "CREATE INDEX certificate_by_person ON certificate (person)",
            ]),
            Self::MayLapse => Some([
                "DROP INDEX certificate_reserved",
                "CREATE INDEX certificate_reserved ON certificate (reserved_at) WHERE state = 'reserved'",
            ]),
            Self::Registered => Some([
                "ALTER TABLE certificate RENAME COLUMN kid TO other_kid",
                "ALTER TABLE certificate RENAME COLUMN other_kid TO kid",
            ]),
            Self::Persons => Some([
                "ALTER TABLE person RENAME TO looked_through; CREATE VIEW person AS SELECT * FROM looked_through; \
                 CREATE TRIGGER moved_on INSTEAD OF UPDATE OF attributes ON person BEGIN \
                 UPDATE looked_through SET attributes = NEW.attributes WHERE id = OLD.id; END",
                "DROP VIEW person; ALTER TABLE looked_through RENAME TO person",
            ]),
            Self::Names => Some([
                "ALTER TABLE certificate RENAME TO looked_into; CREATE VIEW certificate AS SELECT * FROM looked_into; \
                 CREATE TRIGGER registered INSTEAD OF INSERT ON certificate BEGIN INSERT INTO looked_into VALUES (NEW.id, \
                 NEW.certificate_id, NEW.person, NEW.kid, NEW.state, NEW.reserved_at, NEW.changed_at, NEW.attributes); END; \
                 CREATE TRIGGER changed INSTEAD OF UPDATE OF state, changed_at ON certificate BEGIN \
                 UPDATE looked_into SET state = NEW.state, changed_at = NEW.changed_at WHERE id = OLD.id; END",
                "DROP VIEW certificate; ALTER TABLE looked_into RENAME TO certificate",
            ]),
            Self::Person => Some([
                "ALTER TABLE person RENAME TO elsewhere",
                "ALTER TABLE elsewhere RENAME TO person",
            ]),
            Self::Doses => Some([
                "ALTER TABLE dose RENAME TO other_doses",
                "ALTER TABLE other_doses RENAME TO dose",
            ]),
            Self::Certificates => Some([
                "ALTER TABLE certificate RENAME TO other_certificates",
                "ALTER TABLE other_certificates RENAME TO certificate",
            ]),
            Self::List => Some([
                "ALTER TABLE revocation RENAME TO other_revocations",
                "ALTER TABLE other_revocations RENAME TO revocation",
            ]),
            Self::Mark | Self::MarkRaised | Self::Statement => None,
        }
    }
}
