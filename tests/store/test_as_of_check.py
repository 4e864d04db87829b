"""What a feature's SELECT may not say."""

import pytest

from plait.core.errors import InvalidSettings
from plait.store.as_of_select import read_select

TABLES = {"payments": "paid_at", "rates": ""}


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("", "0 statements"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("SELECT", "selection list"),
        ("SELEC 1", "syntax error"),
        ("DELETE FROM payments", "no SELECT"),
        ("DROP TABLE payments", "no SELECT"),
        ("COPY payments TO 'x.csv'", "no SELECT"),
        ("ATTACH 'x.db'", "no SELECT"),
        ("SET threads = 1", "no SELECT"),
        ("SELECT * FROM payments", r"selects \*"),
        ("SELECT max(a), max(b) FROM payments", "2 columns"),
        ("SELECT amount FROM payments", "many rows"),
        ("SELECT max(amount) FROM payments GROUP BY customer", "many rows"),
        ("SELECT max(amount) FROM payments GROUP BY ALL", "many rows"),
        ("SELECT amount FROM payments ORDER BY amount LIMIT 2", "many rows"),
        ("SELECT (SELECT amount FROM payments) + 1", "many rows"),
        ("SELECT 1 UNION SELECT 2", "plain SELECT"),
        ("VALUES (1), (2)", r"selects \*"),
        ("SELECT unnest([1, 2])", "no function 'unnest'"),
    ],
)
def test_one_select_of_one_value(sql, said):
    refused(sql, said)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT count(*) FROM secrets", "no table of the contract"),
        ("SELECT count(*) FROM 'loans.csv'", "no table of the contract"),
        ("SELECT count(*) FROM sqlite_master", "no table of the contract"),
        ("SELECT count(*) FROM row", "no table of the contract"),
        ("SELECT count(*) FROM held.payments", "named with a schema"),
        ("SELECT count(*) FROM information_schema.columns", "named with a schema"),
        ("SELECT count(*) FROM memory.held.payments", "named with a schema"),
        ("SELECT count(*) FROM read_csv('loans.csv')", "table function"),
        ("SELECT count(*) FROM read_text('/etc/passwd')", "table function"),
        ("SELECT count(*) FROM duckdb_tables()", "table function"),
        ("SELECT count(*) FROM query('SELECT 1')", "table function"),
        ("SELECT count(*) FROM range(9)", "table function"),
        ("SELECT count(*) FROM (SUMMARIZE payments)", "show ref"),
        ("WITH payments AS (SELECT 1) SELECT count(*) FROM payments", "another meaning"),
        ("WITH row AS (SELECT 1) SELECT count(*) FROM payments", "another meaning"),
        ("SELECT count(*) FROM payments AS row", "is asked for"),
        ("SELECT count(*) FROM (SELECT 1) AS row", "is asked for"),
        (
            "WITH RECURSIVE a AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM a) "
            "SELECT max(x) FROM a",
            "recursive",
        ),
    ],
)
def test_no_table_but_those_of_the_contract(sql, said):
    refused(sql, said)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (f"SELECT count(*) FROM payments WHERE paid_at < {when}", said)
        for when, said in {
            "now()": r"now\(\) may answer otherwise",
            "today()": r"today\(\) may",
            "current_date": "current_date is another",
            "CURRENT_TIMESTAMP": "is another",
            "localtime": "is another",
        }.items()
    ]
    + [
        ("SELECT random()", r"random\(\) may"),
        ("SELECT uuid()", r"uuid\(\) may"),
        ("SELECT nextval('a')", r"nextval\(\) may"),
        ("SELECT getvariable('a')", r"getvariable\(\) may"),
        ("SELECT current_setting('threads')", r"current_setting\(\) may"),
        ("SELECT nosuch(1)", "no function 'nosuch'"),
        ("SELECT approx_quantile(amount, 0.5) FROM payments", "may answer otherwise"),
        ("SELECT entropy(region) FROM payments", "may answer otherwise"),
        ("SELECT max(amount) FROM (FROM payments LIMIT 3)", "nothing orders"),
        ("SELECT amount FROM payments LIMIT 1", "nothing orders"),
        ("SELECT max(x) FROM (FROM payments ORDER BY x LIMIT 5%)", "percent"),
        ("SELECT max(x) FROM (SELECT 1 x UNION SELECT 2 ORDER BY x LIMIT 1)", "UNION"),
        ("SELECT max(a) FROM (SELECT DISTINCT ON (b) a FROM payments)", "DISTINCT ON"),
        ("SELECT count(*) FROM payments USING SAMPLE 10", "sample"),
        ("SELECT count(*) FROM payments TABLESAMPLE 10%", "sample"),
        ("SELECT max(r) FROM (SELECT row_number() OVER () r FROM payments)", "no window"),
        ("SELECT max(sum(a) OVER ()) FROM payments", "no window"),
        ("SELECT max(a.x) FROM payments a POSITIONAL JOIN rates b", "positional join"),
        ("SELECT max(a.x) FROM payments a ASOF JOIN rates b ON a.t >= b.t", "asof join"),
        ("SELECT $1", "no parameter"),
        ("SELECT ?", "no parameter"),
    ],
)
def test_nothing_that_could_answer_otherwise_another_time(sql, said):
    refused(sql, said)


@pytest.mark.parametrize(
    "sql", ["SELECT row", "SELECT row.a.b", "SELECT count(*) FROM (SELECT row.* FROM payments)"]
)
def test_a_row_is_its_columns(sql):
    refused(sql, "row")


def refused(sql, said):
    with pytest.raises(InvalidSettings, match=f"(?i){said}") as caught:
        read_select(sql, TABLES, "applied")
    assert caught.value.code == "settings_wrong_value"
    assert caught.value.hint


def test_a_table_that_is_nearly_named_is_suggested():
    with pytest.raises(InvalidSettings, match="did you mean 'payments'"):
        read_select("SELECT count(*) FROM payment", TABLES, "applied")
