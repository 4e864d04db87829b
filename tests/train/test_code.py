from dataclasses import replace

import numpy as np
import pytest

from plait.core.schema import Field, Schema
from plait.engines.encode import Encoder
from plait.engines.pipeline import NumberCode, OneHotCode, OrdinalCode
from plait.train.code import LEVEL_ROWS, ordered_codes, pipeline_of, standard_codes


@pytest.fixture(scope="module")
def sample(samples):
    """Forty rows of each kind of column; level `b` goes with the target, `rare` is rare."""
    dice = np.random.Generator(np.random.PCG64(6))
    target = (np.arange(40) % 2).astype(float)
    number = dice.normal(50, 10, 40)
    number[:5], number[5:10] = np.nan, 999.0
    level = np.array(["b" if each else "a" for each in target], dtype=object)
    level[0], level[1] = None, "rare"
    fields = (
        Field(name="number", kind="number", nullable=True, sentinels=(999.0,)),
        Field(name="level", kind="category", nullable=True),
        Field(name="empty", kind="number", nullable=True),
    )
    columns = {"number": number, "level": level, "empty": np.full(40, np.nan)}
    return replace(samples["binary"], input=Schema(fields), columns=columns, target=target.tolist())


def test_standard_codes_leave_nothing_missing_and_everything_of_one_scale(sample):
    number, level, empty = standard_codes(sample)
    assert isinstance(number, NumberCode)
    assert number.indicator
    assert isinstance(level, OneHotCode)
    assert level.levels == ("a", "b")
    assert LEVEL_ROWS > 1
    assert empty.fill == 0.0
    matrix = Encoder((number, level, empty)).matrix(sample.columns, 40)
    assert np.isfinite(matrix).all()
    assert matrix[:, 0].mean() == pytest.approx(0)
    assert matrix[:, 0].std() == pytest.approx(1)
    assert matrix[:, 1].sum() == 10


def test_numbers_that_are_not_scaled_keep_their_unit(sample):
    codes = standard_codes(sample, scaled=False)
    matrix = Encoder(codes).matrix(sample.columns, 40)
    number = sample.columns["number"]
    usual = np.median(number[10:])
    assert matrix[:, 0].tolist() == [usual] * 10 + number[10:].tolist()
    assert matrix[:, 1].tolist() == [1.0] * 10 + [0.0] * 30
    assert codes[1] == standard_codes(sample)[1]


def test_ordered_codes_go_by_the_target_of_the_rows_they_may_see(sample):
    number, level, _ = ordered_codes(sample, np.arange(40))
    assert number == NumberCode(column="number", sentinels=(999.0,))
    assert isinstance(level, OrdinalCode)
    assert level.levels.index("a") < level.levels.index("b")
    turned = replace(sample, target=[1 - each for each in sample.target])
    assert ordered_codes(turned, np.arange(40))[1].levels[0] == "b"
    seen = np.flatnonzero(np.array([each == "b" for each in sample.columns["level"]]))
    assert ordered_codes(sample, seen)[1].levels == ("b",)


def test_of_three_classes_levels_go_by_their_number(samples):
    sample = samples["multiclass"]
    codes = ordered_codes(sample, np.arange(len(sample.target)))
    levels = next(code.levels for code in codes if isinstance(code, OrdinalCode))
    rows = [sum(each == level for each in sample.columns["area"]) for level in levels]
    assert rows == sorted(rows, reverse=True)


def test_the_pipeline_is_calibrated_and_has_what_the_problem_needs(samples):
    binary, regression = samples["binary"], samples["regression"]
    fold = np.arange(len(binary.target)) % 5
    sure = (2 * np.array(binary.target) - 1) * 0.1
    pipeline = pipeline_of(binary, (), sure, fold, threshold=0.3)
    assert pipeline.threshold == 0.3
    assert pipeline.calibrate.slope > 1
    assert pipeline.interval is None
    target = np.array(regression.target)
    spread = pipeline_of(regression, (), target + 1.0, fold, threshold=None)
    assert spread.calibrate is None
    assert spread.interval.half_width == pytest.approx(1.0)
    blind = pipeline_of(binary, (), np.zeros(0), None, threshold=None)
    assert (blind.calibrate.slope, blind.calibrate.offset) == (1.0, 0.0)
