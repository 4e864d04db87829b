"""The gate: what it asks, and what it lets through."""

import math
from dataclasses import replace

import pytest

from plait.core.errors import Refused
from plait.train import export_python
from plait.train.parity import answers, check, make_rows


def run(model, changed, rows, predictor):
    return check(
        predictor, model, export_python.runner(changed, export_python.write(changed)), rows
    )


def test_the_same_model_passes(plain):
    predictor, model = plain
    rows = make_rows(model, 600)
    found = run(model, model, rows, predictor)
    assert found.rows == len(rows) >= 600
    assert found.difference == 0.0
    assert 0 < found.refused < len(rows) / 10


def test_rows_hold_every_edge(plain_models):
    _, model = plain_models["lightgbm", "binary"]
    rows = make_rows(model, 100)
    assert rows == make_rows(model, 100)
    incomes = {row["yearly income"] for row in rows}
    for cut in model.thresholds(0):
        assert {cut, math.nextafter(cut, 1e9), math.nextafter(cut, -1e9)} <= incomes
    assert {math.inf, -math.inf, None} <= incomes
    debts = {row["debt/ratio %"] for row in rows}
    assert {999.0, math.nextafter(999.0, 0), -1.0, None} <= debts
    places = {row["日本"] for row in rows}
    assert {*model.input["日本"].levels, None, "never seen"} <= places
    assert {row["int"] for row in rows} == {True, False, None}


def nodes_changed(model, change):
    return part_changed(model, nodes=tuple(map(change, model.parts[0].nodes)))


def part_changed(model, **parts):
    return replace(model, parts=(replace(model.parts[0], **parts),))


def test_a_threshold_one_bit_off_is_caught(plain_models):
    predictor, model = plain_models["lightgbm", "binary"]
    rows = make_rows(model, 1000)
    expected = answers(predictor, model, rows)
    told = 0
    for at, node in enumerate(model.parts[0].nodes[:12]):
        for towards in (-math.inf, math.inf):
            nodes = list(model.parts[0].nodes)
            nodes[at] = node._replace(threshold=math.nextafter(node.threshold, towards))
            changed = part_changed(model, nodes=tuple(nodes))
            found = export_python.runner(changed, export_python.write(changed))(rows)
            # a level has a whole number, and LightGBM rounds what is beside 0
            never_told = abs(node.threshold) < 1e-30 or node.position > 1
            assert found != expected or never_told
            told += found != expected
    assert told >= 10


@pytest.mark.parametrize(
    "change",
    [
        lambda m: nodes_changed(m, lambda n: n._replace(missing=n.yes + n.no - n.missing)),
        lambda m: nodes_changed(m, lambda n: n._replace(yes=n.no, no=n.yes)),
        lambda m: part_changed(m, leaves=(1.0, *m.parts[0].leaves[1:])),
        lambda m: part_changed(m, weight=1.0 + 1e-4),
        lambda m: replace(m, pipeline=replace(m.pipeline, threshold=0.6)),
        lambda m: replace(m, pipeline=replace(m.pipeline, calibrate=None)),
        lambda m: replace(m, pipeline=replace(m.pipeline, classes=(True, False))),
        lambda m: replace(m, input=replace(m.input, fields=m.input.fields[:-1])),
    ],
)
def test_a_changed_model_is_refused(plain_models, change):
    predictor, model = plain_models["lightgbm", "binary"]
    with pytest.raises((Refused, KeyError)):
        run(model, change(model), make_rows(model, 1000), predictor)


def test_the_refusal_names_the_row_and_both_answers(plain_models):
    predictor, model = plain_models["linear", "regression"]
    width = replace(model.pipeline.interval, half_width=0.7501)
    changed = replace(model, pipeline=replace(model.pipeline, interval=width))
    rows = make_rows(model, 500)
    with pytest.raises(Refused, match=r"yearly income.*日本") as caught:
        run(model, changed, rows, predictor)
    assert caught.value.code == "export_refused"


def test_an_answer_where_the_server_refuses_is_a_difference(plain_models):
    predictor, model = plain_models["linear", "binary"]
    fields = tuple(replace(field, nullable=True) for field in model.input.fields)
    changed = replace(model, input=replace(model.input, fields=fields))
    with pytest.raises(Refused, match="artefact answers nothing"):
        run(model, changed, make_rows(model, 1000), predictor)
