"""MiniLM in 8 bits against float32, both by ONNX Runtime on one thread.

    PLAIT_DATA=FOLDER python bench/embed.py [--search int8 float32]

Both embed the same texts in turn, block by block, so that the machine's moods hit both alike. The
ratio is of medians of processor time over blocks, with a 95 % bootstrap interval. With
`retrieval/scifact.zip` under PLAIT_DATA the texts are its abstracts and titles, and nDCG@10 of its
300 test claims over all 5,183 documents is found for each that `--search` names, about 5 minutes
in 8 bits; otherwise the texts are built in. The figures go to bench/results/embed.json.
"""

import argparse
import ast
import csv
import io
import statistics
import tempfile
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from method import SEED, Floats, Missing, data, interval, keep, ratio
from plait.core.context import Context
from plait.engines.onnx import OnnxEmbedder
from plait.registry.pull import platform_cache
from plait.train.embedding import SENTENCES, measure_loss, pull_encoder

LIBRARIES = ("onnxruntime", "tokenizers", "onnx", "numpy")
BLOCKS, TEXTS = 12, 32


def scifact() -> zipfile.ZipFile:
    return zipfile.ZipFile(data("retrieval/scifact.zip"))


def table(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode())))


def speed(both: dict[str, OnnxEmbedder], texts: list[str]) -> dict[str, object]:
    """Embed the texts by each in turn."""
    blocks: dict[str, list[float]] = {name: [] for name in both}
    for at in range(-1, BLOCKS):
        for name, embedder in both.items():
            started = time.process_time()
            embedder.embed(texts, Context())
            if at >= 0:  # the first warms up
                blocks[name].append((time.process_time() - started) / len(texts))
    return {
        **{f"{name}_ms": round(1000 * statistics.median(b), 3) for name, b in blocks.items()},
        "float32 / int8": ratio(blocks["float32"], blocks["int8"]),
    }


def gains(embedder: OnnxEmbedder, archive: zipfile.ZipFile) -> Floats:
    """Return nDCG@10 of each claim, as trec_eval has it: gains 1, discount log2(rank + 1)."""
    documents = table(archive, "corpus_train.csv")
    claims: dict[str, set[str]] = {}
    for row in table(archive, "claims_validation.csv"):
        cited = set(row["cited_doc_ids"].strip("[]").split())
        claims.setdefault(row["claim"], set()).update(cited)
    vectors = np.array(embedder.embed([text_of(each) for each in documents], Context()))
    asked = np.array(embedder.embed(list(claims), Context()))
    numbers = [each["doc_id"] for each in documents]
    discount = 1 / np.log2(np.arange(2, 12))
    found = []
    for scores, cited in zip(asked @ vectors.T, claims.values(), strict=True):
        hits = [numbers[at] in cited for at in np.argsort(-scores, kind="stable")[:10]]
        found.append(discount[hits].sum() / discount[: len(cited)].sum())
    return np.array(found)


def text_of(document: dict[str, str]) -> str:
    """Return title and abstract; the abstract is written as numpy prints a list of sentences."""
    abstract = document["abstract"].replace("'\n '", "', '").replace("'\n \"", "', \"")
    abstract = abstract.replace("\"\n '", "\", '").replace('"\n "', '", "')
    return f"{document['title']} {' '.join(ast.literal_eval(abstract))}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ("int8", "float32")
    parser.add_argument("--search", nargs="*", choices=names, default=names)
    wanted = parser.parse_args().search
    archive = None
    texts = {"built in": list(SENTENCES)}
    with suppress(Missing):
        archive = scifact()
        documents = table(archive, "corpus_train.csv")
        texts = {
            "abstracts": [text_of(each) for each in documents[:TEXTS]],
            "titles": [each["title"] for each in documents[TEXTS : 2 * TEXTS]],
        }
    with tempfile.TemporaryDirectory() as scratch:
        both = {
            name: OnnxEmbedder(
                pull_encoder(
                    "minilm-l6", Path(scratch, name), cache=platform_cache(), int8=name == "int8"
                )
            )
            for name in names
        }
        found: dict[str, object] = {
            "model": "minilm-l6",
            "size_mb": {n: round(e.artefact.manifest.size / 1e6, 1) for n, e in both.items()},
        }
        for name, some in texts.items():
            loss = measure_loss(both["int8"], both["float32"], tuple(some))
            found[f"{name}, {loss.texts} texts"] = {
                **speed(both, some),
                "mean cosine": round(loss.mean, 5),
                "worst cosine": round(loss.worst, 5),
            }
        if archive:
            scores = {name: gains(both[name], archive) for name in wanted}
            found["SciFact nDCG@10"] = {name: interval(each) for name, each in scores.items()}
            if len(scores) == 2:
                found["SciFact nDCG@10, int8 - float32"] = interval(
                    scores["int8"] - scores["float32"]
                )
    found["seed"] = SEED
    found = keep("embed", found, LIBRARIES)
    for key, value in found.items():
        print(f"{key:34} {value}")


if __name__ == "__main__":
    main()
