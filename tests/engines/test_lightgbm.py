import subprocess
import sys

import lightgbm
import numpy as np
import pytest

from plait.core.errors import EngineError
from plait.engines.base import json_bytes, load, read_json, write_artefact
from plait.engines.encode import Encoder
from plait.engines.pipeline import PIPELINE


@pytest.fixture(params=["binary", "multiclass", "regression"])
def uncalibrated(request, artefacts, tmp_path):
    """A LightGBM artefact whose calibration leaves the model's own probabilities."""
    original = load(artefacts[f"lightgbm-{request.param}"]).artefact
    record = dict(read_json(original.folder / PIPELINE))
    record["calibrate"] = {"slope": 1.0, "offset": 0.0}
    files = {
        PIPELINE: json_bytes(record),
        "model.txt": (original.folder / "model.txt").read_bytes(),
    }
    return load(write_artefact(tmp_path, original.manifest, files).folder)


def test_the_numbers_of_lightgbm(uncalibrated, table, codes):
    folder = uncalibrated.artefact.folder
    booster = lightgbm.Booster(model_file=folder / "model.txt")
    matrix = Encoder(codes["lightgbm"]).matrix(table, len(table["age"]))
    expected = booster.predict(matrix, num_threads=1)
    answer = uncalibrated.predict(table)
    match uncalibrated.artefact.manifest.problem:
        case "binary":
            np.testing.assert_allclose(answer["probability_yes"], expected, rtol=1e-12)
        case "multiclass":
            found = [answer[f"probability_{level}"] for level in (1, 2, 3)]
            np.testing.assert_allclose(np.array(found).T, expected, rtol=1e-12)
            assert answer["prediction"].tolist() == (expected.argmax(axis=1) + 1).tolist()
        case "regression":
            np.testing.assert_array_equal(answer["prediction"], expected)


def test_a_loss_whose_scores_mean_something_else(artefacts, tmp_path):
    original = load(artefacts["lightgbm-regression"]).artefact
    text = (original.folder / "model.txt").read_bytes()
    files = {
        PIPELINE: (original.folder / PIPELINE).read_bytes(),
        "model.txt": text.replace(b"objective=regression\n", b"objective=poisson\n"),
    }
    write_artefact(tmp_path, original.manifest, files)
    with pytest.raises(EngineError, match="'poisson'") as caught:
        load(tmp_path)
    assert caught.value.code == "artefact_format"


def test_serving_imports_no_fitting_library(artefacts):
    program = (
        "import sys; from pathlib import Path; from plait.engines.base import load\n"
        "row = {'age': [40], 'debt': [None], 'married': [True], 'area': ['town']}\n"
        "load(Path(sys.argv[1])).predict(row, reasons=2)\n"
        "print(sorted({'lightgbm', 'sklearn', 'scipy', 'pandas'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(artefacts["lightgbm-binary"])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
