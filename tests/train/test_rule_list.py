import json
from dataclasses import replace

import numpy as np
import pytest

from plait.core.schema import Field, Schema
from plait.engines.rules import MODEL, WORDS
from plait.train.rule_list import MOST_RULES, RuleLists


@pytest.fixture(scope="module")
def steps(samples):
    """Rows whose class is a list of two rules, and one column that says nothing."""
    dice = np.random.Generator(np.random.PCG64(5))
    age, area = dice.integers(18, 80, 600).astype(float), dice.choice(["a", "b", "c"], 600)
    noise = dice.normal(size=600)
    age[::20] = np.nan
    late = np.where(np.isnan(age), True, (age > 50) & (area != "b"))
    return replace(
        samples["binary"],
        input=Schema(
            (
                Field(name="age", kind="number", nullable=True, label="years of age"),
                Field(name="area", kind="category"),
                Field(name="noise", kind="number"),
            )
        ),
        columns={"age": age, "area": area.astype(object), "noise": noise},
        target=late.astype(float).tolist(),
    )


def test_the_rules_that_made_the_data_are_found(steps, tmp_path):
    answer = RuleLists(tmp_path).fit(steps).predict(steps.columns)
    found = answer["prediction"] == "yes"
    assert (found == np.array(steps.target, dtype=bool)).mean() > 0.99
    words = (tmp_path / WORDS).read_text()
    assert "years of age is missing" in words
    assert "noise" not in words


def test_the_words_say_how_many_rows_each_rule_meets(samples, tmp_path):
    for problem, sample in samples.items():
        RuleLists(tmp_path / problem).fit(sample)
        lines = (tmp_path / problem / WORDS).read_text().splitlines()
        rules = json.loads((tmp_path / problem / MODEL).read_text())["rules"]
        assert 1 <= len(rules) == len(lines) - 1 <= MOST_RULES
        assert sum(int(line.rsplit(", ", 1)[1].split()[0]) for line in lines) == len(sample.target)
        assert lines[0].startswith("1. if ")
        assert lines[-1].startswith("otherwise: ")


def test_where_nothing_tells_the_rows_apart_there_is_no_rule(steps, tmp_path):
    same = {name: np.repeat(values[:1], len(values)) for name, values in steps.columns.items()}
    answer = RuleLists(tmp_path).fit(replace(steps, columns=same)).predict(same)
    assert answer["probability_yes"] == pytest.approx(np.mean(steps.target))
    assert (tmp_path / WORDS).read_text().startswith("always: yes ")


def test_many_rows_are_looked_at_in_part_and_counted_in_full(steps, tmp_path, monkeypatch):
    monkeypatch.setattr("plait.train.rule_list.MOST_ROWS", 200)
    answer = RuleLists(tmp_path).fit(steps).predict(steps.columns)
    assert ((answer["prediction"] == "yes") == np.array(steps.target, dtype=bool)).mean() > 0.9
    lines = (tmp_path / WORDS).read_text().splitlines()
    assert sum(int(line.rsplit(", ", 1)[1].split()[0]) for line in lines) == len(steps.target)
