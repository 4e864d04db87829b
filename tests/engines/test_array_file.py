import numpy as np
import pytest

from plait.core.errors import EngineError
from plait.engines.array_file import array_bytes, read_array


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
