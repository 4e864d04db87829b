import numpy as np
import pytest

from plait.store.frame import RawColumn, objects
from plait.train.version import dataset_id


def number(*values, name="x"):
    return RawColumn(name, "number", np.array(values, dtype=np.float64))


def text(*values, name="x", kind="string"):
    return RawColumn(name, kind, objects(values))


def test_the_id_is_of_the_rows_and_not_of_their_bytes():
    other_nan = np.frombuffer(np.array([0x7FF8000000000001], dtype=np.uint64).tobytes(), "<f8")[0]
    assert dataset_id([number(1, np.nan, 0.0)]) == dataset_id([number(1, other_nan, -0.0)])
    assert dataset_id([number(1, 2)]).startswith("ds_")


def test_the_id_stays_the_same_from_release_to_release():
    columns = [
        number(1, np.nan),
        text("a", None, name="y"),
        text(True, None, name="z", kind="boolean"),
    ]
    assert dataset_id(columns) == "ds_8411d1b3f26e0c0bcfd11f06bf6b35a2"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([number(1, 2)], [number(2, 1)]),
        ([number(1, 2)], [number(1, 2, name="y")]),
        ([number(1, 2)], [text("1", "2")]),
        ([number(1), number(2, name="y")], [number(2, name="y"), number(1)]),
        ([text("ab", "c")], [text("a", "bc")]),
        ([text("", "a")], [text(None, "a")]),
        ([text("None")], [text(None)]),
        ([text("2024-05-01")], [text("2024-05-01", kind="time")]),
        ([number(1)], [number(1), number(name="y")]),
    ],
)
def test_other_rows_have_another_id(one, other):
    assert dataset_id(one) != dataset_id(other)


def test_numbers_that_differ_in_the_last_bit_differ():
    assert dataset_id([number(0.1 + 0.2)]) != dataset_id([number(0.3)])
