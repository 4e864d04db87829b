"""LightGBM's C library called directly: a model's text in, numbers out.

The Python package `lightgbm` imports scikit-learn and scipy, which serving does not need. Its wheel
carries one shared library with a C interface (`include/LightGBM/c_api.h`), found and bound here
without running the package. Three facts about it, read in the sources of 4.6, shape this module:

- Its number of threads is global and sizes buffers, so two calls at once that ask for unlike
  numbers crash the process. Every call here asks for one thread, and training must not run in the
  same process at the same time. To use more cores, split a batch over Python threads.
- It trusts a model's text: a wrong index reads foreign memory, a cycle never returns, a number it
  cannot read ends the process. So the text is checked whole before the library sees it.
"""

import ctypes
import re
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import numpy as np

from plait.core.errors import EngineError, MissingExtra
from plait.engines.encode import Matrix

RowCall: TypeAlias = Callable[[Iterable[float]], tuple[float, ...]]

TRANSFORMED, RAW, CONTRIBUTIONS = 0, 1, 3
FLOAT64 = ROW_MAJOR = 1
EVERY_ROUND = (0, -1)
PARAMETERS = b"num_threads=1 verbosity=-1"
NUMBER = r"-?(?:[0-9]++(?>(?:\.[0-9]++)?)(?>(?:e[-+]?[0-9]++)?)|inf|nan)"
NUMBERS = re.compile(f"(?>(?:{NUMBER}(?: {NUMBER})*)?)")  # atomic: nothing to go back for
PER_LEAF = ("leaf_value", "leaf_weight", "leaf_count")
PER_NODE = ("split_feature", "split_gain", "threshold", "decision_type", "left_child",
            "right_child", "internal_value", "internal_weight", "internal_count")  # fmt: skip
MOST_LINES = 22  # of one tree: the library reads no further

OPENMP = "it needs OpenMP: apt-get install libgomp1, on macOS brew install libomp"


class Booster:
    """A trained LightGBM model, ready to predict and safe to share between threads.

    Attributes:
        n_features: width of a row.
        n_classes: numbers per prediction: 1 for regression and for two classes, else the classes.
        n_trees: trees of all rounds and classes together.
        objective: LightGBM's name of the loss, `custom` when the model states none.
    """

    def __init__(self, model: str | bytes) -> None:
        """Load what LightGBM's `model_to_string` or `save_model` wrote.

        Raises:
            MissingExtra: the library is absent or does not load.
            EngineError: `artefact_damaged`, when the text is not a whole model of plain trees.
        """
        self._library = library = _load()
        self._handle = _Handle(library.parallel.LGBM_BoosterFree)
        load = library.parallel.LGBM_BoosterLoadModelFromString
        try:
            text = model.encode() if isinstance(model, str) else model
            self.n_features, self.n_classes, self.n_trees, self.objective = _inspect(text)
            library.check(load(text, ctypes.byref(ctypes.c_int()), ctypes.byref(self._handle)))
        except (ValueError, EngineError) as error:
            message = f"the text is no sound LightGBM model: {error.args[-1]}"
            hint = "restore the file from where it came, or train again"
            raise EngineError("artefact_damaged", message, where="lightgbm", hint=hint) from error
        shape = self.n_features, self.n_classes
        self._rows = _Rows(partial(_row_call, library, self._handle, shape))

    def predict(self, matrix: Matrix) -> Matrix:
        """Predict a batch: (n, n_features) -> (n,), or (n, n_classes) when there are several.

        The objective's transform is applied: probabilities for classes. NaN is a missing value.

        Raises:
            EngineError: `engine_failed`, when the matrix has another width.
        """
        return self._batch(matrix, TRANSFORMED)

    def raw(self, matrix: Matrix) -> Matrix:
        """Return the margins before the transform; otherwise as `predict`."""
        return self._batch(matrix, RAW)

    def contributions(self, matrix: Matrix) -> Matrix:
        """Split each margin of `raw` over the features, exactly, by TreeSHAP (arXiv:1802.03888).

        Returns:
            (n, n_features + 1), or (n, n_classes, n_features + 1) when there are several classes.
            The last column is the expected margin; the last axis sums to the margin. Raises as
            `predict` does.
        """
        return self._batch(matrix, CONTRIBUTIONS, self.n_features + 1)

    def predict_row(self, values: Iterable[float]) -> tuple[float, ...]:
        """Predict one row: n_features numbers in order, NaN when missing -> n_classes numbers.

        Equal to `predict` bit for bit, with nothing allocated but the answer.

        Raises:
            EngineError: `engine_failed`, when the values are more or fewer, or no numbers.
        """
        return self._rows.transformed(values)

    def raw_row(self, values: Iterable[float]) -> tuple[float, ...]:
        """Return one row's margins before the transform; otherwise as `predict_row`."""
        return self._rows.raw(values)

    def _batch(self, matrix: Matrix, kind: int, *parts: int) -> Matrix:
        """Return n, or n x n_classes, answers of the shape `parts`."""
        if matrix.ndim != 2 or matrix.shape[1] != self.n_features:
            raise _failed(f"a matrix of shape {matrix.shape} for {self.n_features} features")
        rows = np.ascontiguousarray(matrix, dtype=np.float64)
        classes = (self.n_classes,) if self.n_classes > 1 else ()
        answer = np.empty((len(rows), *classes, *parts))
        source = (rows.ctypes, FLOAT64, *rows.shape, ROW_MAJOR)
        target = (ctypes.byref(ctypes.c_int64()), answer.ctypes)
        run = self._library.parallel.LGBM_BoosterPredictForMat
        status = run(self._handle, *source, kind, *EVERY_ROUND, PARAMETERS, *target)
        self._library.check(status)
        return answer


