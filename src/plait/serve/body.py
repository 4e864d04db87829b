"""A JSON object that a caller sent, read key by key; each mistake says where it is."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from plait.core.errors import InvalidRequest, shown, suggestion
from plait.core.ids import Json

_WHOLE = 2**63


@dataclass(frozen=True, slots=True)
class Body:
    """An object of a request. A key that is absent and one that is null mean the same.

    Attributes:
        values: key -> value, as it came.
        place: where the object stands in the request, such as `messages[0]`; "" for the whole.
    """

    values: Mapping[str, object]
    place: str = ""

    def at(self, name: str) -> str:
        """Return where a key stands in the request."""
        return f"{self.place}.{name}" if self.place else name

    def wrong(self, name: str, expected: str, hint: str = "") -> InvalidRequest:
        """Return the error for a value that is not what was `expected`."""
        value = self.values.get(name)
        place = self.at(name)
        found = (
            f"`{place}` is missing: send" if value is None else f"`{place}` {shown(value)} is not"
        )
        return InvalidRequest("request_shape", f"{found} {expected}", where=place, hint=hint)

    def only(
        self, known: Collection[str], idle: Iterable[str], unlike: Mapping[str, tuple[object, ...]]
    ) -> None:
        """Check that nothing is asked for which would not be done.

        Args:
            known: keys that are read.
            idle: keys that change nothing in an answer, so that they may be sent.
            unlike: key -> the values that ask for nothing; any other asks for what is not done.

        Raises:
            InvalidRequest: `request_unsupported`, or `request_shape` for an unknown key.
        """
        for name in self.values.keys() - known - set(idle):
            value = self.values[name]
            if name not in unlike:
                raise InvalidRequest(
                    "request_shape",
                    f"unknown key {shown(name)}",
                    where=self.at(name[:60]),
                    hint=suggestion(name, known),
                )
            if value is not None and value not in unlike[name]:
                raise unsupported(self.at(name), f"`{name}` = {shown(value)}")

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; without a `default` it must be there and hold more than white space."""
        value = self.values.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self.wrong(name, "text")
        return value

    def flag(self, name: str) -> bool:
        """Return true or false; false when absent."""
        value = self.values.get(name)
        if not isinstance(value, bool | None):
            raise self.wrong(name, "true or false")
        return bool(value)

    def whole(self, name: str, low: int = -_WHOLE, high: int = _WHOLE - 1) -> int | None:
        """Return a whole number between two, ends included."""
        value = self.values.get(name)
        if value is None:
            return None
        if type(value) is not int or not low <= value <= high:
            bounds = f"from {low} " + ("up" if high == _WHOLE - 1 else f"to {high}")
            raise self.wrong(name, "a whole number" + (f" {bounds}" if low > -_WHOLE else ""))
        return value

    def number(self, name: str, low: float, high: float) -> float | None:
        """Return a number between two, ends included."""
        value = self.values.get(name)
        if value is None:
            return None
        if type(value) not in (int, float) or not low <= cast("float", value) <= high:
            raise self.wrong(name, f"a number from {low:g} to {high:g}")
        return float(cast("float", value))

    def object(self, name: str) -> "Body | None":
        """Return an object within this one."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return Body(value, self.at(name))

    def objects(self, name: str) -> "list[Body]":
        """Return a list of objects; an empty one when absent."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(name, "a list")
        found = []
        for place, each in enumerate(value):
            if not isinstance(each, dict):
                where = f"{self.at(name)}[{place}]"
                raise InvalidRequest(
                    "request_shape", f"{shown(each)} is not an object", where=where
                )
            found.append(Body(each, f"{self.at(name)}[{place}]"))
        return found

    def texts(self, name: str, most: int) -> tuple[str, ...]:
        """Return a text, or a list of up to `most`, as a tuple; none of them is empty."""
        value = self.values.get(name)
        if value is None:
            return ()
        several = value if isinstance(value, list) else [value]
        if len(several) > most or not several:
            raise self.wrong(name, f"a text or a list of 1 to {most}")
        for place, each in enumerate(several):
            if not isinstance(each, str) or not each:
                where = f"{self.at(name)}[{place}]" if value is several else self.at(name)
                raise InvalidRequest(
                    "request_shape",
                    f"{shown(each)} is not a text with something in it",
                    where=where,
                )
        return tuple(several)

    def json(self) -> Mapping[str, Json]:
        """Return the object as it came."""
        return cast("Mapping[str, Json]", self.values)


def unsupported(where: str, what: str, hint: str = "") -> InvalidRequest:
    """Return the error for a wish that is understood and not served."""
    return InvalidRequest("request_unsupported", f"{what} is not served", where=where, hint=hint)
