from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.store.mapper import dump, load

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab", max_size=2), inner),
    max_leaves=10,
)


@given(JSON)
def test_json_comes_back_as_it_was(value):
    assert load(dump(value)) == value


def test_any_mapping_is_an_object():
    assert dump(MappingProxyType({"a": MappingProxyType({"b": (1, 2)})})) == '{"a":{"b":[1,2]}}'


def test_what_is_not_json_is_refused():
    with pytest.raises(TypeError):
        dump({"a": object()})
