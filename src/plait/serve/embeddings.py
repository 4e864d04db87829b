"""POST /v1/embeddings: texts in, vectors out."""

import struct
from asyncio import to_thread
from base64 import b64encode

from fastapi import APIRouter, Request, Response

from plait.core.columns import Column
from plait.core.errors import InvalidRequest, shown
from plait.core.ids import Json
from plait.core.request import EmbedRequest
from plait.core.response import EmbedResponse
from plait.serve import openai
from plait.serve.answer import Answering, rendered
from plait.serve.body import Body, unsupported
from plait.serve.call import Call
from plait.serve.shape import ERRORS
from plait.serve.sse import attended

_KNOWN = frozenset({"model", "input", "encoding_format", "dimensions"})
_INLINE = 16  # so many vectors are rendered while others wait


def router(answering: Answering) -> APIRouter:
    """Return the route of vectors."""
    routes = APIRouter(tags=["models"], responses=ERRORS)

    @routes.post(
        "/v1/embeddings", response_model=openai.Embeddings, openapi_extra=openai.EMBED_BODY
    )
    async def embed(request: Request) -> Response:
        """Turn texts into vectors of unit length."""

        async def work(body: Body, call: Call) -> Response:
            body.only(_KNOWN, ("user",), {})
            wanted = EmbedRequest(model=body.text("model"), texts=_texts(body))
            call.model = wanted.model
            form = body.text("encoding_format", "float")
            if form not in ("float", "base64"):
                raise body.wrong("encoding_format", "float or base64")
            width = body.whole("dimensions", 1)
            found = await attended(
                request.receive, call.context, answering.app.embed(wanted, call.context)
            )
            call.read = found.tokens
            if width is not None and width != len(found.vectors[0]):
                raise unsupported(
                    "dimensions",
                    f"{width} dimensions of {shown(wanted.model)}",
                    f"its vectors have {len(found.vectors[0])}",
                )
            if len(found.vectors) <= _INLINE:
                return rendered(_embeddings(found, form))
            return await to_thread(lambda: rendered(_embeddings(found, form)))

        return await answering("embedding", request, work)

    return routes


def _texts(body: Body) -> tuple[str, ...]:
    """Return what is to be turned into vectors.

    Raises:
        InvalidRequest: no text, an empty one, or token ids, which are of another model's tokens.
    """
    sent = body.values.get("input")
    first = sent[0] if isinstance(sent, list) and sent else None
    if type(first) in (int, list):
        hint = "send texts; LangChain: OpenAIEmbeddings(check_embedding_ctx_length=False)"
        raise unsupported("input", "input of token ids", hint)
    if sent is None:
        raise body.wrong("input", "a text or a list of texts")
    texts = body.texts("input", openai.MAX_TEXTS)
    for place, each in enumerate(texts):
        if not each.strip():
            where = f"input[{place}]" if isinstance(sent, list) else "input"
            raise InvalidRequest("request_shape", "there is nothing in it", where=where)
    return texts


def _embeddings(found: EmbedResponse, form: str) -> dict[str, Json]:
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": place, "embedding": _embedding(each, form)}
            for place, each in enumerate(found.vectors)
        ],
        "model": found.model,
        "usage": {"prompt_tokens": found.tokens, "total_tokens": found.tokens},
    }


def _embedding(vector: Column, form: str) -> str | list[float]:
    """Return a vector as a list, or as its little-endian 32-bit floats in base64."""
    numbers = [float(each) for each in vector]
    if form == "float":
        return numbers
    return b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
