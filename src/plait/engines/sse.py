"""Server-sent events, read from bytes as they come."""

from plait.core.errors import EngineError

LONGEST_EVENT = 8 * 1024 * 1024


class EventReader:
    """Cuts a stream of bytes into the data of its events, as the WHATWG standard says."""

    __slots__ = ("_data", "_line", "_size")

    def __init__(self) -> None:
        self._line = b""  # the beginning of a line whose end has not come
        self._data: list[bytes] = []  # lines of data of the event that is open
        self._size = 0  # their bytes

    @property
    def rest(self) -> bool:
        """Whether an event has begun and not ended."""
        return bool(self._data or self._line.strip())

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of each event that `piece` ends; comments and other fields are left out.

        Raises:
            EngineError: `upstream_garbled`, when an event is longer than `LONGEST_EVENT`.
        """
        text = self._line + piece
        if b"\r" in text:
            held = text.endswith(b"\r")  # the other half of its line's end may be on the way
            text = text[:-1] if held else text
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") + b"\r" * held
        *lines, self._line = text.split(b"\n")
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                value = line[5:].removeprefix(b" ")
                self._data.append(value)
                self._size += len(value)
            elif not line and self._data:
                events.append(b"\n".join(self._data))
                self._data, self._size = [], 0
        if self._size + len(self._line) > LONGEST_EVENT:
            raise EngineError(
                "upstream_garbled",
                f"it sent an event longer than {LONGEST_EVENT:,} bytes",
                hint="see whether base_url is an OpenAI-compatible address",
            )
        return events
