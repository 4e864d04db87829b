"""Files of models from elsewhere as artefacts of a contract: LightGBM text, ONNX, artefacts.

Whatever the file, its columns are found in the contract by name, its classes among the levels of
the target, and nothing is guessed that the file or whoever imports it does not say.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from plait.core.artefact import Manifest
from plait.core.errors import EngineError, Refused, suggestion
from plait.engines import lightgbm, onnx_rows
from plait.engines.answer import Scores, level_text, output_schema
from plait.engines.base import json_bytes, read_artefact, read_bytes
from plait.engines.onnx_graph import Graph, Port, open_graph
from plait.engines.onnx_rows import Wiring, feed
from plait.engines.pipeline import (
    PIPELINE,
    Calibration,
    Code,
    LookupCode,
    NumberCode,
    OrdinalCode,
    Pipeline,
)
from plait.engines.predictor import read_pipeline
from plait.train.from_sklearn_tree import categorical_features
from plait.train.prepare import Prepared
from plait.train.target import Level

Order: TypeAlias = tuple[tuple[Level, ...], tuple[str, ...]]
"""The levels in a model's order, and a sentence each on what was taken for granted."""

ASKED_ROWS = 2_000
"""A graph is asked so many rows to see which of its numbers belongs to which class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A model that was read, for a contract.

    Attributes:
        engine: what runs it.
        pipeline: what surrounds it.
        files: the engine's own: path within the folder -> content.
        read: the columns it reads.
        notes: a sentence each on what was taken for granted.
    """

    engine: str
    pipeline: Pipeline
    files: Mapping[str, bytes]
    read: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What whoever imports a model says of it.

    Attributes:
        columns: those it reads, in its order; empty where the file names them.
        classes: the levels it predicts, in its order; empty where the file names them.
        absent: column -> why it is no feature of the contract.
    """

    columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)


def refused(message: str, where: str, hint: str) -> Refused:
    """Return the error that says why a model cannot be imported."""
    return Refused("import_refused", message, where=where, hint=hint)


def take_lightgbm(content: bytes, prepared: Prepared, told: Told) -> Taken:
    """Read what LightGBM's `save_model` wrote.

    Raises:
        Refused: `import_refused`, when it is not a model for the contract.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise refused("the file is neither UTF-8 nor a model", "FILE", _FORMATS) from None
    head = dict(line.partition("=")[::2] for line in text.partition("\n\nTree=")[0].split("\n"))
    names = _named(head.get("feature_names", "").split(), prepared, told)
    levels = _levels(text)
    if levels is None:
        raise refused(
            "it names fewer categories than it was given levels for", "FILE", _FROM_SKLEARN
        )
    codes = tuple(_code(name, at, levels, prepared) for at, name in enumerate(names))
    scale = _scale(head.get("objective", "custom"), prepared)
    order, notes = _order(prepared, told.classes)
    calibrate = None if prepared.problem == "regression" else Calibration(slope=scale)
    return Taken(
        engine="lightgbm",
        pipeline=surround(prepared, order, codes, calibrate),
        files={lightgbm.MODEL: content},
        read=tuple(names),
        notes=notes,
    )


def take_onnx(content: bytes, prepared: Prepared, told: Told) -> Taken:
    """Read an ONNX graph: an input per column or one matrix, a ZipMap or a tensor of answers.

    Raises:
        Refused: `import_refused`, when it is not a model for the contract.
        MissingExtra: ONNX Runtime is not installed.
    """
    try:
        graph = open_graph(content)
    except EngineError as error:
        raise refused(error.message, "FILE", "export it again, for rows of a table") from None
    inputs = {port.name: _port(port, graph, prepared, told) for port in graph.inputs}
    wiring = Wiring(inputs=inputs, output=0, missing_text=graph.notes.get("missing_text", ""))
    spread = np.unique(
        np.linspace(0, len(prepared) - 1, min(ASKED_ROWS, len(prepared))).astype(np.int64)
    )
    try:
        answers = graph.run(feed(graph, wiring, prepared.take(spread)))
    except EngineError as error:
        raise refused(
            f"it does not run on the contract's rows: {error.message}",
            "FILE",
            "if values are missing in what it reads, impute them in the graph",
        ) from None
    wiring, order, notes = _answer(graph, wiring, answers, prepared, told)
    calibrate = None if prepared.problem == "regression" else Calibration()
    return Taken(
        engine="onnx_rows",
        pipeline=surround(prepared, order, (), calibrate, own_order=False),
        files={onnx_rows.MODEL: content, onnx_rows.GRAPH: json_bytes(wiring.record())},
        read=wiring.columns,
        notes=notes,
    )


