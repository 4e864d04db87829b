"""The plug-in that the documentation shows: its own code enters a race under its own name."""

import re
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from plait.core.errors import EngineError
from plait.core.protocol import Sample
from plait.core.schema import Field, Schema
from plait.core.table import Table
from plait.engines.base import read_artefact
from plait.train import TABLE
from plait.train.entrant import check_entrants

PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"
ENTRY = "[plait.candidates]\ncentroids = centroids:Centroids\n"


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Lay the page's code out as an installed package, and return its folder."""
    folder = tmp_path / "site"
    told = folder / "centroids-1.5.dist-info"
    told.mkdir(parents=True)
    (folder / "centroids.py").write_text(blocks("python")[0])
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: centroids\nVersion: 1.5\n")
    (told / "entry_points.txt").write_text(ENTRY)
    monkeypatch.syspath_prepend(folder)
    yield folder
    sys.modules.pop("centroids", None)


def sample(problem="binary"):
    random = np.random.Generator(np.random.PCG64(5))
    income = random.normal(size=80)
    return Sample(
        input=Schema((Field(name="income", kind="number"),)),
        columns={"income": income},
        target=(income + random.normal(size=80) > 0).astype(np.int64).tolist(),
        classes=("no", "yes"),
        problem=problem,
        seed=0,
    )


def test_an_installed_package_adds_a_row(installed):
    table = Table("candidates", TABLE)
    assert table.names() == [*TABLE, "centroids"]
    assert table.packages(["linear", "centroids"]) == ("centroids",)
    assert table.packages(TABLE) == ()


def test_the_page_says_the_entry_point_that_is_tested():
    (toml,) = blocks("toml")
    assert 'entry-points."plait.candidates"' in toml
    assert 'centroids = "centroids:Centroids"' in toml


def test_what_it_writes_is_an_artefact_of_an_engine_there_is(installed, tmp_path):
    make = Table("candidates", TABLE).load("centroids")
    runnable = make(tmp_path / "made", threshold=0.4).fit(sample())
    assert read_artefact(tmp_path / "made").manifest.engine == "linear"
    answer = runnable.predict({"income": [-3.0, 3.0]})
    assert list(answer["prediction"]) == ["no", "yes"]
    with pytest.raises(ValueError, match="two classes"):
        make(tmp_path / "other").fit(sample("regression"))


def test_one_for_another_api_is_refused_by_name(installed):
    source = (installed / "centroids.py").read_text()
    (installed / "centroids.py").write_text(source.replace("api = 1 ", "api = 2 "))
    with pytest.raises(EngineError) as caught:
        Table("candidates", TABLE).load("centroids")
    assert caught.value.code == "component_api"
    assert "'centroids'" in caught.value.where


def test_one_that_cannot_be_made_is_told_with_its_package(installed, plan, tmp_path):
    source = (installed / "centroids.py").read_text()
    code = source.replace("folder, *, threshold=None", "folder").replace(
        "folder, threshold", "folder, 0"
    )
    (installed / "centroids.py").write_text(code)
    make = Table("candidates", TABLE).load("centroids")
    with pytest.raises(EngineError) as caught:
        check_entrants(replace(plan, recipes={**plan.recipes, "centroids": make}))
    assert caught.value.code == "component_broken"
    assert caught.value.message.startswith(
        "candidate centroids, of the plug-in centroids 1.5, cannot be raced: "
    )
    assert "unexpected keyword argument 'threshold'" in caught.value.message


def test_a_row_without_a_package_has_none(monkeypatch):
    row = EntryPoint("bare", "centroids:Centroids", "plait.candidates")
    monkeypatch.setattr("plait.core.table.entry_points", lambda group: [row])
    assert Table("candidates", TABLE).packages(["bare", "unknown"]) == ()
