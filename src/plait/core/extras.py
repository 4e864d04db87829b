"""Which optional library comes with which extra, in one table."""

from plait.core.errors import MissingExtra

EXTRAS = {
    "aiohttp": "chat",
    "faiss": "search",
    "onnx": "search",
    "onnxruntime": "search",
    "psycopg": "postgres",
    "pypdfium2": "search",
    "spacy": "guard",
    "tantivy": "search",
    "tokenizers": "search",
    "xllamacpp": "chat",
}


def missing(library: str) -> MissingExtra:
    """Return the error that says how to install `library`."""
    extra = EXTRAS[library]
    return MissingExtra(
        "missing_extra",
        f"{library} is not installed",
        hint=f"pip install 'plait[{extra}]'",
    )
