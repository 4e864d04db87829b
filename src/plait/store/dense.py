"""Search by meaning: one bit per number of a vector for every passage, scanned whole.

A scan of a million passages of 384 bits takes milliseconds and overlooks nothing, so there is no
graph to decay. The nearest by bits are measured again by their vectors of 8 bits, which stay in the
store. In memory a passage takes one bit per number and 16 bytes.
"""

import json
import os
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from plait.core.columns import Column
from plait.core.extras import missing
from plait.store.base import Code, Head

FILE = "dense-1"  # another number whenever its layout changes: an old file is left alone
Row: TypeAlias = tuple[int, int, Code]
Hit: TypeAlias = tuple[int, float]
_Numbers: TypeAlias = NDArray[np.int64]
_Bits: TypeAlias = NDArray[np.uint8]


class DenseIndex:
    """The vectors of a collection by one model, up to one change. It never changes itself.

    Attributes:
        model: id of the artefact that made the vectors.
        head: the change up to which it knows everything.
        numbers: of the passages, in order.
    """

    def __init__(
        self,
        model: str,
        head: Head = (0, 0),
        numbers: _Numbers | None = None,
        documents: _Numbers | None = None,
        bits: _Bits | None = None,
    ) -> None:
        """Build it; without passages it is empty.

        Args:
            model: id of the artefact that made the vectors.
            head: the change up to which it knows everything.
            numbers: of the passages, rising.
            documents: the number of the document of each.
            bits: `(passages, bytes)`, the signs of each vector.

        Raises:
            MissingExtra: faiss is not installed.
        """
        try:
            self._faiss: Any = import_module("faiss")
        except ImportError:
            raise missing("faiss") from None
        self.model = model
        self.head = head
        self.numbers: _Numbers = np.empty(0, np.int64) if numbers is None else numbers
        self._documents: _Numbers = np.empty(0, np.int64) if documents is None else documents
        self._bits: _Bits = np.empty((0, 0), np.uint8) if bits is None else bits
        self._index: Any = None
        if len(self.numbers):
            self._index = self._faiss.IndexBinaryFlat(8 * self._bits.shape[1])
            self._index.add(np.ascontiguousarray(self._bits))

    def changed(
        self, removed: Iterable[tuple[int, int]], added: Sequence[Row], head: Head
    ) -> "DenseIndex":
        """Return the index after passages went and came.

        Args:
            removed: first and last number of each stretch of passages that went.
            added: passage, document and vector of those that came, by rising numbers.
            head: the change that this brings the index to.
        """
        stays = np.ones(len(self.numbers), dtype=bool)
        for first, last in removed:
            low, high = np.searchsorted(self.numbers, [first, last + 1])
            stays[low:high] = False
        numbers, documents, bits = self.numbers[stays], self._documents[stays], self._bits[stays]
        if added:
            codes = np.frombuffer(b"".join(code for _, _, (_, code) in added), dtype=np.int8)
            signs = np.packbits(codes.reshape(len(added), -1) > 0, axis=1)
            numbers = np.append(numbers, [number for number, _, _ in added])
            documents = np.append(documents, [document for _, document, _ in added])
            bits = np.concatenate((bits, signs)) if len(bits) else signs
        return DenseIndex(self.model, head, numbers, documents, bits)

    def near(self, vector: Column, top: int, within: Collection[int] | None = None) -> list[int]:
        """Return the numbers of the passages whose bits agree most, the nearest first.

        Args:
            vector: of the question, as wide as those of the passages.
            top: how many at most.
            within: numbers of the documents to look in; None for all.
        """
        if self._index is None:
            return []
        asked = np.packbits(np.asarray(vector) > 0)[np.newaxis]
        top, options = min(top, len(self.numbers)), None
        if within is not None:
            allowed = np.isin(self._documents, np.fromiter(within, np.int64, len(within)))
            if not (top := min(top, int(allowed.sum()))):
                return []
            chosen = self._faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
            options = self._faiss.SearchParameters(sel=chosen)
        self._faiss.omp_set_num_threads(1)  # of the calling thread; a team costs more than it helps
        _, found = self._index.search(asked, top, params=options)
        return [int(number) for number in self.numbers[found[0][found[0] >= 0]]]

    def write(self, folder: Path) -> None:
        """Keep it below `folder`, in one step, for whoever opens it next."""
        body = self.numbers.tobytes() + self._documents.tobytes() + self._bits.tobytes()
        about = {
            "model": self.model,
            "head": self.head,
            "count": len(self.numbers),
            "check": zlib.crc32(body),
        }
        fresh = folder / f"{FILE}.{uuid4().hex}"
        try:
            fresh.write_bytes(json.dumps(about).encode() + b"\n" + body)
            os.replace(fresh, folder / FILE)
        finally:
            fresh.unlink(missing_ok=True)

    @classmethod
    def read(cls, folder: Path, model: str) -> "DenseIndex":
        """Return what `write` kept; an empty one if that is lost, damaged, or another model's."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            head, _, body = (folder / FILE).read_bytes().partition(b"\n")
            about = json.loads(head)
            if about["model"] == model and about["check"] == zlib.crc32(body):
                count, (seq, mark) = about["count"], about["head"]
                if not count:
                    return cls(model, (seq, mark))
                numbers, documents = np.frombuffer(body, np.int64, 2 * count).reshape(2, count)
                bits = np.frombuffer(body, np.uint8, offset=16 * count)
                return cls(model, (seq, mark), numbers, documents, bits.reshape(count, -1))
        return cls(model)


def encode(vector: Column) -> Code:
    """Return a vector in 8 bits: the largest of its numbers becomes 127 or -127."""
    exact = np.asarray(vector, dtype=np.float64)
    scale = float(np.abs(exact).max(initial=0.0)) / 127 or 1.0
    return scale, np.rint(exact / scale).astype(np.int8).tobytes()


def measure(vector: Column, codes: Mapping[int, Code]) -> list[Hit]:
    """Return number and inner product with `vector` of each, the largest first."""
    if not codes:
        return []
    table = np.frombuffer(b"".join(code for _, code in codes.values()), dtype=np.int8)
    scales = np.array([scale for scale, _ in codes.values()])
    exact = np.asarray(vector, dtype=np.float32)
    scores = table.reshape(len(codes), -1).astype(np.float32) @ exact * scales
    return sorted(zip(codes, scores.tolist(), strict=True), key=lambda hit: (-hit[1], hit[0]))
