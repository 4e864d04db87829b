"""What the SELECT of a feature may say: nothing that is not known to be harmless."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from plait.core.errors import nearest_of, suggestion
from plait.store.as_of_tree import (
    FUNCTIONS,
    ROW,
    Part,
    arguments,
    called,
    catalogue,
    declared,
    is_aggregate,
    wrong,
)

OPAQUE = frozenset(("cast_type", "type_expr", "literal", "qualified_name"))
"""Keys of nodes below which there is nothing to look at."""

_EXPRESSIONS = frozenset((
    "BETWEEN", "CASE", "CAST", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT",
    "FUNCTION", "LAMBDA", "LAMBDA_REF", "OPERATOR", "STAR", "SUBQUERY",
))  # fmt: skip
_OTHERS = frozenset((
    "ASCENDING", "BASE_TABLE", "CTE_NODE", "DESCENDING", "DISTINCT_MODIFIER", "EMPTY",
    "EXPRESSION_LIST", "JOIN", "LIMIT_MODIFIER", "ORDER_DEFAULT", "ORDER_MODIFIER", "SELECT_NODE",
    "SET_OPERATION_NODE", "SUBQUERY",
))  # fmt: skip
_WHY = {
    "COLLATE": "texts that a collation takes for equal are not the same: use lower()",
    "WINDOW": "a window depends on the order of rows that are equal",
    "PARAMETER": "nobody could fill a parameter",
    "TABLE_FUNCTION": "it reads the contract's tables, and no file, address or function",
    "SHOW_REF": "it reads rows, not descriptions of tables",
    "RECURSIVE_CTE_NODE": "a recursion might never end",
    "LIMIT_PERCENT_MODIFIER": "write LIMIT with a number",
}
_MOMENTS = frozenset((
    "current_catalog", "current_date", "current_role", "current_schema", "current_time",
    "current_timestamp", "current_user", "localtime", "localtimestamp", "session_user", "user",
))  # fmt: skip


@dataclass(slots=True)
class Reading:
    """Looks at every part of a SELECT.

    Attributes:
        known: the tables that it may read.
        tables: those that it reads.
        reads: the columns of the row that it reads.
        keys: columns that it compares with one of the row.
    """

    known: Iterable[str]
    tables: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    _named: tuple[str, ...] = ()

    def walk(self, value: object) -> None:
        """Look at a part, and at all that it is made of.

        Raises:
            InvalidSettings: `settings_wrong_value`, it may not stand in the SELECT of a feature.
        """
        if isinstance(value, list):
            for each in value:
                self.walk(each)
        elif isinstance(value, dict):
            outside = self._named  # a name of WITH is known in its SELECT, and after it was given
            for entry in (value.get("cte_map") or {}).get("map", ()):
                self.walk(entry["value"])
                self._take_name(str(entry["key"]))
            self._look(value)
            for name, part in value.items():
                if name not in OPAQUE and name != "cte_map" and value.get("class") != "CONSTANT":
                    self.walk(_below(part) if name == "select_list" else part)
            self._named = outside

    def _look(self, node: Part) -> None:
        kind = node.get("class") or node.get("type")
        if not isinstance(kind, str):
            return
        expression = "class" in node
        if kind not in (_EXPRESSIONS if expression else _OTHERS):
            words = kind.lower().replace("_", " ")
            raise wrong(f"it may have no {words}", _WHY.get(kind, "write it in plainer SQL"))
        if node.get("sample"):
            raise wrong("a sample is drawn anew each time", "remove SAMPLE")
        if not expression and str(node.get("alias", "")).lower() == ROW:
            raise wrong("`row` is the row that is asked for", "give the table another name")
        if expression:
            self._look_at_expression(kind, node)
        elif kind == "BASE_TABLE":
            self._look_at_table(node)
        elif kind == "JOIN":
            _check_join(node)
        elif kind == "DISTINCT_MODIFIER" and node.get("distinct_on_targets"):
            raise wrong("DISTINCT ON takes any of several rows", "use arg_max(), or LIMIT 1")
        elif kind.endswith("_NODE"):
            _check_limit(node)

    def _look_at_expression(self, kind: str, node: Part) -> None:
        if kind == "COLUMN_REF":
            self._look_at_column(node["column_names"])
        elif kind == "COMPARISON":
            self._look_at_comparison(node)
        elif kind == "FUNCTION":
            _check_function(called(node), len(arguments(node)))
        elif kind == "STAR":
            raise wrong("`*` stands within an expression", "name the columns; count(*) may stand")
        elif kind == "SUBQUERY" and node.get("subquery_type") == "SCALAR":
            check_scalar(node["subquery"]["node"])

    def _take_name(self, name: str) -> None:
        """Note a name of WITH: what it stands for is looked at where it is written."""
        if name.lower() in {ROW, *catalogue()} or declared(name, self.known):
            raise wrong(f"WITH gives {name!r} another meaning", "give it another name")
        self._named = (*self._named, name.lower())

    def _look_at_table(self, node: Part) -> None:
        name = str(node["table_name"])
        if node.get("schema_name") or node.get("catalog_name"):
            raise wrong(f"{name!r} is named with a schema", "name a table of `tables:` alone")
        if node.get("at_clause"):
            raise wrong("a table is read as of the row's time", "remove AT")
        table = declared(name, self.known)
        if table is not None:
            self.tables.append(table)
        elif name.lower() not in self._named:
            hint = suggestion(name, list(self.known)) or "name it under `tables:`"
            raise wrong(f"{name!r} is no table of the contract", hint)

    def _look_at_column(self, names: list[str]) -> None:
        if names[0].lower() == ROW:
            if len(names) != 2:
                raise wrong(f"{'.'.join(names)!r} is no column of the row", "write row.COLUMN")
            self.reads.append(names[1])
        elif len(names) == 1 and names[0].lower() in _MOMENTS:
            raise wrong(f"{names[0]} is another at another time", "the row's time is row.TIME")

    def _look_at_comparison(self, node: Part) -> None:
        """Note which column is compared with one of the row: a table is sorted by it."""
        names = [node[side].get("column_names") or [""] for side in ("left", "right")]
        if node["type"] == "COMPARE_EQUAL" and all(each[0] for each in names):
            of_row = [each for each in names if each[0].lower() == ROW]
            others = [each for each in names if each[0].lower() != ROW]
            self.keys += [each[-1] for each in others if of_row]


def check_scalar(node: Part) -> None:
    """Refuse what could answer with several values.

    Raises:
        InvalidSettings: `settings_wrong_value`.
    """
    if node["type"] != "SELECT_NODE":
        raise wrong("it is no plain SELECT", "write UNION and the like in FROM ( ... )")
    selected = node["select_list"]
    if len(selected) != 1 or selected[0]["class"] == "STAR":
        found = "*" if selected[0]["class"] == "STAR" else f"{len(selected)} columns"
        raise wrong(f"it selects {found}, and a feature is one value", "select one expression")
    limits = [each for each in node.get("modifiers") or () if each["type"] == "LIMIT_MODIFIER"]
    one = any(_constant(each.get("limit")) == "1" for each in limits)
    grouped = bool(node.get("group_expressions") or node.get("group_sets"))
    grouped |= node.get("aggregate_handling") == "FORCE_AGGREGATES"
    whole = _aggregates(selected) and not grouped
    alone = (node.get("from_table") or {}).get("type", "EMPTY") == "EMPTY"
    if not (one or whole or alone):
        raise wrong(
            "it may answer with many rows, and a feature is one value",
            "select an aggregate such as count(*), or end in ORDER BY ... LIMIT 1",
        )


def _constant(node: Part | None) -> str:
    """Return what a constant says; "" for anything else."""
    if node is None or node["class"] != "CONSTANT":
        return ""
    return str((node.get("literal") or {}).get("text") or (node.get("value") or {}).get("value"))


def _aggregates(value: object) -> bool:
    """Tell whether an expression aggregates rows; what stands in a subquery counts for that."""
    if isinstance(value, list):
        return any(map(_aggregates, value))
    if not isinstance(value, dict) or value.get("class") == "SUBQUERY":
        return False
    return is_aggregate(value) or any(map(_aggregates, value.values()))


def _below(selected: list[Part]) -> list[object]:
    """Return what is selected but `*` itself, of which only the parts are looked at.

    Raises:
        InvalidSettings: `settings_wrong_value`, it is that of the row.
    """
    if any(str(each.get("relation_name", "")).lower() == ROW for each in selected):
        raise wrong("`row.*` is no value", "name a column: row.COLUMN")
    return [list(each.values()) if each["class"] == "STAR" else each for each in selected]


def _check_function(name: str, given: int) -> None:
    """Refuse what is not known to follow from what it is given alone."""
    if name == "age" and given != 2:
        raise wrong("age() of one time is another at another time", "write age(row.TIME, time)")
    if name not in FUNCTIONS:
        near = nearest_of(name, sorted(FUNCTIONS))
        hint = "use sums, counts, quantiles, arithmetic, and what is made of texts, times and lists"
        raise wrong(
            f"{name}() is no function that a feature may call",
            f"did you mean {near!r}?" if near else hint,
        )


def _check_join(node: Part) -> None:
    kind = str(node.get("ref_type"))
    if kind in ("POSITIONAL", "ASOF"):
        raise wrong(f"a {kind.lower()} join depends on the order of rows", "join ON a condition")


def _check_limit(node: Part) -> None:
    """Refuse a LIMIT that would take any rows."""
    modifiers = {each["type"]: each for each in node.get("modifiers") or ()}
    limit = modifiers.get("LIMIT_MODIFIER")
    if limit is None:
        return
    if "ORDER_MODIFIER" not in modifiers:
        raise wrong("LIMIT takes any rows where nothing orders them", "write ORDER BY before it")
    if node["type"] != "SELECT_NODE":
        raise wrong("LIMIT stands after a UNION", "write it as SELECT ... FROM ( ... UNION ... )")
    if limit.get("limit_type") == "PERCENTAGE":
        raise wrong("LIMIT has a percentage", "write LIMIT with a number")
