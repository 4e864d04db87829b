"""The walk as it is printed; `tests/app/test_demo.py` has the walk itself."""

import pytest

import plait


@pytest.fixture
def walked(monkeypatch, project, row):
    """The demo on a project that is trained already."""

    class Walk:
        def __init__(self, folder, progress):
            self.app = plait.open(project)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.app.close()

        def train(self, watch):
            (made,) = self.app.decisions("loan")
            return made

        def train_with_leak(self, watch):
            (made,) = self.app.decisions("loan")
            return made

        def answer(self):
            return {
                name: self.app.predict("loan", {**row, "income": income}, reasons=2)
                for name, income in (("steady", 90_000), ("stretched", 52_000), ("bankrupt", 0))
            }

        def explain(self, request):
            return self.app.explain(request)

    monkeypatch.setattr("plait.cli.demo.Demo", Walk)
    monkeypatch.setattr("plait.cli.demo.CONTRACT", "loan")
    monkeypatch.setattr("plait.cli.demo.download_bytes", lambda: 5_487_254)


def test_it_says_first_what_it_fetches_uses_and_takes(run, walked, narrow):
    ran = run("demo", "--dir", "some where")
    assert ran.status == 0, ran
    first = " ".join(ran.out.split("\n\n")[0].split())
    assert first.startswith("plait demo fetches 5.5 MB from the package index; ")
    for part in ("400 MB of memory", "about half a minute", "writes 2 MB to some where"):
        assert part in first


def test_it_walks_in_four_steps_and_says_what_is_next(run, walked, narrow):
    lines = run("demo", "--dir", "some where").out.splitlines()
    steps = [line for line in lines if line[:2] in ("1.", "2.", "3.", "4.")]
    assert [step[:2] for step in steps] == ["1.", "2.", "3.", "4."]
    assert any(line.startswith("stretched: repaid = ") for line in lines)
    assert sum("is answered from a probability" in line for line in lines) == 1
    assert any(line.startswith("req_") for line in lines)
    assert lines[-2:] == ["  cd 'some where'", "  plait serve"]
    assert all(len(line) <= 80 for line in lines)


def test_json_is_one_object(run, walked):
    found = run("demo", "--json").json
    assert set(found) == {"decisions", "answers", "explained", "seconds"}
    assert [each["kind"] for each in found["answers"]] == ["prediction"] * 3
    assert all(each["id"].startswith("req_") for each in found["answers"])
    assert found["explained"]["id"] == found["answers"][1]["id"]
