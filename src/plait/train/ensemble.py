"""The candidate that weighs others: an ensemble by greedy selection (Caruana et al. 2004)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import MANIFEST
from plait.core.contract import Paradigm, Problem
from plait.core.ids import Json
from plait.core.protocol import Candidate, Predictor, Sample
from plait.engines.base import json_bytes, load
from plait.engines.blend import BLEND, MEMBERS, Blend, Member, places_of
from plait.engines.encode import Encoder
from plait.engines.pipeline import Code
from plait.engines.predictor import TabularPredictor, read_pipeline
from plait.train.base import export, inner_folds, recipes
from plait.train.calibrate import loss_of
from plait.train.code import pipeline_of
from plait.train.quantile import configuration_of
from plait.train.reference import reference

Floats: TypeAlias = NDArray[np.float64]

NAMES = ("lightgbm", "linear")
STEPS = 20


class HeldOut(Protocol):
    """A candidate that keeps what it scored in its own inner folds, after a fit."""

    @property
    def held_out(self) -> Floats | None:
        """Return (n,) or (n, k) raw scores on the folds of `inner_folds`; None without folds."""
        ...


class Ensemble:
    """Boosting and a linear model; what each weighs is chosen on rows neither of them saw.

    Each member is fitted once: the scores that chose its own settings choose its weight.
    """

    name = "ensemble"
    paradigm: Paradigm = "tree"
    complexity = 5

    @property
    def of_quantile(self) -> Mapping[str, Json]:
        """Return what is otherwise where the answer is a quantile."""
        makes = [recipes.load(name)(self._folder) for name in NAMES]
        return {
            "members": {each.name: configuration_of(each) for each in makes},
            "weights by": "pinball loss in inner folds",
        }

    def __init__(self, folder: Path, *, threshold: float | None = None) -> None:
        self._folder = folder
        self._threshold = threshold

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        makes = [recipes.load(name)(self._folder) for name in NAMES]
        return {
            "model": "weighted sum of raw scores",
            "members": {each.name: each.configuration() for each in makes},
            "greedy steps": STEPS,
            "weights by": "log loss or squared error in inner folds",
        }

    def fit(self, sample: Sample) -> Predictor:
        """Fit the members, weigh them by their scores on rows held out, write the artefact."""
        plain = replace(sample, interval=None, interval_by="", reasons=False)
        fold = inner_folds(sample)
        with TemporaryDirectory(prefix="plait-members-") as scratch:
            members, scores = _fit_members(plain, Path(scratch))
            weights = np.array([1.0, *[0.0] * (len(members) - 1)])
            if fold is not None:
                weights = greedy_weights(
                    scores, np.asarray(sample.target), sample.problem, sample.quantile
                )
            kept = {
                name: (member, float(weight))
                for (name, member), weight in zip(members.items(), weights, strict=True)
                if weight
            }
            codes = _codes(sample, [member for member, _ in kept.values()])
            encoder = Encoder(codes)
            blend = Blend([_part(codes, *each) for each in kept.values()], encoder.width)
            matrix = encoder.matrix(sample.columns, len(sample.target))
            usual = reference(sample, encoder, matrix, lambda rows: blend.contributions(rows)[:, 0])
            mixed = np.tensordot(weights, scores, axes=1) if fold is not None else np.zeros(0)
            pipeline = pipeline_of(
                sample, codes, mixed, fold, threshold=self._threshold, reference=usual
            )
            files = {BLEND: json_bytes({name: weight for name, (_, weight) in kept.items()})}
            for name, (member, _) in kept.items():
                for path in (MANIFEST, *member.artefact.manifest.files):
                    content = (member.artefact.folder / path).read_bytes()
                    files[f"{MEMBERS}/{name}/{path}"] = content
            return export(self._folder, sample, pipeline, engine="blend", files=files)


def greedy_weights(
    scores: Sequence[Floats], target: Floats, problem: Problem, quantile: float | None = None
) -> Floats:
    """Return weights that sum to 1: of so many steps, how often each member helped most.

    Args:
        scores: of each member, (n,) or (n, k) raw scores of rows it did not see.
        target: (n,) class indexes, or numbers.
        problem: which of these.
        quantile: that the scores are to be; None asks for the mean.
    """
    counts = np.zeros(len(scores))
    total = np.zeros_like(scores[0])
    best, chosen = np.inf, counts
    for step in range(1, STEPS + 1):
        losses = [loss_of((total + each) / step, target, problem, quantile) for each in scores]
        least = int(np.argmin(losses))
        total = total + scores[least]
        counts = counts + np.eye(len(scores))[least]
        if losses[least] < best:
            best, chosen = losses[least], counts / step
    return chosen


def _fit_members(sample: Sample, folder: Path) -> tuple[dict[str, TabularPredictor], list[Floats]]:
    """Return what runs each member, and their raw scores of rows held out; none without folds."""
    members: dict[str, TabularPredictor] = {}
    scores = []
    for name in NAMES:
        candidate: Candidate = recipes.load(name)(folder / name)
        candidate.fit(sample)
        members[name] = cast(TabularPredictor, load(folder / name))
        held_out = cast(HeldOut, candidate).held_out
        if held_out is not None:
            scores.append(held_out)
    return members, scores


def _part(codes: tuple[Code, ...], runs: TabularPredictor, weight: float) -> Member:
    return Member(runs.model, weight, places_of(codes, read_pipeline(runs.artefact).encode))


def _codes(sample: Sample, members: Sequence[TabularPredictor]) -> tuple[Code, ...]:
    """Return every code of the members once, those of one field beside each other."""
    found: dict[Code, None] = {}
    every = [read_pipeline(each.artefact).encode for each in members]
    for name in sample.input.names:
        for codes in every:
            found |= dict.fromkeys(code for code in codes if code.column == name)
    return tuple(found)
