"""Evidence, the repeatable part of a bake-off, and the decision taken on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast

from plait.core import figure, page
from plait.core.contract import Paradigm
from plait.core.doubt import Doubts
from plait.core.ids import Json, content_id

Role: TypeAlias = Literal["champion", "challenger", "shadow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """The threshold a binary contract answers by, and the errors to expect of it.

    The threshold is chosen on all out-of-fold probabilities. The errors are cross-fitted: each fold
    is judged at the threshold that the other folds chose, so they are not flattered.

    Attributes:
        threshold: the positive level is predicted from this probability on.
        false_positive_rate: share of true negatives predicted positive.
        false_negative_rate: share of true positives predicted negative.
        cost: expected cost of a row, in the unit of the objective.
        cost_low: lower end of its 95 % interval over rows; what another fit would change is not
            in it.
        cost_high: upper end of the same.
    """

    threshold: float
    false_positive_rate: float
    false_negative_rate: float
    cost: float
    cost_low: float
    cost_high: float

    def record(self) -> dict[str, Json]:
        """Return the point ready for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "OperatingPoint":
        """Return the point that `record()` wrote."""
        return cls(**cast(Mapping[str, float], record))


@dataclass(frozen=True, slots=True, kw_only=True)
class Abstention:
    """From which confidence on a text contract answers, and what that is expected to do.

    The threshold is chosen on the confidences of all texts, each judged by models that did not see
    it, so that at most `max_loss` of the texts like those in the data are left without an answer.
    `loss` is cross-fitted: each fold is judged at the threshold that the other folds chose.

    Attributes:
        threshold: a text with less confidence is answered with null.
        max_loss: what the contract allows.
        loss: share of in-scope texts left without an answer.
        loss_low: lower end of its 95 % interval over texts.
        loss_high: upper end of the same.
        recall: share of out-of-scope texts left without an answer; None when the data has none.
        recall_low: lower end of its 95 % interval over texts.
        recall_high: upper end of the same.
    """

    threshold: float
    max_loss: float
    loss: float
    loss_low: float
    loss_high: float
    recall: float | None = None
    recall_low: float | None = None
    recall_high: float | None = None

    def record(self) -> dict[str, Json]:
        """Return it ready for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Abstention":
        """Return what `record()` wrote."""
        return cls(**cast(Mapping[str, float], record))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One candidate's part of the evidence.

    Attributes:
        name: of the candidate.
        paradigm: what kind of method it is.
        complexity: rank of simplicity; of equals the lower wins.
        configuration: everything that makes its fit what it is.
        scores: the metric on each split, in order.
    """

    name: str
    paradigm: Paradigm
    complexity: int
    configuration: Mapping[str, Json]
    scores: tuple[float, ...]

    def record(self) -> dict[str, Json]:
        """Return the part ready for JSON."""
        return {
            "name": self.name,
            "paradigm": self.paradigm,
            "complexity": self.complexity,
            "configuration": self.configuration,
            "scores": list(self.scores),
        }

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Scored":
        """Return the part that `record()` wrote."""
        parts: dict[str, Any] = dict(record)
        parts["scores"] = tuple(parts["scores"])
        return cls(**parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was run and what it scored: the same data, seed and versions give the same id.

    Attributes:
        contract: `Contract.record()`.
        dataset: id of the dataset version.
        metric: name of the metric.
        splits: kind, folds, repeats, seed and the hash of every row index.
        candidates: in the order of the race.
        libraries: name -> version of what computed the scores.
        schedule: `order` of the fits, `not_finished` candidates with the reason and how many
            `splits` count; None where every candidate was fitted on every split.
    """

    contract: Mapping[str, Json]
    dataset: str
    metric: str
    splits: Mapping[str, Json]
    candidates: tuple[Scored, ...]
    libraries: Mapping[str, str]
    schedule: Mapping[str, Json] | None = None

    @property
    def id(self) -> str:
        """`ev_` and a hash of all of it."""
        return content_id("ev", self.record())

    def record(self) -> dict[str, Json]:
        """Return the evidence ready for JSON."""
        found: dict[str, Json] = {
            "contract": self.contract,
            "dataset": self.dataset,
            "metric": self.metric,
            "splits": self.splits,
            "candidates": [each.record() for each in self.candidates],
            "libraries": self.libraries,
        }
        if self.schedule is not None:
            found["schedule"] = self.schedule
        return found

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Evidence":
        """Return the evidence that `record()` wrote."""
        parts: dict[str, Any] = dict(record)
        parts["candidates"] = tuple(Scored.read(each) for each in parts["candidates"])
        return cls(**parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one candidate came out.

    Attributes:
        name: of the candidate.
        paradigm: what kind of method it is.
        score: mean of the metric over the splits.
        low: lower end of its 95 % interval.
        high: upper end of its 95 % interval.
        measurements: `latency_ms_p50`, `latency_ms_p95`, `latency_ms_p99`, `size_mb`, `memory_mb`,
            `processor_ms`, `load_ms`, taken on the exported artefact in a fresh process.
        artefact: id of the artefact fitted on all rows.
        why: one sentence, why it won or lost.
    """

    name: str
    paradigm: Paradigm
    score: float
    low: float
    high: float
    measurements: Mapping[str, float]
    artefact: str
    why: str

    def record(self) -> dict[str, Json]:
        """Return the standing ready for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    def cells(self) -> tuple[str, ...]:
        """Return the standing as a row of a table under `Decision.titles`."""
        latency = self.measurements.get("latency_ms_p95")
        megabytes = self.measurements.get("size_mb")
        return (
            self.name,
            self.paradigm,
            figure.score(self.score),
            f"{figure.score(self.low)} to {figure.score(self.high)}",
            "" if latency is None else figure.milliseconds(latency),
            "" if megabytes is None else figure.size(megabytes * 1e6),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """The score to expect of a winner, honest of its having been chosen by the rows that judged it.

    Attributes:
        score: its mean score less the optimism, or plus it where less is better.
        low: lower end of the 95 % interval, which is moved as the score is.
        high: upper end of the same.
        optimism: what choosing the best of the candidates is expected to flatter; at least 0. See
            `plait.evaluate.optimism`.
    """

    score: float
    low: float
    high: float
    optimism: float

    def record(self) -> dict[str, Json]:
        """Return it ready for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Reported":
        """Return what `record()` wrote."""
        return cls(**cast(Mapping[str, float], record))


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningCurve:
    """How a winner and its best rival do on ever more training rows, by mean over a few splits.

    Attributes:
        winner: its name.
        rival: its name.
        rows: trained on, ascending; the last are all.
        winner_scores: one per count of rows.
        rival_scores: the same of the rival.
        slope: what the winner gains on the rival with each doubling, in the metric's unit; less
            than 0 where the rival gains.
        said: all of that, and whether more data would change the winner, in words.
    """

    winner: str
    rival: str
    rows: tuple[int, ...]
    winner_scores: tuple[float, ...]
    rival_scores: tuple[float, ...]
    slope: float
    said: str

    def record(self) -> dict[str, Json]:
        """Return it ready for JSON."""
        found: dict[str, Json] = {name: getattr(self, name) for name in self.__slots__}
        for name in ("rows", "winner_scores", "rival_scores"):
            found[name] = list(getattr(self, name))
        return found

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "LearningCurve":
        """Return what `record()` wrote."""
        parts: dict[str, Any] = dict(record)
        for name in ("rows", "winner_scores", "rival_scores"):
            parts[name] = tuple(parts[name])
        return cls(**parts)


@dataclass(frozen=True, slots=True)
class Promise:
    """Rows that a winner gave like probabilities: what was promised, and what came.

    Attributes:
        rows: how many, each judged by a model that did not see it.
        probability: the mean probability of two classes' positive one, or of the most probable.
        observed: the share of rows in which that was the truth.
    """

    rows: int
    probability: float
    observed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class InputWorth:
    """What more inputs were worth to a method, by the paired difference of its scores.

    Attributes:
        method: that raced on both.
        inputs: `engineered` or `learned`, which hold those before them.
        over: what it had less: `raw` or `engineered`.
        gain: mean over the splits in the metric's unit; above 0 they helped.
        low: lower end of the 95 % interval, corrected for overlapping training rows.
        high: upper end of the same.
    """

    method: str
    inputs: str
    over: str
    gain: float
    low: float
    high: float

    @property
    def said(self) -> str:
        """The verdict and the figures, as a sentence without its full stop."""
        verdict = "made no certain difference to"
        if self.low > 0:
            verdict = "helped"
        elif self.high < 0:
            verdict = "hurt"
        return (
            f"{self.inputs} inputs {verdict} {self.method}: {self.gain:+.4f} over {self.over} "
            f"(95 % interval {self.low:+.4f} to {self.high:+.4f})"
        )

    def record(self) -> dict[str, Json]:
        """Return it ready for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


_LATER: dict[str, Any] = {
    "abstention": Abstention,
    "reported": Reported,
    "curve": LearningCurve,
    "doubts": Doubts,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who answers for a contract, by how much, with what certainty, and why the others lost.

    Attributes:
        kind: `measured` on evidence, or `declared` by a person.
        contract: name of the contract.
        evidence: id of the evidence; "" when declared.
        metric: name of the metric; "" when declared.
        winner: name of the candidate; "" when none met the contract.
        artefact: id of the artefact that wins; "" when none met the contract.
        rule: the rule, in words.
        standings: best first.
        machine: processor, cores and operating system that measured.
        operating_point: for a binary contract.
        abstention: for a text contract that may leave a text without an answer.
        reported: the score to expect of the winner; its standing has the one it won with.
        not_finished: candidate -> why there is no figure of it; nothing is known of it but that.
        curve: whether more data would change the winner.
        reliability: what the winner's probabilities were worth, the least first.
        inputs: what features that are made of columns were worth to each method.
        doubts: labels that look wrong to the winner; None when none does.
        notes: what a reader must know: leaks suspected, columns left out, sentinels.
        summary: one paragraph for a manager.
        by: who asked for it.
        created: seconds since 1970-01-01 UTC.
    """

    kind: Literal["measured", "declared"]
    contract: str
    evidence: str = ""
    metric: str = ""
    winner: str = ""
    artefact: str
    rule: str = ""
    standings: tuple[Standing, ...] = ()
    machine: Mapping[str, Json]
    operating_point: OperatingPoint | None = None
    abstention: Abstention | None = None
    reported: Reported | None = None
    not_finished: Mapping[str, str] = field(default_factory=dict)
    curve: LearningCurve | None = None
    reliability: tuple[Promise, ...] = ()
    inputs: tuple[InputWorth, ...] = ()
    doubts: Doubts | None = None
    notes: tuple[str, ...] = ()
    summary: str = ""
    by: str
    created: float

    @property
    def id(self) -> str:
        """`dec_` and a hash of all of it."""
        return content_id("dec", self.record())

    @property
    def titles(self) -> tuple[str, ...]:
        """What stands above the cells of each standing."""
        return ("candidate", "paradigm", self.metric, "95 % interval", "p95 ms", "size")

    @property
    def outcome(self) -> str:
        """Who answers, in a few words."""
        named = self.winner or self.artefact  # one declared by hand has no candidates
        ending = f"{named} answers" if named else "no candidate meets the contract"
        return f"{self.contract}: {ending}"

    def reasons(self) -> list[str]:
        """Return a sentence per candidate, why it won, lost or is missing, the winner first."""
        first = sorted(self.standings, key=lambda each: each.name != self.winner)
        return [
            *(
                f"{each.name} {'won' if each.name == self.winner else 'lost'}: {each.why}."
                for each in first
            ),
            *(f"{name} was not finished: {why}." for name, why in self.not_finished.items()),
        ]

    def _repr_html_(self) -> str:
        """Return the decision as a notebook shows it."""
        names = [each.name for each in self.standings]
        bold = names.index(self.winner) if self.winner in names else -1
        return "".join(
            (
                page.heading(self.outcome),
                page.table(self.titles, [each.cells() for each in self.standings], bold=bold),
                page.bullets(self.reasons()),
                page.paragraph(self.summary),
                page.bullets([f"{each.said}." for each in self.inputs]),
                page.bullets(self.notes),
                page.remark(f"{self.id} {self.evidence}"),
            )
        )

    def record(self) -> dict[str, Json]:
        """Return the decision ready for JSON."""
        point = self.operating_point
        found: dict[str, Json] = {name: getattr(self, name) for name in self.__slots__}
        found["standings"] = [each.record() for each in self.standings]
        found["operating_point"] = None if point is None else point.record()
        found["notes"] = list(self.notes)
        found["reliability"] = [[p.rows, p.probability, p.observed] for p in self.reliability]
        found["inputs"] = [each.record() for each in self.inputs]
        for name in ("not_finished", "reliability", "inputs"):
            if not found[name]:
                del found[name]
        for name in _LATER:  # the ids of decisions without one are as they were before
            del found[name]
            part = getattr(self, name)
            if part is not None:
                found[name] = part.record()
        return found

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Decision":
        """Return the decision that `record()` wrote."""
        parts: dict[str, Any] = dict(record)
        point = parts["operating_point"]
        parts["standings"] = tuple(Standing(**each) for each in parts["standings"])
        parts["operating_point"] = None if point is None else OperatingPoint.read(point)
        parts["notes"] = tuple(parts["notes"])
        parts["reliability"] = tuple(Promise(*each) for each in parts.get("reliability", ()))
        parts["inputs"] = tuple(InputWorth(**each) for each in parts.get("inputs", ()))
        for name, kind in _LATER.items():
            if name in parts:
                parts[name] = kind.read(parts[name])
        return cls(**parts)
