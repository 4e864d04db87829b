"""Each estimator, alone and behind preprocessing: `from_sklearn` itself checks that it answers."""

import numpy as np
import pandas
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import ElasticNet, LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from plait.core.errors import Refused
from plait.train.from_sklearn import from_sklearn

ROWS = 160
NUMBERS = ["age", "income", "children"]
ONE = {"n_jobs": 1}
BOOSTED = {"n_estimators": 6, "verbose": -1, "min_child_samples": 5, **ONE}
CLASSIFIERS = [
    LogisticRegression(max_iter=500),
    DecisionTreeClassifier(max_depth=5),
    RandomForestClassifier(6, **ONE),
    ExtraTreesClassifier(6, **ONE),
    GradientBoostingClassifier(n_estimators=6),
    HistGradientBoostingClassifier(max_iter=6),
    LGBMClassifier(**BOOSTED),
]
REGRESSORS = [
    LinearRegression(),
    ElasticNet(),
    DecisionTreeRegressor(max_depth=5),
    RandomForestRegressor(6, **ONE),
    ExtraTreesRegressor(6, **ONE),
    GradientBoostingRegressor(n_estimators=6, loss="huber"),
    HistGradientBoostingRegressor(max_iter=6, loss="absolute_error"),
    LGBMRegressor(**BOOSTED),
]
CASES = [
    *(("binary", model) for model in CLASSIFIERS),
    *(("multiclass", model) for model in CLASSIFIERS),
    *(("regression", model) for model in REGRESSORS),
]


@pytest.fixture(scope="module")
def people():
    dice = np.random.Generator(np.random.PCG64(2))
    frame = pandas.DataFrame(
        {
            "age": dice.integers(18, 80, ROWS).astype(float),
            "income": dice.lognormal(3, 0.6, ROWS),
            "area": dice.choice(["coast", "town", "village"], ROWS),
            "owner": dice.random(ROWS) < 0.5,
            "children": dice.integers(0, 4, ROWS),
        }
    )
    frame.loc[dice.random(ROWS) < 0.1, "income"] = np.nan
    frame.loc[dice.random(ROWS) < 0.1, "area"] = None
    odds = 0.05 * (frame.age - 40) + (frame.area == "coast") * 1.5 - 0.3 * frame.children
    odds = (odds + dice.normal(0, 1, ROWS)).to_numpy()
    return frame, {
        "binary": np.where(odds > 0, "yes", "no"),
        "multiclass": np.digitize(odds, [-0.5, 0.7]),
        "regression": 10 * odds,
    }


def named(case):
    return f"{case[0]}-{type(case[1]).__name__}"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_it_answers_alike_behind_preprocessing(people, tmp_path, case):
    problem, model = case
    frame, targets = people
    flagged = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    counted = make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    )
    before = ColumnTransformer(
        [
            ("numbers", flagged, NUMBERS),
            ("area", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["area"]),
            ("again", counted, ["area"]),
            ("rest", "passthrough", ["owner"]),
        ]
    )
    fitted = make_pipeline(before, model).fit(frame, targets[problem])
    made = from_sklearn(fitted, frame, tmp_path / "model")
    assert made.manifest.problem == problem
    assert set(made.manifest.input.names) == set(frame.columns)


@pytest.mark.parametrize("case", [each for each in CASES if each[1].__class__.__name__ not in
                                  ("LogisticRegression", "LinearRegression", "ElasticNet")],
                         ids=named)  # fmt: skip
def test_it_answers_alike_alone(people, tmp_path, case):
    problem, model = case
    rows = people[0][NUMBERS]
    if isinstance(model, GradientBoostingClassifier | GradientBoostingRegressor):
        rows = rows.fillna(0)
    made = from_sklearn(model.fit(rows, people[1][problem]), rows, tmp_path / "model")
    nullable = isinstance(model, GradientBoostingClassifier | GradientBoostingRegressor)
    assert {field.nullable for field in made.manifest.input.fields} == {not nullable}


def test_categories_within_histogram_boosting_are_kept(people, tmp_path):
    frame, targets = people
    frame = frame.assign(area=frame.area.astype("category"))
    model = HistGradientBoostingClassifier(max_iter=10, min_samples_leaf=5)
    made = from_sklearn(model.fit(frame, targets["binary"]), frame, tmp_path / "model")
    assert made.manifest.input["area"].kind == "category"
    assert "num_cat=1" in (tmp_path / "model" / "model.txt").read_text()


def test_the_exponential_loss_has_another_scale(people, tmp_path):
    rows = people[0][["age", "children"]]
    model = GradientBoostingClassifier(loss="exponential", n_estimators=5)
    assert from_sklearn(model.fit(rows, people[1]["binary"]), rows, tmp_path / "model")


@pytest.mark.parametrize(
    ("model", "problem", "said"),
    [
        (KNeighborsClassifier(), "binary", "KNeighborsClassifier cannot be converted"),
        (RidgeClassifier(), "binary", "gives no probabilities"),
        (
            HistGradientBoostingRegressor(max_iter=2, loss="poisson"),
            "positive",
            "the loss 'poisson' has another scale",
        ),
        (LGBMRegressor(objective="poisson", **BOOSTED), "positive", "'poisson"),
        (
            GradientBoostingClassifier(n_estimators=2, init=LogisticRegression()),
            "binary",
            "starts from another model",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_converted_is_named(people, tmp_path, model, problem, said):
    rows = people[0][["age", "children"]]
    target = people[1].get(problem, np.arange(ROWS) + 1.0)
    with pytest.raises(Refused, match=said) as refused:
        from_sklearn(model.fit(rows, target), rows, tmp_path / "model")
    assert refused.value.code == "import_refused"
    assert refused.value.hint
    assert not (tmp_path / "model").exists()
