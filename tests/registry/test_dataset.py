import numpy as np
import pytest

from plait.core.errors import UnknownName
from plait.core.privacy import Privacy
from plait.registry.dataset import read_dataset, register_dataset
from plait.store.frame import Frame
from plait.store.record import DatasetRow
from plait.train.version import dataset_id

FRAME = Frame.of(
    {
        "amount": np.array([1.5, np.nan, 3.0]),
        "count": [1, 2, 3],
        "empty": [None, None, None],
        "flag": [True, None, False],
        "postcode": ["01234", "N/A later", None],
        "ünicode \"name'": ["a,b", 'say "x"', "line\nbreak"],
    }
)


def keep(store, frame=FRAME):
    dataset = dataset_id(frame.columns)
    register_dataset(
        store,
        dataset,
        frame,
        contract="loan",
        source="loans.csv",
        tenant="default",
        privacy=Privacy.PERSONAL,
    )
    return dataset


def test_a_version_comes_back_as_it_was(store):
    dataset = keep(store)
    back = read_dataset(store, dataset)
    assert back.names == FRAME.names
    assert dataset_id(back.columns) == dataset


def test_a_version_is_kept_once(store):
    assert keep(store) == keep(store)
    (row,) = store.find(DatasetRow)
    assert (row.rows, row.privacy, row.body["source"]) == (3, Privacy.PERSONAL, "loans.csv")


def test_an_unknown_version_is_named(store):
    with pytest.raises(UnknownName, match="ds_0"):
        read_dataset(store, "ds_0")
