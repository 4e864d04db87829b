"""plait: classical machine learning and deep learning in one service, chosen by evidence.

`app = plait.open("plait.yaml")` opens a project; `app.train("loan-approval")` decides who answers,
`app.predict("loan-approval", row, reasons=3)` answers, `app.explain(id)` tells all about an answer.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plait.app.app import App
    from plait.app.app import open_project as open
    from plait.core.errors import PlaitError
    from plait.train.from_sklearn import from_sklearn

__all__ = ["App", "PlaitError", "__version__", "from_sklearn", "open"]

_PUBLIC = {
    "App": ("plait.app.app", "App"),
    "PlaitError": ("plait.core.errors", "PlaitError"),
    "from_sklearn": ("plait.train.from_sklearn", "from_sklearn"),
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
