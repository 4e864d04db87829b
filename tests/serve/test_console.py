"""The page for people: what it shows, what its form answers, and that it cannot be made to lie."""

import html
import re
from dataclasses import replace

import pytest

import plait
from plait.core.contract import Contract, FeatureNote
from plait.core.decision import Standing
from plait.engines.base import json_bytes, read_bytes, write_artefact
from plait.engines.pipeline import PIPELINE, Reference
from plait.engines.predictor import read_pipeline
from plait.serve.console import _value
from plait.serve.http import make

ROW = {"row.income": "61000", "row.debt": "", "row.employed": "true", "row.region": "north"}
HOSTILE = "\"'><script>alert(1)</script>{{ 7*7 }}&amp;"


@pytest.fixture
def page(http):
    """Return the text of the page that answers a form, and what a reader sees of it."""

    def page(**form):
        response = http.post("/", data={"contract": "loan", **ROW, **form})
        assert response.status_code == 200
        return seen(response.text)

    return page


def seen(text):
    """Return the words of a page, without its tags."""
    body = text.partition("<body>")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def test_the_page_shows_every_contract(http, app):
    response = http.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    text = seen(response.text)
    assert "loan predicts repaid" in text
    assert "rent predicts rent" in text
    assert "plait train fraud" in text
    assert app.live.task("loan").decision in text
    assert "yearly income (usd)" in text
    assert response.text.count("<form") == 2


def test_the_page_needs_no_script_and_nothing_from_elsewhere(http):
    response = http.get("/")
    assert "<script" not in response.text
    assert not re.search(r'(src|href)="(?!/)', response.text)
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_the_form_offers_what_a_field_may_be(http):
    text = http.get("/").text
    assert 'placeholder="0 to 250,000"' in text
    assert re.search(r'name="row.income" value="" inputmode="decimal" required', text)
    region = re.search(r'<select[^>]*name="row.region">(.*?)</select>', text, re.DOTALL)[1]
    assert re.findall(r"<option[^>]*>(\w*)", region) == ["", "north", "south"]
    employed = re.search(r'<select[^>]*name="row.employed">(.*?)</select>', text, re.DOTALL)[1]
    assert re.findall(r"<option[^>]*>(\w*)", employed) == ["true", "false"]


def test_a_form_is_answered_with_reasons(page, app):
    text = page()
    answer = app.predict(
        "loan", {"income": 61_000, "debt": None, "employed": True, "region": "north"}, reasons=6
    ).predictions[0]
    assert "repaid = yes" in text
    assert f"{100 * answer.probabilities['yes']:.1f} %" in text
    assert "repaid = yes is answered from a probability of 60.0 % on" in text
    assert "of 100 with repaid = yes, 21.0 for repaid = no" in text
    for reason in answer.reasons:
        assert f"{reason.contribution:+.3f}" in text
    assert "yearly income (usd) 61000" in text
    assert "curl http://127.0.0.1:8000/v1/predict/loan" in text


def test_a_refusal_is_answered_with_its_codes(project, client, linear, declare, tmp_path):
    made = linear(-3.0)
    pipeline = replace(
        read_pipeline(made),
        reference=Reference(shares=(0.5, 0.0, 0.1, 0.2), values=(55_000.0, 20.0, True, "north")),
    )
    files = {name: read_bytes(made.folder / name) for name in made.manifest.files}
    files[PIPELINE] = json_bytes(pipeline.record())
    with plait.open(project) as app:
        declare(app, "loan", write_artefact(tmp_path / "made", made.manifest, files))
        form = {"contract": "loan", **ROW, "row.income": "20000", "row.region": "south"}
        text = seen(client(make(app)).post("/", data=form).text)
        row = {"income": 20_000, "debt": None, "employed": True, "region": "south"}
        (answer,) = app.predict("loan", row, reasons=6).predictions
        granted = app.predict("loan", {**row, "income": 240_000}, reasons=6).predictions[0]
        kept = seen(client(make(app)).post("/", data={**form, "row.income": "240000"}).text)
    assert len(answer.codes) >= 2
    assert "code against the usual row of repaid = yes log-odds" in text
    for code in answer.codes:
        assert f"{code.code} {code.words} {code.contribution:+.3f}" in text
    assert (granted.value, granted.codes) == ("yes", ())
    assert "against the usual row" not in kept


def test_a_number_is_answered_with_its_interval(http):
    form = {"contract": "rent", "row.area": "50", "row.balcony": "", "row.region": "south"}
    text = seen(http.post("/", data=form).text)
    assert re.search(r"rent = \d{3}(\.\d)? between \d{3}(\.\d)? and \d{3}(\.\d)? because", text)
    assert "+ raises rent." in text


def test_what_was_typed_stays_in_the_form(http):
    text = http.post("/", data={"contract": "loan", **ROW, "row.income": "7"}).text
    assert 'name="row.income" value="7"' in text
    assert "<option selected>north</option>" in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"row.income": ""}, "'income' is null"),
        ({"row.income": "many"}, "'many' is not a number"),
        ({"row.income": "1e999"}, "not a finite number"),
        ({"row.income": "x" * 100_000}, "is not a number"),
        ({"contract": "fraud"}, "plait train fraud"),
    ],
)
def test_a_mistake_is_said_where_the_answer_would_be(page, change, said):
    assert said in page(**change)


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"contract", b"contract=loan&contract=rent", b"%zz=%ff&a.=&=.b"]
)
def test_a_form_that_is_none(http, body):
    assert http.post("/", content=body).status_code == 200


