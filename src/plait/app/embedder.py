"""The embedder of a project: made once from published weights, kept as an artefact, loaded once."""

from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from plait.app.settings import Project, cache_folder
from plait.core.errors import UnknownName
from plait.core.privacy import Privacy
from plait.engines.base import read_artefact
from plait.engines.onnx import OnnxEmbedder
from plait.registry.artefact import artefact_folder, register_artefact
from plait.registry.lock import held
from plait.registry.origin import Report
from plait.store.base import Store
from plait.store.fault import faults
from plait.store.record import ArtefactRow
from plait.train.embedding import make_with_loss

DERIVED = {"minilm-l6-int8": "minilm-l6"}
"""Name of weights that plait makes -> the row of the catalogue that it makes them from."""

TENANT = "default"
_loaded: dict[tuple[Path, str], OnnxEmbedder] = {}  # a session of ONNX Runtime per process
_loading = Lock()


def embedder_of(
    store: Store, project: Project, weights: str, *, progress: Report | None = None
) -> OnnxEmbedder:
    """Return what runs `weights`; the first call makes them, and keeps what 8 bits lost.

    Args:
        store: of the project; it keeps the artefact, and the loss in the audit chain.
        project: whose embedder it is.
        weights: a name in `DERIVED`.
        progress: told how far a pull is.

    Raises:
        UnknownName: there are no weights of that name.
        OriginError: what they are made from cannot be pulled.
        MissingExtra: ONNX Runtime, onnx or tokenizers is not installed.
        EngineError, StoreError: the artefact is damaged, or cannot be kept.
    """
    if weights not in DERIVED:
        raise UnknownName.of("unknown_catalogue_row", "embedding weights", weights, DERIVED)
    with _loading:
        known = (project.store.resolve(), weights)
        if known not in _loaded:
            artefact = find_weights(store, weights) or _make(store, project, weights, progress)
            folder = artefact_folder(store, artefact, project.store / "artefacts")
            _loaded[known] = OnnxEmbedder(read_artefact(folder, verify=False))  # it just was
        return _loaded[known]


def find_weights(store: Store, weights: str) -> str | None:
    """Return the id of the artefact that is kept under a name of weights, if it was made."""
    rows = store.find(ArtefactRow, contract=weights, limit=1)
    return rows[0].id if rows else None


def _make(store: Store, project: Project, weights: str, progress: Report | None) -> str:
    """Make the artefact and measure its loss, unless another process is just doing it."""
    with faults(project.store), held(project.store / "embedder.lock", waiting=lambda: None):
        found = find_weights(store, weights)
        if found is not None:
            return found
        with TemporaryDirectory() as scratch:
            source, cache = DERIVED[weights], cache_folder()
            made = make_with_loss(source, Path(scratch), cache=cache, progress=progress)
            loss, artefact = made.loss, made.artefact
            told = {"mean cosine": loss.mean, "worst cosine": loss.worst, "texts": loss.texts}
            with store.transaction():
                register_artefact(
                    store, artefact, contract=weights, tenant=TENANT, privacy=Privacy.PUBLIC
                )
                store.audit("plait", "make", artefact.id, {"weights": weights, **told})
        return artefact.id
