"""Whether passages answer a question: the fit of the frozen weights of `plait.tasks.chat.rank`.

    python bench/answerable.py

163 questions, written for this and used for nothing else, over five invented documents
(bench/answerable/) and plait's own pages: 91 that one sentence, row or list answers, 72 on the same
subjects that nothing answers. Each kind of document is judged by a fit on the other five. The
figures go to bench/results/answerable.json.
"""

import json
import platform
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from plait.app.settings import cache_folder
from plait.core.context import Context
from plait.core.passage import Passage
from plait.core.protocol import Embedder
from plait.engines.base import read_artefact
from plait.engines.onnx import load
from plait.tasks.chat.rank import WITH_VECTORS, WITHOUT_VECTORS, Question, Ranked, Weights
from plait.tasks.chat.term import terms
from plait.tasks.chat.unit import Unit, units
from plait.tasks.search.parse import read_document
from plait.tasks.search.passage import split
from plait.train.embedding import pull_encoder

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "answerable.json"
TOP, REFUSED = 8, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question, what answers it, and what was found for it."""

    kind: str
    question: str
    gold: str
    passages: tuple[Passage, ...]
    units: tuple[Unit, ...]
    near: tuple[float, ...]
    near_own: tuple[float, ...]

    def right(self, unit: Unit) -> bool:
        """Tell whether the unit holds what answers the question."""
        text = self.passages[unit.passage].text[unit.start : unit.end]
        return bool(self.gold) and _flat(self.gold) in _flat(text)


def embedder() -> Embedder:
    """Return MiniLM in 8 bits, made once."""
    folder = Path(tempfile.gettempdir()) / "plait-bench-minilm"
    if not (folder / "manifest.json").exists():
        pull_encoder("minilm-l6", folder, cache=cache_folder())
    return load(read_artefact(folder))


def cases() -> Iterator[Case]:
    """Yield the questions with the passages found for them, by cosine and shared words."""
    embed = embedder()
    asked = json.loads((HERE / "answerable" / "questions.json").read_text())
    pools = {
        name: _passages(folder)
        for name, folder in (("plait", HERE.parent / "docs"), ("", HERE / "answerable"))
    }
    vectors = {
        name: _vectors(embed, [" > ".join(each.headings) + "\n" + each.text for each in pool])
        for name, pool in pools.items()
    }
    for kind, questions in asked.items():
        name = kind if kind in pools else ""
        golds = [*questions["answered"], *([each, ""] for each in questions["unanswered"])]
        for question, gold in golds:
            vector = _vectors(embed, [question])[0]
            scores = vectors[name] @ vector + 0.7 * _shares(question, pools[name])
            best = tuple(pools[name][at] for at in np.argsort(-scores)[:TOP])
            found = tuple(units(best))
            near = _vectors(embed, [unit.whole for unit in found]) @ vector
            near_own = _vectors(embed, [unit.text for unit in found]) @ vector
            yield Case(
                kind=kind,
                question=question,
                gold=gold,
                passages=best,
                units=found,
                near=tuple(near.tolist()),
                near_own=tuple(near_own.tolist()),
            )


def fit(found: Sequence[Case], start: Weights, *, vectors: bool) -> dict[str, object]:
    """Return both models fitted on all cases, and what they do on kinds they have not seen."""
    names = [each for each in start.relevance if vectors or not each.startswith("near")]
    kinds = np.array([case.kind for case in found])
    answered = np.array([bool(case.gold) for case in found])
    chances, hits = np.zeros(len(found)), np.zeros(len(found), dtype=bool)
    for kind in np.unique(kinds):
        seen = [case for case in found if case.kind != kind]
        weights = _fitted(seen, names)
        for at in np.flatnonzero(kinds == kind):
            question, best = _best(found[at], weights)
            chances[at] = question.answerable(weights, best)
            hits[at] = found[at].right(best.unit)
    threshold = float(np.quantile(chances[~answered], REFUSED))
    weights = _fitted(found, names)
    in_force = [question.answerable(start, best) >= start.threshold
                for question, best in (_best(case, start) for case in found)]  # fmt: skip
    return {
        "relevance": dict(weights.relevance),
        "answerable": dict(weights.answerable),
        "threshold": threshold,
        "auc": float(roc_auc_score(answered, chances)),
        "right_span": float(hits[answered].mean()),
        "answered_at_threshold": float((chances[answered] >= threshold).mean()),
        "answered_and_right": float((hits & (chances >= threshold))[answered].mean()),
        "frozen_answers": float(np.mean(np.array(in_force)[answered])),
        "frozen_refuses": float(1 - np.mean(np.array(in_force)[~answered])),
    }


def _fitted(found: Sequence[Case], names: Sequence[str]) -> Weights:
    """Fit the ranking on what the questions' golds say, then the answering on the best units."""
    flat = Weights(relevance=dict.fromkeys(names, 0.0), answerable={}, threshold=0.0)
    rows, right = [], []
    for case in found:
        if case.gold:
            for each in Question(case.question, case.units).rank(flat, case.near, case.near_own):
                rows.append([each.features[name] for name in names])
                right.append(case.right(each.unit))
    relevance = dict(zip(names, _coefficients(rows, right, strength=10.0)[0], strict=True))
    ranking = Weights(relevance=relevance, answerable={}, threshold=0.0)
    evidence = [question.evidence(best) for question, best in (_best(c, ranking) for c in found)]
    kept = [name for name in evidence[0] if name != "constant"]
    table = [[each[name] for name in kept] for each in evidence]
    slopes, constant = _coefficients(table, [bool(case.gold) for case in found], strength=5.0)
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


def _passages(folder: Path) -> list[Passage]:
    return [
        Passage(
            id=f"{path.stem}-{at}",
            collection="bench",
            document=path.stem,
            name=path.name,
            start=piece.start,
            end=piece.end,
            text=piece.text,
            score=0.0,
            headings=piece.headings,
        )
        for path in sorted(folder.glob("*.md"))
        for at, piece in enumerate(split(read_document(path)))
    ]


def _shares(question: str, pool: Sequence[Passage]) -> NDArray[np.float64]:
    """Return which share of the question's terms each passage holds."""
    wanted = terms(question)
    held = [terms(" ".join((*each.headings, each.text))) for each in pool]
    return np.array([len(wanted & each) / max(len(wanted), 1) for each in held])


def _vectors(embed: Embedder, texts: Sequence[str]) -> NDArray[np.float64]:
    return np.array(embed.embed(texts, Context()), dtype=float)


def _flat(text: str) -> str:
    return " ".join(text.split())


def main() -> None:
    """Fit, judge, print and keep."""
    found = list(cases())
    results: Mapping[str, object] = {
        "versions": {"plait": version("plait"), "python": platform.python_version()},
        "questions": len(found),
        "with_vectors": fit(found, WITH_VECTORS, vectors=True),
        "without_vectors": fit(found, WITHOUT_VECTORS, vectors=False),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
