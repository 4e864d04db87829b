"""The purse of a request: it cannot be overspent, whoever reaches into it at once."""

import math
import time
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from plait.core.budget import NO_LIMITS, Budget, Limits, Usage
from plait.core.errors import BudgetExceeded
from plait.testing.clock import FakeClock

NANO = 1_000_000_000
COSTS = st.integers(0, 3 * NANO)  # in nano-dollars
TOKENS = st.integers(0, 50)


def usage(cost, tokens):
    return Usage(cost_usd=cost / NANO, tokens=tokens)


class Purse(RuleBasedStateMachine):
    """Steps in any order, against a model in whole numbers."""

    reservations = Bundle("reservations")
    settled = Bundle("settled")

    @initialize(cost=st.none() | st.integers(0, 8 * NANO), tokens=st.none() | st.integers(0, 120))
    def open(self, cost, tokens):
        self.cost, self.tokens = cost, tokens
        limit = None if cost is None else cost / NANO
        self.budget = Budget(Limits(cost_usd=limit, tokens=tokens))
        self.spent = [0, 0]
        self.held = [0, 0]
        self.overspent = False

    def fits(self, cost, tokens):
        total = [s + h + n for s, h, n in zip(self.spent, self.held, (cost, tokens), strict=True)]
        limits = (self.cost, self.tokens)
        return all(limit is None or t <= limit for t, limit in zip(total, limits, strict=True))

    @rule(target=reservations, cost=COSTS, tokens=TOKENS)
    def reserve(self, cost, tokens):
        if self.fits(cost, tokens):
            self.held[0] += cost
            self.held[1] += tokens
            return self.budget.reserve(usage(cost, tokens)), cost, tokens
        with pytest.raises(BudgetExceeded) as caught:
            self.budget.reserve(usage(cost, tokens))
        assert caught.value.code in ("cost_exceeded", "tokens_exceeded")
        return multiple()

    @rule(target=settled, held=consumes(reservations), share=st.floats(0.0, 1.0))
    def settle(self, held, share):
        reservation, cost, tokens = held
        actual = int(cost * share), int(tokens * share)
        reservation.settle(usage(*actual))
        self.account(cost, tokens, actual)
        return reservation

    @rule(target=settled, held=consumes(reservations), cost=COSTS, tokens=TOKENS)
    def settle_for_anything(self, held, cost, tokens):
        reservation, cost_held, tokens_held = held
        self.overspent |= cost > cost_held or tokens > tokens_held
        reservation.settle(usage(cost, tokens))
        self.account(cost_held, tokens_held, (cost, tokens))
        return reservation

    @rule(target=settled, held=consumes(reservations), fails=st.booleans())
    def give_back(self, held, fails):
        reservation, cost, tokens = held
        try:
            with reservation:
                if fails:
                    raise KeyError
        except KeyError:
            assert fails
        self.account(cost, tokens, (0, 0))
        return reservation

    @rule(reservation=settled)
    def settle_again(self, reservation):
        reservation.settle(usage(NANO, 1))
        with reservation:
            pass

    def account(self, cost, tokens, actual):
        self.held[0] -= cost
        self.held[1] -= tokens
        self.spent[0] += actual[0]
        self.spent[1] += actual[1]

    @invariant()
    def the_books_are_right(self):
        if hasattr(self, "budget"):
            assert self.budget.spent == usage(*self.spent)
            assert self.budget.reserved == usage(*self.held)

    @invariant()
    def nothing_is_overspent(self):
        if hasattr(self, "budget"):
            assert self.overspent or self.fits(0, 0)


TestPurse = Purse.TestCase
TestPurse.settings = settings(stateful_step_count=30)


class Slow(float):
    """A number that lets other threads run while it is multiplied, that is, weighed."""

    def __mul__(self, other):
        time.sleep(1e-5)
        return float(self) * other


def test_parallel_steps_spend_all_and_never_more():
    budget = Budget(Limits(cost_usd=Slow(1.0), tokens=10_000))
    worst = Usage(cost_usd=0.01, tokens=100)

    def work(_):
        granted = 0
        for _ in range(30):
            try:
                with budget.reserve(worst) as held:
                    granted += 1
                    held.settle(worst)
            except BudgetExceeded:
                pass
        return granted

    with ThreadPoolExecutor(8) as pool:
        granted = sum(pool.map(work, range(8)))
    assert granted == 100  # of 240 who asked
    assert budget.spent == Usage(cost_usd=1.0, tokens=10_000)
    assert budget.reserved == Usage()


