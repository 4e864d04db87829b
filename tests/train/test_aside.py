from dataclasses import replace

import numpy as np
import pytest

from plait.core.contract import Contract, Fairness, FeatureNote, Requirements
from plait.core.errors import InvalidData, InvalidSettings
from plait.store.frame import RawColumn, objects
from plait.train.aside import groups_of, read_times
from plait.train.base import inner_folds
from plait.train.corpus import prepare_text
from plait.train.plan import plan_race
from plait.train.prepare import prepare

ROWS = 240
CUSTOMER = RawColumn("customer", "string", objects(f"c{row // 4}" for row in range(ROWS)))
DAY = RawColumn("day", "time", objects(f"2024-{1 + row // 20:02}-01" for row in range(ROWS)))


@pytest.fixture(scope="module")
def binary(contracts):
    return contracts["binary"]


@pytest.fixture(scope="module")
def table(loans):
    return (*loans, CUSTOMER, DAY)


def test_groups_and_times_are_no_features_unless_named(table, binary):
    contract = replace(
        binary, group="customer", time="day", fairness=Fairness(group="area"), exclude=("score",)
    )
    prepared = prepare(table, contract)
    assert not {"customer", "day", "area"} & set(prepared.columns)
    assert set(prepared.aside) == {"customer", "day", "area"}
    assert prepared.aside["area"].tolist() == table[4].values.tolist()
    assert prepared.aside["day"][0] == 1704067200.0
    named = replace(binary, group="area", features={"area": FeatureNote(), "debt": FeatureNote()})
    assert set(prepare(table, named).columns) == {"area", "debt"}


def test_the_contract_decides_the_splits(table, binary):
    def kind(**changes):
        contract = replace(binary, **changes)
        return plan_race(prepare(table, contract), contract).splits

    assert (kind().kind, len(kind())) == ("stratified", 20)
    assert (kind(group="customer").kind, len(kind(group="customer"))) == ("grouped", 20)
    assert (kind(time="day").kind, len(kind(time="day"))) == ("time_ordered", 5)
    both = kind(time="day", group="customer")
    customers, days = CUSTOMER.values, DAY.values
    assert both.kind == "time_ordered"
    for split in both:
        assert not set(customers[split.train]) & set(customers[split.test])
        assert max(days[split.train]) < min(days[split.test])


def test_folds_within_a_fit_do_not_part_groups(table, binary):
    contract = replace(binary, group="customer")
    prepared = prepare(table, contract)
    rows = np.arange(100, 220)
    fold = inner_folds(prepared.sample(rows, seed=0))
    customers = CUSTOMER.values[rows]
    assert all(len(set(fold[customers == each])) == 1 for each in set(customers))
    assert set(fold) == {0, 1, 2, 3, 4}


def test_one_group_is_refused(table, binary):
    contract = replace(binary, group="country")
    with pytest.raises(InvalidData, match="one group") as caught:
        plan_race(prepare(table, contract), contract)
    assert (caught.value.code, caught.value.where) == ("data_too_small", "country")


@pytest.mark.parametrize("part", ["group", "time"])
def test_a_column_without_a_value_can_neither_part_nor_order_rows(table, binary, part):
    empty = RawColumn("empty", "number", np.full(ROWS, np.nan))
    with pytest.raises(InvalidData, match="has no value in any row") as caught:
        prepare((*table, empty), replace(binary, **{part: "empty"}))
    assert (caught.value.code, caught.value.where) == ("data_column_missing", "empty")
    assert f"remove `{part}`" in caught.value.hint


def test_a_row_without_a_group_stands_for_itself():
    groups = groups_of(objects(["a", "", "a", "", "b"]))
    assert groups[0] == groups[2]
    assert len(set(groups.tolist())) == 4


def test_rows_without_a_time_are_left_out_and_told(table, binary):
    days = DAY.values.copy()
    days[:7] = None
    prepared = prepare((*table[:-1], replace(DAY, values=days)), replace(binary, time="day"))
    assert len(prepared) == ROWS - 7
    assert prepared.notes[0] == "7 of 240 rows have no day and are left out."
    assert len(prepared.aside["day"]) == ROWS - 7


@pytest.mark.parametrize(
    ("kind", "values", "sorted_as"),
    [
        ("number", [3.0, 1.0, 2.0], [1, 2, 0]),
        ("string", ["2024-01-02", "2023-12-31T23:00", "2024-01-01 08:00:01"], [1, 2, 0]),
        ("time", ["2024-01-01T00:00:00+02:00", "2023-12-31T23:00:00Z", "2023-12-31"], [2, 0, 1]),
    ],
)
def test_times_sort_as_they_are(kind, values, sorted_as):
    array = np.array(values) if kind == "number" else objects(values)
    assert np.argsort(read_times(RawColumn("t", kind, array))).tolist() == sorted_as


def test_what_is_no_time_is_refused(table, binary):
    with pytest.raises(InvalidData, match="is no time") as caught:
        prepare(table, replace(binary, time="area"))
    assert caught.value.code == "data_format"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"group": "custmer"}, InvalidData),
        ({"time": "dya"}, InvalidData),
        ({"fairness": Fairness(group="race")}, InvalidData),
        ({"group": "approved"}, InvalidSettings),
        (
            {"fairness": Fairness(group="area"), "features": {"area": FeatureNote()}},
            InvalidSettings,
        ),
    ],
)
def test_columns_that_cannot_be_set_aside(table, binary, changes, kind):
    with pytest.raises(kind):
        prepare(table, replace(binary, **changes))


def test_texts_can_have_groups_and_times(talk):
    texts, intents = talk(20)
    count = len(texts.values)
    who = RawColumn("who", "string", objects(f"p{row % 55}" for row in range(count)))
    contract = Contract(task="text", data="", target="intent", group="who")
    prepared = prepare_text((texts, intents, who), contract)
    assert set(prepared.columns) == {texts.name}
    assert plan_race(prepared, contract).splits.kind == "grouped"


@pytest.mark.parametrize("problem", ["multiclass", "regression"])
def test_fairness_that_nobody_could_judge_is_refused(loans, contracts, problem):
    asked = replace(contracts[problem], fairness=Fairness(group="married"))
    with pytest.raises(InvalidSettings, match="one of two answers") as caught:
        prepare(loans, asked)
    assert (caught.value.code, caught.value.where) == ("settings_wrong_value", "fairness")


def test_a_number_has_no_probability_to_calibrate(loans, contracts):
    asked = Requirements(calibrated=True)
    with pytest.raises(InvalidSettings) as caught:
        prepare(loans, replace(contracts["regression"], require=asked))
    assert caught.value.where == "require.calibrated"
    assert len(prepare(loans, replace(contracts["multiclass"], require=asked))) == ROWS


def test_fairness_between_more_than_two_levels_of_texts_is_refused():
    texts = [f"{each} {row}" for row, each in enumerate(("pay", "ask", "end") * 20)]
    columns = [
        RawColumn("said", "string", objects(texts)),
        RawColumn("who", "string", objects(["old", "young"] * 30)),
        RawColumn("level", "string", objects(["pay", "ask", "end"] * 20)),
    ]
    contract = Contract(data="", task="text", target="level", fairness=Fairness(group="who"))
    with pytest.raises(InvalidSettings, match="more than two levels"):
        prepare_text(columns, contract)
