"""The Python API: one object that holds a project together."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from plait.app.batch import D, predict_file, predict_frame
from plait.app.check_flow import check_flows
from plait.app.collection import Collections
from plait.app.deciding import Deciding
from plait.app.draw import describe_flow
from plait.app.embedder import embedder_of
from plait.app.explain import explain
from plait.app.flows import Flows
from plait.app.guards import guard_of
from plait.app.keys import Keys
from plait.app.live import Live
from plait.app.loop import Loop, told
from plait.app.models import Models
from plait.app.prompts import Prompts
from plait.app.settings import Project, cache_folder, load_project
from plait.core.budget import Budget
from plait.core.columns import Row
from plait.core.context import LOCAL, Context, Principal
from plait.core.errors import UnknownName
from plait.core.ids import Json, content_id
from plait.core.privacy import Privacy
from plait.core.prompt import Chunk, Message, Prompt
from plait.core.protocol import Embedder, Guard
from plait.core.request import (
    ChatRequest,
    EmbedRequest,
    ForecastRequest,
    PredictRequest,
    SearchRequest,
)
from plait.core.response import (
    ChatResponse,
    EmbedResponse,
    Forecast,
    PredictResponse,
    SearchResponse,
)
from plait.core.trace import Trace
from plait.engines.memo import MemoEmbedder
from plait.flow.base import Parts
from plait.flow.handle import Flow, inline
from plait.flow.record import Record
from plait.store.base import Store
from plait.store.record import RequestRow
from plait.store.sqlite import SqliteStore
from plait.tasks.search.embed import EmbedTask

P = ParamSpec("P")
T = TypeVar("T")


class App(Deciding):
    """A project, open: `with plait.open("plait.yaml") as app: ...`.

    Attributes:
        project: the folder and its settings.
        store: what outlives the process.
        live: what answers for each contract now.
        jobs: long work.
        keys: API keys.
    """

    def __init__(self, project: Project, store: Store) -> None:
        super().__init__(project, store)
        contracts = project.settings.contracts
        self.live = Live(store, contracts, project.store / "artefacts", project.folder)
        self.keys = Keys(store)
        self.models = Models(project, lambda weights: embedder_of(store, project, weights))
        self.collections = Collections(store, project, self.models.embedder, work=self._work)
        self.prompts = Prompts(store, project.folder, project.settings.prompts)
        self.flows = Flows(project.settings.flows, Record(store.record))
        self._limits = project.settings.budget.limits()
        self._loop = Loop()
        self._pool = ThreadPoolExecutor(os.cpu_count(), "plait-work")
        self._answering: dict[str, Flow] = {}
        self._guards: dict[str, Guard] = {}
        self._memos: dict[int, MemoEmbedder] = {}
        self.flows.parts = Parts(
            live=self.live.task,
            contract=project.contract,
            generator=self.models.generator,
            search=self.collections.task,
            embedder=self._comparing,
            guard=self.guard,
            prompt=self.prompts.get,
            flow=self.flows.steps,
            revision=self.revision,
            work=self._work,
        )

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
        check_flows(project)
        return cls(project, SqliteStore(project.store))

    def close(self) -> None:
        """Write what is still pending and let go of the store."""
        with ExitStack() as last_first:  # each is closed, whatever the others raise
            last_first.callback(self.store.close)
            last_first.callback(self._pool.shutdown)
            last_first.callback(self._loop.close)
            last_first.callback(self.models.close, self._loop)
            last_first.callback(self.collections.close)
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
        def predict(self, contract: str, rows: D, *, reasons: int = 0) -> D: ...

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

    def forecast(
        self, contract: str, history: Sequence[float | None], horizon: int | None = None
    ) -> Forecast:
        """Go on with a series by the contract's champion, or judge its last point.

        Args:
            contract: name of a `series` contract.
            history: the numbers so far, oldest first, None for missing.
            horizon: how many steps to forecast; None takes as many as the contract has.

        Raises:
            UnknownName: no such contract, or nothing answers for it yet.
            InvalidRequest: the history or the horizon is none.
        """
        request = ForecastRequest(contract=contract, history=history, horizon=horizon)
        return inline(self.handle(request, self.context()))

    if TYPE_CHECKING:

        @overload
        async def handle(self, request: PredictRequest, context: Context) -> PredictResponse: ...

        @overload
        async def handle(self, request: ForecastRequest, context: Context) -> Forecast: ...

    async def handle(self, request: PredictRequest | ForecastRequest, context: Context) -> Any:
        """Answer by the contract's flow: the async twin of `predict` and `forecast`."""
        name = request.contract
        flow = self._answering.get(name)
        if flow is None:  # there are as many as contracts, and each is asked again and again
            privacy = self.contract(name).privacy
            flow = self.flows.task(name, partial(self.live.task, name), privacy)
            self._answering[name] = flow
        return await flow.handle(request, context)

    def speakers(self) -> dict[str, str]:
        """Return what can be named as a model: name -> `flow`, `model` or `embedder`."""
        return {**dict.fromkeys(self.flows.names(), "flow"), **self.models.names()}

    async def chat(self, request: ChatRequest, context: Context) -> ChatResponse:
        """Answer a conversation by a flow or a model, under a given context.

        Raises:
            UnknownName: `unknown_model`.
            PlaitError: the flow refused or failed.
        """
        flow = await self._speaker(request.model)
        response = await flow.handle(request, context)
        assert isinstance(response, ChatResponse)  # what an answer step ends with
        return replace(response, id=context.trace.id, model=request.model)

    async def stream(
        self, request: ChatRequest, context: Context
    ) -> AsyncGenerator[Chunk | ChatResponse, None]:
        """Yield the answer to a conversation as it comes, and last the whole; raises as `chat`.

        Closing it stops the work.
        """
        flow = await self._speaker(request.model)
        async with aclosing(flow.stream(request, context)) as events:
            async for event in events:
                if isinstance(event, Chunk):
                    yield event
                else:
                    assert isinstance(event, ChatResponse)
                    yield replace(event, id=context.trace.id, model=request.model)

    async def find(self, request: SearchRequest, context: Context) -> SearchResponse:
        """Search a collection, under a given context: the async twin of `search`."""
        flow = await self._work(self._searching, request.collection)
        response = await flow.handle(request, context)
        assert isinstance(response, SearchResponse)
        return response

    async def embed(self, request: EmbedRequest, context: Context) -> EmbedResponse:
        """Turn texts into vectors, under a given context."""
        name = request.model
        if self.speakers().get(name) != "embedder":
            known = [each for each, kind in self.models.names().items() if kind == "embedder"]
            raise UnknownName.of("unknown_model", "embedding model", name, known)
        task = EmbedTask(partial(self.models.embedder, name), self._work)
        flow = self.flows.task(name, lambda: task, Privacy.INTERNAL)
        response = await flow.handle(request, context)
        assert isinstance(response, EmbedResponse)
        return response

    def ask(
        self,
        model: str,
        question: str | Sequence[Message],
        *,
        watch: Callable[[str], None] | None = None,
        principal: Principal = LOCAL,
    ) -> ChatResponse:
        """Answer a question, or a conversation, by a flow or a model.

        Args:
            model: name of the flow or model.
            question: what the user says, or every turn so far.
            watch: told each piece of the answer as it comes.
            principal: who asks.

        Raises:
            UnknownName: `unknown_model`.
            PlaitError: the flow refused or failed.
        """
        if isinstance(question, str):
            question = (Message(role="user", content=question),)
        request = ChatRequest(model=model, prompt=Prompt(messages=tuple(question)))
        context = self.context(principal)
        if watch is None:
            return self._loop.run(self.chat(request, context))
        return self._loop.run(told(self.stream(request, context), watch))

    def search(
        self,
        collection: str,
        query: str,
        *,
        top: int = 8,
        where: Mapping[str, str] | None = None,
        principal: Principal = LOCAL,
    ) -> SearchResponse:
        """Return the passages of a collection that answer a query best.

        Args:
            collection: its name.
            query: what is looked for.
            top: how many at most.
            where: what the metadata of their documents must equal.
            principal: who asks.

        Raises:
            UnknownName: there is no such collection.
            InvalidRequest: the query is empty or too long.
        """
        request = SearchRequest(collection=collection, query=query, top=top, where=where or {})
        return self._loop.run(self.find(request, self.context(principal)))

    def guard(self, name: str) -> Guard:
        """Return a guard by its name.

        Raises:
            UnknownName: there is none.
        """
        if name not in self._guards:
            self._guards[name] = guard_of(name, cache_folder())
        return self._guards[name]

    def describe_flow(self, name: str) -> dict[str, Json]:
        """Return what a flow is made of; see `plait.app.draw`."""
        return describe_flow(self.flows, self.live, self.store, name)

    def revision(self) -> str:
        """Return a hash of every release, prompt and collection as they are now."""
        return content_id(
            "rev",
            [
                self.store.change_counter(),
                {name: self.prompts.get(name).version for name in self.prompts.names()},
                {name: self.collections.revision(name) for name in self.collections.names()},
            ],
        )

    async def _speaker(self, name: str) -> Flow:
        kind = self.speakers().get(name)
        if kind in ("flow", "model"):
            return await self.flows.speaker(kind, name)
        known = [each for each, kind in self.speakers().items() if kind != "embedder"]
        raise UnknownName.of("unknown_model", "model or flow", name, known)

    def _searching(self, name: str) -> Flow:
        task = self.collections.task(name)  # an unknown collection is no request to keep
        return self.flows.task(name, lambda: task, self.collections.privacy(name))

    def _comparing(self, collection: str) -> Embedder | None:
        """Return what compares sentences of a collection: its embedder, remembering them."""
        embedder = self.collections.embedder(collection)
        if embedder is None:
            return None
        return self._memos.setdefault(id(embedder), MemoEmbedder(embedder))

    async def _work(self, work: Callable[P, T], /, *args: P.args, **keywords: P.kwargs) -> T:
        """Run what takes longer than a millisecond in one of a few threads."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, partial(work, *args, **keywords))

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
            source: CSV, Parquet or JSON lines with at least the contract's features.
            target: such a file to write: the input's columns plus `prediction`, and
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


def open_project(path: str | Path = ".", **flags: str | int) -> App:
    """Open a project: `plait.open("plait.yaml")`; see `App.open`."""
    return App.open(path, **flags)
