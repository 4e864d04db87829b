"""A quantile of a number as the answer: whom it can be asked of, and how he is told."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from plait.core.contract import Contract, Paradigm, Problem
from plait.core.errors import InvalidSettings
from plait.core.ids import Json
from plait.core.protocol import Candidate, Runnable, Sample
from plait.core.table import Table
from plait.train.base import base_of, engine_run

OF_QUANTILE = "of_quantile"
"""What a recipe has that can answer with a quantile: its configuration, where that differs."""


class Quantile:
    """A method that is to answer with a quantile of the target."""

    def __init__(
        self,
        folder: Path,
        *,
        threshold: float | None = None,
        make: Callable[..., Candidate],
        quantile: float,
    ) -> None:
        """Take a method and the quantile.

        Args:
            folder: as of a `plait.train.base.Recipe`.
            threshold: likewise.
            make: makes the method's candidate; it has `of_quantile`.
            quantile: above 0 and below 1.
        """
        self._method = make(folder, threshold=threshold)
        self._quantile = quantile

    @property
    def name(self) -> str:
        """That of the method."""
        return self._method.name

    @property
    def paradigm(self) -> Paradigm:
        """That of the method."""
        return self._method.paradigm

    @property
    def complexity(self) -> int:
        """That of the method."""
        return self._method.complexity

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {**configuration_of(self._method), "quantile": self._quantile}

    def fit(self, sample: Sample) -> Runnable:
        """Fit the method to the quantile."""
        return self._method.fit(replace(sample, quantile=self._quantile))


def configuration_of(method: Candidate) -> dict[str, Json]:
    """Return what makes a method's fit of a quantile what it is."""
    other: Mapping[str, Json] = getattr(method, OF_QUANTILE)
    return {**method.configuration(), **other}


def check_quantile(contract: Contract, problem: Problem) -> None:
    """Look whether the target has the quantile that is asked for.

    Raises:
        InvalidSettings: `settings_wrong_value`, when it is no quantity.
    """
    if contract.objective.quantile is None or problem == "regression":
        return
    raise InvalidSettings(
        "settings_wrong_value",
        f"{contract.target} is one of {'two' if problem == 'binary' else 'several'} classes and "
        "has no quantile",
        where="objective.quantile",
        hint="name a target that is a number, or remove `quantile`",
    )


def unable(contract: Contract, table: Table[Callable[..., Candidate]]) -> list[str]:
    """Return the candidates that estimate no quantile; none where none is asked for.

    Args:
        contract: what must be delivered.
        table: of the candidates of its task.

    Raises:
        InvalidSettings: `settings_wrong_value`, when the contract names one of them.
    """
    if contract.objective.quantile is None:
        return []
    found = [name for name in table.names() if not hasattr(table.load(name), OF_QUANTILE)]
    named = [name for name in contract.candidates if base_of(name) in found]
    if not named:
        return [name for name in found if not engine_run(table, name)]
    raise InvalidSettings(
        "settings_wrong_value",
        f"{named[0]} estimates no quantile",
        where="candidates",
        hint=f"these do: {', '.join(name for name in table.names() if name not in found)}",
    )
