"""The headers that tell which request this is, and where its time went."""

from fastapi import Response

from plait.core.context import Context


def tell(response: Response, context: Context) -> float:
    """Put the id and the time of each stage so far into the headers; return the seconds in all."""
    trace = context.trace
    total = trace.elapsed()
    seconds = {**trace.seconds(), "total": total}
    timing = ", ".join(f"{name};dur={1000 * each:.3f}" for name, each in seconds.items())
    response.headers.append("x-request-id", trace.id)
    response.headers.append("server-timing", timing)
    return total
