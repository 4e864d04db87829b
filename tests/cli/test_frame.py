"""What every command shares."""

import pytest

import plait
from plait.cli.frame import given, open_app


def test_flags_that_were_not_given_do_not_stand_above_anything():
    assert given(host=None, port=0) == {"port": 0}


def test_a_project_is_opened_with_the_flags(project):
    with open_app(project, port=81, host=None) as app:
        assert app.project.settings.port == 81
        assert app.project.settings.host == "127.0.0.1"


@pytest.mark.parametrize("name", ["project", "project/plait.yaml"])
def test_a_project_is_its_folder_or_its_file(run, project, name):
    ran = run("decisions", "--json", "-C", project.parent / name)
    assert {each["contract"] for each in ran.json["decisions"]} == {"loan", "rent"}


def test_this_folder_is_the_project_unless_said_otherwise(run, project, monkeypatch):
    monkeypatch.chdir(project)
    assert "dec_" in run("decisions").out


def test_json_is_printed_as_bytes_whatever_the_terminal_speaks(spawn, project):
    with plait.open(project) as app:
        app.keys.add("zoë")
    told = ("keys", "list", "--json", "--project", project)
    ran = spawn(*told, env={"PYTHONIOENCODING": "utf-8", "LC_ALL": "C"})
    assert ran.json["keys"][0]["name"] == "zoë"
