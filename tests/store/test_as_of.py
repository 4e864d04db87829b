"""Features as of a row's time: never from later, the same alone and in a batch, bit for bit."""

import os
import struct
import subprocess
import sys
from threading import Thread

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.core.errors import EngineError, InvalidData, InvalidSettings
from plait.store.as_of import AsOf, raw_columns
from plait.store.as_of_select import read_select
from plait.store.frame import Frame, RawColumn, objects

KINDS = {"applied": "time", "customer": "string", "amount": "number", "old": "boolean"}
TABLES = {"payments": "paid_at", "rates": ""}
QUERIES = {
    "late": "SELECT count(*) FROM payments WHERE customer = row.customer AND days > 0",
    "mean": "SELECT avg(amount) FROM payments p WHERE p.customer = row.customer",
    "total": "SELECT sum(amount * 0.1) FROM payments WHERE customer = row.customer",
    "spread": "SELECT stddev(amount) FROM payments WHERE customer = row.customer",
    "last": "SELECT amount FROM payments WHERE customer = row.customer "
    "ORDER BY paid_at DESC LIMIT 1",
    "three": "SELECT sum(amount) FROM (FROM payments WHERE customer = row.customer "
    "ORDER BY paid_at DESC LIMIT 3)",
    "biggest": "SELECT arg_max(kind, amount) FROM payments WHERE customer = row.customer",
    "since": "SELECT date_diff('day', max(paid_at), row.applied) FROM payments "
    "WHERE customer = row.customer",
    "when": "SELECT max(paid_at) FROM payments WHERE customer = row.customer",
    "ever": "SELECT EXISTS (FROM payments WHERE customer = row.customer AND amount > row.amount)",
    "others": "SELECT median(amount) FROM payments WHERE customer <> row.customer",
    "kinds": "SELECT string_agg(DISTINCT kind, '+') FROM payments WHERE customer = row.customer",
    "rate": "SELECT sum(rate * amount) FROM payments JOIN rates USING (kind) "
    "WHERE customer = row.customer",
    "month": "SELECT count(*) FROM payments WHERE paid_at >= row.applied - INTERVAL 30 DAY",
    "self": "SELECT if(row.old, row.amount / 3, -row.amount)",
}
SOME = {
    name: QUERIES[name] for name in ("late", "total", "last", "three", "biggest", "rate", "month")
}
RATES = Frame(
    (RawColumn("kind", "string", objects("ab")), RawColumn("rate", "number", np.array([0.1, 0.7])))
)


def day(at):
    return f"2024-{at // 28 + 1:02}-{at % 28 + 1:02}"


payment = st.tuples(
    st.sampled_from(["ann", "bob", None]),
    st.one_of(st.none(), st.integers(0, 300)),
    st.sampled_from([0.0, 0.1, -0.3, 1e16, 3.7, np.nan]),
    st.integers(-5, 5),
    st.sampled_from("abc"),
)
row = st.tuples(
    st.sampled_from(["ann", "bob", "eve", None]),
    st.one_of(st.none(), st.integers(0, 300)),
    st.sampled_from([0.0, 0.5, 2.5, np.nan]),
    st.sampled_from([True, False, None]),
)


def payments(rows):
    rows = [*rows, ("ann", None, 1.0, 1, "a")]  # a table is never empty
    customer, at, amount, days, kind = zip(*rows, strict=True)
    return Frame((
        RawColumn("customer", "string", objects(customer)),
        RawColumn("paid_at", "time", objects(None if each is None else day(each) for each in at)),
        RawColumn("amount", "number", np.array(amount)),
        RawColumn("days", "number", np.array(days, dtype=np.float64)),
        RawColumn("kind", "string", objects(kind)),
    ))  # fmt: skip


def columns(rows):
    customer, at, amount, old = zip(*rows, strict=True)
    return {
        "customer": objects(customer),
        "applied": objects(None if each is None else day(each) for each in at),
        "amount": np.array(amount),
        "old": objects(old),
        "unread": np.zeros(len(rows)),
    }


def as_of(rows, queries=QUERIES):
    selects = {name: read_select(sql, TABLES, "applied") for name, sql in queries.items()}
    return AsOf(selects, {"payments": payments(rows), "rates": RATES}, KINDS)


def bits(values, at=0):
    """Return the exact values of one row."""
    found = {}
    for name, column in values.items():
        value = column[at]
        if isinstance(value, float):
            found[name] = None if value != value else struct.pack("<d", value)
        else:
            found[name] = value
    return found


