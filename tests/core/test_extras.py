"""The table of optional libraries agrees with the package's own declaration."""

import tomllib
from pathlib import Path

import pytest

from plait.core.errors import MissingExtra
from plait.core.extras import EXTRAS, missing

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.mark.parametrize("library", EXTRAS)
def test_every_extra_is_declared_and_brings_its_library(library):
    declared = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]
    assert any(row.startswith(library) for row in declared[EXTRAS[library]])


def test_a_missing_library_says_how_to_install_it():
    error = missing("psycopg")
    assert isinstance(error, MissingExtra)
    assert str(error) == "psycopg is not installed (pip install 'plait[postgres]')"
