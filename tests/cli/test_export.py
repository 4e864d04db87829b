"""The model as a file, from the command line."""

import onnx


def test_it_says_what_was_written_and_how_it_was_checked(run, project, tmp_path):
    out = tmp_path / "loan.onnx"
    ran = run("export", "loan", "--to", "onnx", "--out", out, "--project", project)
    assert ran.status == 0, ran
    first, second = ran.out.splitlines()
    assert first.startswith(f"{out} (")
    assert " answers as art_" in first
    assert second.startswith("checked on 1")
    assert "largest difference" in second
    onnx.checker.check_model(out.read_bytes())


def test_json_has_the_measured_parity(run, project, tmp_path):
    out = tmp_path / "loan.py"
    told = run("export", "loan", "--to", "python", "--out", out, "-C", project, "--json").json
    assert told["out"] == str(out)
    assert told["bytes"] == out.stat().st_size
    assert told["parity"]["rows"] >= 10_000
    assert told["parity"]["difference"] == 0.0
    assert told["tolerance"] == 1e-6


def test_mistakes_are_one_line(refused, run, project, tmp_path):
    code, line = refused("export", "fraud", "--to", "c", "--project", project)
    assert code == "not_trained"
    assert "plait train fraud" in line
    code, line = refused("export", "laon", "--to", "c", "--project", project)
    assert code == "unknown_contract"
    assert "'loan'" in line
    nowhere = tmp_path / "nowhere" / "x.py"
    code, _ = refused("export", "loan", "--to", "python", "--out", nowhere, "--project", project)
    assert code == "data_unwritable"
    assert run("export", "loan", "--project", project).status == 2
    assert run("export", "loan", "--to", "cobol", "--project", project).status == 2
