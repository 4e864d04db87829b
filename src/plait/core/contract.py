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
    """What the contract's errors cost; None leaves them equal."""

    cost: Cost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractLimits:
    """What a candidate must stay within, measured on the exported artefact in a fresh process.

    Attributes:
        latency_ms: 95th percentile of one row, in process.
        size_mb: files of the artefact.
        memory_mb: resident memory added by loading and running it.
    """

    latency_ms: float | None = None
    size_mb: float | None = None
    memory_mb: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureNote:
    """What people call a feature.

    Attributes:
        label: a name in words.
        unit: `percent`, `usd`, `years`, ...
        also: what else people call it, such as `borrow` for a loan amount.
    """

    label: str = ""
    unit: str = ""
    also: tuple[str, ...] = ()


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
class Requirements:
    """What a candidate must be able to do, or it loses.

    Attributes:
        reasons: each answer can be given with exact reasons.
        monotone: feature -> how the answer may move as it grows, all else equal; of a binary
            contract the answer is the probability of the positive level.
        calibrated: the probabilities are no worse than a recalibration of them would be.
        interval: coverage of the interval, or of the set of levels, given with each answer, such
            as 0.9; None asks for none.
        licence: licences that an artefact's parts may have; empty allows every one.
    """

    reasons: bool = False
    monotone: Mapping[str, Direction] = field(default_factory=dict)
    calibrated: bool = False
    interval: float | None = None
    licence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """How far the answers to groups of people may differ.

    Attributes:
        group: the column that names them; it is never a feature.
        metric: what is compared: the rate of positive answers (`demographic_parity`), that rate
            among those who are positive (`equal_opportunity`), or the worse of that and the rate
            among those who are not (`equalized_odds`).
        max_gap: between the highest and the lowest rate; judged by its interval.
        min_rows: a smaller group is reported and not judged.
    """

    group: str
    metric: Gap = "equal_opportunity"
    max_gap: float = 0.1
    min_rows: int = 50


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
        features: columns to use, with notes; empty takes every usable column.
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
            "exclude": sorted(self.exclude),
            "limits": [limits.latency_ms, limits.size_mb, limits.memory_mb],
            "candidates": list(self.candidates),
            "privacy": self.privacy.word,
        }
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

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Contract":
        """Return the contract that `record()` wrote, without its data and people's names."""
        parts: dict[str, Any] = dict(record)
        cost, limits = parts.pop("cost"), parts.pop("limits")
        scope = parts.pop("out_of_scope", ["", OutOfScope().max_loss])
        require, fairness = parts.pop("require", {}), parts.pop("fairness", None)
        anomaly = parts.pop("anomaly", {})
        return cls(
            data="",
            task=parts["task"],
            target=parts["target"],
            metric=parts["metric"],
            positive=parts["positive"],
            objective=Objective(
                cost=None if cost is None else Cost(false_positive=cost[0], false_negative=cost[1])
            ),
            features=dict.fromkeys(parts["features"], FeatureNote()),
            exclude=tuple(parts["exclude"]),
            limits=ContractLimits(latency_ms=limits[0], size_mb=limits[1], memory_mb=limits[2]),
            candidates=tuple(parts["candidates"]),
            privacy=Privacy.of(parts["privacy"]),
            text=parts.get("text", ""),
            out_of_scope=None if scope is None else OutOfScope(level=scope[0], max_loss=scope[1]),
            require=Requirements(**{**require, "licence": tuple(require.get("licence", ()))}),
            fairness=None if fairness is None else Fairness(**fairness),
            anomaly=Anomaly(**anomaly),
            **{
                name: parts[name]
                for name in ("group", "time", "series", "horizon", "season")
                if name in parts
            },
        )
