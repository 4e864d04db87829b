"""What a contract's data become, and which race it asks for, by its task."""

from dataclasses import replace

from plait.app.encoder import encoder_of
from plait.app.incumbent import with_incumbent
from plait.app.models import model_files
from plait.app.settings import Project
from plait.core.contract import Contract
from plait.registry.dataset import read_dataset
from plait.store.base import Store
from plait.store.frame import Frame
from plait.train.anomaly import plan_anomaly, prepare_anomaly
from plait.train.anomaly_series import (
    PreparedWatch,
    plan_anomaly_series,
    prepare_watch,
)
from plait.train.corpus import lacking, prepare_text
from plait.train.plan import Plan, plan_few, plan_race
from plait.train.prepare import Prepared, prepare
from plait.train.series import PreparedSeries, prepare_series
from plait.train.series_plan import plan_series
from plait.train.variant import with_variants


def prepared(frame: Frame, contract: Contract, seed: int = 0) -> Prepared:
    """Return the rows, texts or series ready to learn from.

    Raises:
        InvalidData, InvalidSettings: they are not what the contract says, or too few.
    """
    if contract.task == "text":
        return prepare_text(frame.columns, contract)
    if contract.task == "series":
        read = prepare_series if contract.horizon else prepare_watch
        return read(frame.columns, contract)
    if not contract.target:
        return prepare_anomaly(frame.columns, contract)
    return prepare(frame.columns, contract, seed=seed)


def planned(
    store: Store,
    project: Project,
    contract: Contract,
    dataset: str,
    *,
    name: str,
    seed: int,
    incumbent: str | None = "",
) -> Plan:
    """Return the race on a kept dataset version; of too few texts it has one candidate.

    Args:
        store: keeps the dataset version and what was imported.
        project: has the sentence encoder.
        contract: what must be delivered.
        dataset: id of the version.
        name: of the contract.
        seed: of everything random.
        incumbent: id of the imported artefact that races too; "" takes the last one imported, None
            lets none in.

    Raises:
        UnknownName: a candidate, the metric or the dataset is unknown.
        InvalidData: the rows are too few to compare candidates.
    """
    rows = prepared(read_dataset(store, dataset), contract, seed)
    if isinstance(rows, PreparedWatch):
        return plan_anomaly_series(rows, contract, seed=seed)
    if isinstance(rows, PreparedSeries):
        return plan_series(rows, contract, seed=seed)
    if not contract.target:
        return plan_anomaly(rows, contract, seed=seed)
    encoder, notes = encoder_of(store, project, contract)
    files = model_files(project, contract)
    rows = replace(rows, notes=(*notes, *rows.notes))
    if few(contract, rows):
        return plan_few(rows, contract, seed=seed, encoder=encoder, models=files)
    raced = plan_race(rows, contract, seed=seed, encoder=encoder, models=files)
    plan = with_variants(raced, encoder)
    if contract.task == "text" or incumbent is None:
        return plan
    return with_incumbent(store, project, name, plan, time=contract.time, artefact=incumbent)


def few(contract: Contract, rows: Prepared) -> bool:
    """Tell whether there are too few texts to compare candidates by."""
    return contract.task == "text" and lacking(rows) > 0
