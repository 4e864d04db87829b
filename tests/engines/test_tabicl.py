"""What the adapter does, by a small stand-in for the library; marked long, by the library."""

import pickle
import subprocess
import sys
from importlib import import_module
from zipfile import ZipFile

import numpy as np
import pytest

from plait.core.artefact import Manifest
from plait.core.errors import EngineError, MissingExtra
from plait.engines.answer import output_schema
from plait.engines.array_file import array_bytes
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.encode import Encoder
from plait.engines.pipeline import PIPELINE, Interval, NumberCode, OrdinalCode, Pipeline
from plait.engines.tabicl import (
    CHECKPOINT,
    MODEL,
    ROWS,
    TARGET,
    InContext,
    Views,
    classes_of,
    filled,
)
from plait.testing.engine import check_engine

CODES = (
    NumberCode(column="age", fill=40.0),
    NumberCode(column="debt", sentinels=(999.0, 666.0), fill=30.0, indicator=True),
    NumberCode(column="married", fill=0.0, indicator=True),
    OrdinalCode(column="area", levels=("coast", "town", "village")),
)
CLASSES = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c"), "regression": ()}
SMALL = {
    "embed_dim": 8,
    "col_num_blocks": 1,
    "col_nhead": 2,
    "col_num_inds": 4,
    "row_num_blocks": 1,
    "row_nhead": 2,
    "row_num_cls": 2,
    "icl_num_blocks": 1,
    "icl_nhead": 2,
    "num_quantiles": 9,
    "zero_init": False,  # else it answers every row alike
}


def write(folder, problem, schema, table, checkpoint):
    """Write an artefact of 40 rows."""
    pipeline = Pipeline(
        problem=problem,
        classes=CLASSES[problem],
        encode=CODES,
        interval=None if CLASSES[problem] else Interval(level=0.9, half_width=1.0),
    )
    manifest = Manifest(
        engine="tabicl",
        task="tabular",
        problem=problem,
        input=schema,
        output=output_schema(pipeline),
        origin="tests",
        licence="BSD-3-Clause",
        holds_rows=True,
    )
    few = {name: values[:40] for name, values in table.items()}
    rows = filled(Encoder(CODES).matrix(few, 40))
    target = np.digitize(rows[:, 0], [35, 50][: len(CLASSES[problem]) - 1]).astype(float)
    if problem == "regression":
        target = 1e6 + rows[:, 0]
    views = Views(classes=len(CLASSES[problem]), count=4, seed=1)
    files = {
        PIPELINE: json_bytes(pipeline.record()),
        MODEL: json_bytes(views.record()),
        ROWS: array_bytes(rows),
        TARGET: array_bytes(target),
        CHECKPOINT: checkpoint,
    }
    write_artefact(folder, manifest, files)
    return manifest, files


def rows_of(table, most=4):
    keys = list(table)
    return [dict(zip(keys, each, strict=True)) for each in zip(*table.values(), strict=True)][:most]


@pytest.fixture
def made(fake_tabicl, schema, table, tmp_path):
    manifest, files = write(tmp_path, "binary", schema, table, b"weights")
    return tmp_path, manifest, files


@pytest.mark.parametrize("problem", list(CLASSES))
def test_it_keeps_the_promises_of_an_engine(problem, fake_tabicl, schema, table, tmp_path):
    write(tmp_path, problem, schema, table, b"weights")
    check_engine(load, tmp_path, rows_of(table, 20))


def test_nothing_is_downloaded_and_nothing_is_left_to_the_machine(made, fake_tabicl):
    folder, *_ = made
    runs = load(folder)
    runs.predict({"age": [30.0], "debt": [None], "married": [True], "area": ["town"]})
    (said,) = fake_tabicl.seen
    assert said["allow_auto_download"] is False
    assert (said["model_path"], said["device"]) == (folder / CHECKPOINT, "cpu")
    assert (said["n_estimators"], said["random_state"]) == (4, 1)
    assert fake_tabicl.threads == [4, 1, 4, 1, 4]  # one while it works, then as before
    made_of = runs.model._model.ensemble_generator_
    assert list(made_of.ensemble_configs_) == list(made_of.feature_shuffles_) == ["none", "power"]


