"""SELECTs as DuckDB's syntax trees: read, written, and what is called in them.

The tree is that of `json_serialize_sql`. Both DuckDB 1 and 2 are read: what differs is named here.
"""

import json
from collections.abc import Iterable
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

_OPERATORS = """
+ - * / // % ^ ** & | << >> @ || ~ ~~ !~~ ~~* !~~* ~~~ ^@ ->> like_escape not_like_escape
ilike_escape not_ilike_escape
"""
_NUMBERS = """
abs acos asin atan bit_count cbrt ceil ceiling cos cosh cot degrees even exp factorial fdiv floor
fmod gamma gcd greatest greatest_common_divisor isfinite isinf isnan lcm least
least_common_multiple lgamma ln log log10 log2 mod pi pow power radians round round_even sign sin
sinh sqrt tan tanh trunc xor add subtract multiply divide
"""
_TEXTS = """
ascii bar chr concat concat_ws contains damerau_levenshtein ends_with format hamming instr jaccard
jaro_similarity jaro_winkler_similarity lcase left len length levenshtein lower lpad ltrim md5
nfc_normalize ord position prefix printf regexp_escape regexp_extract regexp_extract_all
regexp_full_match regexp_matches regexp_replace regexp_split_to_array replace reverse right rpad
rtrim sha256 split split_part starts_with str_split str_split_regex string_split
string_split_regex string_to_array strip_accents strlen strpos substr substring suffix to_base
to_hex translate trim ucase unicode upper
"""
_TIMES = """
age century date_add date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc
day dayname dayofmonth dayofweek dayofyear days_in_month decade epoch epoch_ms epoch_ns epoch_us
era hour isodow isoyear julian last_day make_date make_time make_timestamp microsecond millennium
millisecond minute month monthname quarter second strftime strptime time_bucket timezone
to_centuries to_days to_decades to_hours to_microseconds to_millennia to_milliseconds to_minutes
to_months to_seconds to_timestamp to_weeks to_years try_strptime week weekday weekofyear year
yearweek
"""
_LISTS = """
apply array_contains array_extract array_length array_slice array_transform element_at filter
flatten list_append list_apply list_avg list_concat list_contains list_count list_element
list_extract list_filter list_first list_has list_has_all list_has_any list_indexof list_last
list_max list_median list_min list_position list_reduce list_reverse list_reverse_sort list_slice
list_sort list_sum list_transform list_unique list_value list_zip row struct_extract struct_pack
json_extract json_extract_string json_value if nullif
"""
_COMPUTED = """
avg bit_and bit_or bit_xor bool_and bool_or corr count count_if count_star countif covar_pop
covar_samp favg fsum kahan_sum kurtosis kurtosis_pop mean product regr_avgx regr_avgy regr_count
regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy sem skewness stddev stddev_pop
stddev_samp sum sumkahan var_pop var_samp variance
"""
_PICKED = """
any_value arbitrary arg_max arg_min argmax argmin array_agg first group_concat last list listagg
mad max max_by median min min_by mode quantile quantile_cont quantile_disc string_agg
"""

SCALARS = frozenset(" ".join((_OPERATORS, _NUMBERS, _TEXTS, _TIMES, _LISTS)).split())
"""Functions of one row that follow from their arguments alone: neither from a clock, nor from
chance, nor from what else DuckDB knows; its own word for that, `stability`, is not always true. No
list_aggregate is among them, which calls any aggregate by its name."""

ARITHMETIC = frozenset(_COMPUTED.split())
"""Aggregates that compute one value of all that they are given."""

PICKING = frozenset(_PICKED.split())
"""Aggregates whose answer is made of some of what they are given, as it is."""

FUNCTIONS = SCALARS | ARITHMETIC | PICKING
"""Every function that a feature may call. Aggregates among them are the same, bit for bit, in
whatever way their rows come, once they are sorted."""


def parse(sql: str) -> Part:
    """Return the tree of one SELECT.

    Raises:
        InvalidSettings: `settings_wrong_value`, it is none, or there are several.
    """
    try:
        tree: Part = json.loads(_serialized(sql))
    except RecursionError:
        raise wrong("it is nested too deep", "write it in plainer SQL") from None
    except (duckdb.Error, ValueError, RuntimeError) as error:
        raise wrong(f"it cannot be read: {str(error)[:80]}", "write one SELECT") from None
    if tree["error"]:
        said = str(tree["error_message"]).partition("\n")[0]
        raise wrong(
            said if tree["error_type"] == "parser" else "it is no SELECT", "write one SELECT"
        )
    if len(tree["statements"]) != 1:
        raise wrong(f"{len(tree['statements'])} statements stand there", "write one SELECT")
    found: Part = tree["statements"][0]
    return found


@cache
def catalogue() -> frozenset[str]:
    """Return what DuckDB itself calls something that stands after FROM."""
    with closing(_duck()) as duck:
        rows = duck.execute(
            "SELECT lower(view_name) FROM duckdb_views() UNION SELECT lower(table_name) FROM "
            "duckdb_tables() UNION SELECT lower(function_name) FROM duckdb_functions() "
            "WHERE function_type IN ('table', 'table_macro', 'pragma')"
        ).fetchall()
    return frozenset(name for (name,) in rows) | {"sqlite_schema", "sqlite_temp_master"}


def write(tree: Part) -> str:
    """Return the SQL of a tree, in parentheses."""
    with closing(_duck()) as duck:
        text = json.dumps({"error": False, "statements": [tree]})
        found = duck.execute("SELECT json_deserialize_sql($tree::JSON)", {"tree": text})
        return f"({found.fetchall()[0][0]})"


def is_aggregate(node: Part) -> bool:
    """Tell whether a node calls an aggregate."""
    return node.get("class") == "FUNCTION" and called(node) in ARITHMETIC | PICKING


def called(call: Part) -> str:
    """Return the name of the function that a node calls."""
    return str(call["function_name"]).lower()


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
