"""Files and functions stay small, and the tools that say so stay switched on."""

LINES = 500


def test_no_file_is_long(root, tracked):
    lengths = {
        str(path): len((root / path).read_text().splitlines())
        for path in tracked
        if path.suffix == ".py"
    }
    assert {path: count for path, count in lengths.items() if count > LINES} == {}


def test_ruff_caps_every_function_of_src(project):
    lint = project["tool"]["ruff"]["lint"]
    caps = {"C90", "PLR0913", "PLR0915", "BLE", "D", "ANN", "TID251", "PLC0415"}
    assert caps <= set(lint["select"])
    assert set(lint["ignore"]) <= {"D105", "D107", "RUF001", "RUF002", "RUF003"}
    assert lint["mccabe"]["max-complexity"] <= 10
    assert lint["pylint"]["max-statements"] <= 40
    assert lint["pylint"]["max-args"] <= 7
    eased = {
        place: set(codes) & caps
        for place, codes in lint["per-file-ignores"].items()
        if not place.startswith(("tests/", "bench/")) and set(codes) & caps
    }
    assert eased == {"src/plait/app/settings.py": {"TID251"}}  # the one reader of the environment


def test_types_are_strict_everywhere(project):
    mypy = project["tool"]["mypy"]
    assert mypy["strict"] is True
    assert "src" in mypy["files"]
    for override in mypy["overrides"]:
        assert set(override) == {"module", "ignore_missing_imports"}
        assert not any(name.startswith("plait") for name in override["module"])


def test_warnings_fail_tests(project):
    options = project["tool"]["pytest"]["ini_options"]
    assert options["filterwarnings"] == ["error"]
    assert options["xfail_strict"] is True
