import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from plait.core.errors import MissingExtra
from plait.store.dense import FILE, DenseIndex, encode, measure


def vectors(count, width=384, seed=0):
    """Clustered unit vectors, which are harder to tell apart than random ones."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(20, width))
    found = centres[random.integers(0, 20, count)] + random.normal(size=(count, width))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def rows(table, first=1):
    return [(at, at % 5, encode(each)) for at, each in enumerate(table, first)]


@pytest.fixture
def index():
    return DenseIndex("art_1").changed([], rows(vectors(2_000)), (3, 9))


def test_eight_bits_lose_almost_nothing():
    table = vectors(200)
    codes = dict(enumerate(map(encode, table)))
    for asked in vectors(5, seed=1):
        found = dict(measure(asked, codes))
        assert max(abs(found[at] - table[at] @ asked) for at in found) < 0.005
    assert measure(table[0], codes)[0] == (0, pytest.approx(1, abs=0.005))
    assert measure(table[0], {}) == []


@given(arrays.arrays(np.float32, 24, elements=st.floats(-1, 1, width=32)))
def test_any_vector_can_be_kept(vector):
    scale, code = encode(vector)
    again = scale * np.frombuffer(code, np.int8)
    assert np.abs(again - vector).max() <= scale / 2 + 1e-9


def test_bits_and_then_bytes_find_the_true_neighbours(index):
    table = vectors(2_000)
    codes, found = dict(enumerate(map(encode, table), 1)), 0
    for asked in vectors(50, seed=2):
        true = set((np.argsort(-(table @ asked))[:10] + 1).tolist())
        near = index.near(asked, 400)
        best = measure(asked, {at: codes[at] for at in near})[:10]
        found += len(true & {number for number, _ in best})
    assert found / 500 > 0.85  # of vectors that say nothing, real ones are easier


def test_only_the_documents_asked_for(index):
    asked = vectors(1, seed=3)[0]
    assert {number % 5 for number in index.near(asked, 50, [2, 4])} == {2, 4}
    assert len(index.near(asked, 5_000, [2])) == 400
    assert index.near(asked, 50, []) == index.near(asked, 50, [77]) == []
    assert len(index.near(asked, 5_000)) == 2_000


def test_passages_go_and_come(index):
    asked = vectors(1, seed=3)[0]
    gone = index.changed([(1, 1_000), (1_500, 1_500)], rows(asked[np.newaxis], 3_000), (4, 1))
    assert gone.head == (4, 1)
    assert gone.numbers.tolist() == [*range(1_001, 1_500), *range(1_501, 2_001), 3_000]
    assert gone.near(asked, 1) == [3_000]
    assert len(index.numbers) == 2_000
    empty = gone.changed([(0, 9_999)], [], (5, 1))
    assert empty.near(asked, 5) == []
    assert empty.changed([], rows(vectors(3)), (6, 1)).numbers.tolist() == [1, 2, 3]


def test_a_width_that_is_no_multiple_of_eight():
    table = vectors(30, width=13)
    index = DenseIndex("art_1").changed([], rows(table), (1, 1))
    assert index.near(table[4], 1) == [5]


def test_the_file_comes_back(index, tmp_path):
    index.write(tmp_path)
    again = DenseIndex.read(tmp_path, "art_1")
    asked = vectors(1, seed=3)[0]
    assert (again.head, again.near(asked, 50)) == ((3, 9), index.near(asked, 50))
    assert again.near(asked, 9, [2]) == index.near(asked, 9, [2])
    assert DenseIndex.read(tmp_path, "art_2").head == (0, 0)
    assert [each.name for each in tmp_path.iterdir()] == [FILE]
    DenseIndex("art_1", (4, 4)).write(tmp_path)
    assert DenseIndex.read(tmp_path, "art_1").head == (4, 4)


def test_a_damaged_file_is_no_file(index, tmp_path):
    assert DenseIndex.read(tmp_path, "art_1").head == (0, 0)
    index.write(tmp_path)
    whole = (tmp_path / FILE).read_bytes()
    middle = len(whole) // 2
    for damaged in (
        b"",
        b"\xff\n",
        b"[]\n",
        b"{}\n",
        whole[:middle],
        whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        bytes(len(whole)),
    ):
        (tmp_path / FILE).write_bytes(damaged)
        assert DenseIndex.read(tmp_path, "art_1").head == (0, 0)


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingExtra, match=r"plait\[search\]"):
        DenseIndex("art_1")
