"""Predictions for rows, by one artefact; a text is a row of one field."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from plait.core.columns import Columns, Row, Scalar
from plait.core.context import Context
from plait.core.decision import OperatingPoint
from plait.core.errors import InvalidRequest
from plait.core.protocol import Lookup, Predictor
from plait.core.request import ForecastRequest, PredictRequest
from plait.core.response import PredictResponse
from plait.core.schema import RowReader
from plait.engines.prediction import PredictionReader
from plait.engines.predictor import SLOW
from plait.engines.text_score import reads_texts


class TabularTask:
    """Answers for one contract by the artefact that is released for it.

    Attributes:
        contract: name of the contract.
        predictor: runs the artefact.
        decision: id of the decision that chose it.
        input: what a row that is sent has.
        lookup: what is looked up in tables before the artefact is asked; None where nothing is.
        quick: whether it answers within a millisecond, and may do so where others wait; a sentence
            encoder does not, nor does a look into tables or a network that holds rows, and a long
            text takes any model long.
    """

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
        """Answer by `predictor`, which passes over what a row has in the columns of `ignored`."""
        self.contract = contract
        self.predictor = predictor
        self.decision = decision
        manifest = predictor.artefact.manifest
        self.lookup = lookup
        self.input = manifest.input if lookup is None else lookup.sent(manifest.input)
        slow = manifest.task == "text" or manifest.engine in SLOW
        self.quick = not slow and not reads_texts(predictor.artefact) and lookup is None
        self._point = operating_point
        self._artefact = predictor.artefact.id
        self._reader = RowReader(self.input, ignored)
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
        looked_up: tuple[Mapping[str, Scalar], ...] = ()
        if self.lookup is None:
            columns: Columns = self._reader.columns(request.rows)
        else:
            columns = self._looked_up(self.lookup, request.rows, context)
            looked_up = _told(self.lookup, request.rows, columns)
        with context.span("engine"):
            answers = self.predictor.predict(columns, reasons=request.reasons)
        return PredictResponse(
            id=context.trace.id,
            contract=self.contract,
            artefact=self._artefact,
            decision=self.decision,
            predictions=self._answers.read(answers),
            operating_point=self._point,
            looked_up=looked_up,
        )

    def _looked_up(self, lookup: Lookup, rows: Sequence[Row], context: Context) -> Columns:
        """Return what the artefact takes of rows that were sent, with what the tables say.

        Raises:
            InvalidRequest: a row has what is looked up, or nothing is found where training always
                found something.
        """
        for index, row in enumerate(rows):
            sent = lookup.names & set(row) if isinstance(row, Mapping) else ()
            for name in sorted(sent):
                raise InvalidRequest(
                    "row_unknown_field",
                    f"{name!r} is looked up in tables, and not sent",
                    where=f"rows[{index}]",
                    hint="remove it from the row",
                )
        columns = self._reader.columns(rows)
        with context.span("lookup"):
            found = lookup.filled(columns, context.clock.now())
        for field in self.predictor.artefact.manifest.input.fields:
            if field.name in lookup.names and not field.nullable:
                for index, value in enumerate(found[field.name]):
                    if value is None or value != value:
                        raise InvalidRequest(
                            "row_missing_field",
                            f"{field.name!r} is not found in the tables, and it always was in "
                            "training",
                            where=f"rows[{index}]",
                            hint="let its SQL say what then counts: coalesce(..., 0); train again",
                        )
        return found


def _told(
    lookup: Lookup, rows: Sequence[Row], columns: Columns
) -> tuple[Mapping[str, Scalar], ...]:
    """Return what was looked up for each row, and what else it was answered by and did not have."""
    values = {name: np.asarray(column, dtype=object).tolist() for name, column in columns.items()}
    return tuple(
        {
            name: None if column[at] != column[at] else column[at]
            for name, column in values.items()
            if name in lookup.names or (name not in row and column[at] is not None)
        }
        for at, row in enumerate(rows)
    )
