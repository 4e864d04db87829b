"""The C file compiled and called here, through the gate."""

import pytest

from plait.core.errors import Refused
from plait.train import export_c_run
from plait.train.export_c import write
from plait.train.export_c_run import runner
from plait.train.parity import check, make_rows


@pytest.mark.usefixtures("compiler")
def test_it_answers_as_its_artefact(plain):
    predictor, model = plain
    found = check(predictor, model, runner(model, write(model)), make_rows(model, 1500))
    assert found.difference < 1e-12


@pytest.mark.usefixtures("compiler")
def test_what_does_not_compile_is_refused_in_the_compilers_words(plain_models):
    _, model = plain_models["constant", "binary"]
    with pytest.raises(Refused, match=r"does not compile the C file: .*model\.c:1") as caught:
        runner(model, b"nonsense!")
    assert caught.value.code == "export_refused"


def test_without_a_compiler_there_is_nothing_to_run_it(plain, monkeypatch):
    monkeypatch.setattr(export_c_run, "COMPILERS", ("no-such-compiler",))
    assert runner(plain[1], b"") is None
