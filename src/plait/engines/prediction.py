"""The columns that a predictor answers with, as one object per row."""

from typing import Any

import numpy as np

from plait.core.columns import Column, Columns
from plait.core.response import Prediction
from plait.core.schema import Schema

_PROBABILITY = "probability_"
_SET = "set_"
_CONFIDENCE = "confidence"
_SCORE = "score"


class PredictionReader:
    """Reads the answers of one artefact."""

    def __init__(self, output: Schema) -> None:
        """Look at what the artefact answers with: its output schema."""
        names = output.names
        self._levels = tuple(
            (name.removeprefix(_PROBABILITY), name)
            for name in names
            if name.startswith(_PROBABILITY)
        )
        self._sets = tuple(
            (name.removeprefix(_SET), name) for name in names if name.startswith(_SET)
        )
        self._ranged = "lower" in names
        self._sure = _CONFIDENCE in names
        self._strange = _SCORE in names

    def read(self, answers: Columns) -> tuple[Prediction, ...]:
        """Turn answer columns into one object per row."""
        values = _plain(answers["prediction"])
        chances = [(level, _plain(answers[name])) for level, name in self._levels]
        ranges = self._ranged and (_plain(answers["lower"]), _plain(answers["upper"]))
        held = [(level, _plain(answers[name])) for level, name in self._sets]
        sure = self._sure and _plain(answers[_CONFIDENCE])
        strange = self._strange and _plain(answers[_SCORE])
        reasons, codes = answers.get("reasons"), answers.get("codes")
        return tuple(
            Prediction(
                value,
                {level: column[row] for level, column in chances},
                (ranges[0][row], ranges[1][row]) if ranges else None,
                reasons[row] if reasons else (),
                sure[row] if sure else None,
                tuple(level for level, column in held if column[row]) if held else None,
                strange[row] if strange else None,
                codes[row] if codes else (),
            )
            for row, value in enumerate(values)
        )


def _plain(column: Column) -> list[Any]:
    """Return a column as a list of Python's own scalars."""
    if isinstance(column, list):
        return column
    return column.tolist() if isinstance(column, np.ndarray) else list(column)
