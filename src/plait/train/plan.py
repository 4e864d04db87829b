"""What a contract asks to be raced: which candidates, on which splits, compared by what."""

from base64 import b64decode
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.contract import Contract
from plait.core.errors import InvalidData
from plait.core.extras import EXTRAS, installed
from plait.core.protocol import Candidate
from plait.core.table import Table
from plait.evaluate.metric import METRICS, Metric, default_metric, metric_named, pinball
from plait.evaluate.split import Split, Splits, choose_splits, repeated_stratified
from plait.evaluate.threshold import Costs
from plait.train.base import ModelFile, base_of, engine_run, recipes, text_recipes
from plait.train.encoder import Encoder
from plait.train.prepare import Prepared
from plait.train.quantile import Quantile, unable

Make: TypeAlias = Callable[..., Candidate]
"""Makes a candidate: a `Recipe`, or a `TextRecipe` that has been given its encoder."""

MANY_TEXTS = 5_000
"""Beyond so many texts one repeat of the folds must do: a fit takes seconds, not milliseconds."""

MANY_ROWS = 50_000
"""Beyond so many rows too."""

FEW_FOLDS = 20
"""In so many folds texts that are too few to compare by are left out in turn."""

_LIBRARIES = ("numpy", "scipy", "scikit-learn", "lightgbm", "plait")
_TEXT_LIBRARIES = ("numpy", "scipy", "scikit-learn", "plait")
ENCODER_LIBRARIES = ("onnxruntime", "tokenizers")


@dataclass(frozen=True, slots=True)
class Fold:
    """What one candidate did on one split, and a job keeps of it.

    Attributes:
        score: the metric on the rows tested.
        positive: their probabilities of the positive class; empty unless binary.
        seconds: what the fit took.
        confidence: in them; empty unless a contract may abstain.
        outside: confidence in the rows that are out of scope.
        packed: their probabilities of three classes or more, or their numbers: float32, base64.
        covered: whether the interval or set of each held the truth; empty where there is none.
        spent: seconds of fitting and scoring.
    """

    score: float
    positive: list[float]
    seconds: float
    confidence: list[float] = field(default_factory=list)
    outside: list[float] = field(default_factory=list)
    packed: str = ""
    covered: list[bool] = field(default_factory=list)
    spent: float = 0.0

    def answers(self, classes: int) -> NDArray[np.float64]:
        """Return (n, k) probabilities of so many classes, or (n,) numbers where there are none.

        Empty when they were not kept, as where rows are not what is judged.
        """
        if classes == 2:
            positive = np.array(self.positive)
            return np.column_stack([1 - positive, positive])
        found = np.frombuffer(b64decode(self.packed), dtype="<f4").astype(np.float64)
        return found.reshape(-1, classes) if classes else found


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Plan:
    """What is raced.

    Attributes:
        prepared: the rows.
        recipes: name -> what makes the candidate, in the order of the race.
        metric: what compares them.
        splits: on which all of them are fitted and scored.
        costs: of a binary contract's errors; they choose the threshold.
        seed: of everything random in a fit.
        max_loss: share of in-scope texts that may be left without an answer; None where a contract
            always answers.
        libraries: names of what computes the scores.
        judge: fits and scores one candidate on one split; None does it with the rows of the split.
        compared: a sentence or two on what is compared, where the metric's name does not say it.
    """

    prepared: Prepared
    recipes: Mapping[str, Make]
    metric: Metric
    splits: Splits
    costs: Costs
    seed: int
    max_loss: float | None = None
    libraries: tuple[str, ...] = _LIBRARIES
    judge: "Judge | None" = None
    compared: str = ""

    @property
    def units(self) -> int:
        """Units of progress: each candidate's splits, its fit on all rows, its measurement."""
        return len(self.recipes) * (len(self.splits) + 2)


Judge: TypeAlias = Callable[[Plan, Make, Split], Fold]
"""Fits what a recipe makes on one split and scores it."""


def plan_race(
    prepared: Prepared,
    contract: Contract,
    *,
    seed: int = 0,
    encoder: Encoder | None = None,
    models: Mapping[str, ModelFile] | None = None,
) -> Plan:
    """Return the race that a contract asks for.

    Args:
        prepared: the rows.
        contract: what must be delivered.
        seed: of everything random.
        encoder: for the candidates of texts that need one; without it they are left out.
        models: candidate, as `CANDIDATE@MODEL`, -> the weights that it runs.

    Raises:
        UnknownName: `unknown_metric`, or `unknown_component` for a candidate.
        InvalidSettings: `settings_wrong_value`, when an error costs nothing or less.
        InvalidData: `data_too_small`, too few rows to split.
    """
    text = contract.task == "text"
    quantile = contract.objective.quantile
    without = unable(contract, recipes)
    names, notes = able(contract, text_recipes if text else recipes, without)
    prepared = replace(prepared, notes=(*notes, *prepared.notes))
    time = prepared.aside.get(contract.time)
    try:
        splits = choose_splits(
            prepared.target,
            prepared.problem,
            seed=seed,
            many=MANY_TEXTS if text else MANY_ROWS,
            groups=prepared.groups,
            times=None if time is None else time.astype(np.float64),
        )
    except InvalidData as error:  # a split knows rows, and not what their columns are called
        named = (contract.group, contract.time, contract.target)
        error.where = error.where or " and ".join(filter(None, named[:2])) or named[2]
        raise
    models = models or {}
    makes = _text_recipes(names, encoder, models) if text else _recipes(names, models)
    if quantile is not None:
        makes = {
            name: partial(Quantile, make=make, quantile=quantile) for name, make in makes.items()
        }
    return _plan(prepared, contract, splits, makes)


