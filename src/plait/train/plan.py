"""What a contract asks to be raced: which candidates, on which splits, compared by what."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

import numpy as np

from plait.core.contract import Contract
from plait.core.protocol import Candidate
from plait.evaluate.metric import METRICS, Metric, default_metric, metric_named
from plait.evaluate.split import Split, Splits, choose_splits, repeated_stratified
from plait.evaluate.threshold import Costs
from plait.train.base import candidate_names, recipes, text_recipes
from plait.train.encoder import Encoder
from plait.train.prepare import Prepared

Make: TypeAlias = Callable[..., Candidate]
"""Makes a candidate: a `Recipe`, or a `TextRecipe` that has been given its encoder."""

MANY_TEXTS = 5_000
"""Beyond so many texts one repeat of the folds must do: a fit takes seconds, not milliseconds."""

FEW_FOLDS = 20
"""In so many folds texts that are too few to compare by are left out in turn."""

_LIBRARIES = ("numpy", "scipy", "scikit-learn", "lightgbm", "plait")
_TEXT_LIBRARIES = ("numpy", "scipy", "scikit-learn", "plait")
_ENCODER_LIBRARIES = ("onnxruntime", "tokenizers")


@dataclass(frozen=True, slots=True)
class Fold:
    """What one candidate did on one split, and a job keeps of it.

    Attributes:
        score: the metric on the rows tested.
        positive: their probabilities of the positive class; empty unless binary.
        seconds: what the fit took.
        confidence: in them; empty unless a contract may abstain.
        outside: confidence in the rows that are out of scope.
    """

    score: float
    positive: list[float]
    seconds: float
    confidence: list[float] = field(default_factory=list)
    outside: list[float] = field(default_factory=list)


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

    @property
    def units(self) -> int:
        """Units of progress: each candidate's splits, its fit on all rows, its measurement."""
        return len(self.recipes) * (len(self.splits) + 2)


Judge: TypeAlias = Callable[[Plan, Make, Split], Fold]
"""Fits what a recipe makes on one split and scores it."""


def plan_race(
    prepared: Prepared, contract: Contract, *, seed: int = 0, encoder: Encoder | None = None
) -> Plan:
    """Return the race that a contract asks for.

    Args:
        prepared: the rows.
        contract: what must be delivered.
        seed: of everything random.
        encoder: for the candidates of texts that need one; without it they are left out.

    Raises:
        UnknownName: `unknown_metric`, or `unknown_component` for a candidate.
        InvalidSettings: `settings_wrong_value`, when an error costs nothing or less.
        InvalidData: `data_too_small`, too few rows to split.
    """
    names = contract.candidates or candidate_names(contract.task)
    many = {"many": MANY_TEXTS} if contract.task == "text" else {}
    return _plan(
        prepared,
        contract,
        choose_splits(prepared.target, prepared.problem, seed=seed, **many),
        _text_recipes(names, encoder)
        if contract.task == "text"
        else {name: recipes.load(name) for name in names},
    )


def plan_few(
    prepared: Prepared, contract: Contract, *, seed: int = 0, encoder: Encoder | None = None
) -> Plan:
    """Return the race of one candidate, for texts too few to compare candidates by.

    It is the first that the contract names, else the linear one on the encoder, or without an
    encoder the linear one on words. Its 20 folds leave nearly all texts to learn from; they choose
    the confidence to answer from. Raises as `plan_race`.
    """
    wanted = contract.candidates or ("minilm_linear", "tfidf_linear")
    able = _text_recipes(wanted, encoder)
    first = dict(list(able.items())[:1])
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
        metric=metric_named(contract.metric, prepared.problem, where="metric")
        if contract.metric
        else default_metric(prepared.problem),
        splits=splits,
        costs=Costs(cost.false_positive, cost.false_negative) if cost else Costs(),
        seed=splits.seed,
        max_loss=scope.max_loss if scope else None,
        libraries=_text_libraries(makes) if text else _LIBRARIES,
    )


def _text_recipes(names: Sequence[str], encoder: Encoder | None) -> dict[str, Make]:
    """Return what makes the candidates, without those for which there is no encoder."""
    found: dict[str, Make] = {}
    for name in names:
        recipe = text_recipes.load(name)
        make: Make = recipe
        if not recipe.needs_encoder:
            found[name] = make
        elif encoder is not None:
            found[name] = partial(make, encoder=encoder)
    return found


def _text_libraries(makes: Mapping[str, Make]) -> tuple[str, ...]:
    encoded = any(text_recipes.load(name).needs_encoder for name in makes)
    return (*_TEXT_LIBRARIES, *(_ENCODER_LIBRARIES if encoded else ()))
