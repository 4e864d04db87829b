"""What a person may call a field."""

import pytest

from plait.core.schema import Field, Schema
from plait.tasks.tabular.alias import aliases, label


def names(text, *labels):
    fields = tuple(
        Field(name=f"f{at}", kind="number", label=each) for at, each in enumerate(labels)
    )
    return {
        alias.field.label
        for alias in aliases(Schema(fields))
        if alias.pattern.fullmatch(text) and not alias.formal
    }


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("debt-to-income ratio", "debt-to-income ratio"),
        ("Debt to income", "debt-to-income ratio"),
        ("DTI", "debt-to-income ratio"),
        ("income", "applicant income"),
        ("loan", "loan amount"),
        ("unemployment rate", "unemployment rate of the industry"),
        ("credit history", "consumer credit history"),
        ("file for bankruptcy", "filed for bankruptcy"),
        ("self employed", "self-employed"),
    ],
)
def test_parts_of_a_label_name_its_field(text, named):
    labels = (
        "debt-to-income ratio", "applicant income", "loan amount", "loan to price",
        "unemployment rate of the industry", "consumer credit history", "filed for bankruptcy",
        "self-employed", "housing expense to income",
    )  # fmt: skip
    assert names(text, *labels) == {named}


def test_a_part_that_two_fields_share_names_neither():
    assert names("income", "applicant income", "borrower income") == set()


def test_the_whole_label_of_one_field_wins_over_a_part_of_another():
    assert names("income", "applicant income", "income") == {"income"}


def test_without_a_label_the_name_is_it():
    assert label(Field(name="net_worth", kind="number")) == "net worth"


def test_odd_labels_are_survived():
    assert names("a", "(", "a+b", "--", "ratio") == set()


def test_other_names_count_like_the_label():
    field = Field(name="loanamt", kind="number", label="loan amount", also=("borrow",))
    found = [each for each in aliases(Schema((field,))) if each.pattern.search("to borrow 120")]
    assert [each.full for each in found] == [True]
