from operator import add, mul, sub, truediv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import InvalidSettings
from plait.core.expression import (
    Call,
    Name,
    Number,
    Text,
    operation,
    operations_in,
    parse_expression,
    texts_in,
    written,
)

X, Y = Name("x"), Name("y")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("x / (y + 1)", Call("div", (X, Call("add", (Y, Number(1.0)))))),
        ("-x ** 2", Call("neg", (Call("pow", (X, Number(2.0))),))),
        ("+x", X),
        ("x < y <= 3", Call("and", (Call("lt", (X, Y)), Call("le", (Y, Number(3.0)))))),
        ("not x or y", Call("or", (Call("not", (X,)), Y))),
        ("x if y else True", Call("if", (Y, X, Number(1.0)))),
        ("x == 'north'", Call("eq", (X, Text("north")))),
        ("max(x, y, 2)", Call("max", (Call("max", (X, Y)), Number(2.0)))),
        ("if_missing(x, 0)", Call("if_missing", (X, Number(0.0)))),
        ("col('loan amount') * 2", Call("mul", (Name("loan amount"), Number(2.0)))),
        ("  x + y\n", Call("add", (X, Y))),
    ],
)
def test_what_it_says(text, tree):
    assert parse_expression(text).tree == tree


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("y + x * y", {"y": "number", "x": "number"}),
        ("area != 'north'", {"area": "text"}),
        ("days(paid, due) > 30", {"paid": "time", "due": "time"}),
        ("is_missing(x)", {"x": "any"}),
        ("is_missing(x) + (x == 'a')", {"x": "text"}),
        ("(x == 'a') + is_missing(x)", {"x": "text"}),
    ],
)
def test_what_it_wants_of_columns(text, kinds):
    found = parse_expression(text).kinds
    assert found == kinds
    assert list(found) == list(kinds)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x.real", "not allowed"),
        ("x[0]", "not allowed"),
        ("[x]", "not allowed"),
        ("lambda: x", "not allowed"),
        ("f'{x}'", "not allowed"),
        ("x @ y", "not allowed"),
        ("x is y", "not allowed"),
        ("(x, y)", "not allowed"),
        ("1j * x", "not allowed"),
        ("1e999 * x", "not allowed"),
        ("place == '\\ud800'", "is no text"),
        ("None", "is_missing"),
        ("__import__('os')", "no function"),
        ("x.__class__()", "no function"),
        ("abs(x, key=y)", "no function"),
        ("abs(*x)", "no function it may call so (it may have"),
        ("lgo(x)", "did you mean 'log'?"),
        ("log(x, 2)", "it takes 1"),
        ("min(x)", "2 or more"),
        ("sqrt('a') + x", "in quotes is no number"),
        ("is_missing('a')", "in quotes is no column"),
        ("'a' == 'b'", "reads no column"),
        ("2 * 3", "reads no column"),
        ("year(2)", "no time"),
        ("year(x + 1)", "time is wanted"),
        ("x + (x == 'a')", "read as a number and as a text"),
        ("", "cannot be read"),
        ("x +", "cannot be read"),
        ("x = 1", "cannot be read"),
        ("x; y", "cannot be read"),
        ("x\0", "cannot be read"),
        ("(" * 300 + "x" + ")" * 300, "cannot be read"),
        ("-" * 90 + "x", "nested too deep"),
        ("x+(" * 30 + "x" + ")" * 30, "nested too deep"),
        ("(" * 30 + "x" + "+x)*2" * 30, "nested too deep"),
        ("x**" * 30 + "x", "nested too deep"),
        ("+".join("x" * 51), "at most 100 parts"),
        ("+".join(["max(x, x, x, x, x, x, x, x)"] * 12), "at most 100 parts"),
        ("x < (" * 16 + "x" + ") < x" * 16, "at most 100 parts"),  # its middles are computed twice
        ("x+" * 500 + "x", "characters"),
    ],
)
def test_what_is_refused(text, said):
    with pytest.raises(InvalidSettings) as caught:
        parse_expression(text)
    assert caught.value.code == "settings_wrong_value"
    assert said in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("signs", ["+", "+-", "*", "*/"])
def test_a_chain_of_signs_that_bind_alike_is_long_and_not_deep(signs):
    text = "x0" + "".join(f" {signs[at % len(signs)]} x{at}" for at in range(1, 50))
    expression = parse_expression(text)
    assert list(expression.kinds) == [f"x{at}" for at in range(50)]
    plain = {name: name for name in expression.kinds}
    values = {name: 1.0 + 0.01 * at for at, name in enumerate(plain)}
    told = written(expression.tree, plain, {})
    calls = {"f_add": add, "f_sub": sub, "f_mul": mul, "f_div": truediv}
    assert eval(told, {**calls, **values}) == eval(text, values)


@given(st.text(max_size=60))
def test_any_text_is_understood_or_refused(text):
    try:
        parse_expression(text)
    except InvalidSettings:
        return


def test_how_other_languages_have_it():
    tree = parse_expression("x / (y + 1) if area == 'north' else -2").tree
    names = {"x": "row.x", "y": "row.y", "area": "row.area"}
    told = written(tree, names, {"north": '"north"'})
    assert told == 'f_if(f_eq_text(row.area, "north"), f_div(row.x, f_add(row.y, 1.0)), f_neg(2.0))'
    assert list(texts_in(tree)) == ["north"]
    assert [operation(each) for each in operations_in(tree)] == [
        "eq_text", "add", "div", "neg", "if",
    ]  # fmt: skip
