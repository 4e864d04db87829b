"""The flows of a project: those plait.yaml writes out, and the implicit one of each name."""

import asyncio
from collections.abc import Callable, Mapping
from threading import RLock
from typing import Any

from plait.core.errors import InvalidSettings, UnknownName
from plait.core.privacy import Privacy
from plait.core.protocol import Step, Task
from plait.core.settings import Node
from plait.flow.admit import admit
from plait.flow.answer import AnswerStep
from plait.flow.base import Parts
from plait.flow.compose import compose
from plait.flow.handle import Flow
from plait.flow.record import Record
from plait.flow.run import Run
from plait.flow.steps import Steps


class Flows:
    """Flows by name, put together when they are first asked for."""

    def __init__(self, nodes: Mapping[str, Node], record: Record) -> None:
        self._nodes = nodes
        self._record = record
        self._steps: dict[str, Steps] = {}
        self._flows: dict[tuple[str, str], Flow] = {}
        self._building: list[str] = []
        self._lock = RLock()
        self.parts: Parts

    def names(self) -> list[str]:
        """Return the name of every flow that is written out."""
        return list(self._nodes)

    def steps(self, name: str) -> Steps:
        """Return the steps of a flow that is written out.

        Raises:
            UnknownName: there is no such flow, or a step of it names what there is not.
            InvalidSettings: it leads back to itself, or a step of it is wrong.
        """
        with self._lock:
            if name not in self._steps:
                if name not in self._nodes:
                    raise UnknownName.of("unknown_flow", "flow", name, list(self._nodes))
                if name in self._building:
                    way = " -> ".join([*self._building[self._building.index(name) :], name])
                    raise InvalidSettings(
                        "settings_wrong_value",
                        f"the flow leads back to itself: {way}",
                        where=self._nodes[name].where,
                        hint="let one of these routes go elsewhere",
                    )
                self._building.append(name)
                try:
                    self._steps[name] = compose(self._nodes[name], self.parts)
                finally:
                    self._building.pop()
            return self._steps[name]

    async def speaker(self, kind: str, name: str) -> Flow:
        """Return the flow of a `flow` or of a `model`; raises as they do.

        It is put together in a thread, for that may read weights, or even pull them; and not in one
        of the few that work, for whoever asks meanwhile waits in another.
        """
        made = self._flows.get((kind, name))
        if made is not None:
            return made
        return await asyncio.to_thread(self.flow if kind == "flow" else self.model, name)

    def flow(self, name: str) -> Flow:
        """Return a flow that is written out; raises as `steps` does."""
        return self._kept("flow", name, lambda: (("flow", self.steps(name)),), Privacy.PUBLIC)

    def model(self, name: str) -> Flow:
        """Return the implicit flow of a model: admit, answer, record."""
        options = AnswerStep.Options(model=name)
        return self._kept(
            "model", name, lambda: (("answer", AnswerStep(options, self.parts)),), Privacy.INTERNAL
        )

    def task(self, name: str, live: Callable[[], Task[Any, Any]], privacy: Privacy) -> Flow:
        """Return the implicit flow of something that one task answers for.

        It is not kept, for collections come and go.
        """
        return self._made(name, (("answer", Run(live)),), privacy)

    def _kept(
        self,
        kind: str,
        name: str,
        make: Callable[[], tuple[tuple[str, Step], ...]],
        privacy: Privacy,
    ) -> Flow:
        flow = self._flows.get((kind, name))
        if flow is None:
            flow = self._flows.setdefault((kind, name), self._made(name, make(), privacy))
        return flow

    def _made(self, name: str, steps: tuple[tuple[str, Step], ...], privacy: Privacy) -> Flow:
        whole = Steps((("admit", admit), *steps), self.parts.work)
        return Flow(name, whole, self._record, privacy)
