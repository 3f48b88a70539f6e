-- One municipality's division (V8). Blobs named `attributes` and `number` are sealed: see src/storage/cipher.rs.

-- What this file says of itself. Row ids are random, so that they tell nothing and none comes up twice.
CREATE TABLE division (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    municipality TEXT NOT NULL
) STRICT;

-- 接種対象者. One row is the sentinel: found by the same index key, it holds municipality and data epoch.
CREATE TABLE person (
    id INTEGER PRIMARY KEY,
    number_index BLOB NOT NULL UNIQUE CHECK (length(number_index) = 32),
    number BLOB NOT NULL,
    record_version INTEGER NOT NULL CHECK (record_version > 0),
    attributes BLOB NOT NULL
) STRICT;

-- 接種記録.
CREATE TABLE dose (
    id INTEGER PRIMARY KEY,
    person INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    attributes BLOB NOT NULL
) STRICT;
CREATE INDEX dose_by_person ON dose (person);

-- Register of issues. Times are Unix seconds.
CREATE TABLE certificate (
    id INTEGER PRIMARY KEY,
    certificate_id TEXT NOT NULL UNIQUE,
    person INTEGER NOT NULL REFERENCES person (id),
    kid TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('reserved', 'delivered', 'lapsed', 'revoked')),
    reserved_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    attributes BLOB NOT NULL
) STRICT;
CREATE INDEX certificate_reserved ON certificate (reserved_at) WHERE state = 'reserved';

-- What no longer holds, in the order it happened; nothing is ever taken down. The sequence is 1, 2, 3, …; `chain` stands for
-- the list up to and with this entry, so that whoever knew it sees whether it is still the same.
CREATE TABLE revocation (
    sequence INTEGER PRIMARY KEY,
    certificate INTEGER NOT NULL UNIQUE REFERENCES certificate (id),
    chain BLOB NOT NULL CHECK (length(chain) = 32)
) STRICT;
CREATE TRIGGER revocation_stays_as_written BEFORE UPDATE ON revocation
BEGIN SELECT RAISE (ABORT, 'revocations stay'); END;
CREATE TRIGGER revocation_stays BEFORE DELETE ON revocation
BEGIN SELECT RAISE (ABORT, 'revocations stay'); END;

-- Operation log (S3): who released or changed what, by internal person number. Only ever appended.
CREATE TABLE operation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    event TEXT NOT NULL
) STRICT;
CREATE TRIGGER operation_stays_as_written BEFORE UPDATE ON operation
BEGIN SELECT RAISE (ABORT, 'the log is append-only'); END;
CREATE TRIGGER operation_stays BEFORE DELETE ON operation
BEGIN SELECT RAISE (ABORT, 'the log is append-only'); END;
