"""A race from the terminal: what it prints, what it refuses, and how it is stopped."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import apsw
import pytest

SETTINGS = """\
project: quick
contracts:
  c: {task: tabular, data: DATA, target: left, candidates: [dummy]LIMITS}
"""


@pytest.fixture
def quick(tmp_path):
    """Make a project with the one candidate that fits at once."""

    def quick(data="d.csv", limits="", rows=30):
        dice = random.Random(0)
        lines = [f"{dice.gauss(0, 1):.3f},{number % 3 % 2}\n" for number in range(rows)]
        (tmp_path / "d.csv").write_text("x,left\n" + "".join(lines))
        text = SETTINGS.replace("DATA", data).replace("LIMITS", limits)
        (tmp_path / "plait.yaml").write_text(text)
        return tmp_path

    return quick


def test_a_race_ends_in_a_table_with_the_losers_and_why(made):
    for project in made.values():
        lines = project.trained.out.splitlines()
        assert lines[0].startswith(f"{project.contract}: ")
        winner = lines[0].removeprefix(f"{project.contract}: ").removesuffix(" answers")
        assert lines[2].split()[:2] == ["candidate", "paradigm"]
        raced = {line.split()[0] for line in lines[3 : lines.index("", 3)]}
        assert raced >= {"dummy", "linear", "lightgbm"}
        told = [line.split(":")[0] for line in lines if re.match(r"\w+ (won|lost): .+\.$", line)]
        assert told[0] == f"{winner} won"
        assert set(told[1:]) == {f"{name} lost" for name in raced - {winner}}
        assert any(re.fullmatch(r"dec_[0-9a-f]{32}", line) for line in lines)
        assert any(re.fullmatch(r"ev_[0-9a-f]{32}", line) for line in lines)
        assert f"{winner} answers for {project.contract} now" in lines
        assert project.trained.err == ""


def test_no_candidate_within_the_limits_is_refused_and_recorded(run, refused, quick):
    project = quick(limits=", limits: {size_mb: 0.00001, latency_ms: 50}")
    code, line = refused("train", "c", "--project", project)
    assert code == "contract_unmet"
    assert "the nearest is dummy" in line
    assert "breaks size_mb" in line
    decision = re.search(r"plait decisions (dec_\w+)", line)[1]
    shown = run("decisions", decision, "--project", project)
    assert shown.out.startswith("c: no candidate meets the contract\n")
    assert "dummy lost: breaks size_mb" in shown.out
    assert refused("predict", "c", "--row", "{}", "--project", project)[0] == "not_trained"
    assert refused("release", decision, "--project", project)[0] == "contract_unmet"


def test_data_of_a_query_and_a_winner_that_waits(run, quick):
    project = quick("{sql: left.sql, url_env: LEFT_URL}")
    connection = apsw.Connection(str(project / "left.db"))
    connection.execute("CREATE TABLE people (x REAL, quit TEXT)")
    rows = [(number / 7, "yes" if number % 3 else "no") for number in range(30)]
    connection.executemany("INSERT INTO people VALUES (?, ?)", rows)
    connection.close()
    (project / "left.sql").write_text("SELECT x, quit AS left FROM people")
    (project / ".env").write_text(f"LEFT_URL=sqlite:///{project / 'left.db'}\n")
    ran = run("train", "c", "--no-release", "--project", project)
    assert ran.status == 0, ran
    decision = re.search(r"plait release (dec_\w+)", ran.out)[1]
    listed = run("decisions", "--json", "--project", project).json["decisions"]
    assert [(each["id"], each["answers_now"]) for each in listed] == [(decision, False)]
    assert run("release", decision[:12], "--project", project).status == 0
    listed = run("decisions", "--json", "--project", project).json["decisions"]
    assert [each["answers_now"] for each in listed] == [True]
    assert run("predict", "c", "--row", '{"x": 1}', "--project", project).status == 0
    again = run("decisions", decision, "--rerun", "--project", project)
    assert again.out == f"same evidence {listed[0]['evidence']}\nsame winner: dummy\n"


def test_a_query_without_its_database_says_which_variable_to_set(refused, quick):
    project = quick("{sql: left.sql, url_env: NOWHERE_URL}")
    code, line = refused("train", "c", "--project", project)
    assert code == "data_connection"
    assert "plait.yaml:3: NOWHERE_URL is not set" in line


def test_a_metric_of_another_problem_is_found_where_it_is_written(refused, quick):
    code, line = refused("train", "c", "--project", quick(limits=", metric: rmse"))
    assert code == "unknown_metric"
    assert line.startswith("plait.yaml:3: no binary metric named 'rmse'")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to a whole group")
def test_ctrl_c_cancels_the_job(quick, run):
    project = quick(rows=9_000)  # for longer than it takes to see that it is at work
    text = (project / "plait.yaml").read_text().replace("[dummy]", "[lightgbm]")
    (project / "plait.yaml").write_text(text)
    child = subprocess.Popen(
        [sys.executable, "-m", "plait", "train", "c"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "80"},
        preexec_fn=heeds_ctrl_c,
    )
    wait_until(lambda: jobs(run, project) and jobs(run, project)[0]["state"] == "running")
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err.strip()) == (130, "", "interrupted")
    wait_until(lambda: jobs(run, project)[0]["state"] == "cancelled")
    assert run("decisions", "--project", project).out.startswith("no decision yet")


def heeds_ctrl_c():
    """Undo what a shell does to commands in its background, and these to their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def jobs(run, project):
    ran = run("jobs", "--project", project, "--json")
    return json.loads(ran.out)["jobs"] if ran.status == 0 else []


def wait_until(true):
    for _ in range(600):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen within a minute")
