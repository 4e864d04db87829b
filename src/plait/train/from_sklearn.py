"""A fitted scikit-learn model as an artefact, made in the process of whoever fitted it.

No pickle is loaded anywhere: the model is read where it already lives, its numbers are written
down, and what was written is asked the same rows as the model before anybody gets it.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from plait.core.artefact import OWN, Artefact, Manifest
from plait.core.columns import Column, Columns
from plait.core.errors import InvalidData
from plait.core.protocol import Predictor
from plait.core.schema import Field, Schema
from plait.engines.answer import output_schema, probability_columns
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.pipeline import PIPELINE
from plait.engines.pipeline import Pipeline as Surroundings
from plait.store.frame import RawColumn
from plait.train.from_sklearn_column import Cell, Plain, follow, refused
from plait.train.from_sklearn_model import Converted, convert, lightgbm_cells

Floats: TypeAlias = NDArray[np.float64]
DataFrame: TypeAlias = Any
"""A pandas DataFrame; nothing of pandas is imported."""

TOLERANCE = 1e-6
"""A probability may differ by so much; a number by so large a share of the largest one."""

ODD_ROWS = 50
"""So many rows of the frame are asked again with a value missing, or never seen, in turn."""


def from_sklearn(
    model: BaseEstimator, frame: DataFrame, to: str | Path = "model.plait"
) -> Artefact:
    """Write a fitted model as an artefact, once it answers as the model does.

    `plait models import model.plait --contract NAME` lets it race as the incumbent.

    Args:
        model: a fitted estimator, or a Pipeline that ends in one. Before it: SimpleImputer,
            StandardScaler, MinMaxScaler, RobustScaler, MaxAbsScaler, OneHotEncoder,
            OrdinalEncoder, selectors of features, and ColumnTransformers of them. The estimator:
            linear and logistic regression and their penalised kin, decision trees, forests,
            GradientBoosting, HistGradientBoosting, and LightGBM's wrappers.
        frame: rows as the model is given them, a pandas DataFrame; the more unlike, the better
            they tell whether the artefact answers alike. Rows with values missing and with levels
            never seen are added to them.
        to: the folder to write; it must not exist, or hold an artefact already.

    Returns:
        The artefact: its manifest, and its folder.

    Raises:
        Refused: `import_refused`, when a step cannot be converted, or the artefact would answer
            otherwise than the model.
        InvalidData: `data_column_missing` when the frame lacks a column, `data_empty` when it has
            no rows; `data_unwritable` when the folder cannot be written.
    """
    _check_fitted(model)
    names = _names(model, frame)
    columns = _columns(frame, names)
    rows = len(frame)
    cells: list[Cell] = [Plain(name) for name in names]
    before, last = _parts(model)
    for step in before:
        cells = follow(step, cells, names if len(names) == len(cells) else [""] * len(cells))
    if hasattr(last, "booster_") and not before:
        cells = lightgbm_cells(cells, last.booster_)
    found = convert(last, cells, columns, rows)
    folder = _folder(to)
    with threadpool_limits(limits=1):  # a few rows at a time: threads would only wait
        expected = _answers(model, frame, names)
        if expected is None:
            raise refused("the model itself does not answer the frame", "give rows that it takes")
        asked = [_Asked("the rows given", frame, expected), *_odd(model, frame, names)]
    refusing = [each.absent for each in asked if each.expected is None]
    write = partial(_write, found, columns, refusing, type(last).__name__)
    with TemporaryDirectory(prefix="plait-model-") as aside:  # nobody gets one that is wrong
        write(Path(aside))
        ours = load(Path(aside))
        for each in asked:
            if each.expected is not None:
                _compare(ours, _columns(each.frame, names), each, found)
    return write(folder)


def _check_fitted(model: object) -> None:
    if not isinstance(model, BaseEstimator):
        raise refused(
            f"the {type(model).__name__} is no scikit-learn estimator",
            "give a fitted one, or a Pipeline; LightGBM's own text and ONNX are taken over by "
            "`plait models import`",
        )
    try:
        check_is_fitted(model)
    except NotFittedError:
        raise refused(f"the {type(model).__name__} is not fitted", "fit it first") from None


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """Rows that the model was asked, and its answers; None where it takes no such rows.

    Attributes:
        said: what they are, in words.
        frame: the rows.
        expected: (n, k) probabilities or (n,) numbers.
        absent: the column that is missing in each; "" where none is.
    """

    said: str
    frame: DataFrame
    expected: Floats | None
    absent: str = ""


def _names(model: BaseEstimator, frame: DataFrame) -> list[str]:
    """Return the columns the model reads, in its order."""
    if not hasattr(frame, "columns") or not hasattr(frame, "isna"):
        raise refused(
            f"the rows are a {type(frame).__name__}, whose columns have no names",
            "give a pandas DataFrame whose columns are named as in the contract's data",
        )
    if not len(frame):
        raise InvalidData("data_empty", "the frame has no rows", where="plait.from_sklearn",
                          hint="give rows to compare the answers on")  # fmt: skip
    have = list(frame.columns)
    first = _parts(model)[0][0] if _parts(model)[0] else _parts(model)[1]
    own = getattr(first, "feature_names_in_", None)
    wanted = have if own is None else list(map(str, own))
    if wanted == [str(name).replace(" ", "_") for name in have]:  # so LightGBM writes them
        wanted = have
    for name in wanted:
        if name not in have:
            raise InvalidData("data_column_missing", f"the model reads {name!r}", where="frame",
                              hint="give the columns the model was fitted on")  # fmt: skip
    count = getattr(first, "n_features_in_", len(wanted))
    if count != len(wanted):
        raise refused(
            f"the model reads {count} columns, and the frame has {len(wanted)}",
            "give the columns it was fitted on, in their order",
        )
    return wanted


def _parts(model: BaseEstimator) -> tuple[list[Any], Any]:
    """Return the fitted steps before the estimator, and the estimator."""
    if hasattr(model, "best_estimator_"):
        return _parts(model.best_estimator_)
    if isinstance(model, Pipeline):
        before, last = _parts(model.steps[-1][1])
        steps = [step for _, step in model.steps[:-1] if step not in (None, "passthrough")]
        return [*steps, *before], last
    return [], model


def _columns(frame: DataFrame, names: Sequence[str]) -> Columns:
    found: dict[str, list[Any]] = {}
    for name in names:
        gone = frame[name].isna().to_numpy()
        plain = frame[name].tolist()
        found[name] = [None if absent else v for v, absent in zip(plain, gone, strict=True)]
    return found


def _folder(to: str | Path) -> Path:
    folder = Path(to)
    if folder.exists() and not (folder / "manifest.json").is_file():
        raise InvalidData(
            "data_unwritable",
            "the folder holds something else",
            where=str(folder),
            hint="name a folder that does not exist: plait.from_sklearn(model, frame, to=...)",
        )
    return folder


def _write(
    found: Converted, columns: Columns, refusing: Sequence[str], name: str, folder: Path
) -> Artefact:
    pipeline = Surroundings(
        problem=found.problem,
        classes=found.classes,
        encode=found.codes,
        calibrate=found.calibrate,
    )
    read = list(dict.fromkeys(code.column for code in found.codes))
    manifest = Manifest(
        engine=found.engine,
        task="tabular",
        problem=found.problem,
        input=Schema(tuple(_field(each, columns[each], each not in refusing) for each in read)),
        output=output_schema(pipeline),
        origin=f"plait.from_sklearn {version('plait')}: {name} of {version('scikit-learn')}",
        licence=OWN,
    )
    files = {PIPELINE: json_bytes(pipeline.record()), **found.files}
    try:
        return write_artefact(folder, manifest, files)
    except OSError as error:
        raise InvalidData("data_unwritable", str(error.strerror), where=str(folder),
                          hint="name another folder with to=...") from None  # fmt: skip


def _field(name: str, values: Column, nullable: bool) -> Field:
    column = RawColumn.of(name, values)
    if column.kind == "number":
        return Field(name=name, kind="number", nullable=nullable, integer=column.integer)
    if column.kind == "boolean":
        return Field(name=name, kind="boolean", nullable=nullable)
    levels = tuple(sorted({each for each in column.values.tolist() if each is not None}))
    return Field(name=name, kind="category", nullable=nullable, levels=levels)


def _without(frame: DataFrame, name: str) -> DataFrame:
    """Return some rows with a column missing."""
    part = frame.head(ODD_ROWS).copy()
    part[name] = part[name].where(np.zeros(len(part), dtype=np.bool_))
    return part


def _unseen(frame: DataFrame, name: str) -> DataFrame | None:
    """Return some rows with a level in a column that nobody saw; None for numbers."""
    part = frame.head(ODD_ROWS).copy()
    if hasattr(part[name], "cat"):
        levels = part[name].cat.categories
        part[name] = part[name].cat.rename_categories([f"{each}, unseen" for each in levels])
        return part
    if RawColumn.of(name, _columns(part, [name])[name]).kind in ("string", "time"):
        part[name] = "a level that was never seen"
        return part
    return None


def _answers(model: BaseEstimator, frame: DataFrame, names: Sequence[str]) -> Floats | None:
    """Return what the model says: (n, k) probabilities or (n,) numbers; None where it fails."""
    first = _parts(model)[0][0] if _parts(model)[0] else _parts(model)[1]
    rows = frame[list(names)]
    if not hasattr(first, "feature_names_in_"):
        rows = rows.to_numpy()
    ask = model.predict_proba if hasattr(model, "classes_") else model.predict
    with warnings.catch_warnings():  # such as of levels never seen
        warnings.simplefilter("ignore")
        try:
            return np.asarray(ask(rows), dtype=np.float64)
        except (ValueError, TypeError):  # what scikit-learn says of values it does not take
            return None


def _odd(model: BaseEstimator, frame: DataFrame, names: Sequence[str]) -> Iterator[_Asked]:
    """Ask the model rows with a value missing, and with a level never seen, in turn."""
    for name in names:
        part = _without(frame, name)
        yield _Asked(f"rows without {name!r}", part, _answers(model, part, names), name)
        unseen = _unseen(frame, name)
        if unseen is not None:
            expected = _answers(model, unseen, names)
            if expected is not None:  # what the model refuses, nobody can compare
                yield _Asked(f"rows whose {name!r} was never seen", unseen, expected)


def _compare(ours: Predictor, columns: Columns, asked: _Asked, found: Converted) -> None:
    """Compare the artefact's answers with the model's.

    Raises:
        Refused: `import_refused`, where they part.
    """
    assert asked.expected is not None
    expected, answer = asked.expected, ours.predict(columns)
    if found.problem == "regression":
        given = np.asarray(answer["prediction"], dtype=np.float64)
        allowed = TOLERANCE * max(1.0, float(np.abs(expected).max()))
    else:
        chances = [answer[each] for each in probability_columns(found.classes)]
        given, allowed = np.array(chances, dtype=np.float64).T, TOLERANCE
    apart = np.abs(given - expected.reshape(given.shape))
    if not (apart <= allowed).all():
        raise refused(
            f"the artefact and the model differ by {np.nanmax(apart):.3g} on {asked.said}",
            "export the model to ONNX and import that, and report this",
        )
