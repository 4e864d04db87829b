"""How private a piece of content is."""

from enum import IntEnum


class Privacy(IntEnum):
    """Levels in order; an exchange has the highest of everything it touched."""

    PUBLIC = 0
    INTERNAL = 1
    PERSONAL = 2
    SECRET = 3

    @property
    def word(self) -> str:
        """The level as it is written in settings: `public`, `internal`, `personal`, `secret`."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> "Privacy":
        """Return the level written `word`.

        Raises:
            ValueError: no level is written so.
        """
        try:
            return cls[word.upper()]
        except KeyError:
            raise ValueError(f"privacy is one of {', '.join(p.word for p in cls)}") from None
