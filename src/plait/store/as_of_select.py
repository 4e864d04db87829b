"""The SELECT of a feature that tables tell as of a row's time: read, and made safe.

Nothing is left to trust. Whatever names a table stands for those of its rows that were known
before the row's time, wherever in the SELECT it stands. Every aggregate sorts what it is given by
its own arguments, and every LIMIT by what it selects, so that neither the order of a table's rows
nor the plan by which a query is run can change a bit of an answer.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from plait.store.as_of_check import OPAQUE, Reading, check_scalar
from plait.store.as_of_tree import (
    PICKING,
    ROW,
    Part,
    arguments,
    called,
    column,
    declared,
    expression,
    is_aggregate,
    parse,
    rename_table,
    write,
    wrong,
)
from plait.store.frame import ColumnKind

HELD = "held"
"""The schema that the tables lie in; no SELECT of a user can name it."""

TYPES: Mapping[ColumnKind, str] = {
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "string": "VARCHAR",
    "time": "TIMESTAMP",
}
_ALWAYS = "SELECT * FROM (SELECT * FROM held.x) AS x"
_BEFORE = "SELECT * FROM (SELECT * FROM held.x WHERE y < z) AS x"


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    """A SELECT that was read.

    Attributes:
        tree: its syntax tree.
        time: of the row, the column that says as of when it is.
        tables: those it reads -> the column of their time, "" for one that is always known.
        reads: the columns of the row that it reads, its time among them.
        keys: columns that it compares with one of the row.
    """

    tree: Part
    time: str
    tables: Mapping[str, str]
    reads: tuple[str, ...]
    keys: tuple[str, ...]

    def over_rows(self) -> str:
        """Return it over a relation `row`, whose columns are named `row_column` each."""
        return self._text(lambda name: column(ROW, row_column(name)))

    def over_parameters(self, kinds: Mapping[str, ColumnKind]) -> str:
        """Return it for one row, whose columns are the parameters `parameter` names."""
        places = {name: at for at, name in enumerate(kinds)}

        def row(name: str) -> Part:
            return expression(f"CAST(${parameter(places[name])} AS {TYPES[kinds[name]]})")

        return self._text(row)

    def over_nothing(self, kinds: Mapping[str, ColumnKind]) -> str:
        """Return it for a row without values: what DuckDB says of it names what is wrong best."""
        return self._text(lambda name: expression(f"CAST(NULL AS {TYPES[kinds[name]]})"))

    def bared(self) -> str:
        """Return `over_rows` with each CAST a TRY_CAST: any other that is found is not written."""
        return replace(self, tree=_trying(self.tree)).over_rows()

    def _text(self, row: Callable[[str], Part]) -> str:
        return write(_Writer(self.tables, self.time, row).written(self.tree))


def row_column(name: str) -> str:
    """Return what a column of the row is called in SQL: nothing that a user writes is called so.

    Otherwise `customer` would silently mean that of the row where a table has no such column.
    """
    return f"row.{name}"


def parameter(at: int) -> str:
    """Return the name of the parameter that stands for the column at a place."""
    return f"c{at}"


def read_select(sql: str, tables: Mapping[str, str], time: str) -> Select:
    """Read the SELECT of a feature.

    Args:
        sql: one scalar SELECT over the tables and `row.COLUMN`.
        tables: those that it may read -> the column of their time, "" for one always known.
        time: the row's column that says as of when it is.

    Raises:
        InvalidSettings: `settings_wrong_value`, it is not one SELECT of one value, reads what it
            may not, or could answer otherwise another time.
    """
    reading = Reading(tables)
    try:
        tree = parse(sql)
        reading.walk(tree)
        check_scalar(tree["node"])
    except RecursionError:
        raise wrong("it is nested too deep", "write it in plainer SQL") from None
    return Select(
        tree=tree,
        time=time,
        tables={name: tables[name] for name in tables if name in reading.tables},
        reads=tuple(dict.fromkeys((time, *reading.reads))),
        keys=tuple(dict.fromkeys(reading.keys)),
    )


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes a SELECT anew, with what is known of the tables and one order for everything.

    Attributes:
        tables: those that it reads -> the column of their time.
        time: of the row.
        row: returns what stands for a column of the row.
    """

    tables: Mapping[str, str]
    time: str
    row: Callable[[str], Part]

    def written(self, node: Part) -> Part:
        """Return a node with all that it is made of."""
        kind = node.get("class") or node.get("type")
        if kind == "COLUMN_REF" and node["column_names"][0].lower() == ROW:
            return {**self.row(node["column_names"][1]), "alias": node.get("alias", "")}
        if kind == "BASE_TABLE":
            return self._known(node)
        found: Part = {
            name: part if kind == "CONSTANT" or name in OPAQUE else self._part(part)
            for name, part in node.items()
        }
        if is_aggregate(found):
            given = arguments(found)
            ties = called(found) in PICKING and not found.get("distinct")
            _sort(found["order_bys"], [*given, *(_told_apart(given) if ties else ())])
        if kind == "SELECT_NODE":
            _sort_limited(found)
        return found

    def _part(self, value: object) -> object:
        if isinstance(value, list):
            return [self._part(each) for each in value]
        return self.written(value) if isinstance(value, dict) else value

    def _known(self, node: Part) -> Part:
        """Return the rows of a table that were known before the row's time."""
        table = declared(str(node["table_name"]), self.tables)
        if table is None:
            return node  # one of WITH
        time = self.tables[table]
        found: Part = parse(_BEFORE if time else _ALWAYS)["node"]["from_table"]
        held = found["subquery"]["node"]
        rename_table(held["from_table"], HELD, table)
        if time:
            held["where_clause"]["left"] = column(time)
            held["where_clause"]["right"] = self.row(self.time)
        found["alias"] = node.get("alias") or node["table_name"]
        found["column_name_alias"] = node.get("column_name_alias") or []
        return found


def _sort(order: Part, by: Iterable[Part]) -> None:
    """Sort by some expressions after whatever it is sorted by already."""
    added = [
        {
            "type": "ORDER_DEFAULT",
            "null_order": "ORDER_DEFAULT",
            "expression": {**each, "alias": ""},
        }
        for each in by
        if each["class"] != "CONSTANT"
    ]
    order["orders"] = [*(order.get("orders") or ()), *added]


def _sort_limited(node: Part) -> None:
    """Sort what a LIMIT cuts by all that is selected: rows that are equal then are the same."""
    modifiers = {each["type"]: each for each in node.get("modifiers") or ()}
    if "LIMIT_MODIFIER" in modifiers:
        whole = [
            expression("COLUMNS(*)") if each["class"] == "STAR" else each
            for each in node["select_list"]
        ]
        _sort(modifiers["ORDER_MODIFIER"], [*whole, *_told_apart(whole)])


def _told_apart(values: Iterable[Part]) -> list[Part]:
    """Return what differs where values are equal and not the same, as -0.0 and 0.0 are."""
    found = []
    for each in values:
        if each["class"] != "CONSTANT":
            cast = expression("CAST(x AS VARCHAR)")
            cast["child"] = {**each, "alias": ""}
            found.append(cast)
    return found


def _trying(node: Part) -> Part:
    """Return a tree whose every CAST is a TRY_CAST."""

    def part(value: object) -> object:
        if isinstance(value, list):
            return [part(each) for each in value]
        return _trying(value) if isinstance(value, dict) else value

    found = {name: part(value) for name, value in node.items()}
    return {**found, "try_cast": True} if found.get("class") == "CAST" else found
