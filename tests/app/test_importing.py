"""Models from elsewhere: what is taken over answers as it did; what is not, is told what to do."""

import json
import pickle

import lightgbm
import numpy as np
import pandas
import pytest
from onnx import TensorProto, helper
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import plait
from plait.app.importing import Wish, import_model
from plait.app.incumbent import incumbent_folder, with_incumbent
from plait.app.settings import load_project
from plait.core.errors import InvalidData, InvalidSettings, Refused
from plait.engines.base import load
from plait.store.record import ArtefactRow, AuditRow
from plait.store.sqlite import SqliteStore
from plait.store.table_read import read_table
from plait.train.plan import plan_race
from plait.train.prepare import prepare


@pytest.fixture
def place(folder):
    """A project of loans whose target is a text, with the time of each."""
    frame = pandas.read_csv(folder / "loans.csv")
    frame["repaid"] = np.where(frame.repaid == 1, "yes", "no")
    frame["asked"] = pandas.date_range("2026-01-01", periods=len(frame)).astype(str)
    frame.to_csv(folder / "loans.csv", index=False)
    settings = "{task: tabular, data: loans.csv, target: repaid, candidates: [dummy], time: asked}"
    (folder / "plait.yaml").write_text(f"project: desk\ncontracts:\n  repaid: {settings}\n")
    return folder


@pytest.fixture
def frame(place):
    return pandas.read_csv(place / "loans.csv")


@pytest.fixture
def store(place):
    with SqliteStore(load_project(place).store) as opened:
        yield opened


@pytest.fixture
def take(store, place):
    def take(path, **said):
        project = load_project(place)
        wish = Wish(path=path, contract="repaid", **said)
        found = import_model(store, project, wish, by="ann")
        predictor = load(incumbent_folder(store, project, "repaid"))
        columns = prepare(
            read_table(place / "loans.csv").columns, project.contract("repaid")
        ).columns
        return found, predictor, predictor.predict(columns)

    return take


def boosted(frame, names=("income", "debt"), **told):
    told = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_in_leaf": 3, **told}
    rows = frame[list(names)].copy()
    if "region" in rows:
        rows["region"] = rows.region.astype("category")
    data = lightgbm.Dataset(rows, (frame.repaid == "yes").astype(int), free_raw_data=False)
    return lightgbm.train(told, data, 6), rows


def test_lightgbm_text_is_taken_over(take, frame, tmp_path, store):
    model, rows = boosted(frame, ("debt", "region", "income"), sigmoid=0.7, min_data_per_group=2)
    model.save_model(tmp_path / "old.txt")
    found, predictor, answer = take(tmp_path / "old.txt", licence="MIT")
    assert (found.engine, found.read) == ("lightgbm", ("debt", "region", "income"))
    assert answer["probability_yes"] == pytest.approx(model.predict(rows), abs=1e-12)
    manifest = predictor.artefact.manifest
    assert (manifest.licence, manifest.origin) == ("MIT", "imported from old.txt")
    assert "0 for no, 1 for yes" in found.notes[0]
    assert [row.action for row in store.find(AuditRow)] == ["import"]
    unseen = predictor.predict({"debt": [1.0], "region": ["mars"], "income": [40.0]})
    one = rows.head(1).assign(debt=1.0, income=40.0)
    one["region"] = pandas.Categorical(["mars"])
    assert unseen["probability_yes"] == pytest.approx(model.predict(one).tolist())


def test_a_licence_that_the_contract_does_not_allow_is_told_at_once(take, place, frame, tmp_path):
    settings = (place / "plait.yaml").read_text()
    asked = "time: asked, require: {licence: [MIT]}}"
    (place / "plait.yaml").write_text(settings.replace("time: asked}", asked))
    boosted(frame)[0].save_model(tmp_path / "old.txt")
    found, _, _ = take(tmp_path / "old.txt")
    said = "It will lose: its licence is proprietary: as imported, and only MIT is allowed."
    assert found.notes[-1] == said
    assert "lose" not in "".join(take(tmp_path / "old.txt", licence="MIT OR GPL-3.0")[0].notes)


