"""A method on some of the inputs that a contract declares, and what these inputs were worth."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

from plait.core.artefact import OWN
from plait.core.columns import Columns, height
from plait.core.contract import Paradigm
from plait.core.decision import InputWorth
from plait.core.ids import Json
from plait.core.protocol import Candidate, Predictor, Runnable, Sample
from plait.core.schema import Field, Schema
from plait.engines.base import json_bytes, load, read_artefact, read_bytes, write_artefact
from plait.engines.derive import Deriver, deriver_of
from plait.engines.pipeline import PIPELINE, Derived, TextScore
from plait.engines.predictor import TabularPredictor, read_pipeline
from plait.evaluate.compare import compare
from plait.train.encoder import Encoder
from plait.train.entrant import check_entrants
from plait.train.inputs import Inputs, Level
from plait.train.learned import Learned, Learner, record_of
from plait.train.plan import ENCODER_LIBRARIES, Make, Plan
from plait.train.race import Raced, Result

_ENCODED = 100


class Variant:
    """A candidate that is given some of the declared inputs.

    It is fitted as if its inputs were the whole table. The artefact takes every column that the
    contract's inputs are made of, whoever wins, and computes what it was fitted on itself.
    """

    def __init__(
        self,
        folder: Path,
        *,
        threshold: float | None = None,
        make: Make,
        inputs: Inputs,
        level: Level,
        learner: Learner | None = None,
    ) -> None:
        """Take a method and what it is given.

        Args:
            folder: as of a `plait.train.base.Recipe`.
            threshold: likewise.
            make: makes the method's candidate.
            inputs: what the contract declares.
            level: what of it the candidate is given.
            learner: reads the texts, where they are given.
        """
        self._folder = folder
        self._method: Candidate = make(folder, threshold=threshold)
        self._inputs = inputs
        self._level: Level = level
        self._learner = learner if level == "learned" else None

    @property
    def name(self) -> str:
        """The method's name, with the inputs where they are more than raw columns."""
        return variant_name(self._method.name, self._level)

    @property
    def paradigm(self) -> Paradigm:
        """That of the method."""
        return self._method.paradigm

    @property
    def complexity(self) -> int:
        """Rank of simplicity.

        A method with expressions comes before the next method; what needs an encoder, which is
        large and slow, comes after everything else.
        """
        plain = 2 * self._method.complexity + (self._level != "raw")
        return plain + (_ENCODED if self._level == "learned" else 0)

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        texts = record_of(self._learner.encoder) if self._learner else {}
        return {**self._method.configuration(), **self._inputs.record(self._level), **texts}

    def fit(self, sample: Sample) -> Predictor:
        """Fit the method on its inputs, and write the artefact that takes the contract's columns.

        Args:
            sample: has every column that the inputs are made of.
        """
        derived = self._inputs.derived(self._level)
        texts = self._learned(sample)
        self._method.fit(_given(sample, self._inputs, derived, texts))
        written = read_artefact(self._folder, verify=False)
        files = {name: read_bytes(self._folder / name) for name in written.manifest.files}
        for each in texts:
            files |= each.files
        parts: tuple[Derived | TextScore, ...] = (*derived, *(each.part for each in texts))
        pipeline = replace(read_pipeline(written), derive=parts)
        licence = _licence(written.manifest.licence, self._learner)
        manifest = replace(written.manifest, input=sample.input, licence=licence)
        files[PIPELINE] = json_bytes(pipeline.record())
        write_artefact(self._folder, manifest, files)
        runs = load(self._folder)
        if self._learner is not None and isinstance(runs, TabularPredictor):
            return runs.remembering(self._learner.encoder)
        return runs

    def _learned(self, sample: Sample) -> list[Learned]:
        """Learn from the texts, where they are given."""
        if self._learner is None:
            return []
        labels = self._inputs.learned.items()
        return [self._learner.learn(sample, column, label) for column, label in labels]


def _licence(of_method: str, learner: Learner | None) -> str:
    """Return the licence of a method's weights and of the encoder's, where there are such."""
    of_encoder = OWN if learner is None else learner.encoder.licence
    found = sorted({of_method, of_encoder} - {OWN})
    return " AND ".join(f"({each})" if len(found) > 1 else each for each in found) or OWN


