"""The candidate, by a small stand-in for the library; tests/engines has the library itself."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from plait.core.contract import Requirements
from plait.core.errors import InvalidSettings, MissingExtra, Refused
from plait.core.schema import Field, Schema
from plait.engines.array_file import read_array
from plait.engines.base import load, read_artefact
from plait.engines.pipeline import OrdinalCode
from plait.engines.predictor import read_pipeline
from plait.engines.tabicl import CHECKPOINT, ROWS, TARGET
from plait.evaluate.metric import METRICS, score
from plait.evaluate.split import repeated_stratified
from plait.testing.engine import check_engine
from plait.train.base import ModelFile
from plait.train.export_model import plain_model
from plait.train.plan import plan_race
from plait.train.prepare import prepare
from plait.train.race import race
from plait.train.require import check_all
from plait.train.tabicl import MOST_ROWS, TabIcl

CLASSES = {"binary": 10, "multiclass": 10, "regression": 0}


@pytest.fixture
def model_of(checkpoint_words, tmp_path):
    """What plait.yaml says of a checkpoint that tells so many classes apart."""

    def make(classes=10, licence="BSD-3-Clause"):
        path = checkpoint_words(tmp_path / f"{classes}.ckpt", max_classes=classes)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return ModelFile(name="icl", path=path, licence=licence, sha256=digest)

    return make


def rows_of(sample, most=12):
    lists = {name: values.tolist() for name, values in sample.columns.items()}
    rows = [{name: values[at] for name, values in lists.items()} for at in range(most)]
    return [{k: None if v != v else v for k, v in row.items()} for row in rows]


@pytest.mark.parametrize("problem", list(CLASSES))
def test_it_answers_in_the_light_of_the_rows(problem, samples, model_of, fake_tabicl, tmp_path):
    sample, folder = samples[problem], tmp_path / "made"
    predictor = TabIcl(folder, model=model_of(CLASSES[problem])).fit(sample)
    held = [each["rows"] for each in fake_tabicl.seen]
    assert held == [len(sample.target) * 4 // 5, len(sample.target)]  # one fold apart, then all
    answer, target = predictor.predict(sample.columns), np.array(sample.target)
    if problem == "regression":
        assert score(METRICS["r2"], target, answer["prediction"]) > 0.4
        within = (target >= answer["lower"]) & (target <= answer["upper"])
        assert within.mean() > 0.85
    else:
        names = [f"probability_{level}" for level in sample.classes]
        chances = np.column_stack([answer[name] for name in names])
        assert score(METRICS["roc_auc"], target.astype(int), chances) > 0.7
    check_engine(load, folder, rows_of(sample))


def test_its_artefact_has_the_rows_the_checkpoint_and_its_licence(
    samples, model_of, fake_tabicl, tmp_path
):
    sample, model = samples["binary"], model_of(licence="LicenseRef-TabPFN")
    TabIcl(tmp_path / "made", model=model).fit(sample)
    artefact = read_artefact(tmp_path / "made")
    manifest = artefact.manifest
    assert manifest.holds_rows
    assert manifest.licence == "LicenseRef-TabPFN"
    assert manifest.files[CHECKPOINT].sha256 == model.sha256
    assert manifest.size > model.path.stat().st_size
    rows = read_array(artefact.folder / ROWS, (len(sample.target), -1))
    assert (read_array(artefact.folder / TARGET, (-1,)) == sample.target).all()
    assert np.isfinite(rows).all()
    codes = {code.column: code for code in read_pipeline(artefact).encode}
    assert isinstance(codes["area"], OrdinalCode)
    assert codes["debt"].sentinels == (999.0,)
    assert codes["debt"].indicator


def test_the_same_sample_gives_the_same_bytes(samples, model_of, fake_tabicl, tmp_path):
    ids = [
        TabIcl(tmp_path / each, model=model_of()).fit(samples["binary"]).artefact.id
        for each in ("one", "two")
    ]
    assert ids[0] == ids[1]
    other = TabIcl(tmp_path / "three", model=model_of(licence="MIT")).fit(samples["binary"])
    assert other.artefact.id != ids[0]


def test_no_export_has_it(samples, model_of, fake_tabicl, tmp_path):
    predictor = TabIcl(tmp_path / "made", model=model_of()).fit(samples["binary"])
    with pytest.raises(Refused, match="engine 'tabicl' cannot be exported") as caught:
        plain_model(predictor.artefact, "loan")
    assert caught.value.code == "export_refused"


def test_of_many_rows_some_are_held(samples, model_of, fake_tabicl, tmp_path):
    count, dice = MOST_ROWS + 50, np.random.default_rng(0)
    columns = {"x": dice.normal(size=count)}
    sample = replace(
        samples["binary"],
        input=Schema((Field(name="x", kind="number"),)),
        columns=columns,
        target=(columns["x"] > 0).astype(float).tolist(),
        groups=np.arange(count).tolist(),
    )
    TabIcl(tmp_path / "made", model=model_of()).fit(sample)
    rows = read_array(tmp_path / "made" / ROWS, (MOST_ROWS, 1))[:, 0]
    assert len(np.unique(rows)) == MOST_ROWS
    assert set(rows.tolist()) <= set(columns["x"].tolist())


def test_one_row_of_a_class_is_enough(samples, model_of, fake_tabicl, tmp_path):
    sample = samples["binary"]
    rows = np.concatenate([np.flatnonzero(sample.target)[:30], [sample.target.index(0.0)]])
    few = replace(
        sample,
        columns={name: values[rows] for name, values in sample.columns.items()},
        target=[sample.target[row] for row in rows],
    )
    answer = TabIcl(tmp_path / "made", model=model_of()).fit(few).predict(few.columns)
    assert np.isfinite(answer["probability_yes"]).all()


@pytest.mark.parametrize(
    ("problem", "classes", "said"),
    [
        ("regression", 10, "it predicts classes, and the target is of numbers"),
        ("binary", 0, "it predicts numbers, and the target is of 2 classes"),
        ("multiclass", 2, "it tells 2 classes apart, and the target has 3"),
    ],
)
def test_a_checkpoint_for_another_target_is_refused(
    problem, classes, said, samples, model_of, tmp_path
):
    with pytest.raises(InvalidSettings, match=said) as caught:
        TabIcl(tmp_path / "made", model=model_of(classes)).fit(samples[problem])
    assert caught.value.where == "models.icl.weights"


def test_without_the_library_it_says_what_to_install(samples, model_of, monkeypatch, tmp_path):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr("plait.engines.tabicl.import_module", absent)
    with pytest.raises(MissingExtra, match="tabicl is not installed"):
        TabIcl(tmp_path / "made", model=model_of()).fit(samples["binary"])


def test_what_is_no_checkpoint_is_refused_before_anything_is_fitted(model_of, tmp_path):
    model = model_of()
    (tmp_path / "other.ckpt").write_bytes(b"tree\n")
    for name, said in (
        ("none.ckpt", "none.ckpt cannot be read: No such file"),
        (".", "cannot be read: Is a directory"),
        ("other.ckpt", "other.ckpt is no checkpoint of TabICL: torch did not write it"),
    ):
        with pytest.raises(InvalidSettings, match=said) as caught:
            TabIcl(tmp_path / "made", model=replace(model, path=tmp_path / name))
        assert caught.value.code == "settings_wrong_value"
        assert caught.value.where == "models.icl.weights"
        assert caught.value.hint


@pytest.mark.parametrize("licence", ["", "  "])
def test_weights_of_no_licence_are_refused(licence, model_of, tmp_path):
    with pytest.raises(InvalidSettings, match="say under which licence") as caught:
        TabIcl(tmp_path / "made", model=model_of(licence=licence))
    assert caught.value.where == "models.icl.licence"


def test_a_race_has_it_where_a_contract_names_it_and_asks_for_its_licence(
    contracts, loans, model_of, run_kind, fake_tabicl, tmp_path
):
    wanted = ("dummy", "tabicl@icl")
    allowed = Requirements(licence=("Apache-2.0",))
    contract = replace(contracts["binary"], candidates=wanted, require=allowed)
    prepared = prepare(loans, contract)
    plan = plan_race(prepared, contract, models={"tabicl@icl": model_of()})
    splits = repeated_stratified(prepared.target, folds=3, repeats=1, seed=3)
    raced = race(replace(plan, splits=splits), run_kind(), folder=tmp_path / "race")
    found = {each.name: each for each in check_all(contract, raced, run_kind()).results}
    assert list(found) == list(wanted)
    assert found["tabicl@icl"].scores > found["dummy"].scores
    (broken,) = found["tabicl@icl"].broken
    assert "licence is BSD-3-Clause, and only Apache-2.0 is allowed" in broken.said
    assert not found["dummy"].broken
    told = found["tabicl@icl"].configuration
    assert (told["checkpoint"], told["licence"]) == (model_of().sha256, "BSD-3-Clause")


def test_no_contract_races_it_unasked(contracts, loans):
    plan = plan_race(prepare(loans, contracts["binary"]), contracts["binary"])
    assert not any("tabicl" in each for each in plan.recipes)
    assert not any("tabicl" in each for each in plan.prepared.notes)
