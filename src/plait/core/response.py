"""What is answered, one frozen class per kind of request."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from plait.core.columns import Column, Scalar
from plait.core.decision import OperatingPoint
from plait.core.ids import Json
from plait.core.passage import Citation, Passage
from plait.core.prompt import ToolCall


@dataclass(frozen=True, slots=True)
class Reason:
    """How one feature moved one prediction, or which example of the training was like it.

    Attributes:
        feature: name of the field; of an example, its level.
        value: what the row says, of a text one of its words; of an example, its text.
        contribution: exact additive share of the raw score: log-odds for classes, the target's unit
            for a regression. Positive moves towards the predicted class, or upwards. Of an example,
            its likeness to the text, at most 1.
        kind: `contribution` or `example`.
    """

    feature: str
    value: Scalar
    contribution: float
    kind: Literal["contribution", "example"] = "contribution"

    def record(self) -> dict[str, Json]:
        """Return the reason ready for JSON; the kind only of an example."""
        found: dict[str, Json] = {
            "feature": self.feature,
            "value": self.value,
            "contribution": self.contribution,
        }
        if self.kind != "contribution":
            found["kind"] = self.kind
        return found


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """What in a row lowered its chance against that of the usual accepted row, by one feature.

    Attributes:
        code: of the feature's name alone, so that it outlives every model.
        feature: name of the field.
        value: what the row says.
        reference: what accepted rows say: the mean of a number, else the most frequent level.
        direction: where the value lies against that reference.
        contribution: log-odds of the positive class that it cost, below 0.
        words: label, value, direction and reference as a person reads them.
    """

    code: str
    feature: str
    value: Scalar
    reference: Scalar
    direction: Literal["above", "below", "like", "unlike", "missing"]
    contribution: float
    words: str

    def record(self) -> dict[str, Json]:
        """Return the code ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer to one row.

    Attributes:
        value: the predicted level of the target, or number; None where the contract abstains.
        probabilities: level as text -> calibrated probability; empty for a regression.
        interval: lowest and highest value expected, or None.
        reasons: largest first; empty unless asked for.
        confidence: of a text contract, what it abstains by; None of any other.
        set: levels, as text, of which the true one is one in a stated share of cases; None where
            the contract asks for none.
        score: of a contract that looks for anomalies, the share of usual rows that are less
            strange, 0 to 1; None of any other.
        codes: why a binary contract refused, the costliest first; empty unless reasons were asked
            for, by the contract and in the request, and the answer is the negative level.
    """

    value: Scalar
    probabilities: Mapping[str, float]
    interval: tuple[float, float] | None = None
    reasons: tuple[Reason, ...] = ()
    confidence: float | None = None
    set: tuple[str, ...] | None = None
    score: float | None = None
    codes: tuple[ReasonCode, ...] = ()

    @property
    def abstained(self) -> bool:
        """Whether the contract gives no answer, for want of confidence."""
        return self.value is None

    def record(self) -> dict[str, Json]:
        """Return the prediction ready for JSON, without the parts it does not have."""
        found: dict[str, Json] = {"prediction": self.value}
        if self.probabilities:
            found["probabilities"] = self.probabilities
        if self.interval is not None:
            found["interval"] = self.interval
        if self.set is not None:
            found["set"] = list(self.set)
        if self.score is not None:
            found["score"] = self.score
        if self.confidence is not None:
            found["confidence"] = self.confidence
        if self.abstained:
            found["abstained"] = True
        if self.reasons:
            found["reasons"] = [reason.record() for reason in self.reasons]
        if self.codes:
            found["codes"] = [code.record() for code in self.codes]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractResponse:
    """What a contract answers, and who gave the answer.

    Attributes:
        id: of the request; `plait explain ID` tells the rest.
        contract: name of the contract.
        artefact: id of the artefact that answered.
        decision: id of the decision that chose it.
    """

    id: str
    contract: str
    artefact: str
    decision: str

    def content(self) -> dict[str, Json]:
        """Return what was answered, ready for JSON."""
        return {}

    def record(self) -> dict[str, Json]:
        """Return the response ready for JSON."""
        return {
            "id": self.id,
            "contract": self.contract,
            "artefact": self.artefact,
            "decision": self.decision,
            **self.content(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictResponse(ContractResponse):
    """The answers to a `PredictRequest`.

    Attributes:
        predictions: one per row, in order.
        operating_point: the threshold in force and its expected error; None unless binary.
        looked_up: what tables said of each row, and as of when if that was not sent; for the
            record alone. Empty where nothing is looked up.
    """

    predictions: tuple[Prediction, ...]
    operating_point: OperatingPoint | None = None
    looked_up: tuple[Mapping[str, Scalar], ...] = ()

    def content(self) -> dict[str, Json]:
        """Return what was answered, and by what was looked up, ready for JSON."""
        found: dict[str, Json] = {"predictions": [each.record() for each in self.predictions]}
        if self.looked_up:
            found["looked_up"] = self.looked_up
        return found

    def record(self) -> dict[str, Json]:
        """Return the response ready for JSON, without what was looked up for it."""
        point = self.operating_point
        told = None if point is None else point.record()
        found = {**ContractResponse.record(self), "operating_point": told}
        found.pop("looked_up", None)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastResponse(ContractResponse):
    """The answer to a `ForecastRequest`: one number per step in each part.

    Attributes:
        forecasts: what is expected.
        lower: the lowest expected.
        upper: the highest expected.
    """

    forecasts: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]

    def content(self) -> dict[str, Json]:
        """Return what was answered, ready for JSON."""
        return {"forecasts": self.forecasts, "lower": self.lower, "upper": self.upper}


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchResponse(ContractResponse):
    """What is strange in a series: of its last point, and of those before it.

    Attributes:
        prediction: whether the last point raises an alarm.
        score: share of usual points that are less strange, 0 to 1; None, as the next two, where
            the point is not judged: it is missing, or too few came before it to learn from.
        lower: the lowest value that would have been usual.
        upper: the highest value that would have been usual.
        alarms: positions in the history at which an alarm was raised as its points came.
    """

    prediction: bool
    score: float | None
    lower: float | None
    upper: float | None
    alarms: tuple[int, ...]

    def content(self) -> dict[str, Json]:
        """Return what was answered, ready for JSON."""
        names = ("prediction", "score", "lower", "upper")
        return {**{name: getattr(self, name) for name in names}, "alarms": list(self.alarms)}


Forecast: TypeAlias = ForecastResponse | WatchResponse
"""What a series contract answers: what comes next, or what is strange."""

Manner: TypeAlias = Literal["generated", "extracted", "predicted", "asked", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatResponse:
    """The answer to a `ChatRequest`, and who gave it.

    Attributes:
        id: of the request; `plait explain ID` tells the rest.
        model: name of the flow or model that was asked.
        spoken: name of the model whose words these are; "" when no model spoke.
        manner: how the answer came about: `generated` by a model; `extracted`, quoted from
            documents; `predicted` by a contract; `asked`, for what is missing; `refused`, because
            nothing supports an answer.
        text: the answer.
        finish: why it ended: `stop`, `length`, `tool_calls`, `content_filter`.
        citations: spans of passages that support it, in the order of its sentences.
        notes: what the reader should know, a sentence each, such as passages that were left out.
        prompt_tokens: tokens that models read for it.
        completion_tokens: tokens that models wrote for it.
        calls: tools of the caller's that the model asks for.
        logprobs: its tokens with their log-probabilities, in OpenAI's shape; empty unless asked.
        artefact: id of the artefact that predicted; "" otherwise.
        decision: id of the decision that chose it; "" otherwise.
    """

    id: str
    model: str
    spoken: str = ""
    manner: Manner = "generated"
    text: str
    finish: str = "stop"
    citations: tuple[Citation, ...] = ()
    notes: tuple[str, ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[Mapping[str, Json], ...] = ()
    artefact: str = ""
    decision: str = ""

    def record(self) -> dict[str, Json]:
        """Return the response ready for JSON."""
        return {
            "id": self.id,
            "model": self.model,
            "spoken": self.spoken,
            "manner": self.manner,
            "text": self.text,
            "finish": self.finish,
            "citations": [each.record() for each in self.citations],
            "notes": list(self.notes),
            "usage": {
                "prompt_tokens": self.prompt_tokens,
                "completion_tokens": self.completion_tokens,
            },
        }

    def content(self) -> dict[str, Json]:
        """Return what was answered, ready for JSON."""
        return {
            "text": self.text,
            "manner": self.manner,
            "spoken": self.spoken,
            "citations": [each.record() for each in self.citations],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResponse:
    """The passages that answer a `SearchRequest`.

    Attributes:
        id: of the request.
        collection: name of the collection.
        passages: the best first.
        empty: whether there was nothing to search in.
        artefact: id of the artefact that made the vectors; "" when none did.
        decision: always "".
    """

    id: str
    collection: str
    passages: tuple[Passage, ...]
    empty: bool = False
    artefact: str = ""
    decision: str = ""

    def record(self) -> dict[str, Json]:
        """Return the response ready for JSON."""
        return {
            "id": self.id,
            "collection": self.collection,
            "results": [each.record() for each in self.passages],
        }

    def content(self) -> dict[str, Json]:
        """Return which passages were found, ready for JSON, without their texts."""
        return {"passages": [{"id": each.id, "score": each.score} for each in self.passages]}


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedResponse:
    """The vectors of an `EmbedRequest`.

    Attributes:
        id: of the request.
        model: name of the model.
        vectors: one per text, each of unit length and of one width.
        tokens: tokens that were read.
        artefact: id of the artefact that made them.
        decision: always "".
    """

    id: str
    model: str
    vectors: tuple[Column, ...]
    tokens: int = 0
    artefact: str = ""
    decision: str = ""

    def content(self) -> dict[str, Json]:
        """Return how many vectors there are."""
        return {"vectors": len(self.vectors)}


Response: TypeAlias = PredictResponse | Forecast | ChatResponse | SearchResponse | EmbedResponse
