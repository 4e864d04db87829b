"""The models of a project: what `models:` in plait.yaml names, made when they are first asked."""

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import RLock
from typing import Literal

from plait.app.loop import Loop
from plait.app.settings import Project, cache_folder, environment
from plait.core.contract import Contract
from plait.core.errors import InvalidSettings, UnknownName
from plait.core.protocol import Embedder, Generator
from plait.core.settings import Node, parse
from plait.engines.base import note_of
from plait.engines.llamacpp import LlamaCppOptions
from plait.engines.model import CHECKPOINTS, CheckpointOptions
from plait.engines.model import models as engines
from plait.registry.catalogue import find_row, list_rows
from plait.registry.pull import pull
from plait.train.base import ModelFile
from plait.train.names import weights_run

EMBEDS = "onnx"
"""The engine of models that make vectors."""

UNSAID = "unknown"
"""The licence of a file of weights that plait.yaml names by its path alone."""


class Models:
    """Generators and embedders by name. Safe between threads."""

    def __init__(self, project: Project, embedder_of: Callable[[str], Embedder]) -> None:
        self._project = project
        self._nodes = project.settings.models
        self._embedder_of = embedder_of
        self._generators: dict[str, Generator] = {}
        self._lock = RLock()

    def names(self) -> Mapping[str, str]:
        """Return what each model that can be asked is: `model` or `embedder`."""
        kinds = {name: kind_of(node) for name, node in self._nodes.items()}
        return {name: kind for name, kind in kinds.items() if kind != "checkpoint"}

    def generator(self, name: str) -> Generator:
        """Return what runs a language model.

        Raises:
            UnknownName: there is no such model, or it makes vectors, or only candidates run it.
            InvalidSettings: its settings are wrong.
            OriginError: its weights cannot be pulled.
            MissingExtra: its engine's library is not installed.
        """
        node = self._node(name)
        if kind_of(node) != "model":
            speak = [each for each, kind in self.names().items() if kind == "model"]
            raise UnknownName.of("unknown_model", "language model", name, speak)
        with self._lock:
            if name not in self._generators:
                self._generators[name] = self._make(name, node)
            return self._generators[name]

    def embedder(self, name: str) -> Embedder:
        """Return what makes vectors; raises as `generator` does."""
        node = self._node(name)
        if kind_of(node) != "embedder":
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
            weights=weights_of(self._project, weights, node) if weights else None,
            secret=lambda key: environment(self._project.folder, key),
        )


def model_files(project: Project, contract: Contract) -> dict[str, ModelFile]:
    """Return the weights that candidates of a contract run as they are, by `CANDIDATE@MODEL`.

    Raises:
        InvalidSettings: a file is not there.
        UnknownName: `unknown_model`, there is none any more; `unknown_catalogue_row`.
        OriginError: weights cannot be pulled.
    """
    found = {}
    for candidate in contract.candidates:
        name = candidate.partition("@")[2]
        if not name:
            continue
        node = project.settings.models.get(name)
        engine = weights_run(contract, candidate)
        rows = project.settings.models.items()
        able = [each for each, row in rows if engine_of(row) == engine]
        if node is None or name not in able:
            raise UnknownName.of("unknown_model", f"model of the engine {engine}", name, able)
        options: CheckpointOptions | LlamaCppOptions = (
            parse(CheckpointOptions, without_engine(node))
            if kind_of(node) == "checkpoint"
            else parse(LlamaCppOptions, without_engine(node))
        )
        path = weights_of(project, options.weights, node)
        licence = options.licence or UNSAID
        if not Path(options.weights).suffix:  # a row of the catalogue
            licence = find_row(options.weights).licence
            if options.licence not in ("", licence):
                raise InvalidSettings(
                    "settings_wrong_value",
                    f"{options.weights} is under {licence}, and not {options.licence}",
                    where=node.where,
                    hint="`licence` is of a file of your own: leave it out",
                )
        found[candidate] = ModelFile(
            name=name, path=path, licence=licence, sha256=note_of(path).sha256
        )
    return found


def weights_of(project: Project, weights: str, node: Node) -> Path:
    """Return the file of weights: a path of the project, or a row of the catalogue.

    Args:
        project: relative to whose folder a path is.
        weights: what its settings name.
        node: these settings.

    Raises:
        InvalidSettings: `settings_wrong_value`, there is no such file.
        UnknownName: `unknown_catalogue_row`.
        OriginError: they cannot be pulled.
    """
    path = project.folder / weights
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


def kind_of(node: Node) -> Literal["model", "embedder", "checkpoint"]:
    """Return what a model's settings describe: what speaks, makes vectors, or candidates run.

    Raises as `engine_of`.
    """
    engine = engine_of(node)
    if engine in CHECKPOINTS:
        return "checkpoint"
    return "embedder" if engine == EMBEDS else "model"


def engine_of(node: Node) -> str:
    """Return the engine that a model's settings name.

    Raises:
        InvalidSettings: they name none.
        UnknownName: there is no such engine.
    """
    engine = _text(node, "engine", node.path.rpartition(".")[2])
    known = [EMBEDS, *CHECKPOINTS, *engines.names()]
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
