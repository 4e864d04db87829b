"""A contract without a target: which detector of strange rows answers, and how they are compared.

Without labels nothing says which rows are truly anomalies. Candidates are compared by how little
room they must call usual to enclose rows that they did not see, through the artefacts they export.
Where the contract names a column of labels they are compared by that, and none learns from it.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from plait.core.columns import Columns
from plait.core.contract import Contract
from plait.core.errors import InvalidData, InvalidSettings, UnknownName
from plait.core.figure import number
from plait.core.protocol import Runnable, Sample
from plait.core.schema import Field, Schema
from plait.core.table import Table
from plait.evaluate.anomaly import ANOMALY_METRICS, LABELLED_METRICS, alarm_share
from plait.evaluate.metric import Metric, score
from plait.evaluate.split import (
    MINIMUM_ROWS,
    Split,
    Splits,
    grouped,
    ordered_by,
    repeated_stratified,
)
from plait.evaluate.threshold import Costs
from plait.store.frame import RawColumn, objects
from plait.train.aside import check_aside, groups_of, read_aside
from plait.train.base import Detect, detectors
from plait.train.feature import check_column
from plait.train.plan import Fold, Make, Plan
from plait.train.prepare import Prepared, read_features, with_time
from plait.train.target import read_target
from plait.train.version import dataset_id

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

FOLDS = 5
MANY_ROWS = 10_000
"""To so many rows the folds are dealt twice."""

TOGETHER = 5
"""Room is measured in so many fields at a time: of more, nearly all of it is empty (Goix 2016)."""

DRAWS = 4
"""So many sets of fields, drawn at random, are looked at in each split."""

REFERENCE = 2_000
"""Rows drawn evenly from the room, and at most so many of those held out."""

LIBRARIES = ("numpy", "scipy", "scikit-learn", "plait")

COMPARED = (
    "There is no target: what is compared is how little of the room that the rows span a "
    "candidate must call usual to enclose 90 to 99.9 % of rows it did not see "
    f"({TOGETHER} fields at a time). "
    "That speaks of usual rows, and not of whether an alarm is right."
)
COMPARED_BY_LABELS = (
    "Candidates learn from no labels; they are compared by how well their scores order the rows "
    "that are labelled."
)


def prepare_anomaly(columns: Sequence[RawColumn], contract: Contract) -> Prepared:
    """Read the features of a contract without a target.

    Args:
        columns: every column of the data, of equal length.
        contract: names the features and what to leave out, a column of labels if there is one.

    Returns:
        Rows whose target is 0 everywhere; the labels stand in `aside`: 1 for an anomaly, NaN where
        there is none.

    Raises:
        InvalidData: `data_no_features`, `data_too_small`, `data_column_missing`, `data_format` when
            a time cannot be read; as `read_target` of the labels, of which there must be two.
        InvalidSettings: `settings_wrong_value` when the share of anomalies is none, or the labels
            are also a feature or excluded.
    """
    check_share(contract)
    _check_names(contract, [column.name for column in columns])
    check_aside(columns, contract)
    kept, untimed = with_time(columns, contract)
    rows = len(kept[0].values) if kept else 0
    if rows < MINIMUM_ROWS:
        raise InvalidData(
            "data_too_small",
            f"{rows} rows are too few to say what is usual",
            hint=f"give at least {MINIMUM_ROWS}",
        )
    schema, features, told = read_features(kept, contract, contract.anomaly.label)
    aside = read_aside(kept, contract)
    if contract.anomaly.label:
        aside[contract.anomaly.label] = _labels(kept, contract)
    return Prepared(
        input=schema,
        columns=features,
        target=np.zeros(rows),
        classes=(),
        problem="regression",
        dataset=dataset_id(columns),
        leaks=(),
        notes=(_said(contract.anomaly.share, rows), *untimed, *told),
        aside=aside,
        groups=groups_of(aside[contract.group]) if contract.group else None,
    )


def plan_anomaly(prepared: Prepared, contract: Contract, *, seed: int = 0) -> Plan:
    """Return the race that a contract without a target asks for.

    Args:
        prepared: the rows, by `prepare_anomaly`.
        contract: what must be delivered.
        seed: of everything random.

    Raises:
        UnknownName: `unknown_metric`, or `unknown_component` for a candidate.
        InvalidData: `data_too_small`, too few rows, groups or anomalies to split.
    """
    names = contract.candidates or tuple(detectors.names())
    label = contract.anomaly.label
    labels = prepared.aside[label].astype(np.float64) if label else None
    return Plan(
        prepared=prepared,
        recipes=recipes_of(detectors, names, contract),
        metric=metric_of(contract),
        splits=_splits(prepared, contract, labels, seed),
        costs=Costs(),
        seed=seed,
        libraries=(*LIBRARIES, *detectors.packages(names)),
        judge=partial(_judge, labels=labels),
        compared=COMPARED_BY_LABELS if label else COMPARED,
    )


def check_share(contract: Contract) -> None:
    """Refuse a share of anomalies that is none.

    Raises:
        InvalidSettings: `settings_wrong_value`.
    """
    share = contract.anomaly.share
    if not 0 < share < 0.5:
        raise InvalidSettings(
            "settings_wrong_value",
            f"a share of anomalies of {share:g} is none",
            where="anomaly.share",
            hint="give a number above 0 and below 0.5, such as 0.01",
        )


def recipes_of(
    table: Table[Detect], names: Sequence[str], contract: Contract
) -> Mapping[str, Make]:
    """Return what makes these candidates, each with the share that the contract asks for."""
    return {name: partial(table.load(name), share=contract.anomaly.share) for name in names}


def metric_of(contract: Contract) -> Metric:
    """Return the metric that a contract names, or the usual one: with labels, or without.

    Raises:
        UnknownName: `unknown_metric`.
    """
    known = LABELLED_METRICS if contract.anomaly.label else ANOMALY_METRICS
    name = contract.metric or next(iter(known))
    if name not in known:
        raise UnknownName.of("unknown_metric", "anomaly metric", name, list(known), "metric")
    return known[name]


def labelled_score(metric: Metric, labels: Floats, scores: Floats) -> float:
    """Return the metric of scores by labels, in the rows that have one."""
    there = ~np.isnan(labels)
    both = np.column_stack([1 - scores[there], scores[there]])
    return score(metric, labels[there].astype(np.int64), both)


def _check_names(contract: Contract, names: Sequence[str]) -> None:
    label = contract.anomaly.label
    parts = {"features": contract.features, "exclude": contract.exclude, "anomaly.label": [label]}
    for part, listed in parts.items():
        for name in filter(None, listed):
            check_column(name, f"{name!r} in {part}", names)
    if label and label in {*contract.features, *contract.exclude}:
        raise InvalidSettings(
            "settings_wrong_value",
            f"{label!r} says which rows are anomalies and is a feature or excluded",
            where="anomaly.label",
            hint="name it once",
        )


def _labels(columns: Sequence[RawColumn], contract: Contract) -> Floats:
    name = contract.anomaly.label
    column = next(each for each in columns if each.name == name)
    found = read_target(column, contract.positive, quantities=False)
    if len(found.classes) != 2:
        raise InvalidData(
            "data_target_kind",
            f"it has {len(found.classes)} levels, and a row is an anomaly or it is not",
            where=name,
            hint="name a column of two levels",
        )
    labels = np.full(len(column.values), np.nan)
    labels[found.rows] = found.values
    return labels


def _said(share: float, rows: int) -> str:
    extent = alarm_share(rows, share)
    low, high = number(100 * extent.low), number(100 * extent.high)
    return (
        f"An alarm is raised for {number(100 * share)} % of rows like these, anomalies among them "
        f"(95 % interval {low} to {high} %, from {rows:,} rows each judged by a model that did not "
        "see it)."
    )


def _splits(prepared: Prepared, contract: Contract, labels: Floats | None, seed: int) -> Splits:
    if contract.time:
        return ordered_by(
            prepared.aside[contract.time].astype(np.float64),
            folds=FOLDS,
            least=MINIMUM_ROWS // 2,
            groups=prepared.groups,
        )
    repeats = 2 if len(prepared) <= MANY_ROWS else 1
    kinds = None if labels is None else np.nan_to_num(labels, nan=2.0).astype(np.int64)
    if prepared.groups is not None:
        folds = min(FOLDS, len(np.unique(prepared.groups)))
        if folds < 2:
            raise InvalidData(
                "data_too_small",
                "all rows are of one group, so none can be tested without having been learnt from",
                hint="name a finer group, or none",
            )
        return grouped(prepared.groups, folds=folds, repeats=repeats, seed=seed, classes=kinds)
    if kinds is None:
        kinds = np.zeros(len(prepared), dtype=np.int64)
    rarest = len(prepared) if labels is None else int((labels == 1).sum())
    return repeated_stratified(kinds, folds=min(FOLDS, rarest), repeats=repeats, seed=seed)


def _judge(plan: Plan, make: Make, split: Split, *, labels: Floats | None) -> Fold:
    """Fit on the rows to train on, and score the exported artefact on the rows to test on."""
    started = time.perf_counter()
    sample = plan.prepared.sample(split.train, seed=plan.seed)
    random = np.random.Generator(np.random.PCG64([plan.seed, int(split.test.sum())]))
    if labels is not None:
        strangeness = _scores(make, sample, plan.prepared.take(split.test))[0]
        value = labelled_score(plan.metric, labels[split.test], strangeness)
        return Fold(value, [], time.perf_counter() - started)
    tested = random.permutation(split.test)[:REFERENCE]
    found = []
    for fields in _sets(sample.input.fields, plan.seed):
        part = _part(sample, fields)
        names = [field.name for field in fields]
        held = {name: plan.prepared.columns[name][tested] for name in names}
        reference = _reference(part, random)
        strangeness = np.concatenate(_scores(make, part, held, reference))
        usual = np.repeat([1, 0], [len(tested), REFERENCE])
        found.append(plan.metric.function(usual, strangeness, np.ones(len(usual))))
    return Fold(float(np.mean(found)), [], time.perf_counter() - started)


def _scores(make: Make, sample: Sample, *tables: Columns) -> list[Floats]:
    """Fit on the sample, and return the artefact's scores of the rows of each table."""
    with TemporaryDirectory(prefix="plait-fold-") as folder, threadpool_limits(limits=1):
        runnable: Runnable = make(Path(folder), held_out=False).fit(sample)
        return [np.asarray(runnable.predict(table)["score"], dtype=np.float64) for table in tables]


