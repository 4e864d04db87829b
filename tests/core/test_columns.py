"""Tables as plain mappings."""

import pytest

from plait.core.columns import height


@pytest.mark.parametrize(
    ("columns", "rows"), [({}, 0), ({"a": []}, 0), ({"a": [1, 2], "b": ("x", None)}, 2)]
)
def test_height_counts_the_rows(columns, rows):
    assert height(columns) == rows


def test_columns_of_unequal_length_are_no_table():
    with pytest.raises(ValueError, match=r"unequal length: \[1, 2\]"):
        height({"a": [1], "b": [1, 2]})
