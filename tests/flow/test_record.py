"""What is kept of a request."""

import pytest

from plait.core.budget import Usage
from plait.core.context import Context, Principal
from plait.core.exchange import Exchange
from plait.core.privacy import Privacy
from plait.flow.record import Record


@pytest.fixture
def record(kept, request_, response):
    """Keep an exchange and return the row."""

    def record(context=None, status="done", **parts):
        exchange = Exchange(**{"request": request_, "answer": response, **parts})
        Record(kept.append)("loan", exchange, context or Context(), status)
        return kept[-1]

    return record


def test_the_header_says_who_what_when_and_by_what(record):
    context = Context(principal=Principal(key="key_1", tenant="ours"), subject="ada")
    with context.budget.reserve(Usage(cost_usd=0.5, tokens=9)) as held:
        held.settle(Usage(cost_usd=0.25, tokens=7))
    with context.span("answer") as span:
        span.tag(size=3)
        span.hold(secret="not in the header")
    row = record(context, "done", privacy=Privacy.PERSONAL)
    assert (row.id, row.created) == (context.trace.id, context.trace.started)
    assert (row.tenant, row.subject, row.privacy) == ("ours", "ada", Privacy.PERSONAL)
    assert (row.name, row.status) == ("loan", "done")
    assert (row.decision, row.artefact) == ("dec_1", "art_1")
    assert 0 < row.seconds < 60
    assert row.body["key"] == "key_1"
    assert row.body["usage"] == {"cost_usd": 0.25, "tokens": 7}
    (stage,) = row.body["spans"]
    assert (stage["name"], stage["tags"]) == ("answer", {"size": 3})
    assert "not in the header" not in str(row.body)


def test_the_content_is_what_was_asked_and_answered(record, request_):
    assert record().content == {
        "rows": request_.rows,
        "predictions": [{"prediction": "yes", "probabilities": {"no": 0.25, "yes": 0.75}}],
    }


def test_what_was_not_answered_is_kept_as_asked(record, request_):
    row = record(status="row_wrong_type", answer=None)
    assert row.content == {"rows": request_.rows}
    assert (row.decision, row.artefact, row.status) == ("", "", "row_wrong_type")


@pytest.mark.parametrize("privacy", Privacy)
def test_secrets_are_not_kept(record, privacy):
    row = record(privacy=privacy)
    assert (row.content is None) == (privacy == Privacy.SECRET)
    assert row.decision == "dec_1"


@pytest.mark.parametrize(("status", "kept"), [("done", True), ("guard_refused", False)])
def test_what_was_said_is_kept_only_once_every_guard_has_seen_it(status, kept, chat):
    rows = []
    Record(rows.append)("desk", chat("my card is 4111"), Context(), status)
    assert ("4111" in str(rows[0].content)) == kept
