"""Component tables: name -> class, explicit rows merged with those of installed plug-ins."""

from collections.abc import Collection, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar, cast

from plait.core.errors import EngineError, UnknownName

API = 1
T = TypeVar("T")


class Table(Generic[T]):
    """The components of one kind, imported when they are first asked for.

    A plug-in adds a row by an entry point in the group `plait.<kind>`; the object it names carries
    `api = 1`. A plug-in may not replace a row of plait's own.
    """

    def __init__(self, kind: str, rows: Mapping[str, str]) -> None:
        self.kind = kind
        self._rows = {name: EntryPoint(name, row, f"plait.{kind}") for name, row in rows.items()}
        self._loaded: dict[str, T] = {}
        self._merged = False

    def names(self) -> list[str]:
        """Return every name, plait's own first."""
        self._merge()
        return list(self._rows)

    def load(self, name: str) -> T:
        """Return the component called `name`.

        Raises:
            UnknownName: no row bears the name.
            EngineError: a plug-in cannot be imported, or was written for another version of plait.
        """
        if name not in self._loaded:
            if name not in self._rows:
                self._merge()
            if name not in self._rows:
                kind = f"component of {self.kind}"
                raise UnknownName.of("unknown_component", kind, name, self._rows)
            row = self._rows[name]
            own = row.module.startswith("plait.")
            self._loaded[name] = cast(T, row.load() if own else _plugged_in(row))
        return self._loaded[name]

    def packages(self, names: Collection[str]) -> tuple[str, ...]:
        """Return the installed packages that these rows come from; plait is none of them."""
        self._merge()
        from_package = [self._rows[name].dist for name in names if name in self._rows]
        return tuple(sorted({each.name for each in from_package if each is not None}))

    def _merge(self) -> None:
        if not self._merged:  # once, and late: it reads the metadata of every installed package
            for point in entry_points(group=f"plait.{self.kind}"):
                self._rows.setdefault(point.name, point)
            self._merged = True


def _plugged_in(row: EntryPoint) -> object:
    where, hint = f"{row.group} {row.name!r}", "upgrade the plug-in, or uninstall it"
    try:
        component = row.load()
    except Exception as error:  # importing runs a stranger's code, which may raise anything
        message = f"plug-in {row.value} cannot be imported: {error}"
        raise EngineError("component_broken", message, where=where, hint=hint) from error
    if getattr(component, "api", None) != API:
        message = f"plug-in {row.value} is not written for api {API}"
        raise EngineError("component_api", message, where=where, hint=hint)
    return component
