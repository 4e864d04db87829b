"""What every job read and wrote, as OpenLineage events (https://openlineage.io, spec 2-0-2).

They are appended to `lineage.jsonl` in the store's folder, a line each, for Marquez or whatever
reads OpenLineage. Telling of a job never makes it fail.
"""

import logging
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from types import TracebackType
from typing import Literal, TypeAlias, cast

from plait.app.settings import Project
from plait.core.errors import Cancelled, PlaitError
from plait.core.ids import Json, canonical
from plait.registry.decision import find_decision, find_evidence
from plait.store.base import Store
from plait.store.record import DatasetRow, JobRow

log = logging.getLogger(__name__)

EventType: TypeAlias = Literal["START", "COMPLETE", "FAIL", "ABORT"]
FILE = "lineage.jsonl"
SPEC = "https://openlineage.io/spec"
EVENT = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
PRODUCER = "https://pypi.org/project/plait"
_FACETS = {
    "schema": f"{SPEC}/facets/1-1-1/SchemaDatasetFacet.json",
    "version": f"{SPEC}/facets/1-0-1/DatasetVersionDatasetFacet.json",
    "errorMessage": f"{SPEC}/facets/1-0-1/ErrorMessageRunFacet.json",
    "processing_engine": f"{SPEC}/facets/1-1-1/ProcessingEngineRunFacet.json",
}
_NAMES = uuid.UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff")  # of run ids, which must be UUIDs


class Lineage:
    """A job under way: its start is told on entering, its end on leaving.

    Attributes:
        result: what the job came to, to be set before leaving; names the decision it took.
    """

    def __init__(self, store: Store, job: JobRow, project: Project) -> None:
        """Tell of a job of `project`."""
        self.result: Json = None
        self._store = store
        self._job = job
        self._project = project.settings.project
        self._file = project.store / FILE

    def __enter__(self) -> "Lineage":
        self._tell("START")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if error is None:
            self._tell("COMPLETE")
        elif isinstance(error, Cancelled):
            self._tell("ABORT")
        else:
            self._tell("FAIL", error)

    def _tell(self, event: EventType, error: BaseException | None = None) -> None:
        try:
            line = canonical(self._event(event, error))
            with self._file.open("ab") as file:
                file.write(line + b"\n")
        except (OSError, PlaitError, KeyError) as problem:
            log.warning("lineage of %s: %s", self._job.id, problem)

    def _event(self, event: EventType, error: BaseException | None) -> dict[str, Json]:
        facets: dict[str, Json] = {
            "processing_engine": _facet("processing_engine", version=version("plait"), name="plait")
        }
        if error is not None:
            facets["errorMessage"] = _facet(
                "errorMessage", message=str(error), programmingLanguage="python"
            )
        inputs, outputs = self._ends(self.result) if event == "COMPLETE" else ([], [])
        subject = self._job.arguments.get("contract") or self._job.arguments.get("collection")
        return {
            "eventType": event,
            "eventTime": datetime.now(UTC).isoformat(),
            "run": {"runId": str(uuid.uuid5(_NAMES, self._job.id)), "facets": facets},
            "job": {
                "namespace": self._project,
                "name": f"{self._job.kind}.{subject}" if subject else self._job.kind,
            },
            "inputs": inputs,
            "outputs": outputs,
            "producer": PRODUCER,
            "schemaURL": EVENT,
        }

    def _ends(self, result: Json) -> tuple[list[Json], list[Json]]:
        """Return the dataset and the tables that a decision rests on, and what won."""
        if not isinstance(result, Mapping) or "decision" not in result:
            return [], []
        decision = find_decision(self._store, str(result["decision"]))
        outputs: list[Json] = []
        if decision.artefact:
            outputs.append(self._dataset(f"artefact.{decision.contract}", decision.artefact))
        if not decision.evidence:
            return [], outputs
        dataset = find_evidence(self._store, decision.evidence).dataset
        row = self._store.get(DatasetRow, dataset)
        if row is None:
            return [], outputs
        columns = cast("list[Mapping[str, Json]]", row.body["columns"])
        fields: list[Json] = [{"name": each["name"], "type": each["kind"]} for each in columns]
        schema = {"schema": _facet("schema", fields=fields)}
        inputs: list[Json] = [self._dataset(str(row.body["source"]), dataset, **schema)]
        for table in cast("list[Mapping[str, Json]]", result.get("tables", [])):
            columns = cast("list[Mapping[str, Json]]", table["columns"])
            fields = [{"name": each["name"], "type": each["kind"]} for each in columns]
            schema = {"schema": _facet("schema", fields=fields)}
            inputs.append(self._dataset(str(table["source"]), str(table["version"]), **schema))
        return inputs, outputs

    def _dataset(self, name: str, dataset_version: str, **facets: Json) -> dict[str, Json]:
        versioned = _facet("version", datasetVersion=dataset_version)
        return {
            "namespace": self._project,
            "name": name,
            "facets": {"version": versioned, **facets},
        }


def _facet(name: str, /, **parts: Json) -> dict[str, Json]:
    return {"_producer": PRODUCER, "_schemaURL": _FACETS[name], **parts}
