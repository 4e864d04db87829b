"""What scikit-learn fitted answers alike as an artefact, or is refused with what to do."""

import numpy as np
import pandas
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import plait
from plait.core.errors import InvalidData, Refused
from plait.engines.base import load, read_artefact

NUMBERS = ["age", "income", "children"]


@pytest.fixture(scope="module")
def people():
    """Return a frame of every kind of column, and a target of each problem."""
    dice = np.random.Generator(np.random.PCG64(2))
    rows = 200
    frame = pandas.DataFrame(
        {
            "age": dice.integers(18, 80, rows).astype(float),
            "income": dice.lognormal(3, 0.6, rows),
            "area": dice.choice(["coast", "town", "village"], rows),
            "owner": dice.random(rows) < 0.5,
            "children": dice.integers(0, 4, rows),
        }
    )
    frame.loc[dice.random(rows) < 0.1, "income"] = np.nan
    frame.loc[dice.random(rows) < 0.1, "area"] = None
    odds = 0.05 * (frame.age - 40) + (frame.area == "coast") * 1.5 - 0.3 * frame.children
    odds = (odds + dice.normal(0, 1, rows)).to_numpy()
    return frame, {"binary": np.where(odds > 0, "yes", "no"), "regression": 10 * odds}


def prepared():
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return ColumnTransformer(
        [
            ("numbers", numbers, NUMBERS),
            ("area", OneHotEncoder(handle_unknown="ignore"), ["area"]),
            ("rest", "passthrough", ["owner"]),
        ]
    )


def test_a_pipeline_becomes_an_artefact_that_answers_alike(people, tmp_path):
    frame, targets = people
    model = make_pipeline(prepared(), LogisticRegression()).fit(frame, targets["binary"])
    made = plait.from_sklearn(model, frame, tmp_path / "model")
    assert made.manifest.engine == "linear"
    assert made.manifest.problem == "binary"
    assert made.id == read_artefact(tmp_path / "model").id
    columns = {name: [None if v != v else v for v in frame[name].tolist()] for name in frame}
    answer = load(tmp_path / "model").predict(columns, reasons=2)
    assert answer["probability_yes"] == pytest.approx(model.predict_proba(frame)[:, 1], abs=1e-9)
    assert list(answer["prediction"]) == model.predict(frame).tolist()
    assert {each.feature for row in answer["reasons"] for each in row} <= set(frame.columns)


def test_what_the_model_takes_as_missing_is_in_the_schema(people, tmp_path):
    frame, targets = people
    model = make_pipeline(prepared(), Ridge()).fit(frame, targets["regression"])
    made = plait.from_sklearn(model, frame, tmp_path / "model")
    nullable = {field.name: field.nullable for field in made.manifest.input.fields}
    assert nullable == {
        "age": True, "income": True, "children": True, "area": True, "owner": False,
    }  # fmt: skip
    assert made.manifest.input["area"].levels == ("coast", "town", "village")


def test_a_search_gives_its_best(people, tmp_path):
    frame, targets = people
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 10.0]}, cv=3)
    search.fit(frame[["age", "children"]], targets["regression"])
    made = plait.from_sklearn(search, frame, tmp_path / "model")
    assert made.manifest.input.names == ("age", "children")


def test_a_model_fitted_on_an_array_takes_the_names_of_the_frame(people, tmp_path):
    frame, targets = people
    rows = frame[["age", "children"]]
    model = Ridge().fit(rows.to_numpy(), targets["regression"])
    made = plait.from_sklearn(model, rows, tmp_path / "model")
    assert made.manifest.input.names == ("age", "children")
    with pytest.raises(Refused, match="reads 2 columns, and the frame has 5"):
        plait.from_sklearn(model, frame, tmp_path / "other")


@pytest.mark.parametrize("kind", [LGBMClassifier, LGBMRegressor])
def test_lightgbm_brings_its_categories_and_its_names(people, tmp_path, kind):
    frame, targets = people
    frame = frame.assign(area=frame.area.astype("category")).rename(columns={"age": "age now"})
    target = targets["binary" if kind is LGBMClassifier else "regression"]
    model = kind(n_estimators=8, verbose=-1, n_jobs=1, min_child_samples=5).fit(frame, target)
    made = plait.from_sklearn(model, frame, tmp_path / "model")
    assert made.manifest.input["area"].kind == "category"
    assert "age now" in made.manifest.input.names


def test_an_artefact_that_answered_otherwise_is_refused(people, tmp_path, monkeypatch):
    frame, targets = people
    model = make_pipeline(prepared(), Ridge()).fit(frame, targets["regression"])
    monkeypatch.setattr(model[-1], "predict", lambda rows: np.arange(rows.shape[0], dtype=float))
    with pytest.raises(Refused, match=r"the artefact and the model differ by .* the rows given"):
        plait.from_sklearn(model, frame, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_bad_rows_are_refused_with_what_to_do(people, tmp_path):
    frame, targets = people
    model = Ridge().fit(frame[["age", "children"]], targets["regression"])
    with pytest.raises(Refused, match="give a pandas DataFrame"):
        plait.from_sklearn(model, frame.to_numpy(), tmp_path / "model")
    with pytest.raises(InvalidData, match="no rows"):
        plait.from_sklearn(model, frame.head(0), tmp_path / "model")
    with pytest.raises(InvalidData, match="the model reads 'age'"):
        plait.from_sklearn(model, frame.drop(columns="age"), tmp_path / "model")
    missing = frame.assign(age=np.nan)
    with pytest.raises(Refused, match="does not answer the frame"):
        plait.from_sklearn(model, missing, tmp_path / "model")
    (tmp_path / "taken").mkdir()
    with pytest.raises(InvalidData, match="holds something else"):
        plait.from_sklearn(model, frame, tmp_path / "taken")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (object(), "the object is no scikit-learn estimator"),
        (Ridge(), "the Ridge is not fitted"),
        (make_pipeline(StandardScaler(), Ridge()), "the Pipeline is not fitted"),
    ],
)
def test_what_is_no_fitted_model_is_refused(people, tmp_path, model, said):
    with pytest.raises(Refused, match=said) as caught:
        plait.from_sklearn(model, people[0], tmp_path / "made")
    assert caught.value.code == "import_refused"
    assert caught.value.hint
