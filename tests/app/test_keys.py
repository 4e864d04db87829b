"""Keys are kept as hashes, stand for somebody, and end."""

import pytest

from plait.app import keys as module
from plait.core.errors import InvalidSettings, NotAllowed, UnknownName


@pytest.fixture
def keys(answering):
    return answering.keys


def test_a_secret_stands_for_its_tenant_and_scopes_and_is_not_kept(keys, answering):
    row, secret = keys.add("ann", ("predict", "read"), tenant="acme", roles=("clerk",))
    principal = keys.principal(secret)
    assert (principal.key, principal.tenant) == (row.id, "acme")
    assert (principal.scopes, principal.roles) == ({"predict", "read"}, {"clerk"})
    store = answering.project.store
    for file in (path for path in store.rglob("*") if path.is_file()):
        assert secret.encode() not in file.read_bytes()


def test_a_revoked_key_ends_within_its_moment_of_trust(keys, monkeypatch):
    _, secret = keys.add("ann")
    keys.principal(secret)
    assert keys.revoke("ann").revoked is not None
    monkeypatch.setattr(module, "_TRUST_SECONDS", 0.0)
    with pytest.raises(NotAllowed) as caught:
        keys.principal(secret)
    assert caught.value.code == "key_unknown"
    assert not keys.any()


def test_an_expired_key_ends(keys):
    _, secret = keys.add("ann", days=-1)
    with pytest.raises(NotAllowed):
        keys.principal(secret)


@pytest.mark.parametrize(("secret", "code"), [("", "key_missing"), ("plait_x", "key_unknown")])
def test_no_secret_and_a_wrong_one(keys, secret, code):
    with pytest.raises(NotAllowed) as caught:
        keys.principal(secret)
    assert caught.value.code == code


def test_a_name_means_one_usable_key(keys):
    keys.add("ann")
    with pytest.raises(InvalidSettings, match="'ann' already"):
        keys.add("ann")
    keys.revoke("ann")
    assert keys.add("ann")[0].name == "ann"
    with pytest.raises(InvalidSettings, match="the name is empty"):
        keys.add(" ")
    with pytest.raises(InvalidSettings, match="unknown scope 'all'"):
        keys.add("bob", ("all",))


def test_revoking_what_is_not_there_names_what_is(keys):
    keys.add("ann")
    with pytest.raises(UnknownName, match=r"did you mean 'ann'\?"):
        keys.revoke("anm")
    keys.revoke("ann")
    with pytest.raises(UnknownName):
        keys.revoke("ann")


def test_making_and_revoking_leave_a_trail(keys, answering):
    row, secret = keys.add("ann")
    keys.revoke(row.id)
    assert [each.name for each in keys.list()] == ["ann"]
    assert answering.store.audit_check() is None
    assert secret not in repr(keys.list())
