"""A model card, written from the record of a decision, and the files that lie beside it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from plait.app.plot import pareto, reliability, svg
from plait.core import figure
from plait.core.contract import ContractLimits
from plait.core.decision import Decision, Evidence, Standing
from plait.core.ids import Json

FOLDER = "decisions"
CARD = "card.md"


def write_record(decision: Decision, evidence: Evidence | None, within: Path) -> dict[str, Path]:
    """Write the card and the plots of a decision, unless they lie there; return their paths.

    They follow from the record, so they are no part of any id and may be deleted.

    Args:
        decision: taken.
        evidence: it was taken on; None of one that was declared.
        within: the folder of the store; they go to `decisions/ID/`.
    """
    folder = within / FOLDER / decision.id
    texts = {"card": (CARD, card(decision, evidence))}
    for name, plot in (("pareto", pareto(decision)), ("reliability", reliability(decision))):
        if plot is not None:
            texts[name] = (f"{name}.svg", svg(plot))
    found = {}
    for name, (file, content) in texts.items():
        found[name] = folder / file
        if not found[name].exists():
            folder.mkdir(parents=True, exist_ok=True)
            found[name].write_text(content, encoding="utf-8")
    return found


def card(decision: Decision, evidence: Evidence | None = None) -> str:
    """Return the model card as Markdown.

    The sections are those of Mitchell et al. (2019), Model Cards for Model Reporting.

    Args:
        decision: taken.
        evidence: it was taken on; None of one that was declared.
    """
    parts = [f"# {decision.outcome}", decision.summary]
    contract = evidence.contract if evidence else {}
    sections: list[tuple[str, Iterator[str]]] = [
        ("Intended use", _use(contract)),
        ("Data and splits", _data(evidence)),
        ("Scores", _scores(decision)),
        ("What inputs were worth", (f"- {each.said}" for each in decision.inputs)),
        ("Limits and requirements", _limits(contract, _won(decision))),
        ("What to doubt", _doubts(decision)),
        ("Record", _record(decision, evidence)),
    ]
    for title, lines in sections:
        if told := list(lines):
            parts.append(f"## {title}\n\n" + "\n".join(told))
    return "\n\n".join(filter(None, parts)) + "\n"


def _won(decision: Decision) -> Standing | None:
    return next((each for each in decision.standings if each.name == decision.winner), None)


def _use(contract: Mapping[str, Json]) -> Iterator[str]:
    if not contract:
        return
    quantile = contract.get("quantile")
    what = "predicts" if quantile is None else f"answers with the {quantile} quantile of"
    yield f"- {what} `{contract['target']}` ({contract['task']})"
    if contract.get("positive"):
        yield f"- the positive level is `{contract['positive']}`"
    if contract.get("cost"):
        wrong, missed = cast("Sequence[float]", contract["cost"])
        yield f"- a false positive costs {wrong:g}, a false negative {missed:g}"
    yield f"- rows are {contract['privacy']}"
    if contract.get("exclude"):
        yield f"- never uses {_listed(cast('Sequence[str]', contract['exclude']))}"
    yield "- not made for rows unlike those it was trained on, nor for another question"


def _data(evidence: Evidence | None) -> Iterator[str]:
    if evidence is None:
        return
    splits, group = evidence.splits, evidence.contract.get("group")
    kinds = {
        "stratified": "shuffled, each class in proportion",
        "grouped": f"whole groups of `{group}`" if group else "copies of a row kept together",
        "time_ordered": f"in order of `{evidence.contract.get('time')}`: the past trains",
    }
    yield f"- data version `{evidence.dataset}`"
    kind = kinds.get(str(splits["kind"]), str(splits["kind"]))
    of = f" of {splits['drawn']}" if "drawn" in splits else ""
    yield f"- {splits['folds']}{of} folds, {splits['repeats']} times; {kind}; seed {splits['seed']}"
    if evidence.schedule is not None:
        yield f"- {evidence.schedule['splits']} splits count; the rest was not run"


def _scores(decision: Decision) -> Iterator[str]:
    told = decision.reported
    if told is not None:
        yield (
            f"{decision.metric} to expect of {decision.winner}: {figure.score(told.score)} "
            f"(95 % interval {figure.score(told.low)} to {figure.score(told.high)}), which allows "
            f"{told.optimism:.2g} for its having been chosen by the rows that judged it.\n"
        )
    if decision.standings:
        yield f"| {' | '.join(decision.titles)} |"
        yield f"|{' --- |' * len(decision.titles)}"
    for each in decision.standings:
        yield f"| {' | '.join(_escaped(cell) for cell in each.cells())} |"
    if decision.standings or decision.not_finished:
        yield ""
    for reason in decision.reasons():
        yield f"- {reason}"


def _limits(contract: Mapping[str, Json], won: Standing | None) -> Iterator[str]:
    if not contract:
        return
    names = ("latency_ms", "size_mb", "memory_mb")
    measures = ("latency_ms_p95", "size_mb", "memory_mb")
    limits = cast("Sequence[float | None]", contract["limits"])
    for name, measure, allowed in zip(names, measures, limits, strict=True):
        found = won.measurements.get(measure) if won else None
        if allowed is not None:
            measured = "" if found is None else f", {found:.4g} measured"
            yield f"- {name}: at most {allowed:g}{measured}"
    if cost := cast("Mapping[str, float]", contract.get("cost_limit", {})):
        asked = ContractLimits(**cost)
        spent = won.measurements.get("processor_ms") if won else None
        measured = "" if spent is None else f", {asked.cost_of(spent):.4g} measured"
        yield f"- cost_usd: at most {asked.cost_usd:g} for a million answers{measured}"
    state = "; met by the winner" if won else ""
    require = cast("Mapping[str, Json]", contract.get("require", {}))
    for name, value in require.items():
        if value:
            yield f"- requires {name}: {_plain(value)}{state}"
    fairness = cast("Mapping[str, Json] | None", contract.get("fairness"))
    if fairness:
        yield (
            f"- fairness: {fairness['metric']} between groups of `{_crossed(fairness)}`, a gap of "
            f"at most {fairness['max_gap']}{state}"
        )


def _crossed(fairness: Mapping[str, Json]) -> str:
    group = fairness["group"]
    return group if isinstance(group, str) else "` x `".join(cast("Sequence[str]", group))


def _doubts(decision: Decision) -> Iterator[str]:
    yield from (f"- {_escaped(note)}" for note in decision.notes)
    if decision.curve is not None:
        yield f"- {decision.curve.said}"
    yield "- every figure is of the past: nothing here says that tomorrow's rows are like these"


def _record(decision: Decision, evidence: Evidence | None) -> Iterator[str]:
    taken = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(decision.created))
    yield f"- decision `{decision.id}`, {decision.kind}, taken {taken} by {decision.by}"
    if decision.artefact:
        yield f"- artefact `{decision.artefact}`"
    if evidence is not None:
        versions = ", ".join(f"{name} {each}" for name, each in evidence.libraries.items())
        yield f"- evidence `{decision.evidence}`; {versions}"


def _plain(value: Json) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return "yes" if value is True else str(value)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")
