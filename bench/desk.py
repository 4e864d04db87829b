"""40 questions to the lending desk: does it cite the right place, and refuse where nothing answers?

    python bench/desk.py [PROJECT] [--flow desk]

PROJECT is a folder made by `plait demo`; `make demo` makes demo, which is the default. The
questions (bench/desk_questions.json) were frozen before anything was tuned, and nothing is tuned on
them. Intervals are 95 % bootstrap intervals over questions. The figures go to
bench/results/desk.json.

- citation precision: of all citations given, those that lie over a quote that answers the question;
  any citation in an answer to an unanswerable question is a wrong one.
- right span: of the answerable questions, those with at least one such citation.
- refusal: of the others, those that are refused.
"""

import argparse
import json
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np

import plait
from method import BENCH, SEED, Missing, digests, keep, start
from plait.core.passage import Citation
from plait.core.response import ChatResponse

QUESTIONS = BENCH / "desk_questions.json"
DRAWS = 10_000
SHARED = 0.5  # of the shorter text's words, for a citation and a quote to lie over each other

Question = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came back for one question.

    Attributes:
        answerable: whether something in the documents answers it.
        right: citations over a quote that answers it.
        cited: all citations.
        refused: whether the answer was that nothing answers.
        seconds: that it took.
    """

    answerable: bool
    right: int
    cited: int
    refused: bool
    seconds: float


def judge(question: Question, answer: ChatResponse, seconds: float) -> Judged:
    """Return how many citations of an answer are right."""
    return Judged(
        answerable=question["answerable"],
        right=sum(is_right(question, each) for each in answer.citations),
        cited=len(answer.citations),
        refused=answer.manner == "refused",
        seconds=seconds,
    )


def is_right(question: Question, citation: Citation) -> bool:
    """Tell whether a citation lies over a quote that answers the question."""
    return any(
        PurePath(citation.name).name == PurePath(document).name
        and any(_over(citation.text, quote) for quote in quotes)
        for document, quotes in _golds(question)
    )


def measure(judged: Sequence[Judged]) -> dict[str, dict[str, float]]:
    """Return the three rates with their intervals."""
    return {
        "citation_precision": _rate(
            judged, lambda some: _share(sum(e.right for e in some), sum(e.cited for e in some))
        ),
        "right_span": _rate(
            [each for each in judged if each.answerable],
            lambda some: _share(sum(e.right > 0 for e in some), len(some)),
        ),
        "refusal": _rate(
            [each for each in judged if not each.answerable],
            lambda some: _share(sum(e.refused for e in some), len(some)),
        ),
    }


def _rate(judged: Sequence[Judged], rate: Callable[[Sequence[Judged]], float]) -> dict[str, float]:
    random = np.random.default_rng(SEED)
    draws = [
        rate([judged[at] for at in random.integers(0, len(judged), len(judged))])
        for _ in range(DRAWS if judged else 0)
    ]
    low, high = np.quantile(draws, [0.025, 0.975]) if draws else (0.0, 0.0)
    return {"value": rate(judged), "low": float(low), "high": float(high), "n": len(judged)}


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _golds(question: Question) -> list[tuple[str, Sequence[str]]]:
    if not question["answerable"]:
        return []
    others = [(each["document"], each["quote"]) for each in question.get("also", ())]
    return [(question["document"], question["quote"]), *others]


def _over(text: str, quote: str) -> bool:
    """Tell whether one text lies in the other, or half of the shorter one's words do."""
    one, two = (re.findall(r"\w+", each.casefold()) for each in (text, quote))
    if " ".join(one) in " ".join(two) or " ".join(two) in " ".join(one):
        return True
    shorter, longer = sorted((one, two), key=len)
    return len(set(shorter) & set(longer)) >= SHARED * len(set(shorter)) and len(shorter) > 3


def main() -> None:
    """Ask, judge, print and keep."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("project", type=Path, nargs="?", default=BENCH.parent / "demo")
    reader.add_argument("--flow", default="desk")
    given = reader.parse_args()
    if not given.project.is_dir():
        raise Missing(f"plait demo --dir {given.project}")
    questions: list[Question] = json.loads(QUESTIONS.read_bytes())
    judged, kept = [], []
    with plait.open(given.project) as app:
        for question in questions:
            start = time.perf_counter()
            answer = app.ask(given.flow, question["question"])
            judged.append(judge(question, answer, time.perf_counter() - start))
            kept.append(
                {
                    "id": question["id"],
                    "manner": answer.manner,
                    "text": answer.text,
                    "right": judged[-1].right,
                    "cited": judged[-1].cited,
                }
            )
    rates = measure(judged)
    for name, each in rates.items():
        print(
            f"{name:20} {each['value']:.3f}  95 % {each['low']:.3f} to {each['high']:.3f}"
            f"  of {each['n']:.0f} questions"
        )
    seconds = statistics.median(each.seconds for each in judged)
    print(f"{'median seconds':20} {seconds:.3f}")
    results = {
        "questions": digests(QUESTIONS)[QUESTIONS.name],
        "seed": SEED,
        "rates": rates,
        "median_seconds": seconds,
        "answers": kept,
    }
    keep("desk", results, ())


if __name__ == "__main__":
    start(main)
