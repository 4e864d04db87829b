"""An imported model is raced as it is, and its score is told honestly."""

import re
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from plait.core.contract import Contract, Requirements
from plait.core.errors import InvalidData
from plait.engines.base import json_bytes, load, read_artefact, read_bytes, write_artefact
from plait.evaluate.split import time_ordered
from plait.train.from_sklearn import from_sklearn
from plait.train.incumbent import DOUBT, NOTE, Incumbent, enter, seen, worth
from plait.train.race import Raced, Result, race
from plait.train.require import check_all

pandas = pytest.importorskip("pandas")


@pytest.fixture(scope="module")
def imported(samples, tmp_path_factory):
    """Return what makes an imported artefact of a ridge regression on two columns."""
    sample = samples["regression"]
    frame = pandas.DataFrame({"number": sample.columns["debt"], "debt": sample.columns["debt"]})
    rows = frame[["debt"]]
    model = Ridge().fit(rows, sample.target)

    def make(**note):
        folder = tmp_path_factory.mktemp("imported")
        made = from_sklearn(model, rows, folder / "made")
        files = {name: read_bytes(made.folder / name) for name in made.manifest.files}
        told = json_bytes({"read": ["debt"], **note})
        write_artefact(folder / "kept", made.manifest, {**files, NOTE: told})
        return folder / "kept"

    return make, model


@pytest.fixture(scope="module")
def small(plan_of):
    return plan_of("regression", candidates=("dummy",))


def test_its_fit_is_the_model_as_it_was(imported, samples, tmp_path):
    make, model = imported
    sample = samples["regression"]
    candidate = Incumbent(tmp_path, source=make())
    answer = candidate.fit(sample).predict(sample.columns)
    rows = pandas.DataFrame({"debt": sample.columns["debt"]})
    assert list(answer["prediction"]) == pytest.approx(model.predict(rows))
    manifest = read_artefact(tmp_path).manifest
    assert manifest.input == sample.input
    assert NOTE not in manifest.files
    assert candidate.configuration()["judged on"] == "rows it may have seen"


def test_the_threshold_of_the_race_is_its_own(samples, tmp_path, imported):
    sample = samples["binary"]
    rows = pandas.DataFrame({"debt": sample.columns["debt"]})
    model = LogisticRegression().fit(rows, np.array(["no", "yes"])[np.array(sample.target)])
    made = from_sklearn(model, rows, tmp_path / "made")
    files = {name: read_bytes(made.folder / name) for name in made.manifest.files}
    write_artefact(tmp_path / "kept", made.manifest, {**files, NOTE: json_bytes({"read": []})})
    fitted = Incumbent(tmp_path / "x", threshold=0.99, source=tmp_path / "kept").fit(sample)
    chances = np.array(fitted.predict(sample.columns)["probability_yes"])
    decided = list(fitted.predict(sample.columns)["prediction"])
    assert decided == np.where(chances >= 0.99, "yes", "no").tolist()


def test_a_column_that_is_gone_is_named(imported, samples, tmp_path):
    sample = samples["regression"]
    kept = tuple(field for field in sample.input.fields if field.name != "debt")
    gone = replace(sample, input=replace(sample.input, fields=kept))
    with pytest.raises(InvalidData, match="the incumbent reads 'debt'"):
        Incumbent(tmp_path, source=imported[0]()).fit(gone)


def test_it_races_and_the_doubt_is_noted(imported, small, run_kind, tmp_path):
    entered = enter(small, imported[0]())
    assert list(entered.recipes) == ["dummy", "incumbent"]
    assert entered.prepared.notes[0] == DOUBT
    assert entered.splits is small.splits
    raced = race(entered, run_kind(), folder=tmp_path)
    mine = raced.results[1]
    assert (mine.name, mine.paradigm) == ("incumbent", "incumbent")
    assert load(mine.folder).artefact.id == mine.artefact
    said = worth(raced, "incumbent")
    assert said.startswith("Whether replacing the incumbent is worth it is open: dummy's")
    assert "may have been trained on the rows that judged it" in said


