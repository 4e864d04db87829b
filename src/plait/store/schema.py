"""The tables of SQLite, as numbered migrations. One that was ever released never changes."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import apsw

Migration: TypeAlias = Callable[[apsw.Connection], None]
APPLICATION_ID = 0x506C6169  # "Plai": tells our files from other people's


def first(connection: apsw.Connection) -> None:
    """Make the tables of format 1."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(_FIRST)


_FIRST = """
-- content-addressed: tenants that make the same thing each have a row of it
CREATE TABLE dataset (
  id TEXT NOT NULL, tenant TEXT NOT NULL, subject TEXT NOT NULL, privacy INTEGER NOT NULL,
  created REAL NOT NULL,
  contract TEXT NOT NULL, rows INTEGER NOT NULL, blob TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (id, tenant)) STRICT;
CREATE TABLE artefact (
  id TEXT NOT NULL, tenant TEXT NOT NULL, subject TEXT NOT NULL, privacy INTEGER NOT NULL,
  created REAL NOT NULL,
  contract TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (id, tenant)) STRICT;
CREATE TABLE evidence (
  id TEXT NOT NULL, tenant TEXT NOT NULL, subject TEXT NOT NULL, privacy INTEGER NOT NULL,
  created REAL NOT NULL,
  contract TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (id, tenant)) STRICT;
CREATE TABLE decision (
  id TEXT NOT NULL, tenant TEXT NOT NULL, subject TEXT NOT NULL, privacy INTEGER NOT NULL,
  created REAL NOT NULL,
  contract TEXT NOT NULL, kind TEXT NOT NULL, evidence TEXT NOT NULL, artefact TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (id, tenant)) STRICT;
CREATE INDEX decision_contract ON decision (contract, created);

CREATE TABLE release (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, created REAL NOT NULL,
  contract TEXT NOT NULL, role TEXT NOT NULL, artefact TEXT NOT NULL, decision TEXT NOT NULL,
  by TEXT NOT NULL) STRICT;
CREATE INDEX release_newest ON release (contract, role, seq);

CREATE TABLE api_key (
  id TEXT PRIMARY KEY, tenant TEXT NOT NULL, created REAL NOT NULL, name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE, scopes TEXT NOT NULL, roles TEXT NOT NULL, expires REAL,
  revoked REAL) STRICT;

CREATE TABLE request (
  id TEXT NOT NULL, tenant TEXT NOT NULL, subject TEXT NOT NULL, privacy INTEGER NOT NULL,
  created REAL NOT NULL,
  name TEXT NOT NULL, decision TEXT NOT NULL, artefact TEXT NOT NULL, status TEXT NOT NULL,
  seconds REAL NOT NULL, body TEXT NOT NULL, content TEXT,
  PRIMARY KEY (id)) STRICT;
CREATE INDEX request_created ON request (created);
CREATE INDEX request_tenant ON request (tenant, created);

CREATE TABLE job (
  id TEXT NOT NULL, tenant TEXT NOT NULL, subject TEXT NOT NULL, privacy INTEGER NOT NULL,
  created REAL NOT NULL,
  key TEXT NOT NULL, kind TEXT NOT NULL, arguments TEXT NOT NULL, state TEXT NOT NULL,
  step TEXT NOT NULL, done INTEGER NOT NULL, total INTEGER NOT NULL, owner TEXT NOT NULL,
  lease_until REAL NOT NULL, attempts INTEGER NOT NULL, cancel INTEGER NOT NULL, result TEXT,
  error TEXT, updated REAL NOT NULL,
  PRIMARY KEY (id)) STRICT;
CREATE INDEX job_state ON job (state, created);
CREATE UNIQUE INDEX job_unended ON job (tenant, kind, key) WHERE state IN ('queued', 'running');

CREATE TABLE step (
  job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE, name TEXT NOT NULL,
  tenant TEXT NOT NULL, subject TEXT NOT NULL, privacy INTEGER NOT NULL, created REAL NOT NULL,
  result TEXT,
  PRIMARY KEY (job, name)) STRICT;

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, created REAL NOT NULL, tenant TEXT NOT NULL,
  actor TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL, details TEXT NOT NULL,
  previous TEXT NOT NULL, hash TEXT NOT NULL) STRICT;

-- one number that a running server watches
CREATE TABLE change (counter INTEGER NOT NULL) STRICT;
INSERT INTO change VALUES (0);
CREATE TRIGGER release_made AFTER INSERT ON release
  BEGIN UPDATE change SET counter = counter + 1; END;
CREATE TRIGGER api_key_made AFTER INSERT ON api_key
  BEGIN UPDATE change SET counter = counter + 1; END;
CREATE TRIGGER api_key_changed AFTER UPDATE ON api_key
  BEGIN UPDATE change SET counter = counter + 1; END;

-- append-only means append-only
CREATE TRIGGER release_stays BEFORE UPDATE ON release
  BEGIN SELECT RAISE(ABORT, 'release is append-only'); END;
CREATE TRIGGER release_remains BEFORE DELETE ON release
  BEGIN SELECT RAISE(ABORT, 'release is append-only'); END;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_remains BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
"""