def take_artefact(folder: Path, prepared: Prepared, told: Told) -> Taken:
    """Read an artefact, such as `plait.from_sklearn` writes.

    Raises:
        Refused: `import_refused`, when it is not a model for the contract.
        EngineError: it is damaged.
    """
    artefact = read_artefact(folder)
    manifest = artefact.manifest
    if manifest.task != "tabular" or manifest.problem != prepared.problem:
        raise refused(
            f"the artefact is for {manifest.task} ({manifest.problem}), and the contract is "
            f"{prepared.problem}",
            "FILE",
            "import it for the contract it was made for",
        )
    pipeline = read_pipeline(artefact)
    computed = {field.name for each in pipeline.derive for field in each.fields}
    columns = [code.column for code in pipeline.encode if code.column not in computed]
    made_of = [name for each in pipeline.derive for name in each.columns]
    read = list(dict.fromkeys([*columns, *made_of]))
    if manifest.engine == "onnx_rows":
        read = list(manifest.input.names)
    for name in read:
        if name not in prepared.input.names:
            raise _absent(name, prepared, told)
        _agree(name, manifest.input[name].kind == "category", prepared)
        if not manifest.input[name].nullable and _missing(prepared, name):
            raise refused(
                f"the model takes no missing {name!r}, and the contract's rows have some",
                name,
                "impute it in the model's pipeline",
            )
    order = tuple(_level(each, prepared) for each in pipeline.classes)
    files = {name: read_bytes(folder / name) for name in manifest.files if name != PIPELINE}
    around = surround(prepared, order, pipeline.encode, pipeline.calibrate)
    return Taken(
        engine=manifest.engine,
        pipeline=replace(around, derive=pipeline.derive),
        files=files,
        read=tuple(read),
    )


def surround(
    prepared: Prepared,
    order: Sequence[Level],
    codes: tuple[Code, ...],
    calibrate: Calibration | None,
    *,
    own_order: bool = True,
) -> Pipeline:
    """Return a pipeline that answers with the contract's levels.

    Args:
        prepared: the contract's rows.
        order: levels in the model's order.
        codes: of its columns.
        calibrate: of its scores.
        own_order: whether its scores are in its own order, not in the contract's.
    """
    classes = prepared.classes
    if own_order and prepared.problem == "multiclass":
        classes = tuple(order)
    if own_order and prepared.problem == "binary" and tuple(order) != classes:
        assert calibrate is not None
        calibrate = replace(  # its scores are of the other class
            calibrate,
            slope=-calibrate.slope,
            offset=-calibrate.offset,
            knots=tuple((-before, -after) for before, after in reversed(calibrate.knots)),
        )
    return Pipeline(problem=prepared.problem, classes=classes, encode=codes, calibrate=calibrate)


def manifest_of(taken: Taken, prepared: Prepared, *, origin: str, licence: str) -> Manifest:
    """Return the manifest of a model that was read."""
    return Manifest(
        engine=taken.engine,
        task="tabular",
        problem=prepared.problem,
        input=prepared.input,
        output=output_schema(taken.pipeline),
        origin=origin,
        licence=licence,
    )


def _named(names: Sequence[str], prepared: Prepared, told: Told) -> list[str]:
    """Return the contract's columns that a model reads, in its order."""
    if told.columns:
        if names and len(names) != len(told.columns):
            raise refused(
                f"the model reads {len(names)} columns, and {len(told.columns)} are named",
                "--columns",
                "name them all, in the model's order",
            )
        names = told.columns
    known = {**{name.replace(" ", "_"): name for name in prepared.input.names},
             **{name: name for name in prepared.input.names}}  # fmt: skip
    found = []
    for name in names:
        if name not in known:
            raise _absent(name, prepared, told)
        found.append(known[name])
    if len(set(found)) < len(found):
        raise refused("a column is named twice", "--columns", "name each once")
    return found


def _absent(name: str, prepared: Prepared, told: Told) -> Refused:
    if name in told.absent:
        hint = "change the contract, or import a model that does without"
        return refused(f"the model reads {name!r}, and {told.absent[name]}", name, hint)
    hint = suggestion(name, prepared.input.names)
    if re.fullmatch(r"(?i)(column|feature|f|x)_?\d+", name):
        hint = "its columns have no names: give them, in its order, with --columns A,B,C"
    return refused(f"the model reads {name!r}, which the contract's data lacks", name, hint)


