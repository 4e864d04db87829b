"""A tabular artefact as plain numbers: what every export is written from.

The door for an engine is one function in `SCORES` that reads its files and returns parts, `Trees`
or `Weights` each. All else of an artefact is in its pipeline.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from plait.core.artefact import Artefact
from plait.core.columns import Row
from plait.core.errors import Refused
from plait.core.expression import Call, Name, Text, Tree, parse_expression
from plait.core.schema import Schema
from plait.engines import blend, forest, lightgbm, linear
from plait.engines.answer import level_text
from plait.engines.base import read_artefact, read_bytes, read_json
from plait.engines.linear import LinearModel
from plait.engines.pipeline import (
    Derived,
    LookupCode,
    NumberCode,
    OneHotCode,
    OrdinalCode,
    Pipeline,
    Read,
    TextScore,
)
from plait.engines.predictor import read_pipeline

Outcome: TypeAlias = tuple[str, tuple[float, ...]] | None
"""What a row is answered: the level as text and its probabilities; of a regression "" and the
number, with the ends of its interval; None when it is refused."""

Run: TypeAlias = Callable[[Sequence[Row]], list[Outcome]]

ZERO = 1.0000000180025095e-35
"""LightGBM reads any smaller number as 0: its `kZeroThreshold`, a float32, as a double."""


class Node(NamedTuple):
    """A question to one position: which node is next, or `-1 - leaf`.

    Attributes:
        position: in the row of numbers.
        threshold: what the number there is compared with.
        yes: next when the number is at most the threshold.
        no: next when it is above.
        missing: next when it is NaN; one of the other two.
    """

    position: int
    threshold: float
    yes: int
    no: int
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """Trees whose leaves add up to scores, in the order of the roots, from 0.0 on.

    Attributes:
        nodes: of all trees.
        leaves: of all trees.
        roots: where each tree begins: a node, or `-1 - leaf`.
        scores: how many; tree t adds to score t % scores.
        zero: a number of at most this size is read as 0 before any question.
        zero_missing: positions where 0 is then read as NaN.
        weight: by which its scores go into those of the whole.
        floor: of a forest, whose sums are probabilities: they are held between this and 1 - this,
            and their log-odds are the scores; the logarithms, of three classes or more.
    """

    nodes: tuple[Node, ...]
    leaves: tuple[float, ...]
    roots: tuple[int, ...]
    scores: int
    zero: float = ZERO
    zero_missing: tuple[int, ...] = ()
    weight: float = 1.0
    floor: float | None = None

    def placed(self, at: Sequence[int], weight: float) -> "Trees":
        """Return the same as a part of a blend, whose positions `at` are its own."""
        return replace(
            self,
            nodes=tuple(node._replace(position=at[node.position]) for node in self.nodes),
            zero_missing=tuple(at[position] for position in self.zero_missing),
            weight=weight * self.weight,
        )

    def thresholds(self, position: int) -> list[float]:
        """Return what the numbers at a position are compared with, ascending."""
        return sorted({node.threshold for node in self.nodes if node.position == position})


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Scores `intercept + coefficients . row`, term by term from the left.

    Attributes:
        coefficients: a row per score.
        intercept: one per score.
        positions: what the coefficients belong to, in their order.
        weight: by which its scores go into those of the whole.
    """

    coefficients: tuple[tuple[float, ...], ...]
    intercept: tuple[float, ...]
    positions: tuple[int, ...]
    weight: float = 1.0

    @property
    def scores(self) -> int:
        """How many."""
        return len(self.intercept)

    def placed(self, at: Sequence[int], weight: float) -> "Weights":
        """Return the same as a part of a blend, whose positions `at` are its own."""
        positions = tuple(at[position] for position in self.positions)
        return replace(self, positions=positions, weight=weight * self.weight)

    def thresholds(self, _position: int) -> list[float]:
        """Return nothing: no number is compared with any."""
        return []


Part: TypeAlias = Trees | Weights


