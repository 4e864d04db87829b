"""The audit chain: each link holds the hash of the one before."""

from collections.abc import Mapping
from dataclasses import fields, replace

from plait.core.clock import Clock
from plait.core.ids import Json, canonical, sha256
from plait.store.database import Database
from plait.store.mapper import table
from plait.store.record import AuditRow

_AUDIT = table(AuditRow)
_PAGE = 1_000


class Audit:
    """An append-only chain of who did what to what.

    A link that was changed, put between or taken out is found by `check`. Links cut off at the end
    are not: who fears that keeps the last hash somewhere else.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def append(
        self, actor: str, action: str, target: str, details: Mapping[str, Json], tenant: str
    ) -> AuditRow:
        """See `Store.audit`."""
        with self._database.transaction() as connection:
            newest = connection.execute(f"{_AUDIT.select} {_AUDIT.order} LIMIT 1").fetchall()
            last = _AUDIT.row(newest[0]) if newest else None
            row = AuditRow(
                seq=last.seq + 1 if last else 1,
                created=self._clock.now(),
                tenant=tenant,
                actor=actor,
                action=action,
                target=target,
                details=details,
                previous=last.hash if last else "",
                hash="",
            )
            row = replace(row, hash=_hash(row))
            connection.execute(_AUDIT.insert, _AUDIT.values(row))
        return row

    def check(self) -> int | None:
        """See `Store.audit_check`."""
        previous, seq = "", 0
        while page := self._database.rows(
            f"{_AUDIT.select} WHERE seq > ? ORDER BY seq LIMIT {_PAGE}", (seq,)
        ):
            for row in map(_AUDIT.row, page):
                if row.previous != previous or row.hash != _hash(row):
                    return row.seq
                previous, seq = row.hash, row.seq
        return None


def _hash(row: AuditRow) -> str:
    told = {field.name: getattr(row, field.name) for field in fields(row) if field.name != "hash"}
    return sha256(canonical(told))
