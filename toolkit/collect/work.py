"""The work of a collection: windows newest first, several at once, each loaded and in the ledger before it counts.

Pages of a window are written to a scratch file, loaded as evidence, and only then is the window's line written. A
collection that is killed therefore asks again for what has no line; what it had loaded already are duplicates.
"""

from __future__ import annotations

import math
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from toolkit.case import Case
from toolkit.collect.agreement import agree
from toolkit.collect.asking import Refusals, one, unconfirmed
from toolkit.collect.calls import with_every_call
from toolkit.collect.ledger import NOT_AVAILABLE, Line, line_of, lines, plan
from toolkit.collect.loading import Came, load
from toolkit.collect.marks import PIVOTED, Mark, why_none
from toolkit.collect.profile import Profile, profile, with_every_road
from toolkit.collect.pull import Pull, Stopped
from toolkit.collect.roads.road import Halted, halt_if
from toolkit.collect.subscriptions import with_starts
from toolkit.collect.tasks import Task, steps_again, steps_back, steps_of_marks
from toolkit.contain.guards import check_tenant
from toolkit.contain.target import resolve
from toolkit.errors import CaseBusy, TenantAnswer, TenantUnreachable, UsageError
from toolkit.tenant import Tenant
from toolkit.tenant.pace import Pace
from toolkit.tenant.tokens import asking_nobody

WORKERS = 6
SCRATCH = ".collecting"
BATCH_SECONDS = 2.0
LATE = 5.0  # seconds after a stop, for which answers are waited for that are under way
THREADS = "collecting"
ROUNDS = 4  # of what the whole collection waits for
Asking = TypeVar("Asking")
Told = Callable[[Line], None]
Running = dict[Future[Came], tuple[int, Task]]
"""What is under way or waits to be, in the order in which it is asked for, with the number of its step."""


@dataclass
class Collection:
    """What a collection came to: its ledger lines, how many windows were known already, whether it was stopped.

    `spent`: it was stopped as its time was up, and by nobody.
    """

    lines: list[Line] = field(default_factory=list)
    known: int = 0
    stopped: bool = False
    spent: bool = False

    @property
    def stopped_by(self) -> str:
        """What a sentence says of why it stopped."""
        return "The time that was given is up" if self.spent else "Stopped by you"


@with_every_call
def collect(
    case: Case,
    tenant: Tenant,
    users: Sequence[str],
    *,
    wanted: str | Profile = "standard",
    refresh: bool = False,
    told: Told = lambda line: None,
    report: Callable[[str, float], None] = lambda what, share: None,
    step_done: Callable[[], None] = lambda: None,
    halted: Halted = lambda: False,
    seconds: float | None = None,
    workers: int = WORKERS,
    pace: Pace | None = None,
) -> Collection:
    """Fetch everything that a profile wants about accounts into the case, with a ledger line for every window.

    At the end roads to one source are compared (`agreement`), which may write lines anew. `users` are user
    principal names or object ids. Windows that the ledger calls complete are not asked for again; with `refresh`
    only those are asked for that may still grow or did not come whole. `told` gets each line as it is written,
    `report` what is being done and the share of all (0 to 1), `step_done` that
    a step of the profile ended; `halted` is asked now and again whether to stop; `seconds`
    is a budget for the whole run. No setting of the tenant is changed.

    Raises:
        GuardRefused: the case is of another tenant, and nobody confirmed this one; or there is no such account.
        CaseBusy: another collection into this case is going on.
        TenantError: the tenant cannot be asked at all.
    """
    chosen = with_starts(case, _chosen(wanted, refresh=refresh))
    check_tenant(case, tenant)
    targets = [patiently(partial(resolve, tenant, user)) for user in users]
    run = _Run(case, tenant, chosen, told, report, until_spent(halted, seconds), workers, refresh, step_done, seconds)
    names = {target.user_principal_name: target for target in targets}

    def steps(now: datetime, scratch: Path) -> Iterator[list[Task]]:
        if refresh:
            return steps_again(chosen, names, lines(case), scratch)
        return steps_back(chosen, targets, now, scratch)

    settled = _settled(case, names) if refresh else 0
    done = run.all(steps, pace)
    done.known += settled
    done.spent = done.stopped and not halted()
    for line in agree(case):
        done.lines.append(line)
        told(line)
    return done


