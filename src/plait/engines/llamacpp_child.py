"""The process of a llama.cpp model: `python -m plait.engines.llamacpp_child`.

It reads its order, one line of JSON, from its standard input, starts llama.cpp's server on a free
port of this machine, prints `{"address": ...}`, and ends when its standard input does.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from threading import Thread
from typing import Any, cast

from plait.core.errors import PlaitError
from plait.core.extras import missing
from plait.core.ids import Json
from plait.engines.device import cores

_WARNINGS = 2  # of llama.cpp's levels; 3 tells much about every request
_LOOK_SECONDS = 1.0
_LAST_WORDS_SECONDS = 0.3  # llama.cpp writes its log in a thread of its own


def serve(order: Mapping[str, Json]) -> object:
    """Start the server and return it; it runs until it is let go of.

    Args:
        order: `weights` (path), `context_tokens` per slot, `slots`, `threads` (0 chooses),
            `device` (`auto`, `cpu`, `gpu`), `key` that every request must bear.

    Raises:
        MissingExtra: xllamacpp is not installed.
        RuntimeError: the weights cannot be loaded, or there is no such device.
    """
    try:
        library = import_module("xllamacpp")
    except ImportError:
        raise missing("xllamacpp") from None
    gpu = any("GPU" in str(each["type"]) for each in library.get_device_info())
    if order["device"] == "gpu" and not gpu:
        raise RuntimeError("llama.cpp, as it is installed, sees no GPU: write `device: auto`")
    slots = cast(int, order["slots"])
    params = library.CommonParams()
    params.model.path = order["weights"]
    params.n_parallel = slots
    params.n_ctx = cast(int, order["context_tokens"]) * slots  # they share it
    params.n_gpu_layers = 0 if order["device"] == "cpu" else -1
    threads = cast(int, order["threads"]) or cores()
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.api_keys = [order["key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.verbosity = _WARNINGS
    params.ui = False
    params.cache_ram_mib = 0  # conversations that have ended would fill gigabytes
    params.offline = True
    return library.Server(params)


def main() -> None:
    """Do what this module says."""
    Thread(target=_wait_for_orphanhood, daemon=True).start()
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as stdin:
        order: dict[str, Any] = json.loads(stdin.readline())
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # llama.cpp prints where it likes
    Thread(target=_wait_for_end, daemon=True).start()
    try:
        server = serve(order)
    except (PlaitError, RuntimeError, ValueError) as error:
        time.sleep(_LAST_WORDS_SECONDS)
        print(json.dumps({"error": str(error)}), file=answer, flush=True)
        os._exit(1)  # the threads that watch would disturb any other end
    address = cast(Any, server).listening_address
    print(json.dumps({"address": address}), file=answer, flush=True)
    answer.close()
    while True:
        time.sleep(3600)


def _wait_for_end() -> None:
    """End the process as soon as nobody holds the other end of its standard input."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)  # the server's threads would have to be waited for


def _wait_for_orphanhood() -> None:
    """End the process soon after its parent, though another process may hold that end too."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main()