def test_a_class_that_no_row_has_keeps_a_chance(fake_tabicl, tmp_path):
    rows = np.array([[0.0], [1.0], [2.0], [3.0]])
    views = Views(classes=3, count=2, seed=0)
    model = InContext(tmp_path, rows, np.array([0.0, 0.0, 2.0, 2.0]), views)
    scores = model.raw(rows)
    assert scores.shape == (4, 3)
    assert np.isfinite(scores).all()
    assert (scores[:, 1] < scores[:, [0, 2]].min(axis=1)).all()
    assert scores[0, 0] > scores[0, 2]
    assert scores[3, 0] < scores[3, 2]


def test_a_number_far_from_0_loses_nothing(fake_tabicl, tmp_path):
    rows = np.arange(9.0)[:, None]
    model = InContext(tmp_path, rows, 1e9 + rows[:, 0], Views(classes=0, count=1, seed=0))
    assert model.raw(rows)[:, 0] == pytest.approx(1e9 + rows[:, 0], abs=1e-3)
    assert model.raw_row([4.5]) == pytest.approx([1e9 + 4.5], abs=1e-3)


def test_a_missing_level_is_an_unknown_one_and_nothing_is_too_large_to_square():
    assert filled(np.array([[np.nan, 2.0, -1e300]])).tolist() == [[-1.0, 2.0, -1e100]]


