"""Bytes arrive verified or not at all."""

import hashlib
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.core.artefact import FileNote
from plait.core.errors import OriginError
from plait.registry.origin import (
    Counter,
    Folder,
    Progress,
    chunks_of,
    from_folder,
    is_sound,
    partial_of,
    reason_of,
    receive,
)


def note_of(data):
    return FileNote(hashlib.sha256(data).hexdigest(), len(data))


def quiet(_):
    """Tell nobody."""


def chunks(*parts):
    yield from parts


@given(
    wanted=st.binary(min_size=1, max_size=60),
    sent=st.binary(max_size=80),
    faithful=st.booleans(),
    cuts=st.lists(st.integers(0, 80), max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_a_file_has_its_name_only_with_the_stated_bytes(wanted, sent, faithful, cuts):
    """However the bytes are cut, and whether they are too few, too many or others."""
    stream = wanted if faithful else sent
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    note = note_of(wanted)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "sub" / "file"
        counter = Counter("downloading", {"file": note}, quiet)
        try:
            receive(chunks(*(stream[a:b] for a, b in pairwise(edges))), target, note, counter)
            code = ""
        except OriginError as error:
            code = error.code
        short = len(stream) < len(wanted)
        if stream == wanted:
            assert (code, target.read_bytes()) == ("", wanted)
        else:
            assert code == ("origin_unreachable" if short else "origin_changed")
            assert not target.exists()
        assert partial_of(target).exists() == short  # what came is kept for the next attempt


def test_receive_goes_on_where_the_partial_file_ends(tmp_path):
    data, target = b"the whole story", tmp_path / "file"
    partial_of(target).write_bytes(data[:6])
    counter = Counter("downloading", {"file": note_of(data)}, quiet)
    receive(chunks(data[6:]), target, note_of(data), counter, start=6)
    assert target.read_bytes() == data


def test_a_source_that_fails_keeps_what_came(tmp_path):
    class Failing:
        asked = 0

        def read(self, _):
            self.asked += 1
            if self.asked == 1:
                return b"some"
            raise ConnectionResetError(104, "Connection reset by peer")

    target, note = tmp_path / "file", note_of(b"something")
    with pytest.raises(OriginError, match="Connection reset by peer") as caught:
        receive(chunks_of(Failing()), target, note, Counter("downloading", {"f": note}, quiet))
    assert caught.value.code == "origin_unreachable"
    assert partial_of(target).read_bytes() == b"some"


def test_a_folder_gives_its_files_and_counts_them(tmp_path, content, notes):
    for path, data in content.items():
        (tmp_path / "from" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "from" / path).write_bytes(data)
    seen = []
    from_folder(Folder(tmp_path / "from"), notes, tmp_path / "into", seen.append)
    assert all(is_sound(tmp_path / "into" / path, note) for path, note in notes.items())
    total = sum(len(data) for data in content.values())
    assert seen[-1] == Progress("downloading", total, total)
    assert [step.done for step in seen] == sorted(step.done for step in seen)


def test_a_folder_without_the_file_is_out_of_reach(tmp_path, notes):
    with pytest.raises(OriginError, match=r"config.json: No such file") as caught:
        from_folder(Folder(tmp_path / "none"), notes, tmp_path / "into", quiet)
    assert caught.value.code == "origin_unreachable"


@pytest.mark.parametrize("data", [b"{]", b"{", b"{} "], ids=["other", "short", "long"])
def test_a_file_that_differs_is_not_sound(tmp_path, notes, data):
    (tmp_path / "config.json").write_bytes(data)
    assert not is_sound(tmp_path / "config.json", notes["config.json"])
    assert not is_sound(tmp_path / "absent", notes["config.json"])
    assert not is_sound(tmp_path, notes["config.json"])


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(2, "No such file or directory", "x"), "No such file or directory"),
        (TimeoutError("timed out"), "timed out"),
        (ConnectionAbortedError(), "ConnectionAbortedError"),
    ],
)
def test_a_reason_is_one_plain_line(error, words):
    assert reason_of(error) == words
