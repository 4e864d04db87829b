"""What is here: the machine, the libraries, the weights and the project; nothing is changed."""

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import cast

from plait.app.check_flow import check_flows
from plait.app.embedder import DERIVED
from plait.app.models import engine_of, kind_of, without_engine
from plait.app.settings import FILE, Project, cache_folder, environment, load_project
from plait.core.errors import PlaitError
from plait.core.extras import EXTRAS, installed, missing
from plait.core.ids import Json
from plait.core.settings import Node, parse
from plait.engines.device import Gpu, cores, gpus, runtimes
from plait.engines.llamacpp import LlamaCppOptions
from plait.engines.model import models
from plait.engines.openai import OpenAIOptions
from plait.registry.catalogue import list_rows
from plait.registry.pull import find_pulled

FEATURES = (
    "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8",
    "asimd", "asimddp", "i8mm",
)  # fmt: skip
"""What makes arithmetic of models fast on x86 and ARM, in Linux's names."""

_LIMIT = Path("/sys/fs/cgroup/memory.max")  # of a container


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What models run on.

    Attributes:
        system: its operating system.
        processor: its name.
        features: of `FEATURES`, those it has; empty where the system does not tell.
        cores: processors that plait may use.
        memory: bytes that plait may use; 0 where the system does not tell.
        gpus: graphics processors that NVIDIA's driver tells of.
        runtimes: name of a runtime -> what it could run on.
    """

    system: str
    processor: str
    features: tuple[str, ...]
    cores: int
    memory: int
    gpus: tuple[Gpu, ...]
    runtimes: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """An optional library.

    Attributes:
        name: as it is imported.
        extra: that brings it.
        version: of what is installed; "" when nothing is.
        install: the line that installs it; "" when it is.
    """

    name: str
    extra: str
    version: str
    install: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A row of the catalogue.

    Attributes:
        name: of the row.
        size: bytes once it is here.
        here: whether it is.
    """

    name: str
    size: int
    here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelState:
    """A model of the project.

    Attributes:
        name: in plait.yaml.
        engine: that runs it.
        wants: what it still needs, and how to get it; "" when nothing.
    """

    name: str
    engine: str
    wants: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectState:
    """A project.

    Attributes:
        name: of the project; "" when its settings cannot be read.
        store: its folder.
        made: whether the store is there yet.
        models: of the project.
        error: what is wrong with its settings; "" when nothing.
    """

    name: str = ""
    store: str = ""
    made: bool = False
    models: tuple[ModelState, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What `plait doctor` tells.

    Attributes:
        plait: its version.
        python: its version.
        machine: what models run on.
        libraries: the optional ones.
        weights: what the catalogue offers.
        project: the one in the folder; None when there is none.
    """

    plait: str
    python: str
    machine: Machine
    libraries: tuple[Library, ...]
    weights: tuple[Weights, ...]
    project: ProjectState | None

    def record(self) -> dict[str, Json]:
        """Return the findings ready for JSON."""
        return cast("dict[str, Json]", asdict(self))


def examine(folder: Path) -> Findings:
    """Return what is here, and in the project of `folder` or of its plait.yaml if there is one."""
    cache = cache_folder()
    there = folder.is_file() or (folder / FILE).is_file()
    return Findings(
        plait=version("plait"),
        python=platform.python_version(),
        machine=_machine(),
        libraries=tuple(_libraries()),
        weights=tuple(
            Weights(name=row.name, size=row.size, here=find_pulled(row.name, cache) is not None)
            for row in list_rows()
            if row.kind == "weights"
        ),
        project=_project(folder) if there else None,
    )


def _machine() -> Machine:
    told = _cpuinfo()
    flags = set((told.get("flags") or told.get("Features", "")).split())
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        processor=told.get("model name") or platform.processor() or platform.machine(),
        features=tuple(name for name in FEATURES if name in flags),
        cores=cores(),
        memory=_memory(),
        gpus=tuple(gpus()),
        runtimes=runtimes(),
    )


def _cpuinfo() -> Mapping[str, str]:
    """Return what Linux tells of its first processor."""
    try:
        text = Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _memory() -> int:
    """Return the machine's memory, or the container's where that is less."""
    try:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return 0
    try:
        limit = _LIMIT.read_text().strip()
    except OSError:
        return found
    return min(found, int(limit)) if limit.isdigit() else found


def _libraries() -> Iterator[Library]:
    owners = packages_distributions()
    for name, extra in sorted(EXTRAS.items(), key=lambda row: (row[1], row[0])):
        if not installed(name):
            yield Library(name=name, extra=extra, version="", install=missing(name).hint)
            continue
        try:
            found = version(owners.get(name, [name])[0])
        except PackageNotFoundError:  # it was put there by hand
            found = "unknown"
        yield Library(name=name, extra=extra, version=found, install="")


def _project(folder: Path) -> ProjectState:
    try:
        project = load_project(folder)
        check_flows(project)
    except PlaitError as error:
        return ProjectState(error=str(error))
    nodes = project.settings.models
    return ProjectState(
        name=project.settings.project,
        store=str(project.store),
        made=project.store.is_dir(),
        models=tuple(
            ModelState(name=name, engine=engine_of(node), wants=_wants(project, node))
            for name, node in nodes.items()
        ),
    )


def _wants(project: Project, node: Node) -> str:
    """Return what a model needs and does not have."""
    kind = kind_of(node)
    if kind != "model":
        told = without_engine(node).plain()
        weights = str(told.get("weights", "")) if isinstance(told, Mapping) else ""
        if kind == "checkpoint":
            return "" if (project.folder / weights).is_file() else f"there is no file {weights}"
        return _unpulled(DERIVED.get(weights, weights))
    options = parse(models.load(engine_of(node)).Options, without_engine(node))
    if isinstance(options, LlamaCppOptions):
        if (project.folder / options.weights).is_file():
            return ""
        return _unpulled(options.weights)
    if isinstance(options, OpenAIOptions) and options.key_name:
        key = environment(project.folder, options.key_name)
        return "" if key else f"set {options.key_name} in the environment or in .env"
    return ""


def _unpulled(weights: str) -> str:
    known = {row.name for row in list_rows()}
    if weights not in known:
        return f"there are no weights {weights!r}"
    here = find_pulled(weights, cache_folder()) is not None
    return "" if here else f"plait models pull {weights}"
