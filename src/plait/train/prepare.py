"""Raw columns and a contract into what the candidates learn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plait.core.columns import Row, Scalar
from plait.core.contract import Contract, Problem, Requirements
from plait.core.errors import InvalidData, InvalidSettings
from plait.core.protocol import Sample
from plait.core.schema import Field, Schema
from plait.engines.answer import level_text
from plait.evaluate.leakage import LeakageFinding, leakage_report
from plait.evaluate.monotone import monotone_signs
from plait.store.frame import RawColumn
from plait.train.aside import check_aside, groups_of, read_aside, set_aside, timed
from plait.train.feature import Feature, check_column, missing, read_feature
from plait.train.target import Level, Target, Truth, read_target
from plait.train.version import dataset_id

_PRIME = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Prepared:
    """Rows ready to learn from: those that have a target.

    Attributes:
        input: the features.
        columns: feature -> (n,) values; floats with NaN for numbers, else objects with None.
        target: (n,) class indexes as integers, or numbers as floats.
        classes: levels of the target, the positive one of two second; empty for a regression.
        problem: what is predicted.
        dataset: id of the dataset version, all of its rows and columns.
        leaks: columns that may know the target, features or not, the surest first.
        notes: one sentence each on what a reader must know of the data.
        outside: like `columns`, of rows that are out of the scope of a text contract; or empty.
        aside: column -> (n,) values of those that the contract names and no candidate learns from:
            its time as floats, its group and the group of its fairness as texts, "" for missing.
        groups: (n,) the group of each row as a number; None when rows stand for themselves.
        require: what the contract asks of an answer.
    """

    input: Schema
    columns: Mapping[str, NDArray[np.generic]]
    target: Truth
    classes: tuple[Level, ...]
    problem: Problem
    dataset: str
    leaks: tuple[LeakageFinding, ...]
    notes: tuple[str, ...]
    outside: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    aside: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    groups: NDArray[np.int64] | None = None
    require: Requirements = field(default_factory=Requirements)

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: NDArray[np.int64]) -> dict[str, NDArray[np.generic]]:
        """Return the features of some rows."""
        return {name: values[rows] for name, values in self.columns.items()}

    def sample(self, rows: NDArray[np.int64], *, seed: int) -> Sample:
        """Return some rows to fit on."""
        return Sample(
            input=self.input,
            columns=self.take(rows),
            target=self.target[rows].tolist(),
            classes=self.classes,
            problem=self.problem,
            seed=seed,
            groups=[] if self.groups is None else self.groups[rows].tolist(),
            monotone=self.require.monotone,
            interval=self.require.interval,
            reasons=self.require.reasons,
        )

    def rows(self, most: int) -> list[Row]:
        """Return at most so many rows, evenly spread, as a caller would send them."""
        spread = np.unique(np.linspace(0, len(self) - 1, min(most, len(self))).astype(np.int64))
        lists = [_as_sent(self.input[name], values) for name, values in self.take(spread).items()]
        return [dict(zip(self.columns, row, strict=True)) for row in zip(*lists, strict=True)]


def prepare(columns: Sequence[RawColumn], contract: Contract, *, seed: int = 0) -> Prepared:
    """Read the target and the features, look for sentinels, leaks and repeated rows.

    Args:
        columns: every column of the data, of equal length.
        contract: names the target, the features and what to leave out.
        seed: of the folds in which leaks are looked for.

    Raises:
        InvalidData: `data_target_missing`, `data_target_kind`, `data_target_constant`,
            `data_too_small`, `data_no_features`, or `data_column_missing` when the contract names a
            column that is absent; `data_format` when a time cannot be read.
        InvalidSettings: `settings_wrong_value` when the target is also a feature or excluded, or
            `positive` is none of its levels, or a monotone feature is none.
    """
    _check_names(contract, [column.name for column in columns])
    check_aside(columns, contract)
    present, untimed = with_time(columns, contract)
    named = {column.name: column for column in present}
    target = read_target(named[contract.target], contract.positive)
    kept = [RawColumn(each.name, each.kind, each.values[target.rows]) for each in present]
    schema, features, told = read_features(kept, contract, contract.target)
    aside = read_aside(kept, contract)
    monotone_signs(contract.require.monotone, schema, target.problem)
    return Prepared(
        input=schema,
        columns=features,
        target=target.values,
        classes=target.classes,
        problem=target.problem,
        dataset=dataset_id(columns),
        leaks=tuple(_leaks(kept, contract.target, target, seed)),
        notes=(
            *untimed,
            *_notes_on_rows(contract.target, len(named[contract.target].values), kept),
            *told,
        ),
        aside=aside,
        groups=groups_of(aside[contract.group]) if contract.group else None,
        require=contract.require,
    )


def with_time(
    columns: Sequence[RawColumn], contract: Contract
) -> tuple[Sequence[RawColumn], list[str]]:
    """Return the rows that have the time they are ordered by, and a sentence on the others."""
    if not contract.time:
        return columns, []
    there = timed(next(each for each in columns if each.name == contract.time))
    if there.all():
        return columns, []
    kept = [RawColumn(each.name, each.kind, each.values[there]) for each in columns]
    gone = f"{int((~there).sum()):,} of {len(there):,} rows"
    return kept, [f"{gone} have no {contract.time} and are left out."]


def _check_names(contract: Contract, names: list[str]) -> None:
    """Look for the columns that the contract names."""
    check_column(contract.target, "the target", names, "data_target_missing")
    for part, listed in (("features", contract.features), ("exclude", contract.exclude)):
        for name in listed:
            check_column(name, f"{name!r} in {part}", names)
            if name == contract.target:
                raise InvalidSettings(
                    "settings_wrong_value",
                    f"{name!r} is the target and stands in {part}",
                    where=part,
                    hint=f"remove it from {part}",
                )


def read_features(
    columns: Sequence[RawColumn], contract: Contract, target: str
) -> tuple[Schema, dict[str, NDArray[np.generic]], list[str]]:
    """Read every column that the contract lets candidates learn from.

    Args:
        columns: the rows to learn from.
        contract: names the features, or what to leave out.
        target: the column of what is to be predicted, or told.

    Returns:
        The features in the order of the data, their values, and a sentence on what was found in
        one, or why a column was left out.

    Raises:
        InvalidData: `data_no_features`.
    """
    features, left_out = [], []
    never = {target, *contract.exclude, *set_aside(contract)}
    for column in columns:
        wanted = not contract.features or column.name in contract.features
        if not wanted or column.name in never:
            continue
        found = read_feature(column, contract.features.get(column.name))
        if isinstance(found, Feature):
            features.append(found)
        else:
            left_out.append(f"{column.name} is left out: {found}.")
    if not features:
        raise InvalidData(
            "data_no_features",
            "no usable feature is left" + (f": {left_out[0]}" if left_out else ""),
            hint="give more columns, or exclude fewer",
        )
    remarks = [f"{each.field.name}: {each.remark}." for each in features if each.remark]
    values = {each.field.name: each.values for each in features}
    return Schema(tuple(each.field for each in features)), values, [*remarks, *left_out]


def _leaks(
    columns: Sequence[RawColumn], name: str, target: Target, seed: int
) -> list[LeakageFinding]:
    """Look for leaks among all columns, for an excluded one may explain a suspicious one."""
    raw = {each.name: each.values for each in columns if each.kind != "time" and each.name != name}
    names = [level_text(level) for level in target.classes]
    return leakage_report(raw, target.values, class_names=names, seed=seed)


def _notes_on_rows(name: str, rows: int, kept: Sequence[RawColumn]) -> list[str]:
    """Return a sentence on rows without a target, and one on rows that repeat another."""
    left = len(kept[0].values)
    notes = []
    if left < rows:
        notes.append(f"{rows - left:,} of {rows:,} rows have no {name} and are left out.")
    if repeated := left - len(np.unique(_row_keys(kept))):
        share = f"{repeated:,} of {left:,}"
        notes.append(f"Rows that repeat another exactly: {share}. They may flatter every score.")
    return notes


def _row_keys(columns: Sequence[RawColumn]) -> NDArray[np.uint64]:
    """Return a key per row; equal rows have equal keys, unlike ones almost surely do not."""
    keys = np.zeros(len(columns[0].values), dtype=np.uint64)
    for column in columns:
        absent = missing(column)
        codes = np.zeros(len(keys), dtype=np.uint64)
        present = column.values[~absent]
        codes[~absent] = np.unique(present, return_inverse=True)[1].astype(np.uint64) + np.uint64(1)
        keys = (keys ^ (keys >> np.uint64(29)) ^ codes) * _PRIME
    return keys


def _as_sent(field: Field, values: NDArray[np.generic]) -> list[Scalar]:
    """Return a column as a caller would write it: null for missing, no fraction where none is."""
    plain = [None if value != value else value for value in values.tolist()]
    return [int(value) if field.integer and value is not None else value for value in plain]