@settings(max_examples=5, deadline=None)
@given(st.lists(payment, max_size=40), st.lists(row, min_size=2, max_size=5), st.randoms())
def test_a_row_alone_is_as_in_a_batch_and_the_order_of_a_table_is_nothing(known, asked, chance):
    tables = as_of(known, SOME)
    whole = columns(asked)
    batch = tables.values(whole, len(asked))
    shuffled = list(known)
    chance.shuffle(shuffled)
    again = as_of(shuffled, SOME).values(whole, len(asked))
    for at in range(len(asked)):
        alone = {name: values[at : at + 1].tolist() for name, values in whole.items()}
        expected = bits(batch, at)
        assert bits(tables.values(alone, 1)) == expected
        assert bits(again, at) == expected


@settings(max_examples=5, deadline=None)
@given(
    st.lists(payment, max_size=30),
    st.lists(payment, max_size=30),
    st.lists(row, min_size=2, max_size=4),
)
def test_what_is_known_at_the_rows_time_or_later_changes_nothing(known, other, asked):
    whole = columns(asked)
    batch = as_of(known, SOME).values(whole, len(asked))
    for at, (_, when, *_) in enumerate(asked):
        before = [each for each in known if each[1] is not None and when is not None]
        before = [each for each in before if each[1] < when]
        later = [each for each in other if each[1] is None or when is None or each[1] >= when]
        alone = {name: values[at : at + 1].tolist() for name, values in whole.items()}
        assert bits(as_of(before + later, SOME).values(alone, 1)) == bits(batch, at)


def test_the_figures_are_those_of_sql():
    known = [
        ("ann", 3, 10.0, 1, "a"),
        ("ann", 5, 20.0, 0, "b"),
        ("ann", 9, 40.0, 2, "a"),
        ("bob", 1, 5.0, 3, "a"),
    ]
    found = as_of(known).values(columns([("ann", 9, 15.0, True), ("eve", 9, 1.0, False)]), 2)
    assert bits(found, 0) == bits({
        "late": [1.0], "mean": [15.0], "total": [3.0], "spread": [np.std([10, 20], ddof=1)],
        "last": [20.0], "three": [30.0], "biggest": ["b"], "since": [4.0],
        "when": ["2024-01-06T00:00:00"], "ever": [True], "others": [5.0], "kinds": ["a+b"],
        "rate": [0.1 * 10 + 0.7 * 20], "month": [3.0], "self": [5.0],
    })  # fmt: skip
    assert found["late"][1] == 0
    assert np.isnan(found["mean"][1])
    assert found["when"][1] is None


def test_neither_the_order_of_rows_nor_the_plan_changes_a_bit():
    chance = np.random.default_rng(5)
    known = [
        ("ann", int(at), float(amount), int(days), kind)
        for at, amount, days, kind in zip(
            chance.integers(0, 40, 1500),  # so few days that many share one
            np.round(chance.normal(size=1500) * 10.0 ** chance.integers(-3, 6, 1500), 3),
            chance.integers(-1, 3, 1500),
            chance.choice(list("abcdefgh"), 1500),
            strict=True,
        )
    ]
    asked = [("ann", 20, 1.0, True), ("ann", 39, 2.0, None)]
    whole = columns(asked)
    expected = as_of(known).values(whole, 2)
    assert len(set(map(str, bits(expected).values()))) > 10
    for _ in range(3):
        chance.shuffle(known)
        tables = as_of(known)
        assert bits(tables.values(whole, 2)) == bits(expected)
        for at in range(2):
            alone = {name: values[at : at + 1].tolist() for name, values in whole.items()}
            assert bits(tables.values(alone, 1)) == bits(expected, at)


def test_what_an_answer_is():
    found = as_of([])
    assert found.kinds["late"] == "number"
    assert found.kinds["when"] == "time"
    assert found.kinds["ever"] == "boolean"
    assert found.kinds["kinds"] == "string"
    values = found.values(columns([("ann", 3, 1.0, None)] * 2), 2)
    kinds = {each.name: each.kind for each in raw_columns(found.kinds, values)}
    assert kinds["late"] == "number"
    assert found.values({}, 0)["late"] == []


@pytest.mark.parametrize("sql", ["SELECT row.amount / 0", "SELECT 'nan'::DOUBLE", "SELECT '$c1'"])
def test_what_is_no_number_is_missing(sql):
    tables = as_of([], {"x": f"SELECT try_cast(({sql}) AS DOUBLE)"})
    assert tables.values({"amount": [1.0], "applied": [None]}, 1) == {"x": [None]}
    two = tables.values({"amount": [1.0, 2.0], "applied": [None, None]}, 2)
    assert np.isnan(two["x"]).all()


