"""One C file: clean under every warning, and called from another file as its comment says."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import Refused
from plait.train.export_c import identifiers, write
from plait.train.export_c_run import find_compiler
from plait.train.export_model import plain_model

STRICT = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")

MAIN = """
#include <stdio.h>
#include <math.h>
#define FIELD_7_FLOAT_S_DECLARATIONS
#include "model.c"
int main(void)
{
    struct model_7_float_s_row row = {41.5, NAN, 1.0, "naïve\\?\\?/", "b"};
    struct model_7_float_s_answer answer;
    int status = model_7_float_s_predict(&row, &answer);
    printf("%d %s %.17g\\n", status, model_7_float_s_levels[answer.prediction],
           answer.probability[1]);
    row.yearly_income = NAN;
    printf("%d\\n", model_7_float_s_predict(&row, &answer));
    row.yearly_income = 1;
    row.prediction = NULL;
    printf("%d\\n", model_7_float_s_predict(&row, &answer));
    return 0;
}
""".replace("FIELD_7", "MODEL_7")


@pytest.mark.usefixtures("compiler")
def test_it_compiles_without_a_warning(plain, tmp_path):
    (tmp_path / "model.c").write_bytes(write(plain[1]))
    command = [find_compiler(), *STRICT, "-c", "model.c", "-o", "model.o"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("engine", ["lightgbm", "linear"])
def test_another_file_calls_it_by_its_declarations(plain_models, tmp_path, engine):
    predictor, model = plain_models[engine, "binary"]
    (tmp_path / "model.c").write_bytes(write(model))
    (tmp_path / "main.c").write_text(MAIN, encoding="utf-8")
    files = ["main.c", "model.c", "-o", "model", "-lm"]
    made = subprocess.run(
        [find_compiler(), *STRICT, *files], cwd=tmp_path, capture_output=True, text=True
    )
    assert made.stderr == ""
    told = subprocess.run([tmp_path / "model"], capture_output=True, text=True, check=True).stdout
    row = {"yearly income": [41.5], "debt/ratio %": [None], "int": [True], "日本": ["naïve??/"]}
    found = predictor.predict({**row, "prediction": ["b"]})
    status, label, chance = told.splitlines()[0].split()
    assert (status, label) == ("0", "true" if found["prediction"][0] else "false")
    assert float(chance) == found["probability_true"][0]
    assert told.splitlines()[1:] == ["1", "5"]


def test_a_level_that_c_cannot_hold_is_refused(exportable, tmp_path):
    model = plain_model(exportable(tmp_path, "linear", "binary").artefact, "x")
    object.__setattr__(model.pipeline.encode[0], "levels", ("a\0b",))
    with pytest.raises(Refused, match="NUL"):
        write(model)


def test_names_become_identifiers():
    assert identifiers(["a b", "A-B", "int", "9", "日本", "", "_x"], "field") == [
        *("a_b", "a_b_2", "field_int", "field_9", "field_5", "field_6", "x"),
    ]


@given(st.lists(st.text()))
def test_identifiers_are_always_unlike(names):
    found = identifiers(names, "field")
    assert len(set(found)) == len(names)
    assert all(name.isidentifier() and name.isascii() for name in found)
