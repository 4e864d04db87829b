"""Evidence and decisions: records that come back whole, under ids that never move."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.core.decision import (
    Abstention,
    Decision,
    Evidence,
    InputWorth,
    OperatingPoint,
    Scored,
    Standing,
)

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text(max_size=5)
MAPPINGS = st.dictionaries(WORDS, NUMBERS | WORDS | st.lists(st.integers(), max_size=2), max_size=3)
PARADIGMS = st.sampled_from(["rule", "linear", "tree"])
POINTS = st.builds(OperatingPoint, **{name: NUMBERS for name in OperatingPoint.__slots__})
SCORED = st.builds(
    Scored,
    name=WORDS,
    paradigm=PARADIGMS,
    complexity=st.integers(0, 9),
    configuration=MAPPINGS,
    scores=st.lists(NUMBERS, max_size=4).map(tuple),
)
EVIDENCE = st.builds(
    Evidence,
    contract=MAPPINGS,
    dataset=WORDS,
    metric=WORDS,
    splits=MAPPINGS,
    candidates=st.lists(SCORED, max_size=3).map(tuple),
    libraries=st.dictionaries(WORDS, WORDS, max_size=3),
)
STANDINGS = st.builds(
    Standing,
    name=WORDS,
    paradigm=PARADIGMS,
    score=NUMBERS,
    low=NUMBERS,
    high=NUMBERS,
    measurements=st.dictionaries(WORDS, NUMBERS, max_size=3),
    artefact=WORDS,
    why=WORDS,
)
ABSTENTIONS = st.builds(
    Abstention,
    threshold=NUMBERS,
    max_loss=NUMBERS,
    loss=NUMBERS,
    loss_low=NUMBERS,
    loss_high=NUMBERS,
    recall=st.none() | NUMBERS,
)
DECISIONS = st.builds(
    Decision,
    kind=st.sampled_from(["measured", "declared"]),
    contract=WORDS,
    evidence=WORDS,
    metric=WORDS,
    winner=WORDS,
    artefact=WORDS,
    rule=WORDS,
    standings=st.lists(STANDINGS, max_size=3).map(tuple),
    machine=MAPPINGS,
    operating_point=st.none() | POINTS,
    abstention=st.none() | ABSTENTIONS,
    notes=st.lists(WORDS, max_size=3).map(tuple),
    summary=WORDS,
    by=WORDS,
    created=NUMBERS,
)
SCORED_ONE = Scored(
    name="logistic",
    paradigm="linear",
    complexity=2,
    configuration={"c": 1.0, "penalty": "l2"},
    scores=(0.75, 0.8),
)
EVIDENCE_ONE = Evidence(
    contract={"target": "approve", "metric": "roc_auc"},
    dataset="ds_1",
    metric="roc_auc",
    splits={"folds": 5, "repeats": 2},
    candidates=(SCORED_ONE,),
    libraries={"numpy": "2.0.0", "lightgbm": "4.5.0"},
)
DECLARED = Decision(
    kind="declared", contract="loans", artefact="art_1", machine={}, by="ada", created=1.5
)


BEST = Standing(
    name="lightgbm",
    paradigm="tree",
    score=0.7829,
    low=0.75,
    high=0.81,
    measurements={"latency_ms_p95": 0.05, "size_mb": 1.5},
    artefact="art_2",
    why="best, but not by enough",
)
SIMPLEST = Standing(
    name="logistic",
    paradigm="linear",
    score=0.78,
    low=0.74,
    high=0.8,
    measurements={},
    artefact="art_1",
    why="the simplest of those as good as the best",
)
MEASURED = Decision(
    kind="measured",
    contract="loans",
    evidence="ev_1",
    metric="roc_auc",
    winner="logistic",
    artefact="art_1",
    standings=(BEST, SIMPLEST),
    machine={},
    notes=("<typur> leaks",),
    summary="A line is enough.",
    by="ada",
    created=1.5,
)


def turned(value):
    """Return a JSON value with the keys of every mapping in the opposite order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("kind", "things"),
    [
        (OperatingPoint, POINTS),
        (Scored, SCORED),
        (Evidence, EVIDENCE),
        (Decision, DECISIONS),
    ],
)
@settings(max_examples=30)
@given(data=st.data())
def test_everything_survives_its_record(kind, things, data):
    thing = data.draw(things)
    assert kind.read(json.loads(json.dumps(thing.record()))) == thing


