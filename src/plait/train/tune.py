"""The upper layers of a BERT sentence encoder, and a linear head, trained by torch.

The encoder's layout is that of `plait.train.bert`, which writes the same weights down as a graph.
The head starts as the logistic regression of the encoder's vectors as they were, and only then the
layers move: fewer epochs, and they stay nearer to what they knew of other texts (linear probing,
then fine-tuning: Kumar et al. 2022, arXiv:2202.10054).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.train.bert import Shape
from plait.train.bert import Weights as Encoder
from plait.train.head import Floats, Ints, Weights
from plait.train.seeded import Torch

Tensor: TypeAlias = Any  # torch is optional, so its types have no name here
Tokens: TypeAlias = Sequence[Sequence[int]]

EPOCHS, BATCH = 2, 32
MOST_STEPS = 2_000
"""Of 64,000 texts in all: a quarter of an hour of one core where they have ten words."""

RATE, HEAD_RATE, DECAY, DROPOUT = 2e-4, 2e-3, 0.01, 0.1
WARM_UP = 0.1
"""Share of the steps in which the rate rises; in the others it falls to nothing."""

MOST_NORM = 1.0
"""Of a step's gradient."""

_POOL = 50
"""So many batches are drawn at once and sorted by length, so that little is padding."""

STILL = 0.5
"""Share of the layers, from below, that stay as they are, as the tables do.

A step then takes two thirds of the time, and the upper layers carry most of the gain (Lee et al.
2019, arXiv:1911.03090).
"""


@dataclass(frozen=True, slots=True, eq=False)
class Tuned:
    """What was learned.

    Attributes:
        encoder: tensors as `BertModel` names them.
        head: linear, of the encoder's vectors.
    """

    encoder: Encoder
    head: Weights


