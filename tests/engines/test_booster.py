import gc
import importlib.machinery
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.core.errors import EngineError, MissingExtra
from plait.engines import booster as module
from plait.engines.booster import Booster

WIDTH = 5
ROWS = 400
LOSSES = {
    "binary": {"objective": "binary"},
    "multiclass": {"objective": "multiclass", "num_class": 3},
    "ova": {"objective": "multiclassova", "num_class": 3},
    "regression": {"objective": "regression"},
    "poisson": {"objective": "poisson"},
    "forest": {
        "objective": "binary",
        "boosting": "rf",
        "bagging_freq": 1,
        "bagging_fraction": 0.5,
    },
}


def numbers():
    """Rows with missing values, zeros and, last, a category that is often unknown."""
    dice = np.random.default_rng(3)
    matrix = dice.normal(size=(ROWS, WIDTH)).round(1)
    matrix[:, -1] = dice.integers(0, 20, ROWS)
    matrix[dice.random(matrix.shape) < 0.1] = np.nan
    return matrix


def trained(**options):
    matrix = numbers()
    score = np.nan_to_num(matrix[:, 0] + matrix[:, 1] * matrix[:, 2] + matrix[:, 4] % 3)
    target = np.digitize(score, [0.5, 2.0]) if "num_class" in options else score > 1.0
    data = lightgbm.Dataset(
        matrix,
        target.astype(float),
        feature_name=["age", "à=b", "debt", "own", "area"],
        categorical_feature=[WIDTH - 1],
    )
    fixed = {"verbosity": -1, "num_threads": 1, "num_leaves": 7, "min_data_in_leaf": 5, "seed": 1}
    return lightgbm.train({**fixed, **options}, data, 8)


@pytest.fixture(scope="module")
def matrix():
    return numbers()


@pytest.fixture(scope="module")
def models():
    """A model of the `lightgbm` package for each loss."""
    found = {name: trained(**options) for name, options in LOSSES.items()}
    found["custom"] = trained(objective=lambda raw, data: (raw - data.get_label(), raw * 0 + 1))
    return found


@pytest.fixture(params=[*LOSSES, "custom"])
def model(request, models):
    return models[request.param]


@pytest.fixture(scope="module")
def text(models):
    """The text of a model of two classes, with numeric and categorical splits."""
    return models["binary"].model_to_string()


def resized(text):
    """Return `text` with the sizes of its trees set right after a change."""
    trees = text[text.index("Tree=0\n") : text.index("end of trees\n")]
    sizes = " ".join(str(len(tree)) for tree in re.split(r"(?=Tree=\d+\n)", trees)[1:])
    return re.sub(r"(?<=\ntree_sizes=)[^\n]*", sizes, text, count=1)


def code_of(text):
    with pytest.raises(EngineError) as caught:
        Booster(text)
    assert caught.value.hint
    return caught.value.code


def test_a_batch_equals_lightgbm(model, matrix):
    found = Booster(model.model_to_string())
    np.testing.assert_array_equal(found.predict(matrix), model.predict(matrix, num_threads=1))
    raw = model.predict(matrix, raw_score=True, num_threads=1)
    np.testing.assert_array_equal(found.raw(matrix), raw)


def test_a_row_equals_its_batch(model, matrix):
    found = Booster(model.model_to_string())
    shape = (ROWS, found.n_classes) if found.n_classes > 1 else (ROWS,)
    for row_of, batch in (
        (found.predict_row, found.predict(matrix)),
        (found.raw_row, found.raw(matrix)),
    ):
        assert batch.shape == shape
        rows = np.array([row_of(row) for row in matrix.tolist()])
        np.testing.assert_array_equal(rows.reshape(shape), batch)


def test_contributions_are_lightgbms_and_add_up(model, matrix):
    found = Booster(model.model_to_string())
    shares = found.contributions(matrix)
    np.testing.assert_allclose(shares.sum(axis=-1), found.raw(matrix), rtol=1e-9, atol=1e-12)
    expected = model.predict(matrix, pred_contrib=True, num_threads=1)
    np.testing.assert_array_equal(shares.reshape(expected.shape), expected)
    many = (found.n_classes,) if found.n_classes > 1 else ()
    assert shares.shape == (ROWS, *many, WIDTH + 1)


def test_what_a_model_says_of_itself(models):
    found = {name: Booster(model.model_to_string()) for name, model in models.items()}
    assert {each.n_features for each in found.values()} == {WIDTH}
    assert {name: each.n_classes for name, each in found.items() if each.n_classes > 1} == {
        "multiclass": 3,
        "ova": 3,
    }
    assert [found[name].n_trees for name in ("binary", "multiclass")] == [8, 24]
    assert found["ova"].objective == "multiclassova"
    assert found["custom"].objective == "custom"


