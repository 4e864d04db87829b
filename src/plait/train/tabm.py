"""The deep candidate: TabM-mini (arXiv:2410.24210), trained by torch and run without it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.array_file import array_bytes
from plait.engines.base import json_bytes
from plait.engines.encode import Encoder, Matrix
from plait.engines.network import MODEL, WEIGHTS, Network, Shape, Weights, flat
from plait.engines.pipeline import Code, NumberCode
from plait.train.base import export, inner_folds
from plait.train.code import pipeline_of, standard_codes
from plait.train.seeded import Torch, torch_of

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Tensor: TypeAlias = Any  # torch is optional, so its types have no name here

MEMBERS, HIDDEN, LAYERS = 16, 128, 2
BINS, EMBEDDING = 12, 8
RATE, DECAY, DROPOUT = 2e-3, 3e-4, 0.1
BATCH, MANY_BATCH = 64, 512
MANY_ROWS = 5_000
"""Beyond so many rows the batches are larger."""

MOST_STEPS, PATIENCE = 2_000, 12
"""About three minutes of one core in all; and epochs without gain before it stops."""

BLIND_EPOCHS = 20
REACH = 10.0

_FAR = 1e30


class TabM:
    """Sixteen networks that share all but a scale each; it stops when rows held out say so."""

    name = "tabm"
    paradigm: Paradigm = "deep"
    complexity = 4
    needs = "torch"

    def __init__(self, folder: Path, *, threshold: float | None = None) -> None:
        self._folder = folder
        self._threshold = threshold

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "model": "TabM-mini with piecewise-linear embeddings",
            "members, units, layers": [MEMBERS, HIDDEN, LAYERS],
            "bins, embedding": [BINS, EMBEDDING],
            "rate, decay, dropout": [RATE, DECAY, DROPOUT],
            "batch": [BATCH, MANY_BATCH],
            "most steps": MOST_STEPS,
            "patience": PATIENCE,
            "stopped by": "log loss or squared error on one inner fold, which also calibrates",
        }

    def fit(self, sample: Sample) -> Predictor:
        """Train until rows held out stop gaining, write the artefact.

        Raises:
            MissingExtra: torch is not installed.
        """
        target = np.asarray(sample.target, dtype=np.float64)
        codes = standard_codes(sample)
        matrix = Encoder(codes).matrix(sample.columns, len(target))
        fold = inner_folds(sample)
        held_out = np.zeros(len(target), dtype=np.bool_) if fold is None else fold == 0
        shape, pieces = _shape(sample, codes, matrix[~held_out], target[~held_out])
        with torch_of(sample.seed) as torch:
            weights = _Training(torch, sample, shape, pieces).run(matrix, target, held_out)
        judged = _rows(sample, np.flatnonzero(held_out))
        inner = None if fold is None else inner_folds(judged)
        scores = Network(shape, weights, sample.problem).raw(matrix[held_out])
        raw = scores if sample.problem == "multiclass" else scores[:, 0]
        pipeline = pipeline_of(judged, codes, raw, inner, threshold=self._threshold)
        files = {
            MODEL: json_bytes(shape.record()),
            WEIGHTS: array_bytes(flat(shape, weights)),
        }
        return export(self._folder, sample, pipeline, engine="network", files=files)


def _rows(sample: Sample, rows: Ints) -> Sample:
    """Return some rows of a sample, each for itself."""
    return replace(
        sample,
        columns={name: np.asarray(values)[rows] for name, values in sample.columns.items()},
        target=np.asarray(sample.target)[rows].tolist(),
        groups=[],
    )


def _shape(
    sample: Sample, codes: tuple[Code, ...], matrix: Matrix, target: Floats
) -> tuple[Shape, dict[str, NDArray[np.float32]]]:
    """Return the shape of the network, and where the pieces of each number's line start."""
    numbers, starts, at = [], [], 0
    for code in codes:
        values = np.clip(matrix[:, at], -REACH, REACH)
        edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)))
        if isinstance(code, NumberCode) and len(edges) > 2:
            numbers.append(at)
            starts.append(edges)
        at += code.width
    regression = sample.problem == "regression"
    shape = Shape(
        width=at,
        numbers=tuple(numbers),
        bins=BINS,
        embedding=EMBEDDING,
        members=MEMBERS,
        hidden=HIDDEN,
        layers=LAYERS,
        outputs=len(sample.classes) if sample.problem == "multiclass" else 1,
        reach=REACH,
        shift=float(target.mean()) if regression else 0.0,
        scale=float(target.std()) or 1.0 if regression else 1.0,
    )
    start = np.full((len(numbers), BINS), _FAR, dtype=np.float32)  # never reached
    length = np.ones_like(start)
    for row, edges in enumerate(starts):
        start[row, : len(edges) - 1] = edges[:-1]
        length[row, : len(edges) - 1] = np.diff(edges)
    return shape, {"start": start, "length": length}


