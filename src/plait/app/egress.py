"""Where content of a project may go: every host, by whom, and how private it may be."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from plait.app.models import engine_of, kind_of, without_engine
from plait.app.settings import Project
from plait.core.contract import SqlSource
from plait.core.privacy import Privacy
from plait.core.settings import Node, parse
from plait.engines.model import models as engines


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """One way out of this machine.

    Attributes:
        host: that content goes to.
        by: the model or contract that talks to it.
        used_in: the flows whose steps name it.
        most: the most private content it may receive.
        origin: file and line that say so.
    """

    host: str
    by: str
    used_in: tuple[str, ...]
    most: Privacy
    origin: str


def egress(project: Project) -> Iterator[Egress]:
    """Yield every host that content may go to, apart from pulls of weights, which send nothing."""
    settings = project.settings
    for name, node in settings.models.items():
        if kind_of(node) != "model":
            continue
        options = parse(engines.load(engine_of(node)).Options, without_engine(node))
        host = urlsplit(getattr(options, "base_url", "")).hostname
        if host is None or not getattr(options, "remote", True):
            continue
        used = {flow: _may_leave(each, name) for flow, each in settings.flows.items()}
        leaves = any(used.values())
        yield Egress(
            host=host,
            by=f"model {name}",
            used_in=tuple(flow for flow, says in used.items() if says is not None),
            most=Privacy.SECRET if leaves else Privacy.INTERNAL,
            origin=node.where,
        )
    for name, contract in settings.contracts.items():
        if isinstance(contract.data, SqlSource):
            yield Egress(
                host=f"the database of {contract.data.url_env}",
                by=f"contract {name}",
                used_in=(),
                most=Privacy.PUBLIC,
                origin="plait.yaml",
            )


def _may_leave(node: Node, model: str) -> bool | None:
    """Tell whether a flow lets private content go to a model; None when it does not use it."""
    found = None
    for step in node.content if isinstance(node.content, list) else ():
        options = step.content.get("answer") if isinstance(step.content, dict) else None
        told = options.plain() if options is not None else None
        if isinstance(told, dict) and told.get("model") == model:
            found = bool(found) or told.get("may_leave") is True
    return found
