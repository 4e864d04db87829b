"""What bodies look like, for the OpenAPI document alone: nothing here is built or parsed.

A test holds every answer against its shape, so that the document cannot lie. Where an object of the
kernel is rendered field by field, the kernel's class is the shape.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from plait.core.columns import Scalar
from plait.core.decision import Abstention, OperatingPoint, Standing
from plait.core.job import JobState
from plait.core.response import Reason, ReasonCode
from plait.flow.admit import MAX_ROWS

MAX_REASONS = 100


@dataclass
class ErrorDetail:
    """What is wrong, and what to do about it."""

    message: str
    type: str
    param: str | None
    code: str


@dataclass
class Error:
    """Every error, of every address. `code` is stable; the list is in the handbook."""

    error: ErrorDetail


@dataclass
class Prediction:
    """The answer to one row."""

    prediction: Scalar
    probabilities: Mapping[str, float] = field(default_factory=dict)
    interval: tuple[float, float] | None = None
    reasons: Sequence[Reason] = ()
    set: Sequence[str] | None = None
    score: float | None = None
    confidence: float | None = None
    abstained: bool = False
    codes: Sequence[ReasonCode] = ()


@dataclass
class Predictions:
    """One prediction per row, in order, who gave them, and the threshold in force."""

    id: str
    contract: str
    artefact: str
    decision: str
    predictions: Sequence[Prediction]
    operating_point: OperatingPoint | None


@dataclass
class Forecasts:
    """What comes next in a series, one number per step in each part, and who says so."""

    id: str
    contract: str
    artefact: str
    decision: str
    forecasts: Sequence[float]
    lower: Sequence[float]
    upper: Sequence[float]


@dataclass
class Watched:
    """Whether the last point of a series is strange, and where it was before.

    `score`, `lower` and `upper` are null where it is not judged: it is missing, or too few points
    came before it to learn from.
    """

    id: str
    contract: str
    artefact: str
    decision: str
    prediction: bool
    score: float | None
    lower: float | None
    upper: float | None
    alarms: Sequence[int]


@dataclass
class Stage:
    """One stage of a request."""

    name: str
    milliseconds: float
    tags: Mapping[str, Scalar]
    error: str


@dataclass
class Explanation:
    """Everything known of one request; the last four stand only where they are known."""

    id: str
    name: str
    status: str
    created: float
    seconds: float
    tenant: str
    key: str
    privacy: Literal["public", "internal", "personal", "secret"]
    asked: Sequence[object] | str | None
    answered: Sequence[Prediction] | Mapping[str, object] | None
    looked_up: Sequence[Mapping[str, object]] | None
    stages: Sequence[Stage]
    usage: Mapping[str, float] | None
    passages: Sequence[Mapping[str, object]]
    verdicts: Sequence[Mapping[str, object]]
    artefact: Mapping[str, object] = field(default_factory=dict)
    decision: Mapping[str, object] = field(default_factory=dict)
    evidence: Mapping[str, object] = field(default_factory=dict)
    dataset: Mapping[str, object] = field(default_factory=dict)


@dataclass
class Decision:
    """Who answers for a contract, by how much, and why the others lost."""

    id: str
    kind: Literal["measured", "declared"]
    contract: str
    evidence: str
    metric: str
    winner: str
    artefact: str
    rule: str
    standings: Sequence[Standing]
    machine: Mapping[str, object]
    operating_point: OperatingPoint | None
    notes: Sequence[str]
    summary: str
    by: str
    created: float
    abstention: Abstention | None = None


@dataclass
class Decisions:
    """Decisions, newest first."""

    decisions: Sequence[Decision]


@dataclass
class Job:
    """Long work and how far it has come."""

    id: str
    kind: str
    arguments: Mapping[str, object]
    state: JobState
    step: str
    done: int
    total: int
    attempts: int
    created: float
    updated: float
    result: object
    error: object


@dataclass
class Jobs:
    """Jobs, newest first."""

    jobs: Sequence[Job]


@dataclass
class Alive:
    """The process serves."""

    status: Literal["alive"]


@dataclass
class Readiness:
    """Whether every released contract is answered.

    `degraded`: a newer release cannot be loaded, and the one before it answers. Contracts and
    problems are told to those who may `read`.
    """

    status: Literal["ready", "degraded", "not ready"]
    contracts: Mapping[str, Literal["live", "not trained"]] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Error, "description": "The request cannot be answered as it is."},
    "5XX": {"model": Error, "description": "plait cannot answer now."},
}

_SCALAR = {"anyOf": [{"type": kind} for kind in ("number", "string", "boolean", "null")]}
PREDICT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "title": "Rows",
                    "type": "object",
                    "description": "`rows`, or of a series contract `history`.",
                    "additionalProperties": False,
                    "properties": {
                        "rows": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": MAX_ROWS,
                            "description": "Field -> value; all never missing in training.",
                            "items": {"type": "object", "additionalProperties": _SCALAR},
                        },
                        "reasons": {
                            "type": "integer",
                            "minimum": 0,
                            "maximum": MAX_REASONS,
                            "default": 0,
                            "description": "How many reasons to give per row.",
                        },
                        "history": {
                            "type": "array",
                            "description": "Numbers so far, oldest first, null for missing.",
                            "items": {"type": ["number", "null"]},
                        },
                        "horizon": {
                            "type": "integer",
                            "minimum": 1,
                            "description": "Steps to forecast; as trained for when absent.",
                        },
                    },
                },
                "example": {"rows": [{"income": 52000, "region": "north"}], "reasons": 3},
            }
        },
    }
}
