"""Predictions for rows, by one artefact."""

from typing import Any

import numpy as np

from plait.core.columns import Column, Columns
from plait.core.context import Context
from plait.core.decision import OperatingPoint
from plait.core.protocol import Predictor
from plait.core.request import PredictRequest
from plait.core.response import Prediction, PredictResponse
from plait.core.schema import RowReader

_PROBABILITY = "probability_"


class TabularTask:
    """Answers for one contract by the artefact that is released for it.

    Attributes:
        contract: name of the contract.
        predictor: runs the artefact.
        decision: id of the decision that chose it.
    """

    def __init__(
        self,
        contract: str,
        predictor: Predictor,
        *,
        decision: str = "",
        operating_point: OperatingPoint | None = None,
    ) -> None:
        self.contract = contract
        self.predictor = predictor
        self.decision = decision
        self._point = operating_point
        self._artefact = predictor.artefact.id
        self._reader = RowReader(predictor.artefact.manifest.input)
        outputs = predictor.artefact.manifest.output.names
        self._levels = tuple(
            (name.removeprefix(_PROBABILITY), name)
            for name in outputs
            if name.startswith(_PROBABILITY)
        )
        self._ranged = "lower" in outputs

    async def run(self, request: PredictRequest, context: Context) -> PredictResponse:
        """Return one prediction per row.

        Raises:
            InvalidRequest: a row does not fit the artefact's input schema.
            EngineError: the engine failed.
        """
        columns = self._reader.columns(request.rows)
        with context.span("engine"):
            answers = self.predictor.predict(columns, reasons=request.reasons)
        return PredictResponse(
            id=context.trace.id,
            contract=self.contract,
            artefact=self._artefact,
            decision=self.decision,
            predictions=self._predictions(answers),
            operating_point=self._point,
        )

    def _predictions(self, answers: Columns) -> tuple[Prediction, ...]:
        """Turn answer columns into one object per row."""
        values = _plain(answers["prediction"])
        chances = [(level, _plain(answers[name])) for level, name in self._levels]
        ranges = self._ranged and (_plain(answers["lower"]), _plain(answers["upper"]))
        reasons = answers.get("reasons")
        return tuple(
            Prediction(
                value,
                {level: column[row] for level, column in chances},
                (ranges[0][row], ranges[1][row]) if ranges else None,
                reasons[row] if reasons else (),
            )
            for row, value in enumerate(values)
        )


def _plain(column: Column) -> list[Any]:
    """Return a column as a list of Python's own scalars."""
    if isinstance(column, list):
        return column
    return column.tolist() if isinstance(column, np.ndarray) else list(column)
