"""Every setting in force, and who said so."""

import yaml


def test_settings_come_with_their_origins(run, project, monkeypatch):
    monkeypatch.setenv("PLAIT_HOST", "0.0.0.0")
    ran = run("config", "--project", project, "--port", "81", "--json")
    assert ran.status == 0, ran
    found = {each["key"]: (each["value"], each["origin"]) for each in ran.json["settings"]}
    assert found["project"] == ("desk", "plait.yaml:1")
    assert found["host"] == ("0.0.0.0", "environment PLAIT_HOST")
    assert found["port"] == (81, "--port")
    assert found["store"] == (".plait", "default")
    assert found["contracts.loan.target"] == ("repaid", "plait.yaml:6")
    assert found["contracts.loan.features.income.unit"] == ("usd", "plait.yaml:7")
    assert found["contracts.rent.privacy"] == ("internal", "default")


def test_it_reads_as_the_file_it_stands_for(run, project):
    ran = run("config", "--project", project)
    assert ran.status == 0, ran
    assert "    target: repaid" in ran.out
    assert "# plait.yaml:6" in ran.out
    (project / "plait.yaml").write_text(ran.out)
    again = run("config", "--project", project)
    assert yaml.safe_load(again.out) == yaml.safe_load(ran.out)


def test_a_long_line_is_not_broken(run, project, narrow):
    text = "project: p\ncontracts:\n  c: {task: tabular, data: d.csv, target: t, exclude: [%s]}\n"
    (project / "plait.yaml").write_text(text % ", ".join(f"column_{n}" for n in range(40)))
    ran = run("config", "--project", project)
    assert any(len(line) > 400 and "plait.yaml:3" in line for line in ran.out.splitlines())
