"""Prompts: files with versions."""

import pytest

from plait.app.prompts import Prompts
from plait.core.errors import InvalidSettings, UnknownName
from plait.registry.artefact import artefact_folder
from plait.store.sqlite import SqliteStore


@pytest.fixture
def store(tmp_path):
    with SqliteStore(tmp_path / "store") as store:
        yield store


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "grounded.md"
    file.write_text("Be brief.\n")
    return file


@pytest.fixture
def prompts(store, file, tmp_path):
    return Prompts(store, tmp_path, {"grounded": file.name, "lost": "lost.md"})


def test_a_change_of_the_file_is_a_new_version_and_the_old_one_stays(
    prompts, file, store, tmp_path
):
    first = prompts.get("grounded")
    assert first.text == "Be brief."
    assert prompts.get("grounded") is first
    file.write_text("Be brief and kind.")
    second = prompts.get("grounded")
    assert (second.text, second.version == first.version) == ("Be brief and kind.", False)
    kept = artefact_folder(store, first.version, tmp_path / "artefacts")
    assert (kept / "prompt.md").read_text() == "Be brief."


def test_the_same_words_have_the_same_version(prompts, file):
    first = prompts.get("grounded").version
    file.write_text("Be brief.\n\n")
    assert prompts.get("grounded").version == first


def test_an_unknown_prompt(prompts):
    with pytest.raises(UnknownName, match="grounded"):
        prompts.get("gruonded")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"x" * 100_001])
def test_a_file_that_is_no_prompt(prompts, file, content):
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidSettings) as caught:
        prompts.get("grounded")
    assert (caught.value.code, caught.value.where) == ("settings_unreadable", "prompts.grounded")
