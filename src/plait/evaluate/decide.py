"""Which candidate answers, and why the others do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from plait.evaluate.compare import Comparison, compare, holm
from plait.evaluate.metric import Metric

ALPHA = 0.05
"""The chance, over the whole race, that a candidate as good as the best is called worse."""

PRICE = 0.1
"""Of what is gained for certain over the simplest baseline, the share that simplicity may cost. Few
splits can hardly tell candidates apart, and must not let the simplest win by a wide margin."""

MEASURED_BY = {"latency_ms": "latency_ms_p95"}
"""The measurement that a limit speaks of, where it bears another name."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A limit that a candidate is not within, or a requirement that it does not meet.

    Attributes:
        limit: its name in the contract.
        allowed: what the contract allows.
        measured: what was measured; None when nothing was.
        said: the figures in words; "" says them plainly.
        at_least: whether what is allowed is the least, not the most.
    """

    limit: str
    allowed: float
    measured: float | None
    said: str = ""
    at_least: bool = False

    def __str__(self) -> str:
        if self.said:
            return f"breaks {self.limit}: {self.said}"
        if self.measured is None:
            return f"breaks {self.limit}: not measured, {self.allowed:.6g} allowed"
        return f"breaks {self.limit}: {self.measured:.6g} measured, {self.allowed:.6g} allowed"

    @property
    def excess(self) -> float:
        """How many times what is allowed was measured; infinite when nothing was."""
        if self.measured is None or self.allowed <= 0:
            return float("inf")
        if self.at_least:
            return self.allowed / self.measured if self.measured > 0 else float("inf")
        return self.measured / self.allowed


def broken_limits(
    measurements: Mapping[str, float], limits: Mapping[str, float]
) -> tuple[Broken, ...]:
    """Return the limits that these measurements break, a missing measurement among them."""
    found = [
        Broken(limit, allowed, measurements.get(MEASURED_BY.get(limit, limit)))
        for limit, allowed in limits.items()
    ]
    return tuple(each for each in found if each.measured is None or each.measured > each.allowed)


@dataclass(frozen=True, slots=True)
class Entry:
    """A candidate at the end of the race.

    Attributes:
        name: unique in the race.
        paradigm: as in the contract; a `rule` is a baseline.
        complexity: 0 for the simplest; compared within the race only.
        scores: one per split, in the metric's unit.
        measurements: name -> value, such as `latency_ms_p95` and `size_mb`.
        broken: the limits and requirements it is not within.
    """

    name: str
    paradigm: str
    complexity: int
    scores: tuple[float, ...]
    measurements: Mapping[str, float] = field(default_factory=dict)
    broken: tuple[Broken, ...] = ()

    @property
    def mean(self) -> float:
        """The mean score over the splits."""
        return sum(self.scores) / len(self.scores)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the rule chose.

    Attributes:
        winner: the candidate's name; None when none is within every limit.
        best: the best mean score within the limits; not always the winner.
        why: one sentence on the winner, or on the nearest candidate when there is none.
        reasons: loser's name -> one sentence on why it lost.
        comparisons: name -> how much worse than `best`, positive for worse, with the p-value
            adjusted by Holm; for every other candidate within the limits.
    """

    winner: str | None
    best: str | None
    why: str
    reasons: Mapping[str, str]
    comparisons: Mapping[str, Comparison]


def decide(entries: Sequence[Entry], metric: Metric, *, test_to_train: float) -> Choice:
    """Choose the simplest and cheapest of those not significantly worse than the best.

    Only candidates within every limit take part. Each is compared with the best mean score among
    them by the corrected paired test, adjusted by Holm; those not worse at 5 % are contenders, and
    of these the least complex wins, then the fastest (latency p95), the smallest, and the first
    by name. A baseline is no contender when any rival is better than it, unadjusted, and nobody
    is who loses more than a tenth of what is gained, for certain, over the simplest baseline.

    Args:
        entries: the candidates, scored on the same splits.
        metric: what the scores are.
        test_to_train: rows tested per row trained on.

    Raises:
        InvalidData: `data_too_small` with fewer than two splits.
    """
    within = [entry for entry in entries if not entry.broken]
    reasons = {entry.name: _sentence(entry.broken) for entry in entries if entry.broken}
    if not within:
        return Choice(None, None, _nearest(entries), reasons, {})
    best = min(within, key=lambda entry: (-metric.sign * entry.mean, _cost(entry)))
    worse = _how_much_worse(best, within, metric, test_to_train)
    floor, price = _floor(best, within, metric, test_to_train)
    contenders = [best]
    for entry in within:
        if entry is best:
            continue
        if worse[entry.name].p_value <= ALPHA:
            reasons[entry.name] = _worse(worse[entry.name], best)
        elif entry.paradigm == "rule" and (beaten := _beaten(entry, within, metric, test_to_train)):
            reasons[entry.name] = f"a baseline, and {beaten}"
        elif metric.sign * entry.mean < floor:
            reasons[entry.name] = (
                f"{_worse(worse[entry.name], best)}; that is not certain, but more than simplicity "
                f"may cost ({_figure(price)})"
            )
        else:
            contenders.append(entry)
    winner = min(contenders, key=_cost)
    for entry in contenders:
        if entry is not winner:
            reasons[entry.name] = _dearer(entry, winner)
    return Choice(winner.name, best.name, _why(winner, best, within, worse), reasons, worse)


