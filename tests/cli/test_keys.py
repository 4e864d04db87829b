"""Keys: made once, shown once, revoked for good."""

import time

import pytest

import plait
from plait.core.errors import NotAllowed


def test_a_secret_is_shown_once_and_works_until_it_is_revoked(run, project):
    ran = run("keys", "add", "ann", "--scope", "predict", "--scope", "read", "--project", project)
    assert ran.status == 0, ran
    name, secret = ran.out.splitlines()[0].split(": ")
    assert (name, secret[:6]) == ("ann", "plait_")
    with plait.open(project) as app:
        assert app.keys.principal(secret).scopes == {"predict", "read"}
    listed = run("keys", "list", "--project", project).out
    assert secret not in listed
    assert "predict, read" in listed
    assert "usable" in listed
    assert run("keys", "revoke", "ann", "--project", project).out == "revoked ann\n"
    with plait.open(project) as app, pytest.raises(NotAllowed):
        app.keys.principal(secret)
    assert "revoked" in run("keys", "list", "--project", project).out


def test_a_key_expires(run, project):
    added = run("keys", "add", "bob", "--days", "1e-6", "--project", project, "--json").json
    assert added["expires"] == pytest.approx(added["created"] + 0.0864)
    time.sleep(0.1)
    assert "expired 2" in run("keys", "list", "--project", project).out
    assert run("keys", "add", "bob", "--days", "2", "--project", project).status == 0
    assert "until 2" in run("keys", "list", "--project", project).out


def test_json_never_shows_a_secret_again(run, project):
    added = run("keys", "add", "ann", "--project", project, "--json").json
    (listed,) = run("keys", "list", "--project", project, "--json").json["keys"]
    assert {**listed, "secret": added["secret"]} == added
    revoked = run("keys", "revoke", listed["id"], "--project", project, "--json").json
    assert revoked["revoked"] is not None


@pytest.mark.parametrize("name", ["ann", " "])
def test_a_name_means_one_key(run, refused, project, name):
    run("keys", "add", "ann", "--project", project)
    assert refused("keys", "add", name, "--project", project)[0] == "settings_wrong_value"


def test_a_list_of_none_says_how_to_make_one(run, project):
    assert "`plait keys add NAME`" in run("keys", "list", "--project", project).out


@pytest.mark.parametrize("wrong", [["--scope", "all"], ["--days", "0"], ["--days", "1e9"]])
def test_a_wrong_call_ends_with_two(run, project, wrong):
    assert run("keys", "add", "ann", *wrong, "--project", project).status == 2
