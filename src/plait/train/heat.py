"""One candidate at a time, so that what one of them does wrong costs the race that one alone."""

import json
import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from plait.core.job import JobRun, Progress
from plait.train.plan import Fold, Judge, Plan
from plait.train.schedule import Schedule

log = logging.getLogger(__name__)

FAILED = "failed"
"""Key of the reason in what a step keeps of a fit that came to nothing."""

MOST_DEATHS = 2
"""A fit that was being done when so many processes ended is not tried again."""

_BEGUN = ".begun"
_PASSING = re.compile(r"0x[0-9a-f]+|(?:[A-Za-z]:)?[/\\][^\s'\"]+")
"""Addresses and paths, which are others each time; the reason is a part of the evidence."""
_LONGEST = 300


def tried(folder: Path, what: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what `work` returns, or why it came to nothing under `FAILED`.

    Args:
        folder: the job's own, which outlives a process: a fit that is killed, as for want of
            memory, is known by the note that it leaves there.
        what: the candidate and the split.
        work: fits and scores.

    Raises:
        OSError: a full disk, say, which is no candidate's fault.
    """
    note = folder / _BEGUN
    deaths = _deaths(note, what)
    if deaths >= MOST_DEATHS:
        note.unlink()
        return {FAILED: f"its process ended {deaths} times; it may need more memory than there is"}
    folder.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps([what, deaths + 1]))
    try:
        return work()
    except MemoryError:
        return {FAILED: "it ran out of memory"}
    except OSError:
        raise
    except (
        Exception
    ) as error:  # a candidate may be anybody's, and its libraries raise what they like
        log.warning("%s failed", what, exc_info=True)
        said = _PASSING.sub("...", f"{type(error).__name__}: {error}")
        return {FAILED: f"it failed: {said}"[:_LONGEST]}
    finally:
        note.unlink()


def _deaths(note: Path, what: str) -> int:
    """Return how many processes have ended in the middle of this."""
    try:
        begun, times = json.loads(note.read_text())
    except (OSError, ValueError):
        return 0
    return int(times) if begun == what else 0


class Heats:
    """The fits on splits, and who dropped out of them.

    Attributes:
        folds: candidate -> what it did on each split so far.
        lost: candidate -> why it dropped out.
        order: `NAME/SPLIT` of each fit, as they ran.
    """

    def __init__(self, plan: Plan, run: JobRun, folder: Path, judge: Judge) -> None:
        """Begin a race; see `plait.train.race.race`."""
        self.folds: dict[str, list[Fold]] = {name: [] for name in plan.recipes}
        self.lost: dict[str, str] = {}
        self.order: list[str] = []
        self._plan = plan
        self._run = run
        self._folder = folder
        self._judge = judge

    def run(self, schedule: Schedule) -> list[str]:
        """Fit as far as the schedule goes; return who was fitted on all the splits that count."""
        self.lost.update(schedule.left_out)
        names = [name for name in self._plan.recipes if name not in self.lost]
        folds, done = self._plan.splits.folds, 0
        while names and done < len(self._plan.splits):
            going = names
            if done:
                going = schedule.going_on(names, self._spent, self._gains, folds=folds, done=done)
            if not going:
                break
            for name in names:
                if name not in going:
                    self.lost[name] = (
                        f"{done} of {folds} splits done when there was no time for more"
                    )
            names = [name for name in going if self._fits(name, done, schedule)]
            done += 1
        return names

    @property
    def _spent(self) -> dict[str, list[float]]:
        """Candidate -> seconds of each of its fits."""
        return {name: [each.spent for each in folds] for name, folds in self.folds.items()}

    @property
    def _gains(self) -> dict[str, float]:
        """Candidate -> its mean score so far, higher is better."""
        sign = self._plan.metric.sign
        return {
            name: sign * fmean(fold.score for fold in folds)
            for name, folds in self.folds.items()
            if folds
        }

    def _fits(self, name: str, index: int, schedule: Schedule) -> bool:
        """Fit a candidate on a split; False when it drops out of the race."""
        folds = self._plan.splits.folds
        if index == 0 and not schedule.starts(name, self._spent, self._gains, folds=folds):
            self.lost[name] = "there was no time to begin"
            return False
        plan = self._plan
        said = f"{name}, fold {index + 1} of {len(plan.splits)}"
        self._run.progress(Progress(said, len(self.order), plan.units))
        what = f"{name}/{index}"

        def work() -> dict[str, Any]:
            return tried(self._folder, what, lambda: self._judged(name, index))

        kept = self._run.step(f"fold/{what}", work)
        self.order.append(what)
        if FAILED in kept:
            self.lost[name] = f"on split {index + 1} {kept[FAILED]}"
            return False
        self.folds[name].append(Fold(**kept))
        return True

    def _judged(self, name: str, index: int) -> dict[str, Any]:
        started = time.perf_counter()
        plan = self._plan
        fold = self._judge(plan, plan.recipes[name], plan.splits.each[index])
        return asdict(replace(fold, spent=time.perf_counter() - started))


def counted(heats: Heats, names: Sequence[str], plan: Plan) -> int:
    """Return how many splits each of them was fitted on: whole repeats of the folds, if there are.

    When time was short they are some of the first repeat.
    """
    folds = plan.splits.folds
    least = min((len(heats.folds[name]) for name in names), default=0)
    return least - least % folds if least >= folds else least
