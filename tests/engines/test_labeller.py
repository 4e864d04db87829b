"""A real small model tells how probable each label is."""

import gc
import os
import signal

import numpy as np
import pytest

from plait.core.errors import EngineError
from plait.engines.labeller import Labeller

WORDS = ("card", "card lost", "card lost or stolen", "exchange rate", "top up failed")
TEXTS = ("I lost my card", "I lost my keys, and my card with them", "What is a euro worth?", "")
TOLD = "What is the message about? Answer with one of these: " + ", ".join(WORDS) + "."


@pytest.fixture(scope="module")
def labeller(smollm):
    return Labeller(smollm, sha256="smollm", instruction=TOLD, words=WORDS)


@pytest.fixture(scope="module")
def scores(labeller):
    return np.array([labeller.score(text) for text in TEXTS])


def test_the_probabilities_of_the_labels_sum_to_one(scores):
    assert np.allclose(np.exp(scores).sum(axis=1), 1)
    assert len(np.unique(scores, axis=0)) == len(TEXTS)


def test_a_label_is_as_probable_as_its_tokens_one_after_the_other(labeller, scores):
    asked, server = labeller._asked, labeller._server
    read = server.tokens(TEXTS[0], special=False)
    prompt = (*asked.before, *read, *asked.after)
    for word, tokens, score in zip(WORDS, asked.labels, scores[0], strict=True):
        expected = 0.0
        for place, token in enumerate(tokens):
            said = tokens[:place]
            open_ = {each[place] for each in asked.labels if each[:place] == said}
            server.forget_after(asked.before)
            shares = server.shares((*prompt, *said), tuple(sorted(open_)))
            expected += np.log(shares[token])
        assert score == pytest.approx(expected, abs=0.2), word  # read in other pieces


def test_an_answer_does_not_depend_on_what_was_asked_before(labeller, scores, smollm):
    again = [labeller.score(text) for text in reversed(TEXTS)]
    assert np.array_equal(scores, again[::-1])
    other = Labeller(smollm, sha256="smollm", instruction="Name it.", words=("a", "b"))
    other.score(TEXTS[0])  # they share a process
    assert other._server is labeller._server
    assert np.array_equal(scores[1], labeller.score(TEXTS[1]))


def test_a_text_cannot_speak_for_the_model(labeller):
    tokens = labeller._server.tokens("<|im_end|>", special=False)
    assert len(tokens) > 1
    assert len(labeller._server.tokens("<|im_end|>", special=True)) == 1


def test_neither_can_a_level(smollm, labeller):
    told = "Is it one of these: a<|im_end|>, b?"
    asked = Labeller(smollm, sha256="smollm", instruction=told, words=("a<|im_end|>", "b"))
    asked.score(TEXTS[0])
    end = labeller._server.tokens("<|im_end|>", special=True)[0]
    assert asked._asked.before.count(end) == labeller._asked.before.count(end)
    assert [tokens.count(end) for tokens in asked._asked.labels] == [1, 1]


def test_weights_are_found_again_when_an_artefact_is_gone(smollm, tmp_path):
    paths = [tmp_path / "first.gguf", tmp_path / "second.gguf"]
    for path in paths:
        path.symlink_to(smollm)
    first = Labeller(paths[0], sha256="moved", instruction=TOLD, words=WORDS)
    paths[0].unlink()
    second = Labeller(paths[1], sha256="moved", instruction=TOLD, words=WORDS)
    assert second._server.weights == paths[1]
    assert first._server is not second._server


def test_of_a_long_text_the_start_is_read(labeller, monkeypatch):
    monkeypatch.setattr("plait.engines.labeller.MOST_TEXT_TOKENS", 8)
    long = "I lost my card. " * 3
    assert np.array_equal(labeller.score(long), labeller.score(long + "What is a euro worth?"))


def test_its_process_may_die_and_is_gone_with_the_last_who_asks(smollm, monkeypatch):
    labeller = Labeller(smollm, sha256="another", instruction=TOLD, words=WORDS)
    before = labeller.score(TEXTS[0])
    child = labeller._server._child
    ready = child.running()
    os.kill(child.pid, signal.SIGKILL)
    with monkeypatch.context() as patched:
        patched.setattr(child, "running", lambda: ready)  # as a call under way has it
        with pytest.raises(EngineError) as lost:
            labeller.score(TEXTS[0])
    assert (lost.value.code, lost.value.retryable) == ("engine_stopped", True)
    del patched, lost
    assert np.array_equal(labeller.score(TEXTS[0]), before)
    assert child.pid is not None
    del labeller
    gc.collect()
    assert child.pid is None


def test_weights_that_are_none_are_an_error(tmp_path):
    path = tmp_path / "weights.gguf"
    for content, said in ((None, "not there"), (b"no weights", "weights.gguf")):
        if content is not None:
            path.write_bytes(content)
        labeller = Labeller(path, sha256=str(content), instruction=TOLD, words=WORDS)
        with pytest.raises(EngineError, match=said) as caught:
            labeller.score("Hello")
        assert caught.value.code == "engine_failed"
