"""The process of a model, as its parent sees it."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress

COMMAND = [sys.executable, "-P", "-m", "plait.engines.llamacpp_child"]
ORDER = {
    "weights": "/nonexistent/model.gguf",
    "context_tokens": 256,
    "slots": 1,
    "threads": 1,
    "device": "cpu",
    "key": "k",
}


def run(order):
    """Return the status, the answer and the noise of a process that does not come up."""
    pipe = subprocess.PIPE
    with subprocess.Popen(COMMAND, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as child:
        child.stdin.write(json.dumps(order) + "\n")
        child.stdin.flush()
        (line,) = child.stdout.read().splitlines()
        return child.wait(30), json.loads(line), child.stderr.read()


def test_weights_that_cannot_be_loaded_are_one_line_of_answer():
    status, answer, noise = run(ORDER)
    assert status == 1
    assert set(answer) == {"error"}
    assert "/nonexistent/model.gguf" in noise
    assert "Traceback" not in noise


def test_a_gpu_that_is_not_there_is_one_line_of_answer():
    import xllamacpp

    gpu = any("GPU" in str(each["type"]) for each in xllamacpp.get_device_info())
    _, answer, _ = run(ORDER | {"device": "gpu"})
    assert ("sees no GPU" in answer["error"]) == (not gpu)


def test_it_ends_with_its_parent_though_another_holds_its_input():
    read, write = os.pipe()
    line = f"{' '.join(COMMAND)} <&{read} & echo $!; sleep 1"
    shell = subprocess.run(
        ["sh", "-c", line], pass_fds=[read], stdout=subprocess.PIPE, timeout=30, check=True
    )
    pid = int(shell.stdout)
    deadline = time.monotonic() + 10
    try:
        with suppress(ProcessLookupError):
            while time.monotonic() < deadline:
                os.kill(pid, 0)
                time.sleep(0.05)
            raise AssertionError("it is still there")
    finally:
        os.close(read)
        os.close(write)
