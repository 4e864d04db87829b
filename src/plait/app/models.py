"""The models of a project: what `models:` in plait.yaml names, made when they are first asked."""

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import RLock

from plait.app.loop import Loop
from plait.app.settings import Project, cache_folder, environment
from plait.core.errors import InvalidSettings, UnknownName
from plait.core.protocol import Embedder, Generator
from plait.core.settings import Node, parse
from plait.engines.model import models as engines
from plait.registry.catalogue import find_row, list_rows
from plait.registry.pull import pull

EMBEDS = "onnx"
"""The engine of models that make vectors."""


class Models:
    """Generators and embedders by name. Safe between threads."""

    def __init__(self, project: Project, embedder_of: Callable[[str], Embedder]) -> None:
        self._project = project
        self._nodes = project.settings.models
        self._embedder_of = embedder_of
        self._generators: dict[str, Generator] = {}
        self._lock = RLock()

    def names(self) -> Mapping[str, str]:
        """Return what each model is: `model` or `embedder`."""
        return {
            name: "embedder" if engine_of(node) == EMBEDS else "model"
            for name, node in self._nodes.items()
        }

    def generator(self, name: str) -> Generator:
        """Return what runs a language model.

        Raises:
            UnknownName: there is no such model, or it makes vectors.
            InvalidSettings: its settings are wrong.
            OriginError: its weights cannot be pulled.
            MissingExtra: its engine's library is not installed.
        """
        node = self._node(name)
        if engine_of(node) == EMBEDS:
            speak = [each for each, kind in self.names().items() if kind == "model"]
            raise UnknownName.of("unknown_model", "language model", name, speak)
        with self._lock:
            if name not in self._generators:
                self._generators[name] = self._make(name, node)
            return self._generators[name]

    def embedder(self, name: str) -> Embedder:
        """Return what makes vectors; raises as `generator` does."""
        node = self._node(name)
        if engine_of(node) != EMBEDS:
            embed = [each for each, kind in self.names().items() if kind == "embedder"]
            raise UnknownName.of("unknown_model", "embedding model", name, embed)
        return self._embedder_of(_text(node, "weights", name))

    def close(self, loop: Loop) -> None:
        """End what runs."""
        with self._lock:
            for generator in self._generators.values():
                loop.run(generator.close())
            self._generators.clear()

    def _node(self, name: str) -> Node:
        if name not in self._nodes:
            raise UnknownName.of("unknown_model", "model", name, list(self._nodes))
        return self._nodes[name]

    def _make(self, name: str, node: Node) -> Generator:
        kind = engines.load(engine_of(node))
        options = parse(kind.Options, without_engine(node))
        weights = getattr(options, "weights", "")
        return kind(
            name,
            options,
            weights=self._weights(weights, node) if weights else None,
            secret=lambda key: environment(self._project.folder, key),
        )

    def _weights(self, weights: str, node: Node) -> Path:
        """Return the file of weights: a path of the project, or a row of the catalogue."""
        path = self._project.folder / weights
        if path.suffix:
            if path.is_file():
                return path
            raise InvalidSettings(
                "settings_wrong_value", f"there is no file {weights}", where=node.where
            )
        rows = [row.name for row in list_rows() if row.kind == "weights"]
        if weights not in rows:
            raise UnknownName.of("unknown_catalogue_row", "weights", weights, rows, node.where)
        pulled = pull(find_row(weights).name, cache_folder())
        return next(path for path in pulled.files.values() if path.suffix == ".gguf")


def engine_of(node: Node) -> str:
    """Return the engine that a model's settings name.

    Raises:
        InvalidSettings: they name none.
        UnknownName: there is no such engine.
    """
    engine = _text(node, "engine", node.path.rpartition(".")[2])
    known = [EMBEDS, *engines.names()]
    if engine not in known:
        raise UnknownName.of("unknown_component", "engine", engine, known, node.where)
    return engine


def without_engine(node: Node) -> Node:
    """Return a model's settings as its engine reads them."""
    content = node.content if isinstance(node.content, dict) else {}
    kept = {key: child for key, child in content.items() if key != "engine"}
    return Node(kept, node.origin, node.line, node.path)


def _text(node: Node, key: str, name: str) -> str:
    content = node.content
    if not isinstance(content, dict):
        raise InvalidSettings(
            "settings_wrong_type",
            f"the model {name!r} is not a mapping",
            where=node.where,
            hint="write {engine: llamacpp, weights: smollm2-135m}",
        )
    if key not in content:
        raise InvalidSettings(
            "settings_missing_key",
            f"the model {name!r} lacks {key!r}",
            where=node.where,
            hint=f"add `{key}: ...`",
        )
    return str(content[key].content)
