"""API keys: made once, shown once, kept as hashes."""

import hashlib
import secrets
import time
from dataclasses import replace

from plait.core.context import Principal
from plait.core.errors import InvalidSettings, NotAllowed, UnknownName
from plait.core.ids import new_id
from plait.store.base import Store
from plait.store.record import KeyRow

PREFIX = "plait_"
SCOPES = ("predict", "read", "train", "admin")
_TRUST_SECONDS = 0.5  # for so long a revoked key may still pass


class Keys:
    """The API keys of one store.

    A key is `plait_` and 256 random bits, so its plain SHA-256 is safe to keep: there is nothing to
    guess, and no salt or slow hash is needed.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[float, Principal]] = {}

    def add(
        self,
        name: str,
        scopes: tuple[str, ...] = ("predict",),
        *,
        tenant: str = "default",
        roles: tuple[str, ...] = (),
        days: float | None = None,
    ) -> tuple[KeyRow, str]:
        """Make a key and return its row and its secret, which is nowhere kept.

        Raises:
            InvalidSettings: an unknown scope, no name, or that of another usable key.
        """
        if not name.strip() or any(row.name == name and _usable(row) for row in self.list()):
            raise InvalidSettings(
                "settings_wrong_value",
                f"a usable key is named {name!r} already" if name.strip() else "the name is empty",
                where="NAME",
                hint="choose another name, so that `plait keys revoke NAME` means one key",
            )
        for scope in scopes:
            if scope not in SCOPES:
                raise InvalidSettings(
                    "settings_wrong_value",
                    f"unknown scope {scope!r}",
                    where="--scope",
                    hint=f"one of {', '.join(SCOPES)}",
                )
        secret = PREFIX + secrets.token_urlsafe(32)
        now = time.time()
        row = KeyRow(
            id=new_id("key"),
            tenant=tenant,
            created=now,
            name=name,
            hash=_hash(secret),
            scopes=scopes,
            roles=roles,
            expires=None if days is None else now + days * 86_400,
            revoked=None,
        )
        with self._store.transaction():
            self._store.put(row)
            self._store.audit(
                "local", "key.add", row.id, details={"name": name, "scopes": scopes}, tenant=tenant
            )
        return row, secret

    def list(self) -> list[KeyRow]:
        """Return every key, newest first."""
        return self._store.find(KeyRow)

    def any(self) -> bool:
        """Return whether a usable key exists."""
        return any(_usable(row) for row in self.list())

    def revoke(self, name_or_id: str) -> KeyRow:
        """Make a key worthless within a second.

        Raises:
            UnknownName: no usable key has that id or name.
        """
        for row in self.list():
            if name_or_id in (row.id, row.name) and row.revoked is None:
                revoked = replace(row, revoked=time.time())
                with self._store.transaction():
                    self._store.put(revoked)
                    self._store.audit(
                        "local",
                        "key.revoke",
                        row.id,
                        details={"name": row.name},
                        tenant=row.tenant,
                    )
                return revoked
        names = [row.name for row in self.list() if row.revoked is None]
        raise UnknownName.of("unknown_key", "API key", name_or_id, names)

    def principal(self, secret: str | None) -> Principal:
        """Return who a secret stands for.

        Raises:
            NotAllowed: there is no secret, or it is unknown, expired or revoked.
        """
        if not secret:
            raise NotAllowed(
                "key_missing",
                "this server asks for an API key",
                hint="send `Authorization: Bearer plait_...`; `plait keys add NAME` makes one",
            )
        digest = _hash(secret)
        now = time.monotonic()
        known = self._known.get(digest)
        if known is not None and now - known[0] < _TRUST_SECONDS:
            return known[1]
        rows = self._store.find(KeyRow, hash=digest, limit=1)
        if not rows or not _usable(rows[0]):
            self._known.pop(digest, None)
            raise NotAllowed("key_unknown", "the API key is unknown, expired or revoked")
        row = rows[0]
        principal = Principal(
            key=row.id,
            tenant=row.tenant,
            scopes=frozenset(row.scopes),
            roles=frozenset(row.roles),
        )
        self._known[digest] = (now, principal)
        return principal


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _usable(row: KeyRow) -> bool:
    return row.revoked is None and (row.expires is None or row.expires > time.time())
