import numpy as np
import pytest

from plait.core.errors import InvalidSettings
from plait.core.schema import Field, Schema
from plait.evaluate.monotone import monotone_signs, sweep

SCHEMA = Schema(
    (
        Field(name="debt", kind="number", low=0.0, high=10.0, sentinels=(999.0,), nullable=True),
        Field(name="married", kind="boolean"),
        Field(name="area", kind="category", levels=("a", "b")),
    )
)
COLUMNS = {
    "debt": np.array([0.0, 999.0, np.nan, 4.0, 10.0]),
    "married": np.array([True, None, False, True, False], dtype=object),
    "area": np.array(["a", "b", None, "a", "b"], dtype=object),
}


class Curve:
    def __init__(self, curve):
        self.curve = curve

    def predict(self, columns, *, reasons=0):
        debt = np.asarray(columns["debt"], dtype=float)
        assert not (debt == 999.0).any()
        assert len({len(column) for column in columns.values()}) == 1
        return {"prediction": self.curve(debt, columns)}


def swept(curve, direction="increasing", feature="debt"):
    return sweep(Curve(curve), COLUMNS, SCHEMA[feature], direction, answer="prediction")


def test_an_answer_that_only_rises():
    found = swept(lambda debt, _: debt**2)
    assert found.holds
    assert (found.rows, found.steps, found.share, found.largest) == (5, 3, 0.0, 0.0)
    assert not swept(lambda debt, _: debt**2, "decreasing").holds


def test_how_many_rows_move_back_and_how_far():
    def dips(debt, columns):
        only = np.array([area == "a" for area in columns["area"]])
        return np.where(only & (debt == 4.0), -0.25, debt)

    found = swept(dips)
    assert found.share == pytest.approx(2 / 5)
    assert found.largest == 0.25


def test_a_slow_fall_counts_in_all():
    found = swept(lambda debt, _: -0.1 * debt)
    assert (found.share, found.largest) == (1.0, pytest.approx(1.0))


def test_a_boolean_is_swept_from_no_to_yes():
    def by_married(debt, columns):
        return np.array([float(bool(each)) for each in columns["married"]])

    columns = {**COLUMNS, "debt": np.ones(5)}
    found = sweep(Curve(by_married), columns, SCHEMA["married"], "decreasing", answer="prediction")
    assert (found.steps, found.share, found.largest) == (2, 1.0, 1.0)


def test_rounding_is_no_fall():
    assert swept(lambda debt, _: 1.0 - 1e-13 * debt).holds


def test_signs():
    found = monotone_signs({"debt": "decreasing", "married": "increasing"}, SCHEMA, "binary")
    assert found == {"debt": -1, "married": 1}


@pytest.mark.parametrize(
    ("feature", "problem", "said"),
    [
        ("dept", "binary", "did you mean 'debt'"),
        ("area", "regression", "neither grows nor shrinks"),
        ("debt", "multiclass", "neither rises nor falls"),
    ],
)
def test_what_cannot_be_monotone_is_refused(feature, problem, said):
    with pytest.raises(InvalidSettings) as caught:
        monotone_signs({feature: "increasing"}, SCHEMA, problem)
    assert caught.value.code == "settings_wrong_value"
    assert caught.value.where == f"require.monotone.{feature}"
    assert said in str(caught.value.message) + caught.value.hint
