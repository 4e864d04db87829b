"""The sentence encoder of a race of texts: the project's own, or a note on what goes without."""

from plait.app.embedder import embedder_of
from plait.app.settings import Project
from plait.core.contract import Contract
from plait.core.errors import MissingExtra, OriginError
from plait.store.base import Store
from plait.train.base import candidate_names, text_recipes
from plait.train.encoder import Encoder

WEIGHTS = "minilm-l6-int8"


def encoder_of(
    store: Store, project: Project, contract: Contract
) -> tuple[Encoder | None, tuple[str, ...]]:
    """Return the encoder, or None with a note on the candidates that are left out for want of it.

    Raises:
        MissingExtra, OriginError: there is none, and the contract names no candidate without.
    """
    if contract.task != "text":
        return None, ()
    names = contract.candidates or candidate_names("text")
    encoded = [name for name in names if text_recipes.load(name).needs_encoder]
    if not encoded:
        return None, ()
    try:
        return Encoder(embedder_of(store, project, WEIGHTS).artefact), ()
    except (MissingExtra, OriginError) as error:
        if len(encoded) == len(names):
            raise
        left = ", ".join(encoded)
        return None, (f"Left out for want of a sentence encoder: {left}: {error}.",)
