"""Whether what enters a race is a candidate at all: looked at before anything is fitted."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import get_args

from threadpoolctl import threadpool_limits

from plait.core.contract import Paradigm
from plait.core.errors import EngineError, shown
from plait.core.ids import Json, canonical
from plait.core.protocol import Candidate, Runnable, Sample
from plait.train.plan import Make, Plan

log = logging.getLogger(__name__)


def check_entrants(plan: Plan) -> None:
    """Make every candidate of a plug-in once, and look at what the race will ask of it.

    What goes wrong in a fit costs a candidate the race; one that cannot even be made was written
    for another version of plait, and its author is to know.

    Raises:
        EngineError: `component_broken`, naming the plug-in and its package.
    """
    for name, make in plan.recipes.items():
        kind = _made_by(make)
        if not hasattr(kind, "api"):  # which every plug-in carries, and nothing of plait's own
            continue
        finished: dict[str, float | None] = {
            "threshold": 0.5 if plan.prepared.problem == "binary" else None
        }
        if plan.max_loss is not None:
            finished["abstain"] = 0.5
        fault = fault_of(make, name) or fault_of(partial(make, **finished), name)
        if fault:
            raise EngineError(
                "component_broken",
                f"candidate {name}, of the plug-in {_package(kind)}, cannot be raced: {fault}",
                where="candidates",
                hint="upgrade the plug-in, or uninstall it; its author finds every such fault by "
                "plait.testing.candidate.check_candidate",
            )


def fault_of(make: Callable[[Path], Candidate], name: str = "") -> str:
    """Say what keeps a candidate from being raced; "" when nothing does.

    Args:
        make: makes it for a folder, which it must not look at before its fit.
        name: by which the race knows it; "" takes any.
    """
    try:
        made = make(Path("plait-entrant"))
        told = made.name, made.paradigm, made.complexity
        configuration = made.configuration()
        fits = callable(made.fit)
    except Exception as error:  # a stranger's code, which may raise anything
        log.info("%s cannot be made", name or make, exc_info=True)
        return f"{type(error).__name__}: {error}"
    called, paradigm, complexity = told
    if not isinstance(called, str) or not called or (name and called != name):
        wanted = repr(name) if name else "a text"
        return f"its `name` is {shown(called)}, not {wanted}"
    if paradigm not in get_args(Paradigm):
        return f"its `paradigm` is {shown(paradigm)}, none of {', '.join(get_args(Paradigm))}"
    if type(complexity) is not int or complexity < 0:
        return f"its `complexity` is {shown(complexity)}, not a whole number from 0"
    if not isinstance(configuration, Mapping) or not _is_json(configuration):
        return f"its `configuration()` is {shown(configuration)}, not a mapping that JSON can say"
    return "" if fits else "its `fit` is no method"


def fit(candidate: Candidate, sample: Sample) -> Runnable:
    """Fit as the race does: sums in one order, whatever else the machine does."""
    with threadpool_limits(limits=1):
        return candidate.fit(sample)


def _is_json(value: Mapping[str, Json]) -> bool:
    try:
        canonical(value)
    except (TypeError, ValueError):
        return False
    return True


def _made_by(make: Make) -> Callable[..., object]:
    """Return the class within whatever was told to the race beforehand."""
    while isinstance(make, partial):
        make = make.keywords.get("make", make.func)
    return make


def _package(kind: Callable[..., object]) -> str:
    """Return the installed package of a plug-in with its version, or else where its code is."""
    for point in entry_points(module=kind.__module__):
        if point.group.startswith("plait.") and point.dist is not None:
            return f"{point.dist.name} {point.dist.version}"
    return kind.__module__
