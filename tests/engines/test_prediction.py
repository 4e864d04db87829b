import numpy as np

from plait.core.response import Prediction, Reason
from plait.core.schema import Field, Schema
from plait.engines.prediction import PredictionReader


def schema(*names):
    return Schema(tuple(Field(name=name, kind="number") for name in names))


def test_columns_become_one_object_per_row():
    reader = PredictionReader(schema("prediction", "probability_no", "probability_yes"))
    reason = Reason("debt", 3.0, 0.5)
    found = reader.read(
        {
            "prediction": np.array(["no", "yes"], dtype=object),
            "probability_no": np.array([0.75, 0.25]),
            "probability_yes": np.array([0.25, 0.75]),
            "reasons": [(reason,), ()],
        }
    )
    assert found == (
        Prediction("no", {"no": 0.75, "yes": 0.25}, None, (reason,)),
        Prediction("yes", {"no": 0.25, "yes": 0.75}, None, ()),
    )
    assert type(found[0].probabilities["no"]) is float


def test_a_number_has_its_interval_and_a_text_its_confidence():
    answers = {"prediction": [2.5], "lower": [1.0], "upper": [4.0]}
    assert PredictionReader(schema(*answers)).read(answers)[0].interval == (1.0, 4.0)
    answers = {"prediction": [None], "probability_a": [1.0], "confidence": [0.25]}
    (found,) = PredictionReader(schema(*answers)).read(answers)
    assert (found.value, found.confidence, found.abstained) == (None, 0.25, True)


def test_a_set_names_its_levels():
    names = ("prediction", "probability_no", "probability_yes", "set_no", "set_yes")
    reader = PredictionReader(Schema(tuple(Field(name=name, kind="number") for name in names)))
    columns = ([["no", "yes"], [0.8, 0.5], [0.2, 0.5]], [[True, True], np.array([False, True])])
    first, second = reader.read(dict(zip(names, [*columns[0], *columns[1]], strict=True)))
    assert (first.set, second.set) == (("no",), ("no", "yes"))
    assert second.record()["set"] == ["no", "yes"]
