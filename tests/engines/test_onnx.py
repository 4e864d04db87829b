import json
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from plait.core.context import Context
from plait.core.errors import Cancelled, EngineError, MissingExtra
from plait.engines.base import write_artefact
from plait.engines.onnx import MODEL, MOST_CHARACTERS, RUN_TOKENS, TOKENIZER, load
from plait.testing.bert import TOKENS, WIDTH, write_tiny_bert
from plait.train.embedding import make_encoder

TEXTS = ["", "a", "loan", "a loan of 5", "two loans", "x" * 40, "a b c d", "loan"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The artefact of a tiny encoder, in float32 and in 8 bits."""
    root = tmp_path_factory.mktemp("made")
    write_tiny_bert(root / "source")
    return {
        int8: make_encoder(
            root / "source", root / f"{int8}", origin="tests", licence="own", int8=int8
        )
        for int8 in (False, True)
    }


@pytest.fixture(scope="module", params=[False, True], ids=["float32", "int8"])
def embedder(request, made):
    return load(made[request.param])


def vectors_of(embedder, texts):
    return np.array(embedder.embed(texts, Context()))


def test_vectors_have_length_one_and_tell_texts_apart(embedder):
    vectors = vectors_of(embedder, TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), WIDTH) == (len(TEXTS), embedder.width)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    likeness = vectors @ vectors.T - np.eye(len(TEXTS))
    assert likeness[2, 7] == pytest.approx(1, abs=1e-6)
    likeness[2, 7] = likeness[7, 2] = 0
    assert likeness.max() < 0.9999


def test_no_texts_no_vectors(embedder):
    assert embedder.embed([], Context()) == []


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(st.text(max_size=20), max_size=12))
def test_a_vector_is_the_same_alone_and_in_company(embedder, texts):
    alone = [embedder.embed([text], Context())[0] for text in texts]
    for vector, other in zip(embedder.embed(texts, Context()), alone, strict=True):
        np.testing.assert_allclose(vector, other, atol=1e-6)


def test_more_texts_than_one_run_takes(embedder):
    texts = ["loan", *("a b c d e", "f g h i j") * RUN_TOKENS]
    vectors = vectors_of(embedder, texts)
    np.testing.assert_allclose(vectors, vectors_of(embedder, texts[:3])[[0, *(1, 2) * RUN_TOKENS]])


def test_it_answers_the_same_every_time_and_in_every_thread(embedder):
    expected = vectors_of(embedder, TEXTS)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: vectors_of(embedder, TEXTS), range(32)):
            np.testing.assert_array_equal(found, expected)


def test_what_is_beyond_the_last_token_is_not_read(embedder):
    assert embedder.max_tokens == TOKENS
    words = ["a"] * (TOKENS - 2)
    cut, longer, shorter = vectors_of(
        embedder, [" ".join(words), " ".join([*words, "b"]), " ".join(words[:-1])]
    )
    np.testing.assert_allclose(cut, longer, atol=1e-6)
    assert not np.allclose(cut, shorter, atol=1e-3)


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("lo\0an\x07", "loan"),
        ("lo\ud800an", "loan"),
        ("\udfff", ""),
        ("loan\n\t of  5", "loan of 5"),
        ("Ünïcode", "unicode"),
        (" " * MOST_CHARACTERS + "loan", ""),
        ("a " * 50_000, "a " * 16),
    ],
    ids=["control", "surrogate", "only", "space", "accent", "beyond", "long"],
)
def test_odd_texts(embedder, odd, plain):
    found, wanted = vectors_of(embedder, [odd, plain])
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_who_leaves_is_not_waited_for(embedder):
    context = Context()
    context.cancel.request("the caller left")
    with pytest.raises(Cancelled):
        embedder.embed(TEXTS, context)


def test_who_leaves_in_the_middle_stops_before_the_next_run(embedder, monkeypatch):
    context = Context()
    runs = []

    def run(ids):
        runs.append(ids)
        context.cancel.request("the caller left")
        return np.zeros((len(ids), WIDTH))

    monkeypatch.setattr(embedder, "_run", run)
    with pytest.raises(Cancelled):
        embedder.embed(TEXTS, context)
    assert len(runs) == 1


@pytest.mark.parametrize("name", [MODEL, TOKENIZER])
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", None])
def test_a_damaged_file(made, tmp_path, name, content):
    artefact = made[True]
    files = {each: (artefact.folder / each).read_bytes() for each in (MODEL, TOKENIZER)}
    broken = write_artefact(
        tmp_path,
        artefact.manifest,
        {**files, name: files[name][:-20] if content is None else content},
    )
    with pytest.raises(EngineError, match=name) as caught:
        load(broken)
    assert caught.value.code == "artefact_damaged"


def test_a_tokenizer_that_pads_is_refused(made, tmp_path):
    write_tiny_bert(tmp_path / "source")
    files = {
        MODEL: (made[True].folder / MODEL).read_bytes(),
        TOKENIZER: (tmp_path / "source" / TOKENIZER).read_bytes(),
    }
    with pytest.raises(EngineError, match="pads"):
        load(write_artefact(tmp_path / "made", made[True].manifest, files))


def test_a_tokenizer_without_marks_is_refused(made, tmp_path):
    artefact = made[True]
    tokenizer = json.loads((artefact.folder / TOKENIZER).read_text())
    tokenizer["post_processor"] = None
    files = {
        MODEL: (artefact.folder / MODEL).read_bytes(),
        TOKENIZER: json.dumps(tokenizer).encode(),
    }
    with pytest.raises(EngineError, match="empty text"):
        load(write_artefact(tmp_path, artefact.manifest, files))


def test_a_graph_of_something_else_is_refused(made, tmp_path):
    one = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])
    two = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", [one], [two])
    model = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 20)])
    files = {
        MODEL: model.SerializeToString(),
        TOKENIZER: (made[True].folder / TOKENIZER).read_bytes(),
    }
    with pytest.raises(EngineError, match="table of tokens"):
        load(write_artefact(tmp_path, made[True].manifest, files))


def test_a_tokenizer_of_another_model(made, tmp_path):
    tokenizer = (made[True].folder / TOKENIZER).read_bytes().replace(b'"z": 29', b'"z": 1029')
    files = {MODEL: (made[True].folder / MODEL).read_bytes(), TOKENIZER: tokenizer}
    embedder = load(write_artefact(tmp_path, made[True].manifest, files))
    embedder.embed(["loan"], Context())
    with pytest.raises(EngineError, match="ONNX Runtime") as caught:
        embedder.embed(["z"], Context())
    assert caught.value.code == "engine_failed"


@pytest.mark.parametrize("library", ["onnxruntime", "tokenizers"])
def test_without_the_library(made, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtra, match=f"{library} is not installed"):
        load(made[True])
