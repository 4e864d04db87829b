"""Each promise of a guard, broken once."""

from dataclasses import replace

import pytest

from plait.core.verdict import Mark, Verdict
from plait.testing.guard import check_guard


class Shy:
    """Alters every `bad`; a promise can be broken by what it does to its verdict."""

    name = "shy"
    lookahead_chars: int | None = 3

    def check(self, view, context):
        context.check()
        at = view.text.find("bad!")
        if at < 0:
            return self.changed(Verdict(guard=self.name, action="allow"))
        text = view.text.replace("bad!", "[it]", 1)
        return self.changed(
            Verdict(guard=self.name, action="alter", spans=(Mark(at, at + 4, "it"),), text=text,
                    reason="it was there")
        )  # fmt: skip

    def changed(self, verdict):
        return verdict


def tried(guard):
    check_guard(guard, allowed=["good"], caught=["so bad! it is"])


def test_a_good_guard_passes():
    tried(Shy())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"guard": "other"}, "names"),
        ({"spans": ()}, "says not where"),
        ({"spans": (Mark(0, 99, "it"),)}, "no stretch"),
        ({"spans": (Mark(0, 4, ""),)}, "says not what"),
        ({"spans": (Mark(0, 4, "it"), Mark(2, 5, "it"))}, "overlaps"),
        ({"text": None}, "gives no text"),
        ({"text": "so bad! it is"}, "into the same"),
        ({"reason": ""}, "no reason"),
        ({"reason": "it said bad!"}, "quotes"),
        ({"metadata": {"found": "bad!"}}, "quotes"),
        ({"score": 2.0, "threshold": 0.5}, "score"),
        ({"action": "refuse"}, "gives a text"),
        ({"action": "allow", "text": None}, "lets pass"),
    ],
)
def test_a_broken_verdict_is_told(change, told):
    class Broken(Shy):
        def changed(self, verdict):
            return replace(verdict, **change) if verdict.action == "alter" else verdict

    with pytest.raises(AssertionError, match=told):
        tried(Broken())


def test_a_guard_that_changes_its_mind_is_told():
    class Fickle(Shy):
        calls = 0

        def changed(self, verdict):
            self.calls += 1
            return replace(verdict, metadata={"calls": str(self.calls)})

    with pytest.raises(AssertionError, match="another time"):
        tried(Fickle())


def test_a_guard_that_refuses_everything_is_told():
    class Strict(Shy):
        def changed(self, verdict):
            return replace(verdict, action="refuse", text=None, reason="no")

    with pytest.raises(AssertionError, match="does not let pass"):
        tried(Strict())