def test_times_with_zones_are_compared_as_moments():
    times = Frame((RawColumn("paid_at", "time", objects(["2024-05-01T12:00:00+02:00"])),))
    select = read_select("SELECT count(*) FROM payments", TABLES, "applied")
    tables = AsOf({"n": select}, {"payments": times}, {"applied": "time"})
    for when, count in {
        "2024-05-01T10:00:00": 0,
        "2024-05-01T10:00:00.000001Z": 1,
        "2024-05-01 11:59:59+02:00": 0,
        "2024-05-01T12:00+01:00": 1,
    }.items():
        assert tables.values({"applied": [when]}, 1)["n"] == [count]
        assert tables.values({"applied": [when] * 2}, 2)["n"].tolist() == [count] * 2


@pytest.mark.parametrize("name", ["my table", "select", "Größe", 'a"b', "a.b"])
def test_tables_and_columns_of_any_name(name):
    quoted = '"' + name.replace('"', '""') + '"'
    tables = {name: name}
    frame = Frame((RawColumn(name, "time", objects(["2024-05-01"])),))
    sql = f"SELECT count(t.{quoted}) FROM {quoted} t WHERE {quoted} < row.{quoted}"
    found = AsOf({name: read_select(sql, tables, name)}, {name: frame}, {name: "time"})
    assert found.values({name: ["2024-05-02"]}, 1) == {name: [1.0]}
    assert found.values({name: ["2024-05-02", "2024-05-01"]}, 2)[name].tolist() == [1.0, 0.0]


def test_times_may_be_numbers():
    table = Frame((RawColumn("paid_at", "number", np.array([1.0, 2.0, np.nan])),))
    select = read_select("SELECT count(*) FROM payments", TABLES, "applied")
    tables = AsOf({"n": select}, {"payments": table}, {"applied": "number"})
    assert tables.values({"applied": [2]}, 1)["n"] == [1]
    assert tables.values({"applied": [0, 9]}, 2)["n"].tolist() == [0, 2]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT max(nosuch) FROM payments", "nosuch"),
        ("SELECT count(*) FROM payments WHERE client = row.customer", "client"),
        ("SELECT count(*) FROM payments p WHERE p.customer = row.customer AND p.x > 0", '"x"'),
        ("SELECT count(*) FROM rates WHERE customer = 'ann'", "customer"),
        ("SELECT count(*) FROM rates WHERE applied IS NULL", "applied"),
        ("SELECT max(paid_at) - row.applied FROM payments", "INTERVAL"),
        ("SELECT list(amount) FROM payments", r"DOUBLE\[\]"),
        ("SELECT NULL", "NULL"),
        ("SELECT max(to_months(days::INT)) IS NULL FROM payments", "a month is not 30 days"),
        ("SELECT first(paid_at - row.applied) IS NULL FROM payments", "a month is not 30 days"),
        (
            "SELECT count(*) FROM (SELECT DISTINCT to_days(days::INT) FROM payments)",
            "a month is not 30 days",
        ),
        (
            "SELECT count(*) FROM (SELECT 1 FROM payments GROUP BY to_days(days::INT))",
            "a month is not 30 days",
        ),
        ("SELECT max(amount) + max(kind) FROM payments", "VARCHAR"),
        ("SELECT count(*) FROM payments WHERE days = row.customer", "would be taken for a DOUBLE"),
    ],
)
def test_sql_that_cannot_be_run_on_the_tables(sql, said):
    with pytest.raises(InvalidSettings, match=said) as caught:
        as_of([], {"x": sql})
    assert (caught.value.code, caught.value.where) == ("settings_wrong_value", "features.x.sql")
    assert "row.row" not in str(caught.value)
    assert "held" not in str(caught.value)


