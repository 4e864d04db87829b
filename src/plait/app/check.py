"""What the types of plait.yaml cannot say: which names exist, which numbers make sense."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any

from plait.app.lookup import selects_of
from plait.core.contract import Contract
from plait.core.errors import InvalidSettings, UnknownName, shown
from plait.core.expression import parse_expression
from plait.core.settings import Node
from plait.evaluate.metric import PINBALL
from plait.train.names import known_candidates, known_metrics, weights_run

TASKS = ("tabular", "text", "series")
"""The kinds of request that this plait answers."""

_NAME = re.compile(r"\w[\w.-]*")  # of a contract: it stands in addresses and file names
_PORTS = range(65536)
_NOT_OF_SERIES = ("features", "exclude", "positive", "objective", "group", "fairness")
_SHARE = "write a share above 0 and below 1, such as "
_COUNT = "write a whole number from 0 on"
_RANGES: Sequence[tuple[tuple[str, ...], Callable[[Any], bool], str]] = (
    (("out_of_scope", "max_loss"), lambda number: 0 < number < 1, f"{_SHARE}0.05"),
    (("require", "interval"), lambda it: isinstance(it, dict) or 0 < it < 1, f"{_SHARE}0.9"),
    (("require", "interval", "coverage"), lambda number: 0 < number < 1, f"{_SHARE}0.9"),
    (("fairness", "max_gap"), lambda number: 0 < number < 1, f"{_SHARE}0.1"),
    (("fairness", "min_rows"), lambda number: number > 0, "write a whole number above 0"),
    (("anomaly", "share"), lambda number: 0 < number < 0.5, "write a share from 0 to 0.5"),
    (("objective", "quantile"), lambda number: 0 < number < 1, f"{_SHARE}0.9"),
    (("horizon",), lambda number: number >= 0, _COUNT),
    (("season",), lambda number: number >= 0, _COUNT),
)
_USUAL = {each.name: each.default for each in fields(Contract)} | {"features": {}}


def check_settings(tree: Node, contracts: Mapping[str, Contract]) -> None:
    """Look at what was written; what was not has a sound default.

    Args:
        tree: every setting with its origin.
        contracts: the same contracts, parsed.

    Raises:
        InvalidSettings: `settings_wrong_value`.
        UnknownName: `unknown_metric`, or `unknown_component` for a candidate.
    """
    port = find_node(tree, "port")
    if port is not None and port.content not in _PORTS:
        raise _wrong(port, "write a number from 0 to 65535")
    _check_above_zero(find_node(tree, "budget"))
    for name, contract in contracts.items():
        node = find_node(tree, "contracts", name)
        if node is not None:
            _check_contract(name, contract, node)
            _check_candidates(contract, node, tree)


def find_node(tree: Node, *names: str) -> Node | None:
    """Return what these keys lead to; None when it was not written."""
    for name in names:
        if not isinstance(tree.content, dict) or name not in tree.content:
            return None
        tree = tree.content[name]
    return tree


def _check_contract(name: str, contract: Contract, node: Node) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidSettings(
            "settings_wrong_value",
            f"{shown(name)} cannot name a contract",
            where=node.where,
            hint="use letters, digits, - and _: the name stands in addresses",
        )
    task = find_node(node, "task")
    if task is not None and contract.task not in TASKS:
        raise _wrong(task, f"this plait knows {', '.join(TASKS)} only")
    _check_quantile(contract, node)
    if contract.metric:
        metrics, written = known_metrics(contract), find_node(node, "metric")
        _check_name("unknown_metric", "metric", contract.metric, metrics, written)
    if not contract.target and contract.task != "tabular":
        raise _wrong(node, "name the column to predict: `target: COLUMN`")
    _check_texts(contract, node)
    _check_made(contract, node)
    _check_tables(contract, node)
    _check_series(contract, node)
    _check_fairness(contract, node)
    for names, fits, hint in _RANGES:
        number = find_node(node, *names)
        if number is not None and number.content is not None and not fits(number.content):
            raise _wrong(number, hint)
    _check_above_zero(find_node(node, "limits"))
    _check_above_zero(find_node(node, "objective", "cost"))


def _check_candidates(contract: Contract, node: Node, tree: Node) -> None:
    """Look at the candidates' names, and at the models of those that run one."""
    listed = find_node(node, "candidates") or node
    known = known_candidates(contract)
    for candidate in contract.candidates:
        method, at, model = candidate.partition("@")
        _check_name("unknown_component", "candidate", method, known, listed)
        engine = weights_run(contract, method)
        if engine:
            rows = _models(tree, engine)
            if not model:
                hint = f"write {method}@MODEL, a row of `models:` with `engine: {engine}`"
                raise _wrong(listed, f"{hint}: {', '.join(rows) or 'there is none'}")
            other = find_node(tree, "models", model, "engine")
            if other is not None and other.content != engine:
                runs = f"{method} runs a model of the engine {engine}, and {model} is of"
                raise _wrong(listed, f"{runs} {shown(other.content)} ({other.where})")
            _check_name("unknown_model", f"model of the engine {engine}", model, rows, listed)
            if not _NAME.fullmatch(model):
                raise _wrong(listed, "rename the model: a candidate's name stands in file names")
        elif at:
            raise _wrong(listed, f"{method} runs no model of `models:`: write {method}")


def _models(tree: Node, engine: str) -> list[str]:
    """Return the rows of `models:` of one engine."""
    models = find_node(tree, "models")
    content = models.content if models is not None else None
    rows = content.items() if isinstance(content, dict) else ()
    named = {name: find_node(row, "engine") for name, row in rows}
    return [name for name, each in named.items() if each is not None and each.content == engine]


