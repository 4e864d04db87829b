"""What needs no torch, and what does; test_candidate.py has what every candidate must do."""

from dataclasses import replace

import numpy as np
import pytest

from plait.core.errors import MissingExtra
from plait.engines.encode import Encoder
from plait.engines.network import Network
from plait.train.code import standard_codes
from plait.train.seeded import torch_of
from plait.train.tabm import BINS, TabM, _shape, _Training


def test_without_torch_it_says_what_to_install(samples, tmp_path, monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr("plait.train.seeded.import_module", absent)
    with pytest.raises(MissingExtra, match="torch"):
        TabM(tmp_path).fit(samples["binary"])


def test_a_number_of_few_values_has_few_pieces_and_a_flag_none(samples):
    sample = samples["regression"]
    codes = standard_codes(sample)
    matrix = Encoder(codes).matrix(sample.columns, len(sample.target))
    target = np.array(sample.target)
    shape, pieces = _shape(sample, codes, matrix, target)
    assert shape.width == sum(code.width for code in codes)
    assert len(shape.numbers) == 2  # income and debt; married is a flag, area one-hot
    assert shape.shift == pytest.approx(target.mean())
    assert pieces["start"].shape == (len(shape.numbers), BINS)
    assert (pieces["length"] > 0).all()


@pytest.mark.long  # `make test-all` installs torch, which is gigabytes on some systems
def test_one_row_of_a_class_is_enough_to_fit(samples, tmp_path):
    sample = samples["binary"]
    rows = np.concatenate([np.flatnonzero(sample.target)[:30], [sample.target.index(0.0)]])
    few = replace(
        sample,
        columns={name: values[rows] for name, values in sample.columns.items()},
        target=[sample.target[row] for row in rows],
    )
    assert np.isfinite(TabM(tmp_path).fit(few).predict(few.columns)["probability_yes"]).all()


@pytest.mark.long  # `make test-all` installs torch, which is gigabytes on some systems
def test_numpy_answers_as_torch_does(samples):
    sample = samples["regression"]
    codes = standard_codes(sample)
    matrix = Encoder(codes).matrix(sample.columns, len(sample.target))
    shape, pieces = _shape(sample, codes, matrix, np.array(sample.target))
    with torch_of(1) as torch:
        training = _Training(torch, sample, shape, pieces)
        rows = torch.from_numpy(matrix.astype(np.float32))
        with torch.no_grad():
            answers = training._forward(rows, drop=False)[..., 0].mean(1).double().numpy()
        found = Network(shape, training._numbers(), "regression").raw(matrix)[:, 0]
    np.testing.assert_allclose(found, shape.shift + shape.scale * answers, rtol=1e-4, atol=1e-4)
