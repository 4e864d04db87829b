from dataclasses import replace

import numpy as np
import pytest

from plait.core.contract import Contract, OutOfScope
from plait.core.errors import InvalidData, InvalidSettings
from plait.store.frame import RawColumn, objects
from plait.train.corpus import lacking, prepare_text

CONTRACT = Contract(task="text", data="", target="intent")
SCOPE = OutOfScope(level="oos")


def column(name, *values, kind="string"):
    return RawColumn(name, kind, objects(values))


def test_texts_and_levels_are_read(talk):
    found = prepare_text(talk(5), CONTRACT)
    assert found.input.names == ("said",)
    assert found.input["said"].kind == "text"
    assert found.classes == ("card", "hours", "loan")
    assert (found.problem, len(found), found.outside) == ("multiclass", 15, {})


def test_what_is_out_of_scope_is_set_aside(talk):
    found = prepare_text(talk(5, outside=3), replace(CONTRACT, out_of_scope=SCOPE))
    assert found.classes == ("card", "hours", "loan")
    assert (len(found), len(found.outside["said"])) == (15, 3)
    assert "3 rows are out of scope" in found.notes[0]
    assert "oos" in prepare_text(talk(5, outside=3), CONTRACT).classes


def test_the_longest_texts_are_read_unless_the_contract_names_others(talk):
    texts, levels = talk(5)
    short = column("channel", *["web", "phone", "desk"] * 5)
    number = RawColumn("id", "number", np.arange(15.0))
    columns = (number, short, levels, texts)
    assert prepare_text(columns, CONTRACT).input.names == ("said",)
    assert prepare_text(columns, replace(CONTRACT, text="channel")).input.names == ("channel",)
    without = prepare_text(columns, replace(CONTRACT, exclude=("said",)))
    assert without.input.names == ("channel",)


def test_rows_without_text_or_level_are_left_out(talk):
    texts, levels = talk(5)
    texts.values[0], texts.values[1], levels.values[2] = "  ", None, None
    found = prepare_text((texts, levels), CONTRACT)
    assert len(found) == 12
    assert found.notes[0] == "3 of 15 rows have no said or no intent and are left out."


def test_texts_that_repeat_another_are_noted():
    said = ["My card!", "my  card", "a loan", "A LOAN?", "a mortgage", "hours", "open"]
    levels = ["card", "card", "loan", "card", "loan", "hours", "hours"]
    (note,) = prepare_text((column("said", *said), column("intent", *levels)), CONTRACT).notes
    assert "2 of 7, some with another level (loan and card)" in note


def test_numbers_are_levels(talk):
    texts, _ = talk(5)
    stars = RawColumn("stars", "number", np.arange(15.0) % 5)
    found = prepare_text((texts, stars), replace(CONTRACT, target="stars"))
    assert found.classes == (0, 1, 2, 3, 4)


@pytest.mark.parametrize(
    ("each", "more"), [({"a": 20, "b": 20, "c": 3}, 0), ({"a": 20, "b": 19, "c": 3}, 18)]
)
def test_half_of_the_levels_need_twenty_texts(each, more):
    rows = [(f"{level} {at}", level) for level, count in each.items() for at in range(count)]
    texts, levels = zip(*rows, strict=True)
    found = prepare_text((column("said", *texts), column("intent", *levels)), CONTRACT)
    assert lacking(found) == more


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"target": "intend"}, InvalidData, "data_target_missing"),
        ({"text": "sayd"}, InvalidData, "data_column_missing"),
        ({"text": "id"}, InvalidData, "data_format"),
        ({"text": "intent"}, InvalidSettings, "settings_wrong_value"),
        ({"exclude": ("said",)}, InvalidData, "data_no_features"),
        ({"out_of_scope": OutOfScope(level="oss")}, InvalidSettings, "settings_wrong_value"),
    ],
)
def test_what_cannot_be_read_is_refused(talk, changes, kind, code):
    columns = (*talk(5, outside=2), RawColumn("id", "number", np.arange(17.0)))
    with pytest.raises(kind) as caught:
        prepare_text(columns, replace(CONTRACT, **changes))
    assert caught.value.code == code
    assert caught.value.hint or changes.get("text") == "intent"


def test_a_level_needs_two_texts(talk):
    texts, levels = talk(5)
    levels.values[0] = "rare"
    with pytest.raises(InvalidData, match="rare") as caught:
        prepare_text((texts, levels), CONTRACT)
    assert caught.value.code == "data_too_small"
