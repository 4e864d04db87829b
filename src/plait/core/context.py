"""What travels with a request, as an argument of every verb."""

from dataclasses import dataclass, field

from plait.core.budget import Budget
from plait.core.cancel import Cancel
from plait.core.clock import SYSTEM_CLOCK, Clock
from plait.core.errors import NotAllowed
from plait.core.privacy import Privacy
from plait.core.trace import Span, Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks.

    Attributes:
        key: id of the API key, or "" for the person at this machine.
        tenant: whose requests and jobs these are; tenants never see each other's. Contracts,
            decisions and releases are the project's.
        scopes: what the key may do: `predict`, `read`, `train`, `admin`.
        roles: names that policies and guards may refer to.
    """

    key: str = ""
    tenant: str = "default"
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()

    def require(self, scope: str) -> None:
        """Raise `NotAllowed` unless the principal has `scope`; `admin` has every one."""
        if scope not in self.scopes and "admin" not in self.scopes:
            raise NotAllowed(
                "key_scope",
                f"the API key may not {scope!r}",
                hint=f"make one that may: plait keys add NAME --scope {scope}",
            )


LOCAL = Principal(scopes=frozenset({"admin"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What travels with a request.

    Attributes:
        principal: who asks.
        subject: whose data it is about, or "".
        privacy: how private the request itself is; the exchange may rise above it.
        trace: the record being written.
        budget: what may be spent.
        cancel: set when nobody waits for the answer any more.
        clock: the time; the trace and the budget have it too, so hand the same one to all three.
        at: the stage in which this context is used; None outside of any.
    """

    principal: Principal = LOCAL
    subject: str = ""
    privacy: Privacy = Privacy.INTERNAL
    trace: Trace = field(default_factory=Trace)
    budget: Budget = field(default_factory=Budget)
    cancel: Cancel = field(default_factory=Cancel)
    clock: Clock = SYSTEM_CLOCK
    at: Span | None = None

    def span(self, name: str) -> Span:
        """Open a stage where this context is used: `with context.span("engine") as span: ...`."""
        return self.trace.span(name) if self.at is None else self.at.span(name)

    def within(self, span: Span) -> "Context":
        """Return this context for what happens in the open stage `span`."""
        return Context(  # `replace` would take twice as long, on every step's way
            principal=self.principal,
            subject=self.subject,
            privacy=self.privacy,
            trace=self.trace,
            budget=self.budget,
            cancel=self.cancel,
            clock=self.clock,
            at=span,
        )

    def check(self) -> None:
        """Raise `Cancelled` or `BudgetExceeded` when there is no point in going on."""
        self.cancel.check()
        self.budget.check()
