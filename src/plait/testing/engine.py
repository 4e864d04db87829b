"""What every engine of rows and texts must do, as one check to call from a test."""

import math
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import numpy as np

from plait.core.artefact import MANIFEST
from plait.core.columns import Row, Scalar
from plait.core.errors import EngineError
from plait.core.protocol import Predictor
from plait.core.schema import Schema
from plait.engines.answer import level_text

Load: TypeAlias = Callable[[Path], Predictor]
Answer: TypeAlias = Mapping[str, Scalar]

_MOST_REASONS = 1_000
_TOLERANCE = 1e-6  # an engine may compute in float32


def check_engine(load: Load, folder: Path, rows: Sequence[Row]) -> None:
    """Check that an engine keeps the promises of `plait.core.protocol.Predictor`.

    Args:
        load: makes a predictor of an artefact's folder, as `plait.engines.base.load` does.
        folder: an artefact; it is copied, never changed.
        rows: at least two unlike rows, each with every field of the artefact's input schema.

    Raises:
        AssertionError: it does not; the message says which promise is broken.
    """
    predictor = load(folder)
    expected = _answers(predictor, rows)
    _check_answers(predictor, expected)
    _check_input_untouched(predictor, rows)
    _check_alike(expected, [_answers(predictor, [row])[0] for row in rows], "alone")
    _check_alike(expected[::-1], _answers(predictor, rows[::-1]), "in the reverse order")
    _check_alike(expected, _answers(load(folder), rows), "by another load")
    _check_alike([], _answers(predictor, []), "in an empty table")
    _check_threads(predictor, rows, expected)
    _check_missing(predictor, rows)
    _check_reasons(predictor, rows)
    _check_damage(load, folder)


def _columns(schema: Schema, rows: Sequence[Row]) -> dict[str, list[Scalar]]:
    return {name: [row[name] for row in rows] for name in schema.names}


def _answers(predictor: Predictor, rows: Sequence[Row]) -> list[Answer]:
    """Return one mapping per row of what the predictor answers, and check the columns' shape."""
    manifest = predictor.artefact.manifest
    answer = predictor.predict(_columns(manifest.input, rows))
    assert set(answer) == set(manifest.output.names), (
        f"it answers with {sorted(answer)}, and the manifest says {sorted(manifest.output.names)}"
    )
    assert {len(column) for column in answer.values()} == {len(rows)}, (
        f"its columns have not the {len(rows)} values of the input's"
    )
    return [
        {name: _plain(column[at]) for name, column in answer.items()} for at in range(len(rows))
    ]


def _check_answers(predictor: Predictor, answers: Sequence[Answer]) -> None:
    names = _probability_names(predictor)
    for answer in answers:
        for name, value in answer.items():
            text = isinstance(value, str) or (name == "prediction" and _abstains(predictor, answer))
            assert text or math.isfinite(_number(value)), f"{name} is {value!r}"
        if names:
            chances = [_number(answer[name]) for name in names]
            assert all(0 <= chance <= 1 for chance in chances), f"probabilities are {chances}"
            assert math.isclose(sum(chances), 1, rel_tol=_TOLERANCE), f"{chances} are not 1 in all"
            level = _abstains(predictor, answer) or _chosen(answer) in names
            assert level, f"{answer['prediction']!r} is no level"
        if "lower" in answer:
            low, high = _number(answer["lower"]), _number(answer["upper"])
            assert low <= _number(answer["prediction"]) <= high, "it predicts outside its interval"


def _check_input_untouched(predictor: Predictor, rows: Sequence[Row]) -> None:
    schema = predictor.artefact.manifest.input
    columns = _columns(schema, rows)
    predictor.predict(columns, reasons=1)
    before = _columns(schema, rows)
    assert repr(columns) == repr(before), "it changes the columns it is given"


def _check_alike(expected: Sequence[Answer], found: Sequence[Answer], how: str) -> None:
    for answer, other in zip(expected, found, strict=True):
        for name, value in answer.items():
            assert _same(value, other[name]), (
                f"a row answered {how} has {name} = {other[name]!r}, and {value!r} among others"
            )


def _check_threads(predictor: Predictor, rows: Sequence[Row], expected: Sequence[Answer]) -> None:
    def ask(_turn: int) -> list[Answer]:
        alone = [_answers(predictor, [row])[0] for row in rows]
        return [*_answers(predictor, rows), *alone]

    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(ask, range(32)):
            _check_alike([*expected, *expected], found, "beside other threads")