class _Rows(threading.local):
    """Each thread's own predictors of single rows, made when it first asks and freed with it."""

    def __init__(self, make: Callable[[int], RowCall]) -> None:
        self.transformed = make(TRANSFORMED)
        self.raw = make(RAW)


def _row_call(library: "_Library", model: "_Handle", shape: tuple[int, int], kind: int) -> RowCall:
    """Make a predictor of single rows with its own buffers, for one thread.

    Measured: `struct` fills the input faster than assigning slices or items of ctypes and numpy
    arrays. The call keeps the interpreter's lock: once released, a busy thread holds it for a whole
    switch interval, hundreds of times as long as the prediction takes.
    """
    width, classes = shape
    predictor = _Handle(library.parallel.LGBM_FastConfigFree, owner=model)
    start = library.parallel.LGBM_BoosterPredictForMatSingleRowFastInit
    what = (kind, *EVERY_ROUND, FLOAT64, width, PARAMETERS)
    library.check(start(model, *what, ctypes.byref(predictor)))
    row, answer = (ctypes.c_double * width)(), (ctypes.c_double * classes)()
    fill = partial(struct.Struct(f"{width}d").pack_into, row, 0)
    read = partial(struct.Struct(f"{classes}d").unpack_from, answer)
    buffers = (ctypes.byref(row), ctypes.byref(ctypes.c_int64()), ctypes.byref(answer))
    run = partial(library.inline.LGBM_BoosterPredictForMatSingleRowFast, predictor, *buffers)

    def call(values: Iterable[float]) -> tuple[float, ...]:
        try:
            fill(*values)
        except (struct.error, TypeError, OverflowError) as error:
            raise _failed(f"the row is not {width} numbers: {error}") from error
        library.check(run())
        return read()

    return call


class _Handle(ctypes.c_void_p):
    """A pointer the library made: freed when nothing refers to it, its owner after it."""

    def __init__(self, free: Callable[["_Handle"], int], owner: "_Handle | None" = None) -> None:
        super().__init__()
        self._free = free
        self._owner = owner

    def __del__(self) -> None:
        if self:
            self._free(self)


@dataclass(frozen=True, slots=True)
class _Library:
    """The shared library: `parallel` releases the interpreter's lock, `inline` keeps it."""

    parallel: ctypes.CDLL
    inline: ctypes.PyDLL

    def check(self, status: int) -> None:
        """Raise `engine_failed`, in the library's words, when `status` is not 0."""
        if status:
            raise _failed(self.parallel.LGBM_GetLastError().decode(errors="replace"))


@cache
def _load() -> _Library:
    """Load the library once; should two threads race, the system still keeps one copy."""
    path = str(_find())
    try:
        library = _Library(ctypes.CDLL(path), ctypes.PyDLL(path))
    except OSError as error:
        reason = f"LightGBM's library does not load: {error}"
        raise MissingExtra("missing_extra", reason, where=path, hint=OPENMP) from error
    library.parallel.LGBM_GetLastError.restype = ctypes.c_char_p
    return library


