"""Pages lead somewhere, and say what the code says."""

import re
from pathlib import Path

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def links(root, page):
    """Yield the files that a page links to, from the root of the repository."""
    for target in LINK.findall((root / page).read_text()):
        if not re.match(r"\w+:", target):
            yield (root / page.parent / target).resolve().relative_to(root)


def test_every_link_leads_to_a_file(root, tracked):
    pages = [path for path in tracked if path.suffix == ".md"]
    broken = [
        (str(page), str(target))
        for page in pages
        for target in links(root, page)
        if not (root / target).exists()
    ]
    assert not broken, "\n".join(map(str, broken))


def test_every_page_is_reached_from_the_readme(root, tracked):
    reached, todo = set(), [Path("README.md")]
    while todo:
        page = todo.pop()
        if page not in reached and (root / page).is_file():
            reached.add(page)
            todo += [target for target in links(root, page) if target.suffix == ".md"]
    pages = {path for path in tracked if path.parts[0] == "docs" and path.suffix == ".md"}
    assert pages <= reached, "\n".join(map(str, pages - reached))
