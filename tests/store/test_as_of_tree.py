"""SELECTs as trees."""

import pytest

from plait.store.as_of_tree import declared, expression, functions, is_aggregate, parse, write


@pytest.mark.parametrize("sql", ["SELECT 1", "SELECT max(a) FROM b WHERE (c = 'it''s')"])
def test_a_tree_is_written_as_it_was_read(sql):
    again = write(parse(sql))
    assert parse(again[1:-1])["node"]["select_list"][0]["class"] in ("CONSTANT", "FUNCTION")
    assert "it''s" in again or "1" in again


def test_what_a_function_is():
    known = functions()
    assert known["sum"] == ("aggregate", True)
    assert known["lower"] == ("scalar", True)
    assert known["nullif"] == ("macro", True)
    assert not known["now"][1]
    assert not known["random"][1]
    assert not known["entropy"][1]
    assert is_aggregate(expression("Sum(x)"))
    assert not is_aggregate(expression("lower(x)"))
    assert not is_aggregate(expression("sum"))


def test_tables_are_found_however_they_are_written():
    assert declared("PAYMENTS", ["rates", "Payments"]) == "Payments"
    assert declared("pay", ["Payments"]) is None