def _find() -> Path:
    """Find the library in the package's wheel: `bin` on Windows, `lib` elsewhere."""
    spec = find_spec("lightgbm")
    for folder in (spec and spec.submodule_search_locations) or []:
        for name in ("lib/lib_lightgbm.so", "lib/lib_lightgbm.dylib", "bin/lib_lightgbm.dll"):
            if (path := Path(folder, name)).is_file():
                return path
    hint = "pip install --force-reinstall 'lightgbm>=4.6'"
    reason = "lightgbm is not installed, or without its shared library"
    raise MissingExtra("missing_extra", reason, where="lightgbm", hint=hint)


def _failed(reason: str) -> EngineError:
    hint = "give the numbers the model was trained on, in their order"
    return EngineError("engine_failed", f"LightGBM: {reason}", where="lightgbm", hint=hint)


def _inspect(text: bytes) -> tuple[int, int, int, str]:
    """Return features, classes, trees and objective; raise ValueError when a part is unsound."""
    _require(not any(odd in text for odd in (b"\0", b"\r", b"\n=")), "LightGBM writes no such line")
    head, first, _ = text.partition(b"\n\nTree=0\n")
    _require(head.startswith(b"tree\nversion=v4\n") and first != b"", "no header of version 4")
    header = _Fields(head)
    width, classes = int(header["max_feature_idx"]) + 1, int(header["num_class"])
    sizes = header.integers("tree_sizes")
    objective, *options = header.get("objective", "custom").split() or [""]
    names = {len(header[key].split(" ")) for key in ("feature_names", "feature_infos")}
    stated = {option for option in options if option.startswith("num_class:")}
    stated.add(f"num_class:{header['num_tree_per_iteration']}")
    _require(width > 0 and names == {width}, "the features are not those it counts")
    _require(classes > 0 and stated == {f"num_class:{classes}"}, "it contradicts its classes")
    _require(objective.isidentifier(), "its objective is no name")
    _require(len(sizes) % classes == 0, "the last round lacks trees")
    start = len(head) + 2
    for number, size in enumerate(sizes):
        mark, _, tree = text[start : start + size].partition(b"\n")
        _require(mark == b"Tree=%d" % number, f"tree {number} is not in its place")
        _require(_is_sound(tree, width), f"tree {number} is broken, or linear")
        start += size
    _require(text.startswith(b"end of trees\n", start), "the trees are cut short")
    _require(b"\nend of parameters\n" in text[start:], "the parameters are cut short")
    return width, classes, len(sizes), objective


def _is_sound(tree: bytes, width: int) -> bool:
    """Return whether the nodes form a tree, all they refer to exists, and no leaf is linear."""
    body = tree.rstrip(b"\n")
    fields = _Fields(body)
    whole = tree.endswith(b"\n\n") and len(fields) == tree.count(b"=") == body.count(b"\n") + 1
    if not whole or len(fields) > MOST_LINES or fields.get("is_linear", "0") != "0":
        return False
    counts = Counter({name: len(fields.words(name)) for name in fields})
    leaves, sets = int(fields["num_leaves"]), int(fields["num_cat"])
    if leaves == 1:
        return counts["leaf_value"] == 1
    nodes = leaves - 1
    children = fields.integers("left_child") + fields.integers("right_child")
    features, kinds = fields.integers("split_feature"), fields.integers("decision_type")
    edges = fields.integers("cat_boundaries") if sets else [0]
    cuts = zip(fields.words("threshold"), kinds, strict=True)
    return (
        {counts[name] for name in PER_NODE} == {nodes}
        and {counts[name] for name in PER_LEAF} == {leaves}
        # Each leaf (-1, -2, ...) and each node but the root, 0, is the child of exactly one node.
        and sorted(children) == [*range(-leaves, 0), *range(1, nodes)]
        and 0 <= min(features) <= max(features) < width
        and (len(edges), edges[:1], edges[-1:]) == (sets + 1, [0], [counts["cat_threshold"]])
        and edges == sorted(edges)
        and all(0 <= float(cut) < sets for cut, kind in cuts if kind & 1)
    )


class _Fields(dict[str, str]):
    """Lines of `name=value`; reading one that is absent or no number raises ValueError."""

    def __init__(self, lines: bytes) -> None:
        pairs = (line.partition("=") for line in lines.decode("latin-1").split("\n"))
        super().__init__((name, value) for name, _, value in pairs)

    def __missing__(self, name: str) -> str:
        raise ValueError(f"it has no {name}")

    def words(self, name: str) -> list[str]:
        """Return a list of numbers, each as text."""
        _require(NUMBERS.fullmatch(self[name]) is not None, f"{name} is not a list of numbers")
        return self[name].split()

    def integers(self, name: str) -> list[int]:
        """Return a list of integers; the library would stop at what is no digit."""
        return [int(word) for word in self.words(name)]


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
