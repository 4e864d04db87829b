"""An export is found by any of its names, checked, and only then written."""

import subprocess
import sys
from dataclasses import replace

import pytest

from plait.app.export import FORMS, export
from plait.core.errors import InvalidData, Refused, UnknownName
from plait.core.privacy import Privacy
from plait.registry.decision import register_decision
from plait.train import export_c_run


@pytest.mark.parametrize("target", FORMS)
def test_a_champion_is_written_with_its_parity(answering, tmp_path, target):
    out = tmp_path / "model"
    done = export(answering.store, answering.project, "loan", target, out)
    released = answering.store.releases()["loan", "champion"]
    assert (done.contract, done.artefact) == ("loan", released.artefact)
    assert out.stat().st_size == done.size
    record = done.record()
    assert (record["target"], record["out"]) == (target, str(out))
    if target != "c" or export_c_run.find_compiler():
        assert done.parity.rows >= 10_000
        assert done.parity.difference <= 1e-6
        assert 0 < done.parity.refused < 1000
        assert record["notes"] == []


def test_a_decision_and_an_artefact_may_be_named(answering, tmp_path, declare, linear):
    (first,) = answering.decisions("loan")
    declare(answering, "loan", linear(0.5), winner="later")
    for name in (first.id, first.id[:12], first.artefact):
        done = export(answering.store, answering.project, name, "python", tmp_path / "model.py")
        assert (done.contract, done.artefact) == ("loan", first.artefact)


def test_the_file_is_named_by_the_contract(answering, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = export(answering.store, answering.project, "rent", "python")
    assert str(done.path) == "rent.py"
    row = '{"area": 50, "balcony": true, "region": "north"}'
    ran = subprocess.run(
        [sys.executable, "-I", "rent.py"], input=row, capture_output=True, text=True, check=True
    )
    expected = answering.predict("rent", {"area": 50, "balcony": True, "region": "north"})
    assert f'"prediction": {expected.predictions[0].value!r}' in ran.stdout


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("fraud", "not_trained"),
        ("loam", "unknown_contract"),
        ("dec_nothing", "unknown_decision"),
        ("art_nothing", "unknown_artefact"),
    ],
)
def test_what_is_not_there_is_told(answering, name, code, tmp_path):
    with pytest.raises(UnknownName) as caught:
        export(answering.store, answering.project, name, "onnx", tmp_path / "model")
    assert caught.value.code == code


def test_a_decision_without_a_winner_has_nothing_to_export(answering, tmp_path, declare, linear):
    made = declare(answering, "loan", linear(0.5))
    lost = replace(made, artefact="", created=made.created + 1)
    register_decision(answering.store, lost, None, tenant="default", privacy=Privacy.INTERNAL)
    with pytest.raises(UnknownName, match="no winner"):
        export(answering.store, answering.project, lost.id, "c", tmp_path / "model.c")


def test_one_that_answers_otherwise_is_not_written(answering, tmp_path, monkeypatch):
    form = FORMS["python"]

    def write(model):
        return form.write(replace(model, pipeline=replace(model.pipeline, threshold=0.61)))

    monkeypatch.setitem(FORMS, "python", replace(form, write=write))
    out = tmp_path / "model.py"
    out.write_text("before")
    with pytest.raises(Refused) as caught:
        export(answering.store, answering.project, "loan", "python", out)
    assert caught.value.code == "export_refused"
    assert out.read_text() == "before"


def test_without_a_compiler_the_c_file_says_that_it_was_not_checked(
    answering, tmp_path, monkeypatch
):
    monkeypatch.setattr(export_c_run, "COMPILERS", ("no-such-compiler",))
    done = export(answering.store, answering.project, "loan", "c", tmp_path / "model.c")
    assert done.parity is None
    assert done.record()["parity"] is None
    assert "not checked" in done.notes[0]
    assert done.path.is_file()


@pytest.mark.parametrize("place", ["nowhere/model.py", "file/model.py", ""])
def test_a_place_that_cannot_be_written_is_told(answering, tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidData) as caught:
        export(answering.store, answering.project, "loan", "python", tmp_path / place)
    assert caught.value.code == "data_unwritable"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["answering", "file"]
