"""How probable each of some labels is as a language model's answer, by llama.cpp.

The model writes a label token by token, and at each place may write only what leads to a label
(constrained decoding). The probability of a label is the product of its tokens' under that
constraint, so those of all labels sum to 1. A place where one token is possible asks nothing, and
labels that share less than 1 % share it alike: of a hundred labels a few questions remain.
"""

import http.client
import json
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias
from weakref import WeakValueDictionary, finalize

import numpy as np
from numpy.typing import NDArray

from plait.core.errors import EngineError
from plait.core.extras import installed, missing
from plait.core.ids import Json
from plait.engines.child import Child
from plait.engines.device import cores

Floats: TypeAlias = NDArray[np.float64]
Tokens: TypeAlias = tuple[int, ...]

CONTEXT_TOKENS = 4096
"""Most that the instruction, a text and a label can have together."""

MOST_TEXT_TOKENS = 256
"""Of a text no more is read, as by the sentence encoder."""

_NEGLIGIBLE = math.log(0.01)
_LEAST = 1e-12
_BIAS = 100.0  # far above any difference between tokens
_SECONDS = 600.0
_DEATH_SECONDS = 1.0
_SHOWN = 300
_TOLD = "\N{REPLACEMENT CHARACTER}"  # stands for what the model is told
_MARK = "\N{OBJECT REPLACEMENT CHARACTER}"  # stands for the text


