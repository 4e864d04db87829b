"""Whether passages answer a question: the fit of the frozen weights of `plait.tasks.chat.rank`.

    python bench/answerable.py

Two sets of questions, written for this and used for nothing else. `direct` (91 that a sentence, row
or list answers, 72 on the same subjects that nothing answers) shares most of its words with the
documents: five invented ones and plait's own pages. `paraphrased` (129 and 138, mostly over six
more documents) is asked as people ask: everyday words, typing errors, what happened to them. Of its
unanswered questions half are near misses in the words of the document.

A third set, `broad` (288 short documents of eight kinds, 2,016 answered and 864 unanswered
questions), is only judged, never fitted on: it tells how well the frozen weights carry over. Who
fits on it should know that its unanswered questions can be told from the others at an AUC of 0.72
by their wording alone. A cross-encoder, MiniLM with low-rank adapters fitted on six of its kinds,
ranked no better than these weights on the other two, and knew what is answered by little more.

Every question goes to `SearchTask` over its set's collection, which is ingested as served. Each
kind of document is judged by a fit on the others. What is for questions in the documents' words is
fitted on `direct`, what is for personal ones (`Question.personal`) on both sets. The figures go to
bench/results/answerable.json.
"""

import gzip
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from method import keep
from plait.app.app import App
from plait.core.context import Context
from plait.core.passage import Passage
from plait.core.protocol import Embedder
from plait.engines.memo import MemoEmbedder
from plait.tasks.chat.quote import MOST_QUOTED
from plait.tasks.chat.rank import PERSONAL, WITH_VECTORS, WITHOUT_VECTORS, Question, Ranked, Weights
from plait.tasks.chat.term import terms
from plait.tasks.chat.unit import Unit, units

HERE = Path(__file__).parent
SETTINGS = """\
project: answerable
models: {minilm: {engine: onnx, weights: minilm-l6-int8}}
collections:
  direct: {paths: ["direct/*.md"], embed: minilm}
  paraphrased: {paths: ["paraphrased/*.md"], embed: minilm}
  plait: {paths: ["plait/*.md"], embed: minilm}
"""
FOLDERS = {
    "direct": HERE / "answerable",
    "paraphrased": HERE / "answerable" / "paraphrased",
    "plait": HERE.parent / "docs",
}
SETS = {"direct": "questions.json", "paraphrased": "paraphrased.json"}
BROAD = HERE / "answerable" / "broad.jsonl.gz"
SHARE = 36  # collections that the documents of `BROAD` are dealt to, eight kinds in each
TOP, MOST_TOP, REFUSED = 8, 20, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question, what answers it, and what was found for it; `rank` is of the passage."""

    asked_in: str
    rank: int
    kind: str
    question: str
    golds: tuple[str, ...]
    passages: tuple[Passage, ...]
    units: tuple[Unit, ...]
    near: tuple[float, ...]
    near_own: tuple[float, ...]

    def right(self, unit: Unit) -> bool:
        """Tell whether the unit holds what answers the question."""
        text = _flat(self.passages[unit.passage].text[unit.start : unit.end])
        return any(_flat(gold) in text for gold in self.golds)


def cases() -> Iterator[Case]:
    """Yield the questions of both sets with the passages found for them."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, folder in FOLDERS.items():
            (Path(scratch) / name).mkdir()
            for path in folder.glob("*.md"):
                shutil.copy(path, Path(scratch) / name)
        (Path(scratch) / "plait.yaml").write_text(SETTINGS)
        with App.open(Path(scratch)) as app:
            for name in FOLDERS:
                app.collections.ingest(name)
            found = app.collections.embedder("direct")
            assert found is not None
            for asked_in, file in SETS.items():
                asked = json.loads((HERE / "answerable" / file).read_text())
                yield from _cases(app, MemoEmbedder(found), asked_in, asked)


def _cases(
    app: App, embed: Embedder, asked_in: str, asked: Mapping[str, Mapping[str, list[str]]]
) -> Iterator[Case]:
    for kind, questions in asked.items():
        collection = next(
            name
            for name, folder in FOLDERS.items()
            if name == kind or (folder / f"{kind}.md").exists()
        )
        golds = [*questions["answered"], *([each, ""] for each in questions["unanswered"])]
        for question, gold in golds:
            yield _case(app, embed, collection, (asked_in, kind), question, (gold,) if gold else ())


