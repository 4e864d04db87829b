"""The first step: may this request be answered at all?"""

from plait.core.context import Context
from plait.core.errors import InvalidRequest
from plait.core.exchange import Exchange

MAX_ROWS = 10_000


async def admit(exchange: Exchange, context: Context) -> Exchange:
    """Let the request in when its key may predict and its size is within bounds.

    Raises:
        NotAllowed: the key lacks the scope `predict`.
        InvalidRequest: no row, or more than `MAX_ROWS`.
    """
    context.principal.require("predict")
    count = len(exchange.request.rows)
    if not 1 <= count <= MAX_ROWS:
        raise InvalidRequest(
            "request_too_large" if count else "request_shape",
            f"{count} rows; a request holds 1 to {MAX_ROWS}",
            where="rows",
            hint="send files through `plait predict CONTRACT --file F --out G`" if count else "",
        )
    return exchange
