"""Backing up and bringing back, by commands."""

import plait


def test_what_was_backed_up_comes_back(run, project, tmp_path):
    copy = tmp_path / "copy"
    ran = run("store", "backup", copy, "--project", project)
    assert (ran.status, ran.out) == (0, f"backed up {project / '.plait'} to {copy}\n"), ran
    run("keys", "add", "later", "--project", project)
    told = ("store", "restore", copy, "--project", project)
    assert run(*told).status == 1
    ran = run(*told, "--overwrite", "--json")
    assert ran.json == {"from": str(copy), "to": str(project / ".plait")}
    with plait.open(project) as app:
        assert app.keys.list() == []
        assert app.live.task("loan")


def test_a_project_moves_by_its_backup(run, project, tmp_path, row):
    run("store", "backup", tmp_path / "copy", "--project", project)
    new = tmp_path / "new"
    new.mkdir()
    (new / "plait.yaml").write_text((project / "plait.yaml").read_text())
    assert run("store", "restore", tmp_path / "copy", "--project", new).status == 0
    with plait.open(new) as app:
        assert app.predict("loan", row).predictions[0].value == "yes"


def test_a_refusal_names_the_option_that_exists(refused, project, tmp_path, run):
    run("store", "backup", tmp_path / "copy", "--project", project)
    code, line = refused("store", "restore", tmp_path / "copy", "--project", project)
    assert code == "restore_refused"
    assert "--overwrite" in line
    code, line = refused("store", "backup", tmp_path / "copy", "--project", project)
    assert code == "folder_in_use"