def _case(
    app: App,
    embed: Embedder,
    collection: str,
    source: tuple[str, str],
    question: str,
    golds: tuple[str, ...],
) -> Case:
    passages = app.search(collection, question, top=MOST_TOP).passages
    holds = [any(_flat(gold) in _flat(each.text) for gold in golds) for each in passages]
    found = tuple(each for each in units(passages[:TOP]) if terms(each.text))
    vector = _vectors(embed, [question])[0]
    return Case(
        asked_in=source[0],
        rank=holds.index(True) if any(holds) else MOST_TOP,
        kind=source[1],
        question=question,
        golds=golds,
        passages=passages[:TOP],
        units=found,
        near=tuple((_vectors(embed, [each.whole for each in found]) @ vector).tolist()),
        near_own=tuple((_vectors(embed, [each.text for each in found]) @ vector).tolist()),
    )  # fmt: skip


def broad() -> Iterator[Case]:
    """Yield the questions of `BROAD`, asked of the collection that their document was dealt to."""
    lines = gzip.decompress(BROAD.read_bytes()).decode().strip().split("\n")
    documents = [json.loads(line) for line in lines]
    names = [f"c{at}" for at in range(SHARE)]
    rows = [f"  {name}: {{paths: ['{name}/*.md'], embed: minilm}}\n" for name in names]
    with tempfile.TemporaryDirectory() as scratch:
        for name in names:
            (Path(scratch) / name).mkdir()
        for at, document in enumerate(documents):
            text = document["text"]
            titled = text if text.startswith("#") else f"# {document['title']}\n\n{text}"
            (Path(scratch) / f"c{at % SHARE}" / f"{at}.md").write_text(titled)
        start = SETTINGS.partition("  direct:")[0]
        (Path(scratch) / "plait.yaml").write_text(start + "".join(rows))
        with App.open(Path(scratch)) as app:
            for name in names:
                app.collections.ingest(name)
            found = app.collections.embedder("c0")
            assert found is not None
            embed = MemoEmbedder(found)
            for at, document in enumerate(documents):
                for question, golds in document["questions"]:
                    source = "broad", document["kind"]
                    yield _case(app, embed, f"c{at % SHARE}", source, question, tuple(golds))


def judge(found: Sequence[Case], start: Weights, *, own: Sequence[Case]) -> dict[str, object]:
    """Return the weights fitted on `own`, and what they do with `found`, of kinds they saw not.

    Args:
        found: what is judged; its unanswered questions set the threshold.
        start: the weights in force; the fit is of their features.
        own: what is fitted on.
    """
    chances, hits, quoted = (np.zeros(len(found)) for _ in range(3))
    kinds = np.array([case.kind for case in found])
    for kind in np.unique(kinds):
        weights = _fitted([case for case in own if case.kind != kind], start)
        for at in np.flatnonzero(kinds == kind).tolist():
            case = found[at]
            question = Question(case.question, case.units)
            ranked = question.rank(weights, case.near, case.near_own)
            chances[at] = question.answerable(weights, ranked[0])
            hits[at] = case.right(ranked[0].unit)
            quoted[at] = any(case.right(each.unit) for each in ranked[:MOST_QUOTED])
    answered = np.array([bool(case.golds) for case in found])
    threshold = float(np.quantile(chances[~answered], REFUSED))
    weights = _fitted(own, start)
    result: dict[str, object] = {
        "relevance": dict(weights.relevance),
        "answerable": dict(weights.answerable),
        "threshold": threshold,
        "auc": float(roc_auc_score(answered, chances)),
    }
    for name in SETS:
        mine = np.array([case.asked_in == name for case in found])
        those = mine & answered
        result[name] = {
            "answered": int(those.sum()),
            "unanswered": int((mine & ~answered).sum()),
            "right_first": float(hits[those].mean()),
            "right_of_three": float(quoted[those].mean()),
            "answered_at_threshold": float((chances[those] >= threshold).mean()),
            "answered_at_frozen_threshold": float((chances[those] >= start.threshold).mean()),
            "refused_at_threshold": float((chances[mine & ~answered] < threshold).mean()),
            "refused_at_frozen_threshold": float(
                (chances[mine & ~answered] < start.threshold).mean()
            ),
        }
    return result


