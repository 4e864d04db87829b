"""The quickstart runs from its first cell to its last."""

import nbformat
import pytest
from nbclient import NotebookClient


@pytest.fixture(scope="module")
def executed(root, tmp_path_factory):
    """The notebook, run in a kernel and a folder of its own."""
    notebook = nbformat.read(root / "docs" / "quickstart.ipynb", as_version=4)
    place = {"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=place).execute()
    return notebook


def shown(notebook, start):
    """Return what the cell that begins with `start` shows, by type."""
    (cell,) = [each for each in notebook.cells if each.source.startswith(start)]
    return {kind: text for output in cell.outputs for kind, text in output.get("data", {}).items()}


def test_a_decision_is_a_table_to_read(executed):
    assert "<table" in shown(executed, "import plait")["text/html"]


def test_a_frame_comes_back_with_its_answers(executed):
    assert (
        "probability_malignant" in shown(executed, 'app.predict("diagnosis", tumours')["text/html"]
    )


def test_an_answer_is_explained(executed):
    assert "req_" in shown(executed, "app.explain")["text/plain"]
