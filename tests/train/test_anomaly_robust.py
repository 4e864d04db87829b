"""The robust z: the field that is farthest out, in its own deviations."""

import numpy as np
import pytest

from plait.core.protocol import Sample
from plait.core.schema import Field, Schema
from plait.train.anomaly_robust import RobustDistance


def test_the_score_follows_the_farthest_field(tmp_path):
    random = np.random.Generator(np.random.PCG64(1))
    columns = {"wide": random.normal(0, 100, 500), "narrow": random.normal(0, 1, 500)}
    fields = tuple(Field(name=name, kind="number") for name in columns)
    sample = Sample(
        input=Schema(fields), columns=columns, target=[], classes=(), problem="regression", seed=0
    )
    candidate = RobustDistance(tmp_path, share=0.02)
    answer = candidate.fit(sample).predict({"wide": [50.0, 50.0], "narrow": [0.0, 9.0]}, reasons=1)
    assert answer["prediction"].tolist() == [False, True]
    assert [why[0].feature for why in answer["reasons"]] == ["wide", "narrow"]
    assert answer["reasons"][1][0].contribution == pytest.approx(9, rel=0.15)
    assert candidate.configuration()["share"] == 0.02
