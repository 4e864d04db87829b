"""Labels that look wrong, by the numbers of their rows: never by what the rows say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plait.core.ids import Json

SHOWN = 20
"""A person looks at so many rows; the rest is a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """Labels worth a second look.

    Attributes:
        labels: how many.
        by_chance: how many would look so if none were wrong and outcomes were as uncertain as the
            winner's probabilities say.
        rows: the surest of them, at most 20: rows of the data, of which the first is 1.
    """

    labels: int
    by_chance: float
    rows: tuple[int, ...]

    @property
    def said(self) -> str:
        """All of it for a person."""
        more = self.labels - len(self.rows)
        rows = ", ".join(map(str, self.rows)) + (f" and {more:,} more" if more else "")
        several = self.labels > 1
        labels, row, they = ("labels", "rows", "They") if several else ("label", "row", "It")
        return (
            f"{self.labels:,} {labels} worth a second look: {row} {rows} of the data (the first is "
            "1). To models that had not seen them another class is far likelier. "
            f"{they} need not be wrong: were every label right, about {self.by_chance:.3g} would "
            "look so, for outcomes are not certain."
        )

    def record(self) -> dict[str, Json]:
        """Return it ready for JSON."""
        return {"labels": self.labels, "by_chance": self.by_chance, "rows": list(self.rows)}

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Doubts":
        """Return what `record()` wrote."""
        parts: dict[str, Any] = dict(record)
        return cls(**{**parts, "rows": tuple(parts["rows"])})
