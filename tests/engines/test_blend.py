import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from plait.core.errors import EngineError
from plait.engines.base import json_bytes, load, read_artefact, write_artefact
from plait.engines.blend import BLEND, MEMBERS, Blend, Member, places_of
from plait.engines.pipeline import PIPELINE
from plait.engines.predictor import read_pipeline
from plait.testing.engine import check_engine

WEIGHTS = {"lightgbm": 0.6, "linear": 0.4}


def write(artefacts, problem, folder, weights=WEIGHTS, dropped=()):
    """Write a blend of the artefacts of a problem; `dropped` members give it no codes."""
    parts = {name: read_artefact(artefacts[f"{name}-{problem}"]) for name in weights}
    every = [read_pipeline(part).encode for name, part in parts.items() if name not in dropped]
    pipeline = read_pipeline(next(iter(parts.values())))
    codes = tuple(code for each in zip(*every, strict=True) for code in dict.fromkeys(each))
    files = {
        PIPELINE: json_bytes(replace(pipeline, encode=codes).record()),
        BLEND: json_bytes(weights),
    }
    for name, part in parts.items():
        for path in part.folder.iterdir():
            files[f"{MEMBERS}/{name}/{path.name}"] = path.read_bytes()
    manifest = replace(next(iter(parts.values())).manifest, engine="blend")
    write_artefact(folder, manifest, files)
    return load(folder)


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_it_keeps_the_promises_of_an_engine(artefacts, table, problem, tmp_path):
    write(artefacts, problem, tmp_path)
    rows = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
    check_engine(load, tmp_path, rows[:20])


def test_it_adds_the_members_weighted_raw_scores(artefacts, table, tmp_path):
    answer = write(artefacts, "regression", tmp_path).predict(table)["prediction"]
    alone = {name: load(artefacts[f"{name}-regression"]).predict(table) for name in WEIGHTS}
    expected = sum(weight * alone[name]["prediction"] for name, weight in WEIGHTS.items())
    np.testing.assert_allclose(answer, expected, rtol=1e-12)


def test_a_code_that_members_share_is_computed_once(codes):
    ordered, standard = codes["lightgbm"], codes["linear"]
    shared = (ordered[0], *standard)
    assert places_of(shared, standard).tolist() == list(
        range(1, 1 + sum(c.width for c in standard))
    )
    assert places_of(shared, ordered[:1]).tolist() == [0]
    with pytest.raises(ValueError, match="does not encode"):
        places_of(standard, ordered)


@pytest.mark.parametrize(
    "weights", [{}, {"linear": 0.0}, {"linear": "all"}, {"linear": float("1e999")}, {"other": 1.0}]
)
def test_unsound_weights_are_refused(artefacts, weights, tmp_path):
    write(artefacts, "binary", tmp_path)
    record = json.dumps(weights).replace("Infinity", "1e999").encode()
    manifest = read_artefact(tmp_path).manifest
    files = {name: (tmp_path / name).read_bytes() for name in manifest.files}
    again = tmp_path / "again"
    write_artefact(again, manifest, {**files, BLEND: record})
    with pytest.raises(EngineError) as caught:
        load(again)
    assert caught.value.code == "artefact_damaged"


def test_members_must_be_encoded_and_of_one_problem(artefacts, tmp_path):
    with pytest.raises(EngineError, match="does not encode"):
        write(artefacts, "binary", tmp_path / "one", dropped=("linear",))
    models = [load(artefacts[f"linear-{problem}"]).model for problem in ("binary", "multiclass")]
    members = [Member(model, 0.5, np.arange(model.n_features)) for model in models]
    with pytest.raises(ValueError, match="unlike problems"):
        Blend(members, models[0].n_features)


def test_a_member_that_gives_no_raw_scores_is_refused(artefacts, monkeypatch, tmp_path):
    write(artefacts, "binary", tmp_path)
    monkeypatch.setattr("plait.engines.blend.load_artefact", lambda folder: object())
    with pytest.raises(EngineError, match="no raw scores"):
        load(tmp_path)


def test_a_member_that_is_gone_is_missed(artefacts, tmp_path):
    write(artefacts, "binary", tmp_path)
    shutil.rmtree(tmp_path / MEMBERS / "linear")
    with pytest.raises(EngineError) as caught:
        load(tmp_path)
    assert caught.value.code == "artefact_damaged"
