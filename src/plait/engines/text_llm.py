"""Artefacts that ask a language model which level a text has; it learned none of them.

`weights.gguf` is the model, `labels.json` what it is told and the levels as it may say them. A
score is a label's log-probability less what it has where there is nothing to read, for a model says
some labels more readily than others whatever it reads (Zhao et al. 2021, Calibrate Before Use).
"""

from dataclasses import dataclass

import numpy as np

from plait.core.artefact import Artefact
from plait.core.ids import Json
from plait.engines.answer import Scores
from plait.engines.base import damaged, read_json, reading
from plait.engines.labeller import Labeller
from plait.engines.text import Reading, TextPredictor, scores_of, text_pipeline

LABELS = "labels.json"
WEIGHTS = "weights.gguf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What `labels.json` holds.

    Attributes:
        instruction: what the model is told to do with a text.
        words: each level as the model may say it.
        prior: (k,) log-probabilities of the levels where there is nothing to read.
    """

    instruction: str
    words: tuple[str, ...]
    prior: tuple[float, ...]

    def record(self) -> dict[str, Json]:
        """Return it ready for JSON."""
        return {"instruction": self.instruction, "words": self.words, "prior": self.prior}


class LabelModel:
    """Scores a text by the labels' probabilities; safe to share between threads.

    How near a text is to what it knows nobody can say: it is always 1.
    """

    def __init__(self, labeller: Labeller, prior: tuple[float, ...]) -> None:
        """Put them together; `prior` is that of `Labels`."""
        self.n_classes = scores_of(prior)
        self._labeller = labeller
        self._prior = np.array(prior)

    def read(self, text: str, reasons: int) -> Reading:
        """Return the scores of a text; there are no reasons."""
        del reasons
        return Reading(raw_of(self._labeller.score(text) - self._prior), closeness=1.0)


def raw_of(found: Scores) -> Scores:
    """Return (k,) scores as a pipeline takes them: of two classes, how far the second is ahead."""
    return found[1:] - found[:1] if len(found) == 2 else found


def load(artefact: Artefact, *, labeller: Labeller | None = None) -> TextPredictor:
    """Return what runs `artefact`.

    Args:
        artefact: what to run.
        labeller: asks the same model the same already; None starts the artefact's own when it is
            first needed.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read or does not fit the others.
        MissingExtra: xllamacpp is not installed.
    """
    pipeline = text_pipeline(artefact)
    path = artefact.folder / LABELS
    with reading(path):
        record = read_json(path)
        labels = Labels(
            instruction=str(record["instruction"]),
            words=tuple(map(str, _list(record["words"]))),
            prior=tuple(float(str(each)) for each in _list(record["prior"])),
        )
    sizes = {len(labels.words), len(set(labels.words)), len(labels.prior), len(pipeline.classes)}
    if len(sizes) > 1:
        raise damaged(path, "it has not one label of its own per level of the pipeline")
    return TextPredictor(
        artefact, LabelModel(labeller or labeller_of(artefact, labels), labels.prior), pipeline
    )


def labeller_of(artefact: Artefact, labels: Labels) -> Labeller:
    """Return what asks the model of an artefact.

    Raises:
        EngineError: `artefact_damaged`, it has no model.
        MissingExtra: xllamacpp is not installed.
    """
    note = artefact.manifest.files.get(WEIGHTS)
    if note is None:
        raise damaged(artefact.folder, f"it has no {WEIGHTS}")
    return Labeller(
        artefact.folder / WEIGHTS,
        sha256=note.sha256,
        instruction=labels.instruction,
        words=labels.words,
    )


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return value
