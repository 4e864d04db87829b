"""What a feature's SELECT stands for once it was read."""

import pytest

from plait.store.as_of_select import read_select

TABLES = {"payments": "paid_at", "rates": ""}
KINDS = {"applied": "time", "customer": "number", "amount": "number"}


def read(sql):
    return read_select(sql, TABLES, "applied")


def plain(sql):
    return " ".join(sql.replace("(", " ( ").replace(")", " ) ").split()).lower()


BEFORE = plain('(SELECT * FROM held.payments WHERE (paid_at < "row"."row.applied"))')


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM payments",
        "SELECT count(*) FROM Payments p",
        'SELECT count(*) FROM "PAYMENTS" AS p(a, b)',
        "SELECT count(*) FROM (SELECT * FROM payments)",
        "SELECT count(*) FROM rates JOIN payments USING (region)",
        "SELECT count(*) FROM rates, payments",
        "SELECT count(*) FROM rates WHERE rate IN (SELECT rate FROM payments)",
        "SELECT count(*) FROM rates WHERE EXISTS (SELECT 1 FROM payments)",
        "SELECT (SELECT max(amount) FROM payments)",
        "SELECT CASE WHEN (SELECT count(*) FROM payments) > 1 THEN 1 END",
        "WITH a AS (SELECT * FROM payments) SELECT count(*) FROM a",
        "WITH a AS (SELECT * FROM payments), b AS (SELECT * FROM a) SELECT count(*) FROM b",
        "SELECT count(*) FROM (SELECT 1 UNION ALL SELECT amount FROM payments)",
        "SELECT max(amount) FROM rates LEFT JOIN payments ON true HAVING count(*) > 1",
        "SELECT max(rate) FROM rates ORDER BY (SELECT count(*) FROM payments)",
        "SELECT max(rate) FILTER (rate > (SELECT avg(amount) FROM payments)) FROM rates",
    ],
)
def test_a_table_is_what_was_known_of_it_wherever_it_stands(sql):
    found = plain(read(sql).over_rows())
    assert BEFORE in found
    assert "payments" not in found.replace(BEFORE, "").replace("as payments", "").replace(
        "payments.", ""
    )


def test_both_of_two_are_what_was_known():
    found = read("SELECT count(*) FROM payments a JOIN payments b USING (customer)")
    assert plain(found.over_rows()).count(BEFORE) == 2
    assert dict(found.tables) == {"payments": "paid_at"}


def test_a_table_without_a_time_is_whole():
    found = read("SELECT max(rate) FROM rates")
    assert "held.rates" in found.over_rows()
    assert "<" not in found.over_rows()
    assert dict(found.tables) == {"rates": ""}


def test_what_is_read_of_the_row():
    found = read(
        "SELECT count(*) FROM payments p WHERE row.customer = p.client AND p.amount > ROW.amount"
    )
    assert found.reads == ("applied", "customer", "amount")
    assert found.keys == ("client",)
    assert '"row"."row.customer"' in found.over_rows()
    one = found.over_parameters(KINDS)
    assert "CAST($c1 AS DOUBLE)" in one
    assert "CAST($c0 AS TIMESTAMP)" in one
    assert '"row"' not in one


@pytest.mark.parametrize(
    ("sql", "sorted_by"),
    [
        ("SELECT sum(amount) FROM payments", "order by amount"),
        ("SELECT arg_max(amount, paid_at) FROM payments", "order by amount, paid_at"),
        ("SELECT string_agg(x, ',') FROM payments", "order by x"),
        ("SELECT first(amount ORDER BY paid_at DESC) FROM payments", "paid_at desc, amount"),
        ("SELECT 1 + abs(avg(amount * 2)) FROM payments", "order by ( amount * 2 )"),
        ("SELECT x FROM payments ORDER BY paid_at LIMIT 1", "order by paid_at, x, cast"),
        ("SELECT max(x) FROM (FROM payments ORDER BY y LIMIT 3)", "y, columns ( * ) , cast"),
        ("SELECT x AS a FROM payments ORDER BY a LIMIT 1", "order by a, x, cast ( x as varchar )"),
        ("SELECT first(x) FROM payments", "order by x, cast ( x as varchar )"),
    ],
)
def test_what_could_depend_on_the_order_of_rows_is_sorted(sql, sorted_by):
    assert sorted_by in plain(read(sql).over_rows())
