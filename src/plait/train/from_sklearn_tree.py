"""Trees of any library as LightGBM text, which LightGBM's own library runs."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

_BITS = 32


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Tree:
    """One tree: an entry per node, the root first.

    Attributes:
        left: next when a number is at most the threshold; below 0 in a leaf.
        right: next when it is above.
        position: in the row of numbers, of what is asked.
        threshold: what it is compared with.
        missing_left: whether NaN goes left.
        rows: how many rows of the training passed.
        value: what a leaf adds to the score.
        sets: node -> whole numbers that go left; any other number, and NaN, goes right.
    """

    left: Ints
    right: Ints
    position: Ints
    threshold: Floats
    missing_left: Flags
    rows: Ints
    value: Floats
    sets: Mapping[int, Sequence[int]] = field(default_factory=dict)


def booster_text(trees: Sequence[Tree], *, width: int, scores: int, objective: str) -> str:
    """Return the trees as the text of a LightGBM model.

    Args:
        trees: tree t adds to score t % scores.
        width: numbers of a row.
        scores: how many.
        objective: LightGBM's name of the loss, with its options.
    """
    blocks = [_block(tree, number) for number, tree in enumerate(trees)]
    header = {
        "version": "v4",
        "num_class": scores,
        "num_tree_per_iteration": scores,
        "label_index": 0,
        "max_feature_idx": width - 1,
        "objective": objective,
        **_features(width),
        "tree_sizes": _joined(map(len, blocks)),
    }
    ends = "end of trees\n\nparameters:\nend of parameters\n"
    return f"tree\n{_lines(header)}\n{''.join(blocks)}{ends}"


def forest_text(
    grown: Sequence[BaseEstimator], positions: Sequence[int], *, width: int, scores: int
) -> str:
    """Return trees of scikit-learn as text whose raw scores are the mean of what they answer.

    Args:
        grown: fitted trees, of classes or of a number.
        positions: where each of their features is in a row.
        width: numbers of a row.
        scores: of three classes or more one each; else 1, of the number or the second class.
    """
    trees = []
    for each in grown:
        values = each.tree_.value[:, 0, :] / len(grown)
        trees += [tree_of(each.tree_, values[:, at], positions) for at in range(-scores, 0)]
    objective = f"multiclass num_class:{scores}" if scores > 1 else "regression"
    return booster_text(trees, width=width, scores=scores, objective=objective)


def tree_of(tree: BaseEstimator, values: Floats, positions: Sequence[int]) -> Tree:
    """Return a tree of scikit-learn.

    Args:
        tree: the arrays it keeps.
        values: of each node, what is added to the score.
        positions: where each of its features is in a row.
    """
    return Tree(
        left=tree.children_left,
        right=tree.children_right,
        position=np.asarray(positions)[np.where(tree.children_left >= 0, tree.feature, 0)],
        threshold=as_wide(tree.threshold),
        missing_left=tree.missing_go_to_left.astype(np.bool_),
        rows=tree.n_node_samples,
        value=values,
    )


def rewired(text: str, positions: Sequence[int], *, width: int) -> str:
    """Return the text of a LightGBM model that finds its features at other positions.

    Args:
        text: as LightGBM writes it.
        positions: where each feature is now.
        width: numbers of a row now.
    """
    head, mark, rest = text.partition("\n\nTree=0\n")
    body, end, tail = rest.partition("\nend of trees\n")
    moved = re.sub(
        r"^split_feature=(.*)$",
        lambda found: "split_feature=" + _joined(positions[int(at)] for at in found[1].split()),
        f"{mark[2:]}{body}\n",
        flags=re.M,
    )
    blocks = re.split(r"^(?=Tree=\d+$)", moved, flags=re.M)[1:]
    said = dict(line.partition("=")[::2] for line in head.split("\n"))
    said |= {"max_feature_idx": str(width - 1), **_features(width)}
    said["tree_sizes"] = _joined(len(block.encode()) for block in blocks)
    lines = [line if not value else f"{line}={value}" for line, value in said.items()]
    return "\n".join(lines) + "\n\n" + "".join(blocks) + end[1:] + tail


def categorical_features(text: str) -> list[int]:
    """Return the features that a LightGBM model was told to take for categories."""
    _, _, rest = text.rpartition("\n[categorical_feature: ")
    listed, closed, _ = rest.partition("]\n")
    return [int(each) for each in listed.split(",") if each] if closed else []


def as_wide(thresholds: Floats) -> Floats:
    """Return the largest float64 numbers that, rounded to float32, are at most the thresholds.

    scikit-learn rounds a number before it compares it, LightGBM does not.
    """
    low = thresholds.astype(np.float32)
    low = np.where(low > thresholds, np.nextafter(low, np.float32(-np.inf)), low)
    high = np.nextafter(low, np.float32(np.inf))
    middle = (low.astype(np.float64) + high.astype(np.float64)) / 2  # it goes to the even one
    even = low.view(np.int32) % 2 == 0
    wide: Floats = np.where(even, middle, np.nextafter(middle, -np.inf))
    return wide


def _features(width: int) -> dict[str, str]:
    return {
        "feature_names": _joined(f"column_{at}" for at in range(width)),
        "feature_infos": _joined(["none"] * width),
    }


def _block(tree: Tree, number: int) -> str:
    """Return one tree: inner nodes and leaves counted apart, leaf 0 as -1."""
    leaf = tree.left < 0
    index = np.where(leaf, np.cumsum(leaf) * -1, np.cumsum(~leaf) - 1)
    fields: dict[str, object] = {"num_leaves": int(leaf.sum()), "num_cat": len(tree.sets)}
    inner = np.flatnonzero(~leaf)
    if len(inner):
        # Bit 0: a set. Bit 1: missing goes left. Bits 2 and 3: NaN is missing.
        kinds = 8 + 2 * tree.missing_left[inner].astype(np.int64)
        cuts = list(map(str, tree.threshold[inner].tolist()))
        for which, node in enumerate(tree.sets):
            at = int(np.searchsorted(inner, node))
            kinds[at], cuts[at] = 1, str(which)
        zeros = _joined(["0"] * len(inner))
        fields |= {
            "split_feature": _joined(tree.position[inner].tolist()),
            "split_gain": zeros,
            "threshold": _joined(cuts),
            "decision_type": _joined(kinds.tolist()),
            "left_child": _joined(index[tree.left[inner]].tolist()),
            "right_child": _joined(index[tree.right[inner]].tolist()),
        }
    fields["leaf_value"] = _joined(tree.value[leaf].tolist())
    if len(inner):
        rows, counts = (_joined(tree.rows[part].tolist()) for part in (leaf, inner))
        fields |= {"leaf_weight": rows, "leaf_count": rows}
        fields |= {"internal_value": zeros, "internal_weight": counts, "internal_count": counts}
    if tree.sets:
        words = [_words(each) for each in tree.sets.values()]
        fields["cat_boundaries"] = _joined(np.cumsum([0, *map(len, words)]).tolist())
        fields["cat_threshold"] = _joined(word for each in words for word in each)
    fields |= {"is_linear": 0, "shrinkage": 1}
    return f"Tree={number}\n{_lines(fields)}\n\n"


def _words(numbers: Sequence[int]) -> list[int]:
    """Return a set of numbers as bits."""
    words = [0] * (max(numbers, default=0) // _BITS + 1)
    for number in numbers:
        words[number // _BITS] |= 1 << number % _BITS
    return words


def _lines(fields: Mapping[str, object]) -> str:
    return "".join(f"{name}={value}\n" for name, value in fields.items())


def _joined(values: Iterable[object]) -> str:
    return " ".join(map(str, values))