def test_a_model_that_learned_nothing():
    data = lightgbm.Dataset(np.zeros((50, 2)), np.full(50, 3.5))
    model = lightgbm.train({"objective": "regression", "verbosity": -1, "num_threads": 1}, data, 3)
    found = Booster(model.model_to_string())
    assert found.predict_row([1.0, 2.0]) == (3.5,)
    assert found.contributions(np.ones((1, 2))).tolist() == [[0.0, 0.0, 3.5]]


def test_rows_and_matrices_of_other_kinds(text, matrix):
    found = Booster(text.encode())
    expected = found.predict(matrix)
    np.testing.assert_array_equal(found.predict(np.asfortranarray(matrix)), expected)
    np.testing.assert_array_equal(found.predict(matrix[::2]), expected[::2])
    assert found.predict_row(matrix[0]) == found.predict_row(iter(matrix[0])) == (expected[0],)
    assert found.predict_row([1, True, 0, 2, 3]) == found.predict_row([1.0, 1.0, 0.0, 2.0, 3.0])
    assert found.predict(matrix[:0]).shape == (0,)
    assert found.contributions(matrix[:0]).shape == (0, WIDTH + 1)


@pytest.mark.parametrize("shape", [(3, WIDTH - 1), (3, WIDTH + 1), (WIDTH,), (1, 1, WIDTH)])
def test_a_matrix_of_another_shape(text, shape):
    found = Booster(text)
    for run in (found.predict, found.raw, found.contributions):
        with pytest.raises(EngineError, match=re.escape(str(shape))) as caught:
            run(np.zeros(shape))
        assert caught.value.code == "engine_failed"


@pytest.mark.parametrize(
    "values",
    [[], [0.0] * 4, [0.0] * 6, [None] * 5, ["1"] * 5, [10**400] * 5, 5],
    ids=["none", "fewer", "more", "missing", "text", "huge", "no row"],
)
def test_a_row_that_is_none_leaves_the_next_one_right(text, matrix, values):
    found = Booster(text)
    expected = found.predict_row(matrix[0])
    with pytest.raises(EngineError, match="not 5 numbers") as caught:
        found.predict_row(values)
    assert caught.value.code == "engine_failed"
    assert found.predict_row(matrix[0]) == expected


def test_threads_do_not_disturb_each_other(models, matrix):
    found = Booster(models["multiclass"].model_to_string())
    expected, shares = found.predict(matrix), found.contributions(matrix)
    rows = matrix.tolist()
    together = threading.Barrier(8)

    def work(turn):
        together.wait()
        order = np.random.default_rng(turn).permutation(ROWS)
        alone = {row: found.predict_row(rows[row]) for row in order}
        np.testing.assert_array_equal([alone[row] for row in range(ROWS)], expected)
        np.testing.assert_array_equal(found.predict(matrix), expected)
        np.testing.assert_array_equal(found.contributions(matrix[:50]), shares[:50])
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_a_thread_and_a_model_leave_nothing_behind(text, matrix):
    def handles():
        gc.collect()
        return sum(isinstance(each, module._Handle) for each in gc.get_objects())

    def work():
        found[0].predict_row(matrix[0])
        inside.append(handles())

    before, inside = handles(), []
    found = [Booster(text)]
    here = handles()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert before < here < inside[0]
    assert handles() == here
    found.clear()
    assert handles() == before


def test_nothing_is_printed(text, matrix, capfd):
    found = Booster(text)
    found.predict(matrix)
    found.predict_row(matrix[0])
    found.contributions(matrix)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "damaged", ["", "tree", "garbage" * 100, "tree\nversion=v4\n\n\nTree=0\n\n", "\ud800", "\0"]
)
def test_what_is_no_model_at_all(damaged):
    assert code_of(damaged) == "artefact_damaged"


def test_every_cut(text):
    whole = text[: text.index("end of parameters\n")]
    for line in re.finditer("\n", whole):
        assert code_of(text[: line.start()]) == "artefact_damaged"
        assert code_of(text[: line.end()]) == "artefact_damaged"


