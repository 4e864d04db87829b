"""The jobs `train` and `rerun`: data, race, measurement, decision; each step kept when done."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from plait.app.settings import environment
from plait.core.contract import Contract, FeatureNote, SqlSource
from plait.core.decision import Decision, Evidence
from plait.core.errors import InvalidData, Refused
from plait.core.ids import Json
from plait.core.job import JobRun, Progress
from plait.engines.base import read_artefact
from plait.registry.artefact import register_artefact
from plait.registry.dataset import read_dataset, register_dataset
from plait.registry.decision import (
    find_decision,
    find_evidence,
    register_decision,
    release,
)
from plait.store.base import Store
from plait.store.frame import Frame
from plait.store.table_query import read_query
from plait.store.table_read import read_table
from plait.train.conclude import conclude
from plait.train.prepare import prepare
from plait.train.race import Raced, measure_all, plan_race, race
from plait.train.version import dataset_id

TENANT = "default"


def train(
    store: Store, folder: Path, contract: Contract, arguments: Mapping[str, Json], run: JobRun
) -> Json:
    """Train a contract, register everything, release the winner.

    Args:
        store: of the project.
        folder: of the project; paths in the contract start here.
        contract: as plait.yaml has it.
        arguments: `contract` (its name), `add`, `seed`, `release`, `by`.
        run: the job.

    Returns:
        `decision`, its id.
    """
    name, by = str(arguments["contract"]), str(arguments["by"])
    contract = _with(contract, cast("Sequence[str]", arguments["add"]))
    run.progress(Progress("reading the data"))
    dataset = run.step("data", lambda: _keep_data(store, folder, name, contract))
    seed = cast(int, arguments["seed"])
    evidence, decision, raced = _bake_off(store, name, contract, dataset, seed, by, run)
    for result in raced.results:
        register_artefact(
            store,
            read_artefact(result.folder),
            contract=name,
            tenant=TENANT,
            privacy=contract.privacy,
        )
    register_decision(store, decision, evidence, tenant=TENANT, privacy=contract.privacy)
    store.audit(by, "decide", name, details={"decision": decision.id}, tenant=TENANT)
    if arguments["release"] and decision.winner:
        run.step("release", lambda: release(store, decision, by=by, tenant=TENANT))
    return {"decision": decision.id}


def rerun(store: Store, arguments: Mapping[str, Json], run: JobRun) -> Json:
    """Run the evidence of a decision again, from the dataset version it cites.

    Args:
        store: of the project.
        arguments: `decision`, its id, and `by`.
        run: the job.

    Returns:
        `evidence`, its id, and `verdict`, a sentence on the winner.

    Raises:
        Refused: `rerun_differs`, the evidence came out otherwise.
    """
    made = find_decision(store, str(arguments["decision"]))
    before = find_evidence(store, made.evidence)
    contract = Contract.read(before.contract)
    seed = cast(int, before.splits["seed"])
    by = str(arguments["by"])
    after, again, _ = _bake_off(store, made.contract, contract, before.dataset, seed, by, run)
    if after.id != before.id:
        raise Refused(
            "rerun_differs",
            f"the evidence came out as {after.id}: {_difference(before, after)}",
            where=made.id,
        )
    return {"evidence": after.id, "verdict": _verdict(made, again)}


def _bake_off(
    store: Store,
    name: str,
    contract: Contract,
    dataset: str,
    seed: int,
    by: str,
    run: JobRun,
) -> tuple[Evidence, Decision, Raced]:
    """Race, measure and decide, on a kept dataset version."""
    prepared = prepare(read_dataset(store, dataset).columns, contract, seed=seed)
    raced = race(plan_race(prepared, contract, seed=seed), run, folder=run.folder)
    measured = measure_all(raced, run)
    created = run.step("moment", time.time)
    evidence, decision = conclude(contract, raced, measured, name=name, by=by, created=created)
    return evidence, decision, raced


def read_data(folder: Path, contract: Contract) -> Frame:
    """Return the rows a contract names.

    Raises:
        InvalidData: they cannot be read.
    """
    data = contract.data
    if isinstance(data, SqlSource):
        url = environment(folder, data.url_env)
        if url is None:
            raise InvalidData(
                "data_connection",
                f"{data.url_env} is not set",
                where="data.url_env",
                hint="set it in the environment or in .env, as postgresql://user:password@host/db",
            )
        try:
            return read_query((folder / data.sql).read_text(encoding="utf-8"), url)
        except OSError as error:
            raise InvalidData(
                "data_missing",
                str(error.strerror),
                where=data.sql,
                hint="name a file with a SELECT",
            ) from None
    return read_table(data if "://" in data else folder / data)


def _keep_data(store: Store, folder: Path, name: str, contract: Contract) -> str:
    frame = read_data(folder, contract)
    prepare(frame.columns, contract)  # refuses what cannot be trained on, before it is kept
    dataset = dataset_id(frame.columns)
    source = contract.data.sql if isinstance(contract.data, SqlSource) else contract.data
    register_dataset(
        store,
        dataset,
        frame,
        contract=name,
        source=source,
        tenant=TENANT,
        privacy=contract.privacy,
    )
    return dataset


def _with(contract: Contract, add: Sequence[str]) -> Contract:
    """Return the contract with columns that are used on top of its own."""
    features = contract.features
    if features:
        features = {**features, **dict.fromkeys(add, FeatureNote())}
    exclude = tuple(column for column in contract.exclude if column not in add)
    return replace(contract, features=features, exclude=exclude)


def _difference(before: Evidence, after: Evidence) -> str:
    """Name the first part that came out otherwise."""
    for library, version in after.libraries.items():
        if before.libraries.get(library) != version:
            return f"{library} was {before.libraries.get(library)} and is {version}"
    for old, new in zip(before.candidates, after.candidates, strict=False):
        if old != new:
            return f"{old.name} scored otherwise"
    return "the data or the splits came out otherwise"


def _verdict(made: Decision, again: Decision) -> str:
    if made.winner == again.winner:
        return f"same winner: {made.winner or 'none'}"
    why = {standing.name: standing.why for standing in again.standings}
    return (
        f"the scores are the same, but {again.winner or 'nobody'} won instead of {made.winner} by "
        f"this machine's measurements: {made.winner} {why.get(made.winner, '')}"
    )
