import json
import shutil
import subprocess
import sys

import pytest

from plait.core.errors import EngineError
from plait.train.measure import (
    _seconds,
    machine,
    measure,
    processor_seconds,
    resident_mb,
)

VALUES = {
    "latency_ms_p50", "latency_ms_p95", "latency_ms_p99", "load_ms", "size_mb", "memory_mb",
    "processor_ms",
}  # fmt: skip
LEAN = """
import json, runpy, sys
runpy.run_module("plait.train.measure", run_name="__main__")
sys.stderr.write(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


def beside(program, measured):
    """Return what is measured while a child of this process has run a program and lives."""
    waits = f"{program}\nprint(flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", waits], **pipes) as child:
        child.stdout.readline()
        found = measured()
        child.communicate(b"\n")
    return found


def test_every_artefact_is_measured(measured, raced):
    assert list(measured) == [result.name for result in raced.results]
    for found in measured.values():
        assert set(found.values) >= VALUES - {"memory_mb"}
        p50, p95, p99 = (found.values[f"latency_ms_p{each}"] for each in (50, 95, 99))
        assert 0 < p50 <= p95 <= p99
        assert found.values["load_ms"] > 0


def test_the_size_is_that_of_the_files(measured, raced):
    for result in raced.results:
        files = [path for path in result.folder.iterdir() if path.name != "manifest.json"]
        size = sum(path.stat().st_size for path in files) / 1e6
        assert measured[result.name].values["size_mb"] == pytest.approx(size)


def test_memory_is_what_running_adds(measured):
    if resident_mb() is None:  # Windows does not tell
        assert not any("memory_mb" in each.values for each in measured.values())
        return
    assert 0 <= measured["linear"].values["memory_mb"] < 50
    assert 1 < measured["lightgbm"].values["memory_mb"] < 100  # its library is loaded too


def test_the_time_of_the_processor_is_that_of_the_answers(measured):
    for found in measured.values():
        assert 0 < found.values["processor_ms"] < 5 * found.values["latency_ms_p99"]


def test_the_time_of_children_counts():
    before = processor_seconds()
    with_child = beside("a = 0\nfor _ in range(10_000_000): a += 1", processor_seconds)
    if before is not None:  # Windows does not tell
        assert with_child - before > 0.1


@pytest.mark.parametrize(
    ("said", "seconds"), [("0:01.50", 1.5), ("01:02:03", 3723.0), ("2-00:00:01", 172_801.0)]
)
def test_the_time_as_ps_says_it(said, seconds):
    assert _seconds(said) == seconds


def test_the_machine_is_named(measured):
    assert measured["linear"].machine == machine()
    assert set(machine()) == {"processor", "cores", "os", "python"}
    assert machine()["processor"]


def test_the_process_that_measures_imports_no_fitting_library(raced, plan):
    folder = next(result.folder for result in raced.results if result.name == "lightgbm")
    found = subprocess.run(
        [sys.executable, "-c", LEAN, str(folder)],
        input=json.dumps(plan.prepared.rows(5)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(found.stdout)["values"]["latency_ms_p50"] > 0
    assert not {"sklearn", "lightgbm", "scipy", "pandas"} & set(json.loads(found.stderr))


def test_what_cannot_be_loaded_is_an_error_with_the_reason(tmp_path):
    with pytest.raises(EngineError, match=r"manifest\.json") as caught:
        measure(tmp_path, [{}])
    assert caught.value.code == "engine_failed"


def test_the_memory_of_children_counts():
    before = resident_mb()
    with_child = beside("kept = bytearray(100_000_000)", resident_mb)
    if before is not None:  # Windows does not tell
        assert with_child - before > 100


def test_where_there_is_no_proc_the_memory_is_asked_of_ps(monkeypatch):
    def absent(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr("pathlib.Path.read_text", absent)
    found = resident_mb(), processor_seconds()
    if shutil.which("ps") is None:
        assert found == (None, None)
    else:
        assert 10 < found[0] < 10_000
        assert found[1] > 0
    assert machine()["processor"]
