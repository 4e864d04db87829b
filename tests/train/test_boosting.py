import json
from dataclasses import replace

import numpy as np
import pytest

from plait.core.errors import InvalidSettings
from plait.core.protocol import Sample
from plait.core.schema import Field, Schema
from plait.engines.base import load
from plait.engines.predictor import reason_code
from plait.evaluate.monotone import sweep
from plait.testing.engine import check_engine
from plait.train.boosting import Boosting
from plait.train.linear import Linear

BOTH = pytest.mark.parametrize("method", [Boosting, Linear])


def spread(rows, seed):
    """Return a sample of a regression whose noise grows with x, and by area."""
    random = np.random.default_rng(seed)
    x = random.random(rows)
    area = np.where(random.random(rows) < 0.4, "coast", "town").astype(object)
    noise = (0.1 + 4 * x) * np.where(area == "coast", 2.0, 1.0)
    fields = Field(name="x", kind="number"), Field(name="area", kind="category")
    return Sample(
        input=Schema(fields),
        columns={"x": x, "area": area},
        target=(5 * x + random.normal(0, noise)).tolist(),
        classes=(),
        problem="regression",
        seed=1,
    )


def rows_of(sample, most=12):
    lists = {name: values.tolist()[:most] for name, values in sample.columns.items()}
    plain = [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
    return [{name: None if v != v else v for name, v in row.items()} for row in plain]


def test_levels_stand_in_the_order_of_their_target(samples, tmp_path):
    Boosting(tmp_path).fit(samples["binary"])
    codes = json.loads((tmp_path / "pipeline.json").read_text())["encode"]
    assert next(code["levels"] for code in codes if code["op"] == "ordinal") == [
        "village",
        "coast",
        "town",
    ]


def test_what_it_says_of_itself_is_all_that_it_uses(tmp_path):
    said = Boosting(tmp_path).configuration()
    assert (len(said["portfolio to 10,000 rows"]), len(said["portfolio beyond"])) == (3, 4)


def test_quantiles_follow_the_spread_and_cover(tmp_path):
    predictor = Boosting(tmp_path).fit(replace(spread(1200, 0), interval=0.9))
    assert {"lower.txt", "upper.txt"} <= set(predictor.artefact.manifest.files)
    fresh = spread(4000, 1)
    found = predictor.predict(fresh.columns)
    target = np.array(fresh.target)
    held = (found["lower"] <= target) & (target <= found["upper"])
    assert held.mean() == pytest.approx(0.9, abs=0.025)  # one artefact; on average it is nearer
    width = found["upper"] - found["lower"]
    x = fresh.columns["x"]
    assert width[x > 0.8].mean() > 2 * width[x < 0.2].mean()
    check_engine(load, tmp_path, rows_of(fresh))


def test_without_a_stated_coverage_there_are_no_more_trees(tmp_path):
    predictor = Boosting(tmp_path).fit(spread(300, 0))
    assert set(predictor.artefact.manifest.files) == {"model.txt", "pipeline.json"}
    assert "lower" in predictor.artefact.manifest.output.names


@BOTH
@pytest.mark.parametrize("by", ["", "class", "area"])
def test_sets_of_levels(samples, tmp_path, method, by):
    sample = replace(samples["binary"], interval=0.9, interval_by=by)
    predictor = method(tmp_path).fit(sample)
    found = predictor.predict(sample.columns)
    inside = np.column_stack([found["set_no"], found["set_yes"]])
    assert inside[np.arange(len(inside)), sample.target].mean() > 0.85
    assert inside.any(axis=1).all()
    check_engine(load, tmp_path, rows_of(sample))


@BOTH
def test_intervals_by_group(samples, tmp_path, method):
    sample = replace(spread(900, 0), interval=0.8, interval_by="area")
    predictor = method(tmp_path).fit(sample)
    found = json.loads((tmp_path / "pipeline.json").read_text())["interval"]
    assert (found["level"], found["by"], sorted(found["groups"])) == (
        0.8,
        "area",
        ["coast", "town"],
    )
    check_engine(load, tmp_path, rows_of(sample))
    assert predictor.predict({"x": [0.5], "area": ["moon"]})["lower"]


@BOTH
@pytest.mark.parametrize("problem", ["binary", "regression"])
def test_an_answer_moves_only_as_allowed(samples, tmp_path, method, problem):
    ways = {"debt": "increasing", "income": "decreasing"}  # against what the loans say
    sample = samples[problem]
    answer = "probability_yes" if problem == "binary" else "prediction"
    free = method(tmp_path / "free").fit(sample)
    held = method(tmp_path / "held").fit(replace(sample, monotone=ways))
    for name, way in ways.items():
        field = sample.input[name]
        before, after = (
            sweep(each, sample.columns, field, way, answer=answer) for each in (free, held)
        )
        assert before.share > 0.5
        assert after.holds


@pytest.mark.parametrize("seed", range(2))
def test_a_direction_holds_where_values_are_missing_too(tmp_path, seed):
    random = np.random.default_rng(seed)
    rows = 400
    values = random.normal(size=(rows, 4))
    values[:, 0] = np.round(random.uniform(0, 60, rows))
    odds = 1.5 - 0.05 * values[:, 0] + values[:, 1] * values[:, 2]
    values[random.random((rows, 4)) < 0.05] = np.nan
    names = ("debt", "income", "age", "rest")
    sample = Sample(
        input=Schema(tuple(Field(name=name, kind="number", nullable=True) for name in names)),
        columns=dict(zip(names, values.T, strict=True)),
        target=(random.random(rows) < 1 / (1 + np.exp(-odds))).astype(float).tolist(),
        classes=("no", "yes"),
        problem="binary",
        seed=seed,
        monotone={"debt": "decreasing"},
    )
    held = Boosting(tmp_path).fit(sample)
    field = sample.input["debt"]
    assert sweep(held, sample.columns, field, "decreasing", answer="probability_yes").holds


@BOTH
def test_a_direction_that_the_data_agree_with_costs_little(samples, fresh, tmp_path, method):
    sample = samples["regression"]
    errors = []
    for folder, ways in (("free", {}), ("held", {"debt": "decreasing", "income": "increasing"})):
        predictor = method(tmp_path / folder).fit(replace(sample, monotone=ways))
        answer = np.asarray(predictor.predict(fresh.columns)["prediction"])
        errors.append(np.sqrt(np.mean((answer - fresh.target) ** 2)))
    assert errors[1] < 1.05 * errors[0]


@BOTH
def test_what_has_no_order_cannot_be_monotone(samples, tmp_path, method):
    with pytest.raises(InvalidSettings, match="neither grows nor shrinks"):
        method(tmp_path).fit(replace(samples["binary"], monotone={"area": "increasing"}))


@BOTH
def test_codes_of_a_refusal_add_up_to_what_the_usual_applicant_has(samples, tmp_path, method):
    sample = replace(samples["binary"], reasons=True)
    predictor = method(tmp_path).fit(sample)
    pipeline = json.loads((tmp_path / "pipeline.json").read_text())
    base = reference_odds(predictor, sample, pipeline)
    found = predictor.predict(sample.columns, reasons=9)
    odds = np.log(found["probability_yes"] / found["probability_no"])
    raised = raised_of(predictor, sample, pipeline)
    assert {bool(codes) for codes in found["codes"]} == {True, False}
    for at, codes in enumerate(found["codes"]):
        if found["prediction"][at] == "yes":
            assert codes == ()
            continue
        lost = [code.contribution for code in codes]
        assert lost == sorted(lost)
        assert all(cost < 0 for cost in lost)
        assert sum(lost) + raised[at] == pytest.approx(odds[at] - base, abs=1e-6)
    few = predictor.predict(sample.columns, reasons=2)["codes"]
    assert few == [codes[:2] for codes in found["codes"]]


def reference_odds(predictor, sample, pipeline):
    """The calibrated log-odds of the usual accepted row."""
    empty = predictor._model.contributions(np.zeros((1, predictor._encoder.width))).ravel()[-1]
    raw = empty + sum(pipeline["reference"]["shares"])
    calibrate = pipeline["calibrate"]
    return raw * calibrate["slope"] + calibrate["offset"]


def raised_of(predictor, sample, pipeline):
    """What the fields that helped each row add."""
    matrix = predictor._encoder.matrix(sample.columns, len(sample.target))
    apart = predictor._per_field(matrix)[:, 0] - pipeline["reference"]["shares"]
    return apart.clip(min=0).sum(axis=1) * pipeline["calibrate"]["slope"]


@BOTH
def test_codes_say_in_words_what_was_lacking(samples, tmp_path, method):
    field = replace(samples["binary"].input["debt"], label="debt ratio", unit="percent")
    fields = tuple(
        field if each.name == "debt" else each for each in samples["binary"].input.fields
    )
    sample = replace(samples["binary"], reasons=True, input=Schema(fields))
    predictor = method(tmp_path).fit(sample)
    row = {name: [values.tolist()[0]] for name, values in sample.columns.items()}
    ((first, *_),) = predictor.predict({**row, "debt": [60.0]}, reasons=4)["codes"]
    assert (first.feature, first.code, first.value) == ("debt", reason_code("debt"), 60.0)
    assert first.reference == pytest.approx(27, abs=3)
    assert first.direction == "above"
    assert first.words.startswith("debt ratio: 60 %, above the 2")
    assert first.words.endswith(" % usual of accepted rows")
    assert reason_code("debt") != reason_code("income")


def test_codes_need_a_reference(samples, tmp_path):
    predictor = Linear(tmp_path).fit(samples["binary"])
    assert "codes" not in predictor.predict(samples["binary"].columns, reasons=3)
