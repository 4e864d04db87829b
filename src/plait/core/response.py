"""What is answered, one frozen class per kind of request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from plait.core.columns import Scalar
from plait.core.decision import OperatingPoint
from plait.core.ids import Json


@dataclass(frozen=True, slots=True)
class Reason:
    """How one feature moved one prediction.

    Attributes:
        feature: name of the field.
        value: what the row says.
        contribution: exact additive share of the raw score: log-odds for classes, the target's unit
            for a regression. Positive moves towards the predicted class, or upwards.
    """

    feature: str
    value: Scalar
    contribution: float

    def record(self) -> dict[str, Json]:
        """Return the reason ready for JSON."""
        return {"feature": self.feature, "value": self.value, "contribution": self.contribution}


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer to one row.

    Attributes:
        value: the predicted level of the target, or number.
        probabilities: level as text -> calibrated probability; empty for a regression.
        interval: lowest and highest value expected, or None.
        reasons: largest first; empty unless asked for.
    """

    value: Scalar
    probabilities: Mapping[str, float]
    interval: tuple[float, float] | None = None
    reasons: tuple[Reason, ...] = ()

    def record(self) -> dict[str, Json]:
        """Return the prediction ready for JSON, without the parts it does not have."""
        found: dict[str, Json] = {"prediction": self.value}
        if self.probabilities:
            found["probabilities"] = self.probabilities
        if self.interval is not None:
            found["interval"] = self.interval
        if self.reasons:
            found["reasons"] = [reason.record() for reason in self.reasons]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictResponse:
    """The answers to a `PredictRequest`, and who gave them.

    Attributes:
        id: of the request; `plait explain ID` tells the rest.
        contract: name of the contract.
        artefact: id of the artefact that answered.
        decision: id of the decision that chose it.
        predictions: one per row, in order.
        operating_point: the threshold in force and its expected error; None unless binary.
    """

    id: str
    contract: str
    artefact: str
    decision: str
    predictions: tuple[Prediction, ...]
    operating_point: OperatingPoint | None = None

    def record(self) -> dict[str, Json]:
        """Return the response ready for JSON."""
        point = self.operating_point
        return {
            "id": self.id,
            "contract": self.contract,
            "artefact": self.artefact,
            "decision": self.decision,
            "predictions": [prediction.record() for prediction in self.predictions],
            "operating_point": None if point is None else point.record(),
        }


Response: TypeAlias = PredictResponse