@pytest.mark.parametrize("what", ["bytes", "sizes", "trees", "lines"])
def test_what_a_careless_copy_does(text, what):
    damaged = {
        "bytes": text.replace("\n", "\r\n"),
        "sizes": re.sub(r"tree_sizes=\d+ ", "tree_sizes=", text),
        "trees": re.sub(r"Tree=3\n.*?(?=Tree=4\n)", "", text, flags=re.DOTALL),
        "lines": text.replace("\nmax_feature_idx=4", ""),
    }
    assert code_of(damaged[what]) == "artefact_damaged"


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (r"version=v4", "version=v3"),
        (r"num_class=1", "num_class=2"),
        (r"num_class=1", "num_class=0"),
        (r"num_tree_per_iteration=1", "num_tree_per_iteration=8"),
        (r"max_feature_idx=4", "max_feature_idx=3"),
        (r"objective=binary", "objective==binary"),
        (r"objective=binary", "objective="),
        (r"objective=binary", "objective=unheard_of"),
        (r"objective=binary", "objective=binary num_class:9"),
        (r"num_leaves=7", "num_leaves=6"),
        (r"num_leaves=7", "num_leaves=-7"),
        (r"left_child=\S+", "left_child=0"),
        (r"left_child=\S+", "left_child=99"),
        (r"left_child=\S+", "left_child=-99"),
        (r"left_child=(\S+)", r"left_child=\1.0"),
        (r"left_child=\S+ ", "left_child="),
        (r"split_feature=\S+", "split_feature=5"),
        (r"split_feature=\S+", "split_feature=-1"),
        (r"split_gain=\S+", "split_gain=1_0"),
        (r"leaf_weight=\S+ ", "leaf_weight="),
        (r"leaf_value=\S+", "leaf_value=x"),
        (r"shrinkage=1", "shrinkage=x"),
        (r"internal_value=[^\n]*\n", "\n"),
        (r"(?s)(threshold=[^\n]*\n)(.*?)(left_child)", r"\2\1\1\3"),
        (r"cat_boundaries=0 ", "cat_boundaries=1 "),
        (r"cat_boundaries=[^\n]*", "cat_boundaries="),
        (r"cat_threshold=[^\n]*", "cat_threshold=1 1 1 1 1"),
        (r"num_cat=[1-9]\d*", "num_cat=0"),
        (r"is_linear=0", "is_linear=1"),
    ],
)
def test_what_the_library_would_not_survive(text, pattern, replacement):
    damaged = re.sub(pattern, replacement, text, count=1)
    assert damaged != text
    assert code_of(resized(damaged)) == "artefact_damaged"


def test_a_linear_tree_is_named(matrix):
    data = lightgbm.Dataset(np.nan_to_num(matrix), np.nan_to_num(matrix[:, 0]))
    options = {"objective": "regression", "linear_tree": True, "verbosity": -1, "num_threads": 1}
    with pytest.raises(EngineError, match="linear"):
        Booster(lightgbm.train(options, data, 2).model_to_string())


def booster_or_code(content):
    try:
        return Booster(content)
    except EngineError as error:
        return error.code


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.data())
def test_a_changed_byte_is_an_error_or_a_model(text, matrix, data):
    content = bytearray(text.encode())
    place = data.draw(st.integers(0, content.index(b"end of trees")))
    content[place] = data.draw(st.sampled_from(b"0123456789-.e= \n") | st.integers(0, 255))
    found = booster_or_code(bytes(content))
    if isinstance(found, str):
        assert found == "artefact_damaged"
    else:
        assert found.predict(matrix).shape == (ROWS,)
        assert found.contributions(matrix[:5]).shape == (5, WIDTH + 1)


@pytest.fixture
def package(monkeypatch, tmp_path):
    """The folder of a `lightgbm` package of our own making."""
    spec = importlib.machinery.ModuleSpec("lightgbm", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(module, "find_spec", lambda name: spec)
    module._load.cache_clear()
    yield tmp_path
    module._load.cache_clear()


@pytest.mark.parametrize(
    "name", ["lib/lib_lightgbm.so", "lib/lib_lightgbm.dylib", "bin/lib_lightgbm.dll"]
)
def test_a_library_that_does_not_load(package, text, name):
    path = package / name
    path.parent.mkdir()
    path.write_text("no library")
    with pytest.raises(MissingExtra, match="does not load") as caught:
        Booster(text)
    assert caught.value.where == str(path)


def test_a_package_without_its_library(package, text):
    with pytest.raises(MissingExtra) as caught:
        Booster(text)
    assert caught.value.code == "missing_extra"
    assert "pip install" in caught.value.hint


def test_no_package(package, text, monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="not installed"):
        Booster(text)


def test_no_fitting_library_is_imported(text, tmp_path):
    path = tmp_path / "model.txt"
    path.write_bytes(text.encode())
    program = (
        "import sys; from pathlib import Path; from plait.engines.booster import Booster\n"
        "found = Booster(Path(sys.argv[1]).read_bytes())\n"
        "found.predict_row([0.0] * found.n_features)\n"
        "print(sorted({'lightgbm', 'sklearn', 'scipy', 'pandas'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
