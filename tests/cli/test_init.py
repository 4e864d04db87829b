"""A project from a table: what is written, and that the printed commands work as they stand."""

import csv
import json
import re
import shlex
import subprocess
import sys

import pytest

from plait.app.settings import load_project
from plait.app.training import read_data
from plait.registry.pull import Pulled


def read(path, *, encoding="utf-8", delimiter=","):
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


TABLE = "x,y\n" + "1,a\n2,b\n1,b\n2,a\n" * 15
NAMES = ["tumours", "flowers", "patients", "customers", "oddities"]


@pytest.mark.parametrize("name", NAMES)
def test_three_commands_answer_a_table_never_seen(made, run, tmp_path, name):
    project = made[name]
    answers = tmp_path / "answers.csv"
    told = ("predict", project.contract, "--file", project.table, "--out", answers)
    done = run(*told, "--project", project.folder)
    assert done.status == 0, done
    encoding, delimiter = ("latin-1", ";") if name == "customers" else ("utf-8", ",")
    header, *given = read(project.table, encoding=encoding, delimiter=delimiter)
    names, *found = read(answers)
    kept = [f"input_{name}" if name == "prediction" else name for name in header]
    assert names[: len(kept) + 1] == [*kept, "prediction"]
    assert [row[: len(kept)] for row in found] == given
    chances = [place for place, name in enumerate(names) if name.startswith("probability_")]
    if chances:
        for row in found:
            assert sum(float(row[place]) for place in chances) == pytest.approx(1)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_short_and_says_where_the_data_is(made, name):
    project = made[name]
    text = (project.folder / "plait.yaml").read_text()
    assert len(text.splitlines()) <= 30
    assert text.count("#") >= 5
    contract = load_project(project.folder).settings.contracts[project.contract]
    assert contract.data == f"../{name}.csv"


@pytest.mark.parametrize("name", ["customers", "oddities"])
def test_the_printed_curl_line_is_answered(made, name):
    project = made[name]
    line = project.started.json["curl"]
    server = subprocess.Popen(
        [sys.executable, "-m", "plait", "serve", "--port", "0"],
        cwd=project.folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        port = re.search(r"http://127\.0\.0\.1:(\d+)", server.stdout.readline())[1]
        assert "127.0.0.1:8000/" in line
        command = shlex.split(line.replace(":8000/", f":{port}/"))
        done = subprocess.run([*command, "-sS"], capture_output=True, text=True, timeout=30)
    finally:
        server.terminate()
        server.communicate(timeout=30)
    assert done.returncode == 0, done
    answer = json.loads(done.stdout)
    assert set(answer["predictions"][0]["probabilities"]) == set(
        {"customers": ["no", "yes"], "oddities": ["0", "1"]}[name]
    )


def test_findings_tell_how_the_data_was_read(made):
    findings = made["customers"].started.json["findings"]
    assert findings[0].startswith("left has 2 classes: ")
    assert any(each.startswith("customer id is left out") for each in findings)
    assert any(each.startswith("signed up is left out") for each in findings)
    assert any("Latin-1" in each for each in findings)


def test_the_next_commands_are_told(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in put.csv").write_text(TABLE)
    ran = run("init", "my project", "--data", "in put.csv", "--target", "y")
    assert ran.status == 0, ran
    lines = [line.strip() for line in ran.out.splitlines()]
    told = [line for line in lines if line.startswith(("cd", "plait"))]
    assert told == ["cd 'my project'", "plait train y", "plait serve"]
    assert sum(line.startswith("curl http://127.0.0.1:8000/v1/predict/y -d ") for line in lines)


def test_without_data_the_lending_desk_is_written(run, tmp_path, monkeypatch):
    loans = tmp_path / "pulled.csv"
    loans.write_text("approve,obrat\n1,2\n")

    pulled = Pulled(tmp_path, {"loans.csv": loans})
    monkeypatch.setattr("plait.app.project.pull", lambda *_, **__: pulled)
    ran = run("init", tmp_path / "desk")
    assert ran.status == 0, ran
    assert "plait train loan-approval" in ran.out
    assert (tmp_path / "desk" / "data" / "loans.csv").read_text() == loans.read_text()
    contract = load_project(tmp_path / "desk").settings.contracts["loan-approval"]
    sent = json.loads(shlex.split(next(li for li in ran.out.splitlines() if "curl" in li))[-1])
    assert set(sent["rows"][0]) == set(contract.features)


def test_a_project_is_never_overwritten(refused, tmp_path):
    (tmp_path / "plait.yaml").write_text("project: mine\n")
    code, line = refused("init", tmp_path)
    assert code == "folder_in_use"
    assert "already holds a plait.yaml" in line
    assert (tmp_path / "plait.yaml").read_text() == "project: mine\n"


def test_data_and_target_go_together(run, tmp_path):
    ran = run("init", tmp_path, "--data", "x.csv")
    assert (ran.status, ran.out) == (2, "")
    assert "--data and --target go together" in ran.err


def test_the_data_is_found_from_wherever_the_command_was_called(run, tmp_path, monkeypatch):
    for name in ("one", "two"):
        (tmp_path / "tables").mkdir(exist_ok=True)
        (tmp_path / "tables" / f"{name}.csv").write_text(TABLE)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep")
    ran = run("init", "er/project", "--data", "../tables/*.csv", "--target", "y")
    assert ran.status == 0, ran
    monkeypatch.chdir(tmp_path)
    project = load_project(tmp_path / "deep" / "er" / "project")
    contract = project.settings.contracts["y"]
    assert contract.data == "../../../tables/*.csv"
    assert read_data(project.folder, contract).height == 120


def test_a_link_to_the_newest_file_stays_a_link(run, tmp_path):
    (tmp_path / "monday.csv").write_text(TABLE)
    (tmp_path / "newest.csv").symlink_to("monday.csv")
    ran = run("init", tmp_path / "p", "--data", tmp_path / "newest.csv", "--target", "y")
    assert ran.status == 0, ran
    assert load_project(tmp_path / "p").settings.contracts["y"].data == "../newest.csv"


def test_many_findings_are_cut_short(run, tmp_path):
    names = [f"void_{number}" for number in range(30)]
    row = "," * 30
    (tmp_path / "a.csv").write_text(",".join([*names, "x", "y\n"]) + f"{row}1,a\n{row}2,b\n" * 20)
    with (tmp_path / "a.csv").open("a") as file:
        file.write(f"{row}1,b\n" * 20)
    ran = run("init", tmp_path / "p", "--data", tmp_path / "a.csv", "--target", "y")
    assert ran.status == 0, ran
    assert "more like these" in ran.out
    assert ran.out.count("is left out") < 15
