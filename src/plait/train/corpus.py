"""Raw columns and a text contract into texts with their levels."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plait.core.contract import Contract
from plait.core.errors import InvalidData, InvalidSettings, suggestion
from plait.core.schema import Field, Schema
from plait.engines.answer import Level, level_text
from plait.store.frame import RawColumn
from plait.train.aside import check_aside, check_judged, groups_of, read_aside, set_aside, timed
from plait.train.calibrate import check_by
from plait.train.feature import check_column, missing
from plait.train.prepare import Prepared
from plait.train.target import read_target
from plait.train.version import dataset_id

FEW = 20
"""Candidates are compared when half of the levels, or more, have this many texts."""

_WORD = re.compile(r"[^\W\d_]+|\d+")


def prepare_text(columns: Sequence[RawColumn], contract: Contract) -> Prepared:
    """Read the texts, their levels and the texts that are out of scope.

    Args:
        columns: every column of the data, of equal length.
        contract: names the target, and perhaps the text and the out-of-scope level.

    Raises:
        InvalidData: `data_target_missing`, `data_target_kind`, `data_target_constant`,
            `data_too_small`, `data_column_missing`, `data_no_features` when no column holds text,
            `data_format` when the column that is named holds something else.
        InvalidSettings: `settings_wrong_value` when the text is the target, or a level that the
            contract names is none.
    """
    named = {column.name: column for column in columns}
    check_column(contract.target, "the target", named, "data_target_missing")
    column = _text_column(columns, contract)
    texts, blank = _texts(column)
    target = named[contract.target]
    check_aside(columns, contract)
    there = ~(blank | missing(target))
    if contract.time:
        there &= timed(named[contract.time])
    outside = _outside(target, contract) & there
    kept = RawColumn(target.name, target.kind, target.values[there & ~outside])
    levels = read_target(kept, contract.positive, minimum=2, quantities=False)
    schema = Schema((Field(name=column.name, kind="text"),))
    check_by(contract.require.interval_by, schema, levels.problem)
    check_judged(contract, levels.problem)
    learnt = texts[there & ~outside]
    inside = [RawColumn(each.name, each.kind, each.values[there & ~outside]) for each in columns]
    aside = read_aside(inside, contract)
    notes = []
    if left := int((~there).sum()):
        rows = f"{left:,} of {len(there):,} rows"
        timeless = f" or no {contract.time}" if contract.time else ""
        lack = f"no {column.name} or no {target.name}{timeless}"
        notes.append(f"{rows} have {lack} and are left out.")
    if count := int(outside.sum()):
        notes.append(f"{count:,} rows are out of scope: they only tell how many are recognised.")
    return Prepared(
        input=schema,
        columns={column.name: learnt},
        target=levels.values,
        classes=levels.classes,
        problem=levels.problem,
        dataset=dataset_id(columns),
        leaks=(),
        notes=(*notes, *_repeated(learnt, levels.values, levels.classes)),
        outside={column.name: texts[outside]} if outside.any() else {},
        aside=aside,
        groups=groups_of(aside[contract.group]) if contract.group else None,
        require=contract.require,
        number=np.flatnonzero(there & ~outside) + 1,
    )


def lacking(prepared: Prepared) -> int:
    """Return how many more texts it would take to compare candidates; 0 when there are enough.

    Half of the levels must have 20 texts: with fewer, a fold holds so few of a level that what one
    candidate is better at cannot be told from luck.
    """
    counts = np.bincount(prepared.target.astype(np.int64), minlength=len(prepared.classes))
    if np.median(counts) >= FEW:
        return 0
    return int(np.maximum(FEW - counts, 0).sum())


def _text_column(columns: Sequence[RawColumn], contract: Contract) -> RawColumn:
    """Return the column that the contract names, or else the one with the longest texts."""
    if contract.text == contract.target:
        raise InvalidSettings(
            "settings_wrong_value",
            f"{contract.text!r} is the target, and cannot be the text",
            where="text",
        )
    if contract.text:
        found = next((each for each in columns if each.name == contract.text), None)
        if found is None:
            raise InvalidData(
                "data_column_missing",
                f"there is no column {contract.text!r} to read",
                where=contract.text,
                hint=suggestion(contract.text, [each.name for each in columns]),
            )
        if found.kind != "string":
            raise InvalidData(
                "data_format",
                f"{contract.text!r} holds no text, every value is a {found.kind}",
                where=contract.text,
                hint="name the column of the texts",
            )
        return found
    others = [
        each
        for each in columns
        if each.kind == "string"
        and each.name != contract.target
        and each.name not in contract.exclude
        and each.name not in set_aside(contract)
    ]
    if not others:
        raise InvalidData(
            "data_no_features",
            f"there is no column of text beside {contract.target!r}",
            hint="name one with `text: COLUMN`, or use `task: tabular`",
        )
    return max(others, key=_length)


def _length(column: RawColumn) -> float:
    return sum(len(text) for text in column.values.tolist() if text is not None)


def _texts(column: RawColumn) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return the texts, and flags of those that are missing or blank."""
    blank = np.array([not (text or "").strip() for text in column.values.tolist()], dtype=np.bool_)
    return np.asarray(column.values, dtype=object), blank


def _outside(target: RawColumn, contract: Contract) -> NDArray[np.bool_]:
    """Return flags of the rows that are out of scope."""
    scope = contract.out_of_scope
    if scope is None or not scope.level:
        return np.zeros(len(target.values), dtype=np.bool_)
    texts = [None if v is None or v != v else level_text(v) for v in target.values.tolist()]
    flags = np.array([text == scope.level for text in texts], dtype=np.bool_)
    if not flags.any():
        known = sorted({text for text in texts if text is not None})
        raise InvalidSettings(
            "settings_wrong_value",
            f"{scope.level!r} is no level of {target.name}",
            where="out_of_scope.level",
            hint=suggestion(scope.level, known),
        )
    return flags


def _repeated(
    texts: NDArray[np.object_], target: NDArray[np.generic], classes: Sequence[Level]
) -> list[str]:
    """Say how many texts repeat another but for case, punctuation and spaces."""
    first: dict[str, int] = {}
    again, otherwise = 0, ""
    for at, text in enumerate(texts.tolist()):
        key = " ".join(_WORD.findall(text.casefold())) or text
        before = first.setdefault(key, at)
        if before != at:
            again += 1
            if not otherwise and target[before] != target[at]:
                one, other = (level_text(classes[int(target[row])]) for row in (before, at))
                otherwise = f", some with another level ({one} and {other})"
    if not again:
        return []
    return [
        f"Texts that repeat another but for case, punctuation and spaces: {again:,} of "
        f"{len(texts):,}{otherwise}. They may flatter every score."
    ]
