import apsw
import pytest

from plait.store import audit
from plait.store.database import FILE
from plait.store.sqlite import SqliteStore


@pytest.mark.parametrize(
    ("tampering", "broken"),
    [
        ("UPDATE audit SET actor = 'somebody else' WHERE seq = 4", 4),
        ("UPDATE audit SET created = created + 0.001 WHERE seq = 2", 2),
        ("UPDATE audit SET details = '{\"n\":9}' WHERE seq = 7", 7),
        ("DELETE FROM audit WHERE seq = 5", 6),
        ("DELETE FROM audit WHERE seq = 1", 2),
        ("UPDATE audit SET seq = 70 WHERE seq = 7", 70),
    ],
)
def test_tampering_is_found(store: SqliteStore, monkeypatch, tampering: str, broken: int):
    monkeypatch.setattr(audit, "_PAGE", 3)
    for at in range(7):
        store.audit("me", "count", f"{at}", {"n": at, "share": at / 7})
    assert store.audit_check() is None
    connection = apsw.Connection(str(store._folder / FILE))
    connection.execute("DROP TRIGGER audit_stays; DROP TRIGGER audit_remains")
    connection.execute(tampering)
    connection.close()
    assert store.audit_check() == broken
