"""Answers, and how they are written as JSON."""

import json

from plait.core.decision import OperatingPoint
from plait.core.response import Prediction, PredictResponse, Reason, ReasonCode

POINT = OperatingPoint(
    threshold=0.5,
    false_positive_rate=0.1,
    false_negative_rate=0.2,
    cost=0.3,
    cost_low=0.25,
    cost_high=0.35,
)


def test_a_prediction_says_only_what_it_has():
    assert Prediction(12.5, {}).record() == {"prediction": 12.5}
    assert Prediction(None, {}, confidence=0.25).record() == {
        "prediction": None,
        "confidence": 0.25,
        "abstained": True,
    }


def test_a_prediction_says_everything_it_has():
    prediction = Prediction(
        "yes", {"no": 0.25, "yes": 0.75}, (0.5, 0.9), (Reason("income", 1200, 0.5),)
    )
    assert json.loads(json.dumps(prediction.record())) == {
        "prediction": "yes",
        "probabilities": {"no": 0.25, "yes": 0.75},
        "interval": [0.5, 0.9],
        "reasons": [{"feature": "income", "value": 1200, "contribution": 0.5}],
    }


def test_a_refusal_says_by_which_codes():
    code = ReasonCode("R-1", "debt", 60.0, 27.0, "above", -1.5, "debt: 60, above 27")
    assert Prediction("no", {}, codes=(code,)).record()["codes"] == [
        {
            "code": "R-1",
            "feature": "debt",
            "value": 60.0,
            "reference": 27.0,
            "direction": "above",
            "contribution": -1.5,
            "words": "debt: 60, above 27",
        }
    ]
    assert "codes" not in Prediction("no", {}).record()


def test_a_response_says_who_answered():
    response = PredictResponse(
        id="req_1",
        contract="loans",
        artefact="art_1",
        decision="dec_1",
        predictions=(Prediction("yes", {}), Prediction("no", {})),
        operating_point=POINT,
    )
    record = json.loads(json.dumps(response.record()))
    assert OperatingPoint.read(record.pop("operating_point")) == POINT
    assert record == {
        "id": "req_1",
        "contract": "loans",
        "artefact": "art_1",
        "decision": "dec_1",
        "predictions": [{"prediction": "yes"}, {"prediction": "no"}],
    }


def test_a_response_without_a_threshold_says_so():
    response = PredictResponse(
        id="req_1", contract="rent", artefact="art_1", decision="dec_1", predictions=()
    )
    assert response.record()["operating_point"] is None


def test_an_example_says_that_it_is_one():
    assert Reason("loan", "lend me 5", 0.5, "example").record() == {
        "feature": "loan",
        "value": "lend me 5",
        "contribution": 0.5,
        "kind": "example",
    }
    assert "kind" not in Reason("said", "lend", 0.5).record()
