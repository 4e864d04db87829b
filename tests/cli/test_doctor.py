"""The doctor in the terminal."""

import pytest

from plait.app import doctor


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "runtimes", lambda: {"llama.cpp": ("CPU [AMD]",)})
    monkeypatch.setattr(doctor, "gpus", list)
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))


def test_it_shows_what_is_here_and_how_to_bring_the_rest(run, project, monkeypatch):
    monkeypatch.setattr(doctor, "installed", lambda name: name != "spacy")
    ran = run("doctor", "--project", project)
    assert ran.status == 0, ran
    words = " ".join(ran.out.split())
    assert "GPU none seen" in words
    assert "llama.cpp CPU [AMD]" in words
    assert "missing: pip install 'plait[guard]'" in words
    assert "plait models pull smollm2-135m" in words
    assert f"project desk, store {project / '.plait'}" in ran.out


def test_a_broken_project_is_shown_and_not_raised(run, tmp_path):
    (tmp_path / "plait.yaml").write_text("project: [")
    ran = run("doctor", "-C", tmp_path)
    assert ran.status == 0
    assert "project  " in ran.out
    assert ran.err == ""


def test_json_has_the_same(run, tmp_path):
    found = run("doctor", "-C", tmp_path, "--json").json
    assert found["project"] is None
    assert found["machine"]["runtimes"] == {"llama.cpp": ["CPU [AMD]"]}
    assert {"name", "extra", "version", "install"} == set(found["libraries"][0])
