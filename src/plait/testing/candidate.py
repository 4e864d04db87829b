"""What every candidate of rows with a target must do, as one check to call from a test."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from shutil import copytree
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Manifest
from plait.core.columns import Column, Row, Scalar
from plait.core.contract import Problem
from plait.core.ids import canonical
from plait.core.protocol import Runnable, Sample
from plait.core.schema import Field, Schema
from plait.core.table import API
from plait.engines.base import load, read_artefact
from plait.testing.engine import check_engine
from plait.train.base import Recipe
from plait.train.entrant import fault_of, fit
from plait.train.quantile import OF_QUANTILE, configuration_of

ROWS = 240
_ASKED = 12
_SURE = 0.9
_TOLERANCE = 1e-6  # an engine may compute in float32
_HELD = 0.5
_LEVELS = ("coast", "town", "village")
_FIELDS = (
    Field(name="income", kind="number", nullable=True, low=0.0, high=200.0),
    Field(name="debt", kind="number", sentinels=(999.0,), low=-20.0, high=80.0),
    Field(name="married", kind="boolean", nullable=True),
    Field(name="area", kind="category", levels=_LEVELS),
    Field(name="absent", kind="number", nullable=True),
    Field(name="constant", kind="number", low=0.1, high=0.1),
)
_CLASSES: dict[Problem, tuple[str, ...]] = {
    "binary": ("no", "yes"),
    "multiclass": ("high", "low", "middle"),
    "regression": (),
}


class _Told(TypedDict, total=False):
    """What the race hands over with a folder."""

    threshold: float | None


def check_candidate(
    make: Recipe,
    folder: Path,
    *,
    problems: Sequence[Problem] = ("binary", "multiclass", "regression"),
) -> None:
    """Check that a candidate keeps the promises of `plait.core.protocol.Candidate`.

    It is fitted to a few hundred rows of every kind of column, with missing values; what it writes
    goes through `check_engine` too.

    Args:
        make: makes it for a folder, as what an entry point of `plait.candidates` names does.
        folder: an empty folder; every fit uses one of its own within.
        problems: what it can learn.

    Raises:
        AssertionError: a promise is broken; the message says which.
    """
    _check_made(make)
    for problem in problems:
        _check_problem(make, folder / problem, sample_of(problem))
    if "binary" in problems:
        _check_threshold(make, folder / "threshold")
        _check_one_of_a_class(make, folder / "class")
    if hasattr(make, OF_QUANTILE):
        _check_quantile(make, folder / "quantile")


def sample_of(problem: Problem, *, seed: int = 0) -> Sample:
    """Return rows to fit on, of which the target is told by all but the last two columns."""
    random = np.random.Generator(np.random.PCG64(seed))
    income = np.round(random.lognormal(3, 0.6, ROWS), 3)
    debt = np.round(random.normal(30, 10, ROWS), 3)
    area = random.integers(0, len(_LEVELS), ROWS)
    married = random.integers(0, 2, ROWS).astype(bool)
    odds = 0.05 * (income - 20) - 0.12 * (debt - 30) + np.array([0.0, 1.2, -1.2])[area]
    odds = odds + 0.5 * married + random.normal(size=ROWS)
    income[random.random(ROWS) < 0.05] = np.nan
    debt[random.random(ROWS) < 0.05] = 999.0
    target = {
        "binary": (odds > 0).astype(np.float64),
        "multiclass": np.digitize(odds, [-1.0, 1.0]).astype(np.float64),
        "regression": np.round(10 * odds, 2),
    }[problem]
    told: NDArray[Any] = married.astype(object)
    told[random.random(ROWS) < 0.1] = None
    columns: dict[str, NDArray[Any]] = {
        "income": income,
        "debt": debt,
        "married": told,
        "area": np.array([_LEVELS[each] for each in area], dtype=object),
        "absent": np.full(ROWS, np.nan),
        "constant": np.full(ROWS, 0.1),
    }
    return Sample(
        input=Schema(_FIELDS),
        columns=columns,
        target=target.tolist(),
        classes=_CLASSES[problem],
        problem=problem,
        seed=seed,
    )


def _check_made(make: Recipe) -> None:
    """The race makes it for a folder, with and without a threshold, and asks what it is."""
    own = make.__module__.partition(".")[0] == "plait"
    assert own or getattr(make, "api", None) == API, f"it does not carry `api = {API}`"
    for told in (_Told(), _Told(threshold=None), _Told(threshold=0.4)):
        fault = fault_of(partial(make, **told))
        assert not fault, f"it cannot be made with {told}: {fault}"
    one, other = (canonical(make(Path(name)).configuration()) for name in ("one", "other"))
    assert one == other, "its configuration is another each time"


def _check_problem(make: Recipe, folder: Path, sample: Sample) -> None:
    before = repr([list(each) for each in (*sample.columns.values(), sample.target)])
    runnable = fit(make(folder / "one"), sample)
    after = repr([list(each) for each in (*sample.columns.values(), sample.target)])
    assert before == after, "its fit changes the sample"
    answers = callable(getattr(runnable, "predict", None))
    assert answers, f"its fit returns {type(runnable).__name__}, which has no `predict`"
    manifest = read_artefact(folder / "one").manifest
    _check_manifest(manifest, sample)
    _check_rows_held(manifest, folder / "one", sample)
    _check_loaded(runnable, folder, sample)
    _check_level(folder / "one", sample)
    fit(make(folder / "again"), sample_of(sample.problem))
    same = read_artefact(folder / "again").id == manifest.id
    assert same, "the same sample and seed give another artefact"
    check_engine(load, folder / "one", _rows(sample))


def _check_manifest(manifest: Manifest, sample: Sample) -> None:
    found, wanted = (manifest.task, manifest.problem), ("tabular", sample.problem)
    assert found == wanted, f"its artefact is for {found}, and the sample for {wanted}"
    assert manifest.input == sample.input, "its artefact does not read the sample's fields"
    assert manifest.licence.strip(), "its artefact says no licence"


def _check_rows_held(manifest: Manifest, folder: Path, sample: Sample) -> None:
    """Most values of a column, as they are, in the files of an artefact that says it holds none."""
    if manifest.holds_rows:
        return
    content = b"\n".join((folder / name).read_bytes() for name in manifest.files)
    for name in ("income", "debt"):
        values = np.unique(np.asarray(sample.columns[name], dtype=np.float64))
        values = values[np.isfinite(values)]
        forms = (
            [each.tobytes() for each in values.astype("<f8")],
            [each.tobytes() for each in values.astype("<f4")],
            [repr(each).encode() for each in values.tolist()],
        )
        for form in forms:
            share = sum(each in content for each in form) / len(values)
            assert share < _HELD, (
                f"{share:.0%} of the values of {name!r} stand in its files, and the manifest says "
                "that it holds no rows"
            )


def _check_loaded(runnable: Runnable, folder: Path, sample: Sample) -> None:
    """What it wrote answers as what it returned, wherever the folder lies."""
    moved = copytree(folder / "one", folder / "moved")
    expected, found = runnable.predict(sample.columns), load(moved).predict(sample.columns)
    assert set(expected) == set(found), "what it returns answers other columns than what it wrote"
    for name, column in expected.items():
        assert _alike(column, found[name]), (
            f"{name} of what it returns is not that of what it wrote"
        )


def _check_level(folder: Path, sample: Sample) -> None:
    row = {**_rows(sample)[0], "area": "moon"}
    try:
        load(folder).predict({name: [value] for name, value in row.items()})
    except Exception as error:
        raise AssertionError(f"a level that it never saw raises {error!r}") from error


def _check_threshold(make: Recipe, folder: Path) -> None:
    """The positive class is answered from the threshold on; probabilities are as they were."""
    sample = sample_of("binary")
    usual = fit(make(folder / "usual"), sample).predict(sample.columns)
    strict = fit(make(folder / "strict", threshold=_SURE), sample).predict(sample.columns)
    positive = _floats(strict["probability_yes"])
    assert _alike(usual["probability_yes"], positive), "the threshold changes its probabilities"
    answered = [value == "yes" for value in strict["prediction"]]
    assert answered == (positive >= _SURE).tolist(), f"it answers otherwise than from {_SURE} on"


def _check_one_of_a_class(make: Recipe, folder: Path) -> None:
    """A fold may be left with one row of a class."""
    sample = sample_of("binary")
    target = np.asarray(sample.target)
    rows = np.concatenate([np.flatnonzero(target == 0)[:40], np.flatnonzero(target == 1)[:1]])
    columns = {name: np.asarray(values)[rows] for name, values in sample.columns.items()}
    few = replace(sample, columns=columns, target=target[rows].tolist())
    answer = fit(make(folder), few).predict(columns)
    finite = np.isfinite(_floats(answer["probability_yes"])).all()
    assert finite, "one row of a class leaves it without a probability"


def _check_quantile(make: Recipe, folder: Path) -> None:
    canonical(configuration_of(make(folder)))
    sample = replace(sample_of("regression"), quantile=_SURE)
    answer = _floats(fit(make(folder), sample).predict(sample.columns)["prediction"])
    below = float(np.mean(np.asarray(sample.target) <= answer))
    assert 0.75 <= below <= 1, f"{below:.0%} of the rows are below its quantile of {_SURE:.0%}"


def _rows(sample: Sample) -> list[Row]:
    lists = {name: np.asarray(column)[:_ASKED].tolist() for name, column in sample.columns.items()}
    return [{name: _sent(lists[name][at]) for name in lists} for at in range(_ASKED)]


def _sent(value: Scalar) -> Scalar:
    return None if value != value else value


def _floats(column: Column) -> NDArray[np.float64]:
    return np.array(list(column), dtype=np.float64)


def _alike(one: Column, other: Column) -> bool:
    first, second = list(one), list(other)
    if any(isinstance(each, str) for each in first):
        return first == second
    return bool(np.allclose(first, second, rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=True))