def second(connection: apsw.Connection) -> None:
    """Add the tables of collections."""
    connection.execute(_SECOND)


_SECOND = """
CREATE TABLE collection (
  id TEXT PRIMARY KEY, tenant TEXT NOT NULL, subject TEXT NOT NULL, privacy INTEGER NOT NULL,
  created REAL NOT NULL,
  name TEXT NOT NULL, model TEXT NOT NULL, size INTEGER NOT NULL, body TEXT NOT NULL,
  UNIQUE (tenant, name)) STRICT;

CREATE TABLE document (
  id TEXT NOT NULL UNIQUE, number INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant TEXT NOT NULL, subject TEXT NOT NULL, privacy INTEGER NOT NULL, created REAL NOT NULL,
  collection TEXT NOT NULL REFERENCES collection (id), name TEXT NOT NULL, sha256 TEXT NOT NULL,
  size INTEGER NOT NULL, media_type TEXT NOT NULL, recipe TEXT NOT NULL, origin TEXT NOT NULL,
  passages INTEGER NOT NULL, metadata TEXT NOT NULL,
  UNIQUE (collection, name)) STRICT;

-- apart, so that a list of documents does not read their texts
CREATE TABLE source (
  document INTEGER PRIMARY KEY REFERENCES document (number) ON DELETE CASCADE,
  tenant TEXT NOT NULL, subject TEXT NOT NULL, privacy INTEGER NOT NULL, created REAL NOT NULL,
  original BLOB NOT NULL, text TEXT NOT NULL) STRICT;

-- a number that was ever given names no other passage, however late an index is
CREATE TABLE passage (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant TEXT NOT NULL, subject TEXT NOT NULL, privacy INTEGER NOT NULL, created REAL NOT NULL,
  collection TEXT NOT NULL,
  document INTEGER NOT NULL REFERENCES document (number) ON DELETE CASCADE,
  start INTEGER NOT NULL, page INTEGER, headings TEXT NOT NULL, text TEXT NOT NULL,
  sha256 TEXT NOT NULL) STRICT;
CREATE INDEX passage_collection ON passage (collection, number);
CREATE INDEX passage_document ON passage (document);
CREATE INDEX passage_sha256 ON passage (sha256);

CREATE TABLE vector (
  passage INTEGER NOT NULL REFERENCES passage (number) ON DELETE CASCADE, model TEXT NOT NULL,
  tenant TEXT NOT NULL, subject TEXT NOT NULL, privacy INTEGER NOT NULL, created REAL NOT NULL,
  scale REAL NOT NULL, code BLOB NOT NULL,
  PRIMARY KEY (passage, model)) STRICT;

CREATE TABLE index_log (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, collection TEXT NOT NULL, op TEXT NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL, mark INTEGER NOT NULL) STRICT;
CREATE INDEX index_log_collection ON index_log (collection, seq);
"""

MIGRATIONS: Sequence[Migration] = (first, second)