@with_every_call
def pivot(
    case: Case,
    tenant: Tenant,
    marks: Sequence[Mark],
    *,
    wanted: str | Profile = "standard",
    refresh: bool = False,
    told: Told = lambda line: None,
    report: Callable[[str, float], None] = lambda what, share: None,
    halted: Halted = lambda: False,
    seconds: float | None = None,
    workers: int = WORKERS,
    pace: Pace | None = None,
) -> Collection:
    """Fetch what all accounts did with what is marked as the attacker's (see `marks_of`); else as `collect`.

    The ledger's account of such a window is the mark, e.g. "address 203.0.113.7", so that it says which marks were
    looked for, by which roads, and which of them cannot; the journal, which pivots ran to their end (`pivots_open`).
    Marks that were looked for before are only asked for again where a window may have grown. At the end roads are
    compared as after a collection.

    Raises:
        UsageError: there is no mark.
        GuardRefused, CaseBusy, TenantError: as for `collect`.
    """
    if not marks:
        raise UsageError(why_none(case))
    chosen = with_starts(case, _chosen(wanted, refresh=refresh))
    check_tenant(case, tenant)
    run = _Run(case, tenant, chosen, told, report, until_spent(halted, seconds), workers, refresh, seconds=seconds)

    def steps(now: datetime, scratch: Path) -> Iterator[list[Task]]:
        if refresh:
            return steps_again(chosen, {str(mark): mark for mark in marks}, lines(case), scratch)
        return steps_of_marks(chosen, marks, now, scratch)

    settled = _settled(case, [str(mark) for mark in marks]) if refresh else 0
    done = run.all(steps, pace)
    done.known += settled
    done.spent = done.stopped and not halted()
    if not done.stopped:
        case.journal.append(PIVOTED, marks=[{"kind": mark.kind, "value": mark.value} for mark in marks])
    for line in agree(case):
        done.lines.append(line)
        told(line)
    return done


def _settled(case: Case, about: Iterable[str]) -> int:
    """How many windows of accounts or marks are not asked for again."""
    names = set(about)
    return sum(line.account in names and not line.needs_asking for line in lines(case))


@dataclass
class _Run:
    """One run of the work: what every step of it needs."""

    case: Case
    tenant: Tenant
    chosen: Profile
    told: Told
    report: Callable[[str, float], None]
    halted: Halted
    workers: int
    refresh: bool
    step_done: Callable[[], None] = lambda: None
    seconds: float | None = None
    open_of: list[int] = field(default_factory=list)
    total: int = 1
    told_steps: int = 0
    fetched: Task | None = None
    over: bool = False

    def all(self, steps: Callable[[datetime, Path], Iterator[list[Task]]], pace: Pace | None) -> Collection:
        """Every step, one after the other, until a person stops it."""
        now = _server_time(self.tenant, self.case)
        result = Collection()
        pace = pace or self.tenant.pace(self.seconds, partial(halt_if, self.halted))
        with self.tenant.session.paced(pace), asking_nobody(), _alone(self.case) as scratch:
            every = list(steps(now, scratch))
            if not self.refresh:
                plan(self.case, [_blank(task, now) for step in every for task in step])
            twice = self.chosen.twice and not self.refresh
            left = [list(_left(self.case, step, result, refresh=self.refresh, twice=twice)) for step in every]
            self._work(left, now, sum(map(len, every)), result)
        return result

    def _work(self, steps: list[list[Task]], now: datetime, total: int, result: Collection) -> None:
        """Fetch by several, newest steps first, and load here what has come; nobody waits for the loading."""
        refusals = Refusals()

        def asked_for(task: Task) -> Came:
            halt_if(self._stops)
            if (instead := refusals.instead(task)) is not None:
                window = task.asked.window
                told = line_of(task.road.source, task.account, window, task.road.name, now, instead, agreed=False)
                return told, []
            came = one(self.tenant, task, self.chosen, now, self._stops)
            refusals.note(task, came[0])
            return came

        self.open_of, self.total = [len(tasks) for tasks in steps], total
        pool = ThreadPoolExecutor(self.workers, thread_name_prefix=THREADS)
        # Else all workers would stand in the one row, and no other road be gone.
        row = ThreadPoolExecutor(1, thread_name_prefix=THREADS) if self.workers > 1 else pool
        try:
            running = {
                (row if task.road.alone else pool).submit(copy_context().run, asked_for, task): (number, task)
                for number, tasks in enumerate(steps)
                for task in tasks
            }
            self._say(running)
            self._steps_done()
            self._take(running, result)
        finally:
            self.over = True
            for each in (pool, row):
                each.shutdown(wait=False, cancel_futures=True)

    def _take(self, running: Running, result: Collection) -> None:
        """Load what comes, until nothing is under way any more, or until it comes too late after a stop."""
        came: list[tuple[int, Task, Came]] = []
        loaded, stopped = time.monotonic(), math.inf
        while running:
            finished, _ = wait(running, timeout=BATCH_SECONDS, return_when=FIRST_COMPLETED)
            if not finished and (pause := self.tenant.session.pace) is not None and pause.waiting:
                self.report(f"Waiting: {pause.waiting}", self._share)
            for future in finished:
                number, task = running.pop(future)
                try:
                    came.append((number, task, future.result()))
                except Stopped:
                    result.stopped = True
            if self.halted():
                stopped = min(stopped, time.monotonic())
                if time.monotonic() - stopped > LATE:
                    running, result.stopped = {}, True
            if came and (time.monotonic() - loaded > BATCH_SECONDS or not running):
                # Step by step, so that the newest days are there to be looked at before those behind them.
                for step in sorted({number for number, _, _ in came}):
                    of_step = [(task, what) for number, task, what in came if number == step]
                    for line in load(self.case, of_step):
                        result.lines.append(line)
                        self.told(line)
                    self.open_of[step] -= len(of_step)
                    self._say(running)
                    self._steps_done()
                came, loaded = [], time.monotonic()

    @property
    def _share(self) -> float:
        """How much of all windows is there, those that were known before with them."""
        return 1.0 - sum(self.open_of) / self.total

    def _stops(self) -> bool:
        """What a worker asks: it stops too when the run is over that it worked for."""
        return self.over or self.halted()

    def _say(self, running: Running) -> None:
        """What is fetched now, which is the first of what has not come yet."""
        if running:
            _, self.fetched = next(iter(running.values()))
        if self.fetched:
            self.report(f"Fetching {self.fetched.road.source}", self._share)

    def _steps_done(self) -> None:
        """Tell of each step of which nothing is open any more, once and in order."""
        while self.told_steps < len(self.open_of) and not self.open_of[self.told_steps]:
            self.told_steps += 1
            self.step_done()


