"""A model as one ONNX graph: encoding, scores and calibration, in standard operators.

Everything is computed in double precision. Trees are one `TreeEnsemble` of `ai.onnx.ml` 5, whose
thresholds are doubles: in single precision a row beside a threshold would change sides.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.columns import Row
from plait.engines.answer import level_text
from plait.engines.onnx_graph import load_graph
from plait.engines.pipeline import Calibration, NumberCode, OneHotCode, OrdinalCode
from plait.train.export_model import Node, Outcome, PlainModel, Run, Trees, Weights
from plait.train.export_onnx_formula import computed
from plait.train.export_onnx_graph import Graph, missing_text

SUFFIX = ".onnx"
Array: TypeAlias = NDArray[Any]


def write(model: PlainModel) -> bytes:
    """Return the graph.

    Inputs are the fields of a row, `(rows, 1)` each: a double for a number or boolean, NaN where it
    is missing, and a string for anything else, `missing_text` where it is missing. Outputs are
    `prediction` and, for classes, `probabilities` `(rows, levels)` in the order of the levels, or
    for a number that has an interval `lower` and `upper`. A graph cannot refuse a row: where the
    server would, the probabilities or the number are NaN.

    Raises:
        MissingExtra: onnx is not installed.
    """
    return _Writer(model).write()


def runner(model: PlainModel, content: bytes) -> Run:
    """Return what runs the graph on ONNX Runtime, all rows at once.

    Raises:
        EngineError: ONNX Runtime does not load it.
        MissingExtra: ONNX Runtime is not installed.
    """
    graph = load_graph(content)
    absent = missing_text(model)

    def run(rows: Sequence[Row]) -> list[Outcome]:
        arrays = {}
        for field in model.input.fields:
            values = [row.get(field.name) for row in rows]
            if field.kind in ("number", "boolean"):
                column = np.array([np.nan if each is None else each for each in values], np.float64)
            else:
                column = np.array([absent if each is None else each for each in values], object)
            arrays[field.name] = column[:, None]
        return _outcomes(model, graph(arrays))

    return run


def _outcomes(model: PlainModel, answers: Sequence[Array]) -> list[Outcome]:
    if model.labels:
        labels, numbers = answers[0].tolist(), answers[1]
    else:
        labels, numbers = [""] * len(answers[0]), np.stack(answers, axis=1)
    return [
        (level_text(label), tuple(row)) if all(map(math.isfinite, row)) else None
        for label, row in zip(labels, numbers.tolist(), strict=True)
    ]


class _Writer:
    """Writes a model down as a graph, part by part; values are `(rows, columns)`."""

    def __init__(self, model: PlainModel) -> None:
        self._model = model
        self._graph = Graph(model)
        self._computed = {
            formula.name: computed(self._graph, formula) for formula in model.formulas
        }

    def write(self) -> bytes:
        raw = self._graph.node("Add", self._scores(), self._refused())
        answers = {"binary": self._binary, "multiclass": self._multiclass}
        return self._graph.model(answers.get(self._model.pipeline.problem, self._regression)(raw))

    def _refused(self) -> str:
        """Return NaN for each row that the server would refuse, 0 for any other."""
        graph, fields = self._graph, self._model.input.fields
        numbers = [field for field in fields if field.kind in ("number", "boolean")]
        wrong = []
        if numbers:
            wrong.append(graph.node("IsInf", graph.columns([field.name for field in numbers])))
        needed = [field.name for field in numbers if not field.nullable]
        if needed:
            wrong.append(graph.node("IsNaN", graph.columns(needed)))
        texts = [field.name for field in fields if field not in numbers and not field.nullable]
        if texts:
            absent = graph.constant(graph.absent, object)
            wrong.append(graph.node("Equal", graph.columns(texts), absent))
        if not wrong:  # nothing can be, and there must be one answer per row all the same
            same = graph.node("Equal", fields[0].name, fields[0].name)
            wrong.append(graph.node("Not", same))
        some = graph.node(
            "ReduceMax", graph.cast(graph.columns(wrong), "DOUBLE"), graph.constant([1], np.int64)
        )
        return graph.where(graph.node("Greater", some, graph.constant(0.0)), np.nan,
                           graph.constant(0.0))  # fmt: skip

    def _row(self) -> str:
        """Return every row as the model's numbers: the codes, then all in their order."""
        graph, parts, places = self._graph, [], []
        numbers = [(at, code) for at, code in self._model.starts() if isinstance(code, NumberCode)]
        if numbers:
            filled, flags = self._numbers([code for _, code in numbers])
            parts.append(filled)
            places += [at for at, _ in numbers]
            flagged = [index for index, (_, code) in enumerate(numbers) if code.indicator]
            if flagged:
                index = graph.constant(flagged, np.int64)
                parts.append(graph.node("Gather", flags, index, axis=1))
                places += [numbers[index][0] + 1 for index in flagged]
        for at, code in self._model.starts():
            if not isinstance(code, NumberCode):
                parts.append(self._level(code))
                places += range(at, at + code.width)
        whole = graph.columns(parts)
        if places == sorted(places):
            return whole
        return graph.node("Gather", whole, graph.constant(np.argsort(places), np.int64), axis=1)

    def _numbers(self, codes: Sequence[NumberCode]) -> tuple[str, str]:
        """Return the numbers, and whether each is missing as 0 or 1."""
        graph = self._graph
        values = graph.columns([self._computed.get(code.column, code.column) for code in codes])
        gone = graph.node("IsNaN", values)
        most = max(len(code.sentinels) for code in codes)
        for which in range(most):
            row = [(*code.sentinels, *[np.nan] * most)[which] for code in codes]
            gone = graph.node("Or", gone, graph.node("Equal", values, graph.constant(row)))
        fills = [np.nan if code.fill is None else code.fill for code in codes]
        filled = graph.node("Where", gone, graph.constant(fills), values)
        shift, scale = ([getattr(code, part) for code in codes] for part in ("shift", "scale"))
        if any(shift):
            filled = graph.node("Sub", filled, graph.constant(shift))
        if any(each != 1.0 for each in scale):
            filled = graph.node("Div", filled, graph.constant(scale))
        return filled, graph.cast(gone, "DOUBLE")

    def _level(self, code: OrdinalCode | OneHotCode) -> str:
        """Return the index of the level, or one column per index."""
        graph, count = self._graph, len(code.levels)
        unknown, absent = float(count), float(count)
        if isinstance(code, OrdinalCode):
            unknown, absent = code.unknown, np.nan
        index = graph.node(
            "LabelEncoder",
            code.column,
            domain="ai.onnx.ml",
            keys_tensor=graph.tensor([*code.levels, graph.absent], object),
            values_tensor=graph.tensor([*range(count), absent]),
            default_tensor=graph.tensor([unknown]),
        )
        if isinstance(code, OrdinalCode):
            return index
        same = graph.node("Equal", index, graph.constant([list(range(count + 1))]))
        return graph.cast(same, "DOUBLE")

    def _scores(self) -> str:
        """Return the weighted sum of all parts."""
        graph, row = self._graph, self._row() if self._model.pipeline.width else ""
        total = ""
        for part in self._model.parts:
            score = self._trees(part, row) if isinstance(part, Trees) else self._sum(part, row)
            if part.weight != 1.0:
                score = graph.node("Mul", score, graph.constant(part.weight))
            total = graph.node("Add", total, score) if total else score
        return total

    def _sum(self, part: Weights, row: str) -> str:
        graph, intercept = self._graph, self._graph.constant([part.intercept])
        if not part.positions:
            return intercept
        if part.positions != tuple(range(self._model.pipeline.width)):
            row = graph.node("Gather", row, graph.constant(part.positions, np.int64), axis=1)
        weights = np.array(part.coefficients).T
        return graph.node("Add", graph.node("MatMul", row, graph.constant(weights)), intercept)

    def _trees(self, part: Trees, row: str) -> str:
        graph = self._graph
        small = graph.node("LessOrEqual", graph.node("Abs", row), graph.constant(part.zero))
        row = graph.where(small, 0.0, row)
        if part.zero_missing:
            zero = graph.node("Equal", row, graph.constant(0.0))
            at = np.isin(np.arange(self._model.pipeline.width), part.zero_missing)
            row = graph.where(graph.node("And", zero, graph.constant(at, np.bool_)), np.nan, row)
        total = graph.node("TreeEnsemble", row, domain="ai.onnx.ml", **self._ensemble(part))
        if part.floor is None:
            return total
        held = graph.node("Max", total, graph.constant(part.floor))
        if part.scores > 1:
            return graph.node("Log", held)
        held = graph.node("Min", held, graph.constant(1 - part.floor))
        rest = graph.node("Sub", graph.constant(1.0), held)
        return graph.node("Log", graph.node("Div", held, rest))

    def _ensemble(self, score: Trees) -> dict[str, Any]:
        """Return the attributes of the trees; each leaf and each node belongs to one tree."""
        graph, nodes, roots = self._graph, list(score.nodes), list(score.roots)
        leaves = list(score.leaves)
        for tree, root in enumerate(roots):
            if root < 0:  # the operator has no tree without a node
                leaves.append(leaves[-1 - root])
                roots[tree] = len(nodes)
                nodes.append(Node(0, 0.0, root, -len(leaves), root))
        targets = [0] * len(leaves)
        for tree, root in enumerate(roots):
            for leaf in _leaves(nodes, root):
                targets[leaf] = tree % score.scores
        ends = {
            side: [[child if child >= 0 else -1 - child for child in children],
                   [int(child < 0) for child in children]]
            for side, children in (("true", [node.yes for node in nodes]),
                                   ("false", [node.no for node in nodes]))
        }  # fmt: skip
        return {
            "n_targets": score.scores,
            "aggregate_function": 1,  # the sum
            "post_transform": 0,
            "tree_roots": roots,
            "nodes_featureids": [node.position for node in nodes],
            "nodes_modes": graph.tensor([0] * len(nodes), np.uint8),  # at most
            "nodes_splits": graph.tensor([node.threshold for node in nodes]),
            "nodes_truenodeids": ends["true"][0],
            "nodes_trueleafs": ends["true"][1],
            "nodes_falsenodeids": ends["false"][0],
            "nodes_falseleafs": ends["false"][1],
            "nodes_missing_value_tracks_true": [int(node.missing == node.yes) for node in nodes],
            "leaf_targetids": targets,
            "leaf_weights": graph.tensor(leaves),
        }

    def _scaled(self, raw: str, offset: float | Sequence[float]) -> str:
        graph, calibrate = self._graph, self._model.pipeline.calibrate or Calibration()
        scaled = graph.node("Mul", raw, graph.constant(calibrate.slope))
        return graph.finite(graph.node("Add", scaled, graph.constant(offset)))

    def _binary(self, raw: str) -> dict[str, tuple[str, str, list[str | int]]]:
        graph, pipeline = self._graph, self._model.pipeline
        odds = self._curve(self._scaled(raw, (pipeline.calibrate or Calibration()).offset))
        power = graph.node("Exp", graph.node("Neg", graph.node("Abs", odds)))
        one = graph.constant(1.0)
        whole = graph.node("Add", one, power)
        likely, unlikely = graph.node("Div", one, whole), graph.node("Div", power, whole)
        above = graph.node("GreaterOrEqual", odds, graph.constant(0.0))
        negative = graph.node("Where", above, unlikely, likely)
        positive = graph.node("Where", above, likely, unlikely)
        threshold = 0.5 if pipeline.threshold is None else pipeline.threshold
        decided = graph.node("GreaterOrEqual", positive, graph.constant(threshold))
        index = graph.node("Squeeze", graph.cast(decided, "INT64"), graph.constant([1], np.int64))
        return self._levels(index, graph.columns([negative, positive]))

    def _curve(self, odds: str) -> str:
        """Return calibrated log-odds: the height at each of straight lines end to end."""
        graph, lines = self._graph, self._model.lines
        if len(lines) == 1:
            return odds
        passed = graph.node("GreaterOrEqual", odds, graph.constant([[x for x, *_ in lines[1:]]]))
        index = graph.node(
            "ReduceSum", graph.cast(passed, "INT64"), graph.constant([1], np.int64), keepdims=1
        )
        left, low, slope = (
            graph.node("Gather", graph.constant([line[part] for line in lines]), index)
            for part in (1, 2, 3)
        )
        return graph.node("Add", low, graph.node("Mul", graph.node("Sub", odds, left), slope))

    def _multiclass(self, raw: str) -> dict[str, tuple[str, str, list[str | int]]]:
        graph, axis = self._graph, self._graph.constant([1], np.int64)
        odds = self._scaled(raw, (self._model.pipeline.calibrate or Calibration()).offsets or 0.0)
        powers = graph.node("Exp", graph.node("Sub", odds, graph.node("ReduceMax", odds, axis)))
        probabilities = graph.node("Div", powers, graph.node("ReduceSum", powers, axis))
        index = graph.node("ArgMax", probabilities, axis=1, keepdims=0)
        return self._levels(index, probabilities)

    def _levels(
        self, index: str, probabilities: str
    ) -> dict[str, tuple[str, str, list[str | int]]]:
        levels = self._model.pipeline.classes
        types = {type(level) for level in levels}
        kind = {bool: "BOOL", int: "INT64", float: "DOUBLE"}.get(
            types.pop() if len(types) == 1 else str, "STRING"
        )
        shown = self._model.labels if kind == "STRING" else levels
        table = self._graph.constant(shown, object if kind == "STRING" else np.array(levels).dtype)
        return {
            "prediction": (self._graph.node("Gather", table, index), kind, ["rows"]),
            "probabilities": (probabilities, "DOUBLE", ["rows", len(levels)]),
        }

    def _regression(self, raw: str) -> dict[str, tuple[str, str, list[str | int]]]:
        graph, width = self._graph, self._model.half_width
        number = graph.finite(graph.node("Gather", raw, graph.constant(0, np.int64), axis=1))
        outputs = {"prediction": number}
        if width is not None:
            outputs["lower"] = graph.node("Sub", number, graph.constant(width))
            outputs["upper"] = graph.node("Add", number, graph.constant(width))
        return {name: (value, "DOUBLE", ["rows"]) for name, value in outputs.items()}


def _leaves(nodes: Sequence[Node], root: int) -> Iterator[int]:
    """Yield every leaf below a node."""
    todo = [root]
    while todo:
        at = todo.pop()
        if at < 0:
            yield -1 - at
        else:
            todo += (nodes[at].yes, nodes[at].no)