def test_parallel_steps_that_spend_less_than_they_hold_are_added_up():
    budget = Budget(Limits(cost_usd=Slow(0.5)))

    def work(seed):
        random, settled = Random(seed), 0
        for _ in range(30):
            worst = random.randrange(NANO // 4)
            try:
                held = budget.reserve(usage(worst, 0))
            except BudgetExceeded:
                continue
            actual = worst // 100
            held.settle(usage(actual, 0))
            settled += actual
        return settled

    with ThreadPoolExecutor(8) as pool:
        settled = sum(pool.map(work, range(8)))
    assert budget.spent == usage(settled, 0)
    assert settled <= NANO // 2
    assert budget.reserved == Usage()


def test_one_reservation_settled_by_many_counts_once():
    budget = Budget(Limits(cost_usd=1.0))
    with ThreadPoolExecutor(8) as pool:
        for _ in range(50):
            held = budget.reserve(Usage(cost_usd=0.01))
            list(pool.map(held.settle, [Usage(cost_usd=0.01)] * 8))
    assert budget.spent == Usage(cost_usd=0.5)
    assert budget.reserved == Usage()


def test_ten_dimes_are_a_dollar():
    budget = Budget(Limits(cost_usd=1.0))
    for _ in range(10):
        budget.reserve(Usage(cost_usd=0.1)).settle(Usage(cost_usd=0.1))
    assert budget.spent.cost_usd == 1.0
    with pytest.raises(BudgetExceeded):
        budget.reserve(Usage(cost_usd=1e-9))


@given(st.lists(st.integers(1, 10**6), max_size=200))
def test_many_small_sums_are_exact(nanos):
    budget = Budget(Limits(cost_usd=sum(nanos) / NANO))
    for each in nanos:
        budget.reserve(usage(each, 0)).settle(usage(each, 0))
    assert budget.spent == usage(sum(nanos), 0)


def test_without_limits_everything_is_allowed():
    budget = Budget()
    assert budget.limits == NO_LIMITS
    assert budget.deadline is None
    assert budget.remaining_seconds() is None
    budget.check()
    budget.reserve(Usage(cost_usd=1e6, tokens=10**9)).settle(Usage(cost_usd=1e6, tokens=10**9))
    assert budget.spent == Usage(cost_usd=1e6, tokens=10**9)


def test_a_refusal_says_what_would_pass_which_limit():
    budget = Budget(Limits(cost_usd=0.01, tokens=10))
    with pytest.raises(BudgetExceeded) as cost:
        budget.reserve(Usage(cost_usd=0.02))
    with pytest.raises(BudgetExceeded) as tokens:
        budget.reserve(Usage(tokens=11))
    assert cost.value.code == "cost_exceeded"
    assert cost.value.message == "0.02 USD more would pass the limit of 0.01 USD"
    assert tokens.value.code == "tokens_exceeded"
    assert tokens.value.message == "11 more tokens would pass the limit of 10"
    assert budget.reserved == Usage()


def test_a_step_that_settles_for_more_is_recorded_and_the_next_one_refused():
    budget = Budget(Limits(tokens=10))
    budget.reserve(Usage(tokens=10)).settle(Usage(tokens=12))
    assert budget.spent == Usage(tokens=12)
    with pytest.raises(BudgetExceeded):
        budget.reserve(Usage())


def test_a_deadline_passes():
    clock = FakeClock()
    clock.advance(100.0)
    budget = Budget(Limits(deadline_seconds=2.0), clock)
    assert (budget.deadline, budget.remaining_seconds()) == (102.0, 2.0)
    held = budget.reserve(Usage(tokens=1))
    clock.advance(1.75)
    budget.check()
    assert budget.remaining_seconds() == 0.25
    clock.advance(0.25)
    with pytest.raises(BudgetExceeded, match="the deadline of 2 s has passed") as caught:
        budget.check()
    assert caught.value.code == "deadline_exceeded"
    with pytest.raises(BudgetExceeded):
        budget.reserve(Usage())
    held.settle(Usage(tokens=1))  # what was spent is told, late or not
    assert budget.spent == Usage(tokens=1)
    clock.advance(1.0)
    assert budget.remaining_seconds() == -1.0


@pytest.mark.parametrize(
    "wrong",
    [
        Usage(cost_usd=-0.1),
        Usage(tokens=-1),
        Usage(cost_usd=math.nan),
        Usage(cost_usd=math.inf),
    ],
)
def test_a_usage_that_is_no_amount_is_a_mistake_of_ours(wrong):
    budget = Budget(Limits(cost_usd=1.0, tokens=1))
    held = budget.reserve(Usage())
    with pytest.raises(ValueError, match="finite and not negative"):
        budget.reserve(wrong)
    with pytest.raises(ValueError, match="finite and not negative"):
        held.settle(wrong)
    assert (budget.spent, budget.reserved) == (Usage(), Usage())
