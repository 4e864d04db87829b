"""A language model that says what a test wrote for it."""

from collections.abc import AsyncGenerator, Sequence

from plait.core.context import Context
from plait.core.errors import PlaitError
from plait.core.prompt import Chunk, Prompt


class ScriptedGenerator:
    """Says its script piece by piece, whatever it is asked.

    Attributes:
        name: the model that speaks.
        remote: whether it is to be taken for one on another machine.
        asked: every prompt so far.
        closed: how many streams ended, by whatever way.
    """

    def __init__(
        self,
        script: Sequence[str | PlaitError],
        *,
        name: str = "scripted",
        remote: bool = False,
    ) -> None:
        """Say each text of `script`, and raise each error where it stands."""
        self.name = name
        self.remote = remote
        self.asked: list[Prompt] = []
        self.closed = 0
        self._script = script

    async def stream(self, prompt: Prompt, context: Context) -> AsyncGenerator[Chunk, None]:
        """Yield the script, a token a piece, then the end."""
        self.asked.append(prompt)
        try:
            for piece in self._script:
                context.check()
                if isinstance(piece, PlaitError):
                    raise piece
                yield Chunk(text=piece, tokens=1)
            yield Chunk(finish="stop", prompt_tokens=len(prompt.messages))
        finally:
            self.closed += 1

    async def close(self) -> None:
        """Let go of nothing."""
