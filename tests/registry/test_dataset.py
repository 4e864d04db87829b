import numpy as np
import pytest

from plait.core.decision import Decision, Evidence
from plait.core.errors import UnknownName
from plait.core.privacy import Privacy
from plait.registry.dataset import columns_of, read_dataset, register_dataset
from plait.registry.decision import register_decision
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


def decided(store, dataset=None):
    evidence = Evidence(
        contract={}, dataset=dataset, metric="auc", splits={}, candidates=(), libraries={}
    )
    made = Decision(
        kind="measured" if dataset else "declared",
        contract="loan",
        evidence=evidence.id if dataset else "",
        artefact="",
        machine={},
        by="ann",
        created=0.0,
    )
    told = evidence if dataset else None
    register_decision(store, made, told, tenant="default", privacy=Privacy.PERSONAL)
    return made


def test_the_columns_of_a_decision_are_those_of_its_data(store):
    made = decided(store, keep(store))
    keep(store, Frame.of({"later": [1, 2]}))
    assert columns_of(store, made) == set(FRAME.names)


def test_the_columns_of_a_declared_decision_are_those_of_its_contract(store):
    keep(store)
    keep(store, Frame.of({"later": [1, 2]}))
    assert columns_of(store, decided(store)) == {*FRAME.names, "later"}


def test_a_decision_whose_data_are_gone_has_no_columns(store):
    assert columns_of(store, decided(store, "ds_0")) == frozenset()
    assert columns_of(store, decided(store)) == frozenset()


def test_an_unknown_version_is_named(store):
    with pytest.raises(UnknownName, match="ds_0"):
        read_dataset(store, "ds_0")
