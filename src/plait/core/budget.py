"""What a request may spend, and what it has spent.

Money is counted in whole nano-dollars inside, so that sums are exact and parallel steps cannot
overspend by rounding.
"""

import math
from dataclasses import dataclass
from threading import Lock

from plait.core.clock import SYSTEM_CLOCK, Clock
from plait.core.errors import BudgetExceeded

_NANO = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was spent, or what a step may spend at worst.

    Attributes:
        cost_usd: US dollars.
        tokens: tokens of a language model, read and written.
    """

    cost_usd: float = 0.0
    tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may be spent, finite; None means without limit.

    Attributes:
        deadline_seconds: from the moment the budget is opened.
        cost_usd: US dollars.
        tokens: tokens of a language model, read and written.
    """

    deadline_seconds: float | None = None
    cost_usd: float | None = None
    tokens: int | None = None


NO_LIMITS = Limits()


class Budget:
    """The purse of one request, shared by all of its steps and safe between threads.

    A step reserves its worst case before it spends, and settles with what it really spent. As long
    as no step settles for more than it reserved, what is spent never passes the limits. A step that
    does is recorded truthfully and everything after it is refused.
    """

    __slots__ = ("_clock", "_lock", "_reserved", "_spent", "deadline", "limits")

    def __init__(self, limits: Limits = NO_LIMITS, clock: Clock = SYSTEM_CLOCK) -> None:
        self.limits = limits
        self.deadline = (
            None if limits.deadline_seconds is None else clock.monotonic() + limits.deadline_seconds
        )
        self._clock = clock
        self._lock = Lock()
        self._spent = (0, 0)  # nano-dollars, tokens
        self._reserved = (0, 0)

    @property
    def spent(self) -> Usage:
        """What has been settled so far."""
        return _usage(self._spent)

    @property
    def reserved(self) -> Usage:
        """What running steps hold."""
        return _usage(self._reserved)

    def remaining_seconds(self) -> float | None:
        """Return the time left until the deadline, below zero when it has passed."""
        return None if self.deadline is None else self.deadline - self._clock.monotonic()

    def check(self) -> None:
        """Raise `BudgetExceeded` when the deadline has passed."""
        if self.deadline is not None and self._clock.monotonic() >= self.deadline:
            raise BudgetExceeded(
                "deadline_exceeded",
                f"the deadline of {self.limits.deadline_seconds:g} s has passed",
                hint="allow more time with budget.deadline_ms",
            )

    def reserve(self, worst: Usage) -> "Reservation":
        """Hold `worst` until it is settled.

        Raises:
            BudgetExceeded: the deadline has passed, or the limits leave less than `worst`.
            ValueError: `worst` is negative or not finite.
        """
        self.check()
        cost, tokens = _whole(worst)
        with self._lock:
            cost_held = self._spent[0] + self._reserved[0] + cost
            tokens_held = self._spent[1] + self._reserved[1] + tokens
            limit = self.limits.cost_usd
            if limit is not None and cost_held > _nano(limit):
                raise BudgetExceeded(
                    "cost_exceeded",
                    f"{worst.cost_usd:g} USD more would pass the limit of {limit:g} USD",
                    hint="allow more with budget.cost_usd",
                )
            if self.limits.tokens is not None and tokens_held > self.limits.tokens:
                raise BudgetExceeded(
                    "tokens_exceeded",
                    f"{worst.tokens} more tokens would pass the limit of {self.limits.tokens}",
                    hint="allow more with budget.tokens",
                )
            self._reserved = (self._reserved[0] + cost, self._reserved[1] + tokens)
        return Reservation(self, cost, tokens)

    def _settle(self, reservation: "Reservation", cost: int, tokens: int) -> None:
        with self._lock:
            if reservation.open:
                reservation.open = False
                cost_held, tokens_held = reservation.held
                self._reserved = (self._reserved[0] - cost_held, self._reserved[1] - tokens_held)
                self._spent = (self._spent[0] + cost, self._spent[1] + tokens)


class Reservation:
    """What one step holds. As a context manager it gives everything back unless settled.

    A step that fails after it has spent settles before it raises.

    Attributes:
        held: nano-dollars and tokens.
        open: whether it is not settled yet.
    """

    __slots__ = ("_budget", "held", "open")

    def __init__(self, budget: Budget, cost: int, tokens: int) -> None:
        self._budget = budget
        self.held = (cost, tokens)
        self.open = True

    def settle(self, actual: Usage) -> None:
        """Replace what is held by what was spent; a second settling changes nothing.

        Raises:
            ValueError: `actual` is negative or not finite.
        """
        self._budget._settle(self, *_whole(actual))

    def __enter__(self) -> "Reservation":
        return self

    def __exit__(self, *_: object) -> None:
        self._budget._settle(self, 0, 0)


def _nano(usd: float) -> int:
    return round(usd * _NANO)


def _whole(usage: Usage) -> tuple[int, int]:
    if not 0.0 <= usage.cost_usd < math.inf or usage.tokens < 0:
        raise ValueError(f"a usage is finite and not negative: {usage!r}")
    return _nano(usage.cost_usd), usage.tokens


def _usage(whole: tuple[int, int]) -> Usage:
    return Usage(cost_usd=whole[0] / _NANO, tokens=whole[1])
