"""A rule is switched off in few places, each with its reason."""

import re
from collections import Counter

OFF = re.compile(r"#\s*(noqa|type: ignore)\W*([A-Z]+\d+(?:, ?[A-Z]+\d+)*|[a-z]+(?:[-,][a-z]+)*)?")
ALLOWED: dict[tuple[str, str], tuple[int, str]] = {
    # (file, what is switched off) -> (how often, why); this list may only shrink
    ("src/plait/app/app.py", "noqa ANN401"): (1, "a data frame of whatever library the caller has"),
    ("src/plait/app/batch.py", "noqa ANN401"): (
        2,
        "a data frame of whatever library the caller has",
    ),
    ("src/plait/core/columns.py", "noqa ANN401"): (1, "an array's item has no narrower type"),
    ("src/plait/store/mapper.py", "noqa S608"): (2, "names of our own tables and columns"),
    ("src/plait/store/mapper.py", "type: ignore arg-type"): (1, "the tables are STRICT"),
    ("src/plait/store/table_read.py", "noqa S608"): (2, "names quoted by `identifier`"),
    ("src/plait/store/table_write.py", "noqa S608"): (2, "names quoted by `identifier`"),
    ("tests/engines/test_booster.py", "noqa PT017"): (1, "no error is a good outcome as well"),
}


def test_no_rule_is_switched_off_beyond_the_list(root, tracked):
    found = Counter(
        (str(path), " ".join(match).strip())
        for path in tracked
        if path.suffix == ".py"
        for match in OFF.findall((root / path).read_text())
    )
    allowed = {place: count for place, (count, _) in ALLOWED.items()}
    assert found == allowed, "\n".join(map(str, sorted(found.items() ^ allowed.items())))
