import numpy as np
import pytest

from plait.core.errors import EngineError
from plait.engines.array_file import array_bytes, read_array, read_weights


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int64])
def test_an_array_comes_back(tmp_path, kind):
    array = np.arange(6).reshape(2, 3).astype(kind)
    path = tmp_path / "a.npy"
    path.write_bytes(array_bytes(array.T))
    found = read_array(path, (-1, 2))
    np.testing.assert_array_equal(found, array.T)
    assert found.dtype == kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no array",
        array_bytes(np.zeros((2, 2)))[:-3],
        array_bytes(np.zeros(2)),
        array_bytes(np.zeros((2, 2))),
        array_bytes(np.array([["a", "b", "c"]])),
        array_bytes(np.array([[0.0, np.nan, 1.0]])),
    ],
)
def test_what_is_no_such_array_is_damaged(tmp_path, content):
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(EngineError) as caught:
        read_array(path, (-1, 3))
    assert caught.value.code == "artefact_damaged"


def test_objects_are_never_unpacked(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.array([[{}, {}, {}]], dtype=object), allow_pickle=True)
    with pytest.raises(EngineError):
        read_array(path, (-1, 3))


SHAPES = {"weight": (2, 3), "bias": (3,), "scale": (), "none": (0, 4)}


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int64])
def test_weights_come_back_by_their_names_in_single_precision(tmp_path, kind):
    path = tmp_path / "w.npy"
    path.write_bytes(array_bytes(np.arange(10).astype(kind)))
    found = read_weights(path, SHAPES)
    assert list(found) == list(SHAPES)
    assert {name: each.shape for name, each in found.items()} == SHAPES
    assert {each.dtype for each in found.values()} == {np.dtype(np.float32)}
    assert found["weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert (found["bias"].tolist(), found["scale"].item()) == ([6, 7, 8], 9)


@pytest.mark.parametrize(
    "numbers", [np.arange(9.0), np.arange(11.0), np.arange(10.0)[None], np.full(10, np.nan)]
)
def test_a_file_of_other_weights_is_damaged(tmp_path, numbers):
    path = tmp_path / "w.npy"
    path.write_bytes(array_bytes(numbers))
    with pytest.raises(EngineError) as caught:
        read_weights(path, SHAPES)
    assert caught.value.code == "artefact_damaged"
    assert str(path) in caught.value.where