def test_its_licence_is_held_against_what_the_contract_allows(imported, small, run_kind, tmp_path):
    made = imported[0]()
    artefact = read_artefact(made)
    files = {name: read_bytes(made / name) for name in artefact.manifest.files}
    bought = replace(artefact.manifest, licence="GPL-3.0-only")
    write_artefact(tmp_path / "bought", bought, files)
    contract = Contract(
        task="tabular", data="", target="y", require=Requirements(licence=("MIT", "Apache-2.0"))
    )
    run = run_kind()
    raced = race(enter(small, tmp_path / "bought"), run, folder=tmp_path)
    ours, theirs = check_all(contract, raced, run).results
    assert ours.broken == ()
    (broken,) = theirs.broken
    assert broken.said == ("its licence is GPL-3.0-only, and only MIT or Apache-2.0 is allowed")


def test_only_later_rows_judge_where_the_end_of_its_training_is_known(imported, small):
    rows = len(small.prepared)
    times = np.arange(rows, dtype=np.float64)
    dated = replace(
        small,
        prepared=replace(small.prepared, aside={"asked": times}),
        splits=time_ordered(rows, folds=4),
    )
    source = imported[0](trained_before="2026-01-01", cutoff=float(rows // 2))
    entered = enter(dated, source, time="asked")
    tested = np.concatenate([split.test for split in entered.splits])
    assert tested.min() >= rows // 2
    assert 2 <= len(entered.splits) == entered.splits.folds < 4 + 1
    assert entered.prepared.notes[0].startswith("The incumbent was trained before 2026-01-01")
    made = entered.recipes["incumbent"](None)
    assert made.configuration()["judged on"] == "later rows than it was trained on"
    late = imported[0](trained_before="2027-01-01", cutoff=float(rows - 5))
    entered = enter(dated, late, time="asked")
    assert entered.splits is dated.splits
    assert entered.prepared.notes[0].startswith("Too few rows are from 2027-01-01 on")


def raced_with(plan, mine, rival, judged_on):
    def result(name, scores, configuration):
        return Result(
            name=name, paradigm="incumbent" if name == "incumbent" else "tree", complexity=0,
            configuration=configuration, scores=scores, point=None, artefact="art_x",
            folder=None, seconds=0.0,
        )  # fmt: skip

    return Raced(
        plan=plan,
        results=(
            result("lightgbm", rival, {}),
            result("incumbent", mine, {"judged on": judged_on}),
        ),
    )


@pytest.mark.parametrize(
    ("rival", "judged_on", "said"),
    [
        ((0.1, 0.11, 0.12), "rows it may have seen", "is worth it: .* may be flattered"),
        ((0.1, 0.11, 0.12), "later rows than it was trained on", "is worth it: [^;]*;[^;]*$"),
        ((9.0, 9.1, 9.2), "rows it may have seen", "is open"),
        ((9.0, 9.1, 9.2), "later rows than it was trained on", "is not worth it"),
        ((0.5, 1.7, 0.8), "later rows than it was trained on", "is not shown to be worth it"),
    ],
)
def test_whether_replacing_it_is_worth_it(small, rival, judged_on, said):
    assert not small.metric.greater_is_better  # so a lower score is better
    raced = raced_with(small, (1.0, 1.01, 1.02), rival, judged_on)
    for winner in ("lightgbm", "incumbent"):
        assert re.search(said, worth(raced, winner)), worth(raced, winner)


@pytest.mark.parametrize(
    "judged_on", ["rows it may have seen", "later rows than it was trained on"]
)
def test_it_cannot_win_on_rows_that_it_may_remember(small, judged_on):
    raced = raced_with(small, (0.0, 0.0, 0.0), (9.0, 9.1, 9.2), judged_on)
    rival, mine = raced.results
    assert seen(rival) == ()
    assert bool(seen(mine)) == (judged_on == "rows it may have seen")


def test_nothing_is_said_where_there_is_no_incumbent(raced):
    assert worth(raced, "linear") == ""
