"""One id joins everything that is known."""

import json
import shutil

import pytest

from plait.core.context import Principal
from plait.core.errors import PlaitError, UnknownName


@pytest.fixture
def loan(row):
    return row


def test_an_answer_is_joined_with_model_and_decision(answering, loan):
    response = answering.predict("loan", loan, reasons=2)
    found = answering.explain(response.id)
    assert found["asked"] == [loan]
    assert found["answered"] == json.loads(json.dumps([response.predictions[0].record()]))
    assert (found["name"], found["status"], found["privacy"]) == ("loan", "done", "personal")
    assert [stage["name"] for stage in found["stages"]][:2] == ["admit", "answer"]
    assert found["artefact"]["id"] == response.artefact
    assert found["artefact"]["inputs"] == list(loan)
    assert found["decision"]["id"] == response.decision
    assert found["decision"]["operating_point"]["threshold"] == 0.6
    json.dumps(found)


def test_a_request_that_failed_has_no_answer_and_no_model(answering):
    with pytest.raises(PlaitError):
        answering.predict("loan", {"income": "x"})
    found = answering.explain(answering.requests(1)[0].id)
    assert found["status"] == "row_wrong_type"
    assert found["answered"] is None
    assert "artefact" not in found
    assert found["stages"][-1]["error"] == "row_wrong_type"


def test_nobody_explains_another_tenants_request(answering, loan):
    request = answering.predict("loan", loan).id
    with pytest.raises(UnknownName) as caught:
        answering.explain(request, Principal(key="key_1", tenant="acme"))
    assert caught.value.code == "unknown_request"


def test_an_explanation_outlives_the_folder_of_the_model(answering, loan):
    response = answering.predict("loan", loan)
    shutil.rmtree(answering.project.store / "artefacts")
    assert answering.explain(response.id)["artefact"]["engine"] == "linear"
