"""A small request, an answer to it, and a place where records end up."""

import pytest

from plait.core.request import PredictRequest
from plait.core.response import Prediction, PredictResponse


@pytest.fixture
def request_():
    return PredictRequest(contract="loan", rows=({"income": 3},))


@pytest.fixture
def response():
    return PredictResponse(
        id="req_1",
        contract="loan",
        artefact="art_1",
        decision="dec_1",
        predictions=(Prediction("yes", {"no": 0.25, "yes": 0.75}),),
    )


@pytest.fixture
def kept():
    """The rows that were handed to the store."""
    return []