def plan_few(
    prepared: Prepared,
    contract: Contract,
    *,
    seed: int = 0,
    encoder: Encoder | None = None,
    models: Mapping[str, ModelFile] | None = None,
) -> Plan:
    """Return the race of one candidate, for texts too few to compare candidates by.

    It is the first that the contract names, else the linear one on the encoder, or without an
    encoder the linear one on words. Its 20 folds leave nearly all texts to learn from; they choose
    the confidence to answer from. Raises as `plan_race`.
    """
    wanted = contract.candidates or ("minilm_linear", "tfidf_linear")
    makes = _text_recipes(wanted, encoder, models or {})
    first = dict(list(makes.items())[:1])
    folds = min(FEW_FOLDS, len(prepared))
    splits = repeated_stratified(
        prepared.target.astype(np.int64), folds=folds, repeats=1, seed=seed
    )
    return replace(_plan(prepared, contract, splits, first), metric=METRICS["accuracy"])


def _plan(
    prepared: Prepared, contract: Contract, splits: Splits, makes: Mapping[str, Make]
) -> Plan:
    cost = contract.objective.cost
    text = contract.task == "text"
    scope = contract.out_of_scope if text else None
    return Plan(
        prepared=prepared,
        recipes=makes,
        metric=_metric(contract, prepared),
        splits=splits,
        costs=Costs(cost.false_positive, cost.false_negative) if cost else Costs(),
        seed=splits.seed,
        max_loss=scope.max_loss if scope else None,
        libraries=_text_libraries(makes) if text else (*_LIBRARIES, *libraries(makes, recipes)),
    )


def _metric(contract: Contract, prepared: Prepared) -> Metric:
    """Return what compares the candidates; answers with a quantile can be told by one alone."""
    if contract.objective.quantile is not None:
        return pinball(contract.objective.quantile)
    if contract.metric:
        return metric_named(contract.metric, prepared.problem, where="metric")
    return default_metric(prepared.problem)


def able(
    contract: Contract, table: Table[Any], without: Sequence[str] = ()
) -> tuple[Sequence[str], list[str]]:
    """Return the candidates to race, and a sentence on each that lacks its library.

    Who names a candidate wants it: then what it lacks is an error of its fit.

    Args:
        contract: what must be delivered.
        table: of the candidates of its task.
        without: those that estimate no quantile, where one is asked for.
    """
    if contract.candidates:
        return contract.candidates, []
    usual = [name for name in table.names() if not engine_run(table, name)]
    named = [name for name in usual if name not in without]
    needs = {name: getattr(table.load(name), "needs", "") for name in named}
    names = [name for name, library in needs.items() if not library or installed(library)]
    notes = [
        f"{name} was not raced: it needs {library} (pip install 'plait[{EXTRAS[library]}]')."
        for name, library in needs.items()
        if name not in names
    ]
    if without:
        notes.append(f"Not raced, for they estimate no quantile: {', '.join(without)}.")
    return names, notes


def libraries(names: Collection[str], table: Table[Any]) -> tuple[str, ...]:
    """Return the optional libraries these candidates learn by, and the packages they come from."""
    named = set(map(base_of, names))
    needs = {getattr(table.load(name), "needs", "") for name in named} - {""}
    return (*sorted(filter(installed, needs)), *table.packages(named))


def _recipes(names: Sequence[str], models: Mapping[str, ModelFile]) -> dict[str, Make]:
    """Return what makes the candidates of rows."""
    found: dict[str, Make] = {}
    for name in names:
        recipe = recipes.load(base_of(name))
        found[name] = _given(recipe, name, models)
    return found


def _given(recipe: Make, name: str, models: Mapping[str, ModelFile]) -> Make:
    """Return what makes a candidate, with the weights that it runs if it runs any."""
    if name not in models:
        return recipe
    make = partial(recipe, model=models[name])
    make(Path())  # what is wrong with the weights is told now, not when others have been fitted
    return make


def _text_recipes(
    names: Sequence[str], encoder: Encoder | None, models: Mapping[str, ModelFile]
) -> dict[str, Make]:
    """Return what makes the candidates of texts, without those for which there is no encoder.

    One that trains it further needs its published weights too.
    """
    found: dict[str, Make] = {}
    for name in names:
        recipe = text_recipes.load(base_of(name))
        make = _given(recipe, name, models)
        if not recipe.needs_encoder:
            found[name] = make
        elif encoder is not None and (encoder.published or not getattr(recipe, "needs", "")):
            found[name] = partial(make, encoder=encoder)
    return found


def _text_libraries(makes: Mapping[str, Make]) -> tuple[str, ...]:
    kinds = [text_recipes.load(base_of(name)) for name in makes]
    encoded = any(kind.needs_encoder for kind in kinds)
    others = libraries(makes, text_recipes)
    return (*_TEXT_LIBRARIES, *(ENCODER_LIBRARIES if encoded else ()), *others)
