"""Decisions and answers in words."""

import pytest

from plait.cli.render import named, plain, show_answers, show_decision
from plait.core.contract import FeatureNote
from plait.core.decision import Decision, OperatingPoint, Standing

POINT = OperatingPoint(
    threshold=0.8,
    false_positive_rate=0.1,
    false_negative_rate=0.2,
    cost=0.1,
    cost_low=0.0,
    cost_high=0.2,
)


def standing(name, score, why):
    measured = {"latency_ms_p95": 0.0123, "size_mb": 0.0034}
    return Standing(
        name=name,
        paradigm="rule",
        score=score,
        low=score - 0.01,
        high=score + 0.01,
        measurements=measured,
        artefact="art_1",
        why=why,
    )


@pytest.fixture
def said(capsys):
    """Return what was printed since the last time, by lines."""
    return lambda: capsys.readouterr().out.splitlines()


def test_every_candidate_has_its_line_and_its_reason(said, narrow):
    decision = Decision(
        kind="measured",
        contract="c [x]",
        metric="roc_auc",
        winner="b",
        artefact="art_1",
        standings=(standing("a", 0.9, "slow " * 30 + "[y]"), standing("b", 0.8, "simple")),
        machine={},
        notes=("[z] is left out.",),
        summary="b answers " * 20,
        by="local",
        created=0.0,
    )
    show_decision(decision)
    lines = said()
    assert lines[0] == "c [x]: b answers"
    assert lines[3].split() == [
        "a",
        "rule",
        "0.9000",
        "0.8900",
        "to",
        "0.9100",
        "0.012",
        "3.4",
        "kB",
    ]
    assert lines[6] == "b won: simple."
    assert lines[7].startswith("a lost: slow slow")
    assert "[y]." in " ".join(lines)
    assert "! [z] is left out." in lines
    assert all(len(line) <= 80 for line in lines)
    assert lines[-1] == decision.id


@pytest.mark.parametrize(
    ("value", "chances", "threshold", "line"),
    [
        (1, {"0": 0.034, "1": 0.966}, 0.8, "t = 1 (96.6 %)"),
        (0, {"0": 0.9, "1": 0.1}, 0.8, "t = 0 (90.0 %)"),
        (
            0,
            {"0": 0.274, "1": 0.726},
            0.8,
            "t = 0 (27.4 %): 1 is likelier, but is answered only from 80.0 % on",
        ),
        (
            "yes",
            {"no": 0.7, "yes": 0.3},
            0.2,
            "t = yes (30.0 %): no is likelier, but yes is answered from 20.0 % on",
        ),
        (True, {"false": 0.1, "true": 0.9}, 0.5, "t = true (90.0 %)"),
        (
            "b",
            {"a": 0.2, "b": 0.5, "c": 0.3},
            None,
            "t = b (50.0 %)  c 30.0 %, a 20.0 %",
        ),
        (
            "a",
            {"a": 0.9, "b": 0.04, "c": 0.03, "d": 0.02, "e": 0.01},
            None,
            "t = a (90.0 %)  b 4.0 %, c 3.0 %, d 2.0 % ...",
        ),
        (2, {"1": 0.000001, "2": 0.999999}, 0.5, "t = 2 (> 99.9 %)"),
    ],
)
def test_a_level_is_said_with_its_chance(said, value, chances, threshold, line):
    point = None
    if threshold is not None:
        point = OperatingPoint(**{**POINT.record(), "threshold": threshold})
    show_answers([{"prediction": value, "probabilities": chances}], "t", point=point)
    assert said() == [line]


def test_a_number_is_said_with_its_interval(said):
    show_answers([{"prediction": 152.123, "interval": (98.24, 1206.1)}], "t")
    assert said() == ["t = 152.1 (nine in ten are between 98.24 and 1,206)"]


def test_reasons_have_signs_names_and_units(said):
    reasons = [
        {"feature": "dti", "value": 28.0, "contribution": 0.8317},
        {"feature": "age", "value": 0, "contribution": -0.5},
        {"feature": "rent", "value": 900, "contribution": -1234.5},
    ]
    notes = {"dti": FeatureNote(label="debt", unit="percent"), "rent": FeatureNote(unit="usd")}
    show_answers(
        [{"prediction": 1.0, "reasons": reasons}] * 2, "t", notes=notes, names=("ann", "bob")
    )
    assert said()[:4] == [
        "ann: t = 1",
        "  +0.832  debt = 28 %",
        "  -0.500  age = 0",
        "  -1,234  rent = 900 usd",
    ]


def test_a_refusal_has_codes_in_words(said):
    code = {"code": "R-1", "words": "debt: 60 %, above [x]", "contribution": -1.25}
    show_answers([{"prediction": "no", "probabilities": {"no": 0.9, "yes": 0.1}, "codes": [code]}],
                 "t")  # fmt: skip
    assert said() == ["t = no (90.0 %)", "  R-1  debt: 60 %, above [x] -1.250"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "missing"), (True, "true"), (0, "0"), (28.0, "28"), (0.1, "0.1"), ("é", "é")],
)
def test_values_are_said_as_people_write_them(value, text):
    assert plain(value) == text


def test_a_unit_stands_with_numbers_only():
    notes = {"x": FeatureNote(label="rent", unit="usd")}
    assert named("x", 3, notes) == "rent = 3 usd"
    assert named("x", None, notes) == "rent = missing"
    assert named("x", "[red]", notes) == "rent = \\[red]"