def _agree(name: str, text: bool, prepared: Prepared) -> None:
    """Look whether a model reads a text where the contract has one."""
    kind = prepared.input[name].kind
    if (kind == "category") != text:
        reads = "texts" if text else "numbers"
        has = "texts" if kind == "category" else f"a {kind}"
        raise refused(
            f"the model reads {reads} in {name!r}, and the contract's data has {has}",
            name,
            _FROM_SKLEARN,
        )


def _missing(prepared: Prepared, name: str) -> bool:
    return any(value is None or value != value for value in prepared.columns[name].tolist())


def _levels(text: str) -> dict[int, list[Any]] | None:
    """Return the levels of each feature that pandas had as a category; None when they disagree."""
    _, marked, rest = text.rpartition("pandas_categorical:")
    try:
        listed = json.loads(rest.split("\n")[0]) if marked else None
    except ValueError:
        return None
    if not listed:
        return {}
    at = categorical_features(text)
    return dict(zip(at, listed, strict=True)) if len(at) == len(listed) else None


def _code(name: str, at: int, levels: Mapping[int, list[Any]], prepared: Prepared) -> Code:
    known = levels.get(at)
    texts = tuple(each for each in known or () if isinstance(each, str))
    _agree(name, known is not None and len(texts) == len(known), prepared)
    if known is None:
        return NumberCode(column=name)
    if len(texts) == len(known):
        return OrdinalCode(column=name, levels=texts)
    return LookupCode(
        column=name,
        keys=tuple(map(float, known)),
        rows=tuple((float(index),) for index in range(len(known))),
        missing=(None,),
        unknown=(-1.0,),
    )


def _scale(objective: str, prepared: Prepared) -> float:
    """Return what a raw score is multiplied with for log-odds; 1 but for binary models."""
    kind, *options = objective.split(" ")
    said = dict(option.partition(":")[::2] for option in options)
    problem = prepared.problem
    wanted = "regression" if problem == "regression" else problem
    same = lightgbm.losses_of(problem)
    if kind not in same or "sqrt" in options:
        raise refused(
            f"its objective is {objective!r}, and the contract is {wanted}",
            "FILE",
            f"the objectives that can be imported for it: {', '.join(sorted(same))}",
        )
    count = int(said.get("num_class", 2)) if problem != "regression" else 0
    if count != len(prepared.classes):
        raise refused(
            f"it knows {count} classes, and the target has {len(prepared.classes)}",
            "FILE",
            "import a model of the same levels",
        )
    return float(said.get("sigmoid", 1.0)) if problem == "binary" else 1.0


def _order(prepared: Prepared, given: Sequence[str]) -> Order:
    """Return the levels in a model's order, and a sentence where nobody named it."""
    if not prepared.classes:
        return (), ()
    if given:
        order = tuple(_level(each, prepared) for each in given)
        if len(set(order)) != len(prepared.classes):
            raise refused(
                f"--classes names {len(set(order))} of {len(prepared.classes)} levels",
                "--classes",
                f"the levels are: {', '.join(map(level_text, prepared.classes))}",
            )
        return order, ()
    order = tuple(sorted(prepared.classes, key=lambda each: (isinstance(each, str), each)))
    said = ", ".join(f"{at} for {level_text(each)}" for at, each in enumerate(order))
    return order, (f"Its classes are taken in their order, {said}; --classes says otherwise.",)


def _level(given: Level, prepared: Prepared) -> Level:
    """Return the contract's level that a model calls so."""
    for each in prepared.classes:
        if level_text(each) == level_text(given):
            return each
    for each in prepared.classes:  # 1 of a model may be true of the data
        if not isinstance(each, str) and not isinstance(given, str) and each == given:
            return each
    raise refused(
        f"the model predicts {level_text(given)!r}, which is no level of the target",
        "--classes",
        f"the levels are: {', '.join(map(level_text, prepared.classes))}",
    )