@pytest.mark.parametrize(("kind", "things"), [(Evidence, EVIDENCE), (Decision, DECISIONS)])
@settings(max_examples=30)
@given(data=st.data())
def test_an_id_does_not_depend_on_the_order_of_a_mapping(kind, things, data):
    thing = data.draw(things)
    record = turned(json.loads(json.dumps(thing.record())))
    assert kind.read(record).id == thing.id


@pytest.mark.parametrize(
    "changes",
    [
        {"contract": {"target": "approve", "metric": "accuracy"}},
        {"dataset": "ds_2"},
        {"metric": "accuracy"},
        {"splits": {"folds": 5, "repeats": 3}},
        {"candidates": (replace(SCORED_ONE, scores=(0.75, 0.8000000000000002)),)},
        {"candidates": (replace(SCORED_ONE, configuration={"c": 2.0, "penalty": "l2"}),)},
        {"libraries": {"numpy": "2.0.1", "lightgbm": "4.5.0"}},
    ],
    ids=["contract", "dataset", "metric", "splits", "scores", "configuration", "libraries"],
)
def test_whatever_was_run_and_scored_is_in_the_evidence_id(changes):
    assert replace(EVIDENCE_ONE, **changes).id != EVIDENCE_ONE.id


def test_the_order_of_the_race_is_in_the_evidence_id():
    other = replace(SCORED_ONE, name="dummy")
    one = replace(EVIDENCE_ONE, candidates=(SCORED_ONE, other))
    assert replace(EVIDENCE_ONE, candidates=(other, SCORED_ONE)).id != one.id


def test_ids_never_change():
    """Evidence and decisions are stored and cited: a part added later must leave their ids."""
    assert EVIDENCE_ONE.id == "ev_910901516ab92536506df1da955e3f7c"
    assert DECLARED.id == "dec_5a6537df24522af00930593ef863c3a6"


def test_a_declared_decision_needs_no_evidence():
    assert (DECLARED.evidence, DECLARED.standings, DECLARED.operating_point) == ("", (), None)
    assert Decision.read(DECLARED.record()) == DECLARED


def test_a_decision_is_told_in_a_few_words():
    assert MEASURED.outcome == "loans: logistic answers"
    assert DECLARED.outcome == "loans: art_1 answers"
    unmet = replace(MEASURED, winner="", artefact="")
    assert unmet.outcome == "loans: no candidate meets the contract"


def test_reasons_begin_with_the_winner():
    assert MEASURED.reasons() == [
        "logistic won: the simplest of those as good as the best.",
        "lightgbm lost: best, but not by enough.",
    ]


def test_standings_are_rows_under_the_titles():
    assert MEASURED.titles[2] == "roc_auc"
    assert BEST.cells() == ("lightgbm", "tree", "0.7829", "0.7500 to 0.8100", "0.050", "1.5 MB")
    assert SIMPLEST.cells()[-2:] == ("", "")
    assert len(BEST.cells()) == len(MEASURED.titles)


def test_a_notebook_shows_the_winner_in_bold_and_every_text_as_text():
    shown = MEASURED._repr_html_()
    assert "<td><b>logistic</b></td>" in shown
    assert "<td>lightgbm</td>" in shown
    assert "&lt;typur&gt; leaks" in shown
    assert MEASURED.id in shown
    assert "<td><b>" not in DECLARED._repr_html_()


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.01, 0.03, "helped"), (-0.01, 0.05, "made no certain difference to"), (-3, -1, "hurt")],
)
def test_what_inputs_were_worth_is_said_by_its_interval(low, high, verdict):
    gain = (low + high) / 2
    worth = InputWorth(
        method="linear", inputs="engineered", over="raw", gain=gain, low=low, high=high
    )
    assert worth.said == (
        f"engineered inputs {verdict} linear: {gain:+.4f} over raw "
        f"(95 % interval {low:+.4f} to {high:+.4f})"
    )
    made = Decision(
        kind="declared", contract="c", artefact="a", machine={}, by="me", created=0.0,
        inputs=(worth,),
    )  # fmt: skip
    assert Decision.read(json.loads(json.dumps(made.record()))) == made
    assert worth.said in made._repr_html_()
    assert "inputs" not in replace(made, inputs=()).record()