def _check_texts(contract: Contract, node: Node) -> None:
    """Look at the keys that only contracts of texts have, and at the one that they have not."""
    for name in ("features",) if contract.task == "text" else ("text", "out_of_scope"):
        written = find_node(node, name)
        usual = getattr(contract, name) == _USUAL[name]  # `plait config` writes defaults out
        if written is not None and not usual:
            raise _wrong(
                written,
                "a text contract reads one column: `text: COLUMN`"
                if contract.task == "text"
                else f"`{name}` goes with `task: text`",
            )


def _check_made(contract: Contract, node: Node) -> None:
    """Look at features that are made of columns."""
    for name, note in contract.features.items():
        written = find_node(node, "features", name)
        if written is None or not note.made:
            continue
        if not contract.target:
            raise _wrong(written, "features are made only for a contract with a target")
        if bool(note.expr) + bool(note.sql) + note.embed > 1:
            raise _wrong(
                written, "give one of `expr`, `sql` and `embed`: a text is embedded as it is"
            )
        if note.expr:
            try:
                parse_expression(note.expr)
            except InvalidSettings as error:
                error.where = (find_node(written, "expr") or written).where
                raise


def _check_tables(contract: Contract, node: Node) -> None:
    """Look at the tables, and at the SQL that reads them."""
    tables = find_node(node, "tables")
    if tables is not None and contract.tables and contract.task != "tabular":
        raise _wrong(tables, "`tables` goes with `task: tabular`")
    for name, table in contract.tables.items():
        data = find_node(node, "tables", name, "data")
        if data is not None and "://" in table.data:
            raise _wrong(data, "a table is a path or a glob: it is read again when it changes")
        written = find_node(node, "tables", name)
        if written is not None and name.lower() == "row":
            raise _wrong(written, "`row` is the row that is asked for: name the table otherwise")
    features = find_node(node, "features")
    if features is not None and contract.queries and not contract.time:
        raise _wrong(features, "`sql` is as of a row's time: name its column, `time: COLUMN`")
    try:
        selects_of(contract)
    except InvalidSettings as error:
        name = error.where.removeprefix("features.").removesuffix(".sql")
        error.where = (find_node(node, "features", name, "sql") or node).where
        raise


def _check_series(contract: Contract, node: Node) -> None:
    """Look at the keys that only contracts of series have, and at those that they have not."""
    series = contract.task == "series"
    for name in _NOT_OF_SERIES if series else ("series", "horizon", "season"):
        written = find_node(node, name)
        if written is not None and getattr(contract, name) != _USUAL[name]:
            only = f"`{name}` goes with `task: series`"
            raise _wrong(written, "a series contract has no such key" if series else only)
    for name in ("reasons", "monotone", "calibrated") if series else ():
        written = find_node(node, "require", name)
        if written is not None and getattr(contract.require, name):
            raise _wrong(written, "of a series contract only `interval` and `licence` can be asked")
    by = find_node(node, "require", "interval", "by")
    if series and by is not None and by.content:
        raise _wrong(by, "a series contract has no features to keep a coverage within")


def _check_fairness(contract: Contract, node: Node) -> None:
    """Look at the groups, and at what nobody could judge without a target."""
    group = find_node(node, "fairness", "group")
    if group is not None and contract.fairness is not None:
        groups = contract.fairness.groups
        if not groups or not all(groups) or len(set(groups)) < len(groups):
            raise _wrong(group, "name a column, or several in a list, each once")
    asked = {
        ("fairness",): contract.fairness is not None,
        ("require", "calibrated"): contract.require.calibrated,
    }
    for names, wanted in asked.items():
        written = find_node(node, *names)
        if wanted and written is not None and contract.task == "tabular" and not contract.target:
            raise _wrong(written, "it is judged by a target, which this contract lacks")


def _check_quantile(contract: Contract, node: Node) -> None:
    """Look at what goes with a quantile, and at the metric that goes with nothing else."""
    written = find_node(node, "objective", "quantile")
    metric, cost = find_node(node, "metric"), find_node(node, "objective", "cost")
    if contract.objective.quantile is None:
        if contract.metric == PINBALL and metric is not None:
            raise _wrong(metric, "it goes with `objective: {quantile: 0.9}`")
        return
    if written is None:
        return
    if contract.task != "tabular" or not contract.target:
        raise _wrong(written, "a quantile is asked of `task: tabular` with a target")
    if cost is not None and cost.content is not None:
        raise _wrong(cost, "costs are of classes, and a quantile is of a number: remove one")
    interval = find_node(node, "require", "interval")
    if interval is not None and interval.content is not None:
        raise _wrong(interval, "an answer that is a quantile has no interval: remove it")


def _check_name(code: str, kind: str, name: str, known: Collection[str], node: Node | None) -> None:
    if name not in known:
        raise UnknownName.of(code, kind, name, known, node.where if node is not None else "")


def _check_above_zero(node: Node | None) -> None:
    """Look at the numbers of a mapping."""
    if node is None or not isinstance(node.content, dict):
        return
    for child in node.content.values():
        if isinstance(child.content, int | float) and child.content <= 0:
            raise _wrong(child, "write a number above 0")


def _wrong(node: Node, hint: str) -> InvalidSettings:
    message = f"{node.path} is {shown(node.plain())}"
    return InvalidSettings("settings_wrong_value", message, where=node.where, hint=hint)