def test_without_the_library_it_says_what_to_install(made, monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr("plait.engines.tabicl.import_module", absent)
    with pytest.raises(MissingExtra, match=r"tabicl is not installed \(pip install 'plait\[icl\]'"):
        load(made[0])


@pytest.mark.parametrize(
    "change",
    [
        {MODEL: {"classes": 1, "count": 4, "seed": 1}},
        {MODEL: {"classes": 2, "count": 0, "seed": 1}},
        {MODEL: {"classes": 2, "count": "some", "seed": 1}},
        {MODEL: {"classes": 2, "count": 4}},
        {MODEL: {"classes": 2, "count": 4, "seed": 1, "more": 1}},
        {MODEL: {"classes": 3, "count": 4, "seed": 1}},
        {TARGET: np.full(40, 2.0)},
        {TARGET: np.full(40, 0.5)},
        {TARGET: np.zeros(39)},
        {ROWS: np.zeros((40, 2))},
    ],
)
def test_parts_that_do_not_fit_are_refused(made, change):
    folder, manifest, files = made
    changed = {
        name: array_bytes(value) if isinstance(value, np.ndarray) else json_bytes(value)
        for name, value in change.items()
    }
    write_artefact(folder, manifest, {**files, **changed})
    with pytest.raises(EngineError) as caught:
        load(folder)
    assert caught.value.code == "artefact_damaged"


def test_what_the_library_cannot_run_is_told(made, monkeypatch):
    def fail(*_):
        raise RuntimeError("size mismatch for icl_predictor")

    monkeypatch.setattr(type(load(made[0]).model._model), "fit", fail)
    with pytest.raises(EngineError, match="size mismatch") as caught:
        load(made[0])
    assert caught.value.code == "engine_failed"
    assert caught.value.where.endswith(CHECKPOINT)


def test_a_checkpoint_says_how_many_classes_it_tells_apart(checkpoint_words, tmp_path):
    assert classes_of(checkpoint_words(tmp_path / "a.ckpt", max_classes=7, embed_dim=3)) == 7
    assert classes_of(checkpoint_words(tmp_path / "b.ckpt", max_classes=0)) == 0
    assert classes_of(checkpoint_words(tmp_path / "c.ckpt", embed_dim=128)) == 10


@pytest.mark.parametrize("lacking", ["config", "state_dict"])
def test_other_files_of_torch_are_no_checkpoint(lacking, checkpoint_words, tmp_path):
    path = checkpoint_words(tmp_path / "a.ckpt", drop=[lacking], max_classes=7)
    with pytest.raises(ValueError, match="no network of TabICL"):
        classes_of(path)


@pytest.mark.parametrize("content", [b"", b"tree\n", pickle.dumps({"config": 1})])
def test_other_files_are_no_checkpoint(content, tmp_path):
    path = tmp_path / "a.ckpt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="torch did not write it"):
        classes_of(path)


class Trap:
    def __reduce__(self):
        return (open, (Trap.path, "w"))  # what a pickle does when it is loaded


def test_looking_at_a_checkpoint_runs_nothing_of_it(tmp_path):
    Trap.path = str(tmp_path / "sprung")
    said = {"config": {"max_classes": 5}, "state_dict": {"icl_predictor.x": Trap()}}
    with ZipFile(tmp_path / "a.ckpt", "w") as archive:
        archive.writestr("net/data.pkl", pickle.dumps(said, protocol=2))
    assert classes_of(tmp_path / "a.ckpt") == 5
    assert not (tmp_path / "sprung").exists()


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Return a file of random weights per problem."""
    torch, network = import_module("torch"), import_module("tabicl._model.tabicl")
    found = {}
    for problem in CLASSES:
        found[problem] = tmp_path_factory.mktemp("networks") / f"{problem}.ckpt"
        config = {**SMALL, "max_classes": 0 if problem == "regression" else 10}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            weights = network.TabICL(**config).state_dict()
        weights["icl_predictor.decoder.2.weight"] *= 30  # else its answers hardly differ
        torch.save({"config": config, "state_dict": weights}, found[problem])
    return found


@pytest.mark.long  # `make test-all` installs tabicl, and torch with it
@pytest.mark.parametrize("problem", list(CLASSES))
def test_the_library_keeps_them_too(problem, networks, schema, table, tmp_path):
    assert classes_of(networks[problem]) == (0 if problem == "regression" else 10)
    write(tmp_path, problem, schema, table, networks[problem])
    check_engine(load, tmp_path, rows_of(table))


@pytest.mark.long  # `make test-all` installs tabicl, and torch with it
@pytest.mark.parametrize("problem", list(CLASSES))
def test_a_row_is_answered_alike_alone_and_among_others(problem, networks, schema, table, tmp_path):
    write(tmp_path, problem, schema, table, networks[problem])
    model = load(tmp_path).model
    asked = filled(Encoder(CODES).matrix(table, len(table["age"])))[:60]
    asked[7] = 1e12  # far from every row it holds
    alone = np.array([model.raw_row(row) for row in asked.tolist()])
    assert np.ptp(alone) > 0
    assert (model.raw(asked) == alone).all()
    assert model.together(asked) == pytest.approx(alone, abs=1e-3)


@pytest.mark.long  # `make test-all` installs tabicl, and torch with it
def test_another_process_answers_the_same(networks, schema, table, tmp_path):
    write(tmp_path, "binary", schema, table, networks["binary"])
    script = (
        "import sys; from pathlib import Path; from plait.engines.base import load;"
        "import numpy as np; folder = Path(sys.argv[1]);"
        "print(load(folder).model.raw(np.load(folder / 'rows.npy')).tolist())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in (0, 1)  # which order two words in a set otherwise
    }
    assert len(said) == 1


@pytest.mark.long  # `make test-all` installs tabicl, and torch with it
def test_the_library_runs_no_pickle(networks, schema, table, tmp_path):
    torch = import_module("torch")
    Trap.path = str(tmp_path / "sprung")
    said = torch.load(networks["binary"], weights_only=True)
    torch.save({**said, "more": Trap()}, tmp_path / "trap.ckpt")
    write(tmp_path, "binary", schema, table, tmp_path / "trap.ckpt")
    with pytest.raises(EngineError) as caught:
        load(tmp_path)
    assert caught.value.code == "engine_failed"
    assert not (tmp_path / "sprung").exists()
