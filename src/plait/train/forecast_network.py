"""The deep candidate of series: residual networks on lags, trained by torch, run without it."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.engines.series_network import ResidualNetworks, Shape, Weights
from plait.train.forecast_global import GlobalCandidate, Rows
from plait.train.seeded import Torch, torch_of

Tensor: TypeAlias = Any  # torch is optional, so its types have no name here

MEMBERS, LAYERS, HIDDEN = 4, 2, 64
REACH = 10.0
BATCH, RATE, DECAY = 512, 2e-3, 1e-3
AVERAGED = 0.98
"""Weight of what came before in the mean of the weights over the steps, which is what answers."""

MOST_STEPS, EVERY, PATIENCE = 1_500, 25, 8
"""Of training; it is judged so often, and stops after so many times without gain."""

TAILS = (0.1, 0.9)
NORMAL_TAILS = 2.563
"""The distance of these quantiles in a normal distribution of deviation 1."""


class GlobalNetwork(GlobalCandidate):
    """A few networks, each on draws of its own, that stop when the last forecasts say so."""

    name = "network"
    paradigm: Paradigm = "deep"
    complexity = 4
    engine = "series_network"
    needs = "torch"

    def model(self) -> Mapping[str, Json]:
        """Return what is learnt, and with which settings."""
        return {
            "model": "residual networks on lags, of all series, each step ahead directly",
            "members, layers, units": [MEMBERS, LAYERS, HIDDEN],
            "batch": BATCH,
            "rate, decay": [RATE, DECAY],
            "averaged": AVERAGED,
            "most steps": MOST_STEPS,
            "patience": [EVERY, PATIENCE],
            "stopped by": "the error of the last forecasts",
        }

    def learn(
        self, early: Rows, judged: Rows, late: Rows, seed: int
    ) -> tuple[ResidualNetworks, ResidualNetworks]:
        """Return networks of the early rows, and of the late ones after as many steps.

        Raises:
            MissingExtra: torch is not installed.
        """
        with torch_of(seed) as torch:
            training = _Training(torch, early)
            steps = training.until(judged)
            before = training.best
        with torch_of(seed) as torch:
            training = _Training(torch, late)
            training.run(steps)
        return before, training.answering()


def _spread(matrix: NDArray[np.float64]) -> dict[str, NDArray[np.float32]]:
    """Return the middle of each feature and how far it usually is from it."""
    there = np.isfinite(matrix).any(axis=0)
    shift, scale = np.zeros(matrix.shape[1]), np.ones(matrix.shape[1])
    shift[there] = np.nanmedian(matrix[:, there], axis=0)
    low, high = np.nanquantile(matrix[:, there], TAILS, axis=0)
    scale[there] = (high - low) / NORMAL_TAILS
    return {
        "shift": shift.astype(np.float32),
        "scale": np.where(scale > 0, scale, 1.0).astype(np.float32),
    }


class _Training:
    """The networks as torch trains them; the names are those of `Shape.arrays`."""

    def __init__(self, torch: Torch, rows: Rows) -> None:
        self._torch = torch
        self._shape = Shape(
            width=rows.matrix.shape[1], members=MEMBERS, layers=LAYERS, hidden=HIDDEN, reach=REACH
        )
        self._fixed = _spread(rows.matrix)
        self._weights = {
            name: self._first(name, size).requires_grad_()
            for name, size in self._shape.arrays.items()
            if name not in self._fixed
        }
        self._mean = {name: each.detach().clone() for name, each in self._weights.items()}
        weight = rows.weight / (rows.weight.mean() or 1.0)
        read = self.answering().read(rows.matrix)
        self._rows, self._target, self._weight = (
            torch.from_numpy(each.astype(np.float32)) for each in (read, rows.target, weight)
        )
        self._optimiser = torch.optim.AdamW(self._weights.values(), lr=RATE, weight_decay=DECAY)
        self._steps = 0
        self.best = self.answering()

    def until(self, judged: Rows) -> int:
        """Train until the error of `judged` stops falling; return after how many steps it was."""
        least, found = _error(self.best, judged), 0
        while self._steps < min(MOST_STEPS, found + EVERY * PATIENCE):
            self.run(EVERY)
            now = self.answering()
            error = _error(now, judged)
            if error < least:
                least, found, self.best = error, self._steps, now
        return found

    def run(self, steps: int) -> None:
        """Go so many steps further."""
        torch, count = self._torch, len(self._rows)
        for _ in range(steps):
            drawn = torch.randint(0, count, (MEMBERS, min(BATCH, count)))
            self._optimiser.zero_grad()
            off = (self._forward(self._rows[drawn]) - self._target[drawn]).abs()
            (off * self._weight[drawn]).mean(1).sum().backward()
            self._optimiser.step()
            self._steps += 1
            share = min(AVERAGED, (1 + self._steps) / (10 + self._steps))
            with torch.no_grad():
                for name, mean in self._mean.items():
                    mean.lerp_(self._weights[name], 1 - share)

    def answering(self) -> ResidualNetworks:
        """Return the mean networks so far, which NumPy runs."""
        mean = {name: each.numpy().copy() for name, each in self._mean.items()}
        weights: Weights = {**self._fixed, **mean}
        return ResidualNetworks(self._shape, weights)

    def _first(self, name: str, size: tuple[int, ...]) -> Tensor:
        """Return the first weights: uniform, and nothing in the last layer, so nothing is added."""
        layer = int(name.rsplit("_", 1)[1])
        if layer > LAYERS:
            return self._torch.zeros(size)
        inputs = HIDDEN if layer else self._shape.width
        return (self._torch.rand(size) * 2 - 1) / inputs**0.5

    def _forward(self, rows: Tensor) -> Tensor:
        """Return (members, n) answers to (members, n, width) rows."""
        torch, weights = self._torch, self._weights
        units = torch.baddbmm(weights["bias_0"], rows, weights["weight_0"])
        for layer in range(1, LAYERS + 1):
            inner = torch.baddbmm(weights[f"bias_{layer}"], units, weights[f"weight_{layer}"])
            units = units + inner.relu()
        last = LAYERS + 1
        return torch.baddbmm(weights[f"bias_{last}"], units, weights[f"weight_{last}"])[..., 0]


def _error(networks: ResidualNetworks, rows: Rows) -> float:
    return float((np.abs(networks.raw(rows.matrix) - rows.target) * rows.weight).mean())
