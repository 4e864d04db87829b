import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from plait.core.artefact import Manifest
from plait.core.errors import EngineError
from plait.engines.answer import output_schema
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.linear import LinearModel
from plait.engines.pipeline import PIPELINE, NumberCode, OneHotCode, Pipeline

CLASSES = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c"), "regression": ()}


@pytest.fixture
def grid(table):
    """The table as scikit-learn wants it: an array of objects, NaN for missing numbers."""
    columns = [
        [float(value) for value in table["age"]],
        [np.nan if value in (None, 999, 666.0) else float(value) for value in table["debt"]],
        [value or "~" for value in table["area"]],
    ]
    return np.array(columns, dtype=object).T


@pytest.mark.parametrize("problem", list(CLASSES))
def test_the_numbers_of_scikit_learn(problem, grid, table, target, schema, tmp_path):
    """A whole pipeline of scikit-learn's, written down as an artefact, answers the same."""
    wanted = np.digitize(target, [-0.5, 0.5])
    wanted = {"binary": target > 0, "multiclass": wanted, "regression": target}[problem]
    oracle = make_pipeline(
        ColumnTransformer(
            [
                ("n", make_pipeline(SimpleImputer(), StandardScaler()), [0, 1]),
                ("c", OneHotEncoder(), [2]),
            ]
        ),
        Ridge() if problem == "regression" else LogisticRegression(max_iter=1000),
    ).fit(grid, wanted)
    _export(oracle, problem, schema, tmp_path)
    answer = load(tmp_path).predict(table)
    if problem == "regression":
        np.testing.assert_allclose(answer["prediction"], oracle.predict(grid), rtol=1e-9)
        return
    probabilities = np.array([answer[f"probability_{level}"] for level in CLASSES[problem]]).T
    np.testing.assert_allclose(probabilities, oracle.predict_proba(grid), rtol=1e-9)
    expected = np.array(CLASSES[problem])[oracle.predict(grid).astype(int)]
    assert answer["prediction"].tolist() == expected.tolist()


def _export(oracle, problem, schema, folder):
    columns, fitted = oracle[0], oracle[-1]
    imputer, scaler = columns.named_transformers_["n"]
    levels = tuple(columns.named_transformers_["c"].categories_[0])
    missing = {"debt": (999.0, 666.0), "age": ()}
    numbers = [
        NumberCode(
            column=name,
            sentinels=missing[name],
            fill=float(imputer.statistics_[at]),
            shift=float(scaler.mean_[at]),
            scale=float(scaler.scale_[at]),
        )
        for at, name in enumerate(("age", "debt"))
    ]
    known = OneHotCode(column="area", levels=levels[:-1])  # "~", for missing, sorts last
    encode = (*numbers, known)
    pipeline = Pipeline(problem=problem, classes=CLASSES[problem], encode=encode)
    coefficients = np.atleast_2d(fitted.coef_)
    model = LinearModel(
        coefficients, np.atleast_1d(fitted.intercept_), np.zeros(coefficients.shape[1])
    )
    manifest = Manifest(
        engine="linear",
        task="tabular",
        problem=problem,
        input=schema,
        output=output_schema(pipeline),
        origin="tests",
    )
    files = {PIPELINE: pipeline.record(), "model.json": model.record()}
    write_artefact(folder, manifest, {name: json_bytes(part) for name, part in files.items()})


numbers = st.floats(-1e300, 1e300)
models = st.tuples(st.integers(1, 3), st.integers(0, 5)).flatmap(
    lambda shape: st.builds(
        LinearModel,
        st.lists(
            st.lists(numbers, min_size=shape[1], max_size=shape[1]),
            min_size=shape[0],
            max_size=shape[0],
        ),
        st.lists(numbers, min_size=shape[0], max_size=shape[0]),
        st.lists(numbers, min_size=shape[1], max_size=shape[1]),
    )
)


@given(model=models, data=st.data())
def test_a_row_scores_as_in_its_batch(model, data):
    row = st.lists(numbers, min_size=model.n_features, max_size=model.n_features)
    rows = data.draw(st.lists(row, max_size=4))
    batch = model.raw(np.array(rows).reshape(len(rows), model.n_features))
    assert batch.shape == (len(rows), model.n_classes)
    np.testing.assert_array_equal(batch.tolist(), [model.raw_row(values) for values in rows])


def test_contributions_are_counted_from_the_mean_row():
    model = LinearModel([[2.0, 3.0]], [1.0], [10.0, 20.0])
    assert model.contributions(np.array([[11.0, 20.0]])).tolist() == [[[2.0, 0.0, 81.0]]]
    assert model.raw_row([11.0, 20.0]) == [83.0]


@pytest.mark.parametrize("classes", [1, 3])
def test_contributions_add_up(classes):
    dice = np.random.default_rng(0)
    weights, matrix = dice.normal(size=(classes, 4)), dice.normal(size=(5, 4))
    model = LinearModel(weights, dice.normal(size=classes), dice.normal(size=4))
    np.testing.assert_allclose(model.contributions(matrix).sum(axis=2), model.raw(matrix))


def test_a_model_is_what_it_recorded():
    model = LinearModel(np.array([[1.0, 2.0]]), np.array([3.0]), np.array([4.0, 5.0]))
    assert LinearModel.read(model.record()).record() == model.record()


@pytest.mark.parametrize(
    "parts",
    [
        {"coefficients": [[1.0]], "intercept": [0.0], "center": []},
        {"coefficients": [[1.0], [1.0, 2.0]], "intercept": [0.0, 0.0], "center": [0.0]},
        {"coefficients": [[1.0]], "intercept": [0.0, 0.0], "center": [0.0]},
        {"coefficients": [], "intercept": [], "center": []},
        {"coefficients": [["x"]], "intercept": [0.0], "center": [0.0]},
        {"coefficients": 1.0, "intercept": [0.0], "center": [0.0]},
        {"coefficients": [[1.0]], "intercept": [0.0]},
    ],
)
def test_a_model_of_no_shape(artefacts, tmp_path, parts):
    original = load(artefacts["linear-binary"]).artefact
    pipeline = (original.folder / PIPELINE).read_bytes()
    files = {PIPELINE: pipeline, "model.json": json_bytes(parts)}
    write_artefact(tmp_path, original.manifest, files)
    with pytest.raises(EngineError, match=r"model\.json") as caught:
        load(tmp_path)
    assert caught.value.code == "artefact_damaged"
