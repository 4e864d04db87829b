"""The two commands: what they install, and what they say when they cannot."""

import re
import subprocess


def test_an_old_python_gets_one_clear_line(root, tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(
        ["make", "check", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}"],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(said) == 1
    assert "3.11" in said[0]
    assert not (tmp_path / "venv").exists()


def test_every_dependency_is_pinned(root, project):
    pins = {
        re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower()
        for line in (root / "constraints" / "ci.txt").read_text().splitlines()
        if "==" in line
    }
    sets = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
    ]
    wanted = {re.match(r"[A-Za-z0-9._-]+", each)[0].lower() for one in sets for each in one}
    assert wanted - {"plait"} <= pins  # an extra may name our own other extras
    assert "plait" not in pins


def test_a_change_is_one_line_in_a_file_of_a_known_kind(root, project):
    kinds = {each["directory"] for each in project["tool"]["towncrier"]["type"]}
    for path in (root / "changes").iterdir():
        if path.name == ".gitkeep":
            continue
        name = re.fullmatch(r"(\d+)\.([a-z]+)(\.\d+)?\.md", path.name)
        assert name, path.name
        assert name[2] in kinds, path.name
        assert len(path.read_text().strip().splitlines()) == 1, path.name
