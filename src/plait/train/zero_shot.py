"""The candidate of texts that learns no level: a language model is asked which one a text has."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from plait.core.contract import Paradigm
from plait.core.errors import InvalidSettings
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.answer import level_text
from plait.engines.base import json_bytes
from plait.engines.labeller import MOST_TEXT_TOKENS, Labeller
from plait.engines.text_llm import LABELS, WEIGHTS, Labels, load, raw_of
from plait.train.base import ModelFile
from plait.train.head import Floats
from plait.train.text import calibrated, export_text, target_of, text_pipeline_of, texts_of

NOTHING = ("", "N/A", "[MASK]")
"""Texts that say nothing, by which a label's head start is told (Zhao et al. 2021)."""

MAGIC = b"GGUF"

MOST_CALIBRATED = 500
"""The probabilities are calibrated on at most so many texts."""

_GAPS = re.compile(r"[_\-\s]+")


class LlmZeroShot:
    """Asks a language model, whose answer is constrained to the levels' names.

    The levels' names are all it is told. What texts are known teach it nothing but how sure it may
    be: their share of right answers calibrates the probabilities.
    """

    paradigm: Paradigm = "llm"
    complexity = 5
    needs_encoder = False
    needs = "xllamacpp"
    runs = "llamacpp"

    def __init__(
        self,
        folder: Path,
        *,
        model: ModelFile,
        threshold: float | None = None,
        abstain: float | None = None,
    ) -> None:
        """Look at the weights.

        Args:
            folder: as of a `plait.train.base.TextRecipe`.
            model: a GGUF file of a model that follows instructions, and its licence.
            threshold: as `folder`.
            abstain: likewise.

        Raises:
            InvalidSettings: `settings_wrong_value`, the file is no GGUF.
        """
        with model.path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise InvalidSettings(
                    "settings_wrong_value",
                    f"{model.path} is no GGUF file",
                    where=f"models.{model.name}.weights",
                    hint="name weights of llama.cpp, such as smollm2-135m or a .gguf file",
                )
        self.name = f"llm_zero_shot@{model.name}"
        self._folder = folder
        self._model = model
        self._threshold = threshold
        self._abstain = abstain

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "model": "a language model whose answer is constrained to the levels' names",
            "weights": self._model.sha256,
            "instruction": instruction_of(["..."]),
            "most tokens of a text": MOST_TEXT_TOKENS,
            "head start by": NOTHING,
            "calibrated on": f"at most {MOST_CALIBRATED} texts",
        }

    def fit(self, sample: Sample) -> Predictor:
        """Ask, calibrate what is answered, write the artefact.

        Raises:
            EngineError: the model does not load, or died under a question.
            MissingExtra: xllamacpp is not installed.
        """
        words = words_of(sample.classes)
        instruction = instruction_of(words)
        labeller = _remembering(self._model, instruction, words)
        prior = np.mean([labeller.score(text) for text in NOTHING], axis=0)
        texts, target = texts_of(sample), target_of(sample)
        rows = np.unique(
            np.linspace(0, len(texts) - 1, min(len(texts), MOST_CALIBRATED)).astype(np.int64)
        )
        raw = np.array([raw_of(labeller.score(texts[row]) - prior) for row in rows])
        calibration, _ = calibrated(raw[:, 0] if raw.shape[1] == 1 else raw, target[rows])
        labels = Labels(instruction=instruction, words=words, prior=tuple(prior.tolist()))
        artefact = export_text(
            self._folder,
            sample,
            text_pipeline_of(sample, calibration, self._threshold, self._abstain),
            engine="text_llm",
            files={LABELS: json_bytes(labels.record()), WEIGHTS: self._model.path},
            licence=self._model.licence,
        )
        return load(artefact, labeller=labeller)


def instruction_of(words: Sequence[str]) -> str:
    """Return what the model is told."""
    kinds = ", ".join(words)
    return f"Sort the user's message into one of these kinds: {kinds}. Answer with the kind alone."


def words_of(levels: Sequence[bool | int | float | str]) -> tuple[str, ...]:
    """Return each level as a model may say it: `card_arrival` is `card arrival`."""
    plain = tuple(map(level_text, levels))
    words = tuple(_GAPS.sub(" ", level).strip() or level for level in plain)
    return words if len(set(words)) == len(words) else plain


class _Remembering(Labeller):
    """A labeller that asks for a text once, whatever fold it stands in."""

    def __init__(self, model: ModelFile, instruction: str, words: Sequence[str]) -> None:
        super().__init__(model.path, sha256=model.sha256, instruction=instruction, words=words)
        self._known: dict[str, Floats] = {}

    def score(self, text: str) -> Floats:
        if text not in self._known:
            self._known[text] = super().score(text)
        return self._known[text]


@lru_cache(maxsize=1)  # the folds of one candidate come one after the other
def _remembering(model: ModelFile, instruction: str, words: tuple[str, ...]) -> Labeller:
    return _Remembering(model, instruction, words)
