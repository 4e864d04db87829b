"""What travels with a request."""

from dataclasses import FrozenInstanceError, replace

import pytest

from plait.core.budget import Budget, Limits
from plait.core.context import LOCAL, Context, Principal
from plait.core.errors import BudgetExceeded, Cancelled, NotAllowed
from plait.testing.clock import FakeClock


def test_a_principal_may_do_what_its_scopes_say():
    principal = Principal(key="key_1", scopes=frozenset({"predict", "read"}))
    principal.require("predict")
    principal.require("read")
    with pytest.raises(NotAllowed, match="the API key may not 'train'") as caught:
        principal.require("train")
    assert caught.value.code == "key_scope"
    assert caught.value.hint == "make one that may: plait keys add NAME --scope train"


def test_admin_may_do_everything():
    Principal(scopes=frozenset({"admin"})).require("train")
    LOCAL.require("train")


def test_a_principal_without_scopes_may_do_nothing():
    for scope in ("predict", "read", "train", "admin"):
        with pytest.raises(NotAllowed):
            Principal(key="key_1").require(scope)


def test_each_context_has_a_trace_a_budget_and_a_flag_of_its_own():
    one, other = Context(), Context()
    assert one.trace.id != other.trace.id
    assert one.budget is not other.budget
    one.cancel.request("done")
    assert not other.cancel.requested


def test_a_context_is_frozen_and_can_be_narrowed():
    context = Context()
    with pytest.raises(FrozenInstanceError):
        context.subject = "someone"
    narrowed = replace(context, subject="someone")
    assert (narrowed.subject, narrowed.trace) == ("someone", context.trace)


def test_check_lets_work_go_on():
    Context().check()


def test_check_stops_what_nobody_waits_for():
    context = Context()
    context.cancel.request("the client left")
    with pytest.raises(Cancelled):
        context.check()


def test_check_stops_what_is_late():
    clock = FakeClock()
    context = Context(budget=Budget(Limits(deadline_seconds=1.0), clock), clock=clock)
    context.check()
    clock.advance(1.0)
    with pytest.raises(BudgetExceeded):
        context.check()
