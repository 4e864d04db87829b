"""A rule is switched off in few places, each with its reason."""

import re
from collections import Counter

OFF = re.compile(r"#\s*(noqa|type: ignore)\W*([A-Z]+\d+(?:, ?[A-Z]+\d+)*|[a-z]+(?:[-,][a-z]+)*)?")
ALLOWED: dict[tuple[str, str], tuple[int, str]] = {
    # (file, what is switched off) -> (how often, why); this list may only shrink
    ("src/plait/store/mapper.py", "noqa S608"): (
        2,
        "SQLite binds values, never names: these are a module's own, fixed when it is imported",
    ),
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
