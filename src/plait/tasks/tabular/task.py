"""Predictions for rows, by one artefact; a text is a row of one field."""

from plait.core.context import Context
from plait.core.decision import OperatingPoint
from plait.core.errors import InvalidRequest
from plait.core.protocol import Predictor
from plait.core.request import ForecastRequest, PredictRequest
from plait.core.response import PredictResponse
from plait.core.schema import RowReader
from plait.engines.prediction import PredictionReader
from plait.engines.text_score import reads_texts


class TabularTask:
    """Answers for one contract by the artefact that is released for it.

    Attributes:
        contract: name of the contract.
        predictor: runs the artefact.
        decision: id of the decision that chose it.
        quick: whether it answers within a millisecond, and may do so where others wait; a sentence
            encoder does not, and a long text takes any model long.
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
        manifest = predictor.artefact.manifest
        self.quick = manifest.task != "text" and not reads_texts(predictor.artefact)
        self._point = operating_point
        self._artefact = predictor.artefact.id
        self._reader = RowReader(manifest.input)
        self._answers = PredictionReader(manifest.output)

    async def run(
        self, request: PredictRequest | ForecastRequest, context: Context
    ) -> PredictResponse:
        """Return one prediction per row.

        Raises:
            InvalidRequest: a row does not fit the artefact's input schema, or a series is sent.
            EngineError: the engine failed.
        """
        if isinstance(request, ForecastRequest):
            raise InvalidRequest(
                "request_shape",
                f"{self.contract} answers rows, not a series",
                where="history",
                hint='send {"rows": [{"field": value, ...}]}',
            )
        columns = self._reader.columns(request.rows)
        with context.span("engine"):
            answers = self.predictor.predict(columns, reasons=request.reasons)
        return PredictResponse(
            id=context.trace.id,
            contract=self.contract,
            artefact=self._artefact,
            decision=self.decision,
            predictions=self._answers.read(answers),
            operating_point=self._point,
        )
