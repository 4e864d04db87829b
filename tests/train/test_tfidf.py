import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from plait.engines.base import load
from plait.engines.ngram import stretches
from plait.testing.engine import check_engine
from plait.train.tfidf import TfidfLinear, fit_vectoriser, matrix_of


def rows_of(sample, most=12):
    return [{"said": text} for text in sample.columns["said"][:most]]


@pytest.fixture(scope="module", params=["binary", "multiclass"])
def fitted(request, text_samples, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    return text_samples[request.param], TfidfLinear(folder).fit(text_samples[request.param]), folder


def test_it_learns(fitted, talk):
    _, predictor, _ = fitted
    texts, levels = talk(20, seed=9)
    kept = [
        level in predictor.artefact.manifest.output["prediction"].levels for level in levels.values
    ]
    answer = predictor.predict({"said": texts.values[kept]})
    assert np.mean(answer["prediction"] == levels.values[kept]) > 0.95


def test_its_artefact_keeps_the_promises_of_an_engine(fitted):
    sample, _, folder = fitted
    check_engine(load, folder, rows_of(sample))


def test_the_same_sample_gives_the_same_bytes(fitted, tmp_path):
    sample, predictor, _ = fitted
    assert TfidfLinear(tmp_path).fit(sample).artefact.id == predictor.artefact.id
    assert not predictor.artefact.manifest.holds_rows


def test_reasons_are_the_words_that_speak_for_the_level(fitted):
    _, predictor, _ = fitted
    answer = predictor.predict({"said": ["please my Loan, today about the mortgage!"]}, reasons=2)
    assert answer["prediction"] == ["loan"]
    (reasons,) = answer["reasons"]
    assert {reason.value for reason in reasons} == {"Loan", "mortgage"}
    assert {reason.feature for reason in reasons} == {"said"}
    assert all(reason.contribution > 0 for reason in reasons)


def test_it_abstains_below_the_confidence_it_is_given(text_samples, tmp_path):
    sample = text_samples["multiclass"]
    predictor = TfidfLinear(tmp_path, abstain=0.5).fit(sample)
    assert predictor.artefact.manifest.output["prediction"].nullable
    for text, level in (("loan mortgage credit", "loan"), ("giraffe", None), (" ", None)):
        answer = predictor.predict({"said": [text]})
        assert answer["prediction"] == [level]
        assert (answer["confidence"][0] < 0.5) == (level is None)
    both = predictor.predict({"said": ["loan mortgage credit", "giraffe"]})
    assert both["prediction"].tolist() == ["loan", None]


@pytest.mark.parametrize(("copies", "least"), [(1, 1), (40, 2)])
def test_the_vectors_are_those_of_scikit_learn(talk, copies, least):
    texts = [*(talk(10)[0].values.tolist() * copies), "a word that stands once"]
    chunks = [stretches(text) for text in texts]
    vectoriser = fit_vectoriser(chunks)
    found = matrix_of(vectoriser, chunks).toarray()
    words = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b", min_df=least
    )
    characters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=least
    )
    expected = [each.fit_transform(texts).toarray() for each in (words, characters)]
    np.testing.assert_allclose(found, np.hstack(expected), atol=1e-6)


def test_what_it_says_of_itself_is_all_that_it_uses(tmp_path, text_samples, monkeypatch):
    assert set(TfidfLinear(tmp_path).configuration()["methods"]) == {"svm", "logistic"}
    monkeypatch.setattr("plait.train.tfidf.MOST_CELLS", 0)
    monkeypatch.setattr("plait.train.tfidf.fit_logistic", None)
    answer = TfidfLinear(tmp_path).fit(text_samples["binary"]).predict({"said": ["card pin"]})
    assert answer["prediction"] == ["card"]
