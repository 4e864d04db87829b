"""What the machine has, and what is told where it has nothing."""

import sys

import pytest

from plait.engines import device
from plait.engines.device import Gpu, cores, gpus, runtimes


def test_there_is_a_core():
    assert cores() >= 1


@pytest.mark.parametrize(
    ("said", "status", "found"),
    [
        (
            "NVIDIA H100, 81559, 550.54\\nodd line\\nx, [N/A], 1",
            0,
            [Gpu(name="NVIDIA H100", memory=81559 * 1024 * 1024, driver="550.54")],
        ),
        ("NVIDIA-SMI has failed", 9, []),
        ("", 0, []),
    ],
)
def test_gpus_are_what_the_driver_tells(monkeypatch, said, status, found):
    program = f"print('{said}'); raise SystemExit({status})"
    monkeypatch.setattr(device, "_ASK", (sys.executable, "-c", program))
    assert gpus() == found


def test_without_a_driver_there_is_none(monkeypatch):
    monkeypatch.setattr(device, "_ASK", ("/nonexistent/nvidia-smi",))
    assert gpus() == []


def test_runtimes_tell_what_they_run_on(monkeypatch):
    assert "CPUExecutionProvider" in runtimes()["onnxruntime"]
    assert runtimes()["llama.cpp"]
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    assert runtimes() == {}
