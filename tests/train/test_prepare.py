from dataclasses import replace

import numpy as np
import pytest

from plait.core.contract import FeatureNote
from plait.core.errors import InvalidData, InvalidSettings
from plait.core.schema import RowReader
from plait.store.frame import RawColumn, objects
from plait.train.prepare import prepare
from plait.train.version import dataset_id


@pytest.fixture(scope="module")
def prepared(loans, contracts):
    return prepare(loans, contracts["binary"])


def test_features_are_what_can_be_learnt_from(prepared):
    kinds = {field.name: field.kind for field in prepared.input.fields}
    assert kinds == {"income": "number", "debt": "number", "married": "boolean", "area": "category"}
    assert prepared.input["debt"].sentinels == (999.0,)
    assert (prepared.problem, prepared.classes) == ("binary", ("no", "yes"))


def test_every_column_left_out_is_told(prepared):
    notes = "\n".join(prepared.notes)
    for name in ("number", "person", "asked", "country", "notes"):
        assert f"{name} is left out: " in notes
    assert "debt: 999 (in " in notes
    assert "score" not in notes  # excluded on purpose


def test_the_dataset_is_all_that_was_read(prepared, loans):
    assert prepared.dataset == dataset_id(loans)


def test_a_sample_keeps_rows_and_targets_together(prepared):
    rows = np.array([5, 3, 100])
    sample = prepared.sample(rows, seed=7)
    assert sample.target == prepared.target[rows].tolist()
    assert sample.columns["debt"].tolist() == prepared.columns["debt"][rows].tolist()
    assert (sample.classes, sample.problem, sample.seed) == (("no", "yes"), "binary", 7)


def test_rows_are_such_as_a_caller_sends(prepared):
    rows = prepared.rows(50)
    assert len(rows) == 50
    assert len(prepared.rows(10_000)) == len(prepared)
    columns = RowReader(prepared.input).columns(rows)  # refuses NaN, numpy scalars, wrong types
    assert None in columns["income"]
    assert None in columns["married"]


def test_a_whole_number_is_sent_without_fraction(loans, contracts):
    count = RawColumn("count", "number", np.array([1.0, np.nan, 3.0] * 80))
    rows = prepare((*loans, count), contracts["binary"]).rows(3)
    assert {
        type(row["count"]) for row in prepare((*loans, count), contracts["binary"]).rows(240)
    } == {int, type(None)}
    assert len(rows) == 3


def test_rows_without_a_target_are_left_out_and_told(loans, contracts):
    *others, target = loans
    gaps = objects(None if i % 10 == 0 else value for i, value in enumerate(target.values))
    found = prepare((*others, RawColumn("approved", "string", gaps)), contracts["binary"])
    assert len(found) == 216
    assert found.notes[0] == "24 of 240 rows have no approved and are left out."


def copied(loans, rows):
    """Return the loans with some of them once more at the end."""
    again = np.concatenate([np.arange(len(loans[0].values)), rows])
    return [RawColumn(each.name, each.kind, each.values[again]) for each in loans]


def test_many_copies_are_kept_together(loans, contracts):
    found = prepare(copied(loans, np.arange(60)), contracts["binary"])
    assert found.copied.sum() > 100  # a few of the loans are alike by right
    assert found.groups is found.same
    assert (found.same[:60] == found.same[240:]).all()


def test_few_copies_and_copies_in_order_of_time_are_left_where_they_are(loans, contracts):
    few = prepare(copied(loans, np.arange(1)), contracts["binary"])
    assert (few.copied.sum(), few.groups) == (2, None)
    timed = replace(contracts["binary"], time="number")
    assert prepare(copied(loans, np.arange(60)), timed).groups is None


def test_copies_of_a_class_that_is_one_row_cannot_be_kept_apart(loans, contracts):
    target = loans[-1].values
    yes = np.flatnonzero(target == "yes")
    one = np.concatenate([np.flatnonzero(target == "no"), np.repeat(yes[:1], 50)])
    rows = [RawColumn(each.name, each.kind, each.values[one]) for each in loans]
    found = prepare(rows, contracts["binary"])
    assert found.copied.sum() >= 50
    assert found.groups is None


def test_distinct_rows_stand_for_themselves(prepared):
    assert prepared.groups is None
    assert not prepared.copied.any()


def test_leaks_are_found_in_features_and_beyond(loans, contracts):
    target = loans[-1].values
    restated = RawColumn("status", "string", objects("ok" if v == "yes" else "no" for v in target))
    found = prepare((*loans, restated), contracts["binary"])
    assert found.leaks[0].column == "status"
    excluded = prepare((*loans, restated), replace(contracts["binary"], exclude=("status",)))
    assert excluded.leaks[0].column == "status"


def test_named_features_come_in_the_order_of_the_data(loans, contracts):
    named = replace(contracts["binary"], features={"number": FeatureNote(), "area": FeatureNote()})
    assert prepare(loans, named).input.names == ("number", "area")


@pytest.mark.parametrize(
    ("changes", "kind", "code", "hint"),
    [
        ({"target": "aproved"}, InvalidData, "data_target_missing", "did you mean 'approved'?"),
        ({"target": "qqq"}, InvalidData, "data_target_missing", "known: approved, area"),
        ({"exclude": ("incme",)}, InvalidData, "data_column_missing", "did you mean 'income'?"),
        ({"features": {"incme": FeatureNote()}}, InvalidData, "data_column_missing", "'income'"),
        ({"exclude": ("approved",)}, InvalidSettings, "settings_wrong_value", "remove it"),
        ({"features": {"person": FeatureNote()}}, InvalidData, "data_no_features", "more columns"),
        ({"target": "asked"}, InvalidData, "data_target_kind", "duration"),
        ({"target": "country"}, InvalidData, "data_target_constant", "another target"),
        ({"positive": "maybe"}, InvalidSettings, "settings_wrong_value", "one of no, yes"),
    ],
)
def test_a_contract_the_data_cannot_meet_is_refused(loans, contracts, changes, kind, code, hint):
    with pytest.raises(kind) as caught:
        prepare(loans, replace(contracts["binary"], **changes))
    assert caught.value.code == code
    assert hint in caught.value.hint