def test_classes_may_be_named_the_other_way_round(take, frame, tmp_path):
    model, rows = boosted(frame)
    model.save_model(tmp_path / "old.txt")
    found, _, answer = take(tmp_path / "old.txt", classes=("yes", "no"))
    assert answer["probability_no"] == pytest.approx(model.predict(rows), abs=1e-12)
    assert found.notes == ()
    with pytest.raises(Refused, match="'perhaps', which is no level"):
        take(tmp_path / "old.txt", classes=("perhaps", "no"))
    with pytest.raises(Refused, match="names 1 of 2 levels"):
        take(tmp_path / "old.txt", classes=("no",))


def test_columns_without_names_are_named_by_whoever_imports(take, frame, tmp_path):
    target = (frame.repaid == "yes").astype(int)
    data = lightgbm.Dataset(frame[["debt", "income"]].to_numpy(), target)
    model = lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, 4)
    model.save_model(tmp_path / "old.txt")
    with pytest.raises(Refused, match="--columns A,B,C"):
        take(tmp_path / "old.txt")
    with pytest.raises(Refused, match="reads 2 columns, and 1 are named"):
        take(tmp_path / "old.txt", columns=("debt",))
    _, _, answer = take(tmp_path / "old.txt", columns=("debt", "income"))
    expected = model.predict(frame[["debt", "income"]])
    assert answer["probability_yes"] == pytest.approx(expected, abs=1e-12)


def test_an_artefact_of_scikit_learn_is_taken_over(take, frame, tmp_path):
    hot = OneHotEncoder(handle_unknown="ignore")
    before = ColumnTransformer([("hot", hot, ["region"])], remainder="passthrough")
    rows = frame[["income", "debt", "region"]]
    model = make_pipeline(before, LogisticRegression(max_iter=2000)).fit(rows, frame.repaid)
    plait.from_sklearn(model, rows, tmp_path / "old")
    found, _, answer = take(tmp_path / "old")
    assert found.engine == "linear"
    assert answer["probability_yes"] == pytest.approx(model.predict_proba(rows)[:, 1], abs=1e-9)


def write_onnx(path, inputs, classes=("no", "yes"), notes=None):
    """Write logistic regression on the sum of two columns, with labels and probabilities."""
    nodes = []
    row = inputs[0][0]
    if len(inputs) > 1:
        row = "row"
        nodes.append(helper.make_node("Concat", [name for name, *_ in inputs], [row], axis=1))
    nodes.append(
        helper.make_node("LinearClassifier", [row], ["label", "p"], domain="ai.onnx.ml",
                         coefficients=[-0.1, 0.2, 0.1, -0.2], intercepts=[0.3, -0.3],
                         classlabels_strings=list(classes), post_transform="SOFTMAX")
    )  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "old",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", w]) for name, w in inputs],
        [
            helper.make_tensor_value_info("label", TensorProto.STRING, ["n"]),
            helper.make_tensor_value_info("p", TensorProto.FLOAT, ["n", 2]),
        ],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, ir_version=9, opset_imports=opsets)
    helper.set_model_props(model, notes or {})
    path.write_bytes(model.SerializeToString())


def expected_of(frame):
    odds = 2 * (0.1 * frame.income - 0.2 * frame.debt - 0.3)
    return (1 / (1 + np.exp(-odds))).to_numpy()


def test_onnx_by_columns_by_matrix_and_by_notes(take, frame, tmp_path):
    write_onnx(tmp_path / "a.onnx", [("income", 1), ("debt", 1)])
    found, _, answer = take(tmp_path / "a.onnx")
    assert (found.engine, found.read, found.notes) == ("onnx_rows", ("income", "debt"), ())
    assert answer["probability_yes"] == pytest.approx(expected_of(frame), abs=1e-5)
    write_onnx(tmp_path / "b.onnx", [("x", 2)])
    with pytest.raises(Refused, match="a matrix of 2 columns that have no names"):
        take(tmp_path / "b.onnx")
    _, _, answer = take(tmp_path / "b.onnx", columns=("income", "debt"))
    assert answer["probability_yes"] == pytest.approx(expected_of(frame), abs=1e-5)
    notes = {"feature_names": json.dumps(["income", "debt"])}
    write_onnx(tmp_path / "c.onnx", [("x", 2)], notes=notes)
    assert take(tmp_path / "c.onnx")[0].read == ("income", "debt")


