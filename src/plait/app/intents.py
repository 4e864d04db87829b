"""A file of intents: descriptions and a few examples of each, as a table of texts."""

from dataclasses import dataclass
from pathlib import Path

from plait.app.yaml_node import read_yaml
from plait.core.contract import Contract
from plait.core.errors import InvalidData, InvalidSettings
from plait.core.settings import parse
from plait.store.frame import Frame

SUFFIXES = (".yaml", ".yml")
TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One level of a text contract, in a person's words.

    Attributes:
        description: what it is about; read as one more example.
        examples: what people say who mean it.
    """

    description: str = ""
    examples: tuple[str, ...] = ()


def read_intents(path: Path, contract: Contract) -> Frame:
    """Return the intents of a YAML file as texts with their level.

    Args:
        path: `{intent: {description: ..., examples: [...]}, ...}`.
        contract: names the columns.

    Raises:
        InvalidData: `data_missing`, `data_empty`.
        InvalidSettings: it is no YAML, or of another shape; the line is named.
    """
    if not path.is_file():
        raise InvalidData(
            "data_missing",
            "there is no such file",
            where=str(path),
            hint="write one: {intent: {description: ..., examples: [...]}}",
        )
    node = read_yaml(path)
    if node.content is None:
        raise InvalidData("data_empty", "it holds no intent", where=str(path))
    if not isinstance(node.content, dict):
        raise InvalidSettings(
            "settings_wrong_type",
            "it is no mapping of intents",
            where=node.where,
            hint="write {intent: {description: ..., examples: [...]}}",
        )
    texts: list[str] = []
    levels: list[str] = []
    for name, each in node.content.items():
        intent = parse(Intent, each)
        said = [text for text in (intent.description, *intent.examples) if text.strip()]
        texts += said
        levels += [name] * len(said)
    return Frame.of({contract.text or TEXT: texts, contract.target: levels})
