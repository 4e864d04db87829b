from dataclasses import replace

import numpy as np
import pytest

from plait.core.schema import Field, Schema
from plait.engines.base import read_artefact
from plait.train.neighbours import NearestRows


@pytest.fixture(scope="module")
def ring(samples):
    """Rows inside and outside a circle: no line parts them. Ten more columns say nothing."""
    dice = np.random.Generator(np.random.PCG64(4))
    columns = {f"x{at}": dice.normal(size=600) for at in range(12)}
    inside = columns["x0"] ** 2 + columns["x1"] ** 2 < 1.4
    fields = tuple(Field(name=name, kind="number") for name in columns)
    return replace(
        samples["binary"],
        input=Schema(fields),
        columns=columns,
        target=inside.astype(float).tolist(),
    )


def accuracy(sample, predictor, rows):
    answer = predictor.predict({name: values[rows] for name, values in sample.columns.items()})
    return ((answer["prediction"] == "yes") == np.array(sample.target, dtype=bool)[rows]).mean()


def test_it_learns_what_no_line_can_say(ring, tmp_path):
    two = {name: ring.columns[name] for name in ("x0", "x1")}
    small = replace(ring, columns=two, input=Schema(ring.input.fields[:2]))
    head = replace(
        small,
        columns={name: values[:400] for name, values in two.items()},
        target=small.target[:400],
    )
    predictor = NearestRows(tmp_path).fit(head)
    assert accuracy(small, predictor, slice(400, None)) > 0.9


def test_its_artefact_says_that_it_holds_rows_and_gives_no_reasons(ring, tmp_path):
    predictor = NearestRows(tmp_path).fit(ring)
    assert read_artefact(tmp_path).manifest.holds_rows
    answer = predictor.predict(
        {name: values[:3] for name, values in ring.columns.items()}, reasons=2
    )
    assert answer["reasons"] == [(), (), ()]


def test_positions_that_tell_nothing_count_less_where_that_helps(ring, tmp_path):
    line = np.array(ring.columns["x0"]) > 0
    predictor = NearestRows(tmp_path).fit(replace(ring, target=line.astype(float).tolist()))
    scale = predictor.model._vote.scale
    assert scale[0] == 1
    assert max(scale[1:]) < 0.2


def test_of_many_rows_some_are_kept(ring, tmp_path, monkeypatch):
    monkeypatch.setattr("plait.train.neighbours.MOST_ROWS", 200)
    predictor = NearestRows(tmp_path).fit(replace(ring, groups=[row // 2 for row in range(600)]))
    assert len(predictor.model._rows) == 200
