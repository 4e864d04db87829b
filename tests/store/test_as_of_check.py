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
        ("SELECT min(COLUMNS(*)) FROM payments", "within an expression"),
        ("SELECT count(*) FROM payments WHERE COLUMNS(*) > 0", "within an expression"),
        ("SELECT count(*) FROM (SELECT * REPLACE (COLUMNS(*) AS x) FROM payments)", "within"),
        ("SELECT unnest([1, 2])", r"unnest\(\) is no function"),
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
            "now()": r"now\(\) is no function",
            "today()": r"today\(\) is no",
            "current_date": "current_date is another",
            "CURRENT_TIMESTAMP": "is another",
            "localtime": "is another",
        }.items()
    ]
    + [
        ("SELECT random()", r"random\(\) is no function"),
        ("SELECT uuid()", r"uuid\(\) is no function"),
        ("SELECT nextval('a')", r"nextval\(\) is no function"),
        ("SELECT getvariable('a')", r"getvariable\(\) is no function"),
        ("SELECT current_setting('threads')", r"current_setting\(\) is no function"),
        ("SELECT nosuch(1)", r"nosuch\(\) is no function"),
        ("SELECT approx_quantile(amount, 0.5) FROM payments", "is no function"),
        ("SELECT entropy(region) FROM payments", "is no function"),
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
        ("SELECT max(current_localtimestamp()) FROM payments", "is no function"),
        ("SELECT max(current_localtime()) FROM payments", "is no function"),
        ("SELECT version()", "is no function"),
        ("SELECT max(age(paid_at)) FROM payments", "another time"),
        ("SELECT list_aggregate(list(x), 'reservoir_quantile', 0.5) FROM payments", "is no func"),
        ("SELECT list_aggr(list(x), 'entropy') FROM payments", "is no function"),
        ("SELECT first(s COLLATE NOCASE) FROM payments", "no collate"),
        ("SELECT s FROM payments ORDER BY s COLLATE NOCASE LIMIT 1", "no collate"),
        ("SELECT count(*) FROM (SELECT DISTINCT s COLLATE NOCASE FROM payments)", "no collate"),
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


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "SELECT (WITH duckdb_tables AS (SELECT 1 a) SELECT max(a) FROM duckdb_tables) "
            "+ (SELECT max(estimated_size) FROM duckdb_tables)",
            "another meaning",
        ),
        ("WITH sqlite_master AS (SELECT 1) SELECT count(*) FROM sqlite_master", "another meaning"),
        ("WITH Duckdb_Columns AS (SELECT 1) SELECT 1", "another meaning"),
        ("WITH range AS (SELECT 1) SELECT 1", "another meaning"),
        ("SELECT (WITH a AS (SELECT 1 b) SELECT max(b) FROM a) + (SELECT max(b) FROM a)", "'a'"),
        ("WITH a AS (SELECT * FROM a) SELECT count(*) FROM a", "'a' is no table"),
        ("WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT count(*) FROM a", "'b' is no table"),
    ],
)
def test_a_name_of_with_is_known_where_it_was_given_alone(sql, said):
    refused(sql, said)


@pytest.mark.parametrize(
    "sql",
    [
        "WITH a AS (SELECT 1 x), b AS (SELECT * FROM a) SELECT (SELECT max(x) FROM b)",
        "SELECT count(*) FROM (WITH a AS (SELECT 1) SELECT * EXCLUDE (x) FROM a UNION FROM a)",
        "SELECT max(age(row.applied, paid_at)) FROM payments",
        "SELECT list_sum([y + 1 for y in list(x)]) FROM payments",
        "SELECT count(*) FILTER (s LIKE 'a%' OR s NOT ILIKE 'b%' OR s GLOB 'c*') FROM payments",
        "SELECT sum(x)[1] + [1, 2][1] + extract(year FROM max(t) AT TIME ZONE 'UTC') FROM payments",
        "SELECT substring(max(s) FROM 1 FOR 2) || trim(min(s)) FROM payments",
    ],
)
def test_what_people_write_is_read(sql):
    assert read_select(sql, TABLES, "applied")


def test_what_is_nested_too_deep_is_an_error_of_ours():
    refused("SELECT " + "+".join(["1"] * 500), "nested too deep")


def test_what_is_no_text_is_an_error_of_ours():
    refused("SELECT '\ud800'", "cannot be read")
