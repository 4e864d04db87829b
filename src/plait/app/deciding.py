"""The evidence loop of the Python API: train, decide, release, run again."""

from collections.abc import Callable, Mapping, Sequence

from plait.app.jobs import Jobs
from plait.app.settings import Project
from plait.core.context import LOCAL, Principal
from plait.core.contract import Contract
from plait.core.decision import Decision
from plait.core.errors import Refused
from plait.core.ids import Json
from plait.core.job import JobSpec
from plait.registry.decision import find_decision, find_decisions, release
from plait.store.base import Store
from plait.store.record import JobRow


class Deciding:
    """What an `App` does about who answers.

    Attributes:
        project: the folder and its settings.
        store: what outlives the process.
        jobs: long work.
    """

    def __init__(self, project: Project, store: Store) -> None:
        """Decide for the contracts of `project`."""
        self.project = project
        self.store = store
        self.jobs = Jobs(store, project)

    def contract(self, name: str) -> Contract:
        """Return a contract of the project.

        Raises:
            UnknownName: there is none of that name.
        """
        return self.project.contract(name)

    def submit_training(
        self,
        contract: str,
        *,
        add: Sequence[str] = (),
        seed: int = 0,
        release: bool = True,
        minutes: float | None = None,
        principal: Principal = LOCAL,
    ) -> JobRow:
        """Put the training of a contract in the queue; the same wish unfinished is not doubled.

        The arguments are those of `train`, and who asks.
        """
        self.contract(contract)
        arguments: dict[str, Json] = {
            "contract": contract,
            "add": list(add),
            "seed": seed,
            "release": release,
            "by": principal.key or "local",
            **({} if minutes is None else {"minutes": minutes}),
        }
        return self.jobs.submit(JobSpec(kind="train", arguments=arguments), principal)

    def train(
        self,
        contract: str,
        *,
        add: Sequence[str] = (),
        seed: int = 0,
        release: bool = True,
        minutes: float | None = None,
        watch: Callable[[JobRow], None] | None = None,
    ) -> Decision:
        """Race the candidates of a contract, decide, release the winner; return the decision.

        Args:
            contract: name of the contract.
            add: columns to use on top of the contract's features, as an experiment.
            seed: of everything random.
            release: whether the winner shall answer from then on.
            minutes: of fitting and measuring; the decision says what could not be finished.
            watch: told of each change of the job.

        Raises:
            InvalidData: the data cannot be used.
            Refused: no candidate is within the limits; the decision is recorded all the same.
        """
        job = self.submit_training(contract, add=add, seed=seed, release=release, minutes=minutes)
        return self.trained(job, watch)

    def trained(self, job: JobRow, watch: Callable[[JobRow], None] | None = None) -> Decision:
        """Work on a submitted training until it ends; return the decision, or raise as `train`."""
        with self.project.placing("contracts", str(job.arguments["contract"])):
            row = self.jobs.result(job.id, watch)
        result = row.result if isinstance(row.result, dict) else {}
        decision = self.decision(str(result["decision"]))
        if not decision.winner:
            raise Refused(
                "contract_unmet",
                decision.summary,
                where=decision.contract,
                hint=f"`plait decisions {decision.id[:12]}` shows each candidate; widen the limits"
                + (", or give more minutes" if decision.not_finished else ""),
            )
        return decision

    def rerun(
        self, decision: str, *, watch: Callable[[JobRow], None] | None = None
    ) -> Mapping[str, Json]:
        """Run a decision's evidence again; return `evidence`, its id, and `verdict`, a sentence.

        Raises:
            Refused: `rerun_differs`, the evidence came out otherwise.
        """
        arguments: dict[str, Json] = {"decision": self.decision(decision).id, "by": "local"}
        job = self.jobs.submit(JobSpec(kind="rerun", arguments=arguments), LOCAL)
        result = self.jobs.result(job.id, watch).result
        return result if isinstance(result, dict) else {}

    def decision(self, decision: str) -> Decision:
        """Return a decision by its id, or an unambiguous beginning of it.

        Raises:
            UnknownName: there is none.
        """
        return find_decision(self.store, decision)

    def decisions(self, contract: str | None = None) -> list[Decision]:
        """Return every decision, newest first, of one contract or of all."""
        return find_decisions(self.store, contract)

    def release(self, decision: str, *, by: str = "local") -> int:
        """Let a decision's winner answer for its contract; earlier ones too, to go back.

        Raises:
            UnknownName: there is no such decision.
            Refused: the decision has no winner.
        """
        made = self.decision(decision)
        if not made.winner:
            raise Refused("contract_unmet", "that decision has no winner", where=made.contract)
        return release(self.store, made, by=by, tenant=LOCAL.tenant)
