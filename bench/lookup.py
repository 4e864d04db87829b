"""Features looked up by SQL as of a row's time: one row, a batch, and DuckDB asked by hand.

    python bench/lookup.py

A table of payments is made by chance, of up to a million rows. One row is asked for one feature
and for three; a batch is asked at once. Beside them DuckDB alone answers one row by a query that
names the customer and the time, in memory, in turn with ours: the floor of a lookup. Rows alone and
the batch must give the same, bit for bit. The figures go to bench/results/lookup.json.
"""

import argparse
import json
import time

import duckdb
import numpy as np

from method import SEED, in_turn, keep, ratio, start
from plait.store.as_of import AsOf
from plait.store.as_of_select import read_select
from plait.store.frame import Frame, RawColumn, objects

LATE = "SELECT count(*) FROM payments WHERE payments.customer = row.customer AND days_late > 0"
MEAN = "SELECT avg(amount) FROM payments WHERE customer = row.customer"
LAST = "SELECT arg_max(amount, paid_at) FROM payments WHERE customer = row.customer"
QUERIES = {"late": LATE, "mean": MEAN, "last": LAST}
ROW = {"customer": "number", "applied": "time"}
BLOCK = 50
DAY = 86_400
START = np.datetime64("2020-01-01T00:00:00")
BY_HAND = "SELECT count(*) FROM payments WHERE customer = $1 AND paid_at < $2 AND days_late > 0"


def payments(rows: int, chance: np.random.Generator) -> Frame:
    """Return payments of a twentieth as many customers, over 1,500 days."""
    at = np.datetime64("2020-01-01T00:00:00") + chance.integers(0, 1_500 * DAY, rows).astype(
        "m8[s]"
    )
    customer = chance.integers(0, max(10, rows // 20), rows).astype(np.float64)
    return Frame(
        (
            RawColumn("customer", "number", customer),
            RawColumn("paid_at", "time", objects(np.datetime_as_string(at, unit="s").tolist())),
            RawColumn("days_late", "number", chance.integers(0, 60, rows).astype(np.float64)),
            RawColumn("amount", "number", chance.gamma(2, 100, rows)),
        )
    )


def asked(rows: int, customers: int, chance: np.random.Generator) -> dict[str, np.ndarray]:
    """Return rows that ask, in the middle of these days."""
    at = START + chance.integers(400 * DAY, 1_300 * DAY, rows).astype("m8[s]")
    return {
        "customer": chance.integers(0, customers, rows).astype(np.float64),
        "applied": objects(np.datetime_as_string(at, unit="s").tolist()),
    }


def measure(rows: int, features: int, seconds: float) -> dict[str, object]:
    """Look up in a table of so many rows."""
    chance = np.random.default_rng(SEED)
    table = payments(rows, chance)
    selects = {
        name: read_select(sql, {"payments": "paid_at"}, "applied")
        for name, sql in list(QUERIES.items())[:features]
    }
    started = time.perf_counter()
    lookup = AsOf(selects, {"payments": table}, ROW)
    taken = time.perf_counter() - started
    many = 100_000 if rows >= 100_000 else 10_000
    columns = asked(many, max(10, rows // 20), chance)
    started = time.perf_counter()
    whole = lookup.values(columns, many)
    batch = time.perf_counter() - started
    alone = [{name: [each[at]] for name, each in columns.items()} for at in range(1_000)]
    for at, row in enumerate(alone[:200]):
        found = lookup.values(row, 1)
        for name, (value,) in found.items():
            same = np.isnan(whole[name][at]) if value is None else value == whole[name][at]
            assert same, (name, at)
    bare = by_hand(table)
    given = [(row["customer"][0], row["applied"][0]) for row in alone]
    times = in_turn(
        {
            "lookup": lambda: timed(lambda row: lookup.values(row, 1), alone, chance),
            "DuckDB": lambda: timed(bare, given, chance),
        },
        seconds,
    )
    blocks = {name: [float(np.median(each)) for each in found] for name, found in times.items()}
    flat = {name: 1_000 * np.concatenate(blocks) for name, blocks in times.items()}
    return {
        "table_rows": rows,
        "features": features,
        "one_row_p50_ms": round(float(np.median(flat["lookup"])), 3),
        "one_row_p95_ms": round(float(np.quantile(flat["lookup"], 0.95)), 3),
        "lookup / DuckDB for one feature": ratio(blocks["lookup"], blocks["DuckDB"]),
        "batch_rows": many,
        "batch_s": round(batch, 3),
        "read_into_memory_s": round(taken, 3),
    }


def by_hand(table: Frame):
    """Return what asks DuckDB for one feature, as its user would."""
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    cells = {each.name: np.asarray(each.values) for each in table.columns}
    cells["paid_at"] = np.array(cells["paid_at"].tolist(), dtype="datetime64[us]")
    connection.register("read", cells)
    connection.execute("CREATE TABLE payments AS SELECT * FROM read ORDER BY customer, paid_at")
    cast = BY_HAND.replace("$2", "CAST($2 AS TIMESTAMP)")
    return lambda given: connection.execute(cast, list(given)).fetchone()


def timed(ask, rows, chance: np.random.Generator) -> list[float]:
    """Return the seconds of some rows, one after the other."""
    found = []
    for at in chance.integers(0, len(rows), BLOCK):
        started = time.perf_counter()
        ask(rows[at])
        found.append(time.perf_counter() - started)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="per table and count of features"
    )
    options = parser.parse_args()
    found = []
    for rows in (1_000, 100_000, 1_000_000):
        for features in (1, 3):
            found.append(measure(rows, features, options.seconds))
            print(json.dumps(found[-1]), flush=True)
    keep("lookup", {"tables": found, "seed": SEED}, ("duckdb", "numpy"))


if __name__ == "__main__":
    start(main)