def _port(port: Port, graph: Graph, prepared: Prepared, told: Told) -> tuple[str, ...]:
    """Return the columns that an input of a graph reads."""
    if port.kind not in onnx_rows.KINDS or len(port.shape) not in (1, 2):
        raise refused(
            f"its input {port.name!r} is a {port.kind} of {len(port.shape)} axes",
            "FILE",
            "export it with tables of numbers or texts as inputs",
        )
    width = port.shape[1] if len(port.shape) == 2 else 1
    if len(graph.inputs) == 1 and width != 1:
        names = list(told.columns) or _noted(graph)
        if not names:
            raise refused(
                f"it reads a matrix of {width or 'some'} columns that have no names",
                "--columns",
                "give them in their order: --columns A,B,C",
            )
        if width is not None and len(names) != width:
            raise refused(
                f"its matrix has {width} columns, and {len(names)} are named",
                "--columns",
                "name them all, in the model's order",
            )
        found = _named(names, prepared, replace(told, columns=()))
    elif width not in (1, None):
        raise refused(
            f"its input {port.name!r} is one of several and has {width} columns",
            "FILE",
            "export it with an input per column, or with one matrix",
        )
    else:
        found = _named([port.name], prepared, replace(told, columns=()))
    for name in found:
        _agree(name, port.kind == "tensor(string)", prepared)
    return tuple(found)


def _noted(graph: Graph) -> list[str]:
    """Return the names of the columns, where whoever made the graph wrote them into it."""
    said = graph.notes.get("feature_names", "")
    try:
        return list(map(str, json.loads(said))) if said else []
    except (TypeError, ValueError):
        return said.split(",")


def _answer(
    graph: Graph, wiring: Wiring, answers: Sequence[Any], prepared: Prepared, told: Told
) -> tuple[Wiring, tuple[Level, ...], tuple[str, ...]]:
    """Find out which output is the answer, and which of its numbers is of which class."""
    kinds = [port.kind for port in graph.outputs]
    numbers = [at for at, kind in enumerate(kinds) if kind in ("tensor(float)", "tensor(double)")]
    if prepared.problem == "regression":
        if not numbers or np.asarray(answers[numbers[0]]).size != len(answers[numbers[0]]):
            raise refused("it gives no number per row", "FILE", "import a model of a regression")
        return replace(wiring, output=numbers[0]), (), ()
    maps = [at for at, kind in enumerate(kinds) if kind.startswith("seq(map(")]
    if maps:
        keys = {_level(key, prepared): key for key in answers[maps[0]][0]}
        if len(keys) != len(prepared.classes):
            raise refused(
                f"it knows {len(keys)} classes, and the target has {len(prepared.classes)}",
                "FILE",
                "import a model of the same levels",
            )
        ordered = tuple(keys[each] for each in prepared.classes)
        return replace(wiring, output=maps[0], keys=ordered), prepared.classes, ()
    if not numbers:
        hint = "export it with its probabilities"
        raise refused("it gives labels and no probabilities", "FILE", hint)
    values = np.asarray(answers[numbers[0]], dtype=np.float64)
    values = values.reshape(len(values), -1)
    count = max(2, values.shape[1])
    if count != len(prepared.classes) or values.min() < -1e-6 or values.max() > 1 + 1e-6:
        raise refused(
            f"its numbers are no probabilities of {len(prepared.classes)} classes",
            "FILE",
            "export it with probabilities, of the same levels",
        )
    order, notes = _order(prepared, told.classes)
    labels = [at for at, kind in enumerate(kinds) if kind in ("tensor(int64)", "tensor(string)")]
    if labels and not told.classes:
        order, notes = _labelled(order, notes, values, np.ravel(answers[labels[0]]).tolist())
    places = tuple(order.index(each) for each in prepared.classes)
    return replace(wiring, output=numbers[0], places=places), order, notes


def _labelled(
    order: tuple[Level, ...], notes: tuple[str, ...], values: Scores, labels: Sequence[Level]
) -> Order:
    """Check the order of the classes by the labels that stand beside the probabilities."""
    both = values if values.shape[1] > 1 else np.column_stack([1 - values, values])
    clear = (both == both.max(axis=1, keepdims=True)).sum(axis=1) == 1
    pairs = {
        (at, level_text(label))
        for at, label, sure in zip(both.argmax(axis=1).tolist(), labels, clear, strict=True)
        if sure
    }
    seen = dict(pairs)
    texts = {level_text(each): each for each in order}
    apart = len(seen) == len(pairs) == len(set(seen.values()))  # a tuned threshold labels otherwise
    if not apart or not set(seen.values()) <= set(texts):  # or 0 and 1 number classes of text
        return order, notes
    found = [texts[seen[at]] if at in seen else None for at in range(len(order))]
    left = [each for each in order if each not in found]
    return tuple(left.pop(0) if each is None else each for each in found), ()


_FROM_SKLEARN = (
    "convert the whole pipeline where it was fitted: plait.from_sklearn(model, frame), and import "
    "the folder it writes"
)
_FORMATS = "give LightGBM's text, an ONNX file, an MLflow folder, or what plait.from_sklearn wrote"
