from dataclasses import replace

import numpy as np
import pytest

from plait.core.contract import Contract, Fairness, FeatureNote, Requirements
from plait.core.errors import InvalidData, InvalidSettings
from plait.core.schema import Field, RowReader
from plait.engines.pipeline import Read
from plait.store.frame import RawColumn, objects
from plait.train.prepare import prepare

LIT = Contract(task="tabular", data="", target="approved", exclude=("score", "grade"))


def made(**notes):
    features = {
        name: FeatureNote(embed=True) if note is True else FeatureNote(expr=note)
        for name, note in notes.items()
    }
    return replace(LIT, features=features)


def test_an_expression_is_read_and_leaves_the_columns_as_they_were(loans):
    plain, found = prepare(loans, LIT), prepare(loans, made(ratio="debt / (income + 1)"))
    assert found.input == plain.input
    assert found.inputs.raw == plain.input.names
    assert found.inputs.levels == ("raw", "engineered")
    (ratio,) = found.inputs.engineered
    assert ratio.reads == (
        Read(column="debt", kind="number", sentinels=(999.0,)),
        Read(column="income", kind="number"),
    )
    assert (ratio.field.kind, ratio.field.nullable) == ("number", True)
    assert plain.inputs is None


def test_what_only_an_expression_reads_is_taken_and_given_to_nobody(loans):
    contract = made(spring="month(asked) + is_missing(income)", late="days(asked, asked) + number")
    contract = replace(contract, features={**contract.features, "area": FeatureNote(label="where")})
    found = prepare(loans, contract)
    assert found.inputs.raw == ("area",)
    assert found.input.names == ("number", "income", "area", "asked")
    assert found.input["asked"] == Field(name="asked", kind="time")
    assert [each.field.name for each in found.inputs.engineered] == ["spring", "late"]


def test_what_only_an_expression_that_is_left_out_reads_is_asked_of_nobody(loans):
    found = prepare(loans, made(ratio="debt / (income + 1)", never="month(asked) * 0"))
    assert [each.field.name for each in found.inputs.engineered] == ["ratio"]
    assert "asked" not in found.input.names


def test_what_only_looks_like_a_time_is_missing(loans):
    times = objects(["2024-02-30", None, *["2024-05-01"] * 118, *["2024-07-01"] * 120])
    columns = [replace(each, values=times) if each.name == "asked" else each for each in loans]
    found = prepare(columns, made(late="month(asked)"))
    asked = found.columns["asked"].tolist()
    assert asked[:3] == [None, None, "2024-05-01"]
    assert found.input["asked"] == Field(name="asked", kind="time", nullable=True)
    assert RowReader(found.input).columns(found.rows(240))["asked"] == asked


def test_a_text_that_is_read_is_no_category(loans):
    found = prepare(loans, made(area=True, person=True))
    assert found.inputs.levels == ("raw", "learned")
    assert "area" not in found.inputs.raw
    assert found.input["area"] == Field(name="area", kind="text")
    assert found.input["person"] == Field(name="person", kind="text")
    assert not [note for note in found.notes if note.startswith(("area is left", "person is left"))]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("is_missing(area)", "it is 0 in every row"),
        ("debt / 0", "it has no value in any row"),
    ],
)
def test_what_says_nothing_is_left_out(loans, expression, said):
    found = prepare(loans, made(ratio=expression))
    assert found.inputs is None
    assert f"ratio is left out: {said}." in found.notes
    assert found.input == prepare(loans, LIT).input


@pytest.mark.parametrize(
    ("name", "note", "said"),
    [
        ("ratio", "debt / incom", "did you mean 'income'?"),
        ("ratio", "area + 1", "compared with a level in quotes"),
        ("ratio", "debt == 'high'", "is a number"),
        ("ratio", "asked > 3", "month()"),
        ("ratio", "year(income)", "read as a time"),
        ("ratio", "score * 2", "may not be read"),
        ("ratio", "approved == 'yes'", "may not be read"),
        ("debt", "debt * 2", "another name"),
        ("ratio", "debt +", "cannot be read"),
        ("income", True, "not text"),
        ("notes", True, "no text in any row"),
    ],
)
def test_what_cannot_be_made_is_the_fault_of_its_line(loans, name, note, said):
    with pytest.raises(InvalidSettings) as caught:
        prepare(loans, made(**{name: note}))
    assert said in str(caught.value)
    assert caught.value.where == f"features.{name}.{'embed' if note is True else 'expr'}"


@pytest.mark.parametrize("name", ["score of person", "score of person: yes"])
def test_nothing_bears_the_name_of_what_a_text_says(loans, name):
    features = {"person": FeatureNote(embed=True), name: FeatureNote(expr="income * 2")}
    column = RawColumn(name, "number", np.arange(240.0) % 7)
    for columns, notes in ((loans, features), ((*loans, column), made(person=True).features)):
        with pytest.raises(InvalidSettings, match="would have a score called") as caught:
            prepare(columns, replace(LIT, features=notes))
        assert caught.value.where == "features.person.embed"


def test_nothing_is_made_of_the_group_that_fairness_is_judged_by(loans):
    contract = replace(made(ratio="married * 2"), fairness=Fairness(group="married"))
    with pytest.raises(InvalidSettings, match="may not be read"):
        prepare(loans, contract)


def test_a_text_that_is_absent_is_an_error(loans):
    with pytest.raises(InvalidData, match="note"):
        prepare(loans, made(note=True))


def test_a_requirement_may_name_an_expression(loans):
    contract = made(ratio="debt / (income + 1)")
    found = prepare(
        loans, replace(contract, require=Requirements(monotone={"ratio": "decreasing"}))
    )
    assert found.require.monotone == {"ratio": "decreasing"}
    with pytest.raises(InvalidSettings, match="ratoi"):
        prepare(loans, replace(contract, require=Requirements(monotone={"ratoi": "decreasing"})))


def test_what_is_computed_is_what_an_artefact_will_compute(loans):
    found = prepare(loans, made(ratio="debt / (income + 1)"))
    (ratio,) = found.inputs.engineered
    debt, income = (np.asarray(found.columns[name], dtype=float) for name in ("debt", "income"))
    values = np.where(debt == 999, np.nan, debt) / (income + 1)
    assert (ratio.field.low, ratio.field.high) == (np.nanmin(values), np.nanmax(values))