def _sets(fields: Sequence[Field], seed: int) -> list[tuple[Field, ...]]:
    """Return the sets of fields in which room is measured: the same in every split."""
    if len(fields) <= TOGETHER:
        return [tuple(fields)]
    random = np.random.Generator(np.random.PCG64(seed))
    drawn = [np.sort(random.choice(len(fields), TOGETHER, replace=False)) for _ in range(DRAWS)]
    return [tuple(fields[at] for at in each.tolist()) for each in drawn]


def _part(sample: Sample, fields: tuple[Field, ...]) -> Sample:
    columns = {field.name: sample.columns[field.name] for field in fields}
    return replace(sample, input=Schema(fields), columns=columns)


def _reference(sample: Sample, random: np.random.Generator) -> dict[str, NDArray[np.generic]]:
    """Return rows drawn evenly from the room that the sample spans.

    A number comes from between its 0.1 % and 99.9 % quantiles and a tenth of that beyond: a lone
    value far out must not stretch the room. Each level of a category is as likely as another.
    """
    return {
        field.name: _drawn(field, np.asarray(sample.columns[field.name]), random)
        for field in sample.input.fields
    }


def _drawn(
    field: Field, values: NDArray[np.generic], random: np.random.Generator
) -> NDArray[np.generic]:
    if field.kind == "boolean":
        return objects(bool(each) for each in random.integers(0, 2, REFERENCE))
    if field.kind != "number":
        levels = field.levels or ("",)
        return objects(levels[at] for at in random.integers(0, len(levels), REFERENCE))
    numbers = values.astype(np.float64)
    present = numbers[~(np.isnan(numbers) | np.isin(numbers, field.sentinels))]
    low, high = np.quantile(present, [0.001, 0.999]) if len(present) else (0.0, 1.0)
    beyond = 0.1 * (high - low)
    return random.uniform(low - beyond, high + beyond, REFERENCE)
