"""plait: classical machine learning and deep learning in one service, chosen by evidence.

    import plait

    app = plait.open("plait.yaml")
    decision = app.train("loan-approval")
    app.predict("loan-approval", {"income": 5200, ...}, reasons=3)
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plait.app.app import App
    from plait.app.app import open_project as open
    from plait.core.errors import PlaitError

__all__ = ["App", "PlaitError", "__version__", "open"]

_PUBLIC = {
    "App": ("plait.app.app", "App"),
    "PlaitError": ("plait.core.errors", "PlaitError"),
    "open": ("plait.app.app", "open_project"),
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `import plait` costs nothing."""
    if name == "__version__":
        return version("plait")
    if name in _PUBLIC:
        module, attribute = _PUBLIC[name]
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'plait' has no attribute {name!r}")
