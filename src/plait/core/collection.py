"""What a collection of documents is made of."""

from dataclasses import dataclass

from plait.core.privacy import Privacy


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionSettings:
    """What plait.yaml says of a collection.

    Attributes:
        paths: files or patterns of files, from the project's folder.
        embed: name of the model that makes its vectors; "" searches by words alone.
        privacy: how private its documents are.
        size: most characters of a passage.
    """

    paths: tuple[str, ...] = ()
    embed: str = ""
    privacy: Privacy = Privacy.INTERNAL
    size: int = 1200

    def __post_init__(self) -> None:
        if self.size < 100:
            raise ValueError("`size` is at least 100 characters")
