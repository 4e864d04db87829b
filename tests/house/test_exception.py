"""No rule is switched off."""

import re

OFF = re.compile(r"#\s*(?:noqa|type:\s*ignore)\b.*", re.IGNORECASE)


def test_no_rule_is_switched_off(root, tracked):
    files = [path for path in tracked if path.suffix == ".py"]
    found = {str(path): OFF.findall((root / path).read_text()) for path in files}
    assert not {path: off for path, off in found.items() if off}
