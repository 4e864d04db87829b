import json
import math
import sys

import numpy as np
import onnx
import onnxruntime
import pytest

from plait.core.errors import EngineError, MissingExtra
from plait.testing.bert import HEADS, LAYERS, TOKENS, VOCABULARY, write_tiny_bert
from plait.train.bert import Shape, bert_graph, read_weights

SHAPE = Shape(layers=LAYERS, heads=HEADS, epsilon=1e-12)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert")
    write_tiny_bert(folder)
    return read_weights(folder / "model.safetensors")


@pytest.fixture(scope="module")
def run(weights):
    """Run a graph of the weights, in float32 or in 8 bits."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    sessions = {
        int8: onnxruntime.InferenceSession(
            bert_graph(weights, SHAPE, int8=int8), options, providers=["CPUExecutionProvider"]
        )
        for int8 in (False, True)
    }
    return lambda ids, *, int8: sessions[int8].run(None, {"tokens": ids})[0]


def ids_of(texts, tokens, seed=0):
    random = np.random.Generator(np.random.PCG64(seed))
    return random.integers(0, len(VOCABULARY), (texts, tokens))


def forward(weights, ids):
    """Embed one text as BertModel does, in float64, straight from the paper."""
    weights = {name: tensor.astype(np.float64) for name, tensor in weights.items()}

    def dense(name, rows):
        return rows @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def normal(name, rows):
        rows = rows - rows.mean(axis=1, keepdims=True)
        rows = rows / np.sqrt((rows**2).mean(axis=1, keepdims=True) + SHAPE.epsilon)
        return rows * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def gelu(x):
        return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))

    rows = weights["embeddings.word_embeddings.weight"][ids]
    rows = rows + weights["embeddings.position_embeddings.weight"][: len(ids)]
    rows = rows + weights["embeddings.token_type_embeddings.weight"][0]
    rows = normal("embeddings.LayerNorm", rows)
    for layer in range(SHAPE.layers):
        name = f"encoder.layer.{layer}"
        parts = [dense(f"{name}.attention.self.{part}", rows) for part in ("query", "key", "value")]
        seen = []
        for query, key, value in zip(
            *(np.split(part, HEADS, axis=1) for part in parts), strict=True
        ):
            chance = np.exp(query @ key.T / math.sqrt(query.shape[1]))
            seen.append(chance / chance.sum(axis=1, keepdims=True) @ value)
        attended = dense(f"{name}.attention.output.dense", np.concatenate(seen, axis=1))
        rows = normal(f"{name}.attention.output.LayerNorm", rows + attended)
        outer = dense(f"{name}.output.dense", gelu(dense(f"{name}.intermediate.dense", rows)))
        rows = normal(f"{name}.output.LayerNorm", rows + outer)
    mean = rows.mean(axis=0)
    return mean / np.linalg.norm(mean)


@pytest.mark.parametrize("tokens", [1, 2, 7, TOKENS])
def test_the_graph_computes_bert(weights, run, tokens):
    ids = ids_of(3, tokens)
    wanted = [forward(weights, each) for each in ids]
    np.testing.assert_allclose(run(ids, int8=False), wanted, atol=2e-6)


@pytest.mark.parametrize("tokens", [1, 2, 7, TOKENS])
def test_eight_bits_lose_little(weights, run, tokens):
    ids = ids_of(8, tokens)
    found = run(ids, int8=True)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    cosines = [found[at] @ forward(weights, each) for at, each in enumerate(ids)]
    assert min(cosines) > 0.99
    assert max(cosines) < 1 - 1e-7  # they are 8 bits


@pytest.mark.parametrize("int8", [False, True])
def test_a_text_is_alone_in_its_run(run, int8):
    ids = ids_of(16, 9)
    together = run(ids, int8=int8)
    alone = np.concatenate([run(each[None], int8=int8) for each in ids])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_a_graph_in_eight_bits_is_a_quarter_of_the_size(weights):
    exact, small = (len(bert_graph(weights, SHAPE, int8=int8)) for int8 in (False, True))
    assert small < exact / 2  # scales and names weigh more in a model this small


def test_the_same_weights_give_the_same_bytes(weights):
    for int8 in (False, True):
        assert bert_graph(weights, SHAPE, int8=int8) == bert_graph(weights, SHAPE, int8=int8)


def test_products_of_pairs_fit_sixteen_bits(weights):
    graph = onnx.load_from_string(bert_graph(weights, SHAPE, int8=True)).graph
    constants = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    tables = [constants[n.input[1]] for n in graph.node if n.op_type == "MatMulInteger"]
    assert len(tables) == 4 * LAYERS
    assert all(table.dtype == np.int8 for table in tables)
    assert max(2 * 255 * int(np.abs(table.astype(int)).max()) for table in tables) < 2**15


def test_a_missing_tensor_is_named(weights):
    lacking = {name: each for name, each in weights.items() if "layer.1.output.dense" not in name}
    with pytest.raises(KeyError, match=r"layer\.1\.output\.dense"):
        bert_graph(lacking, SHAPE, int8=True)


def test_without_onnx(weights, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtra, match="onnx is not installed"):
        bert_graph(weights, SHAPE, int8=True)


@pytest.mark.parametrize("name", ["model_type", "hidden_act", "position_embedding_type"])
def test_an_encoder_of_another_make_is_refused(tmp_path, name):
    write_tiny_bert(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    with pytest.raises(EngineError, match=name) as caught:
        Shape.read({**config, name: "new"})
    assert caught.value.code == "artefact_format"


@pytest.mark.parametrize("kept", [0, 7, 100, -4])
def test_weights_that_are_cut_short(tmp_path, kept):
    write_tiny_bert(tmp_path)
    path = tmp_path / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"."):
        read_weights(path)