def fitted_on(
    folder: Path, columns: Columns, scratch: Path
) -> tuple[Runnable, Columns, Mapping[str, Field]]:
    """Return an artefact without what it computes: it takes that as columns of its own.

    So a computed feature can be moved while all else stays, the columns it is made of among them.

    Args:
        folder: of the artefact.
        columns: n rows as the artefact takes them.
        scratch: an empty folder, needed until the artefact is loaded.

    Returns:
        What runs it, the columns that it then takes, and its fields by their names.
    """
    artefact = read_artefact(folder, verify=False)
    fields = {field.name: field for field in artefact.manifest.input.fields}
    pipeline = read_pipeline(artefact)
    if not pipeline.derive:
        return load(folder), columns, fields
    files = {name: read_bytes(folder / name) for name in artefact.manifest.files}
    files[PIPELINE] = json_bytes(replace(pipeline, derive=()).record())
    fields |= {field.name: field for each in pipeline.derive for field in each.fields}
    manifest = replace(artefact.manifest, input=Schema(tuple(fields.values())))
    write_artefact(scratch, manifest, files)
    deriver = deriver_of(pipeline.derive, artefact)
    assert deriver is not None  # there is something to derive
    return load(scratch), deriver.added(columns, height(columns)), fields


def variant_name(method: str, level: Level) -> str:
    """Return the name of a method on some inputs.

    Example:
        >>> variant_name("linear", "engineered")
        'linear+engineered'
    """
    return method if level == "raw" else f"{method}+{level}"


def with_variants(plan: Plan, encoder: Encoder | None = None) -> Plan:
    """Return the race with each method on each of the inputs that the contract declares.

    Baselines have raw columns only: they are there to be beaten.

    Args:
        plan: the methods.
        encoder: of texts; without one nothing is learnt of them.

    Raises:
        EngineError: `component_broken`, a method of a plug-in is no candidate.
    """
    inputs = plan.prepared.inputs
    if inputs is None:
        return plan
    check_entrants(plan)
    if encoder is None and inputs.learned:
        inputs = replace(inputs, learned={})
    libraries = plan.libraries
    if inputs.learned:
        libraries = (*libraries, *ENCODER_LIBRARIES)
    learner = Learner(encoder) if encoder is not None else None
    makes: dict[str, Make] = {}
    for name, make in plan.recipes.items():
        baseline = make(Path()).paradigm == "rule"
        for level in inputs.levels[:1] if baseline else inputs.levels:
            variant = partial(Variant, make=make, inputs=inputs, level=level, learner=learner)
            makes[variant_name(name, level)] = variant
    prepared = replace(plan.prepared, inputs=inputs)
    return replace(plan, recipes=makes, prepared=prepared, libraries=libraries)


def worth_of_inputs(raced: Raced) -> tuple[InputWorth, ...]:
    """Return what each kind of input was worth to each method, by paired differences."""
    inputs = raced.plan.prepared.inputs
    if inputs is None:
        return ()
    found = {result.name: result for result in raced.results}
    methods = [name for name in found if "+" not in name]
    return tuple(
        _worth(raced, method, (less, more), found)
        for less, more in pairwise(inputs.levels)
        for method in methods
        if {variant_name(method, less), variant_name(method, more)} <= found.keys()
    )


def _worth(
    raced: Raced, method: str, levels: Sequence[Level], found: Mapping[str, Result]
) -> InputWorth:
    """Compare a method on two inputs: a positive difference is in favour of the second."""
    less, more = (found[variant_name(method, level)] for level in levels)
    sign = raced.plan.metric.sign
    by = compare(more.scores, less.scores, test_to_train=raced.plan.splits.test_to_train)
    low, high = sorted((sign * by.low, sign * by.high))
    return InputWorth(
        method=method,
        inputs=levels[1],
        over=levels[0],
        gain=sign * by.difference,
        low=low,
        high=high,
    )


def _given(
    sample: Sample, inputs: Inputs, derived: Sequence[Derived], texts: Sequence[Learned]
) -> Sample:
    """Return the sample as the method is to see it."""
    columns = {name: sample.columns[name] for name in inputs.raw}
    if derived:
        added = Deriver(derived).added(sample.columns, len(sample.target))
        columns |= {each.field.name: added[each.field.name] for each in derived}
    fields = [*(sample.input[name] for name in inputs.raw), *(each.field for each in derived)]
    for each in texts:
        fields.extend(each.part.fields)
        columns |= each.columns
    monotone = {name: way for name, way in sample.monotone.items() if name in columns}
    return replace(sample, input=Schema(tuple(fields)), columns=columns, monotone=monotone)
