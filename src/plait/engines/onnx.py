"""Artefacts whose model is an ONNX graph from tokens to one vector per text.

The graph takes `(texts, tokens)` int64 ids, none of them padding, and gives `(texts, width)`
float32 vectors of length 1. Pooling and scaling are inside it: no two readers can differ in them.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import TypeAlias
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Artefact
from plait.core.context import Context
from plait.core.errors import EngineError
from plait.core.extras import missing
from plait.engines.base import damaged, read_bytes

Vectors: TypeAlias = NDArray[np.float32]
Run: TypeAlias = Callable[[NDArray[np.int64]], Vectors]
Tokenise: TypeAlias = Callable[[str], list[int]]

MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"

MOST_CHARACTERS = 32_768
"""What a text has beyond these is not read: 128 a token, where English has about 4."""

RUN_TOKENS = 256
"""Most tokens of a run of several texts. Measured on one core: beyond, each alone is as fast."""


class OnnxEmbedder:
    """Turns texts into vectors; safe to share between threads, each call on its caller's.

    A text's vector does not depend on the texts it comes with: only texts of one length share a
    run, so nothing is padded, and the int8 graphs of `plait.train.bert` scale each token by itself.
    Alone and in company they agree within 1e-6. Another processor or release of ONNX Runtime may
    round otherwise: float32 vectors then differ in their last digits, int8 ones visibly (with every
    normalisation moved by one last digit, cosines were 0.9996 on average and 0.998 at worst).

    Attributes:
        artefact: what it runs.
        width: numbers per vector.
        max_tokens: tokens of a text that are read, its two special ones included.
    """

    def __init__(self, artefact: Artefact, *, threads: int = 1) -> None:
        """Load the graph and the tokenizer of `artefact`; raises as `load` does."""
        self.artefact = artefact
        self._tokenise, self.max_tokens = load_tokenizer(artefact.folder / TOKENIZER)
        self._graph = _shared_graph(artefact.folder / MODEL, threads)
        self._run, self.width = self._graph.run, self._graph.width

    def embed(self, texts: Sequence[str], context: Context) -> list[Vectors]:
        """Return one unit-length vector per text, `(width,)` each; all are rows of one matrix.

        A text is cut after `max_tokens` tokens. Control characters and lone surrogates are left
        out; an empty text has a vector as well.

        Raises:
            Cancelled, BudgetExceeded: nobody waits any more; looked at before each run.
            EngineError: `engine_failed`, when the graph does not know a token.
        """
        lengths: dict[int, list[int]] = defaultdict(list)
        tokens = []
        for at, text in enumerate(texts):
            context.check()
            tokens.append(self._tokenise(text))
            lengths[len(tokens[at])].append(at)
        vectors = np.empty((len(texts), self.width), dtype=np.float32)
        for length, places in sorted(lengths.items()):
            step = max(1, RUN_TOKENS // length)
            for start in range(0, len(places), step):
                context.check()
                part = places[start : start + step]
                vectors[part] = self._run(np.array([tokens[at] for at in part], dtype=np.int64))
        return list(vectors)

    def count(self, texts: Sequence[str]) -> int:
        """Return how many tokens of these texts are read, the special ones included."""
        return sum(len(self._tokenise(text)) for text in texts)


def load(artefact: Artefact) -> OnnxEmbedder:
    """Return what runs `artefact`, on the caller's thread alone.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read or is not what it should be.
        MissingExtra: ONNX Runtime or tokenizers is not installed.
    """
    return OnnxEmbedder(artefact)


def load_tokenizer(path: Path) -> tuple[Tokenise, int]:
    """Return what makes ids of a text, and the most it makes."""
    try:
        tokenizers = import_module("tokenizers")
    except ImportError:
        raise missing("tokenizers") from None
    content = read_bytes(path)
    try:
        tokenizer = tokenizers.Tokenizer.from_str(content.decode())
    except Exception as error:  # the library raises nothing narrower
        raise damaged(path, f"it is no tokenizer: {error}") from error
    if tokenizer.truncation is None or tokenizer.padding is not None:
        raise damaged(path, "it does not cut texts, or it pads them")

    def tokenise(text: str) -> list[int]:
        # One text at a time: the library's batches start threads of their own.
        readable = text[:MOST_CHARACTERS].encode(errors="ignore").decode()
        ids: list[int] = tokenizer.encode(readable).ids
        return ids

    if not tokenise(""):
        raise damaged(path, "it marks neither start nor end, so that an empty text has no token")
    return tokenise, tokenizer.truncation["max_length"]


class _Graph:
    """A graph that is loaded: what runs it, and the width of its vectors."""

    def __init__(self, run: Run, width: int) -> None:
        self.run = run
        self.width = width


_graphs: WeakValueDictionary[tuple[str, int], _Graph] = WeakValueDictionary()
_loading = Lock()


def _shared_graph(path: Path, threads: int) -> _Graph:
    """Return the graph, loaded once for all artefacts that hold the same bytes of it."""
    try:
        onnxruntime = import_module("onnxruntime")
    except ImportError:
        raise missing("onnxruntime") from None
    content = read_bytes(path)
    key = hashlib.sha256(content).hexdigest(), threads
    with _loading:
        graph = _graphs.get(key)
        if graph is None:
            graph = _graphs[key] = _load_graph(onnxruntime, path, content, threads)
    return graph


def _load_graph(onnxruntime: ModuleType, path: Path, content: bytes, threads: int) -> _Graph:
    """Load a graph; the path is for errors."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library's exceptions have no other base
        raise damaged(path, f"ONNX Runtime does not load it: {error}") from error
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if [len(each.shape) for each in (*inputs, *outputs)] != [2, 2]:
        raise damaged(path, "it does not turn one table of tokens into one of vectors")
    name, width = inputs[0].name, outputs[0].shape[1]

    def run(ids: NDArray[np.int64]) -> Vectors:
        try:
            vectors: Vectors = session.run(None, {name: ids})[0]
        except Exception as error:  # the library's exceptions have no other base
            raise EngineError(
                "engine_failed",
                f"ONNX Runtime: {error}",
                where=str(path),
                hint="the tokenizer and the graph must be of one model: make the artefact again",
            ) from error
        return vectors

    return _Graph(run, width)
