"""Dataset versions: found by their beginning, described, compared."""

import numpy as np
import pytest

from plait.app.datasets import (
    compare_datasets,
    describe_dataset,
    difference_record,
    find_dataset,
    list_datasets,
)
from plait.core.errors import UnknownName
from plait.core.privacy import Privacy
from plait.registry.dataset import register_dataset
from plait.store.frame import Frame
from plait.store.sqlite import SqliteStore

BEFORE = Frame.of({"age": [20.0, np.nan, 40.0], "town": ["Ulm", "Ulm", None]})
AFTER = Frame.of({"age": [20.0, 41.0], "town": ["Ulm", "Bern"], "paid": [True, False]})


@pytest.fixture
def store(tmp_path):
    with SqliteStore(tmp_path) as found:
        for name, frame in (("ds_1000before", BEFORE), ("ds_2000after", AFTER)):
            register_dataset(
                found, name, frame, contract="loan", source=f"{name}.csv", tenant="default",
                privacy=Privacy.INTERNAL,
            )  # fmt: skip
        yield found


def test_a_beginning_of_four_characters_may_be_enough(store):
    assert find_dataset(store, "ds_1").id == "ds_1000before"
    for unclear in ("ds_", "ds_3", "ds"):
        with pytest.raises(UnknownName, match="dataset"):
            find_dataset(store, unclear)


def test_columns_are_described_by_their_kind(store):
    found = {each["name"]: each for each in describe_dataset(store, "ds_1000before")["columns"]}
    assert found["age"] == {
        "name": "age", "kind": "number", "missing": 1, "low": 20.0, "median": 30.0, "high": 40.0,
    }  # fmt: skip
    assert found["town"] == {
        "name": "town", "kind": "string", "missing": 1, "levels": 1, "commonest": ["Ulm"],
    }  # fmt: skip


def test_two_are_compared_and_written_as_json(store):
    record = difference_record(compare_datasets(store, "ds_1", "ds_2"))
    assert (record["same"], record["added"], record["removed"]) == (1, 1, 2)
    assert record["columns_added"] == ("paid",)
    assert {each["column"] for each in record["columns"]} == {"age", "town"}


def test_they_are_listed_newest_first(store):
    assert [each["id"] for each in list_datasets(store)] == ["ds_2000after", "ds_1000before"]
    assert list_datasets(store, "nobody") == []
