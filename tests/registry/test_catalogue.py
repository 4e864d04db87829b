"""The catalogue's rows are complete, distinct and safe to unpack."""

import re
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from plait.core.errors import UnknownName
from plait.registry.catalogue import find_row, list_rows
from plait.registry.origin import Web, Wheel
from plait.registry.recipe import RECIPES

EVERY = pytest.mark.parametrize("row", list_rows(), ids=lambda row: row.name)


def test_the_promised_rows_are_there():
    assert {row.name: row.kind for row in list_rows()} == {
        "loanapp": "data",
        "minilm-l6": "weights",
        "smollm2-135m": "weights",
        "spacy-en": "weights",
    }


@EVERY
def test_a_row_says_who_made_it_and_on_what_terms(row):
    for text in (row.description, row.homepage, row.licence, row.maker):
        assert text
        assert "\n" not in text
    assert row.homepage.startswith("https://")
    assert re.fullmatch(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*", row.licence)


@EVERY
def test_every_file_has_a_hash_a_size_and_a_path_that_stays_inside(row):
    assert row.files
    for path, note in row.all_files.items():
        assert re.fullmatch("[0-9a-f]{64}", note.sha256)
        assert note.size > 0
        parts = PurePosixPath(path)
        assert not parts.is_absolute()
        assert ".." not in parts.parts
        assert not path.endswith(".partial")


@EVERY
def test_every_origin_is_pinned(row):
    assert row.origins
    for origin in row.origins:
        if isinstance(origin, Wheel):
            assert re.fullmatch(r"\d+(\.\d+)+", origin.version)
            assert origin.size > 0
            assert origin.root.endswith("/")
        else:
            assert isinstance(origin, Web)
            assert re.fullmatch(r"https://.+/[0-9a-f]{40}/", origin.root)


@EVERY
def test_a_row_that_makes_files_has_a_recipe(row):
    assert bool(row.made) == (row.name in RECIPES)


def test_other_bytes_give_another_key():
    rows = list_rows()
    assert len({row.key for row in rows}) == len(rows)
    first = find_row("loanapp")
    assert replace(first, description="another").key == first.key
    assert replace(first, made={}).key != first.key


def test_sizes_are_of_the_disk_and_of_the_wire():
    row = find_row("loanapp")
    assert row.size == 68_277 + 3_238 + 421_736
    assert row.download_size == 5_487_254
    web_only = replace(row, origins=(Web("https://example.org/"),))
    assert web_only.download_size == 68_277 + 3_238


def test_an_unknown_name_names_the_nearest():
    with pytest.raises(UnknownName) as caught:
        find_row("minilm-l7")
    assert caught.value.code == "unknown_catalogue_row"
    assert caught.value.nearest == "minilm-l6"
