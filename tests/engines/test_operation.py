import numpy as np
import pytest

from plait.engines.operation import BATCH, ROW

EDGES = [0.0, -0.0, 1.0, -1.5, 2.5, 1e308, -1e308, 5e-324, float("nan")]
ARGUMENTS = {"neg": 1, "not": 1, "abs": 1, "round": 1, "sqrt": 1, "if": 3, "clip": 3}


@pytest.mark.parametrize("name", sorted(BATCH))
def test_a_column_is_a_row_many_times_over_at_every_edge(name):
    grids = np.meshgrid(*[EDGES] * ARGUMENTS.get(name, 2))
    columns = [grid.ravel() for grid in grids]
    together = BATCH[name](*columns)
    alone = np.array([ROW[name](*row) for row in zip(*(c.tolist() for c in columns), strict=True)])
    np.testing.assert_array_equal(together, alone)
    there = ~np.isnan(alone)
    np.testing.assert_array_equal(np.signbit(together[there]), np.signbit(alone[there]))
    assert np.isfinite(alone[there]).all()
