"""A model's C file, compiled and called here: how its export is checked."""

import ctypes
import math
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plait.core.columns import Row, Scalar
from plait.core.schema import Field
from plait.train.export_c import identifiers, is_number
from plait.train.export_model import Outcome, PlainModel, Run, refused

COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-std=c99", "-O1", "-shared", "-fPIC")
COMPILE_SECONDS = 300


def find_compiler() -> str | None:
    """Return the path of a C compiler, None when there is none."""
    return next((found for name in COMPILERS if (found := shutil.which(name))), None)


def runner(model: PlainModel, content: bytes) -> Run | None:
    """Return what runs the file, compiled and loaded into this process; None without a compiler.

    Raises:
        Refused: `export_refused`, when it does not compile.
    """
    compiler = find_compiler()
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory(prefix="plait-") as folder:
        source, library = Path(folder, "model.c"), Path(folder, "model.so")
        source.write_bytes(content)
        done = subprocess.run(
            [compiler, *FLAGS, str(source), "-o", str(library), "-lm"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMPILE_SECONDS,
            check=False,
        )
        if done.returncode:
            first = done.stderr.partition("\n")[0]
            raise refused(f"{compiler} does not compile the C file: {first}")
        return _calls(model, ctypes.CDLL(str(library)))


def _calls(model: PlainModel, library: ctypes.CDLL) -> Run:
    """Return what calls the compiled function row by row."""
    fields, labels = model.input.fields, model.labels
    row_type = _structure([ctypes.c_double if is_number(field) else ctypes.c_char_p
                           for field in fields])  # fmt: skip
    count = len(labels) or (1 if model.half_width is None else 3)
    kinds: list[Any] = [ctypes.c_int] if labels else []
    answer_type = _structure([*kinds, ctypes.c_double * count])
    (name,) = identifiers([model.name], "model")
    function = getattr(library, f"{name}_predict")

    def run(rows: Sequence[Row]) -> list[Outcome]:
        return [answer(row) for row in rows]

    def answer(row: Row) -> Outcome:
        values = row_type(*(_argument(row.get(field.name), field) for field in fields))
        found = answer_type()
        if function(ctypes.byref(values), ctypes.byref(found)):
            return None
        parts = [getattr(found, part) for part, *_ in answer_type._fields_]
        return (labels[parts[0]] if labels else ""), tuple(parts[-1])

    return run


def _structure(kinds: Sequence[Any]) -> type[ctypes.Structure]:
    members = [(f"m{at}", kind) for at, kind in enumerate(kinds)]
    return type("Members", (ctypes.Structure,), {"_fields_": members})


def _argument(value: Scalar, field: Field) -> float | bytes | None:
    if is_number(field):
        return math.nan if value is None else float(value)
    return None if value is None else str(value).encode()