def test_labels_say_which_class_a_probability_is_of(take, frame, tmp_path):
    write_onnx(tmp_path / "a.onnx", [("income", 1), ("debt", 1)], classes=("yes", "no"))
    _, _, answer = take(tmp_path / "a.onnx")
    assert answer["probability_no"] == pytest.approx(expected_of(frame), abs=1e-5)


def test_mlflow_folders_are_read_by_their_flavours(take, frame, tmp_path):
    folder = tmp_path / "flow"
    folder.mkdir()
    model, _ = boosted(frame)
    model.save_model(folder / "model.lgb")
    (folder / "MLmodel").write_text("flavors: {lightgbm: {data: model.lgb}}\n")
    assert take(folder)[0].engine == "lightgbm"
    (folder / "model.pkl").write_bytes(pickle.dumps(3))
    (folder / "MLmodel").write_text("flavors: {python_function: {model_path: model.pkl}}\n")
    with pytest.raises(Refused, match="is a pickle"):
        take(folder)
    (folder / "MLmodel").write_text("flavors: {lightgbm: {data: ../../old.txt}}\n")
    with pytest.raises(Refused, match="beyond the folder"):
        take(folder)
    for broken in ("flavors: [", "3", "flavors: {}", "flavors: {onnx: 3}"):
        (folder / "MLmodel").write_text(broken)
        with pytest.raises(Refused, match="neither a lightgbm nor an onnx flavour"):
            take(folder)
    (folder / "MLmodel").unlink()
    with pytest.raises(Refused, match="neither MLmodel nor manifest"):
        take(folder)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "model.txt", "model.onnx"])
def test_a_pickle_is_never_loaded(take, tmp_path, name):
    (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(Refused, match=r"plait\.from_sklearn"):
        take(tmp_path / name)


def test_bad_files_are_refused_with_what_to_do(take, frame, tmp_path, store):
    with pytest.raises(InvalidData, match="there is no such file"):
        take(tmp_path / "none.txt")
    for name, content in (("a.txt", b""), ("a.onnx", b"no graph"), ("b.txt", b"tree\n\xff")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Refused):
            take(tmp_path / name)
    (tmp_path / "cut.txt").write_text(boosted(frame)[0].model_to_string()[:900])
    with pytest.raises(Refused, match="no sound LightGBM model"):
        take(tmp_path / "cut.txt")
    boosted(frame, objective="regression")[0].save_model(tmp_path / "number.txt")
    with pytest.raises(Refused, match="objective is 'regression', and the contract is binary"):
        take(tmp_path / "number.txt")
    frame = frame.assign(day=1.0 * frame.index, repaid_before=frame.debt)
    boosted(frame, ("debt", "repaid_before"))[0].save_model(tmp_path / "other.txt")
    with pytest.raises(Refused, match="'repaid_before', which the contract's data lacks"):
        take(tmp_path / "other.txt")
    assert store.find(ArtefactRow) == []


def test_the_end_of_its_training_is_a_time_of_the_contract(take, frame, tmp_path, store, place):
    model, _ = boosted(frame)
    model.save_model(tmp_path / "old.txt")
    with pytest.raises(InvalidSettings, match="'soon' is no time as asked has them"):
        take(tmp_path / "old.txt", trained_before="soon")
    take(tmp_path / "old.txt", trained_before="2026-01-02")
    project = load_project(place)
    contract = project.contract("repaid")
    plan = plan_race(prepare(read_table(place / "loans.csv").columns, contract), contract)
    entered = with_incumbent(store, project, "repaid", plan, time="asked")
    assert list(entered.recipes) == ["dummy", "incumbent"]
    assert "2026-01-02" in entered.prepared.notes[0]
    settings = (place / "plait.yaml").read_text().replace(", time: asked", "")
    (place / "plait.yaml").write_text(settings)
    with pytest.raises(InvalidSettings, match="names no column of time"):
        take(tmp_path / "old.txt", trained_before="2026-01-02")
