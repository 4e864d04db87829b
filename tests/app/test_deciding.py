"""Releases through the Python API."""

import shutil
from dataclasses import replace

import pytest

import plait
from plait.core.errors import Refused
from plait.core.privacy import Privacy
from plait.registry.decision import register_decision


@pytest.fixture
def app(tmp_path, desk):
    with plait.open(shutil.copytree(desk, tmp_path / "desk")) as app:
        yield app


def test_going_back_to_an_earlier_decision(app, linear, declare, row):
    (first,) = app.decisions("loan")
    second = declare(app, "loan", linear(intercept=3.0), winner="other")
    assert app.decision(second.id) == second
    number = app.release(first.id[:20])
    assert number == app.release(first.id) - 1
    app.live.refresh()
    assert app.predict("loan", row).decision == first.id


def test_a_decision_without_a_winner_cannot_be_released(app):
    (made,) = app.decisions("loan")
    nobody = replace(made, winner="", artefact="")
    register_decision(app.store, nobody, None, tenant="default", privacy=Privacy.INTERNAL)
    with pytest.raises(Refused) as caught:
        app.release(nobody.id)
    assert caught.value.code == "contract_unmet"
