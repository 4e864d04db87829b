import numpy as np
import pytest

from plait.core.contract import Contract
from plait.train.corpus import prepare_text
from plait.train.text import calibrated, held_out, target_of, texts_of


@pytest.fixture
def sample(talk):
    prepared = prepare_text(talk(8), Contract(task="text", data="", target="intent"))
    return prepared.sample(np.arange(len(prepared)), seed=3)


def test_texts_and_classes_of_a_sample(sample):
    assert len(texts_of(sample)) == len(target_of(sample)) == 24
    assert all(isinstance(text, str) for text in texts_of(sample))
    assert target_of(sample).dtype == np.int64


def test_every_row_is_held_out_once_by_fits_without_it(sample):
    rows = []

    def score(train, test):
        assert not set(train) & set(test)
        rows.extend(test)
        return np.eye(3)[target_of(sample)[test]]

    raw, truth = held_out(sample, score)
    assert sorted(rows) == list(range(24))
    np.testing.assert_array_equal(raw.argmax(axis=1), truth)


def test_of_many_rows_one_fold_is_held_out(sample, monkeypatch):
    monkeypatch.setattr("plait.train.text.MANY_ROWS", 20)
    raw, _ = held_out(sample, lambda train, test: np.zeros((len(test), 3)))
    assert len(raw) == 5


def test_scores_that_are_too_sure_are_calibrated():
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 400)
    said = np.where(random.random(400) < 0.7, truth, random.integers(0, 3, 400))
    calibration, loss = calibrated(20 * np.eye(3)[said], truth)
    assert calibration.slope < 0.2
    assert loss < 0.8
