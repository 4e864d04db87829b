"""What preprocessing makes of a column is what the codes make of it."""

import numpy as np
import pandas
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

from plait.core.errors import Refused
from plait.engines.encode import Encoder
from plait.engines.pipeline import LookupCode, NumberCode, OneHotCode, OrdinalCode
from plait.train.from_sklearn_column import Plain, codes_of, follow

FRAME = pandas.DataFrame(
    {
        "age": [20.0, 30.0, np.nan, 60.0, 41.0, 20.0],
        "rooms": [1, 2, 3, 2, 1, 9],
        "area": ["coast", None, "town", "coast", "coast", "bay"],
    }
)
NUMBERS = ["age", "rooms"]


def check(step, names=("age", "rooms", "area")):
    """Fit a step, follow it, compare what the codes give with what it gives, return the codes."""
    frame = FRAME[list(names)]
    target = np.arange(len(frame)) % 2
    expected = step.fit(frame, target).transform(frame)
    expected = expected.toarray() if hasattr(expected, "toarray") else np.asarray(expected)
    codes, positions = codes_of(follow(step, [Plain(name) for name in names], list(names)))
    columns = {name: [None if v != v else v for v in frame[name].tolist()] for name in names}
    matrix = Encoder(codes).matrix(columns, len(frame))
    np.testing.assert_allclose(matrix[:, positions], expected.astype(float), rtol=1e-12, atol=1e-12)
    for row in range(len(frame)):
        one = Encoder(codes).row({name: values[row : row + 1] for name, values in columns.items()})
        np.testing.assert_array_equal(one, matrix[row])
    return codes


@pytest.mark.parametrize(
    "scaler",
    [StandardScaler(), StandardScaler(with_mean=False), StandardScaler(with_std=False),
     MinMaxScaler(), RobustScaler(), MaxAbsScaler(), FunctionTransformer()],
    ids=str,
)  # fmt: skip
def test_numbers_are_moved_and_scaled(scaler):
    assert {type(code) for code in check(scaler, NUMBERS)} == {NumberCode}
    both = make_pipeline(scaler, SimpleImputer(), StandardScaler())
    check(both, NUMBERS)


def test_missing_numbers_are_filled_and_flagged():
    (code, _) = check(SimpleImputer(add_indicator=True), NUMBERS)
    assert (code.indicator, code.fill) == (True, pytest.approx(34.2))
    check(make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), NUMBERS)
    (code,) = check(SimpleImputer(missing_values=9), ["rooms"])
    assert code.sentinels == (9.0,)


def test_levels_have_positions_of_their_own():
    (code,) = check(OneHotEncoder(handle_unknown="ignore", categories=[["coast", "town"]]),
                    ["area"])  # fmt: skip
    assert code == OneHotCode(column="area", levels=("coast", "town"))
    for step in (
        OneHotEncoder(handle_unknown="ignore"),  # missing is a level of its own
        OneHotEncoder(handle_unknown="ignore", drop="first"),
        OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=2),
        make_pipeline(OneHotEncoder(handle_unknown="ignore"), StandardScaler(with_mean=False)),
    ):
        assert {type(code) for code in check(step, ["area"])} == {LookupCode}
    codes = check(OneHotEncoder(handle_unknown="ignore"), ["rooms", "area"])
    assert codes[0].keys == (1.0, 2.0, 3.0, 9.0)


def test_levels_are_counted():
    step = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    (code,) = check(step, ["area"])
    assert code == OrdinalCode(column="area", levels=("bay", "coast", "town"), unknown=-1.0)
    step = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan,
                          encoded_missing_value=-5)  # fmt: skip
    (code,) = check(step, ["area"])
    assert (code.missing, code.unknown) == ((-5.0,), (None,))
    filled = make_pipeline(SimpleImputer(strategy="constant", fill_value="town"), step)
    (code,) = check(filled, ["area"])
    assert code.missing == (2.0,)


@pytest.mark.parametrize(
    "chosen",
    [
        ["age"],
        [0],
        slice(0, 1),
        [True, False, False],
        slice("age", "age"),
        lambda frame: list(frame.columns[:1]),
    ],
    ids=["name", "number", "slice", "flags", "slice of names", "function"],
)
def test_columns_are_chosen_in_every_way(chosen):
    parts = [("one", StandardScaler(), chosen), ("none", "drop", ["area"])]
    check(ColumnTransformer(parts, remainder="passthrough"))


def test_what_is_selected_stays():
    step = make_pipeline(SimpleImputer(), SelectKBest(k=1))
    (code,) = check(step, NUMBERS)
    assert code.column in NUMBERS


@pytest.mark.parametrize(
    ("step", "names", "said"),
    [
        (PolynomialFeatures(), ["rooms"], "PolynomialFeatures cannot be converted"),
        (FunctionTransformer(np.log1p), ["rooms"], "FunctionTransformer cannot be converted"),
        (MinMaxScaler(clip=True), ["rooms"], "MinMaxScaler cannot be converted"),
        (OneHotEncoder(), ["area"], "fails at a level of 'area' that it never saw"),
        (OrdinalEncoder(), ["area"], 'handle_unknown="use_encoded_value"'),
        (make_pipeline(StandardScaler(), OneHotEncoder(handle_unknown="ignore")), ["rooms"],
         "'rooms' is encoded after it was changed"),
        (SimpleImputer(strategy="most_frequent"), ["area"], "'area' reaches the model as text"),
        (make_pipeline(SimpleImputer(), SimpleImputer(add_indicator=True)), ["age"], None),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_followed_is_named(step, names, said):
    frame = FRAME[names]
    step.fit(frame)
    if said is None:
        check(step, names)
        return
    with pytest.raises(Refused, match=said):
        codes_of(follow(step, [Plain(name) for name in names], names))
