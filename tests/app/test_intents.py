"""A file of intents as a table."""

import pytest

from plait.app.intents import read_intents
from plait.core.contract import Contract
from plait.core.errors import InvalidData, InvalidSettings

CONTRACT = Contract(task="text", data="", target="intent")


def read(folder, text):
    file = folder / "intents.yaml"
    file.write_text(text)
    return read_intents(file, CONTRACT)


def test_descriptions_and_examples_are_texts(tmp_path):
    frame = read(
        tmp_path,
        "loan:\n  description: A loan.\n  examples: [a loan, 'lend me 5', 7]\nhours:\n"
        "  examples: [when do you open, ' ']\n",
    )
    assert frame.names == ("text", "intent")
    assert frame["text"].values.tolist() == [
        "A loan.",
        "a loan",
        "lend me 5",
        "7",
        "when do you open",
    ]
    assert frame["intent"].values.tolist() == ["loan"] * 4 + ["hours"]


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("", InvalidData, "data_empty"),
        ("- loan", InvalidSettings, "settings_wrong_type"),
        ("loan: [a loan]", InvalidSettings, "settings_wrong_type"),
        ("loan: {exampels: [a]}", InvalidSettings, "settings_unknown_key"),
        ("loan: {examples: a}", InvalidSettings, "settings_wrong_type"),
        ("loan: {examples: [a, true]}", InvalidSettings, "settings_wrong_type"),
        ("loan: {\n", InvalidSettings, "settings_syntax"),
    ],
)
def test_what_is_no_file_of_intents_is_refused(tmp_path, text, kind, code):
    with pytest.raises(kind) as caught:
        read(tmp_path, text)
    assert caught.value.code == code
    assert "intents.yaml" in caught.value.where


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InvalidData) as caught:
        read_intents(tmp_path / "intents.yml", CONTRACT)
    assert caught.value.code == "data_missing"
