"""The sentence encoder of a race of texts: the project's own, or a note on what goes without."""

from plait.app.embedder import DERIVED, embedder_of
from plait.app.settings import Project, cache_folder
from plait.core.contract import Contract
from plait.core.errors import MissingExtra, OriginError
from plait.core.extras import installed
from plait.registry.pull import pull
from plait.store.base import Store
from plait.train.base import base_of, candidate_names, text_recipes
from plait.train.encoder import Encoder

WEIGHTS = "minilm-l6-int8"


def encoder_of(
    store: Store, project: Project, contract: Contract
) -> tuple[Encoder | None, tuple[str, ...]]:
    """Return the encoder, or None, with a note on the candidates that are left out for want of it.

    Raises:
        MissingExtra, OriginError: there is none, and the contract names no candidate without.
    """
    if contract.task != "text":
        return _encoder_of_columns(store, project, contract)
    wanted = [base_of(name) for name in contract.candidates or candidate_names("text")]
    needs = {name: _needs(name) for name in wanted}
    names = [each for each, of in needs.items() if contract.candidates or not of or installed(of)]
    encoded = [name for name in names if text_recipes.load(name).needs_encoder]
    if not encoded:
        return None, ()
    try:
        artefact = embedder_of(store, project, WEIGHTS).artefact
    except (MissingExtra, OriginError) as error:
        if len(encoded) == len(names):
            raise
        left = ", ".join(encoded)
        return None, (f"Left out for want of a sentence encoder: {left}: {error}.",)
    tuned = [name for name in encoded if needs[name]]
    if not tuned:
        return Encoder(artefact), ()
    try:
        published = pull(DERIVED[WEIGHTS], cache_folder()).folder
        return Encoder(artefact, published=published), ()
    except OriginError as error:
        if len(tuned) == len(names):
            raise
        left = ", ".join(tuned)
        return Encoder(artefact), (f"Left out for want of weights to train: {left}: {error}.",)


def _needs(name: str) -> str:
    """Return the optional library that a candidate trains the encoder with; "" for none."""
    return str(getattr(text_recipes.load(name), "needs", ""))


def _encoder_of_columns(
    store: Store, project: Project, contract: Contract
) -> tuple[Encoder | None, tuple[str, ...]]:
    """Return the encoder if candidates may learn from a column's text; a note where it lacks."""
    read = sorted(name for name, note in contract.features.items() if note.embed)
    if not read:
        return None, ()
    try:
        return Encoder(embedder_of(store, project, WEIGHTS).artefact), ()
    except (MissingExtra, OriginError) as error:
        left = ", ".join(read)
        return None, (f"Left out for want of a sentence encoder: the text of {left}: {error}.",)
