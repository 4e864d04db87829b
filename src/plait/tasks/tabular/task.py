"""Predictions for rows, by one artefact."""

from collections.abc import Sequence
from itertools import repeat
from typing import Any, cast

from plait.core.columns import Columns
from plait.core.context import Context
from plait.core.decision import OperatingPoint
from plait.core.privacy import Privacy
from plait.core.protocol import Predictor
from plait.core.request import PredictRequest
from plait.core.response import Prediction, PredictResponse, Reason
from plait.core.schema import RowReader

_PROBABILITY = "probability_"


class TabularTask:
    """Answers for one contract by the artefact that is released for it.

    Attributes:
        contract: name of the contract.
        predictor: runs the artefact.
        decision: id of the decision that chose it.
        privacy: of the rows it answers.
    """

    def __init__(
        self,
        contract: str,
        predictor: Predictor,
        *,
        decision: str = "",
        operating_point: OperatingPoint | None = None,
        privacy: Privacy = Privacy.INTERNAL,
    ) -> None:
        self.contract = contract
        self.predictor = predictor
        self.decision = decision
        self.privacy = privacy
        self._point = operating_point
        self._artefact = predictor.artefact.id
        self._reader = RowReader(predictor.artefact.manifest.input)

    async def run(self, request: PredictRequest, context: Context) -> PredictResponse:
        """Return one prediction per row.

        Raises:
            InvalidRequest: a row does not fit the artefact's input schema.
            EngineError: the engine failed.
        """
        columns = self._reader.columns(request.rows)
        answers = self.predictor.predict(columns, reasons=request.reasons)
        return PredictResponse(
            id=context.trace.id,
            contract=self.contract,
            artefact=self._artefact,
            decision=self.decision,
            predictions=_predictions(answers),
            operating_point=self._point,
        )


def _predictions(answers: Columns) -> tuple[Prediction, ...]:
    """Turn answer columns into one object per row."""
    values = _plain(answers, "prediction")
    named = {
        name.removeprefix(_PROBABILITY): _plain(answers, name)
        for name in answers
        if name.startswith(_PROBABILITY)
    }
    levels = tuple(named)
    chances = zip(*named.values(), strict=True) if named else repeat(())
    ranges: Sequence[tuple[float, float] | None] = (
        list(zip(_plain(answers, "lower"), _plain(answers, "upper"), strict=True))
        if "lower" in answers
        else [None] * len(values)
    )
    reasons = cast(
        "Sequence[tuple[Reason, ...]]",
        answers["reasons"] if "reasons" in answers else [()] * len(values),
    )
    return tuple(
        Prediction(value, dict(zip(levels, chance, strict=True)), spread, why)
        for value, chance, spread, why in zip(values, chances, ranges, reasons, strict=False)
    )


def _plain(answers: Columns, name: str) -> list[Any]:
    """Return a column as a list of Python's own scalars."""
    column = answers[name]
    if isinstance(column, list):
        return column
    return column.tolist() if hasattr(column, "tolist") else list(column)
