"""A formula in a graph is the engine's own operation, whatever a row holds."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from plait.core.contract import FeatureNote
from plait.core.expression import parse_expression
from plait.core.schema import Field, Schema
from plait.engines.derive import Deriver
from plait.engines.onnx_graph import load_graph
from plait.engines.operation import ROW
from plait.engines.pipeline import Derived, Pipeline, Read
from plait.train.export_model import PlainModel, _formula, plain_model
from plait.train.export_onnx import runner, write
from plait.train.export_onnx_formula import OPERATIONS, computed
from plait.train.export_onnx_graph import Graph
from plait.train.parity import check, make_rows
from plait.train.plan import plan_race
from plait.train.prepare import prepare
from plait.train.variant import with_variants

FIELDS = (
    Field(name="a", kind="number", nullable=True, sentinels=(999.0, -1.0)),
    Field(name="b", kind="number", nullable=True),
    Field(name="c", kind="boolean", nullable=True),
    Field(name="area", kind="category", nullable=True),
)
NUMBERS = (
    *(np.nan, np.inf, -np.inf, 999.0, -1.0, 0.0, -0.0, 1.0, 0.5, 1.5, 2.5, -2.5, 1e-9, -1e-17),
    *(np.nextafter(1.0, 0.0), np.nextafter(999.0, 0.0), 1e15 + 0.5, 1e200, -1e200, 1e-320),
    *(np.finfo(np.float64).max, -np.finfo(np.float64).max),
)  # fmt: skip
TEXTS = (None, "", "?", "south", 'no "rth', "žluť ☃", "south ")
ROWS = 300
DRAWN = (Phase.explicit, Phase.reuse, Phase.generate)
"""A failing graph is not made smaller: every try has to be loaded."""


def graph_of(expressions):
    """Return what computes expressions, of columns, by a graph and by the engine."""
    kinds = {field.name: field for field in FIELDS}
    parts = tuple(
        Derived(
            field=Field(name=f"made {at}", kind="number"),
            expr=text,
            reads=tuple(
                Read(column=name, kind=kinds[name].kind, sentinels=kinds[name].sentinels)
                for name in parse_expression(text).kinds
            ),
        )
        for at, text in enumerate(expressions)
    )
    model = PlainModel(
        name="x",
        artefact="y",
        input=Schema(FIELDS),
        pipeline=Pipeline(problem="regression", classes=(), encode=(), derive=parts),
        parts=(),
        formulas=tuple(map(_formula, parts)),
    )
    graph = Graph(model)
    outputs = {
        formula.name: (computed(graph, formula), "DOUBLE", ["rows", 1])
        for formula in model.formulas
    }
    run, deriver = load_graph(graph.model(outputs)), Deriver(parts)

    def found(columns):
        given = {name: values[:, None] for name, values in columns.items()}
        texts = [graph.absent if text is None else text for text in columns["area"]]
        given["area"] = np.array(texts, object)[:, None]
        return np.concatenate(run(given), axis=1)

    def expected(columns):
        texts = [None if text == graph.absent else text for text in columns["area"]]
        read = {**columns, "area": np.array(texts, object)}
        added = deriver.added(read, len(texts))
        return np.stack([added[part.field.name] for part in parts], axis=1)

    return found, expected


def make_columns(seed):
    """Return columns with everything that an expression could trip over."""
    random = np.random.default_rng(seed)
    columns = {}
    for name in "ab":
        usual = np.round(random.normal(0, 20, ROWS), 1)
        columns[name] = np.where(random.random(ROWS) < 0.4, usual, random.choice(NUMBERS, ROWS))
    columns["c"] = random.choice([0.0, 1.0, np.nan], ROWS)
    columns["area"] = np.array([TEXTS[at] for at in random.integers(0, len(TEXTS), ROWS)], object)
    return columns


SIGNS = ("+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", "and", "or")
ASKED = ("(area == 'south')", "('' != area)", "(area == '?')", '(area != "no \\"rth")')
ASKED += ("is_missing(area)", "is_missing(a)", "c", "(not c)")


def _grown(inner):
    """Return expressions of expressions, by what is rounded alike everywhere."""
    two = st.tuples(inner, st.sampled_from(SIGNS), inner)
    call = st.tuples(st.sampled_from(["abs", "round", "sqrt", "is_missing", "-", "not "]), inner)
    pair = st.tuples(st.sampled_from(["min", "max", "if_missing"]), inner, inner)
    three = st.tuples(inner, inner, inner)
    return st.one_of(
        two.map(lambda it: f"({it[0]} {it[1]} {it[2]})"),
        call.map(lambda it: f"({it[0]}({it[1]}))"),
        pair.map(lambda it: f"{it[0]}({it[1]}, {it[2]})"),
        three.map(lambda it: f"clip({it[0]}, {it[1]}, {it[2]})"),
        three.map(lambda it: f"({it[0]} if {it[1]} else {it[2]})"),
    )


LEAVES = st.one_of(
    st.sampled_from(["a", "b", *ASKED]),
    st.sampled_from([0.0, 0.5, 1.0, 2.0, 999.0, 1e-3, 1e300]).map(repr),
)
EXACT = st.recursive(LEAVES, _grown, max_leaves=8).map(lambda text: f"(a*0 if 0 else {text})")
"""The first part is never chosen: some column is read by every expression."""
ROUNDED = st.one_of(
    st.tuples(st.sampled_from(["exp", "log", "log1p"]), EXACT).map(lambda it: f"{it[0]}({it[1]})"),
    st.tuples(EXACT, EXACT).map(lambda it: f"({it[0]}) ** ({it[1]})"),
    st.tuples(EXACT, st.sampled_from(["2", "3", "0.5", "-1", "0"])).map(
        lambda it: f"({it[0]}) ** {it[1]}"
    ),
)
"""What may differ in the last bit."""
PRODUCTS = st.tuples(ROUNDED, st.sampled_from("*/"), ROUNDED).map(" ".join)


@settings(phases=DRAWN)
@given(st.lists(EXACT, min_size=3, max_size=6), st.integers(0, 10**6))
def test_arithmetic_comparisons_and_choices_are_the_engines_to_the_last_bit(expressions, seed):
    found, expected = graph_of(expressions)
    columns = make_columns(seed)
    np.testing.assert_array_equal(found(columns), expected(columns), err_msg=repr(expressions))


@settings(phases=DRAWN)
@given(st.lists(ROUNDED | PRODUCTS, min_size=3, max_size=6), st.integers(0, 10**6))
def test_logarithms_and_powers_are_the_engines_within_1e_12(expressions, seed):
    found, expected = graph_of(expressions)
    columns = make_columns(seed)
    tiny = 1e-295  # what is smaller has fewer digits
    np.testing.assert_allclose(
        found(columns), expected(columns), rtol=1e-12, atol=tiny, err_msg=repr(expressions)
    )


EDGES = {
    "exp(a)": (709.782712893384, 709.7827128933841, 710.0, 1e300, -745.13, -745.14, -1e300, 1e-320),
    "log(a)": (0.0, -0.0, -5e-324, 5e-324, 1e-310, np.nextafter(1.0, 2.0), np.finfo(float).max),
    "log1p(a)": (-1.0, np.nextafter(-1.0, 0.0), -2.0, 1e-17, -1e-300, 5e-324, np.finfo(float).max),
    "round(a)": (0.5, 1.5, 2.5, -0.5, 4503599627370497.5, 1e300),
    "a ** b": (0.0, -8.0, 1e300, np.finfo(float).max, 1e-170),
    "1 / a": (0.0, -0.0, 5e-324, 1e308),
    "a + a": (1e308, -1e308, 8e307),
    "a * 0 + exp(2) * log(7)": (3.0, np.inf),
}


@pytest.mark.parametrize("expression", EDGES)
def test_where_a_value_stops_being_finite_it_is_missing_as_in_the_engine(expression):
    found, expected = graph_of([expression])
    values = np.array([*EDGES[expression], np.nan, 2.0])
    pairs = np.array(np.meshgrid(values, [-2.0, -0.5, 0.0, 1 / 3, 2.0, 400.0, np.nan]))
    first, second = pairs.reshape(2, -1)
    columns = {
        "a": np.where(first == -1.0, np.nextafter(-1.0, -2.0), first),  # no sentinel
        "b": second,
        "c": np.zeros(len(first)),
        "area": np.full(len(first), "south", object),
    }
    np.testing.assert_allclose(found(columns), expected(columns), rtol=1e-12)


def test_every_operation_without_time_has_nodes():
    assert set(OPERATIONS) == set(ROW) - {"year", "month", "day", "weekday", "hour", "days"}


FEATURES = {
    "ratio": "debt / (income + 1)",
    "size": "log1p(if_missing(debt, 0)) - if_missing(income, 20) ** 0.5",
    "there": "round(income / 10) if area == 'coast' else -1 if is_missing(married) else debt > 30",
}


@pytest.mark.parametrize(
    ("winner", "problem"),
    [
        ("linear", "regression"),
        ("lightgbm", "binary"),
        ("extra_trees", "multiclass"),
        ("ensemble", "binary"),
    ],
)
def test_every_winner_that_can_be_exported_passes_the_gate_with_expressions(
    winner, problem, loans, contracts, tmp_path, monkeypatch
):
    monkeypatch.setattr("plait.train.extra_trees.TREES", 12)
    notes = {name: FeatureNote(expr=text) for name, text in FEATURES.items()}
    made = notes | {"area": FeatureNote(), "debt": FeatureNote()}
    contract = replace(contracts[problem], candidates=(winner,), features=made)
    prepared = prepare(loans, contract)
    make = with_variants(plan_race(prepared, contract)).recipes[f"{winner}+engineered"]
    predictor = make(tmp_path / "it").fit(prepared.sample(np.arange(len(prepared)), seed=0))
    model = plain_model(predictor.artefact, "loans")
    assert {formula.name for formula in model.formulas} == set(FEATURES)
    found = check(predictor, model, runner(model, write(model)), make_rows(model))
    assert found.rows >= 10_000
    assert found.refused < found.rows / 2
    assert found.difference < 1e-9
