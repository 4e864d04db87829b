"""Trees of a quantile, raised until as many rows held out lie below as are asked for."""

import lightgbm


def raised(booster: lightgbm.Booster, by: float) -> str:
    """Return the text of a booster that answers more by a constant; the booster does from now on.

    Trees of few rows fit the quantile of the rows they saw, and new rows exceed it more often than
    asked. What is added is the quantile of how far rows held out exceeded it: conformalised
    quantile regression (Romano, Patterson and Candes 2019), of one side. It goes into the leaves of
    the first tree, so that answers, TreeSHAP and exports need not know.

    Args:
        booster: of at least one tree.
        by: in the unit of the target; below 0 lowers it.
    """
    leaves = booster.dump_model(num_iteration=1)["tree_info"][0]["num_leaves"]
    for leaf in range(leaves):
        booster.set_leaf_output(0, leaf, booster.get_leaf_output(0, leaf) + by)
    return str(booster.model_to_string())
