"""Where the numbers of a detector usually are, and how far these are spread."""

import numpy as np

from plait.train.anomaly_fit import centers, robust_scales


def test_one_value_far_out_moves_neither_center_nor_scale():
    random = np.random.Generator(np.random.PCG64(0))
    plain = random.normal(5, 2, (500, 1))
    spoilt = plain.copy()
    spoilt[:20] = 1e9
    for function in (centers, robust_scales):
        assert abs(function(spoilt) - function(plain)).max() < 0.3
    assert abs(robust_scales(plain)[0] - 2) < 0.2


def test_scales_are_above_zero_whatever_the_column():
    matrix = np.column_stack([np.ones(50), np.zeros(50), np.arange(50) == 7, [0.5] * 49 + [9]])
    assert (robust_scales(matrix) > 0).all()
