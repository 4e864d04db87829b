"""Passages by the command."""

import pytest

from plait.cli.search import best_sentence

SETTINGS = 'project: desk\ncollections: {docs: {paths: ["*.md"]}, none: {paths: ["*.txt"]}}\n'
LATE = "# Policy\n\n## Late payments\n\nIt depends. A payment is late after 15 days. So it is.\n"


@pytest.fixture
def folder(tmp_path, run):
    (tmp_path / "plait.yaml").write_text(SETTINGS)
    (tmp_path / "late.md").write_text(LATE)
    (tmp_path / "fees.md").write_text("---\nyear: 2024\n---\n# Fees\n\nA late payment costs.\n")
    assert run("ingest", "docs", "--project", tmp_path).status == 0
    return tmp_path


@pytest.fixture
def search(run, folder):
    return lambda *arguments: run("search", *arguments, "--project", folder)


def test_json_has_the_documented_keys(search):
    ran = search("when is a payment late", "--collection", "docs", "-k", 1, "--json")
    assert ran.status == 0, ran
    (result,) = ran.json["results"]
    assert set(result) == {
        "document", "name", "start", "end", "page", "headings", "text", "score",
    }  # fmt: skip
    assert result["name"] == "late.md"
    assert LATE[result["start"] : result["end"]] == result["text"]
    assert result["headings"] == ["Policy", "Late payments"]


def test_a_person_sees_where_it_stands(search):
    lines = search("when is a payment late", "-c", "docs").out.splitlines()
    assert lines[0].startswith("1. late.md, characters 0 to ")
    assert lines[1] == "Policy > Late payments"
    assert any(line.startswith("2. fees.md") for line in lines)


def test_metadata_narrow_it(search):
    found = search("late payment", "-c", "docs", "--where", "year=2024", "--json").json["results"]
    assert [each["name"] for each in found] == ["fees.md"]
    assert search("late", "-c", "docs", "--where", "year=1999", "--json").json["results"] == []


def test_nothing_found_and_nothing_there(search):
    assert search("zebra", "-c", "docs").out == "nothing found\n"
    assert search("zebra", "-c", "none").out == "nothing is in it yet: plait ingest none\n"
    assert search("zebra", "-c", "none", "--json").json == {"results": []}


def test_mistakes_are_one_line(refused, folder):
    at = ("--project", folder)
    assert refused("search", "late", "-c", "dogs", *at)[0] == "unknown_collection"
    assert "docs, none" in refused("search", "late", *at)[1]
    wrong = ("search", "late", "-c", "docs", "--where", "year", *at)
    assert refused(*wrong)[0] == "request_shape"


def test_the_best_sentence():
    text = "It depends. A payment is late after 15 days. So it is."
    start, end = best_sentence(text, "late payments?")
    assert text[start:end] == "A payment is late after 15 days."
    assert best_sentence("One. Two.", "?") == (0, 4)
    assert best_sentence("", "late") == (0, 0)