def test_a_form_that_is_too_large(http, refused):
    response = http.post("/", content=b"x", headers={"content-length": str(2**30)})
    assert refused(response, 413) == "request_too_large"
    response = http.post("/", content=b"contract=" + b"x" * 2**20)
    assert refused(response, 413) == "request_too_large"


def test_a_form_of_too_many_fields(http, refused):
    assert http.post("/", content=b"a=&" * 999 + b"a=").status_code == 200
    response = http.post("/", content=b"a=&" * 1_000 + b"a=")
    assert refused(response, 413) == "request_too_large"


def test_the_answer_is_among_the_last_requests(http, page):
    page(**{"row.income": "many more"})
    page()
    response = http.get("/")
    assert re.search(r'class="good">done</td>', response.text)
    assert response.text.count("/v1/requests/req_") >= 1


def test_before_the_first_request(project, client):
    with plait.open(project) as app:
        assert "None yet." in seen(client(make(app)).get("/").text)


def test_a_project_without_contracts(tmp_path, client):
    (tmp_path / "plait.yaml").write_text("project: empty")
    with plait.open(tmp_path) as app:
        assert "No contract yet." in seen(client(make(app)).get("/").text)


def test_a_measured_decision_shows_who_lost_and_why(project, client, linear, declare):
    standings = tuple(
        Standing(
            name=name,
            paradigm=paradigm,
            score=score,
            low=score - 0.03,
            high=score + 0.02,
            measurements={"latency_ms_p95": 0.0123, "size_mb": 0.004},
            artefact="",
            why=why,
        )
        for name, paradigm, score, why in (
            ("boosted", "tree", 0.79, "less simple"),
            ("plain", "linear", 0.78, "the simplest"),
            ("dummy", "rule", 0.5, "worse"),
        )
    )
    with plait.open(project) as app:
        declare(
            app,
            "loan",
            linear(2.5),
            metric="roc_auc",
            winner="plain",
            standings=standings,
            summary="All in all, plain.",
            notes=("three columns left out",),
        )
        response = client(make(app)).get("/")
        text = seen(response.text)
    assert "candidate paradigm roc_auc 95 % interval p95 ms size" in text
    assert "plain won: the simplest." in text
    assert "boosted tree 0.7900 0.7600 to 0.8100 0.012 4.0 kB" in text
    assert "boosted lost: less simple." in text
    assert "All in all, plain." in text
    assert "three columns left out" in text
    assert '<b class="good">plain</b>' in response.text
    assert "left:100.0%" not in response.text  # the best interval ends where the axis does
    assert "left:0.0%;width:14.71%" in response.text


def test_hostile_names_and_values_are_shown_as_they_are(
    project, client, linear, declare, monkeypatch
):
    contract = Contract(
        task="tabular",
        data="none.csv",
        target=HOSTILE,
        features={"income": FeatureNote(label=HOSTILE, unit=HOSTILE)},
    )
    with plait.open(project) as app:
        settings = replace(app.project.settings, project=HOSTILE, contracts={HOSTILE: contract})
        monkeypatch.setattr(app, "project", replace(app.project, settings=settings))
        monkeypatch.setattr(app.live, "_contracts", {HOSTILE: contract})
        declare(
            app, HOSTILE, linear(3.25), summary=HOSTILE, notes=(HOSTILE,), winner=HOSTILE,
            standings=(Standing(
                name=HOSTILE, paradigm="linear", score=1.0, low=1.0, high=1.0, measurements={},
                artefact="", why=HOSTILE,
            ),),
        )  # fmt: skip
        app.live.refresh()
        app.live.failures[HOSTILE] = HOSTILE
        http = client(make(app))
        asked = http.post(
            "/",
            data={"contract": HOSTILE, **ROW, "row.region": HOSTILE, f"row.{HOSTILE}": HOSTILE},
        )
        wrong = http.post("/", data={"contract": HOSTILE, **ROW, "row.income": HOSTILE})
        home = http.get("/")
    for response in (asked, wrong, home):
        assert response.status_code == 200
        assert "<script" not in response.text
        assert "\"'>" not in response.text
        assert HOSTILE in html.unescape(response.text)


def test_what_is_typed_is_read_as_the_field_reads_it(app):
    fields = {f.name: f for f in app.live.task("loan").predictor.artefact.manifest.input.fields}
    assert _value(fields["income"], " 61000 ") == 61_000
    assert isinstance(_value(fields["income"], "61000"), int)
    assert _value(fields["income"], "0.5") == 0.5
    assert _value(fields["income"], "1e30") == 1e30
    assert _value(fields["employed"], "false") is False
    assert _value(fields["region"], "1.5") == "1.5"
    assert _value(fields["region"], "  ") is None
