import os

import pytest

from plait.app.paths import find_documents


@pytest.fixture
def project(tmp_path):
    for name in ("docs/a.md", "docs/sub/b.PDF", "docs/sub/c.png", "docs/[x].md", "other/d.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
    return tmp_path


def found(text, base, project):
    return [(each.name, each.data) for each in find_documents(text, base, project)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("docs/a.md", ["docs/a.md"]),
        ("docs/[x].md", ["docs/[x].md"]),
        ("docs", ["docs/[x].md", "docs/a.md", "docs/sub/b.PDF"]),
        ("docs/**/*.PDF", ["docs/sub/b.PDF"]),
        ("*/d.txt", ["other/d.txt"]),
        ("./docs/../other", ["other/d.txt"]),
        ("docs/none.md", ["docs/none.md"]),
        ("none/*.md", ["none/*.md"]),
    ],
)
def test_paths_folders_and_patterns(project, text, names):
    assert [name for name, _ in found(text, project, project)] == names
    whole = [name for name, _ in found(str(project / text), project / "other", project)]
    assert whole == names


def test_a_name_is_seen_from_the_project_wherever_one_stands(project):
    assert found("a.md", project / "docs", project) == [("docs/a.md", project / "docs" / "a.md")]
    outside = found("a.md", project / "docs", project / "other")
    assert outside == [((project / "docs" / "a.md").as_posix(), project / "docs" / "a.md")]


@pytest.mark.skipif(os.name == "nt", reason="every name of a file is text on Windows")
def test_a_name_that_is_no_text_can_be_said(project):
    (project / "docs" / os.fsdecode(b"caf\xe9.md")).write_text("text")
    names = [name for name, _ in found("docs/caf*.md", project, project)]
    assert names == ["docs/caf\\udce9.md"]