def _check_missing(predictor: Predictor, rows: Sequence[Row]) -> None:
    for field in predictor.artefact.manifest.input.fields:
        if field.nullable:
            without = [{**row, field.name: None} for row in rows]
            expected = _answers(predictor, without)
            _check_answers(predictor, expected)
            if field.kind == "number":
                without = [{**row, field.name: math.nan} for row in rows]
                _check_alike(expected, _answers(predictor, without), "with NaN for None")


def _check_reasons(predictor: Predictor, rows: Sequence[Row]) -> None:
    """Reasons, if it gives any, and a constant add up; one constant for each level predicted."""
    fields = predictor.artefact.manifest.input.names
    columns = _columns(predictor.artefact.manifest.input, rows)
    texts = predictor.artefact.manifest.task == "text"
    answer = predictor.predict(columns, reasons=_MOST_REASONS if texts else len(fields))
    few = predictor.predict(columns, reasons=1)
    bases: dict[str, float] = {}
    for at, row in enumerate(rows):
        reasons = answer["reasons"][at]
        examples = any(reason.kind == "example" for reason in reasons)
        sizes = [-r.contribution if examples else -abs(r.contribution) for r in reasons]
        assert sizes == sorted(sizes), "the largest reason is not first"
        assert few["reasons"][at] == reasons[:1], "one reason is not the first of all"
        if examples or not any(answer["reasons"]):
            continue
        for reason in reasons:
            said, meant = reason.value, _plain(row[reason.feature])
            quoted = str(said) in str(meant) if texts else _same(said, meant)
            assert quoted, f"a reason quotes {said!r}, and the row says {meant!r}"
        one = {name: _plain(answer[name][at]) for name in predictor.artefact.manifest.output.names}
        for key, score in () if one["prediction"] is None else _scores(predictor, one):
            base = score - sum(reason.contribution for reason in reasons)
            gap = abs(base - bases.setdefault(key, base))
            assert gap <= _TOLERANCE * max(1.0, abs(score)), f"reasons miss the score by {gap}"


def _scores(predictor: Predictor, answer: Answer) -> Iterator[tuple[str, float]]:
    """Yield what the reasons explain, and of which level; nothing where it is out of reach."""
    names = _probability_names(predictor)
    if not names:
        yield "", _number(answer["prediction"])
    elif all(_number(answer[name]) > 0 for name in names):
        logs = [math.log(_number(answer[name])) for name in names]
        own = math.log(_number(answer[_chosen(answer)]))
        log_odds = 2 if len(names) == 2 else 1
        yield _chosen(answer), log_odds * (own - sum(logs) / len(logs))


def _abstains(predictor: Predictor, answer: Answer) -> bool:
    """Tell whether it gives no answer where it may give none."""
    may = predictor.artefact.manifest.output["prediction"].nullable
    return may and answer["prediction"] is None


def _check_damage(load: Load, folder: Path) -> None:
    names = [MANIFEST, *load(folder).artefact.manifest.files]
    with tempfile.TemporaryDirectory() as scratch:
        for number, name in enumerate(names):
            damaged = shutil.copytree(folder, Path(scratch, str(number)))
            path = damaged / name
            path.write_bytes(path.read_bytes()[:-2])
            code = _load_error(load, damaged)
            assert code == "artefact_damaged", f"{name} is cut short, and load says {code}"
            path.unlink()
            code = _load_error(load, damaged)
            assert code == "artefact_damaged", f"{name} is missing, and load says {code}"


def _load_error(load: Load, folder: Path) -> str:
    try:
        load(folder)
    except EngineError as error:
        return error.code
    return "nothing"


def _probability_names(predictor: Predictor) -> list[str]:
    names = predictor.artefact.manifest.output.names
    return [name for name in names if name.startswith("probability_")]


def _chosen(answer: Answer) -> str:
    level = answer["prediction"]
    return f"probability_{level_text(level)}" if level is not None else ""


def _plain(value: Scalar | np.generic) -> Scalar:
    """Return a scalar of an array as Python's own, and NaN as None."""
    plain: Scalar = value.item() if isinstance(value, np.generic) else value
    return plain if plain == plain else None


def _number(value: Scalar) -> float:
    assert value is not None, "a number is missing"
    assert not isinstance(value, str), f"{value!r} is no number"
    return float(value)


def _same(one: Scalar, other: Scalar) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return one == other
