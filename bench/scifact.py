"""Search as plait does it, on SciFact: by words, by meaning, and both fused.

    PLAIT_DATA=FOLDER python bench/scifact.py [--store DIR]

The 5,183 abstracts go through `plait ingest` as Markdown files, the claims through `SearchTask`.
Weights are chosen on the training claims alone, and only then the 300 test claims are asked,
under the defaults that ship. nDCG@10 and recall@100 count documents; intervals are 95 % bootstraps
over claims, differences are paired. Making the vectors takes some 4 minutes of one core; --store
keeps them for another run. Without `retrieval/scifact.zip` under PLAIT_DATA nothing is done. The
figures go to bench/results/scifact.json; MiniLM in 8 bits against float32 is in embed.json.
"""

import argparse
import asyncio
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np

from embed import scifact, table, text_of
from method import SEED, Floats, digests, interval, keep, milliseconds, start
from plait.app.app import App
from plait.core.context import Context
from plait.core.request import SearchRequest
from plait.tasks.search.ingest import Report
from plait.tasks.search.task import Fusion, SearchTask

SETTINGS = """\
project: scifact
models: {minilm: {engine: onnx, weights: minilm-l6-int8}}
collections: {abstracts: {paths: ["abstracts/*.md"], embed: minilm, size: 4000}}
"""
LIBRARIES = ("tantivy", "faiss-cpu", "onnxruntime", "apsw", "numpy")
WEIGHTS = (0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5)
SMOOTH = (1.0, 2.0, 5.0, 10.0, 20.0, 60.0)
BARS = {"lexical": 0.685, "dense": 0.643}

Claims = dict[str, set[str]]


def claims_of(archive: zipfile.ZipFile, name: str) -> Claims:
    """Return each claim with the documents that it cites; BEIR's test claims are `validation`."""
    found: Claims = {}
    for row in table(archive, f"claims_{name}.csv"):
        cited = set(row["cited_doc_ids"].strip("[]").split())
        found.setdefault(row["claim"], set()).update(cited)
    return {claim: cited for claim, cited in found.items() if cited}


def write_project(folder: Path, archive: zipfile.ZipFile) -> None:
    (folder / "abstracts").mkdir(parents=True, exist_ok=True)
    (folder / "plait.yaml").write_text(SETTINGS)
    for row in table(archive, "corpus_train.csv"):
        abstract = text_of(row).removeprefix(row["title"]).strip()
        text = f"# {row['title']}\n\n{abstract}\n"
        (folder / "abstracts" / f"{row['doc_id']}.md").write_text(text)


def taken_in(app: App) -> dict[str, object]:
    """Take the documents in; say how fast, if they were new."""
    app.collections.embedder("abstracts")  # made outside of the time
    started, used = time.perf_counter(), time.process_time()
    report: Report = app.collections.ingest("abstracts")
    assert not report.failed, report.failed
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    fresh = sum(each.outcome == "added" for each in report.documents)
    count = len(report.documents)
    found: dict[str, object] = {
        "documents": count,
        "passages": sum(each.passages for each in report.documents),
    }
    name = "ingest" if fresh == count else "ingest, nothing new"
    found[name] = {
        "documents per second": round(count / seconds, 1),
        "documents per second of processor time": round(count / cpu, 1),
    }
    return found


def ranked(task: SearchTask, claims: Claims, top: int) -> list[list[str]]:
    """Return the documents found for each claim, the best first."""

    async def ask() -> list[list[str]]:
        found = []
        for claim in claims:
            request = SearchRequest(collection="abstracts", query=claim, top=top)
            passages = (await task.run(request, Context())).passages
            names = (Path(each.name).stem for each in passages)
            found.append(list(dict.fromkeys(names)))
        return found

    return asyncio.run(ask())


def gains(found: list[list[str]], claims: Claims) -> Floats:
    """Return nDCG@10 of each claim, as trec_eval has it: gains 1, discount log2(rank + 1)."""
    discount = 1 / np.log2(np.arange(2, 12))
    scores = []
    for documents, cited in zip(found, claims.values(), strict=True):
        hits = [each in cited for each in documents[:10]]
        scores.append(discount[: len(hits)][hits].sum() / discount[: len(cited)].sum())
    return np.array(scores)


