"""The job `ingest`: documents into a collection; each is kept when it is done."""

from collections.abc import Mapping, Sequence
from typing import cast

from plait.app.collection import Collections
from plait.app.embedder import embedder_of
from plait.app.models import Models
from plait.app.settings import Project
from plait.app.training import Ended
from plait.core.context import Context, Principal
from plait.core.ids import Json
from plait.core.job import JobRun
from plait.store.base import Store


def ingest(store: Store, project: Project, arguments: Mapping[str, Json], run: JobRun) -> Ended:
    """Take files into a collection. A job that is taken up again passes over what is there.

    Args:
        store: of the project.
        project: has the collection.
        arguments: `collection` (its name), `paths` (none for those of plait.yaml), `tenant`.
        run: the job.

    Returns:
        `Report.record()`: what became of every document.
    """
    models = Models(project, lambda weights: embedder_of(store, project, weights))
    collections = Collections(store, project, models.embedder)
    principal = Principal(tenant=str(arguments["tenant"]), scopes=frozenset({"admin"}))
    report = collections.ingest(
        str(arguments["collection"]),
        [str(path) for path in cast("Sequence[str]", arguments["paths"])],
        watch=run.progress,
        context=Context(principal=principal, cancel=run.cancel),
    )
    return Ended(report.record())
