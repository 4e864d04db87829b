import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.app.plot import Mark, Plot, pareto, reliability, svg, text
from plait.core.decision import Decision, Promise, Standing


def standing(name, score, latency):
    measured = {} if latency is None else {"latency_ms_p95": latency}
    return Standing(
        name=name,
        paradigm="linear",
        score=score,
        low=score,
        high=score,
        measurements=measured,
        artefact="art_1",
        why="",
    )


DECISION = Decision(
    kind="measured",
    contract="loan <b>",
    metric="roc_auc",
    winner="linear",
    artefact="art_1",
    standings=(
        standing("linear", 0.8, 0.01),
        standing("lightgbm", 0.81, 0.05),
        standing("dead", 0.7, None),
    ),
    reliability=(Promise(10, 0.1, 0.2), Promise(10, 0.6, 0.55)),
    machine={},
    by="ann",
    created=0.0,
)
SPACE = "{http://www.w3.org/2000/svg}"


def test_quality_stands_against_latency_of_what_was_measured():
    plot = pareto(DECISION)
    assert [(mark.label, mark.won) for mark in plot.marks] == [
        ("linear", True),
        ("lightgbm", False),
    ]
    root = ET.fromstring(svg(plot))
    circles = root.findall(f"{SPACE}circle")
    assert [each.get("class") for each in circles] == ["won", "mark"]
    left, right = (float(each.get("cx")) for each in circles)
    low, high = (float(each.get("cy")) for each in circles)
    assert left < right
    assert low > high  # downwards in SVG
    assert root.find(f"{SPACE}title").text == "loan <b>: roc_auc against latency"
    assert "prefers-color-scheme:dark" in root.find(f"{SPACE}style").text


def test_without_figures_there_is_no_plot():
    bare = replace(DECISION, standings=(), reliability=())
    assert pareto(bare) is None
    assert reliability(bare) is None


def test_probabilities_stand_against_a_diagonal():
    plot = reliability(DECISION)
    assert plot.place(plot.marks[0]) == (0.1, 0.2)
    lines = text(plot, width=40, height=10)
    assert sum(line.count("●") for line in lines) == 2
    assert any("·" in line for line in lines)
    assert 'class="guide"' in svg(plot)


def test_the_terminal_shows_names_and_ends():
    lines = text(pareto(DECISION))
    drawn = "\n".join(lines)
    assert "linear" in drawn
    assert "lightgbm" in drawn
    assert (drawn.count("●"), drawn.count("○")) == (1, 1)
    assert all(len(line) <= 70 for line in lines)


@pytest.mark.parametrize("logarithmic", [False, True])
@given(
    points=st.lists(
        st.tuples(st.floats(1e-6, 1e6), st.floats(-1e6, 1e6), st.text("ab<&", max_size=80)),
        min_size=1,
        max_size=6,
    )
)
def test_any_points_are_drawn_within_the_frame(points, logarithmic):
    marks = [Mark(x, y, label) for x, y, label in points]
    plot = Plot(title="t", across="x", upwards="y", marks=marks, logarithmic=logarithmic)
    assert all(0 <= part <= 1 for mark in marks for part in plot.place(mark))
    assert len(ET.fromstring(svg(plot)).findall(f"{SPACE}circle")) == len(marks)
    assert any("○" in line for line in text(plot))
