"""Artefacts that read rows they hold and answer others in their light: TabICL (arXiv:2502.05564).

The network is a checkpoint that somebody has trained on made-up tables; nothing of it is fitted.
What it makes of the rows it holds is computed once, when the artefact is loaded, and kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from pickle import UnpicklingError
from pickletools import genops
from threading import Lock
from typing import Any, TypeAlias
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Artefact
from plait.core.errors import EngineError
from plait.core.extras import missing
from plait.core.ids import Json
from plait.engines.answer import Scores
from plait.engines.array_file import read_array
from plait.engines.base import damaged, read_json, reading
from plait.engines.encode import Matrix
from plait.engines.predictor import TabularPredictor

Library: TypeAlias = Any  # torch and tabicl are optional, so their types have no name here

MODEL = "model.json"
CHECKPOINT = "checkpoint.ckpt"
ROWS = "rows.npy"
TARGET = "target.npy"

_LEAST = 1e-7
_ABSENT = -1.0
"""A category's missing and unknown level, as the library's own encoding has them."""
_REACH = 1e100
"""Numbers beyond are as far as can be."""
_USUAL_CLASSES = 10
"""Classes of a checkpoint that does not say how many it tells apart."""
_FAILURES = (
    AssertionError, EOFError, LookupError, OSError, RuntimeError, TypeError, UnpicklingError,
    ValueError,
)  # fmt: skip
_ALONE = Lock()
_NOTES = ("BINPUT", "LONG_BINPUT", "PUT", "MEMOIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """How the rows are shown to the network.

    Attributes:
        classes: how many the target has; 0 of a number.
        count: times that the rows are shown, their columns and classes in another order and
            normalised in another way; the answers are averaged.
        seed: of the orders.
    """

    classes: int
    count: int
    seed: int

    def __post_init__(self) -> None:
        if self.count < 1 or self.classes < 0 or self.classes == 1:
            raise ValueError("it shows nothing, or asks for one class alone")

    def record(self) -> dict[str, Json]:
        """Return it ready for JSON."""
        return asdict(self)

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Views":
        """Return what `record()` wrote.

        Raises:
            KeyError, TypeError, ValueError: a part is missing, unknown or mistaken.
        """
        parts: dict[str, Any] = {name: int(str(value)) for name, value in record.items()}
        return cls(**parts)


class InContext:
    """Scores a row in the light of those it holds; safe to share between threads, one at a time.

    It gives no reasons: no part of a score is one field's.

    Attributes:
        n_features: width of a row.
        n_classes: scores per row.
    """

    def __init__(
        self, checkpoint: Path, rows: Matrix, target: NDArray[np.float64], views: Views
    ) -> None:
        """Load the network, and have it read the rows: one second and more per 100 of them.

        Args:
            checkpoint: file of the network. Weights alone are read from it, no pickle is run.
            rows: (m, width) that it is to hold, as `filled` leaves them.
            target: (m,) their class indexes, or numbers.
            views: how the rows are shown.

        Raises:
            MissingExtra: tabicl is not installed.
            EngineError: `engine_failed`, when the file is no such network, or memory is short.
        """
        self._torch, library = _libraries()
        self.n_features = rows.shape[1]
        self.n_classes = views.classes if views.classes > 2 else 1
        self._views = views
        self._shift, self._scale = 0.0, 1.0
        kind, truth = library.TabICLClassifier, target
        if not views.classes:  # the library goes down to float32, where large numbers are all alike
            self._shift, self._scale = float(target.mean()), float(target.std()) or 1.0
            kind, truth = library.TabICLRegressor, (target - self._shift) / self._scale
        self._model = kind(
            n_estimators=views.count,
            random_state=views.seed,
            model_path=checkpoint,
            allow_auto_download=False,
            device="cpu",
            kv_cache=True,
        )
        with _one_thread(self._torch):
            try:
                self._model.fit(rows, truth)
            except _FAILURES as error:
                raise EngineError(
                    "engine_failed",
                    f"TabICL cannot run its checkpoint: {error}",
                    where=str(checkpoint),
                    hint="give it more memory, or another checkpoint that tabicl itself can load",
                ) from error
        _put_in_order(self._model.ensemble_generator_)

    def raw(self, matrix: Matrix) -> Scores:
        """Return the scores of n rows: (n, n_features) -> (n, n_classes)."""
        # One by one: products of larger matrices round otherwise.
        rows = [self.together(row[None, :]) for row in matrix]
        return np.concatenate([np.empty((0, self.n_classes)), *rows])

    def raw_row(self, values: Sequence[float]) -> Sequence[float]:
        """Return the scores of one row of n_features numbers."""
        found: list[float] = self.together(np.array([values]))[0].tolist()
        return found

    def together(self, matrix: Matrix) -> Scores:
        """Return what `raw` does but for rounding, several times as fast."""
        asked = filled(matrix)
        with _one_thread(self._torch):
            if not self._views.classes:
                number: Scores = self._model.predict(asked).astype(np.float64)
                return self._shift + self._scale * number[:, None]
            seen = self._model.classes_.astype(np.intp)
            chances = np.zeros((len(matrix), self._views.classes))
            chances[:, seen] = self._model.predict_proba(asked)
        logs: Scores = np.log(np.maximum(chances, _LEAST))
        return logs[:, 1:] - logs[:, :1] if self._views.classes == 2 else logs

    def contributions(self, matrix: Matrix) -> Scores:
        """Return (n, n_classes, n_features + 1): the score as a whole, last, and nothing before."""
        shares = np.zeros((len(matrix), self.n_classes, self.n_features + 1))
        shares[:, :, -1] = self.raw(matrix)
        return shares


def filled(matrix: Matrix) -> Matrix:
    """Return rows that the library can read.

    It takes NaN for a masked column in a row alone, and squares what it is given.
    """
    return np.clip(np.where(np.isnan(matrix), _ABSENT, matrix), -_REACH, _REACH)


def classes_of(checkpoint: Path) -> int:
    """Return how many classes a checkpoint of TabICL tells apart; 0 where it predicts numbers.

    Nothing in the file is run, and no library is needed: it is an archive with a pickle in it, of
    which the words are read.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no such checkpoint.
    """
    try:
        with ZipFile(checkpoint) as archive:
            pickles = [each for each in archive.namelist() if each.endswith("/data.pkl")]
            codes = [code for each in pickles for code in genops(archive.read(each))]
    except (BadZipFile, RuntimeError) as error:
        raise ValueError("torch did not write it") from error
    words = [word for code, word, _ in codes if code.name not in _NOTES]
    named = any(str(word).startswith("icl_predictor.") for word in words)
    if not (named and {"config", "state_dict"} <= {*words}):
        raise ValueError("it holds no network of TabICL")
    if "max_classes" not in words:
        return _USUAL_CLASSES
    return int(str(words[words.index("max_classes") + 1]))


def load(artefact: Artefact) -> TabularPredictor:
    """Return what runs `artefact`: the network, and the rows in `rows.npy` and `target.npy`.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read or does not fit the others.
        MissingExtra: tabicl is not installed.
    """
    path = artefact.folder / MODEL
    with reading(path):
        views = Views.read(read_json(path))
    target = read_array(artefact.folder / TARGET, (-1,)).astype(np.float64)
    rows = read_array(artefact.folder / ROWS, (len(target), -1)).astype(np.float64)
    if views.classes and not set(np.unique(target)) <= set(range(views.classes)):
        raise damaged(artefact.folder / TARGET, f"it is not of {views.classes} classes")
    model = InContext(artefact.folder / CHECKPOINT, rows, target, views)
    return TabularPredictor(artefact, model)


def _libraries() -> tuple[Library, Library]:
    try:
        return import_module("torch"), import_module("tabicl")
    except ImportError:
        raise missing("tabicl") from None


@contextmanager
def _one_thread(torch: Library) -> Iterator[None]:
    """Have torch add up in one order, whatever the machine, and leave it as it was.

    One at a time in a process, for it is the process that has a number of threads.
    """
    with _ALONE:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _put_in_order(made: Library) -> None:
    """Put the kinds of views in one order: the library's is that of a set, another each time."""
    for name in ("ensemble_configs_", "feature_shuffles_", "class_shuffles_"):
        if hasattr(made, name):
            setattr(made, name, dict(sorted(getattr(made, name).items())))
