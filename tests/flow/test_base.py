"""What steps are made of."""

import pytest

from plait.flow.base import facts, steps


@pytest.mark.parametrize("name", ["answer", "cache", "extract", "guard", "retrieve", "route"])
def test_every_step_of_the_table_has_options(name):
    assert name in steps.names()
    assert steps.load(name).Options.__doc__


def test_a_step_tells_what_it_was_given_if_it_can():
    class Told:
        def facts(self):
            return {"top": 3}

    assert facts(Told()) == {"top": 3}
    assert facts(object()) == {}