class Tuning:
    """An encoder with its head, as torch trains them."""

    def __init__(self, torch: Torch, encoder: Encoder, shape: Shape, head: Weights) -> None:
        """Copy the weights.

        Args:
            torch: the library, as `torch_of` gives it.
            encoder: where it starts from.
            shape: the rest of the encoder.
            head: where it starts from; of two classes it gives the score of the second.

        Raises:
            KeyError: a tensor is missing, once it is needed.
        """
        self._torch = torch
        self._shape = shape
        self._still = int(STILL * shape.layers)
        self._layers = {name: torch.tensor(values) for name, values in encoder.items()}
        self._head = [
            torch.tensor(each, dtype=torch.float32) for each in (head.coefficients, head.intercept)
        ]

    def run(self, tokens: Tokens, target: Ints) -> Tuned:
        """Train on texts.

        Args:
            tokens: ids of each text, at least one.
            target: (n,) class indexes.
        """
        torch = self._torch
        moving = self._moving()
        optimiser = torch.optim.AdamW(moving)
        steps = min(MOST_STEPS, EPOCHS * -(-len(tokens) // BATCH))
        warm = max(1, int(WARM_UP * steps))
        rates = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda at: min((at + 1) / warm, (steps - at) / max(1, steps - warm))
        )
        every = [each for group in moving for each in group["params"]]
        truth = torch.from_numpy(target)
        epochs = chain.from_iterable(self._batches(tokens) for _ in range(EPOCHS))
        for part in islice(epochs, steps):
            optimiser.zero_grad()
            scores = self.scores([tokens[at] for at in part], drop=True)
            self._loss(scores, truth[part]).backward()
            torch.nn.utils.clip_grad_norm_(every, MOST_NORM)
            optimiser.step()
            rates.step()
        return self._tuned()

    def scores(self, tokens: Tokens, *, drop: bool) -> Tensor:
        """Return (n, k) scores of texts, k is 1 of two classes.

        Args:
            tokens: ids of each text.
            drop: whether some units are left out, as in training.
        """
        torch, functional = self._torch, self._torch.nn.functional
        lengths = torch.tensor([len(each) for each in tokens])
        ids = torch.zeros((len(tokens), int(lengths.max())), dtype=torch.int64)
        for row, each in enumerate(tokens):
            ids[row, : len(each)] = torch.tensor(each)
        seen = torch.arange(ids.shape[1])[None] < lengths[:, None]
        rate = DROPOUT if drop else 0.0
        with torch.no_grad():
            rows = self._embedded(ids)
            for number in range(self._still):
                rows = self._layer(number, rows, seen, 0.0)
        for number in range(self._still, self._shape.layers):
            rows = self._layer(number, rows, seen, rate)
        mean = (rows * seen[..., None]).sum(1) / lengths[:, None]
        coefficients, intercept = self._head
        return functional.normalize(mean, dim=1) @ coefficients.T + intercept

    def answers(self, tokens: Tokens) -> Floats:
        """Return (n, k) scores of texts, as they are outside of training."""
        order = np.argsort([len(each) for each in tokens], kind="stable")
        found = np.empty((len(tokens), len(self._head[1])))
        with self._torch.no_grad():
            for start in range(0, len(order), BATCH):
                part = order[start : start + BATCH]
                found[part] = self.scores([tokens[at] for at in part], drop=False).numpy()
        return found

    def _embedded(self, ids: Tensor) -> Tensor:
        layers = self._layers
        rows = layers["embeddings.word_embeddings.weight"][ids]
        rows = rows + layers["embeddings.position_embeddings.weight"][: ids.shape[1]]
        rows = rows + layers["embeddings.token_type_embeddings.weight"][0]
        return self._normal("embeddings.LayerNorm", rows)

    def _layer(self, number: int, rows: Tensor, seen: Tensor, rate: float) -> Tensor:
        functional, name = self._torch.nn.functional, f"encoder.layer.{number}"
        attended = self._dense(f"{name}.attention.output.dense", self._attend(name, rows, seen))
        attended = functional.dropout(attended, rate)
        rows = self._normal(f"{name}.attention.output.LayerNorm", attended + rows)
        inner = functional.gelu(self._dense(f"{name}.intermediate.dense", rows))
        outer = functional.dropout(self._dense(f"{name}.output.dense", inner), rate)
        return self._normal(f"{name}.output.LayerNorm", outer + rows)

    def _attend(self, name: str, rows: Tensor, seen: Tensor) -> Tensor:
        texts, length, width = rows.shape
        heads = self._shape.heads
        query, key, value = (
            self._dense(f"{name}.attention.self.{part}", rows)
            .view(texts, length, heads, width // heads)
            .transpose(1, 2)
            for part in ("query", "key", "value")
        )
        found = self._torch.nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=seen[:, None, None, :]
        )
        return found.transpose(1, 2).reshape(texts, length, width)

    def _dense(self, name: str, rows: Tensor) -> Tensor:
        layers = self._layers
        return self._torch.nn.functional.linear(
            rows, layers[f"{name}.weight"], layers[f"{name}.bias"]
        )

    def _normal(self, name: str, rows: Tensor) -> Tensor:
        weight, bias = (self._layers[f"{name}.{part}"] for part in ("weight", "bias"))
        return self._torch.nn.functional.layer_norm(
            rows, weight.shape, weight, bias, self._shape.epsilon
        )

    def _loss(self, scores: Tensor, truth: Tensor) -> Tensor:
        functional = self._torch.nn.functional
        if scores.shape[1] == 1:
            return functional.binary_cross_entropy_with_logits(scores[:, 0], truth.float())
        return functional.cross_entropy(scores, truth)

    def _moving(self) -> list[dict[str, Any]]:
        """Return what is trained, in groups with a rate and a decay each."""
        moving = tuple(f"encoder.layer.{at}." for at in range(self._still, self._shape.layers))
        layers = {
            name: each.requires_grad_()
            for name, each in self._layers.items()
            if name.startswith(moving)
        }
        still = {name for name in layers if name.endswith("bias") or "LayerNorm" in name}
        head = [each.requires_grad_() for each in self._head]
        return [
            {
                "params": [each for name, each in layers.items() if name not in still],
                "lr": RATE,
                "weight_decay": DECAY,
            },
            {"params": [layers[name] for name in sorted(still)], "lr": RATE, "weight_decay": 0.0},
            {"params": head, "lr": HEAD_RATE, "weight_decay": 0.0},
        ]

    def _batches(self, tokens: Tokens) -> list[NDArray[np.int64]]:
        """Return the texts of each step of an epoch: those of a batch have about one length."""
        order = self._torch.randperm(len(tokens)).numpy()
        lengths = np.array([len(each) for each in tokens])
        parts = []
        for start in range(0, len(order), BATCH * _POOL):
            pool = order[start : start + BATCH * _POOL]
            pool = pool[np.argsort(lengths[pool], kind="stable")]
            parts += [pool[at : at + BATCH] for at in range(0, len(pool), BATCH)]
        return [parts[at] for at in self._torch.randperm(len(parts)).tolist()]

    def _tuned(self) -> Tuned:
        encoder = {name: each.detach().numpy().copy() for name, each in self._layers.items()}
        coefficients, intercept = (each.detach().double().numpy() for each in self._head)
        return Tuned(encoder, Weights(coefficients, intercept))
