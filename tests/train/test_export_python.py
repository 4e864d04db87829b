"""One Python file: in this process through the gate, and alone in a bare interpreter."""

import ast
import json
import subprocess
import sys

import pytest

from plait.core.errors import InvalidRequest
from plait.core.schema import RowReader
from plait.engines.prediction import PredictionReader
from plait.train.export_python import runner, write
from plait.train.parity import check, make_rows


def test_it_answers_as_its_artefact_bit_for_bit(plain):
    predictor, model = plain
    found = check(predictor, model, runner(model, write(model)), make_rows(model, 800))
    assert found.difference == 0.0


def test_it_imports_the_standard_library_alone(plain):
    _, model = plain
    text = write(model).decode("ascii")
    names = {node.names[0].name.split(".")[0] for node in ast.walk(ast.parse(text))
             if isinstance(node, ast.Import)}  # fmt: skip
    assert names == {"json", "math", "sys"}
    assert max(map(len, text.splitlines())) < 10_000


@pytest.mark.parametrize("place", [("lightgbm", "binary"), ("linear", "regression")])
def test_lines_in_answers_out_as_the_server_words_them(plain_models, tmp_path, place):
    predictor, model = plain_models[place]
    file = tmp_path / "model.py"
    file.write_bytes(write(model))
    rows = make_rows(model, 150)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    done = subprocess.run(
        [sys.executable, "-I", "-S", file], input=text, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (1, "")  # some rows were refused
    reader, spoken = RowReader(model.input), PredictionReader(predictor.artefact.manifest.output)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    for row, answer in zip(rows, answers, strict=True):
        try:
            found = predictor.predict(reader.columns([row]))
        except InvalidRequest:
            assert list(answer) == ["error"]
            continue
        (expected,) = spoken.read(found)
        assert answer == json.loads(json.dumps(expected.record()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"yearly income": None}, "'yearly income' is missing"),
        ({"yearly income": "12"}, "'12', not a number"),
        ({"yearly income": float("inf")}, "not a finite number"),
        ({"yearly income": 10**400}, "not a finite number"),
        ({"int": 1}, "1, not a boolean"),
        ({"日本": 3}, "3, not a string"),
        ({"prediction": None}, "'prediction' is missing"),
        ({"wealth": 1}, "unknown field 'wealth'"),
    ],
)
def test_a_wrong_row_is_refused_as_the_server_does(plain_models, change, message):
    _, model = plain_models["lightgbm", "binary"]
    space = {"__name__": "export"}
    exec(write(model), space)
    row = {"yearly income": 3, "debt/ratio %": 2.5, "int": True, "日本": None, "prediction": "a"}
    assert set(space["predict"](row)) == {"prediction", "probabilities"}
    with pytest.raises(ValueError, match=message):
        space["predict"](row | change)
