"""Forecasts and alarms of one series, by one artefact."""

from collections.abc import Collection

from plait.core.context import Context
from plait.core.decision import OperatingPoint
from plait.core.errors import InvalidRequest
from plait.core.history import HINT, read_history
from plait.core.protocol import Lookup, Predictor
from plait.core.request import ForecastRequest, PredictRequest
from plait.core.response import Forecast, ForecastResponse, WatchResponse


class SeriesTask:
    """Answers for one contract by the artefact that is released for it.

    Attributes:
        contract: name of the contract.
        predictor: runs the artefact.
        decision: id of the decision that chose it.
        quick: False: what there is to fit to the history that is sent takes milliseconds.
    """

    quick = False
    lookup = None

    def __init__(
        self,
        contract: str,
        predictor: Predictor,
        *,
        decision: str = "",
        operating_point: OperatingPoint | None = None,
        ignored: Collection[str] = (),
        lookup: Lookup | None = None,
    ) -> None:
        """Answer by `predictor`; a series has no operating point, no row and no tables."""
        del operating_point, ignored, lookup
        self.contract = contract
        self.predictor = predictor
        self.decision = decision
        self.input = predictor.artefact.manifest.input
        self._artefact = predictor.artefact.id
        self._most = int(predictor.artefact.manifest.input["horizon"].high or 1)

    async def run(self, request: PredictRequest | ForecastRequest, context: Context) -> Forecast:
        """Return the forecasts of the next steps, or what is strange about the last.

        Raises:
            InvalidRequest: rows are sent; there is no history, it holds something else than
                numbers, or the horizon is longer than the artefact's; see
                `plait.core.history.read_history`.
            EngineError: the engine failed.
        """
        if isinstance(request, PredictRequest):
            raise InvalidRequest(
                "request_shape",
                f"{self.contract} answers a series, not rows",
                where="rows",
                hint=HINT,
            )
        history, horizon = read_history(request.content(), self._most)
        with context.span("engine"):
            answer = self.predictor.predict({"history": [history], "horizon": [horizon]})
        told = {
            "id": context.trace.id,
            "contract": self.contract,
            "artefact": self._artefact,
            "decision": self.decision,
        }
        if "alarms" in answer:
            score, lower, upper = (answer[name][0] for name in ("score", "lower", "upper"))
            return WatchResponse(
                prediction=answer["prediction"][0],
                score=None if lower is None else score,
                lower=lower,
                upper=upper,
                alarms=tuple(answer["alarms"][0]),
                **told,
            )
        return ForecastResponse(
            forecasts=tuple(answer["prediction"][0]),
            lower=tuple(answer["lower"][0]),
            upper=tuple(answer["upper"][0]),
            **told,
        )
