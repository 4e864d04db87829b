"""Language models behind any server that speaks OpenAI's protocol."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from plait.core.context import Context
from plait.core.errors import EngineError
from plait.core.prompt import Chunk, Prompt
from plait.engines.model import Secret
from plait.engines.upstream import Target, Upstream

OPENAI = "https://api.openai.com/v1"
OPENAI_KEY = "OPENAI_API_KEY"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_KEEP_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAIOptions:
    """What plait.yaml says about a model of the engine `openai`.

    Attributes:
        model: the server's name for it.
        base_url: of the server, up to `/v1`.
        key_env: variable that holds the API key. By default it is OPENAI_API_KEY for OpenAI's own
            server and none for others, so that a key never goes to somebody else's.
        remote: whether what it is asked leaves this machine; false is for a server here that
            passes nothing on.
        max_tokens: of an answer whose request does not say.
        context_tokens: most that prompt and answer can have together; None when nobody knows.
        price_in_usd: of a million tokens read.
        price_out_usd: of a million tokens generated.
        timeout_seconds: how long the server may say nothing.
        retries: how often a request that failed for a passing reason is tried again.
    """

    model: str
    base_url: str = OPENAI
    key_env: str | None = None
    remote: bool = True
    max_tokens: int = 512
    context_tokens: int | None = None
    price_in_usd: float | None = None
    price_out_usd: float | None = None
    timeout_seconds: float = 60.0
    retries: int = 2

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"base_url is {self.base_url!r}: write http://HOST/v1 or https://...")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("base_url holds more than an address: a key belongs in key_env")
        if self.max_tokens < 1 or (self.context_tokens is not None and self.context_tokens < 1):
            raise ValueError("max_tokens and context_tokens are at least 1")
        if min(self.price_in_usd or 0.0, self.price_out_usd or 0.0, self.retries) < 0:
            raise ValueError("prices and retries are not negative")
        if not self.timeout_seconds > 0:
            raise ValueError("timeout_seconds is more than 0")

    @property
    def host(self) -> str:
        """Where what it is asked goes."""
        return urlsplit(self.base_url).netloc

    @property
    def key_name(self) -> str:
        """The variable that holds the API key; "" when the server asks for none."""
        return self.key_env or (OPENAI_KEY if self.base_url == OPENAI else "")


class OpenAI:
    """A model behind a server. Safe between threads and event loops.

    Attributes:
        name: under which plait.yaml has it.
        remote: whether what it is asked leaves this machine.
    """

    Options = OpenAIOptions

    def __init__(
        self, name: str, options: OpenAIOptions, *, weights: Path | None = None, secret: Secret
    ) -> None:
        """Connect to nothing yet; see `plait.engines.model.ModelEngine`."""
        assert weights is None, "the engine `openai` has no weights of its own"
        self.name = name
        self.remote = options.remote
        self._options = options
        self._secret = secret
        self._known: Target | None = None
        self._upstream = Upstream(
            silence_seconds=options.timeout_seconds,
            retries=options.retries,
            keep_seconds=_KEEP_SECONDS,
            proxies=urlsplit(options.base_url).hostname not in LOOPBACK,
        )

    def stream(self, prompt: Prompt, context: Context) -> AsyncGenerator[Chunk]:
        """Yield the answer as it comes; see `plait.core.protocol.Generator.stream`.

        The last chunk alone has `finish` and `prompt_tokens`.

        Raises:
            EngineError: `upstream_unreachable`, `upstream_failed`, `upstream_garbled` or
                `upstream_refused`.
            InvalidRequest: `prompt_too_long`, or `request_upstream` when the server does not take
                the request.
            BudgetExceeded, Cancelled: nobody waits, or the tokens or the money are spent.
            MissingExtra: aiohttp is not installed.
        """
        return self._upstream.stream(self._target, prompt, context)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._upstream.close()

    def _target(self) -> Target:
        if self._known is None:
            options = self._options
            where = f"model {self.name!r} at {options.host}"
            key = self._secret(options.key_name) if options.key_name else ""
            if key is None:
                raise EngineError(
                    "upstream_refused",
                    f"there is no {options.key_name}, which holds the key of {options.host}",
                    where=where,
                    hint="set it in the environment or in the project's .env",
                )
            host = urlsplit(options.base_url).hostname or ""
            own = host.endswith(("openai.com", "openai.azure.com"))
            self._known = Target(
                where=where,
                url=options.base_url.rstrip("/"),
                model=options.model,
                key=key.strip(),
                max_tokens=options.max_tokens,
                limit_key="max_completion_tokens" if own else "max_tokens",
                context_tokens=options.context_tokens,
                price_in_usd=options.price_in_usd or 0.0,
                price_out_usd=options.price_out_usd or 0.0,
            )
        return self._known
