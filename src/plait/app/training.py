"""The jobs `train` and `rerun`: data, race, measurement, decision; each step kept when done."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from plait.app.intents import SUFFIXES, read_intents
from plait.app.lookup import Version, lookup_for
from plait.app.planning import few, planned, prepared
from plait.app.settings import Project, environment
from plait.core.cancel import Cancel
from plait.core.contract import Contract, FeatureNote, SqlSource
from plait.core.decision import Decision, Evidence
from plait.core.errors import InvalidData, Refused, suggestion
from plait.core.ids import Json
from plait.core.job import J, JobRun, Progress
from plait.engines.base import read_artefact
from plait.registry.artefact import register_artefact
from plait.registry.dataset import register_dataset
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
from plait.train.conclude import choose, conclude, declare, evidence_of
from plait.train.curve import learning_curve
from plait.train.measure import Measured
from plait.train.plan import Plan
from plait.train.race import Raced, measure_all, race
from plait.train.require import check_all
from plait.train.schedule import EVERYTHING, Schedule
from plait.train.version import dataset_id

TENANT = "default"


@dataclass(frozen=True, slots=True)
class Ended:
    """What a job came to.

    Attributes:
        result: for whoever asked for it.
        keep: writes what must be kept. It is called in the transaction that ends the job, so that
            all of it is kept once, or nothing, however often the job was killed.
    """

    result: Json
    keep: Callable[[], None] = lambda: None


def train(store: Store, project: Project, arguments: Mapping[str, Json], run: JobRun) -> Ended:
    """Train a contract, register everything, release the winner.

    The contract and its data are those of the moment: a job that is taken up again after either
    was changed starts over.

    Args:
        store: of the project.
        project: has the contract.
        arguments: `contract` (its name), `add`, `seed`, `release`, `by`, and where there is a time
            to keep to `minutes`.
        run: the job.

    Returns:
        `decision`, its id, and `tables`, what features were looked up in, where there are any.
    """
    name, by = str(arguments["contract"]), str(arguments["by"])
    add = cast("Sequence[str]", arguments["add"])
    contract = _with(project.contract(name), add)
    run.progress(Progress("reading the data"))
    dataset, versions, told = _keep_data(store, project.folder, name, contract, add)
    seed = cast(int, arguments["seed"])
    minutes = cast("float | None", arguments.get("minutes"))
    schedule = EVERYTHING if minutes is None else Schedule(seconds=60 * minutes)
    plan = planned(store, project, contract, dataset, name=name, seed=seed)
    if told:
        plan = replace(plan, prepared=replace(plan.prepared, notes=(*told, *plan.prepared.notes)))
    raced, measured = _run(plan, contract, run, schedule)
    part = _part(contract, plan, run)
    evidence, decision = _concluded(contract, raced, measured, part, name=name, by=by)
    for result in raced.results:
        register_artefact(
            store,
            read_artefact(result.folder),
            contract=name,
            tenant=TENANT,
            privacy=contract.privacy,
        )

    def keep() -> None:
        register_decision(store, decision, evidence, tenant=TENANT, privacy=contract.privacy)
        store.audit(by, "decide", name, details={"decision": decision.id}, tenant=TENANT)
        if arguments["release"] and decision.winner:
            release(store, decision, by=by, tenant=TENANT)

    tables: dict[str, Json] = {}
    if versions:
        tables["tables"] = [each.record() for each in versions]
    return Ended({"decision": decision.id, **tables}, keep)


def rerun(store: Store, project: Project, arguments: Mapping[str, Json], run: JobRun) -> Ended:
    """Run the evidence of a decision again, from the dataset version it cites.

    Args:
        store: of the project.
        project: has the sentence encoder of texts.
        arguments: `decision`, its id, and `by`.
        run: the job.

    Returns:
        `evidence`, its id, and `verdict`, a sentence on the winner.

    Raises:
        Refused: `rerun_differs`, the evidence came out otherwise, or is not what was recorded.
        StoreError: `blob_missing`, the data are gone or damaged.
    """
    made = find_decision(store, str(arguments["decision"]))
    before = find_evidence(store, made.evidence)
    contract = Contract.read(before.contract)
    seed = cast(int, before.splits["seed"])
    by = str(arguments["by"])
    plan = planned(
        store, project, contract, before.dataset, name=made.contract, seed=seed,
        incumbent=_incumbent(before),
    )  # fmt: skip
    schedule = EVERYTHING if before.schedule is None else Schedule.read(before.schedule)
    raced, measured = _run(plan, contract, run, schedule)
    after, again = conclude(
        contract, raced, measured, name=made.contract, by=by, created=time.time()
    )
    if not before.id == after.id == made.evidence:
        raise Refused(
            "rerun_differs",
            _difference(before, after, made.evidence),
            where=made.id,
            hint="`plait train` takes a fresh decision",
        )
    return Ended({"evidence": after.id, "verdict": _verdict(made, again)})


def _incumbent(evidence: Evidence) -> str | None:
    """Return the id of the imported artefact that raced; None when none did."""
    raced = (each for each in evidence.candidates if each.paradigm == "incumbent")
    return next((str(each.configuration["artefact"]) for each in raced), None)


def _run(
    plan: Plan, contract: Contract, run: JobRun, schedule: Schedule
) -> tuple[Raced, dict[str, Measured]]:
    """Race, check what the contract requires, and measure."""
    part = _part(contract, plan, run)
    raced = check_all(contract, race(plan, part, folder=run.folder, schedule=schedule), part)
    return raced, measure_all(raced, part)


def _part(contract: Contract, plan: Plan, run: JobRun) -> "_Part":
    return _Part(run, evidence_of(contract, Raced(plan=plan, results=())).id)


def _concluded(
    contract: Contract,
    raced: Raced,
    measured: Mapping[str, Measured],
    run: JobRun,
    **told: str,
) -> tuple[Evidence | None, Decision]:
    """Return the decision and its evidence, which too few texts do not give."""
    if few(contract, raced.plan.prepared):
        return None, declare(contract, raced, measured, created=time.time(), **told)
    curve = learning_curve(contract, raced, choose(contract, raced, measured), run)
    return conclude(contract, raced, measured, created=time.time(), curve=curve, **told)


@dataclass(frozen=True, slots=True)
class _Part:
    """A job whose steps are kept under the name of the race they are steps of.

    A job may be taken up again with other data, another contract or other libraries than it began
    with. Then nothing that was kept is a part of the same evidence.
    """

    run: JobRun
    name: str

    @property
    def folder(self) -> Path:
        return self.run.folder

    @property
    def cancel(self) -> Cancel:
        return self.run.cancel

    def step(self, name: str, work: Callable[[], J]) -> J:
        return self.run.step(f"{self.name}/{name}", work)

    def progress(self, progress: Progress) -> None:
        self.run.progress(progress)


def read_data(folder: Path, contract: Contract) -> Frame:
    """Return the rows a contract names, with what is looked up for them in its tables.

    Raises:
        InvalidData: they cannot be read.
        InvalidSettings: the SQL of a feature cannot be run.
    """
    frame = _read_rows(folder, contract)
    lookup = lookup_for(folder, contract, frame)
    return frame if lookup is None else lookup.added(frame)


def _read_rows(folder: Path, contract: Contract) -> Frame:
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
    if contract.task == "text" and data.endswith(SUFFIXES):
        return read_intents(folder / data, contract)
    return read_table(data if "://" in data else folder / data)


def _keep_data(
    store: Store, folder: Path, name: str, contract: Contract, add: Sequence[str]
) -> tuple[str, Sequence[Version], Sequence[str]]:
    """Return the id of the dataset version, the tables looked up for it, and notes on these."""
    frame = _read_rows(folder, contract)
    lookup = lookup_for(folder, contract, frame)
    if lookup is not None:
        frame = lookup.added(frame)
    for column in add:
        if column not in frame.names:
            raise InvalidData(
                "data_column_missing",
                f"there is no column {column!r} to use on top of the contract's",
                where="--with",
                hint=suggestion(column, frame.names),
            )
    prepared(frame, contract)  # refuses what cannot be trained on, before it is kept
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
    if lookup is None:
        return dataset, (), ()
    return dataset, lookup.versions, (*lookup.notes(), lookup.speed(frame))


def _with(contract: Contract, add: Sequence[str]) -> Contract:
    """Return the contract with columns that are used on top of its own."""
    if add and contract.task == "text":
        raise InvalidData(
            "data_column_missing",
            "a text contract reads one column, and none on top of it",
            where="--with",
            hint="name the column with `text: COLUMN`",
        )
    features = contract.features
    if contract.chosen:
        features = {**features, **dict.fromkeys(add, FeatureNote())}
    exclude = tuple(column for column in contract.exclude if column not in add)
    return replace(contract, features=features, exclude=exclude)


def _difference(recorded: Evidence, again: Evidence, cited: str) -> str:
    """Say what came out otherwise, and whether the record is still what was recorded."""
    changed = "" if recorded.id == cited else f"the record of {cited} was changed since: "
    for library, version in again.libraries.items():
        if recorded.libraries.get(library) != version:
            return f"{changed}{library} was {recorded.libraries.get(library)} and is {version}"
    for old, new in zip(recorded.candidates, again.candidates, strict=False):
        if old.name == new.name and old.configuration != new.configuration:
            return f"{changed}{old.name} is configured otherwise"
        for split, (was, now) in enumerate(zip(old.scores, new.scores, strict=False), 1):
            if was != now:
                return f"{changed}{old.name} scored {now} on split {split}, recorded is {was}"
    if recorded.schedule != again.schedule:
        lost = cast("Mapping[str, str]", (again.schedule or {}).get("not_finished", {}))
        said = "; ".join(f"{name}: {why}" for name, why in lost.items()) or "all were"
        return f"{changed}other candidates were not finished ({said})"
    return f"{changed}the contract, the data, the splits or the list of candidates is another"


def _verdict(made: Decision, again: Decision) -> str:
    if made.winner == again.winner:
        return f"same winner: {made.winner or 'none'}"
    why = {standing.name: standing.why for standing in again.standings}
    return (
        f"the scores are the same, but {again.winner or 'nobody'} won instead of {made.winner} by "
        f"this machine's measurements: {made.winner} {why.get(made.winner, '')}"
    )
