import numpy as np
import pytest

from plait.core.errors import InvalidData, InvalidSettings
from plait.store.frame import RawColumn, objects
from plait.train.target import positive_first, read_target


def number(values):
    return RawColumn("y", "number", np.asarray(values, dtype=np.float64))


def text(values, kind="string"):
    return RawColumn("y", kind, objects(values))


@pytest.mark.parametrize(
    ("column", "problem", "classes"),
    [
        (number([0, 1] * 20), "binary", (0, 1)),
        (number([1, 2] * 20), "binary", (1, 2)),
        (number([0.5, 1.5] * 20), "binary", (0.5, 1.5)),
        (number([1, 2, 3] * 10), "multiclass", (1, 2, 3)),
        (number([1, 2, 2.5] * 10), "regression", ()),
        (number(list(range(21)) * 2), "regression", ()),
        (number(list(range(20)) * 2), "multiclass", tuple(range(20))),
        (number([1, 2, 3] * 10 + [4]), "regression", ()),
        (text([True, False] * 10, "boolean"), "binary", (False, True)),
        (text(["no", "yes"] * 10), "binary", ("no", "yes")),
        (text(["b", "a", "c"] * 10), "multiclass", ("a", "b", "c")),
    ],
)
def test_the_problem_is_read_off_the_values(column, problem, classes):
    target = read_target(column)
    assert (target.problem, target.classes) == (problem, classes)
    assert [type(each) for each in target.classes] == [type(each) for each in classes]
    assert target.values.dtype == (np.float64 if problem == "regression" else np.int64)


def test_indexes_name_the_levels():
    target = read_target(text(["yes", "no", "yes", None] * 10))
    assert [target.classes[index] for index in target.values[:3]] == ["yes", "no", "yes"]
    assert target.rows.tolist()[:4] == [0, 1, 2, 4]


@pytest.mark.parametrize("positive", ["no", "NO"])
def test_the_positive_level_comes_second(positive):
    target = read_target(text(["no", "yes", "yes"] * 10), positive)
    assert target.classes == ("yes", "no")
    assert target.values[:3].tolist() == [1, 0, 0]


def test_a_positive_level_is_named_as_people_write_it():
    assert positive_first((False, True), "False", "y")
    assert not positive_first((0, 1), "1", "y")
    assert positive_first(("A", "a"), "A", "y")
    assert not positive_first(("A", "a"), "a", "y")


@pytest.mark.parametrize(
    ("column", "positive", "hint"),
    [
        (text(["no", "yes"] * 10), "yess", "did you mean 'yes'?"),
        (text(["no", "yes"] * 10), "1", "one of no, yes"),
        (text(["a", "b", "c"] * 10), "a", "remove `positive`"),
        (number(np.linspace(0, 1, 40)), "1", "remove `positive`"),
    ],
)
def test_a_positive_level_that_is_none_is_refused(column, positive, hint):
    with pytest.raises(InvalidSettings) as caught:
        read_target(column, positive)
    assert (caught.value.code, caught.value.hint) == ("settings_wrong_value", hint)


@pytest.mark.parametrize(
    ("column", "code", "said"),
    [
        (text(["2024-05-01"] * 30, "time"), "data_target_kind", "time"),
        (number([0.5, np.inf] * 30), "data_target_kind", "row 2 has inf, which no candidate"),
        (number([0.5, 1.5] * 30 + [np.nan, -2e150]), "data_target_kind", "row 62 has -2e+150"),
        (number([1] * 30), "data_target_constant", "is 1 in every row"),
        (text(["yes", None] * 30), "data_target_constant", "is yes in every row"),
        (number([np.nan] * 30), "data_target_constant", "missing in every row"),
        (number([0, 1] * 9), "data_too_small", "18 of 18 rows"),
        (text(["a"] * 30 + ["b"]), "data_too_small", "one row only is b"),
    ],
)
def test_a_target_that_cannot_be_learnt_is_refused(column, code, said):
    with pytest.raises(InvalidData) as caught:
        read_target(column)
    assert caught.value.code == code
    assert said in caught.value.message
    assert caught.value.where == "y"
    assert caught.value.hint


def test_a_number_to_predict_that_a_few_texts_spoil_is_told():
    with pytest.raises(InvalidData) as caught:
        read_target(text([f"{at},5" for at in range(40)] + ["?"]))
    assert caught.value.hint.endswith("mend or empty them: 1 of 41 values is no number ('?')")
