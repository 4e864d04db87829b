"""How columns become numbers for a detector, and how far these are usually spread."""

import numpy as np

from plait.core.protocol import Sample
from plait.core.schema import Field, Schema
from plait.engines.encode import Encoder
from plait.train.anomaly_fit import centers, codes_of, robust_scales, rows_of


def test_numbers_have_no_gaps_and_say_where_they_had():
    size = np.array([1.0, np.nan, 3.0, 999.0, 2.0])
    field = Field(name="size", kind="number", nullable=True, sentinels=(999.0,))
    sample = Sample(
        input=Schema((field,)),
        columns={"size": size},
        target=[],
        classes=(),
        problem="regression",
        seed=0,
    )
    assert rows_of(sample) == 5
    matrix = Encoder(codes_of(sample)).matrix(sample.columns, 5)
    assert matrix.tolist() == [[1, 0], [2, 1], [3, 0], [2, 1], [2, 0]]


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
