"""SELECTs as DuckDB's syntax trees: read, written, and what is called in them.

The tree is that of `json_serialize_sql`. Both DuckDB 1 and 2 are read: what differs is named here.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from functools import cache
from typing import Any, TypeAlias

import duckdb

from plait.core.errors import InvalidSettings
from plait.store.duck import OFFLINE

Part: TypeAlias = dict[str, Any]
"""A node of the tree: an expression has a `class`, everything has a `type`."""

ROW = "row"
"""What SQL calls the row that is asked for."""

_MACROS = frozenset((
    "date_add", "days_in_month", "fdiv", "fmod", "if", "list_append", "list_avg", "list_count",
    "list_first", "list_last", "list_max", "list_median", "list_min", "list_reverse", "list_sum",
    "nullif", "split_part",
))  # fmt: skip
"""Of a macro DuckDB does not say whether it is steady: these are."""

_UNSTEADY = frozenset((
    "approx_count_distinct", "approx_quantile", "approx_top_k", "bitstring_agg", "combine_aggr",
    "current_setting", "entropy", "getvariable", "histogram", "histogram_exact", "lttb",
    "reservoir_quantile", "variant_group_object",
))  # fmt: skip
"""Aggregates that are not the same, bit for bit, however their rows are sorted; and what is another
at another time, of which DuckDB 1 does not say so."""


def parse(sql: str) -> Part:
    """Return the tree of one SELECT.

    Raises:
        InvalidSettings: `settings_wrong_value`, it is none, or there are several.
    """
    tree: Part = json.loads(_serialized(sql))
    if tree["error"]:
        said = str(tree["error_message"]).partition("\n")[0]
        raise wrong(
            said if tree["error_type"] == "parser" else "it is no SELECT", "write one SELECT"
        )
    if len(tree["statements"]) != 1:
        raise wrong(f"{len(tree['statements'])} statements stand there", "write one SELECT")
    found: Part = tree["statements"][0]
    return found


def write(tree: Part) -> str:
    """Return the SQL of a tree, in parentheses."""
    with closing(_duck()) as duck:
        text = json.dumps({"error": False, "statements": [tree]})
        found = duck.execute("SELECT json_deserialize_sql($tree::JSON)", {"tree": text})
        return f"({found.fetchall()[0][0]})"


@cache
def functions() -> Mapping[str, tuple[str, bool]]:
    """Return name -> `scalar`, `aggregate` or `macro`, and whether it is steady.

    A steady function answers the same at any time, and an aggregate does in whatever way its rows
    come, once they are sorted.
    """
    with closing(_duck()) as duck:
        rows = duck.execute(
            "SELECT function_name, function_type, stability FROM duckdb_functions() "
            "WHERE function_type IN ('scalar', 'aggregate', 'macro')"
        ).fetchall()
    found: dict[str, tuple[str, bool]] = {}
    for name, kind, stability in rows:
        steady = name in _MACROS if kind == "macro" else stability == "CONSISTENT"
        before = found.get(name, (kind, True))
        found[name] = (before[0], before[1] and steady and name not in _UNSTEADY)
    return found


def is_aggregate(node: Part) -> bool:
    """Tell whether a node calls an aggregate."""
    if node.get("class") != "FUNCTION":
        return False
    return functions().get(str(node["function_name"]).lower(), ("", False))[0] == "aggregate"


def arguments(call: Part) -> list[Part]:
    """Return the arguments of a function."""
    named = [each["expression"] for each in call.get("arguments") or ()]
    return named or list(call.get("children") or ())  # as DuckDB 1 has them


def column(*names: str) -> Part:
    """Return the node of a column."""
    return {"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "column_names": list(names)}


def expression(sql: str) -> Part:
    """Return the node of an expression of our own."""
    found: Part = parse(f"SELECT {sql}")["node"]["select_list"][0]
    return found


def rename_table(node: Part, schema: str, name: str) -> None:
    """Let a table's node name another one."""
    node["schema_name"], node["table_name"] = schema, name
    if "qualified_name" in node:
        node["qualified_name"] = {"path": [schema, name]}


def declared(name: str, tables: Iterable[str]) -> str | None:
    """Return the table that is meant, however its name is written; None when it is none."""
    return next((each for each in tables if each.lower() == name.lower()), None)


def wrong(message: str, hint: str) -> InvalidSettings:
    """Return the error of SQL that cannot be a feature's."""
    return InvalidSettings("settings_wrong_value", message, hint=hint)


def _duck() -> duckdb.DuckDBPyConnection:
    """Return a connection of one's own to a database that holds nothing."""
    return _empty().cursor()


@cache
def _empty() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={**OFFLINE, "threads": "1"})


@cache
def _serialized(sql: str) -> str:
    with closing(_duck()) as duck:
        found = duck.execute("SELECT json_serialize_sql($sql::VARCHAR)", {"sql": sql})
        return str(found.fetchall()[0][0])
