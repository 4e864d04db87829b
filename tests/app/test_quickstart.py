"""The quickstart is published with the outputs of its own cells; tests/house runs it."""

import re

import nbformat
import pytest

SILENT = "app.close()"


@pytest.fixture(scope="module")
def cells(pytestconfig):
    notebook = nbformat.read(pytestconfig.rootpath / "docs" / "quickstart.ipynb", as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_every_cell_was_run_in_order_and_shows_what_came_of_it(cells):
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert [cell.source for cell in cells if not cell.outputs] == [SILENT]
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert kinds == {"execute_result"}


def test_the_outputs_are_of_one_run(cells):
    shown = {cell.source: str(cell.outputs) for cell in cells}
    explained = shown["app.explain(answer.id)"]
    trained = next(text for source, text in shown.items() if "app.train" in source)
    assert "<table>" in trained
    assert set(re.findall(r"dec_\w+", explained)) <= set(re.findall(r"dec_\w+", trained))
    assert "dec_" in explained


def test_nothing_tells_on_whose_machine_it_ran(cells):
    text = str([cell.outputs for cell in cells])
    assert [word for word in ("/home/", "/root", "/tmp", "C:\\\\", "/Users/") if word in text] == []
