import json
from dataclasses import replace

import pytest

from plait.core.artefact import MANIFEST
from plait.core.errors import EngineError
from plait.engines import TABLE
from plait.engines.base import engines, json_bytes, load, read_artefact, write_artefact
from plait.engines.pipeline import PIPELINE, Pipeline


@pytest.fixture
def copy(artefacts, tmp_path):
    """A copy of the linear artefact that a test may damage."""
    original = read_artefact(artefacts["linear-binary"])
    files = {name: (original.folder / name).read_bytes() for name in original.manifest.files}
    return write_artefact(tmp_path / "copy", original.manifest, files)


def code_of(folder, **options):
    with pytest.raises(EngineError) as caught:
        load(folder, **options)
    assert caught.value.where
    assert caught.value.hint
    return caught.value.code


def rewrite(artefact, **changes):
    manifest = replace(artefact.manifest, **changes)
    (artefact.folder / MANIFEST).write_bytes(json_bytes(manifest.record()))


def test_every_row_of_the_table_loads():
    assert set(engines.names()) >= set(TABLE)
    assert all(callable(engines.load(name)) for name in TABLE)


def test_what_is_written_is_read(artefacts, copy):
    assert read_artefact(copy.folder) == copy
    assert copy.id == load(artefacts["linear-binary"]).artefact.id
    assert copy.manifest.size == sum((copy.folder / n).stat().st_size for n in copy.manifest.files)


def test_one_changed_byte_is_found_and_named(copy):
    path = copy.folder / "model.json"
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    with pytest.raises(EngineError, match=r"model\.json") as caught:
        load(copy.folder)
    assert caught.value.code == "artefact_damaged"
    load(copy.folder, verify=False)


@pytest.mark.parametrize("name", [MANIFEST, PIPELINE, "model.json"])
@pytest.mark.parametrize("verify", [True, False])
def test_a_missing_file_is_named(copy, name, verify):
    (copy.folder / name).unlink()
    with pytest.raises(EngineError, match=name) as caught:
        load(copy.folder, verify=verify)
    assert caught.value.code == "artefact_damaged"


@pytest.mark.parametrize("content", ["", "{", "[]", "\udc80"])
@pytest.mark.parametrize("name", [MANIFEST, PIPELINE, "model.json"])
def test_a_file_that_is_no_object(copy, name, content):
    (copy.folder / name).write_bytes(content.encode(errors="surrogateescape"))
    assert code_of(copy.folder, verify=False) == "artefact_damaged"


@pytest.mark.parametrize("name", [MANIFEST, PIPELINE, "model.json"])
def test_a_part_that_is_missing_or_unknown(copy, name):
    path = copy.folder / name
    whole = json.loads(path.read_bytes())
    optional = {"licence", "holds_rows", "interval", "threshold", "calibrate", "abstain"}
    for part in whole.keys() - optional:
        rest = {key: value for key, value in whole.items() if key != part}
        path.write_bytes(json_bytes(rest))
        assert code_of(copy.folder, verify=False) in {"artefact_damaged", "artefact_format"}
    path.write_bytes(json_bytes({**whole, "surplus": 1}))
    assert code_of(copy.folder, verify=False) == "artefact_damaged"


def test_an_engine_that_is_not_here(copy):
    rewrite(copy, engine="abacus")
    assert code_of(copy.folder) == "artefact_format"


def test_another_format(copy):
    rewrite(copy, format=2)
    assert code_of(copy.folder) == "artefact_format"


def test_parts_that_do_not_belong_together(artefacts, copy):
    pipeline = (artefacts["lightgbm-binary"] / PIPELINE).read_bytes()
    (copy.folder / PIPELINE).write_bytes(pipeline)  # of another width
    assert code_of(copy.folder, verify=False) == "artefact_damaged"
    pipeline = (artefacts["linear-regression"] / PIPELINE).read_bytes()  # of another problem
    (copy.folder / PIPELINE).write_bytes(pipeline)
    assert code_of(copy.folder, verify=False) == "artefact_damaged"


def test_json_is_for_people_and_repeatable():
    assert json_bytes({"b": [1.5], "a": "é"}) == json_bytes({"a": "é", "b": (1.5,)})
    assert json_bytes({"a": "é"}).decode() == '{\n  "a": "é"\n}\n'


def test_a_pipeline_survives_its_file(folder):
    record = json.loads((folder / PIPELINE).read_bytes())
    pipeline = Pipeline.read(record)
    assert Pipeline.read(pipeline.record()) == pipeline
    assert json_bytes(pipeline.record()) == (folder / PIPELINE).read_bytes()


def test_a_file_is_linked_or_copied_and_never_written_to(linear, tmp_path, monkeypatch):
    manifest = linear().manifest
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"weights")
    linked = write_artefact(tmp_path / "linked", manifest, {"weights.bin": weights})
    assert (linked.folder / "weights.bin").samefile(weights)
    assert linked.manifest.files["weights.bin"].size == 7
    write_artefact(tmp_path / "linked", manifest, {"weights.bin": b"other"})
    assert weights.read_bytes() == b"weights"

    def refuse(*_):
        raise OSError

    monkeypatch.setattr("pathlib.Path.hardlink_to", refuse)
    copied = write_artefact(tmp_path / "copied", manifest, {"weights.bin": weights})
    assert not (copied.folder / "weights.bin").samefile(weights)
    assert (copied.folder / "weights.bin").read_bytes() == b"weights"


def test_a_file_that_is_not_there_is_damage(linear, tmp_path):
    with pytest.raises(EngineError, match=r"gone\.bin") as caught:
        write_artefact(tmp_path / "a", linear().manifest, {"gone.bin": tmp_path / "gone.bin"})
    assert caught.value.code == "artefact_damaged"
