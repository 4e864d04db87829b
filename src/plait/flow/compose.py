"""What plait.yaml says of a flow becomes steps."""

from collections.abc import Sequence

from plait.core.errors import InvalidSettings, PlaitError, UnknownName, shown
from plait.core.protocol import Step
from plait.core.settings import Node, parse
from plait.flow.answer import AnswerStep
from plait.flow.base import Parts, steps
from plait.flow.guard import GuardStep
from plait.flow.steps import Steps


def compose(node: Node, parts: Parts) -> Steps:
    """Return the steps that a list in plait.yaml names.

    Args:
        node: a list of mappings with one key each, the step, and its options.
        parts: what the steps may use.

    Raises:
        InvalidSettings: the list is not of this shape, or an option is wrong.
        UnknownName: there is no step, contract, model, collection, prompt, guard or flow of a name.
    """
    if not isinstance(node.content, list) or not node.content:
        raise InvalidSettings(
            "settings_wrong_type",
            f"{node.path} is {shown(node.plain())}",
            where=node.where,
            hint="write a list of steps, such as `- retrieve: {collection: policies}`",
        )
    made = [_step(each, parts) for each in node.content]
    _check_order(node.content, made)
    return Steps(tuple(made), parts.work)


def _check_order(nodes: Sequence[Node], made: Sequence[tuple[str, Step]]) -> None:
    """Refuse a flow that never answers, and steps that stand where they never act."""
    names = [name for name, _ in made]
    if not {"answer", "route"} & set(names):
        raise _misplaced(
            nodes[-1], "no step of the flow answers", "end it with `answer` or `route`"
        )
    for at, (_, step) in enumerate(made):
        before = set(names[:at])
        if isinstance(step, AnswerStep) and step.quotes and "retrieve" not in before:
            what = "the step has no model, and nothing was retrieved to quote"
            hint = "give it a `model`, or let a `retrieve` step go before it"
            raise _misplaced(nodes[at], what, hint)
        if not isinstance(step, GuardStep):
            continue
        answers = {"answer", "route", "extract", "cache"} & before
        if step.place == "output" and not answers:
            raise _misplaced(
                nodes[at], "nothing is answered yet that it could judge", "move it down"
            )
        if step.place == "input" and {"answer", "route"} & before:
            raise _misplaced(nodes[at], "what was asked is answered already", "move it up")
        if step.place == "passage" and "retrieve" not in before:
            raise _misplaced(
                nodes[at], "nothing is retrieved yet that it could judge", "move it down"
            )


def _misplaced(node: Node, what: str, hint: str) -> InvalidSettings:
    return InvalidSettings("settings_wrong_value", what, where=node.where, hint=hint)


def _step(node: Node, parts: Parts) -> tuple[str, Step]:
    content = node.content
    if isinstance(content, str):  # a step without options: `- cache`
        content = {content: Node({}, node.origin, node.line, f"{node.path}.{content}")}
    if not isinstance(content, dict) or len(content) != 1:
        raise InvalidSettings(
            "settings_wrong_type",
            f"{node.path} is {shown(node.plain())}",
            where=node.where,
            hint="write one step per item, such as `- retrieve: {collection: policies}`",
        )
    ((name, options),) = content.items()
    if name not in steps.names():
        raise UnknownName.of("unknown_component", "step", name, steps.names(), options.where)
    kind = steps.load(name)
    try:
        return name, kind(parse(kind.Options, options), parts)
    except PlaitError as error:
        error.where = error.where if ":" in error.where else options.where
        raise