class Labeller:
    """Scores texts; safe to share between threads, which then wait for each other.

    Attributes:
        words: the labels, all different.
    """

    def __init__(
        self, weights: Path, *, sha256: str, instruction: str, words: Sequence[str]
    ) -> None:
        """Start nothing yet.

        Args:
            weights: a GGUF file of a model that follows instructions.
            sha256: of the file; labellers of one file share one process.
            instruction: what the model is told to do with a text.
            words: the labels, all different.

        Raises:
            MissingExtra: xllamacpp is not installed.
        """
        if not installed("xllamacpp"):
            raise missing("xllamacpp")
        self.words = tuple(words)
        self._server = _server(weights, sha256)
        self._instruction = instruction
        self._asked: _Asked | None = None

    def score(self, text: str) -> Floats:
        """Return the (k,) log-probabilities of the labels as the answer to a text.

        Raises:
            EngineError: `engine_failed`, when the model does not load or does not take the request;
                `engine_stopped`, when its process died meanwhile: the next call starts another.
        """
        with self._server.lock:
            if self._asked is None:
                self._asked = self._prepare()
            asked = self._asked
            read = self._server.tokens(text, special=False)[:MOST_TEXT_TOKENS]
            self._server.forget_after(asked.before)
            return self._labels((*asked.before, *read, *asked.after), asked)

    def _labels(self, prompt: Tokens, asked: "_Asked") -> Floats:
        """Walk the tree of the labels' tokens."""
        found = np.empty(len(self.words))
        open_ = [(tuple(range(len(self.words))), 0, 0.0)]
        while open_:
            labels, depth, log = open_.pop()
            if len(labels) == 1 or log < _NEGLIGIBLE:
                found[list(labels)] = log - math.log(len(labels))
                continue
            branches: dict[int, list[int]] = {}
            for label in labels:
                branches.setdefault(asked.labels[label][depth], []).append(label)
            if len(branches) == 1:
                open_.append((labels, depth + 1, log))
                continue
            said = asked.labels[labels[0]][:depth]
            shares = self._server.shares((*prompt, *said), tuple(branches))
            for token, group in branches.items():
                open_.append((tuple(group), depth + 1, log + math.log(shares[token])))
        return found

    def _prepare(self) -> "_Asked":
        """Return what surrounds a text, and the labels, as tokens."""
        server = self._server
        turn = [{"role": "system", "content": _TOLD}, {"role": "user", "content": _MARK}]
        start, told, rest = server.prompt(turn).partition(_TOLD)
        between, mark, after = rest.partition(_MARK)
        said = [*turn, {"role": "assistant", "content": _MARK + _MARK}, turn[1]]
        _, ended, end = server.prompt(said).partition(_MARK + _MARK)
        if not told or not mark or not ended:
            raise server.error("its chat template leaves out what it is given")
        stop = server.tokens(end, special=True)[:1]
        if not stop:
            raise server.error("its chat template does not say where an answer ends")
        labels = tuple((*server.tokens(word, special=False), *stop) for word in self.words)
        if len(set(labels)) < len(labels):
            raise server.error("it cannot tell two of the levels apart")
        return _Asked(
            before=(
                *server.tokens(start, special=True, start=True),
                *server.tokens(self._instruction, special=False),
                *server.tokens(between, special=True),
            ),
            after=server.tokens(after, special=True),
            labels=labels,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A question as tokens: what stands before and after the text, and the possible answers."""

    before: Tokens
    after: Tokens
    labels: tuple[Tokens, ...]


class _Server:
    """A llama.cpp process of one file; it ends with the last labeller that asks it.

    Attributes:
        weights: the file.
        lock: who asks several things in a row holds it, for the process remembers.
    """

    def __init__(self, weights: Path) -> None:
        self.lock = Lock()
        self._where = weights.name
        self.weights = weights
        self._key = secrets.token_urlsafe(32)  # nobody else on this machine may ask it
        order: dict[str, Json] = {
            "weights": str(weights.absolute()),
            "context_tokens": CONTEXT_TOKENS,
            "slots": 1,
            "threads": max(1, cores() // 2),  # they wait by turning, so that all would stand still
            "device": "cpu",
            "key": self._key,
        }
        self._child = Child(("-m", "plait.engines.llamacpp_child"), order, where=self._where)
        self._remembered: Tokens = ()
        finalize(self, self._child.close)

    def prompt(self, messages: Sequence[Mapping[str, Json]]) -> str:
        """Return a conversation as the model was taught to read it."""
        return str(self._post("/apply-template", {"messages": list(messages)})["prompt"])

    def tokens(self, text: str, *, special: bool, start: bool = False) -> Tokens:
        """Return the tokens of a text.

        Args:
            text: to read.
            special: whether it may hold the marks of a conversation; a caller's may not.
            start: whether it begins one.
        """
        body: dict[str, Json] = {"content": text, "parse_special": special, "add_special": start}
        return tuple(map(int, self._post("/tokenize", body)["tokens"]))

    def forget_after(self, start: Tokens) -> None:
        """Have the model remember this start of a prompt, and nothing behind it.

        What it remembers it does not read again, and numbers differ in their last digits by how
        much is read at once. So that they do not depend on what was asked before, every text is
        read from the same place on.
        """
        same = start == self._remembered
        self._remembered = ()
        self._ask((*start, start[0]), cache_prompt=same)
        self._remembered = start

    def shares(self, prompt: Tokens, allowed: Tokens) -> Mapping[int, float]:
        """Return how probable each of the tokens allowed is as the next one; they sum to 1."""
        bias: list[Json] = [[token, _BIAS] for token in allowed]
        answer = self._ask(
            prompt,
            n_probs=len(allowed),
            post_sampling_probs=True,
            logit_bias=bias,
            samplers=["temperature"],
            temperature=1.0,
            cache_prompt=True,
        )
        (place,) = answer["completion_probabilities"]
        found = {int(each["id"]): float(each["prob"]) for each in place["top_probs"]}
        shares = {token: max(found.get(token, 0.0), _LEAST) for token in allowed}
        total = sum(shares.values())
        return {token: share / total for token, share in shares.items()}

    def _ask(self, prompt: Tokens, **how: Json) -> dict[str, Any]:
        body: dict[str, Json] = {"prompt": list(prompt), "n_predict": 1, "seed": 1}
        body.update(how)
        return self._post("/completion", body)

    def _post(self, path: str, body: Mapping[str, Json]) -> dict[str, Any]:
        if not self.weights.is_file() and self._child.pid is None:
            raise self.error("the file is not there")
        running = self._child.running().result()
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        host = running.address.partition("//")[2]
        connection = http.client.HTTPConnection(host, timeout=_SECONDS)
        try:
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            status, content = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            died = running.died(_DEATH_SECONDS)
            hint = "ask again: it is started anew"
            raise EngineError(
                "engine_stopped", died or f"no answer: {error}", where=self._where, hint=hint
            ) from error
        finally:
            connection.close()
        if status != http.client.OK:
            said = content[:_SHOWN].decode(errors="replace")
            raise self.error(f"llama.cpp answers {status}: {said}")
        self._child.served()
        found: dict[str, Any] = json.loads(content)
        return found

    def error(self, reason: str) -> EngineError:
        """Return the error that says why the model cannot be asked."""
        hint = "see whether the weights are of a chat model, and whether they fit in memory"
        return EngineError("engine_failed", reason, where=self._where, hint=hint)


_servers: WeakValueDictionary[str, _Server] = WeakValueDictionary()
_making = Lock()


def _server(weights: Path, sha256: str) -> _Server:
    with _making:
        found = _servers.get(sha256)
        if found is None or not found.weights.is_file():  # an artefact's folder may be gone
            found = _servers[sha256] = _Server(weights)
        return found
