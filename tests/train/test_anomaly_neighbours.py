"""The distance to the nearest rows finds what no single field shows."""

import numpy as np

from plait.core.protocol import Sample
from plait.core.schema import Field, Schema
from plait.engines.array_file import read_array
from plait.train.anomaly_neighbours import MOST_ROWS, NeighbourDistance


def test_a_broken_dependence_is_found_and_rows_are_bounded(tmp_path):
    random = np.random.Generator(np.random.PCG64(1))
    first = random.normal(size=MOST_ROWS + 500)
    columns = {"first": first, "second": first + random.normal(0, 0.1, len(first))}
    fields = tuple(Field(name=name, kind="number") for name in columns)
    sample = Sample(
        input=Schema(fields), columns=columns, target=[], classes=(), problem="regression", seed=0
    )
    predictor = NeighbourDistance(tmp_path, share=0.01).fit(sample)
    answer = predictor.predict({"first": [1.0, 1.0], "second": [1.0, -1.0]})
    assert answer["prediction"].tolist() == [False, True]
    assert len(read_array(tmp_path / "rows.npy", (-1, 2))) == MOST_ROWS
    assert predictor.artefact.manifest.holds_rows
