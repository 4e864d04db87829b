"""A first plait.yaml from a table; `tests/cli/test_init.py` has the commands around it."""

import random
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.app.project import APPLICANTS, DESK, Started, init_data, init_desk
from plait.app.settings import load_project
from plait.core.errors import InvalidData, InvalidSettings
from plait.registry.pull import Pulled


def table(folder: Path, target: str, levels, *, more: str = "") -> Path:
    dice = random.Random(0)
    rows = [
        f"{dice.random():.3f},{number},{levels[number % 7 % len(levels)]}" for number in range(70)
    ]
    file = folder / "data.csv"
    file.write_text("\n".join([f'share,count,"{target}"', *rows]) + f"\n{more}", "utf-8")
    return file


def contract_of(started: Started):
    return load_project(started.folder).settings.contracts[started.contract]


def test_two_levels_bring_a_positive_one_and_costs(tmp_path):
    started = init_data(tmp_path / "p", str(table(tmp_path, "left", ["no", "yes"])), "left")
    contract = contract_of(started)
    assert (contract.metric, contract.positive) == ("roc_auc", "yes")
    assert contract.objective.cost.false_positive == 1
    assert started.contract == "left"
    assert started.findings[0] == "left has 2 classes: no (40), yes (30)"


def test_more_levels_and_numbers_bring_neither(tmp_path):
    several = contract_of(init_data(tmp_path / "p", str(table(tmp_path, "x", "abc")), "x"))
    assert (several.metric, several.positive, several.objective.cost) == ("log_loss", "", None)
    prices = table(tmp_path, "x", [f"{n}.5" for n in range(7)])
    quantity = contract_of(init_data(tmp_path / "q", str(prices), "x"))
    assert quantity.metric == "rmse"


def test_the_example_is_a_row_as_a_caller_writes_it(tmp_path):
    started = init_data(tmp_path / "p", str(table(tmp_path, "left", ["no", "yes"])), "left")
    assert set(started.example) == {"share"}, "a column that numbers the rows is left out"
    data = tmp_path / "data.csv"
    data.write_text("".join(f"{line},{i % 3}\n" for i, line in enumerate(data.read_text().split())))
    data.write_text(data.read_text().replace('"left",0', '"left",few'))
    example = init_data(tmp_path / "q", str(data), "left").example
    assert isinstance(example["few"], int)
    assert isinstance(example["share"], float)


def test_what_restates_the_target_is_excluded_and_said(tmp_path):
    data = table(tmp_path, "left", ["no", "yes"])
    lines = data.read_text().splitlines()
    again = ["gone", *("1" if line.endswith("yes") else "0" for line in lines[1:])]
    data.write_text("\n".join(f"{line},{more}" for line, more in zip(lines, again, strict=True)))
    started = init_data(tmp_path / "p", str(data), "left")
    assert contract_of(started).exclude == ("gone",)
    assert "gone" not in started.example
    assert any("gone" in finding for finding in started.findings)


@settings(max_examples=12, deadline=None)
@given(
    st.text(
        st.characters(codec="utf-8", exclude_characters='",;\t|', exclude_categories=["C"]),
        min_size=1,
    )
    .map(str.strip)
    .filter(lambda name: name and name.casefold() not in ("share", "count"))
)
def test_any_name_of_a_target_reads_back(tmp_path_factory, target):
    folder = tmp_path_factory.mktemp("named")
    started = init_data(folder / "p", str(table(folder, target, ["no", "yes"])), target)
    assert contract_of(started).target == target


def test_what_is_written_is_sound_whatever_the_data_holds(tmp_path):
    levels = ["a: b", "- c # d"]
    started = init_data(tmp_path / "p", str(table(tmp_path, "left", levels)), "left")
    text = (started.folder / "plait.yaml").read_text()
    assert yaml.safe_load(text)["contracts"]["left"]["positive"] == "a: b"
    assert len(text.splitlines()) <= 30


def test_the_curl_line_survives_a_shell():
    started = Started(folder=Path(), contract="c", example={"it's": "$HOME `x`"})
    assert started.curl(81) == (
        """curl http://127.0.0.1:81/v1/predict/c -d '{"rows": [{"it'"'"'s": "$HOME `x`"}]}'"""
    )


def test_a_url_stays_a_url(tmp_path):
    data = table(tmp_path, "left", ["no", "yes"])
    started = init_data(tmp_path / "p", data.as_uri(), "left")
    assert contract_of(started).data == data.as_uri()


@pytest.mark.parametrize("place", ["file", "file/deeper"])
def test_a_file_is_no_folder(tmp_path, place):
    (tmp_path / "file").write_text("")
    data = table(tmp_path, "left", ["no", "yes"])
    with pytest.raises(InvalidSettings) as caught:
        init_data(tmp_path / place, str(data), "left")
    assert caught.value.code in ("folder_in_use", "folder_unwritable")


def test_nothing_is_written_when_the_data_is_refused(tmp_path):
    with pytest.raises(InvalidData):
        init_data(tmp_path / "p", str(tmp_path / "none.csv"), "left")
    assert not (tmp_path / "p").exists()


def test_the_desk_is_sound_and_its_applicants_fit(tmp_path, monkeypatch):
    (tmp_path / "loans.csv").write_text("approve\n1\n")
    pulled = Pulled(tmp_path, {"loans.csv": tmp_path / "loans.csv"})
    monkeypatch.setattr("plait.app.project.pull", lambda *_, **__: pulled)
    started = init_desk(tmp_path / "desk")
    contract = contract_of(started)
    assert (tmp_path / "desk" / "plait.yaml").read_text() == DESK
    assert (tmp_path / "desk" / contract.data).read_text() == "approve\n1\n"
    for applicant in APPLICANTS.values():
        assert set(applicant) == set(contract.features)
    assert not set(contract.features) & set(contract.exclude)
    with pytest.raises(InvalidSettings, match=r"already holds a plait\.yaml"):
        init_desk(tmp_path / "desk")


def test_a_table_of_texts_is_told_where_its_contract_is_described(tmp_path):
    file = tmp_path / "texts.csv"
    rows = [f"where is parcel {at},{'ask' if at % 2 else 'other'}" for at in range(60)]
    file.write_text("\n".join(["text,intent", *rows, ""]))
    with pytest.raises(InvalidData, match="texts and series have contracts of their own") as caught:
        init_data(tmp_path / "p", str(file), "intent")
    assert caught.value.code == "data_no_features"
