"""The walk of the demo, with the races left out."""

import pytest

from plait.app.app import App
from plait.app.demo import Demo, download_bytes
from plait.registry.pull import Pulled


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """Make a demo whose data is here, and keep what it asks to train."""
    (tmp_path / "loans.csv").write_text("approve\n1\n")
    pulled = Pulled(tmp_path, {"loans.csv": tmp_path / "loans.csv"})
    monkeypatch.setattr("plait.app.project.pull", lambda *_, **__: pulled)
    asked = []
    monkeypatch.setattr(App, "train", lambda _, *told, **named: asked.append((told, named)))
    return lambda: (Demo(tmp_path / "demo"), asked)


def test_it_trains_with_the_leak_for_show_and_without_for_good(demo):
    made, asked = demo()
    with made:
        made.train_with_leak()
        made.train()
    assert asked == [
        (("loan-approval",), {"add": ("typur",), "release": False, "watch": None}),
        (("loan-approval",), {"watch": None}),
    ]


def test_a_second_time_it_goes_on_with_what_is_there(demo, tmp_path):
    made, _ = demo()
    made.app.close()
    file = tmp_path / "demo" / "plait.yaml"
    file.write_text(file.read_text() + "# mine\n")
    again, _ = demo()
    again.app.close()
    assert file.read_text().endswith("# mine\n")


def test_what_it_has_to_fetch_is_what_the_catalogue_says(monkeypatch, tmp_path):
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path))
    assert 1e6 < download_bytes(talks=False) < 10e6
    assert 100e6 < download_bytes(talks=True) < 300e6
    monkeypatch.setattr("plait.app.demo.find_pulled", lambda *_: Pulled(tmp_path, {}))
    assert download_bytes(talks=True) == 0
