"""An embedder that remembers vectors, for texts that come again and again."""

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from threading import Lock

from plait.core.columns import Column
from plait.core.context import Context
from plait.core.protocol import Embedder

MOST = 20_000
"""Vectors that are remembered: 30 MB of 384 numbers each."""


class MemoEmbedder:
    """Asks another embedder once per text; safe to share between threads.

    It keeps hashes of texts, not the texts: what is erased elsewhere cannot be read here.
    """

    def __init__(self, embedder: Embedder, *, most: int = MOST) -> None:
        """Remember at most `most` vectors; the one unused the longest goes first."""
        self._embedder = embedder
        self._most = most
        self._known: OrderedDict[bytes, Column] = OrderedDict()
        self._lock = Lock()

    def embed(self, texts: Sequence[str], context: Context) -> list[Column]:
        """Return one unit-length vector per text; raises as the other embedder does."""
        keys = [blake2b(text.encode(errors="replace"), digest_size=16).digest() for text in texts]
        with self._lock:
            found = {key: self._known[key] for key in keys if key in self._known}
            for key in found:
                self._known.move_to_end(key)
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if new:
            vectors = self._embedder.embed(list(new.values()), context)
            found |= zip(new, vectors, strict=True)
            with self._lock:
                self._known.update((key, found[key]) for key in new)
                while len(self._known) > self._most:
                    self._known.popitem(last=False)
        return [found[key] for key in keys]
