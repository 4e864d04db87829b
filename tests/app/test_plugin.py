"""A plug-in's candidate goes the whole way: settings, race, decision, release, answer, rerun."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"
SETTINGS = """\
project: plugged
contracts:
  loan: {task: tabular, data: loans.csv, target: repaid, candidates: [dummy, centroids]}
"""

pytestmark = pytest.mark.long  # processes of their own: one reads the plug-in off its path


@pytest.fixture(scope="module")
def plugged(tmp_path_factory):
    """A project and the environment in which the page's plug-in is installed."""
    folder = tmp_path_factory.mktemp("plugged")
    site = folder / "site"
    told = site / "centroids-1.5.dist-info"
    told.mkdir(parents=True)
    code = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M)[0]
    (site / "centroids.py").write_text(code)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: centroids\nVersion: 1.5\n")
    (told / "entry_points.txt").write_text("[plait.candidates]\ncentroids = centroids:Centroids\n")
    random = np.random.Generator(np.random.PCG64(5))
    income = random.normal(size=120)
    repaid = income + random.normal(size=120) > 0
    rows = zip(income, repaid, strict=True)
    lines = [f"{each:.3f},{'yes' if good else 'no'}" for each, good in rows]
    (folder / "loans.csv").write_text("\n".join(["income,repaid", *lines, ""]))
    (folder / "plait.yaml").write_text(SETTINGS)
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    return folder, {**os.environ, "PYTHONPATH": path}


def run(plugged, *words, status=0):
    folder, environment = plugged
    command = [sys.executable, "-m", "plait", *words, "--json"]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert ran.returncode == status, ran.stdout + ran.stderr
    return json.loads(ran.stdout)


def test_it_wins_answers_and_is_run_again(plugged):
    made = run(plugged, "train", "loan")
    assert made["winner"] == "centroids"
    assert "centroids" in [each["name"] for each in made["standings"]]
    answered = run(plugged, "predict", "loan", "income=2.5")
    assert answered["predictions"][0]["prediction"] == "yes"
    told = run(plugged, "explain", answered["id"])
    assert told["decision"]["winner"] == "centroids"
    assert told["evidence"]["libraries"]["centroids"] == "1.5"
    assert "same winner" in run(plugged, "decisions", made["id"], "--rerun")["verdict"]


def test_one_that_cannot_be_made_is_no_fault_of_plait(plugged, tmp_path):
    folder, environment = plugged
    site = shutil.copytree(folder / "site", tmp_path / "site")
    code = (site / "centroids.py").read_text()
    code = code.replace("folder, *, threshold=None", "folder").replace(
        "folder, threshold", "folder, 0"
    )
    (site / "centroids.py").write_text(code)
    error = run((folder, {**environment, "PYTHONPATH": str(site)}), "train", "loan", status=1)
    assert error["error"]["code"] == "component_broken"
    assert "of the plug-in centroids 1.5, cannot be raced" in error["error"]["message"]
    assert "argument 'threshold'" in error["error"]["message"]


def test_without_it_the_name_is_unknown(plugged):
    folder, _ = plugged
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    error = run((folder, bare), "train", "loan", status=1)["error"]
    assert error["code"] == "unknown_component"
    assert "centroids" in error["message"]
