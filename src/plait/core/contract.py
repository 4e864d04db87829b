"""What one named task instance must deliver."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from plait.core.ids import Json
from plait.core.privacy import Privacy

TaskName: TypeAlias = Literal[
    "tabular", "text", "series", "chat", "search", "code", "speech", "image"
]
Paradigm: TypeAlias = Literal["rule", "linear", "tree", "neighbour", "deep", "llm", "incumbent"]
Problem: TypeAlias = Literal["binary", "multiclass", "regression"]
Direction: TypeAlias = Literal["increasing", "decreasing"]
Gap: TypeAlias = Literal["demographic_parity", "equal_opportunity", "equalized_odds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSource:
    """Data that a query answers with.

    Attributes:
        sql: path of a file that holds one SELECT.
        url_env: environment variable that holds the database's URL.
    """

    sql: str
    url_env: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a wrong answer costs, in any one unit; the unit of the expected cost reported."""

    false_positive: float = 1.0
    false_negative: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What the contract is after.

    Attributes:
        cost: what errors cost; None leaves them equal.
        quantile: the answer is this quantile of a number, such as 0.9 of a delivery time; None
            answers with its mean.
    """

    cost: Cost | None = None
    quantile: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractLimits:
    """What a candidate must stay within, measured on the exported artefact in a fresh process.

    Attributes:
        latency_ms: 95th percentile of one row, in process.
        size_mb: files of the artefact.
        memory_mb: resident memory added by loading and running it.
        cost_usd: of a million answers: the processor's time, at `core_hour_usd`.
        core_hour_usd: price of one hour of one core.
    """

    latency_ms: float | None = None
    size_mb: float | None = None
    memory_mb: float | None = None
    cost_usd: float | None = None
    core_hour_usd: float = 0.05

    def cost_of(self, processor_ms: float) -> float:
        """Return what a million answers cost of which one takes so long."""
        hours = 1_000_000 * processor_ms / 3_600_000
        return hours * self.core_hour_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureNote:
    """What people call a feature.

    Attributes:
        label: a name in words.
        unit: `percent`, `usd`, `years`, ...
        also: what else people call it, such as `borrow` for a loan amount.
        expr: what it is computed by, of a feature that is no column of the data; see
            `plait.core.expression`.
        sql: what it is looked up by, of a feature that tables tell as of a row's time: one SELECT
            over the contract's `tables` and `row.COLUMN`.
        embed: whether candidates may learn from the text of this column.
    """

    label: str = ""
    unit: str = ""
    also: tuple[str, ...] = ()
    expr: str = ""
    sql: str = ""
    embed: bool = False

    @property
    def made(self) -> bool:
        """Whether it is made of columns, and so no choice among them."""
        return bool(self.expr) or bool(self.sql) or self.embed


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSource:
    """A table that features are looked up in, as of the time of a row.

    Attributes:
        data: path or glob.
        time: the column that says since when each of its rows was known; "" takes the table as
            always known.
    """

    data: str
    time: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfScope:
    """When a text contract answers nothing, because a text is unlike what its levels are about.

    Attributes:
        level: the level of the target whose rows are out of scope: they are never predicted, and
            tell how many such texts are recognised. "" when there are none.
        max_loss: the share of in-scope texts that may be left without an answer for it.
    """

    level: str = ""
    max_loss: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """What a contract without a target asks for: rows, or points of a series, unlike the others.

    Attributes:
        share: of rows like those in the data that may be taken for anomalies; of a series, alarms
            per point, so that one is raised every 1 / share points.
        label: a column that says which rows are anomalies, for comparing candidates only: none
            learns from it. "" when there is none.
    """

    share: float = 0.01
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How often the interval, or the set of levels, given with an answer must hold the truth.

    Attributes:
        coverage: share of rows, such as 0.9.
        by: a feature with levels, within each of which that share must hold, or `class` for each
            class of the target; "" asks for it over all rows.
    """

    coverage: float
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What a candidate must be able to do, or it loses.

    Attributes:
        reasons: each answer can be given with exact reasons.
        monotone: feature -> how the answer may move as it grows, all else equal; of a binary
            contract the answer is the probability of the positive level.
        calibrated: the probabilities are no worse than a recalibration of them would be.
        interval: coverage of the interval, or of the set of levels, given with each answer, such
            as 0.9 or `{coverage: 0.9, by: region}`; None asks for none.
        licence: licences that an artefact's parts may have; empty allows every one.
    """

    reasons: bool = False
    monotone: Mapping[str, Direction] = field(default_factory=dict)
    calibrated: bool = False
    interval: float | Coverage | None = None
    licence: tuple[str, ...] = ()

    @property
    def coverage(self) -> float | None:
        """Share of rows that the interval or set must hold; None asks for none."""
        return self.interval.coverage if isinstance(self.interval, Coverage) else self.interval

    @property
    def interval_by(self) -> str:
        """Within what that share must hold; "" asks for it over all rows."""
        return self.interval.by if isinstance(self.interval, Coverage) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """How far the answers to groups of people may differ.

    Attributes:
        group: the column that names them, or several, whose levels are crossed; none of them is
            ever a feature.
        metric: what is compared: the rate of positive answers (`demographic_parity`), that rate
            among those who are positive (`equal_opportunity`), or the worse of that and the rate
            among those who are not (`equalized_odds`).
        max_gap: between the highest and the lowest rate; judged by its interval.
        min_rows: a smaller group is reported and not judged.
    """

    group: str | tuple[str, ...]
    metric: Gap = "equal_opportunity"
    max_gap: float = 0.1
    min_rows: int = 50

    @property
    def groups(self) -> tuple[str, ...]:
        """The columns."""
        return (self.group,) if isinstance(self.group, str) else self.group

    @property
    def named(self) -> str:
        """The columns as a person reads them: `race`, or `race x sex`."""
        return " x ".join(self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What one named task instance must deliver.

    Attributes:
        task: the kind of request.
        data: path, glob, URL, or a query.
        target: the column to predict; of a `tabular` contract "" looks for rows unlike the others.
        metric: name of the metric that compares candidates; "" takes the problem's usual one.
        positive: the level of a binary target that counts as positive; "" takes the one that sorts
            last, such as 1, True or "yes".
        objective: what errors cost.
        features: columns to use, with notes, and features that are made of columns (`expr`,
            `embed`) or looked up in tables (`sql`); no column among them takes every usable one.
        tables: what `sql` may read, by the name it has there.
        exclude: columns never to use.
        limits: what a candidate must stay within.
        candidates: names of the candidates to race; empty races every one that fits.
        privacy: how private the rows are.
        text: of a text contract, the column to read; "" takes the only other one, or the one with
            the longest texts.
        out_of_scope: when a text contract answers nothing; None has it always answer.
        require: what a candidate must be able to do.
        fairness: how far answers to groups of people may differ; None does not look.
        group: a column whose values stand for one person or thing each: its rows are never both
            trained on and tested.
        time: the column that orders the rows; training comes before testing.
        series: of a `series` contract, the column that names each series; "" when there is one.
        horizon: of a `series` contract, steps ahead to forecast; 0 looks for anomalies instead.
        season: of a `series` contract, steps of one cycle; 0 reads it off the data.
        anomaly: what is asked for where there is no target or no horizon.
    """

    task: TaskName
    data: str | SqlSource
    target: str = ""
    metric: str = ""
    positive: str = ""
    objective: Objective = Objective()
    features: Mapping[str, FeatureNote] = field(default_factory=dict)
    tables: Mapping[str, TableSource] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    limits: ContractLimits = ContractLimits()
    candidates: tuple[str, ...] = ()
    privacy: Privacy = Privacy.INTERNAL
    text: str = ""
    out_of_scope: OutOfScope | None = OutOfScope()
    require: Requirements = Requirements()
    fairness: Fairness | None = None
    group: str = ""
    time: str = ""
    series: str = ""
    horizon: int = 0
    season: int = 0
    anomaly: Anomaly = Anomaly()

    def record(self) -> dict[str, Json]:
        """Return what is hashed into evidence: all but where the data lies and people's names.

        The dataset version stands for the data, so a moved file leaves the evidence as it was.
        """
        cost = self.objective.cost
        limits = self.limits
        found: dict[str, Json] = {
            "task": self.task,
            "target": self.target,
            "metric": self.metric,
            "positive": self.positive,
            "cost": None if cost is None else [cost.false_positive, cost.false_negative],
            "features": sorted(self.features),
            **self._made(),
            "exclude": sorted(self.exclude),
            "limits": [limits.latency_ms, limits.size_mb, limits.memory_mb],
            "candidates": list(self.candidates),
            "privacy": self.privacy.word,
        }
        if limits.cost_usd is not None:
            price = {"cost_usd": limits.cost_usd, "core_hour_usd": limits.core_hour_usd}
            found["cost_limit"] = price
        if self.objective.quantile is not None:
            found["quantile"] = self.objective.quantile
        if self.task == "text":
            scope = self.out_of_scope
            found["text"] = self.text
            found["out_of_scope"] = None if scope is None else [scope.level, scope.max_loss]
        for name in ("group", "time", "series", "horizon", "season"):
            if getattr(self, name):
                found[name] = getattr(self, name)
        if self.require != Requirements():
            found["require"] = asdict(self.require)
        if self.fairness is not None:
            found["fairness"] = asdict(self.fairness)
        if self.anomaly != Anomaly():
            found["anomaly"] = asdict(self.anomaly)
        return found

    @property
    def chosen(self) -> frozenset[str]:
        """The columns that `features` names as they are; empty where every usable one is used."""
        return frozenset(name for name, note in self.features.items() if not note.made)

    @property
    def named(self) -> frozenset[str]:
        """The columns that `features` names, those read or looked up among them."""
        return frozenset(name for name, note in self.features.items() if not note.expr)

    @property
    def queries(self) -> dict[str, str]:
        """Feature -> the SELECT by which it is looked up, in the order of `features`."""
        return {name: note.sql for name, note in self.features.items() if note.sql}

    def _made(self) -> dict[str, Json]:
        """Return the features that are made of columns, as `record` has them."""
        expressions = {name: note.expr for name, note in self.features.items() if note.expr}
        texts = sorted(name for name, note in self.features.items() if note.embed)
        found: dict[str, Json] = {"expr": expressions} if expressions else {}
        if self.queries:
            found["sql"] = self.queries
            found["tables"] = {name: table.time for name, table in sorted(self.tables.items())}
        return found | ({"embed": texts} if texts else {})

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Contract":
        """Return the contract that `record()` wrote, without its data and people's names."""
        parts: dict[str, Any] = dict(record)
        cost, limits = parts.pop("cost"), parts.pop("limits")
        scope = parts.pop("out_of_scope", ["", OutOfScope().max_loss])
        require, fairness = parts.pop("require", {}), parts.pop("fairness", None)
        anomaly = parts.pop("anomaly", {})
        expressions, texts = parts.pop("expr", {}), parts.pop("embed", [])
        queries, tables = parts.pop("sql", {}), parts.pop("tables", {})
        return cls(
            data="",
            task=parts["task"],
            target=parts["target"],
            metric=parts["metric"],
            positive=parts["positive"],
            objective=Objective(
                cost=None if cost is None else Cost(false_positive=cost[0], false_negative=cost[1]),
                quantile=parts.get("quantile"),
            ),
            features={
                name: FeatureNote(
                    expr=expressions.get(name, ""),
                    sql=queries.get(name, ""),
                    embed=name in texts,
                )
                for name in parts["features"]
            },
            tables={name: TableSource(data="", time=time) for name, time in tables.items()},
            exclude=tuple(parts["exclude"]),
            limits=ContractLimits(
                latency_ms=limits[0],
                size_mb=limits[1],
                memory_mb=limits[2],
                **parts.pop("cost_limit", {}),
            ),
            candidates=tuple(parts["candidates"]),
            privacy=Privacy.of(parts["privacy"]),
            text=parts.get("text", ""),
            out_of_scope=None if scope is None else OutOfScope(level=scope[0], max_loss=scope[1]),
            require=_requirements(require),
            fairness=None if fairness is None else _fairness(fairness),
            anomaly=Anomaly(**anomaly),
            **{
                name: parts[name]
                for name in ("group", "time", "series", "horizon", "season")
                if name in parts
            },
        )


def _fairness(record: Mapping[str, Any]) -> Fairness:
    group = record["group"]
    return Fairness(**{**record, "group": group if isinstance(group, str) else tuple(group)})


def _requirements(record: Mapping[str, Any]) -> Requirements:
    interval = record.get("interval")
    return Requirements(
        **{
            **record,
            "licence": tuple(record.get("licence", ())),
            "interval": Coverage(**interval) if isinstance(interval, Mapping) else interval,
        }
    )
