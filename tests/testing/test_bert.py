from plait.testing.bert import VOCABULARY, write_tiny_bert
from plait.train.bert import read_weights


def test_the_same_seed_writes_the_same_bytes(tmp_path):
    for name, seed in (("one", 0), ("again", 0), ("other", 1)):
        write_tiny_bert(tmp_path / name, seed=seed)
    one, again, other = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one", "again", "other")
    )
    assert one == again
    assert [name for name in one if one[name] != other[name]] == ["model.safetensors"]


def test_it_has_a_vector_for_each_of_its_tokens(tmp_path):
    write_tiny_bert(tmp_path)
    weights = read_weights(tmp_path / "model.safetensors")
    assert len(VOCABULARY) == len(set(VOCABULARY)) == 100
    assert weights["embeddings.word_embeddings.weight"].shape == (100, 32)
