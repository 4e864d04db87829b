import pytest

from plait.core.artefact import Manifest
from plait.core.errors import Refused
from plait.core.expression import parse_expression
from plait.core.schema import Field, Schema
from plait.engines.answer import output_schema
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.linear import MODEL, LinearModel
from plait.engines.operation import ROW
from plait.engines.pipeline import PIPELINE, Derived, NumberCode, Pipeline, Read, TextScore
from plait.train import export_c, export_c_run, export_onnx, export_python
from plait.train.export_formula import _C, _PYTHON
from plait.train.export_model import plain_model
from plait.train.parity import check, make_rows

EXPRESSIONS = (
    "debt / (income + 1)",
    "log(income) - log1p(debt) * exp(debt / 30)",
    "sqrt(debt - 20) + abs(-income) + round(married / 2)",
    "col('yearly income') ** 2 + debt ** -0.5",
    "if_missing(income, debt) - is_missing(income) * is_missing(area)",
    "1 if area == 'no \"rth' else 0.5 if area != 'south' else -2",
    "(debt > 10 and income < 50) or not married",
    "min(debt, income, 30) + max(debt, 7) + clip(income, 10, debt)",
    "(debt >= 20) + (debt <= 20) + (debt == 20) + (debt != 20)",
)
FIELDS = (
    Field(name="income", kind="number", nullable=True, low=0.0, high=90.0),
    Field(name="debt", kind="number", nullable=True, low=-5.0, high=60.0, sentinels=(999.0,)),
    Field(name="yearly income", kind="number", low=1.0, high=9.0),
    Field(name="married", kind="boolean", nullable=True),
    Field(name="area", kind="category", nullable=True, levels=("south", 'no "rth')),
)


def derived(at, text):
    by_name = {field.name: field for field in FIELDS}
    reads = tuple(
        Read(column=name, kind=by_name[name].kind, sentinels=by_name[name].sentinels)
        for name in parse_expression(text).kinds
    )
    return Derived(field=Field(name=f"made {at}", kind="number"), expr=text, reads=reads)


def write(folder, parts, extra=()):
    codes = tuple(
        NumberCode(column=field.name, fill=0.25, indicator=True)
        for part in parts
        for field in part.fields
    )
    pipeline = Pipeline(problem="regression", classes=(), encode=codes, derive=tuple(parts))
    width = pipeline.width
    model = LinearModel([[0.5 + at / 7 for at in range(width)]], [0.1], [0.0] * width)
    manifest = Manifest(
        engine="linear",
        task="tabular",
        problem="regression",
        input=Schema((*FIELDS, *extra)),
        output=output_schema(pipeline),
        origin="tests",
    )
    files = {PIPELINE: json_bytes(pipeline.record()), MODEL: json_bytes(model.record())}
    return write_artefact(folder, manifest, files)


@pytest.fixture(scope="module")
def artefact(tmp_path_factory):
    parts = [derived(at, text) for at, text in enumerate(EXPRESSIONS)]
    unread = [Field(name="asked", kind="time", nullable=True)]  # by other candidates it was
    return write(tmp_path_factory.mktemp("formulas"), parts, unread)


def test_python_computes_as_the_artefact_does(artefact):
    model = plain_model(artefact, "desk")
    run = export_python.runner(model, export_python.write(model))
    found = check(load(artefact.folder), model, run, make_rows(model, 2_000))
    assert found.refused < found.rows / 2


@pytest.mark.usefixtures("compiler")
def test_c_computes_as_the_artefact_does(artefact):
    model = plain_model(artefact, "desk")
    run = export_c_run.runner(model, export_c.write(model))
    found = check(load(artefact.folder), model, run, make_rows(model, 2_000))
    assert found.refused < found.rows / 2


def test_a_file_holds_only_what_it_needs(tmp_path):
    model = plain_model(write(tmp_path, [derived(0, EXPRESSIONS[0])]), "desk")
    for written in (export_python.write(model), export_c.write(model)):
        assert b"f_div" in written
        assert b"f_log" not in written


def test_every_operation_without_time_has_both_languages():
    times = {"year", "month", "day", "weekday", "hour", "days"}
    assert set(_PYTHON) == set(_C) == set(ROW) - times


def test_onnx_computes_as_the_artefact_does(artefact):
    model = plain_model(artefact, "desk")
    run = export_onnx.runner(model, export_onnx.write(model))
    found = check(load(artefact.folder), model, run, make_rows(model, 2_000))
    assert found.refused < found.rows / 2
    assert found.difference < 1e-12


def test_no_export_reads_times_or_texts(tmp_path):
    when = Field(name="when", kind="time")
    part = Derived(
        field=Field(name="made", kind="number"),
        expr="month(when)",
        reads=(Read(column="when", kind="time"),),
    )
    with pytest.raises(Refused, match="time 'when'"):
        plain_model(write(tmp_path / "time", [part], [when]), "desk")
    part = TextScore(
        column="area", fields=(Field(name="s", kind="number"),), weights="w.npy", intercept=(0.0,)
    )
    with pytest.raises(Refused, match="encoder"):
        plain_model(write(tmp_path / "text", [part]), "desk")
