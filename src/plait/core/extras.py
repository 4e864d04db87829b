"""Which optional library comes with which extra, in one table."""

from plait.core.errors import MissingExtra

EXTRAS = {
    "onnx": "search",
    "onnxruntime": "search",
    "psycopg": "postgres",
    "pypdfium2": "search",
    "tokenizers": "search",
}


def missing(library: str) -> MissingExtra:
    """Return the error that says how to install `library`."""
    extra = EXTRAS[library]
    return MissingExtra(
        "missing_extra",
        f"{library} is not installed",
        hint=f"pip install 'plait[{extra}]'",
    )