def in_force(found: Sequence[Case], *, personal: bool) -> dict[str, object]:
    """Return what the frozen weights do, of `PERSONAL` too or of `WITH_VECTORS` alone."""
    result: dict[str, object] = {}
    for name in dict.fromkeys(case.asked_in for case in found):
        said: dict[bool, list[tuple[bool, bool]]] = {True: [], False: []}
        for case in (each for each in found if each.asked_in == name):
            question = Question(case.question, case.units)
            weights = PERSONAL if personal and question.personal else WITH_VECTORS
            ranked = question.rank(weights, case.near, case.near_own)
            yes = question.answerable(weights, ranked[0]) >= weights.threshold
            right = any(case.right(each.unit) for each in ranked[:MOST_QUOTED])
            said[bool(case.golds)].append((yes, yes and right))
        answers, rights = np.array(said[True]).mean(axis=0)
        refused = 1 - np.array(said[False]).mean(axis=0)[0]
        result[name] = {
            "answers": float(answers), "right": float(rights), "refuses": float(refused)
        }  # fmt: skip
    return result


def _fitted(found: Sequence[Case], start: Weights) -> Weights:
    """Fit the ranking on what the questions' golds say, then the answering on the best units."""
    names = list(start.relevance)
    flat = Weights(relevance=dict.fromkeys(names, 0.0), answerable={}, threshold=0.0)
    rows, right = [], []
    for case in found:
        if case.golds:
            for each in Question(case.question, case.units).rank(flat, case.near, case.near_own):
                rows.append([each.features[name] for name in names])
                right.append(case.right(each.unit))
    relevance = dict(zip(names, _coefficients(rows, right, strength=10.0)[0], strict=True))
    ranking = Weights(relevance=relevance, answerable={}, threshold=0.0)
    evidence = [question.evidence(best) for question, best in (_best(c, ranking) for c in found)]
    kept = [name for name in start.answerable if name != "constant"]
    table = [[each[name] for name in kept] for each in evidence]
    slopes, constant = _coefficients(table, [bool(case.golds) for case in found], strength=5.0)
    answerable = {"constant": constant, **dict(zip(kept, slopes, strict=True))}
    return Weights(relevance=relevance, answerable=answerable, threshold=0.0)


def _coefficients(
    rows: Sequence[Sequence[float]], labels: Sequence[bool], *, strength: float
) -> tuple[list[float], float]:
    model = LogisticRegression(C=strength, max_iter=5000).fit(np.array(rows), np.array(labels))
    return [round(float(each), 2) for each in model.coef_[0]], round(float(model.intercept_[0]), 2)


def _best(case: Case, weights: Weights) -> tuple[Question, Ranked]:
    question = Question(case.question, case.units)
    return question, question.rank(weights, case.near, case.near_own)[0]


def _vectors(embed: Embedder, texts: Sequence[str]) -> NDArray[np.float64]:
    return np.array(embed.embed(texts, Context()), dtype=float)


def _flat(text: str) -> str:
    return " ".join(text.split())


def main() -> None:
    """Fit, judge, print and keep."""
    found, wide = list(cases()), list(broad())
    personal = [case for case in found if Question(case.question, case.units).personal]
    plain = [case for case in found if case not in personal]
    direct = [case for case in found if case.asked_in == "direct"]
    results: Mapping[str, object] = {
        "questions": len(found) + len(wide),
        "recall": {
            name: {
                f"@{top}": float(np.mean([case.rank < top for case in (*found, *wide)
                                          if case.golds and case.asked_in == name]))
                for top in (1, TOP, MOST_TOP)
            }
            for name in (*SETS, "broad")
        },
        "with_vectors": judge(plain, WITH_VECTORS, own=direct),
        "personal": judge(personal, PERSONAL, own=personal),
        "without_vectors": judge(found, WITHOUT_VECTORS, own=direct),
        "in_force": in_force([*found, *wide], personal=True),
        "in_force_without_personal": in_force([*found, *wide], personal=False),
    }  # fmt: skip
    print(json.dumps(keep("answerable", results, ("scikit-learn",)), indent=1))


if __name__ == "__main__":
    main()
