"""The Python API: one object that holds a project together."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, overload

from plait.app.batch import predict_file, predict_frame
from plait.app.explain import explain
from plait.app.jobs import Jobs
from plait.app.keys import Keys
from plait.app.live import Live
from plait.app.settings import Project, load_project
from plait.core.budget import Budget
from plait.core.columns import Row
from plait.core.context import LOCAL, Context, Principal
from plait.core.contract import Contract
from plait.core.decision import Decision
from plait.core.errors import Refused
from plait.core.ids import Json
from plait.core.job import JobSpec
from plait.core.privacy import Privacy
from plait.core.request import PredictRequest
from plait.core.response import PredictResponse
from plait.core.trace import Trace
from plait.flow.admit import admit
from plait.flow.handle import Flow, inline
from plait.flow.predict import Predict
from plait.flow.record import Record
from plait.registry.decision import find_decision, find_decisions, release
from plait.store.base import Store
from plait.store.record import JobRow, RequestRow
from plait.store.sqlite import SqliteStore


class App:
    """A project, open: `with plait.open("plait.yaml") as app: ...`.

    Attributes:
        project: the folder and its settings.
        store: what outlives the process.
        live: what answers for each contract now.
        jobs: long work.
        keys: API keys.
    """

    def __init__(self, project: Project, store: Store) -> None:
        self.project = project
        self.store = store
        self.live = Live(store, project.settings.contracts, project.store / "artefacts")
        self.jobs = Jobs(store, project)
        self.keys = Keys(store)
        self._limits = project.settings.budget.limits()
        self._record = Record(store.record)
        self._flows: dict[str, Flow] = {}

    @classmethod
    def open(cls, path: str | Path = ".", **flags: str | int) -> "App":
        """Open the project at `path`, its folder or its plait.yaml.

        Args:
            path: where the project lies.
            flags: settings that stand above the environment and the file, such as `port=8001`.

        Raises:
            InvalidSettings: the settings are missing or wrong.
            StoreError: the store cannot be opened.
        """
        project = load_project(Path(path), flags)
        return cls(project, SqliteStore(project.store))

    def close(self) -> None:
        """Write what is still pending and let go of the store."""
        with ExitStack() as last_first:  # each is closed, whatever the others raise
            last_first.callback(self.store.close)
            last_first.callback(self.live.close)
            last_first.callback(self.jobs.close)

    def __enter__(self) -> "App":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    # the live loop

    def context(self, principal: Principal = LOCAL) -> Context:
        """Return a fresh context for one request by `principal`, with the project's budget."""
        return Context(principal=principal, trace=Trace(), budget=Budget(self._limits))

    if TYPE_CHECKING:  # at run time `overload` would keep this module alive past the exit

        @overload
        def predict(
            self, contract: str, rows: Row | Sequence[Row], *, reasons: int = 0
        ) -> PredictResponse: ...

        @overload
        def predict(self, contract: str, rows: Any, *, reasons: int = 0) -> Any: ...  # noqa: ANN401

    def predict(self, contract: str, rows: Any, *, reasons: int = 0) -> Any:
        """Answer rows by the contract's champion.

        Args:
            contract: name of the contract.
            rows: one row as a mapping, several as a list of mappings, or a data frame.
            reasons: how many reasons to give per row.

        Returns:
            A `PredictResponse` for mappings. For a data frame a frame of the same kind: its
            columns plus `prediction` and `probability_<class>`.

        Raises:
            UnknownName: no such contract, or nothing answers for it yet.
            InvalidRequest: a row does not fit.
        """
        if hasattr(rows, "columns"):
            return predict_frame(self.live.task(contract), rows, reasons)
        several = (rows,) if isinstance(rows, Mapping) else tuple(rows)
        request = PredictRequest(contract=contract, rows=several, reasons=reasons)
        return inline(self.handle(request, self.context()))

    async def handle(self, request: PredictRequest, context: Context) -> PredictResponse:
        """Answer a request by its flow: the async twin of `predict`, under a given context."""
        flow = self._flows.get(request.contract)
        if flow is None:
            flow = self._flow(request.contract)
        response = await flow.handle(request, context)
        assert isinstance(response, PredictResponse)  # what the flow of a contract ends with
        return response

    def _flow(self, name: str) -> Flow:
        """Return the implicit flow of a contract: admit, answer, record."""
        contract = self.project.settings.contracts.get(name)
        flow = Flow(
            name,
            (("admit", admit), ("answer", Predict(self.live.task))),
            self._record,
            contract.privacy if contract else Privacy.INTERNAL,
        )
        if contract:
            self._flows[name] = flow
        return flow

    def predict_file(
        self,
        contract: str,
        source: str | Path,
        target: str | Path,
        *,
        watch: Callable[[int], None] | None = None,
    ) -> int:
        """Answer every row of a file, in chunks; return the number of rows.

        Args:
            contract: name of the contract.
            source: CSV or Parquet with at least the contract's features.
            target: CSV or Parquet to write: the input's columns plus `prediction`, and
                `probability_<class>` per class.
            watch: told the number of rows written so far after each chunk.

        Raises:
            InvalidData: the file cannot be read, or lacks a feature.
        """
        return predict_file(self.live.task(contract), source, target, watch)

    def explain(self, request: str, principal: Principal = LOCAL) -> dict[str, Json]:
        """Return everything known of one answered request; see `plait.app.explain`."""
        return explain(self.store, request, principal)

    def requests(self, limit: int = 20, principal: Principal = LOCAL) -> list[RequestRow]:
        """Return the newest recorded requests of the principal's tenant."""
        return self.store.find(RequestRow, tenant=principal.tenant, limit=limit)

    # the evidence loop

    def contract(self, name: str) -> Contract:
        """Return a contract of the project.

        Raises:
            UnknownName: there is none of that name.
        """
        return self.project.contract(name)

    def submit_training(
        self,
        contract: str,
        *,
        add: Sequence[str] = (),
        seed: int = 0,
        release: bool = True,
        principal: Principal = LOCAL,
    ) -> JobRow:
        """Put the training of a contract in the queue; the same wish unfinished is not doubled.

        Args:
            contract: name of the contract.
            add: columns to use on top of the contract's features, as an experiment.
            seed: of everything random.
            release: whether the winner shall answer from then on.
            principal: who asks.
        """
        self.contract(contract)
        arguments: dict[str, Json] = {
            "contract": contract,
            "add": list(add),
            "seed": seed,
            "release": release,
            "by": principal.key or "local",
        }
        return self.jobs.submit(JobSpec(kind="train", arguments=arguments), principal)

    def train(
        self,
        contract: str,
        *,
        add: Sequence[str] = (),
        seed: int = 0,
        release: bool = True,
        watch: Callable[[JobRow], None] | None = None,
    ) -> Decision:
        """Race the candidates of a contract, decide, release the winner; return the decision.

        Args:
            contract: name of the contract.
            add: columns to use on top of the contract's features, as an experiment.
            seed: of everything random.
            release: whether the winner shall answer from then on.
            watch: told of each change of the job.

        Raises:
            InvalidData: the data cannot be used.
            Refused: no candidate is within the limits; the decision is recorded all the same.
        """
        job = self.submit_training(contract, add=add, seed=seed, release=release)
        return self.trained(job, watch)

    def trained(self, job: JobRow, watch: Callable[[JobRow], None] | None = None) -> Decision:
        """Work on a submitted training until it ends; return the decision, or raise as `train`."""
        with self.project.placing("contracts", str(job.arguments["contract"])):
            row = self.jobs.result(job.id, watch)
        result = row.result if isinstance(row.result, dict) else {}
        decision = self.decision(str(result["decision"]))
        if not decision.winner:
            raise Refused(
                "contract_unmet",
                decision.summary,
                where=decision.contract,
                hint=f"`plait decisions {decision.id[:12]}` shows each candidate; widen the limits",
            )
        return decision

    def rerun(
        self, decision: str, *, watch: Callable[[JobRow], None] | None = None
    ) -> Mapping[str, Json]:
        """Run the evidence of a decision again from the dataset version it cites.

        Returns:
            `evidence`, the id, and `verdict`, a sentence on the winner.

        Raises:
            Refused: `rerun_differs`, the evidence came out otherwise.
        """
        arguments: dict[str, Json] = {"decision": self.decision(decision).id, "by": "local"}
        job = self.jobs.submit(JobSpec(kind="rerun", arguments=arguments), LOCAL)
        result = self.jobs.result(job.id, watch).result
        return result if isinstance(result, dict) else {}

    def decision(self, decision: str) -> Decision:
        """Return a decision by its id, or an unambiguous beginning of it.

        Raises:
            UnknownName: there is none.
        """
        return find_decision(self.store, decision)

    def decisions(self, contract: str | None = None) -> list[Decision]:
        """Return every decision, newest first, of one contract or of all."""
        return find_decisions(self.store, contract)

    def release(self, decision: str, *, by: str = "local") -> int:
        """Let a decision's winner answer for its contract; earlier ones too, to go back.

        Raises:
            UnknownName: there is no such decision.
            Refused: the decision has no winner.
        """
        made = self.decision(decision)
        if not made.winner:
            raise Refused("contract_unmet", "that decision has no winner", where=made.contract)
        return release(self.store, made, by=by, tenant=LOCAL.tenant)


def open_project(path: str | Path = ".", **flags: str | int) -> App:
    """Open a project: `plait.open("plait.yaml")`; see `App.open`."""
    return App.open(path, **flags)
