"""A sentence encoder as it is published becomes an artefact, in 8 bits, and its loss is measured.

Made once, in seconds. The artefact's bytes are a function of the weights; the loss is measured on
this machine and therefore lies beside it, not in it.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from plait.core.artefact import Artefact, Manifest
from plait.core.context import Context
from plait.core.protocol import Embedder
from plait.core.schema import Field, Schema
from plait.engines.base import damaged, json_bytes, read_bytes, read_json, reading, write_artefact
from plait.engines.onnx import MODEL, TOKENIZER, OnnxEmbedder
from plait.registry.catalogue import find_row
from plait.registry.origin import Report
from plait.registry.pull import pull
from plait.train.bert import Shape, Weights, bert_graph, read_weights

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
LENGTHS = "sentence_bert_config.json"

SENTENCES = (
    "",
    "loan",
    "Hello, how are you today?",
    "what is my balance",
    "I want to close my account, please.",
    "How long does it take until a mortgage is approved?",
    "Why was my application declined although my income has doubled since last year?",
    "The annual percentage rate is 7.25 % on amounts from 5,000 to 75,000 dollars.",
    "Self-employed applicants must provide two years of tax returns and a profit statement.",
    "A payment that is more than 90 days late is reported to the credit bureaus.",
    "No prepayment penalty applies to loans originated after January 1, 2019.",
    "def area(radius): return 3.14159 * radius ** 2",
    "SELECT name, COUNT(*) FROM orders GROUP BY name HAVING COUNT(*) > 3;",
    "Die Zinsen sind im letzten Quartal gestiegen.",
    "In mice, deletion of the receptor reduced infarct size by 41 % (p < 0.01).",
    "The quick brown fox jumps over the lazy dog.",
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age "
    "of foolishness, it was the epoch of belief, it was the epoch of incredulity.",
    "The debt-to-income ratio compares what an applicant owes each month with what the applicant "
    "earns. Lenders count rent or mortgage, car loans, student loans and the least payment on each "
    "card, and divide the sum by gross monthly income. A ratio of 36 % or less is usually seen as "
    "sound; above 43 % most lenders ask for a larger down payment, a second signature, or reasons "
    "why the next years will differ from the last. The ratio says nothing about savings, and two "
    "households with the same one may stand very differently when a job is lost.",
)
"""What the loss of 8 bits is measured on: from nothing to a paragraph, prose, code and numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """How far one embedder's vectors are from another's.

    Attributes:
        mean: of the cosines between the two vectors of each text; 1 is no loss.
        worst: the least of these cosines.
        texts: how many were embedded.
    """

    mean: float
    worst: float
    texts: int


@dataclass(frozen=True, slots=True)
class Made:
    """An encoder in 8 bits, and what that cost."""

    artefact: Artefact
    loss: Loss


def pull_encoder(
    name: str, folder: Path, *, cache: Path, int8: bool = True, progress: Report | None = None
) -> Artefact:
    """Pull an encoder of the catalogue, such as `minilm-l6`, and make its artefact in `folder`.

    Args:
        name: of a catalogue row with the weights of a BERT sentence encoder.
        folder: made when it does not exist.
        cache: the folder of pulled rows.
        int8: whether to go down to 8 bits.
        progress: told how far the pull is.

    Raises:
        UnknownName, OriginError, StoreError: as `plait.registry.pull.pull`.
        EngineError, MissingExtra: as `make_encoder`.
    """
    row = find_row(name)
    pulled = pull(name, cache, progress=progress)
    digest = row.files[WEIGHTS].sha256
    origin = f"plait.train {version('plait')} from {row.origins[0]}, {WEIGHTS} sha256:{digest}"
    return make_encoder(pulled.folder, folder, origin=origin, licence=row.licence, int8=int8)


def make_encoder(
    source: Path,
    folder: Path,
    *,
    origin: str,
    licence: str,
    int8: bool = True,
    weights: Weights | None = None,
) -> Artefact:
    """Make the artefact of a BERT sentence encoder with mean pooling; the same bytes every time.

    Args:
        source: holds `config.json`, `sentence_bert_config.json`, `tokenizer.json` and
            `model.safetensors` as sentence-transformers publishes them.
        folder: made when it does not exist.
        origin: where the weights came from.
        licence: of the weights.
        int8: whether to go down to 8 bits, a quarter of the size.
        weights: others of the same names and shapes, as they are after more training; None takes
            those of `source`.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read or contradicts the others;
            `artefact_format`, when the encoder is of another make.
        MissingExtra: onnx is not installed.
    """
    with whole(source):
        published, shape = read_bert(source)
        model = bert_graph(published if weights is None else weights, shape, int8=int8)
    manifest = Manifest(
        engine="onnx",
        task="search",
        input=Schema((Field(name="text", kind="text"),)),
        output=Schema((Field(name="embedding", kind="number"),)),
        origin=origin,
        licence=licence,
    )
    return write_artefact(folder, manifest, {MODEL: model, TOKENIZER: _tokenizer(source)})


def read_bert(source: Path) -> tuple[Weights, Shape]:
    """Return the weights that are published in `source`, and the rest of the model.

    Raises:
        EngineError: as `make_encoder`.
        OSError, KeyError, TypeError, ValueError: within `whole`, which names the file.
    """
    return read_weights(source / WEIGHTS), Shape.read(read_json(source / CONFIG))


@contextmanager
def whole(source: Path) -> Iterator[None]:
    """Turn what goes wrong with the weights in `source` into `artefact_damaged`."""
    try:
        yield
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise damaged(source / WEIGHTS, f"it lacks or mistakes a part: {error}") from error


def make_with_loss(name: str, folder: Path, *, cache: Path, progress: Report | None = None) -> Made:
    """Make the artefact in 8 bits and measure what it lost; raises as `pull_encoder` does."""
    artefact = pull_encoder(name, folder, cache=cache, progress=progress)
    with TemporaryDirectory() as scratch:
        exact = pull_encoder(name, Path(scratch), cache=cache, int8=False)
        loss = measure_loss(OnnxEmbedder(artefact), OnnxEmbedder(exact))
    return Made(artefact, loss)


def measure_loss(embedder: Embedder, exact: Embedder, texts: tuple[str, ...] = SENTENCES) -> Loss:
    """Return how far the vectors of `embedder` are from those of `exact`."""
    found, wanted = (
        np.array(each.embed(texts, Context()), dtype=np.float64) for each in (embedder, exact)
    )
    cosines = (found * wanted).sum(axis=1)
    return Loss(mean=float(cosines.mean()), worst=float(cosines.min()), texts=len(texts))


def _tokenizer(source: Path) -> bytes:
    """Return the tokenizer, told to cut where the encoder was trained to, and to pad nothing.

    As published it cuts and pads for its maker's own benchmark.
    """
    lengths, tokenizer = read_json(source / LENGTHS), source / TOKENIZER
    with reading(tokenizer):
        record = json.loads(read_bytes(tokenizer))
        record["truncation"] = {
            "direction": "Right",
            "max_length": int(str(lengths["max_seq_length"])),
            "strategy": "LongestFirst",
            "stride": 0,
        }
        record["padding"] = None
    return json_bytes(record)