class Formula(NamedTuple):
    """A number computed of a row before it is encoded.

    Attributes:
        name: by which it is encoded.
        tree: what computes it: of numbers and of texts that are compared, of no time.
        reads: the columns that it reads.
    """

    name: str
    tree: Tree
    reads: tuple[Read, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainModel:
    """All that an export is written from.

    Attributes:
        name: of the contract.
        artefact: id of the artefact.
        input: the fields of a row.
        pipeline: what surrounds the scores.
        parts: the model itself: each one's scores times its weight, added up from 0.0 on.
        formulas: what is computed of a row first.
    """

    name: str
    artefact: str
    input: Schema
    pipeline: Pipeline
    parts: tuple[Part, ...]
    formulas: tuple[Formula, ...] = ()

    @property
    def scores(self) -> int:
        """How many scores a row has."""
        return self.parts[0].scores

    def thresholds(self, position: int) -> list[float]:
        """Return what the numbers at a position are compared with, ascending."""
        return sorted({cut for part in self.parts for cut in part.thresholds(position)})

    @property
    def labels(self) -> tuple[str, ...]:
        """The levels of the target as text; none of a regression."""
        return tuple(map(level_text, self.pipeline.classes))

    @property
    def half_width(self) -> float | None:
        """Of the interval around a number, the same for every row; None when there is none."""
        interval = self.pipeline.interval
        if interval is None or interval.quantiles or interval.by:
            return None
        return interval.half_width

    @property
    def lines(self) -> tuple[tuple[float, float, float, float], ...]:
        """The curve of a binary calibration as lines (from, left, low, slope), ascending.

        The last line whose `from` is at most x gives `low + (x - left) * slope`.
        """
        knots = self.pipeline.calibrate.knots if self.pipeline.calibrate else ()
        if not knots:
            return ((-math.inf, 0.0, 0.0, 1.0),)
        slopes = [(high - low) / (right - left) for (left, low), (right, high) in pairwise(knots)]
        slopes.append(1.0)
        first = (-math.inf, *knots[0], 1.0)
        return (first, *((x, x, y, slope) for (x, y), slope in zip(knots, slopes, strict=True)))

    def starts(self) -> Iterator[tuple[int, NumberCode | OrdinalCode | OneHotCode]]:
        """Yield each code and the first position it fills."""
        start = 0
        for code in self.pipeline.encode:
            assert not isinstance(code, LookupCode)  # `plain_model` refuses it
            yield start, code
            start += code.width

    def left_out(self) -> list[str]:
        """Say what the artefact answers and an export does not, a sentence each."""
        notes = []
        if self.pipeline.interval is not None and self.half_width is None:
            notes.append("it gives no interval: the artefact's differs from row to row")
        if self.pipeline.set is not None:
            notes.append("it gives the probabilities, and not the set of levels")
        return notes


def plain_model(artefact: Artefact, name: str) -> PlainModel:
    """Return an artefact as plain numbers.

    Args:
        artefact: a tabular one that loads, of an engine of `SCORES`.
        name: of the contract.

    Raises:
        Refused: `export_refused`, when it is no such artefact, or has a part no export can have.
    """
    manifest = artefact.manifest
    read = _reader(artefact)
    pipeline = read_pipeline(artefact)
    for code in pipeline.encode:
        if not isinstance(code, NumberCode | OrdinalCode | OneHotCode):
            raise refused(f"the column {code.column!r} is encoded in a way no export knows")
    return PlainModel(
        name=name,
        artefact=artefact.id,
        input=manifest.input,
        pipeline=pipeline,
        parts=read(artefact),
        formulas=tuple(map(_formula, pipeline.derive)),
    )


def _formula(part: Derived | TextScore) -> Formula:
    """Return what computes a derived number; a missing text is told by comparing it."""
    if isinstance(part, TextScore):
        raise refused(f"it reads the text of {part.column!r}, for which no export has the encoder")
    expression = parse_expression(part.expr)
    times = [read.column for read in part.reads if read.kind == "time"]
    if times:
        raise refused(f"{part.field.name!r} is computed of the time {times[0]!r}")
    texts = {read.column for read in part.reads if read.kind not in ("number", "boolean")}
    return Formula(part.field.name, _plainly(expression.tree, texts), part.reads)


def _plainly(tree: Tree, texts: set[str]) -> Tree:
    match tree:
        case Call("is_missing", (Name(column),)) if column in texts:
            return Call("is_missing", (Call("eq", (Name(column), Text(""))),))
        case Call(op, arguments):
            return Call(op, tuple(_plainly(each, texts) for each in arguments))
    return tree


def refused(message: str, *, hint: str = "") -> Refused:
    """Return the error that says why there is no export."""
    return Refused("export_refused", message, where="--to", hint=hint)


def _weights(artefact: Artefact) -> tuple[Part, ...]:
    model = LinearModel.read(read_json(artefact.folder / linear.MODEL))
    positions = tuple(range(model.n_features))
    weights = Weights(
        coefficients=model.coefficients, intercept=model.intercept, positions=positions
    )
    return (weights,)


def _forest(artefact: Artefact) -> tuple[Part, ...]:
    (trees,) = _trees(artefact)
    if artefact.manifest.problem == "regression":
        return (trees,)
    floor = float(str(read_json(artefact.folder / forest.FOREST)["floor"]))
    return (replace(trees, floor=floor),)


def _blend(artefact: Artefact) -> tuple[Part, ...]:
    """Read the members, which are artefacts of other engines, or of this one."""
    codes, parts = read_pipeline(artefact).encode, list[Part]()
    for name, weight in sorted(read_json(artefact.folder / blend.BLEND).items()):
        member = read_artefact(artefact.folder / blend.MEMBERS / name)
        at = blend.places_of(codes, read_pipeline(member).encode).tolist()
        parts += (each.placed(at, float(str(weight))) for each in _reader(member)(member))
    return tuple(parts)


def _reader(artefact: Artefact) -> Callable[[Artefact], tuple[Part, ...]]:
    """Return what reads the files of an artefact; raises as `plain_model`."""
    manifest = artefact.manifest
    if manifest.task == "tabular" and manifest.engine in SCORES:
        return SCORES[manifest.engine]
    raise refused(
        f"a {manifest.task} artefact of the engine {manifest.engine!r} cannot be exported",
        hint=f"engines that can: {', '.join(SCORES)}; `plait serve` answers for any",
    )


_NONE, _ZERO, _NAN = range(3)  # what LightGBM takes for missing at a node
_LEFT = 2  # the bit that sends it left


def _trees(artefact: Artefact) -> tuple[Trees]:
    """Read LightGBM's text; that it is sound was checked when the artefact was loaded."""
    text = read_bytes(artefact.folder / lightgbm.MODEL).decode("latin-1")
    head, *blocks = re.split(r"^Tree=\d+$", text.partition("\nend of trees\n")[0], flags=re.M)
    nodes: list[Node] = []
    leaves: list[float] = []
    roots: list[int] = []
    kinds: dict[int, set[int]] = {}
    for block in blocks:
        tree = _lines(block)
        if tree["num_cat"] != "0":
            hint = "train it on categories as numbers, as `plait train` does"
            raise refused("the model splits on sets of categories", hint=hint)
        leaf = len(leaves)
        leaves.extend(map(float, tree["leaf_value"].split()))
        if tree["num_leaves"] == "1":
            roots.append(-1 - leaf)
            continue
        roots.append(len(nodes))
        for node, missing in _nodes(tree, len(nodes), leaf):
            nodes.append(node)
            kinds.setdefault(node.position, set()).add(missing)
    zero = sorted(position for position, found in kinds.items() if _ZERO in found)
    if any(len(kinds[position]) > 1 for position in zero):
        raise refused("0 is missing at some of the model's nodes and a number at others")
    trees = Trees(
        nodes=tuple(nodes),
        leaves=tuple(leaves),
        roots=tuple(roots),
        scores=int(_lines(head)["num_tree_per_iteration"]),
        zero_missing=tuple(zero),
    )
    return (trees,)


def _lines(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _nodes(tree: Mapping[str, str], first: int, leaf: int) -> Iterator[tuple[Node, int]]:
    """Yield the nodes of a tree, and what is missing at each."""

    def place(child: str) -> int:
        number = int(child)
        return number + first if number >= 0 else number - leaf

    names = ("split_feature", "threshold", "left_child", "right_child", "decision_type")
    for position, cut, left, right, kind in zip(
        *(tree[name].split() for name in names), strict=True
    ):
        threshold, yes, no = float(cut), place(left), place(right)
        missing = int(kind) >> 2 & 3
        # Where nothing is missing, LightGBM reads NaN as 0.
        goes_left = threshold >= 0.0 if missing == _NONE else bool(int(kind) & _LEFT)
        yield Node(int(position), threshold, yes, no, yes if goes_left else no), missing


SCORES: Mapping[str, Callable[[Artefact], tuple[Part, ...]]] = {
    "blend": _blend,
    "forest": _forest,
    "lightgbm": _trees,
    "linear": _weights,
}
"""Engine -> what reads its files as plain numbers."""