def _floor(
    best: Entry, within: Sequence[Entry], metric: Metric, test_to_train: float
) -> tuple[float, float]:
    """Return the least mean score of a contender, higher for better, and what simplicity may cost.

    Something is gained where a candidate is better than the simplest baseline, unadjusted, which is
    how a baseline is no contender; of several the best counts. Nothing is asked where none is.
    """
    baselines = [entry for entry in within if entry.paradigm == "rule" and entry is not best]
    if not baselines:
        return float("-inf"), 0.0
    simplest = min(baselines, key=_cost)
    gained = [
        (metric.sign * entry.mean, by.difference)
        for entry in within
        if (by := _worse_by(simplest, entry, metric, test_to_train)).difference > 0
        and by.p_value <= ALPHA
    ]
    if not gained:
        return float("-inf"), 0.0
    score, gain = max(gained)
    return score - PRICE * gain, PRICE * gain


def _cost(entry: Entry) -> tuple[float, float, float, str]:
    """Return what orders the contenders, least first; what was not measured counts as most."""
    latency = entry.measurements.get("latency_ms_p95", float("inf"))
    size = entry.measurements.get("size_mb", float("inf"))
    return entry.complexity, latency, size, entry.name


def _how_much_worse(
    best: Entry, within: Sequence[Entry], metric: Metric, test_to_train: float
) -> dict[str, Comparison]:
    """Compare each other entry with the best, p-values adjusted by Holm."""
    others = [entry for entry in within if entry is not best]
    raw = [_worse_by(entry, best, metric, test_to_train) for entry in others]
    adjusted = holm([each.p_value for each in raw])
    return {
        entry.name: replace(each, p_value=p)
        for entry, each, p in zip(others, raw, adjusted, strict=True)
    }


def _worse_by(entry: Entry, rival: Entry, metric: Metric, test_to_train: float) -> Comparison:
    """Return how much worse an entry is than its rival, positive for worse."""
    ahead, behind = (rival, entry) if metric.greater_is_better else (entry, rival)
    return compare(ahead.scores, behind.scores, test_to_train=test_to_train)


def _beaten(
    baseline: Entry, within: Sequence[Entry], metric: Metric, test_to_train: float
) -> str | None:
    """Say which rival is better than a baseline, the surest first; None when none is."""
    rivals = [entry for entry in within if entry.paradigm != "rule"]
    found = [(_worse_by(baseline, rival, metric, test_to_train), rival) for rival in rivals]
    real = [(each, rival) for each, rival in found if each.difference > 0 and each.p_value <= ALPHA]
    if not real:
        return None
    return _worse(*min(real, key=lambda pair: (pair[0].p_value, pair[1].name)))


def _sentence(broken: Sequence[Broken]) -> str:
    return "; ".join(map(str, broken))


def _worse(by: Comparison, rival: Entry) -> str:
    return (
        f"{_figure(by.difference)} worse than {rival.name} "
        f"(95 % interval {_figure(by.low)} to {_figure(by.high)})"
    )


def _dearer(entry: Entry, winner: Entry) -> str:
    """Say in what a contender comes after the winner: the first thing in which they differ."""
    mine, theirs = _cost(entry), _cost(winner)
    if mine[0] != theirs[0]:
        what = f"less simple than {winner.name}"
    elif mine[1] != theirs[1]:
        what = f"slower to run ({_measured(mine[1], 'ms')} against {_measured(theirs[1], 'ms')})"
    elif mine[2] != theirs[2]:
        what = f"larger ({_measured(mine[2], 'MB')} against {_measured(theirs[2], 'MB')})"
    else:
        what = "no cheaper; the first by name was taken"
    return f"not distinguishable from the winner in score, but {what}"


def _why(
    winner: Entry, best: Entry, within: Sequence[Entry], worse: Mapping[str, Comparison]
) -> str:
    """Say why the winner won."""
    if winner is not best:
        gap = worse[winner.name]
        return (
            f"the simplest of those not distinguishable from {best.name}, the best score "
            f"(difference {_figure(gap.difference)}, 95 % interval "
            f"{_figure(gap.low)} to {_figure(gap.high)})"
        )
    if len(within) == 1:
        return "the only candidate within every limit"
    if all(each.p_value <= ALPHA for each in worse.values()):
        return "better than every other candidate within the limits"
    return "the best score, and none as good is simpler or cheaper"


def _nearest(entries: Sequence[Entry]) -> str:
    """Say which candidate came nearest to the limits, and what it lacked."""
    if not entries:
        return "there was no candidate to choose from"

    def furthest(entry: Entry) -> Broken:
        return max(entry.broken, key=lambda each: each.excess)

    entry = min(entries, key=lambda each: (furthest(each).excess, _cost(each)))
    limit, excess = furthest(entry).limit, furthest(entry).excess
    beyond = "short of" if furthest(entry).at_least else "over"
    over = f"{(excess - 1) * 100:.0f} % {beyond} {limit}"
    if excess == float("inf"):
        over = f"without {limit}"
    return (
        f"no candidate is within every limit; the nearest is {entry.name}, {over} "
        f"({_sentence(entry.broken)})"
    )


def _measured(value: float, unit: str) -> str:
    return f"{value:.3g} {unit}" if value < float("inf") else "not measured"


def _figure(value: float) -> str:
    """Write a difference of scores: four decimals, or none where it is in the thousands."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4f}"
