"""What plait.yaml says of a flow becomes steps."""

from plait.core.errors import InvalidSettings, PlaitError, UnknownName, shown
from plait.core.protocol import Step
from plait.core.settings import Node, parse
from plait.flow.base import Parts, steps
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
    return Steps(tuple(_step(each, parts) for each in node.content), parts.work)


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
