"""The deep candidate of texts: the sentence encoder trained further, by torch, and run without."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from plait.core.contract import Paradigm
from plait.core.errors import EngineError
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.array_file import array_bytes
from plait.engines.text_vector import WEIGHTS
from plait.evaluate.split import Split, repeated_stratified
from plait.train import tune
from plait.train.embedding import make_encoder, read_bert, whole
from plait.train.encoder import Encoder
from plait.train.head import Floats, Ints, fit_logistic
from plait.train.seeded import torch_of
from plait.train.sentence import Sentence
from plait.train.text import calibrated, target_of, texts_of
from plait.train.tune import Tuned, Tuning

PARTS = 10
"""One part of so many is not learned from: the probabilities are calibrated on it."""

STRENGTH = 10.0
"""Of the logistic regression that the head starts from."""

LONGEST = 99
"""Percentile of the texts' lengths; training reads no more tokens than that of a text."""

MOST_OTHERWISE = 0.01
"""Share of the texts held out that 8 bits may place otherwise than torch does."""

FARTHEST = 1e-3
"""Between the scores of the graph in float32 and those of torch."""


class MinilmTuned(Sentence):
    """The upper layers of the encoder, and a linear head, trained on the texts.

    Its artefact is that of `minilm_linear`, with an encoder of its own.
    """

    name = "minilm_tuned"
    paradigm: Paradigm = "deep"
    complexity = 4
    needs = "torch"

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "model": "an encoder and a linear head trained together, the head first alone",
            "encoder": self._encoder.record(),
            "head's strength": STRENGTH,
            "share of layers that stay": tune.STILL,
            "epochs, batch, most steps": [tune.EPOCHS, tune.BATCH, tune.MOST_STEPS],
            "rates of encoder and head": [tune.RATE, tune.HEAD_RATE],
            "decay, dropout, warm-up": [tune.DECAY, tune.DROPOUT, tune.WARM_UP],
            "calibrated on": f"one text of {PARTS}, held out",
            "examples": "float16",
        }

    def fit(self, sample: Sample) -> Predictor:
        """Train, go down to 8 bits if that changes next to nothing, write the artefact.

        Raises:
            MissingExtra: torch is not installed.
            EngineError: `artefact_damaged` or `artefact_format`, when the published weights are not
                what they should be; `engine_failed`, when they are not at hand, or the graph does
                not answer as torch does.
        """
        texts, target = texts_of(sample), target_of(sample)
        folds = min(PARTS, len(target))
        split = repeated_stratified(target, folds=folds, repeats=1, seed=sample.seed).each[0]
        tuned, expected = self._tuned(sample, split)
        asked = [texts[at] for at in split.test]
        with TemporaryDirectory(prefix="plait-tuned-") as folder:
            encoder = self._graph(tuned, asked, expected, Path(folder))
            vectors = encoder.matrix(texts)
            calibration, _ = calibrated(tuned.head.raw(vectors[split.test]), target[split.test])
            return self.export(
                sample,
                vectors,
                calibration,
                {"kind": "linear", "intercept": tuned.head.intercept.tolist()},
                {WEIGHTS: array_bytes(tuned.head.coefficients.astype(np.float32))},
                encoder=encoder,
            )

    @property
    def _published(self) -> Path:
        """The folder of the weights to start from."""
        if self._encoder.published is None:
            raise EngineError(
                "engine_failed",
                "the weights of the sentence encoder are not at hand, only its graph",
                where=self.name,
                hint="plait models pull minilm-l6",
            )
        return self._encoder.published

    def _tuned(self, sample: Sample, split: Split) -> tuple[Tuned, Floats]:
        """Train on one part; return what was learned, and its scores of the texts of the other."""
        texts, target = texts_of(sample), target_of(sample)
        tokens = self._encoder.tokens(texts)
        longest = int(np.percentile([len(each) for each in tokens], LONGEST))
        learned = [_cut(tokens[at], longest) for at in split.train]
        vectors = self._encoder.matrix([texts[at] for at in split.train])
        head = fit_logistic(vectors, target[split.train], len(sample.classes), STRENGTH)
        with whole(self._published):
            encoder, shape = read_bert(self._published)
        with torch_of(sample.seed) as torch:
            tuning = Tuning(torch, encoder, shape, head)
            tuned = tuning.run(learned, target[split.train])
            return tuned, tuning.answers([tokens[at] for at in split.test])

    def _graph(self, tuned: Tuned, texts: Sequence[str], expected: Floats, folder: Path) -> Encoder:
        """Return what runs the encoder: in 8 bits if it places the texts as torch does."""
        for int8 in (True, False):
            artefact = make_encoder(
                self._published,
                folder / ("int8" if int8 else "float32"),
                origin=f"plait.train {version('plait')}",
                licence=self._encoder.licence,
                int8=int8,
                weights=tuned.encoder,
            )
            encoder = Encoder(artefact)
            vectors = encoder.matrix(texts).astype(np.float64)
            found = vectors @ tuned.head.coefficients.T + tuned.head.intercept
            if int8 and np.mean(_levels(found) != _levels(expected)) <= MOST_OTHERWISE:
                return encoder
        farthest = float(abs(found - expected).max())
        if farthest > FARTHEST:
            raise EngineError(
                "engine_failed",
                f"the graph does not answer as torch does: scores differ by up to {farthest:.3g}",
                where=self.name,
                hint="leave the candidate out, and report it",
            )
        return encoder


def _cut(tokens: list[int], longest: int) -> list[int]:
    """Return at most so many tokens, the last one kept: it marks the end."""
    return tokens if len(tokens) <= longest else [*tokens[: longest - 1], tokens[-1]]


def _levels(scores: Floats) -> Ints:
    """Return the best level of each row of (n, k) scores, k is 1 of two classes."""
    best = scores[:, 0] > 0 if scores.shape[1] == 1 else scores.argmax(axis=1)
    return np.asarray(best, dtype=np.int64)
