"""Whether the models, collections, prompts and flows of plait.yaml fit together."""

from collections.abc import Callable, Collection
from typing import Any, cast

from plait.app.check import find_node
from plait.app.flows import Flows
from plait.app.models import engine_of, kind_of, without_engine
from plait.app.settings import Project
from plait.core.errors import InvalidSettings, UnknownName
from plait.core.settings import parse
from plait.engines.model import CheckpointOptions
from plait.engines.model import models as engines
from plait.flow.base import Parts
from plait.flow.record import Record
from plait.guards.base import GUARDS


def check_flows(project: Project) -> None:
    """Look at every name that one part of the project uses for another; make nothing.

    Raises:
        InvalidSettings: an option is wrong, or a flow leads back to itself.
        UnknownName: something is named that there is not.
    """
    settings = project.settings
    kinds = {name: kind_of(node) for name, node in settings.models.items()}
    speak = [name for name, kind in kinds.items() if kind == "model"]
    embed = [name for name, kind in kinds.items() if kind == "embedder"]
    for name in speak:
        options = engines.load(engine_of(settings.models[name])).Options
        parse(options, without_engine(settings.models[name]))
    for name in set(kinds) - {*speak, *embed}:
        parse(CheckpointOptions, without_engine(settings.models[name]))
    for name in set(settings.models) & set(settings.flows):
        raise InvalidSettings(
            "settings_wrong_value",
            f"{name!r} is the name of a model and of a flow",
            where=settings.models[name].where,
            hint="rename one: callers name both in the same place",
        )
    for name, collection in settings.collections.items():
        node = find_node(project.tree, "collections", name, "embed")
        if collection.embed and collection.embed not in embed:
            where = node.where if node is not None else ""
            kind = "embedding model"
            raise UnknownName.of("unknown_model", kind, collection.embed, embed, where)
    flows = Flows(settings.flows, Record(lambda _: None))
    unused = cast(Any, None)  # a look at a flow calls nothing of it
    flows.parts = Parts(
        live=unused,
        contract=project.contract,
        generator=_one_of("unknown_model", "language model", speak),
        search=_one_of("unknown_collection", "collection", settings.collections),
        embedder=unused,
        guard=_one_of("unknown_component", "guard", GUARDS.names()),
        prompt=_one_of("unknown_prompt", "prompt", settings.prompts),
        flow=flows.steps,
        revision=str,
        work=unused,
    )
    for name in settings.flows:
        flows.steps(name)


def _one_of(code: str, kind: str, known: Collection[str]) -> Callable[[str], Any]:
    """Return what raises for a name that is not among those known."""

    def look(name: str) -> None:
        if name not in known:
            raise UnknownName.of(code, kind, name, known)

    return look
