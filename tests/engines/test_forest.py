import math

import numpy as np
import pytest

from plait.engines.booster import Booster
from plait.engines.forest import Forest

TREES = """tree
version=v4
num_class={k}
num_tree_per_iteration={k}
label_index=0
max_feature_idx=0
objective={objective}
feature_names=x
feature_infos=none
tree_sizes={sizes}

{trees}end of trees

parameters:
end of parameters
"""


def tree(number, low, high):
    return (
        f"Tree={number}\nnum_leaves=2\nnum_cat=0\nsplit_feature=0\nsplit_gain=0\nthreshold=0.5\n"
        "decision_type=8\nleft_child=-1\nright_child=-2\n"
        f"leaf_value={low} {high}\nleaf_weight=3 1\nleaf_count=3 1\n"
        "internal_value=0\ninternal_weight=4\ninternal_count=4\nis_linear=0\nshrinkage=1\n\n\n"
    )


def forest(problem, *leaves, floor=0.01):
    trees = [tree(at, *each) for at, each in enumerate(leaves)]
    many = problem == "multiclass"
    text = TREES.format(
        k=len(leaves) if many else 1,
        objective=f"multiclass num_class:{len(leaves)}" if many else "regression",
        sizes=" ".join(str(len(each)) for each in trees),
        trees="".join(trees),
    )
    return Forest(Booster(text), problem, floor)


ROWS = np.array([[0.0], [1.0]])


def test_of_two_classes_it_gives_log_odds_within_the_floor():
    found = forest("binary", (0.2, 1.0)).raw(ROWS)
    assert found == pytest.approx([math.log(0.2 / 0.8), math.log(0.99 / 0.01)])


def test_of_more_it_gives_logarithms_and_of_numbers_the_number():
    found = forest("multiclass", (0.2, 0.0), (0.3, 0.5), (0.5, 0.5)).raw(ROWS)
    assert found == pytest.approx(np.log([[0.2, 0.3, 0.5], [0.01, 0.5, 0.5]]))
    assert forest("regression", (-4.0, 3.0)).raw(ROWS).tolist() == [-4.0, 3.0]


@pytest.mark.parametrize(
    ("problem", "leaves"),
    [
        ("binary", [(0.2, 1.0)]),
        ("binary", [(0.3, 0.3)]),
        ("multiclass", [(0.2, 0.0), (0.3, 0.5), (0.5, 0.5)]),
        ("regression", [(-4.0, 3.0)]),
    ],
)
def test_shares_add_up_and_a_row_scores_alike_alone(problem, leaves):
    model = forest(problem, *leaves)
    raw = model.raw(ROWS).reshape(2, model.n_classes)
    shares = model.contributions(ROWS)
    assert shares.sum(axis=2) == pytest.approx(raw)
    assert (shares[0, :, -1] == shares[1, :, -1]).all()
    assert [list(model.raw_row(row)) for row in ROWS.tolist()] == raw.tolist()


@pytest.mark.parametrize("floor", [0.0, 0.5, float("nan")])
def test_a_floor_is_a_small_probability(floor):
    with pytest.raises(ValueError, match="floor"):
        forest("binary", (0.2, 1.0), floor=floor)
