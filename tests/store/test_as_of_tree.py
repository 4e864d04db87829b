"""SELECTs as trees."""

import duckdb
import pytest

from plait.store.as_of_tree import (
    ARITHMETIC,
    FUNCTIONS,
    PICKING,
    SCALARS,
    catalogue,
    declared,
    expression,
    is_aggregate,
    parse,
    write,
)


@pytest.mark.parametrize("sql", ["SELECT 1", "SELECT max(a) FROM b WHERE (c = 'it''s')"])
def test_a_tree_is_written_as_it_was_read(sql):
    again = write(parse(sql))
    assert parse(again[1:-1])["node"]["select_list"][0]["class"] in ("CONSTANT", "FUNCTION")
    assert "it''s" in again or "1" in again


def test_every_function_is_one_of_duckdb_and_none_is_volatile():
    rows = duckdb.sql(
        "SELECT function_name, function_type, stability FROM duckdb_functions() "
        "WHERE function_type IN ('scalar', 'aggregate', 'macro')"
    ).fetchall()
    known = {name: {kind for each, kind, _ in rows if each == name} for name, *_ in rows}
    assert FUNCTIONS - known.keys() <= {"days_in_month", "if"}  # DuckDB 1 has no such macro
    assert all(known.get(name, set()) <= {"scalar", "macro"} for name in SCALARS)
    assert all(known[name] == {"aggregate"} for name in ARITHMETIC | PICKING)
    unsteady = {name for name, kind, how in rows if kind != "macro" and how != "CONSISTENT"}
    assert not unsteady & FUNCTIONS


def test_nothing_that_reads_a_clock_or_draws_is_a_function_to_use():
    assert not any(word in name for name in FUNCTIONS for word in ("current", "now", "random"))
    assert not {"today", "ago", "uuid", "version", "list_aggregate", "list_aggr"} & FUNCTIONS
    assert not SCALARS & (ARITHMETIC | PICKING)
    assert not ARITHMETIC & PICKING


def test_what_an_aggregate_is():
    assert is_aggregate(expression("Sum(x)"))
    assert is_aggregate(expression("first(x)"))
    assert not is_aggregate(expression("lower(x)"))
    assert not is_aggregate(expression("sum"))


def test_what_duckdb_calls_something_itself():
    assert {"duckdb_tables", "duckdb_views", "sqlite_master", "pg_class", "range"} <= catalogue()
    assert "payments" not in catalogue()


def test_tables_are_found_however_they_are_written():
    assert declared("PAYMENTS", ["rates", "Payments"]) == "Payments"
    assert declared("pay", ["Payments"]) is None
