"""Labels worth a second look, in words and as JSON."""

import json

from plait.core.doubt import Doubts


def test_what_is_said_names_rows_and_what_chance_would_bring():
    found = Doubts(labels=24, by_chance=18.37, rows=(7, 3))
    assert found.said.startswith("24 labels worth a second look: rows 7, 3 and 22 more of the data")
    assert "about 18.4 would look so" in found.said
    assert Doubts(labels=1, by_chance=0.2, rows=(9,)).said.startswith(
        "1 label worth a second look: row 9 of the data"
    )


def test_it_is_read_as_it_was_written():
    found = Doubts(labels=2, by_chance=0.5, rows=(7, 3))
    assert Doubts.read(json.loads(json.dumps(found.record()))) == found
