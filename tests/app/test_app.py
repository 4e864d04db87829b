"""The Python API, over contracts that answer by declared decisions."""

import asyncio
import shutil

import pytest

import plait
from plait.core.context import Principal
from plait.core.errors import BudgetExceeded, InvalidRequest, NotAllowed, UnknownName
from plait.core.privacy import Privacy
from plait.core.request import PredictRequest
from plait.store.record import RequestRow


@pytest.fixture
def folder(tmp_path, desk):
    return shutil.copytree(desk, tmp_path / "desk")


@pytest.fixture
def app(folder):
    with plait.open(folder) as app:
        yield app


def test_a_project_opens_by_its_folder_or_its_file(folder):
    for path in (folder, str(folder), folder / "plait.yaml"):
        with plait.open(path) as app:
            assert app.project.settings.project == "desk"


def test_one_row_and_several(app, row):
    one = app.predict("loan", row)
    several = app.predict("loan", [row, {**row, "region": None}])
    assert len(one.predictions) == 1
    assert len(several.predictions) == 2
    assert several.predictions[0] == one.predictions[0]


def test_the_answer_is_kept_under_its_id(app, row):
    answer = app.predict("loan", row, reasons=2)
    told = app.explain(answer.id)
    assert told["decision"]["id"] == answer.decision
    assert told["asked"] == [row]
    assert app.requests(1)[0].id == answer.id


def test_what_is_refused_is_kept_too(app, row):
    with pytest.raises(InvalidRequest):
        app.predict("loan", {**row, "income": "much"})
    (kept,) = app.requests(1)
    assert (kept.status, kept.privacy) == ("row_wrong_type", Privacy.PERSONAL)


def test_no_rows_are_no_request(app):
    with pytest.raises(InvalidRequest):
        app.predict("loan", [])


@pytest.mark.parametrize(("name", "code"), [("lone", "unknown_contract"), ("fraud", "not_trained")])
def test_a_contract_that_does_not_answer(app, row, name, code):
    with pytest.raises(UnknownName) as caught:
        app.predict(name, row)
    assert caught.value.code == code


def test_the_async_twin_needs_the_scope(app, row):
    request = PredictRequest(contract="loan", rows=(row,))
    reader = app.context(Principal(scopes=frozenset({"read"})))
    with pytest.raises(NotAllowed):
        asyncio.run(app.handle(request, reader))
    answer = asyncio.run(app.handle(request, app.context()))
    assert answer.contract == "loan"


def test_a_budget_without_time_answers_nothing(folder, row):
    settings = folder / "plait.yaml"
    settings.write_text(settings.read_text() + "budget: {deadline_ms: 0.0001}\n")
    with plait.open(folder) as app, pytest.raises(BudgetExceeded):
        app.predict("loan", row)


def test_an_unknown_contract_leaves_nothing_behind(app, row):
    for number in range(3):
        with pytest.raises(UnknownName):
            app.predict(f"nonsense-{number}", row)
    assert app.requests() == []
    assert not app._answering


def test_another_tenants_requests_are_not_there(app, row):
    answer = app.predict("loan", row)
    stranger = Principal(tenant="other", scopes=frozenset({"read"}))
    assert app.requests(5, stranger) == []
    with pytest.raises(UnknownName):
        app.explain(answer.id, stranger)


def test_closing_writes_what_is_pending(folder, row):
    with plait.open(folder) as app:
        ids = [app.predict("loan", row).id for _ in range(20)]
    with plait.open(folder) as app:
        assert all(app.store.get(RequestRow, each) for each in ids)
