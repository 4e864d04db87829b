"""Documents into collections by the command."""

import pytest

SETTINGS = """\
project: desk
collections:
  docs: {paths: ["docs/*.md"]}
  more: {paths: [more.txt]}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "plait.yaml").write_text(SETTINGS)
    (tmp_path / "docs" / "late.md").write_text("# Late\n\nA payment is late after 15 days.\n")
    (tmp_path / "docs" / "fees.md").write_text("# Fees\n\nThe fee is 5 %.\n")
    (tmp_path / "more.txt").write_text("Horses are no collateral.")
    return tmp_path


@pytest.fixture
def ingest(run, folder):
    return lambda *arguments: run("ingest", *arguments, "--project", folder)


def outcomes(ran, collection=0):
    documents = ran.json["collections"][collection]["documents"]
    return {each["name"]: each["outcome"] for each in documents}


def test_every_collection_takes_its_files(ingest, folder):
    first = ingest("--json")
    assert first.status == 0, first
    assert [each["collection"] for each in first.json["collections"]] == ["docs", "more"]
    assert outcomes(first) == {"docs/fees.md": "added", "docs/late.md": "added"}
    (folder / "docs" / "fees.md").unlink()
    (folder / "docs" / "late.md").write_text("# Late\n\nAfter 30 days.\n")
    assert outcomes(ingest("docs", "--json")) == {
        "docs/late.md": "replaced",
        "docs/fees.md": "removed",
    }
    assert outcomes(ingest("--json"), 1) == {"more.txt": "unchanged"}


def test_a_table_says_what_went_in_and_why_not(ingest, folder, narrow):
    (folder / "docs" / "bad.md").write_bytes(b"\xff")
    (folder / "docs" / "not.md").write_bytes(b"%PDF-1.4 not really")
    ran = ingest("docs")
    assert ran.status == 1
    lines = ran.out.splitlines()
    assert lines[0].split() == ["document", "outcome", "passages", "why"]
    assert "docs/late.md" in ran.out
    assert "save it as UTF-8" in " ".join(ran.out.split())
    assert lines[-1] == "docs: 2 failed, 2 added"
    assert "Traceback" not in ran.out + ran.err
    for name in ("bad", "not"):
        (folder / "docs" / f"{name}.md").unlink()
    again = ingest("docs")
    assert again.status == 0
    assert again.out == "docs: 2 unchanged\n"


def test_paths_go_into_the_collection_that_is_named(ingest, folder):
    extra = folder / "extra"
    extra.mkdir()
    (extra / "goat.txt").write_text("Goats are welcome.")
    assert outcomes(ingest("docs", extra, "--json")) == {"extra/goat.txt": "added"}
    ran = ingest("docs", folder / "none.md", "--json")
    assert ran.status == 1
    assert ran.json["collections"][0]["documents"][0]["error"]["code"] == "data_missing"


def test_documents_are_listed_and_removed(ingest):
    assert ingest("--list").out == "docs: 0 documents, 0 passages\nmore: 0 documents, 0 passages\n"
    ingest()
    listed = ingest("docs", "--list", "--json").json["collections"]
    assert [each["name"] for each in listed[0]["documents"]] == ["docs/late.md", "docs/fees.md"]
    assert "docs: 2 documents, 2 passages" in ingest("--list").out
    removed = ingest("docs", "--remove", "docs/late.md", "--json")
    assert outcomes(removed) == {"docs/late.md": "removed"}
    assert len(ingest("docs", "--list", "--json").json["collections"][0]["documents"]) == 1


def test_mistakes_are_one_line(refused, folder, tmp_path_factory):
    at = ("--project", folder)
    assert refused("ingest", "dogs", *at)[0] == "unknown_collection"
    code, line = refused("ingest", "docs", "--remove", "late.md", *at)
    assert code == "unknown_collection"  # nothing is in it yet
    empty = tmp_path_factory.mktemp("empty")
    (empty / "plait.yaml").write_text("project: empty\n")
    code, line = refused("ingest", "--project", empty)
    assert code == "settings_missing_key"
    assert "collections:" in line


def test_flags_that_do_not_go_together(run, folder):
    for wrong in (
        ("--remove", "a"),
        ("docs", "a", "--remove", "b"),
        ("docs", "a", "--list"),
        ("docs", "--list", "--remove", "b"),
    ):
        ran = run("ingest", *wrong, "--project", folder)
        assert ran.status == 2, wrong