def recalls(found: list[list[str]], claims: Claims) -> Floats:
    pairs = zip(found, claims.values(), strict=True)
    return np.array([len(cited & set(documents[:100])) / len(cited) for documents, cited in pairs])


def task_of(app: App, fusion: Fusion) -> SearchTask:
    task = app.collections.task("abstracts")
    return SearchTask("abstracts", app.store, task.index_of, task.encoder_of, fusion=fusion)


def chosen(app: App, claims: Claims) -> tuple[dict[str, float], dict[str, float]]:
    """Return nDCG@10 on the training claims of every weight and k, and the best of them."""
    legs = [
        ranked(task_of(app, fusion), claims, 100)
        for fusion in (Fusion(dense=0.0), Fusion(lexical=0.0))
    ]
    scores: dict[str, float] = {}
    best, best_score = {}, 0.0
    for weight in WEIGHTS:
        for k in SMOOTH:
            fusion = Fusion(lexical=1.0, dense=weight, k=k)
            found = []
            for lexical, dense in zip(*legs, strict=True):
                names = list(dict.fromkeys(lexical + dense))
                number = {name: at for at, name in enumerate(names)}
                rankings = [[(number[name], 0.0) for name in leg] for leg in (lexical, dense)]
                found.append([names[at] for at, _ in fusion.fuse(*rankings)])
            score = float(gains(found, claims).mean())
            scores[f"dense {weight}, k {k:g}"] = round(score, 4)
            if score > best_score:
                best_score, best = score, {"dense": weight, "k": k}
    for name, leg in zip(("lexical", "dense"), legs, strict=True):
        scores[name] = round(float(gains(leg, claims).mean()), 4)
    return scores, best


def tested(app: App, claims: Claims) -> dict[str, object]:
    """Ask the test claims three ways, and compare claim by claim."""
    runs = {"lexical": Fusion(dense=0.0), "dense": Fusion(lexical=0.0), "fused": Fusion()}
    found: dict[str, object] = {}
    scores = {}
    for name, fusion in runs.items():
        task = task_of(app, fusion)
        scores[name] = gains(ranked(task, claims, 10), claims)
        found[f"{name} nDCG@10"] = interval(scores[name])
        found[f"{name} recall@100"] = interval(recalls(ranked(task, claims, 100), claims))
    for name in ("lexical", "dense"):
        found[f"nDCG@10, fused - {name}"] = interval(scores["fused"] - scores[name])
    return found


def timed(app: App, claims: Claims) -> dict[str, object]:
    """Ask every claim once more, one after the other; the first ones have warmed up."""
    task = app.collections.task("abstracts")
    stages: dict[str, list[float]] = {}

    async def ask() -> None:
        for claim in claims:
            context = Context()
            request = SearchRequest(collection="abstracts", query=claim, top=8)
            started = time.perf_counter()
            await task.run(request, context)
            stages.setdefault("whole", []).append(time.perf_counter() - started)
            for name, seconds in context.trace.seconds().items():
                stages.setdefault(name, []).append(seconds)

    asyncio.run(ask())
    return {name: milliseconds(taken, 50, 95) for name, taken in stages.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=Path, help="keep the project here")
    folder = parser.parse_args().store
    archive = scifact()
    with tempfile.TemporaryDirectory() as scratch:
        folder = folder or Path(scratch)
        write_project(folder, archive)
        with App.open(folder) as app:
            found = taken_in(app)
            train = claims_of(archive, "train")
            scores, best = chosen(app, train)
            used = Fusion()
            found[f"{len(train)} training claims, nDCG@10"] = scores
            found["best on the training claims"] = best
            found["defaults"] = {"dense": used.dense, "k": used.k, "depth": used.depth}
            test = claims_of(archive, "validation")
            found["test claims"] = len(test)
            found.update(tested(app, test))
            found["search"] = timed(app, test)
    found["bars"] = BARS
    found["data"] = digests(Path(str(archive.filename)))
    found["seed"] = SEED
    found = keep("scifact", found, LIBRARIES)
    for key, value in found.items():
        if isinstance(value, dict) and key.endswith("nDCG@10") and "training" in key:
            top = sorted(value.items(), key=lambda each: -each[1])[:5]
            print(f"{key:34} {dict(top)}, {value['lexical']=}, {value['dense']=}")
        else:
            print(f"{key:34} {value}")


if __name__ == "__main__":
    start(main)
