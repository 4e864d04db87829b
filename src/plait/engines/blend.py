"""Artefacts that hold other artefacts and answer by the weighted sum of their raw scores.

Each member is a whole artefact in `members/<name>`; `blend.json` says what each one weighs. The
pipeline around all of them holds every code that a member's own pipeline has, and calibrates once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import MANIFEST, Artefact
from plait.engines.answer import Scores
from plait.engines.base import damaged, read_json, reading
from plait.engines.base import load as load_artefact
from plait.engines.encode import Matrix
from plait.engines.pipeline import Code
from plait.engines.predictor import Model, TabularPredictor, read_pipeline

BLEND = "blend.json"
MEMBERS = "members"


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A model and its part.

    Attributes:
        model: scores its own positions.
        weight: of its raw scores, above 0.
        at: the positions in the blend's matrix that are its own, in its order.
    """

    model: Model
    weight: float
    at: NDArray[np.intp]


class Blend:
    """The weighted sum of models' raw scores; safe to share between threads.

    Attributes:
        n_features: width of a row.
        n_classes: scores per row.
    """

    def __init__(self, members: Sequence[Member], n_features: int) -> None:
        """Put the members together.

        Raises:
            ValueError: there are none, they score unlike problems, or one weighs nothing.
        """
        if len({member.model.n_classes for member in members}) != 1:
            raise ValueError("its members are none, or of unlike problems")
        if not all(0 < member.weight < np.inf for member in members):
            raise ValueError("a member has no weight")
        self.n_features = n_features
        self.n_classes = members[0].model.n_classes
        self._members = tuple(members)
        self._places = tuple(member.at.tolist() for member in members)

    def raw(self, matrix: Matrix) -> Scores:
        """Return the scores of n rows: (n, n_features) -> (n, n_classes)."""
        shape = len(matrix), self.n_classes
        scores = np.zeros(shape)
        for each in self._members:
            scores += each.weight * each.model.raw(_positions(matrix, each)).reshape(shape)
        return scores

    def raw_row(self, values: Sequence[float]) -> Sequence[float]:
        """Return the scores of one row of n_features numbers."""
        scores = [0.0] * self.n_classes
        for each, places in zip(self._members, self._places, strict=True):
            own = [values[place] for place in places]
            for at, score in enumerate(each.model.raw_row(own)):
                scores[at] += each.weight * score
        return scores

    def contributions(self, matrix: Matrix) -> Scores:
        """Split the scores over the positions: the members' own shares, weighted.

        Returns:
            (n, n_classes, n_features + 1); the last is what no position has a part in. The last
            axis sums to the score.
        """
        shares = np.zeros((len(matrix), self.n_classes, self.n_features + 1))
        for each in self._members:
            parts = each.model.contributions(_positions(matrix, each))
            parts = parts.reshape(len(matrix), self.n_classes, len(each.at) + 1)
            shares[:, :, each.at] += each.weight * parts[:, :, :-1]
            shares[:, :, -1] += each.weight * parts[:, :, -1]
        return shares


def places_of(codes: Sequence[Code], own: Sequence[Code]) -> NDArray[np.intp]:
    """Return where the positions of some codes stand among those of a blend.

    Raises:
        ValueError: the blend has not all of them.
    """
    starts = np.cumsum([0, *(code.width for code in codes)]).tolist()
    where = dict(zip(codes, starts, strict=False))
    if not where.keys() >= set(own):
        raise ValueError("it does not encode what a member reads")
    places = [where[code] + step for code in own for step in range(code.width)]
    return np.array(places, dtype=np.intp)


def load(artefact: Artefact) -> TabularPredictor:
    """Return what runs `artefact`: every member that `blend.json` names.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read or does not fit the others;
            `artefact_format`, when a member is of another format.
        MissingExtra: a member's engine needs a library that is not installed.
    """
    path = artefact.folder / BLEND
    weights = read_json(path)
    codes = read_pipeline(artefact).encode
    members = []
    with reading(path):
        for name, weight in sorted(weights.items()):
            if f"{MEMBERS}/{name}/{MANIFEST}" not in artefact.manifest.files:
                raise damaged(path, f"its member {name!r} is no part of the artefact")
            runs = load_artefact(artefact.folder / MEMBERS / name)
            if not isinstance(runs, TabularPredictor):
                raise damaged(path, f"its member {name!r} gives no raw scores")
            places = places_of(codes, read_pipeline(runs.artefact).encode)
            members.append(Member(runs.model, float(cast(float, weight)), places))
        blend = Blend(members, sum(code.width for code in codes))
    return TabularPredictor(artefact, blend)


def _positions(matrix: Matrix, member: Member) -> Matrix:
    return np.ascontiguousarray(matrix[:, member.at])
