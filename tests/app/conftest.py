import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import plait
from plait.app.settings import Project, load_project

SETTINGS = """\
project: desk
contracts:
  repaid: {task: tabular, data: loans.csv, target: repaid, candidates: [dummy]}
"""


@pytest.fixture
def rows() -> Callable[[int], list[tuple[float, float, str, int]]]:
    """A maker of loans: income, debt, region, and whether it was repaid."""

    def make(count: int, seed: int = 0) -> list[tuple[float, float, str, int]]:
        chance = random.Random(seed)
        found = []
        for _ in range(count):
            income, debt = round(chance.gauss(50, 15), 2), round(chance.gauss(20, 8), 2)
            repaid = income - debt + chance.gauss(0, 12) > 28
            found.append((income, debt, chance.choice("nesw"), int(repaid)))
        return found

    return make


@pytest.fixture
def folder(tmp_path: Path, rows) -> Path:
    """A project of one contract, `repaid`, with the one candidate that fits at once."""
    place = tmp_path / "desk"
    place.mkdir()
    lines = ["income,debt,region,repaid", *(",".join(map(str, row)) for row in rows(60))]
    (place / "loans.csv").write_text("\n".join(lines) + "\n")
    (place / "plait.yaml").write_text(SETTINGS)
    return place


@pytest.fixture
def project(folder: Path) -> Project:
    return load_project(folder)


@pytest.fixture
def answering(desk: Path, tmp_path: Path) -> Iterator[plait.App]:
    """An open project whose contracts `loan` and `rent` answer."""
    with plait.open(shutil.copytree(desk, tmp_path / "answering")) as app:
        yield app


NOTES = """\
project: desk
models:
  said: {engine: openai, model: qwen, base_url: "http://127.0.0.1:9/v1"}
collections:
  notes: {paths: ["*.md"]}
flows:
  desk:
    - guard: {input: [injection]}
    - cache
    - retrieve: {collection: notes, top: 3}
    - answer: {}
"""


@pytest.fixture
def noted(tmp_path: Path) -> Iterator[plait.App]:
    """An open project with a flow over two notes, searched by words alone."""
    (tmp_path / "plait.yaml").write_text(NOTES)
    (tmp_path / "fees.md").write_text(
        "# Fees\n\nThe appraisal fee is 650 dollars. A wire transfer costs 25 dollars.\n\n"
        "# Hours\n\nThe branch opens at nine in the morning and closes at five.\n"
    )
    with plait.open(tmp_path) as app:
        app.collections.ingest("notes")
        yield app
