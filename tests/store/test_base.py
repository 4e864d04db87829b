"""The conformance suite can fail: stores that break one promise each are found out."""

from dataclasses import replace
from pathlib import Path

import pytest

from plait.core.errors import PlaitError
from plait.store.record import RequestRow
from plait.store.sqlite import SqliteStore
from plait.testing.store import check_store


class Forgetful(SqliteStore):
    def put(self, *rows):
        super().put(*rows[:1])


class Mutable(SqliteStore):
    def put(self, *rows):
        try:
            super().put(*rows)
        except PlaitError:
            return


class Mixing(SqliteStore):
    def find(self, kind, /, *, tenant=None, **wanted):
        return super().find(kind, **wanted)


class Unordered(SqliteStore):
    def find(self, kind, /, **wanted):
        return super().find(kind, **wanted)[::-1]


class Late(SqliteStore):
    def find(self, kind, /, **wanted):
        return [] if kind is RequestRow and self.pending else super().find(kind, **wanted)


class Deaf(SqliteStore):
    def change_counter(self):
        return 7


class Trusting(SqliteStore):
    def blob_path(self, sha256):
        return self._folder / "blobs" / sha256[:2] / sha256


class Shared(SqliteStore):
    def job_renew(self, job_id, owner, seconds, progress=None):
        super().job_renew(job_id, owner, seconds, progress)
        return "held"


class Twice(SqliteStore):
    def job_submit(self, row, *, once=False):
        return super().job_submit(replace(row, key=row.id), once=once)


class Unchained(SqliteStore):
    def audit(self, actor, action, target, details, tenant="default"):
        return replace(super().audit(actor, action, target, details, tenant), previous="")


@pytest.mark.parametrize(
    "broken",
    [Forgetful, Mutable, Mixing, Unordered, Late, Deaf, Trusting, Shared, Twice, Unchained],
)
def test_a_broken_promise_is_found_out(tmp_path: Path, broken: type[SqliteStore]):
    with pytest.raises(AssertionError):
        check_store(broken, tmp_path)
