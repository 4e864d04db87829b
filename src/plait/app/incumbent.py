"""Which imported model races for a contract."""

from collections.abc import Mapping
from pathlib import Path

from plait.app.settings import Project
from plait.core.ids import Json
from plait.registry.artefact import artefact_folder
from plait.store.base import Store
from plait.store.record import ArtefactRow
from plait.train.incumbent import NOTE, enter
from plait.train.plan import Plan


def incumbent_folder(
    store: Store, project: Project, contract: str, *, artefact: str = ""
) -> Path | None:
    """Return the folder of the artefact imported last for a contract; None when there is none.

    Args:
        store: of the project.
        project: has the contract.
        contract: its name.
        artefact: the id of one imported earlier, such as a decision to run again cites.

    Raises:
        UnknownName: there is no such artefact.
        StoreError: its files are missing or damaged.
    """
    if not artefact:
        rows = store.find(ArtefactRow, contract=contract)
        mine = [row for row in rows if NOTE in _files(row)]
        if not mine:
            return None
        artefact = max(mine, key=lambda row: row.created).id
    return artefact_folder(store, artefact, project.store / "artefacts")


def with_incumbent(
    store: Store, project: Project, name: str, plan: Plan, *, time: str, artefact: str = ""
) -> Plan:
    """Return a race with the contract's incumbent in it, if one was imported; see `enter`."""
    source = incumbent_folder(store, project, name, artefact=artefact)
    return plan if source is None else enter(plan, source, time=time)


def _files(row: ArtefactRow) -> Mapping[str, Json]:
    files = row.body.get("files")
    return files if isinstance(files, Mapping) else {}
