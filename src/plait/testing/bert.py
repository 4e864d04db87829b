"""A BERT sentence encoder of 100 tokens with random weights, for tests without network."""

import json
import string
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plait.core.ids import Json

LAYERS, HEADS, WIDTH, INNER, POSITIONS, TOKENS = 2, 4, 32, 64, 24, 16
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
VOCABULARY = (
    *SPECIAL,
    *string.ascii_lowercase,
    *(f"##{letter}" for letter in string.ascii_lowercase),
    *string.digits,
    *(f"##{digit}" for digit in string.digits),
    *string.punctuation[:24],
)


def write_tiny_bert(folder: Path, *, seed: int = 0) -> None:
    """Write an encoder into `folder`, in the files that sentence-transformers publishes.

    It reads 16 tokens of a text: words are spelt, a letter or digit each.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config: dict[str, Json] = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "layer_norm_eps": 1e-12,
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": TOKENS}))
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer()))
    (folder / "model.safetensors").write_bytes(_safetensors(_weights(seed)))


def _weights(seed: int) -> dict[str, NDArray[np.float32]]:
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(VOCABULARY), WIDTH),
        "embeddings.position_embeddings.weight": (POSITIONS, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm.weight": (WIDTH,),
        "embeddings.LayerNorm.bias": (WIDTH,),
    }
    for layer in range(LAYERS):
        for name, size in (
            ("attention.self.query", (WIDTH, WIDTH)),
            ("attention.self.key", (WIDTH, WIDTH)),
            ("attention.self.value", (WIDTH, WIDTH)),
            ("attention.output.dense", (WIDTH, WIDTH)),
            ("attention.output.LayerNorm", (WIDTH,)),
            ("intermediate.dense", (INNER, WIDTH)),
            ("output.dense", (WIDTH, INNER)),
            ("output.LayerNorm", (WIDTH,)),
        ):
            shapes[f"encoder.layer.{layer}.{name}.weight"] = size
            shapes[f"encoder.layer.{layer}.{name}.bias"] = size[:1]
    random = np.random.Generator(np.random.PCG64(seed))
    return {
        name: random.normal("Norm.weight" in name, 0.3, size).astype(np.float32)
        for name, size in shapes.items()
    }


def _safetensors(weights: dict[str, NDArray[np.float32]]) -> bytes:
    header: dict[str, Json] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, tensor in weights.items():
        start, end = end, end + tensor.nbytes
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [start, end]}
    head = json.dumps(header).encode()
    tensors = (tensor.astype("<f4").tobytes() for tensor in weights.values())
    return struct.pack("<Q", len(head)) + head + b"".join(tensors)


def _tokenizer() -> dict[str, Json]:
    special = {
        name: {"id": name, "ids": [VOCABULARY.index(name)], "tokens": [name]}
        for name in ("[CLS]", "[SEP]")
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": {
            "strategy": {"Fixed": TOKENS},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "[PAD]",
        },
        "added_tokens": [],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
            ],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}],
            "special_tokens": special,
        },
        "decoder": None,
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {token: number for number, token in enumerate(VOCABULARY)},
        },
    }