def left_behind() -> bool:
    """Whether workers of a collection that was stopped still wait for answers; a program would wait for them."""
    return any(thread.name.startswith(THREADS) for thread in threading.enumerate())


def _chosen(wanted: str | Profile, *, refresh: bool) -> Profile:
    """What is asked for again may have come by any road, unless somebody says which."""
    if isinstance(wanted, Profile):
        return wanted
    return with_every_road(profile(wanted)) if refresh else profile(wanted)


def until_spent(halted: Halted, seconds: float | None) -> Halted:
    """Whether to stop: a person asked for it, or the budget is spent."""
    until = time.monotonic() + seconds if seconds is not None else None
    return lambda: halted() or (until is not None and time.monotonic() > until)


def _server_time(tenant: Tenant, case: Case) -> datetime:
    """The services' own clock: the earliest of three answers and of the case's clock, should one be wrong."""
    answers = [patiently(lambda: tenant.graph.get("/organization")) for _ in range(3)]
    return min([*(answer.date for answer in answers if answer.date), case.clock()])


def patiently(ask: Callable[[], Asking]) -> Asking:
    """What everything else waits for is asked for again although the session gave up on it.

    Raises:
        TenantError: it does not work after some rounds either, or the service says no.
    """
    for _ in range(ROUNDS - 1):
        try:
            return ask()
        except TenantUnreachable:
            continue
        except TenantAnswer as error:
            # A token can run out twice in a row; the next question is asked with a fresh one.
            if error.status not in (401, 429) and error.status < 500:
                raise
    return ask()


def _left(case: Case, step: list[Task], result: Collection, *, refresh: bool, twice: bool) -> Iterator[Task]:
    known = {line.key: line for line in lines(case)}
    for task in step:
        line = known.get(_blank(task, task.asked.window.end).key)
        # What was not available may have been consented to, licensed or switched on since.
        gone = line is not None and line.state == NOT_AVAILABLE and not refresh
        once = line is not None and twice and task.road.confirms and unconfirmed(line)
        if line is not None and not line.needs_asking and not gone and not once:
            result.known += 1
        elif line is not None or not refresh:
            yield task


def _blank(task: Task, now: datetime) -> Line:
    """The line of a window before it was asked for."""
    asked = task.asked.window
    return line_of(task.road.source, task.account, asked, task.road.name, now, Pull(), agreed=False)


@contextmanager
def _alone(case: Case) -> Iterator[Path]:
    """The scratch folder of the one collection that may go on; what a killed one left there is thrown away."""
    every = Path(case.folder) / SCRATCH
    lock = FileLock(Path(case.folder) / "collecting.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        text = "Another collection into this case is going on; wait until it is done, or stop it."
        raise CaseBusy(text) from error
    try:
        shutil.rmtree(every, ignore_errors=True)
        every.mkdir(exist_ok=True)
        # Of its own, as a worker of a stopped collection may still write into the one before.
        yield Path(tempfile.mkdtemp(dir=every))
    finally:
        shutil.rmtree(every, ignore_errors=True)
        lock.release()