def test_a_value_that_cannot_be_converted_is_an_error_of_ours(caplog):
    tables = as_of([("ann", 1, 1.0, 1, "a")], {"x": "SELECT max(kind::INT) FROM payments"})
    for rows in (1, 2):
        caplog.clear()
        with pytest.raises(EngineError, match="x cannot be looked up: a conversion") as caught:
            tables.values({"applied": ["2024-12-01"] * rows}, rows)
        assert "try_cast" in caught.value.hint
        assert "'a'" not in str(caught.value)  # a cell of a row that the caller may not know
        assert [each.levelname for each in caplog.records] == ["WARNING"]
        assert "'a'" in caplog.text
    assert tables.values({"applied": ["2023-12-01"]}, 1) == {"x": [None]}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (RawColumn("at", "time", objects(["2024-01-01"])), "data_column_missing"),
        (RawColumn("paid_at", "string", objects(["monday"])), "data_format"),
        (RawColumn("paid_at", "number", np.array([1.0])), "data_format"),
        (RawColumn("paid_at", "time", objects(["2024-02-30"])), "data_format"),
    ],
)
def test_a_table_needs_a_time_like_the_rows(values, code):
    select = read_select("SELECT count(*) FROM payments", TABLES, "applied")
    with pytest.raises(InvalidData) as caught:
        AsOf({"n": select}, {"payments": Frame((values,))}, {"applied": "time"})
    assert caught.value.code == code


def test_the_tables_are_closed_to_files_and_settings(tmp_path):
    (tmp_path / "x.csv").write_text("a\n1\n")
    cursor = as_of([])._cursor()
    for sql in (f"FROM '{tmp_path / 'x.csv'}'", "SET threads = 4", f"ATTACH '{tmp_path / 'y'}'"):
        with pytest.raises(duckdb.Error):
            cursor.execute(sql)


def test_a_cursor_has_the_settings_of_its_connection():
    tables = as_of([])
    sql = "SELECT name, value FROM duckdb_settings() WHERE name NOT LIKE '%thread%' ORDER BY name"
    found = tables._cursor().execute(sql).fetchall()
    assert dict(found)["pandas_analyze_sample"] == "0"
    assert found == tables._connection.execute(sql).fetchall()


def test_sql_that_is_nested_too_deep_is_an_error_of_ours():
    for sql in ("SELECT max(x) FROM " + "(FROM " * 300 + "payments" + ")" * 300,):
        with pytest.raises(InvalidSettings, match="nested too deep"):
            as_of([], {"x": sql})


