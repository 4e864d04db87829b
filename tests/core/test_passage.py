"""Passages and citations, ready for JSON."""

import json
from dataclasses import fields

from plait.core.passage import Citation, Passage


def test_a_citation_tells_all_of_itself():
    cited = Citation(
        sentence=0, collection="c", document="d", name="a.pdf", start=3, end=6, text="fee", page=2
    )
    record = json.loads(json.dumps(cited.record()))
    assert set(record) == {each.name for each in fields(Citation)}
    assert (record["page"], record["headings"]) == (2, [])


def test_a_passage_tells_all_but_its_privacy():
    passage = Passage(
        id="p", collection="c", document="d", name="a.md", start=0, end=3, text="fee", score=0.5
    )
    record = json.loads(json.dumps(passage.record()))
    assert set(record) == {each.name for each in fields(Passage)} - {"privacy"}
