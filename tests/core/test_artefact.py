"""Manifests: what an artefact is, under an id that hashes all of it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.artefact import Artefact, FileNote, Manifest
from plait.core.errors import EngineError
from plait.core.schema import Field, Schema

SCHEMAS = st.lists(st.text(min_size=1, max_size=5), max_size=3, unique=True).map(
    lambda names: Schema(tuple(Field(name=name, kind="number", low=0.0) for name in names))
)
NOTES = st.builds(FileNote, sha256=st.text("0123456789abcdef", max_size=4), size=st.integers(0))
MANIFESTS = st.builds(
    Manifest,
    engine=st.text(max_size=5),
    task=st.sampled_from(["tabular", "text"]),
    problem=st.sampled_from(["binary", "regression"]),
    input=SCHEMAS,
    output=SCHEMAS,
    files=st.dictionaries(st.from_regex(r"[a-zé]{1,4}(/[a-z]{1,3})?", fullmatch=True), NOTES),
    origin=st.text(max_size=5),
    licence=st.text(max_size=5),
    holds_rows=st.booleans(),
)
MANIFEST = Manifest(
    engine="linear",
    task="tabular",
    problem="binary",
    input=Schema((Field(name="income", kind="number", low=0.0, high=9.5),)),
    output=Schema((Field(name="prediction", kind="category", levels=("no", "yes")),)),
    files={"model.json": FileNote("ab", 12), "encode.json": FileNote("cd", 30)},
    origin="plait.train 0.1.0",
)


def through_json(record):
    return json.loads(json.dumps(record))


@given(MANIFESTS)
def test_a_manifest_survives_its_file(manifest):
    again = Manifest.read(through_json(manifest.record()))
    assert again == manifest
    assert again.id == manifest.id


def test_the_id_never_changes():
    """Artefacts are stored, released and cited by id: a new part of the manifest must leave it."""
    assert MANIFEST.id == "art_b6b4b05eb2d974d8e50577ec02ff57d1"


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("engine", "lightgbm"),
        ("problem", "regression"),
        ("input", Schema(())),
        ("files", {"model.json": FileNote("ac", 12), "encode.json": FileNote("cd", 30)}),
        ("origin", "elsewhere"),
        ("licence", "MIT"),
        ("holds_rows", True),
    ],
)
def test_every_part_is_in_the_id(part, value):
    parts = {name: getattr(MANIFEST, name) for name in MANIFEST.__slots__}
    assert Manifest(**{**parts, part: value}).id != MANIFEST.id


def test_the_order_of_the_files_is_not():
    parts = {name: getattr(MANIFEST, name) for name in MANIFEST.__slots__}
    reordered = Manifest(**{**parts, "files": dict(reversed(MANIFEST.files.items()))})
    assert reordered.id == MANIFEST.id
    assert json.dumps(reordered.record()) == json.dumps(MANIFEST.record())


def test_the_size_is_that_of_all_files():
    assert MANIFEST.size == 42


def test_an_artefact_is_known_by_its_manifest():
    assert Artefact(MANIFEST, Path("anywhere")).id == MANIFEST.id


@pytest.mark.parametrize("number", [0, 2, "1", None])
def test_another_format_is_refused(number):
    with pytest.raises(EngineError) as caught:
        Manifest.read({**MANIFEST.record(), "format": number})
    assert caught.value.code == "artefact_format"
    assert caught.value.message == f"the artefact has format {number!r}, this plait reads 1"


@pytest.mark.parametrize("part", sorted(MANIFEST.record()))
def test_a_manifest_that_lacks_a_part_is_damaged_or_means_the_default(part):
    record = {name: value for name, value in MANIFEST.record().items() if name != part}
    defaults = {"licence": "own", "holds_rows": False, "problem": None}
    if part in defaults:
        assert getattr(Manifest.read(record), part) == defaults[part]
    else:
        with pytest.raises(EngineError) as caught:
            Manifest.read(record)
        assert caught.value.code == "artefact_damaged"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.sampled_from(["input", "output", "files", "format"]), JSON)
def test_a_damaged_manifest_is_told_from_a_crash(part, value):
    try:
        found = Manifest.read({**MANIFEST.record(), part: value})
    except EngineError as error:
        found = error
    assert isinstance(found, Manifest | EngineError)


@pytest.mark.parametrize("record", [None, 1, "text", [], ["format"], {}])
def test_what_is_no_manifest_at_all_is_damaged(record):
    with pytest.raises(EngineError) as caught:
        Manifest.read(record)
    assert caught.value.code == "artefact_damaged"


@pytest.mark.parametrize(
    "name",
    ["../up", "a/../b", "/root", "a//b", "", ".", "c:x", "a\\b", "manifest.json", "a/\0"],
)
def test_a_file_outside_the_folder_is_refused(name):
    record = through_json(MANIFEST.record())
    record["files"][name] = {"sha256": "ab", "size": 1}
    with pytest.raises(EngineError, match="names no file of its folder"):
        Manifest.read(record)
