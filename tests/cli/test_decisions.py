"""Decisions in the terminal: the list, one of them whole."""

from pathlib import Path

import plait


def test_the_list_fits_a_terminal_and_marks_what_answers_now(run, project, declare, linear, narrow):
    with plait.open(project) as app:
        later = declare(app, "loan", linear(0.5), winner="later")
    ran = run("decisions", "--project", project)
    assert ran.status == 0, ran
    lines = ran.out.splitlines()
    assert lines[0].split() == ["decision", "taken", "contract", "winner", "score"]
    assert [line[0] for line in lines[1:4]] == ["*", " ", "*"] or lines[1].startswith("* ")
    assert sum(line.startswith("* dec_") for line in lines) == 2
    assert f"* {later.id[:20]}" in lines[1]
    assert "later (declared)" in lines[1]
    assert all(len(line) <= 80 for line in lines)
    assert "…" not in ran.out


def test_one_is_shown_by_the_beginning_the_list_gives(run, project):
    listed = run("decisions", "--project", project, "--contract", "loan").out
    begin = listed.splitlines()[1].split()[1]
    ran = run("decisions", begin, "--project", project)
    assert ran.status == 0, ran
    assert ran.out.startswith("loan: linear answers\n")
    whole = run("decisions", begin, "--project", project, "--json").json
    assert whole["id"].startswith(begin)
    assert whole["id"] in ran.out
    assert whole["winner"] == "linear"


def test_before_the_first_one_it_is_said_how_to_get_it(run, project):
    ran = run("decisions", "--contract", "fraud", "--project", project)
    assert ran.out == "no decision yet: `plait train fraud` takes one\n"


def test_a_measured_decision_is_whole_in_a_narrow_terminal(run, made, narrow):
    project = made["customers"]
    made_id = run("decisions", "--project", project.folder, "--json").json["decisions"][0]["id"]
    ran = run("decisions", made_id, "--project", project.folder)
    lines = ran.out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert made_id in lines
    assert "…" not in ran.out


def test_a_measured_decision_has_plots_and_a_card(run, made):
    project = made["customers"].folder
    listed = run("decisions", "--project", project, "--json").json["decisions"]
    made_id = next(each["id"] for each in listed if each["kind"] == "measured")
    ran = run("decisions", made_id, "--project", project)
    assert "against latency" in ran.out
    assert "●" in ran.out
    told = run("decisions", made_id, "--project", project, "--json").json
    files = {name: Path(path) for name, path in told["files"].items()}
    assert {"card", "pareto"} <= set(files)
    assert files["pareto"].read_text().startswith("<svg ")
    card = run("decisions", made_id, "--project", project, "--card").out
    assert card == files["card"].read_text()
    assert card.startswith("# ")
    assert made_id in card


def test_options_that_do_not_go_together(run, project):
    assert run("decisions", "--card", "--project", project).status == 2
    assert run("decisions", "dec_1", "--card", "--rerun", "--project", project).status == 2
    assert run("decisions", "--rerun", "--project", project).status == 2
    assert run("decisions", "dec_1", "--contract", "loan", "--project", project).status == 2


def test_a_release_goes_back(run, project, declare, linear):
    first = run("decisions", "--contract", "loan", "--project", project, "--json").json
    with plait.open(project) as app:
        declare(app, "loan", linear(0.5), winner="later")
    back = first["decisions"][0]["id"]
    ran = run("release", back[:16], "--project", project, "--json")
    assert ran.json["decision"] == back
    listed = run("decisions", "--contract", "loan", "--project", project, "--json").json
    assert {each["id"]: each["answers_now"] for each in listed["decisions"]}[back] is True
    said = run("release", back, "--project", project).out
    assert "linear answers for loan now; a running server takes it within a second" in said
