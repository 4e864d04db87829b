from dataclasses import replace

import numpy as np
import pytest

from plait.engines.encode import Encoder
from plait.engines.pipeline import NumberCode, OneHotCode
from plait.train.reference import MOST_ROWS, reference

CODES = (NumberCode(column="debt", fill=0.0, indicator=True), OneHotCode(column="area", levels=()))


@pytest.fixture
def asked(samples):
    sample = samples["binary"]
    fields = tuple(each for each in sample.input.fields if each.name in ("debt", "area"))
    return replace(sample, reasons=True, input=replace(sample.input, fields=fields))


def found_in(sample, split):
    codes = tuple(replace(code, column=field.name) if isinstance(code, NumberCode) else code
                  for code, field in zip(CODES, sample.input.fields, strict=True))  # fmt: skip
    encoder = Encoder(codes)
    matrix = encoder.matrix(sample.columns, len(sample.target))
    return reference(sample, encoder, matrix, split)


def test_it_is_the_mean_of_the_accepted_rows(asked):
    asked_rows = []

    def split(matrix):
        asked_rows.append(len(matrix))
        return np.column_stack(
            [np.full(len(matrix), 0.5), matrix[:, 1], matrix[:, 2], matrix[:, 0]]
        )

    found = found_in(asked, split)
    accepted = np.asarray(asked.target) == 1
    assert asked_rows == [min(MOST_ROWS, accepted.sum())]
    assert found.shares[0] == pytest.approx(0.5, abs=0.1)  # half, and the flags of missing
    assert len(found.shares) == 2
    debt = asked.columns["debt"][accepted]
    assert found.values[0] == pytest.approx(debt[debt != 999].mean())
    areas, counts = np.unique(asked.columns["area"][accepted], return_counts=True)
    assert found.values[1] == areas[counts.argmax()]


def test_it_is_made_only_where_it_is_asked_for(samples, asked):
    for sample in (replace(asked, reasons=False), replace(asked, problem="multiclass")):
        assert found_in(sample, None) is None
    assert samples["binary"].reasons is False


def test_a_field_that_is_never_there_has_no_usual_value(asked):
    columns = {**asked.columns, "debt": np.full(len(asked.target), 999.0)}
    found = found_in(replace(asked, columns=columns), lambda m: np.zeros((len(m), 4)))
    assert found.values[0] is None
