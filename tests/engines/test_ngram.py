import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from plait.engines.ngram import Vectoriser, character_terms, stretches, word_terms
from plait.engines.onnx import MOST_CHARACTERS

CORPUS = [
    "Where is my card? It hasn't arrived!",
    "where IS my   new-card\tof 2024",
    "I can't pay with my card in Zürich, naïve as I am",
    "ΟΔΟΣ und STRAẞE",
    "pay pay pay 100 €",
    "",
    "a b c",
]


@pytest.fixture(scope="module")
def rivals():
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    return words.fit(CORPUS), characters.fit(CORPUS)


@pytest.fixture(scope="module")
def vectoriser(rivals):
    words, characters = rivals
    idf = [*words.idf_.tolist(), *characters.idf_.tolist()]
    return Vectoriser(
        words.get_feature_names_out().tolist(), characters.get_feature_names_out().tolist(), idf
    )


@given(
    text=st.one_of(
        st.sampled_from(CORPUS),
        st.lists(
            st.sampled_from(
                ["card", "my", "ΟΔΟΣ", "CARD?", "100", "a", "-", "new-card", "x\n", "Zürich,"]
            )
        ).map(" ".join),
        st.text(max_size=30),
    )
)
def test_a_vector_is_that_of_scikit_learn(rivals, vectoriser, text):
    expected = hstack([each.transform([text]) for each in rivals]).toarray()[0]
    found = np.zeros(len(vectoriser))
    for at, weight in vectoriser.vector(stretches(text)).items():
        found[at] = weight
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_every_term_has_its_place():
    chunks = stretches("New-card, please")
    terms, places = word_terms(chunks)
    found = dict(zip(terms, places, strict=True))
    assert found["card"] == found["new card"] == (0, 0)
    assert found["card please"] == (0, 1)
    terms, places = character_terms(chunks)
    assert {place for term, place in zip(terms, places, strict=True) if "pl" in term} == {(1, 1)}


@given(text=st.text(max_size=40))
def test_what_is_in_the_vector_has_a_place(vectoriser, text):
    chunks = stretches(text)
    found = vectoriser.places(chunks)
    assert {at for at, _ in found} == set(vectoriser.vector(chunks))
    assert all(0 <= first <= last < len(chunks) for _, (first, last) in found)


def test_a_text_without_end_is_read_to_a_limit(vectoriser):
    long = "card " * MOST_CHARACTERS
    assert sum(map(len, stretches(long))) < MOST_CHARACTERS
    assert vectoriser.vector(stretches(long))


def test_there_is_one_frequency_per_term():
    with pytest.raises(ValueError, match="one frequency"):
        Vectoriser(["a"], ["b"], [1.0])