def test_threads_ask_side_by_side():
    tables = as_of([("ann", at, float(at), 1, "a") for at in range(20)], SOME)
    whole = columns([("ann", at, 1.0, True) for at in range(20)])
    expected = tables.values(whole, 20)["total"].tolist()
    wrong = []

    def ask():
        for at in range(20):
            alone = {name: values[at : at + 1].tolist() for name, values in whole.items()}
            (found,) = tables.values(alone, 1)["total"]
            if found != expected[at] and expected[at] == expected[at]:
                wrong.append(at)

    threads = [Thread(target=ask) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not wrong


USUAL = "2026-05-31T10:00:00-05:00"


@pytest.mark.parametrize(
    "times",
    [
        [USUAL, USUAL, "20260531"],
        ["2026-05-31", "2026-W22-7"],
        ["2026-05-31T10", "2026-05-31"],
        ["2026-05-31 10:00", "2026-05-31T10:00:00.5"],
        ["2026-05-31T10:00:00.1234567", "2026-05-31"],
        ["2026-05-31T10:00:00Z", "2026-05-31T10:00:00+05:30"],
        ["9999-12-31T23:59:59.999999", "0001-01-01"],
        [None, "2026-05-31"],
    ],
)
def test_a_time_is_the_same_in_a_batch(times):
    frame = Frame((RawColumn("paid_at", "time", objects(times)),))
    sql = "SELECT epoch_us(max(paid_at)) - epoch_us(row.applied) FROM payments"
    tables = AsOf(
        {"n": read_select("SELECT epoch_us(row.applied)", TABLES, "applied")},
        {},
        {"applied": "time"},
    )
    batch = tables.values({"applied": objects(times)}, len(times))
    for at, each in enumerate(times):
        assert bits(tables.values({"applied": [each]}, 1)) == bits(batch, at)
    known = AsOf(
        {"n": read_select(sql.partition(" - ")[0] + " FROM payments", TABLES, "applied")},
        {"payments": frame},
        {"applied": "time"},
    )
    later = known.values({"applied": ["9999-12-31T23:59:59.999999"]}, 1)["n"][0]
    of_all = [each for each in batch["n"].tolist() if each == each]
    assert later == max(each for each in of_all if each < 253402300799999999 or len(of_all) == 1)


@pytest.mark.parametrize(
    "text", ["0000-01-01", "NaT", "", "2026-13-01", "2026-05-31\n2026-06-01", "٢٠٢٦-05-31"]
)
def test_what_is_no_time_is_none_in_a_batch_either(text):
    tables = as_of([], {"x": "SELECT count(*) FROM payments"})
    for times in ([text], [text, "2026-05-31"], [None, text]):
        with pytest.raises(InvalidData, match="is no time"):
            tables.values({"applied": times}, len(times))


def test_the_zone_of_the_machine_is_nothing():
    code = (
        "import numpy as np\n"
        "from plait.store.as_of import AsOf\n"
        "from plait.store.as_of_select import read_select\n"
        "sql = \"SELECT date_part('hour', try_cast('2024-05-01 19:00:00+00' AS timestamptz))\"\n"
        "found = AsOf({'n': read_select(sql, {}, 'at')}, {}, {'at': 'time'})\n"
        "two = found.values({'at': [None, None]}, 2)['n'].tolist()\n"
        "print(found.values({'at': [None]}, 1)['n'] + two)\n"
    )
    for zone in ("America/New_York", "UTC"):
        found = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout.strip() == "[19.0, 19.0, 19.0]"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM payments WHERE kind = row.amount",
        "SELECT count(*) FROM payments WHERE kind IN (row.amount)",
        "SELECT count(*) FROM payments WHERE kind IN (7, 8)",
        "SELECT count(*) FROM payments WHERE days = coalesce(row.customer, '')",
        "SELECT count(*) FROM payments WHERE kind IS NOT DISTINCT FROM row.amount",
        "SELECT count(*) FROM payments WHERE coalesce(kind, '') = row.amount",
        "SELECT count(*) FROM payments WHERE CASE kind WHEN 7 THEN true END",
        "SELECT count(*) FROM payments JOIN (SELECT row.amount AS k) x ON x.k = kind",
        "SELECT count(*) FROM payments JOIN (SELECT row.amount AS kind) x USING (kind)",
        "SELECT (SELECT count(*) FROM rates r WHERE r.kind = row.amount)",
        "SELECT count(*) FROM payments WHERE days = row.customer",
        "SELECT count(*) FROM payments WHERE kind = row.old",
    ],
)
def test_a_text_is_never_taken_for_a_number(sql):
    with pytest.raises(InvalidSettings, match="would be taken for a") as caught:
        as_of([], {"x": sql})
    assert caught.value.where == "features.x.sql"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM payments p, rates r WHERE p.customer = row.customer",
        "SELECT count(*) FROM payments WHERE cast(kind AS DOUBLE) = row.amount",
        "SELECT count(*) FROM payments WHERE kind::DOUBLE IN (row.amount, 7)",
        "SELECT count(*) FROM payments WHERE kind = cast(row.amount AS VARCHAR)",
        "SELECT count(*) FROM payments WHERE kind = 'a' AND days = 7 AND paid_at > '2024-01-01'",
        "SELECT count(*) FROM payments WHERE days IN (7, '8') AND date_part('day', paid_at) > 1",
        "SELECT if(max(kind) = 'a', 'x', 'y') FROM payments WHERE kind IN ('a', row.customer)",
        "SELECT count(*) FROM payments WHERE row.old = true AND days > amount",
    ],
)
def test_what_is_compared_with_its_like_is_taken(sql):
    rates = Frame((RawColumn("customer", "number", np.array([1.0])),))
    select = read_select(sql, TABLES, "applied")
    assert AsOf({"x": select}, {"payments": payments([]), "rates": rates}, KINDS).kinds


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT cast(first(amount * days) AS VARCHAR) FROM payments",
        "SELECT cast(arg_max(amount * days, 1) AS VARCHAR) FROM payments",
        "SELECT cast(amount * days AS VARCHAR) FROM payments ORDER BY amount * days LIMIT 1",
        "SELECT cast(first(x) AS VARCHAR) FROM "
        "(FROM (SELECT amount * days AS x FROM payments) ORDER BY x LIMIT 1)",
    ],
)
def test_a_negative_zero_does_not_tell_the_order_of_rows(sql):
    known = [("ann", 1, 0.0, days, "a") for days in (1, -1, -1, 1)]
    asked = {"applied": ["2024-01-20"] * 2}
    found = {as_of(known[at:] + known[:at], {"x": sql}).values(asked, 2)["x"][0] for at in range(4)}
    assert len(found) == 1


def test_a_text_that_no_database_takes_is_an_error_of_ours():
    tables = as_of([], {"x": "SELECT count(*) FROM payments WHERE customer = row.customer"})
    for rows in (1, 2):
        with pytest.raises(EngineError):
            tables.values({"applied": ["2024-01-01"] * rows, "customer": ["\ud800"] * rows}, rows)
