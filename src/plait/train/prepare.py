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
from plait.evaluate.repeat import alike, copies
from plait.evaluate.split import FOLDS
from plait.store.frame import RawColumn
from plait.train.aside import check_aside, check_judged, groups_of, read_aside, set_aside, timed
from plait.train.calibrate import check_by
from plait.train.feature import Feature, check_column, read_feature
from plait.train.inputs import Inputs, read_inputs
from plait.train.quantile import check_quantile
from plait.train.target import Level, Target, Truth, read_target
from plait.train.version import dataset_id

NOTABLE = 0.01
"""From this share of copies among the rows on, they are kept together in one fold."""


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
        same: (n,) equal numbers where the features are; None where nobody looked.
        copied: (n,) whether a row is one of several copies.
        require: what the contract asks of an answer.
        number: (n,) which row of the data each is, the first being 1; None where it has no labels.
        inputs: what the candidates are given beside each other; None where all have the columns.
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
    same: NDArray[np.int64] | None = None
    copied: NDArray[np.bool_] | None = None
    require: Requirements = field(default_factory=Requirements)
    number: NDArray[np.int64] | None = None
    inputs: Inputs | None = None

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
            interval=self.require.coverage,
            interval_by=self.require.interval_by,
            reasons=self.require.reasons,
        )

    def rows(self, most: int) -> list[Row]:
        """Return at most so many rows, evenly spread, as a caller would send them."""
        spread = np.unique(np.linspace(0, len(self) - 1, min(most, len(self))).astype(np.int64))
        lists = [_as_sent(self.input[name], values) for name, values in self.take(spread).items()]
        return [dict(zip(self.columns, row, strict=True)) for row in zip(*lists, strict=True)]


def prepare(columns: Sequence[RawColumn], contract: Contract, *, seed: int = 0) -> Prepared:
    """Read the target and the features, look for sentinels, leaks and copies of rows.

    Args:
        columns: every column of the data, of equal length.
        contract: names the target, the features and what to leave out.
        seed: of the folds in which leaks are looked for.

    Raises:
        InvalidData: `data_target_missing`, `data_target_kind`, `data_target_constant`,
            `data_too_small`, `data_no_features`, or `data_column_missing` when the contract names a
            column that is absent; `data_format` when a time cannot be read.
        InvalidSettings: `settings_wrong_value` when the target is also a feature or excluded, or
            `positive` is none of its levels, a monotone feature is none, or a quantile, fairness
            or calibration is asked for that such a target has not.
    """
    _check_names(contract, [column.name for column in columns])
    check_aside(columns, contract)
    present, untimed = with_time(columns, contract)
    named = {column.name: column for column in present}
    quantile = contract.objective.quantile
    target = read_target(named[contract.target], contract.positive, asked=quantile is not None)
    check_quantile(contract, target.problem)
    check_judged(contract, target.problem)
    kept = [RawColumn(each.name, each.kind, each.values[target.rows]) for each in present]
    read = _read_features(kept, contract, contract.target)
    fair = contract.fairness.groups if contract.fairness else ()
    never = {contract.target, *fair, *contract.exclude}
    inputs, every, told = read_inputs(kept, contract, read.features, never)
    aside = read_aside(kept, contract)
    values = {each.field.name: each.values for each in every}
    same = alike(values)
    copied = copies(values, same)
    check_by(contract.require.interval_by, _ordered(read.features, None), target.problem)
    monotone_signs(contract.require.monotone, _ordered(read.features, inputs), target.problem)
    return Prepared(
        input=Schema(tuple(each.field for each in every)),
        columns=values,
        target=target.values,
        classes=target.classes,
        problem=target.problem,
        dataset=dataset_id(columns),
        leaks=tuple(_leaks(kept, contract.target, target, seed)),
        notes=(
            *untimed,
            *_notes_on_rows(contract.target, len(named[contract.target].values), kept),
            *read.notes,
            *told,
        ),
        aside=aside,
        groups=groups_of(aside[contract.group])
        if contract.group
        else _together(contract, same, copied, target),
        same=same,
        copied=copied,
        require=contract.require,
        number=numbered(columns, contract)[target.rows],
        inputs=inputs,
    )


def _together(
    contract: Contract, same: NDArray[np.int64], copied: NDArray[np.bool_], target: Target
) -> NDArray[np.int64] | None:
    """Return groups that keep copies together, where they are many; None where they are not.

    Whatever stands in order of time may repeat itself: there an earlier copy is no secret.
    """
    if contract.time or copied.mean() < NOTABLE:
        return None
    classes = target.values.astype(np.int64) if target.classes else np.zeros(len(same), np.int64)
    apart = np.unique(np.column_stack([classes, same]), axis=0)[:, 0]
    return same if np.bincount(apart).min() >= FOLDS else None


def _ordered(features: Sequence[Feature], inputs: Inputs | None) -> Schema:
    """Return every feature that a candidate may be given."""
    derived = inputs.engineered if inputs else ()
    return Schema((*(each.field for each in features), *(each.field for each in derived)))


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


def numbered(columns: Sequence[RawColumn], contract: Contract) -> NDArray[np.int64]:
    """Return the numbers, from 1 on, of the rows that `with_time` keeps."""
    time = next((each for each in columns if each.name == contract.time), None)
    rows = np.arange(1, len(columns[0].values) + 1)
    return rows if time is None else rows[timed(time)]


def _check_names(contract: Contract, names: list[str]) -> None:
    """Look for the columns that the contract names."""
    check_column(contract.target, "the target", names, "data_target_missing")
    for part, listed in (("features", contract.named), ("exclude", contract.exclude)):
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
    found = _read_features(columns, contract, target)
    values = {each.field.name: each.values for each in found.features}
    return Schema(tuple(each.field for each in found.features)), values, found.notes


@dataclass(frozen=True, slots=True)
class _Features:
    """The columns that candidates learn from, and a sentence on what was found in one."""

    features: list[Feature]
    notes: list[str]


def _read_features(columns: Sequence[RawColumn], contract: Contract, target: str) -> _Features:
    features, left_out = [], []
    read = (name for name, note in contract.features.items() if note.embed)
    never = {target, *contract.exclude, *set_aside(contract), *read}
    for column in columns:
        chosen = column.name in contract.chosen or column.name in contract.queries
        wanted = not contract.chosen or chosen
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
            "no usable feature is left" + (f": {left_out[0]}".rstrip(".") if left_out else ""),
            hint="give more columns, or exclude fewer",
        )
    remarks = [f"{each.field.name}: {each.remark}." for each in features if each.remark]
    return _Features(features, [*remarks, *left_out])


def _leaks(
    columns: Sequence[RawColumn], name: str, target: Target, seed: int
) -> list[LeakageFinding]:
    """Look for leaks among all columns, for an excluded one may explain a suspicious one."""
    raw = {each.name: each.values for each in columns if each.kind != "time" and each.name != name}
    names = [level_text(level) for level in target.classes]
    return leakage_report(raw, target.values, class_names=names, seed=seed)


def _notes_on_rows(name: str, rows: int, kept: Sequence[RawColumn]) -> list[str]:
    """Return a sentence on rows without a target."""
    left = len(kept[0].values)
    notes = []
    if left < rows:
        notes.append(f"{rows - left:,} of {rows:,} rows have no {name} and are left out.")
    return notes


def _as_sent(field: Field, values: NDArray[np.generic]) -> list[Scalar]:
    """Return a column as a caller would write it: null for missing, no fraction where none is."""
    plain = [None if value != value else value for value in values.tolist()]
    return [int(value) if field.integer and value is not None else value for value in plain]
