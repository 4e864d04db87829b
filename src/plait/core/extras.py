"""Which optional library comes with which extra, in one table."""

from importlib.util import find_spec

from plait.core.errors import MissingExtra

EXTRAS = {
    "aiohttp": "chat",
    "faiss": "search",
    "onnx": "search",
    "onnxruntime": "search",
    "psycopg": "postgres",
    "pypdfium2": "search",
    "spacy": "guard",
    "tabicl": "icl",
    "tantivy": "search",
    "tokenizers": "search",
    "torch": "deep",
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


def installed(library: str) -> bool:
    """Tell whether a library could be imported, without importing it."""
    return find_spec(library) is not None