class _Training:
    """The network as torch trains it; the names are those of `Shape.arrays`."""

    def __init__(
        self, torch: Torch, sample: Sample, shape: Shape, pieces: dict[str, NDArray[np.float32]]
    ) -> None:
        self._torch = torch
        self._sample = sample
        self._shape = shape
        self._fixed = {name: torch.from_numpy(values) for name, values in pieces.items()}
        self._weights = {
            name: self._first(name, size).requires_grad_()
            for name, size in shape.arrays.items()
            if name not in pieces
        }

    def run(self, matrix: Matrix, target: Floats, held_out: NDArray[np.bool_]) -> Weights:
        """Train on the rows not held out; return the weights that did best on those that are."""
        torch, shape = self._torch, self._shape
        cut = np.clip(matrix, -shape.reach, shape.reach).astype(np.float32)
        rows, truth = torch.from_numpy(cut), self._truth(target)
        learned, judged = (torch.from_numpy(np.flatnonzero(each)) for each in (~held_out, held_out))
        batch = BATCH if len(learned) <= MANY_ROWS else MANY_BATCH
        steps = -(-len(learned) // batch)
        epochs = max(1, MOST_STEPS // steps) if len(judged) else BLIND_EPOCHS
        optimiser = torch.optim.AdamW(
            [
                {"params": [v for k, v in self._weights.items() if "bias" not in k]},
                {"params": [v for k, v in self._weights.items() if "bias" in k], "weight_decay": 0},
            ],
            lr=RATE,
            weight_decay=DECAY,
        )
        best, kept, waited = np.inf, self._numbers(), 0
        for _ in range(epochs):
            order = learned[torch.randperm(len(learned))]
            for part in order.split(batch):
                optimiser.zero_grad()
                self._loss(self._forward(rows[part], drop=True), truth[part]).backward()
                optimiser.step()
            loss = self._judge(rows[judged], truth[judged]) if len(judged) else -np.inf
            waited = 0 if loss < best else waited + 1
            if waited == 0 or not len(judged):
                best, kept = loss, self._numbers()
            if waited >= PATIENCE:
                break
        return kept

    def _first(self, name: str, size: tuple[int, ...]) -> Tensor:
        """Return the first weights: signs of the members, no pieces, the others uniform."""
        torch = self._torch
        if name == "member":
            return torch.randint(0, 2, size).float() * 2 - 1
        if name == "piece":
            return torch.zeros(size)
        inputs = {"slope": 1, "offset": 1, "head": self._shape.hidden}
        bound = (inputs.get(name) or (size[0] if name.startswith("weight") else 0)) or 1e6
        return (torch.rand(size) * 2 - 1) / bound**0.5

    def _forward(self, rows: Tensor, *, drop: bool) -> Tensor:
        """Return (n, members, outputs) answers."""
        torch, shape, weights = self._torch, self._shape, {**self._fixed, **self._weights}
        number = rows[:, list(shape.numbers), None]
        pieces = ((number - weights["start"]) / weights["length"]).clamp(0, 1)
        embedded = number * weights["slope"] + weights["offset"]
        embedded = embedded + torch.einsum("nmb,mbe->nme", pieces, weights["piece"])
        inner = torch.cat([embedded.flatten(1), rows[:, shape.rest]], dim=1)
        units = inner[:, None, :] * weights["member"]
        for layer in range(shape.layers):
            units = (units @ weights[f"weight_{layer}"] + weights[f"bias_{layer}"]).relu()
            units = torch.nn.functional.dropout(units, DROPOUT, training=drop)
        return torch.einsum("nkh,kho->nko", units, weights["head"]) + weights["head_bias"]

    def _truth(self, target: Floats) -> Tensor:
        if self._sample.problem == "multiclass":
            return self._torch.from_numpy(target.astype(np.int64))
        scaled = (target - self._shape.shift) / self._shape.scale
        return self._torch.from_numpy(scaled.astype(np.float32))

    def _loss(self, answers: Tensor, truth: Tensor) -> Tensor:
        """Return the members' own losses, averaged: each learns by itself."""
        functional = self._torch.nn.functional
        if self._sample.problem == "multiclass":
            spread = truth[:, None].expand(answers.shape[:2])
            return functional.cross_entropy(answers.flatten(0, 1), spread.flatten())
        spread = truth[:, None].expand(answers.shape[:2])
        if self._sample.problem == "regression":
            return functional.mse_loss(answers[..., 0], spread)
        return functional.binary_cross_entropy_with_logits(answers[..., 0], spread)

    def _judge(self, rows: Tensor, truth: Tensor) -> float:
        """Return the loss of the members' mean, which is what answers."""
        torch = self._torch
        with torch.no_grad():
            parts = [self._forward(part, drop=False) for part in rows.split(MANY_BATCH)]
            answers = torch.cat(parts).double()
            if self._sample.problem == "regression":
                return float(((answers[..., 0].mean(1) - truth) ** 2).mean())
            if self._sample.problem == "binary":
                chance = answers[..., 0].sigmoid().mean(1).clamp(1e-7, 1 - 1e-7)
                return float(torch.nn.functional.binary_cross_entropy(chance, truth.double()))
            logs = answers.softmax(2).mean(1).clamp_min(1e-7).log()
            return float(torch.nn.functional.nll_loss(logs, truth))

    def _numbers(self) -> dict[str, NDArray[np.float32]]:
        """Return a copy of all weights as NumPy's."""
        every = {**self._fixed, **self._weights}
        return {name: value.detach().numpy().copy() for name, value in every.items()}
